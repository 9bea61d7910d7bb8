package qliktest

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// A structure is an object of the protocol. The Engine leaves out its members that are false, 0, "",
// [] or {} unless the request says return_empty (facts C.3).
type structure []entry

// A document is a structure that belongs to the site's users, such as a layout or a qMeta: written
// with all its members.
type document []entry

// A list is a JSON array.
type list []any

// An entry is a member of such; a nil value leaves it out.
type entry struct {
	name  string
	value any
}

// A compact is JSON that has been encoded already.
type compact []byte

// null is JSON's null, which is never left out.
type null struct{}

// An encoder writes values as the Engine does: compact, members in order, numbers that aren't numbers as
// strings. It knows structure, document, list, []string, compact, json.RawMessage, null and plain values.
type encoder struct {
	buf  []byte
	full bool // return_empty
	nan  bool // the fault NotANumber: every measured number is "NaN"
}

func render(v any, full bool) []byte {
	e := encoder{full: full}
	e.value(v)
	return e.buf
}

func (e *encoder) value(v any) {
	switch v := v.(type) {
	case nil, null:
		e.buf = append(e.buf, "null"...)
	case structure:
		e.members(v, !e.full)
	case document:
		e.members(v, false)
	case list:
		e.list(len(v), func(i int) { e.value(v[i]) })
	case []string:
		e.list(len(v), func(i int) { e.string(v[i]) })
	case compact:
		e.buf = append(e.buf, v...)
	case json.RawMessage:
		e.raw(v)
	case string:
		e.string(v)
	case bool:
		e.buf = strconv.AppendBool(e.buf, v)
	case int:
		e.buf = strconv.AppendInt(e.buf, int64(v), 10)
	case int64:
		e.buf = strconv.AppendInt(e.buf, v, 10)
	case float64:
		e.number(v)
	default:
		panic("qliktest: the encoder got an unknown type")
	}
}

func (e *encoder) list(n int, item func(int)) {
	e.buf = append(e.buf, '[')
	for i := range n {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		item(i)
	}
	e.buf = append(e.buf, ']')
}

func (e *encoder) members(ms []entry, prune bool) {
	e.buf = append(e.buf, '{')
	first := true
	for _, m := range ms {
		if m.value == nil || prune && isDefault(m.value) {
			continue
		}
		start := len(e.buf)
		if !first {
			e.buf = append(e.buf, ',')
		}
		e.string(m.name)
		e.buf = append(e.buf, ':')
		at := len(e.buf)
		e.value(m.value)
		if _, ok := m.value.(structure); ok && prune && string(e.buf[at:]) == "{}" {
			e.buf = e.buf[:start]
			continue
		}
		first = false
	}
	e.buf = append(e.buf, '}')
}

// isDefault reports whether the Engine leaves the value out.
func isDefault(v any) bool {
	switch v := v.(type) {
	case bool:
		return !v
	case int:
		return v == 0
	case int64:
		return v == 0
	case float64:
		return v == 0
	case string:
		return v == ""
	case list:
		return len(v) == 0
	case []string:
		return len(v) == 0
	case document:
		return len(v) == 0
	}
	return false
}

// raw writes stored JSON, compacted, every member and number as it is.
func (e *encoder) raw(v json.RawMessage) {
	b := bytes.NewBuffer(e.buf)
	if json.Compact(b, v) != nil {
		b.Truncate(len(e.buf))
		b.WriteString("null")
	}
	e.buf = b.Bytes()
}

// number writes NaN and infinities as the strings that the Engine sends (facts C.3).
func (e *encoder) number(v float64) {
	switch {
	case e.nan || math.IsNaN(v):
		e.buf = append(e.buf, `"NaN"`...)
	case math.IsInf(v, 1):
		e.buf = append(e.buf, `"Infinity"`...)
	case math.IsInf(v, -1):
		e.buf = append(e.buf, `"-Infinity"`...)
	default:
		e.buf = strconv.AppendFloat(e.buf, v, 'g', -1, 64)
	}
}

func (e *encoder) string(s string) {
	const hex = "0123456789abcdef"
	s = strings.ToValidUTF8(s, "\ufffd")
	e.buf = append(e.buf, '"')
	for {
		i := strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == '"' || r == '\\' })
		if i < 0 {
			break
		}
		e.buf = append(e.buf, s[:i]...)
		switch c := s[i]; {
		case c == '\n':
			e.buf = append(e.buf, '\\', 'n')
		case c == '\r':
			e.buf = append(e.buf, '\\', 'r')
		case c == '\t':
			e.buf = append(e.buf, '\\', 't')
		case c < 0x20:
			e.buf = append(e.buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			e.buf = append(e.buf, '\\', c)
		}
		s = s[i+1:]
	}
	e.buf = append(append(e.buf, s...), '"')
}

// A rawMember is a member of a JSON object that nobody has looked into.
type rawMember struct {
	name  string
	value json.RawMessage
}

// membersOf splits a JSON object into its members, in order, repeated names included. It is nil for
// anything else. raw must be valid JSON.
func membersOf(raw json.RawMessage) (ms []rawMember) {
	for s := (scanner{b: raw}); ; {
		m, ok := s.member()
		if !ok {
			return ms
		}
		ms = append(ms, m)
	}
}

// itemsOf splits a JSON array; nil for anything else. raw must be valid JSON.
func itemsOf(raw json.RawMessage) []json.RawMessage {
	s := scanner{b: raw}
	if s.next() != '[' {
		return nil
	}
	var items []json.RawMessage
	s.i++
	for c := s.next(); c != ']' && c != 0; c = s.next() {
		items = append(items, s.item())
		if s.next() == ',' {
			s.i++
		}
	}
	return items
}

// A scanner walks over valid JSON without looking into it.
type scanner struct {
	b       []byte
	i       int
	started bool // it is behind an object's brace
}

// next skips white space and gives the byte that follows, 0 at the end.
func (s *scanner) next() byte {
	for ; s.i < len(s.b); s.i++ {
		if c := s.b[s.i]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

// member gives the next member of the object that starts at the beginning; false after the last.
func (s *scanner) member() (m rawMember, ok bool) {
	switch c := s.next(); {
	case s.started && c == ',', !s.started && c == '{':
		s.i, s.started = s.i+1, true
	default:
		return m, false
	}
	if s.next() != '"' {
		return m, false
	}
	name := s.item()
	if s.next() != ':' {
		return m, false
	}
	s.i++
	s.next()
	return rawMember{name: unquote(name), value: s.item()}, true
}

// item gives the value that starts here and moves behind it; at least one byte.
func (s *scanner) item() json.RawMessage {
	start, depth := s.i, 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			s.skipString()
		case '{', '[':
			depth++
			s.i++
		case '}', ']':
			depth--
			s.i++
		default:
			s.i++
		}
		if depth <= 0 && s.ends() {
			break
		}
	}
	return s.b[start:s.i]
}

// ends reports whether a value may end here.
func (s *scanner) ends() bool {
	if s.i >= len(s.b) {
		return true
	}
	return strings.IndexByte(",:]} \t\r\n", s.b[s.i]) >= 0
}

// skipString moves behind the string that starts here.
func (s *scanner) skipString() {
	for s.i++; s.i < len(s.b); {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.i = len(s.b)
			return
		}
		end := s.i + n
		slashes := 0
		for j := end - 1; j >= s.i && s.b[j] == '\\'; j-- {
			slashes++
		}
		if s.i = end + 1; slashes%2 == 0 {
			return
		}
	}
}

func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 && len(raw) >= 2 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// get gives a member of a JSON object, the first one of its name; nil when there is none.
func get(raw json.RawMessage, name string) json.RawMessage {
	for s := (scanner{b: raw}); ; {
		m, ok := s.member()
		if !ok || m.name == name {
			return m.value
		}
	}
}

// text gives a member that is a string, otherwise "".
func text(raw json.RawMessage, name string) string { return asText(get(raw, name)) }

func asText(raw json.RawMessage) string {
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	return unquote(raw)
}

// at follows a JSON pointer; nil when it leads nowhere.
func at(raw json.RawMessage, path string) json.RawMessage {
	for _, step := range strings.Split(strings.Trim(path, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if items := itemsOf(raw); items != nil {
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(items) {
				return nil
			}
			raw = items[i]
			continue
		}
		if raw = get(raw, step); raw == nil {
			return nil
		}
	}
	return raw
}
