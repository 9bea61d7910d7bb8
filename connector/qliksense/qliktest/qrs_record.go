package qliktest

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A record is an entity of the Repository with its members in the order in which it sends them.
// It never changes once it is made. A member's value is nil, bool, int64, string, []string, guid,
// date, enum, *record, []*record, ref or []ref.
type record struct {
	schema  string // "App", "App.Object", …: schemaPath
	members []member
	lazy    *lazyObject // instead of members
}

type member struct {
	name  string
	value any
}

// A guid is a GUID; "" is the nil GUID.
type guid string

const nilGUID = "00000000-0000-0000-0000-000000000000"

// A date is a date of the Repository; the zero time is the sentinel of 1753.
type date struct {
	time.Time
	bare bool // the sentinel is sent without a fraction
}

// tick is the precision of dates: what is compared is what is sent.
const tick = 100 * time.Nanosecond

// nullDate is how the Repository says "never" (facts B.1).
var nullDate = time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC)

func (d date) value() time.Time {
	if d.IsZero() {
		return nullDate
	}
	return d.UTC().Truncate(tick)
}

// String has a varying fraction as the Repository has (facts B.1): seven digits where the time has
// them, else three with trailing zeros trimmed where something is left, none for a bare sentinel.
func (d date) String() string {
	t := d.value()
	switch {
	case d.bare && d.IsZero():
		return t.Format("2006-01-02T15:04:05Z")
	case t.Nanosecond()%int(time.Millisecond) != 0:
		return t.Format("2006-01-02T15:04:05.0000000Z")
	case t.Nanosecond() == 0:
		return t.Format("2006-01-02T15:04:05.000Z")
	default:
		return t.Format("2006-01-02T15:04:05.999Z")
	}
}

// An enum is a number that filters may also name.
type enum struct {
	number int64
	names  []string // by number
}

// A ref is another entity, of which only some members are sent; paths of filters and columns reach
// all of it. A nil to is sent as null.
type ref struct {
	to    *record
	shown []string
}

// get finds a member; letter case doesn't matter (facts B.3).
func (o *record) get(name string) (any, bool) {
	if i := o.index(name); i >= 0 {
		return o.member(i).value, true
	}
	return nil, false
}

// size is how many members there are.
func (o *record) size() int {
	if o.lazy != nil {
		return len(objectMembers)
	}
	return len(o.members)
}

func (o *record) member(i int) member {
	if o.lazy != nil {
		return member{objectMembers[i], o.lazy.value(i)}
	}
	return o.members[i]
}

// index is where a member is, -1 for none.
func (o *record) index(name string) int {
	for i := range o.size() {
		if o.lazy != nil && strings.EqualFold(objectMembers[i], name) || o.lazy == nil && strings.EqualFold(o.members[i].name, name) {
			return i
		}
	}
	return -1
}

// all are the members.
func (o *record) all() iter.Seq[member] {
	return func(yield func(member) bool) {
		for i := range o.size() {
			if !yield(o.member(i)) {
				return
			}
		}
	}
}

// id is the entity's id.
func (o *record) id() string {
	v, _ := o.get("id")
	g, _ := v.(guid)
	return string(g)
}

// with gives a copy that has another value for a member.
func (o *record) with(name string, value any) *record {
	c := &record{schema: o.schema, members: slices.Collect(o.all())}
	for i := range c.members {
		if c.members[i].name == name {
			c.members[i].value = value
		}
	}
	return c
}

// appendRecord writes an object as JSON; shown limits it to some members (nil: all).
func appendRecord(b []byte, o *record, shown []string) []byte {
	b = append(b, '{')
	first := true
	for m := range o.all() {
		if shown != nil && !slices.Contains(shown, m.name) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = strconv.AppendQuote(b, m.name)
		b = append(b, ':')
		b = appendValue(b, m.value)
	}
	return append(b, '}')
}

// appendValue writes a member's value as JSON.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case enum:
		return strconv.AppendInt(b, v.number, 10)
	case guid:
		if v == "" {
			v = nilGUID
		}
		return appendString(b, string(v))
	case date:
		return appendString(b, v.String())
	case string:
		return appendString(b, v)
	case *record:
		return appendRecord(b, v, nil)
	case ref:
		if v.to == nil {
			return append(b, "null"...)
		}
		return appendRecord(b, v.to, v.shown)
	case []string:
		return appendList(b, v, func(b []byte, s string) []byte { return appendString(b, s) })
	case []*record:
		return appendList(b, v, func(b []byte, o *record) []byte { return appendRecord(b, o, nil) })
	case []ref:
		return appendList(b, v, func(b []byte, r ref) []byte { return appendValue(b, r) })
	default:
		panic("qliktest: a member's value has an unknown type") // a mistake in this package
	}
}

func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, v)
	}
	return append(b, ']')
}

func appendString(b []byte, s string) []byte {
	if !strings.ContainsFunc(s, escaped) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	text, _ := json.Marshal(s) // a string can always be encoded
	return append(b, text...)
}

// escaped reports whether JSON writes a character in another way, or might.
func escaped(c rune) bool {
	return c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&'
}
