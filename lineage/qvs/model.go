package qvs

import (
	"hash/maphash"
	"slices"
)

// An identity is a table for as long as the script runs, whatever its name and content become.
type identity struct {
	n    int32 // its number
	out  *Table
	into *identity // it turned out to be the same as that one (the branches of an IF)
	last *table    // what it looked like last
}

func (id *identity) root() *identity {
	for id.into != nil {
		id = id.into
	}
	return id
}

// A column is a column outside, by the number of its object.
type column struct {
	object int32
	name   string
	oneOf  int32 // it is of this object or of one of oneOf-1 others; 0: certainly of this one
}

// An origin is a field of a table of the script, by the table's number. A set of origins holds even numbers
// for columns outside, and odd ones for origins: twice their own number, and one more.
type origin struct {
	table int32
	field string
}

// A field is a field of a table or of what a LOAD delivers. It is never changed, only replaced.
type field struct {
	name, expression string
	at               *Pos
	value            *set  // columns outside
	filters          *set  // columns outside that decide about rows
	inputs           *set  // origins
	meta             *meta // nil: no comment, no tags
	home, own        int32 // as a field of the table home: its number in a set of origins; 0: none yet
}

// meta is what a script says of a field.
type meta struct {
	comment string
	tags    []string
}

// A table is what a table looks like at some moment.
type table struct {
	id      *identity
	name    string
	seq     int
	owner   *state // the state that may change it in place
	fields  []*field
	index   map[string]int
	star    *field // further fields that aren't known by name
	sources *set   // objects outside
	tables  *set   // identities that it was made of
	section bool
	derived []*field
	comment string
}

// find is a field by its name.
func (t *table) find(name string) *field {
	if i := t.position(name); i >= 0 {
		return t.fields[i]
	}
	return nil
}

const indexFrom = 12 // fields; below that a search is faster

func (t *table) position(name string) int {
	if len(t.fields) < indexFrom {
		return slices.IndexFunc(t.fields, func(f *field) bool { return f.name == name })
	}
	if t.index == nil {
		t.index = make(map[string]int, len(t.fields))
		for i, f := range t.fields {
			t.index[f.name] = i
		}
	}
	if i, ok := t.index[name]; ok {
		return i
	}
	return -1
}

func (t *table) clone(owner *state) *table {
	c := *t
	c.owner, c.fields = owner, slices.Clone(t.fields)
	c.derived = slices.Clone(t.derived)
	return &c
}

// signature is a hash of the field names without regard to their order; 0 if not all are known.
func signature(seed maphash.Seed, fields []*field, star *field) uint64 {
	if star != nil || len(fields) == 0 {
		return 0
	}
	var sum uint64
	for _, f := range fields {
		sum += maphash.String(seed, f.name)
	}
	if sum == 0 {
		return 1
	}
	return sum
}

func sameFields(t *table, fields []*field) bool {
	if len(t.fields) != len(fields) {
		return false
	}
	for _, f := range fields {
		if t.find(f.name) == nil {
			return false
		}
	}
	return true
}

// A mapping is what MAPPING LOAD made.
type mapping struct {
	id         *identity
	key, value *field
	sources    *set
	pairs      [][2]string // of an inline table
}

// A variable is known or not; one that isn't was assigned something that only a reload can tell.
type variable struct {
	text  string
	known bool
	null  bool // it was deleted, or assigned NULL; it expands to nothing
}

// rows is what a LOAD reads: its input, with all that can be said about it.
type rows struct {
	fields   []*field
	byName   map[string]int
	star     *field // further columns
	sources  *set
	tables   *set
	name     string // of the table, unless a label says another one
	resident *table
	lookup   func(name string) *field // before all else
	inline   [][]string               // rows of an inline table, header first
	closed   string                   // said of a name that isn't there; "" if nothing is to be said
	steps    []Step
}

// find is a field by name, nil if there is none.
func (in *rows) find(name string) *field {
	if in.byName == nil && len(in.fields) >= indexFrom {
		in.byName = make(map[string]int, len(in.fields))
		for i, f := range in.fields {
			in.byName[f.name] = i
		}
	}
	if in.byName != nil {
		if i, ok := in.byName[name]; ok {
			return in.fields[i]
		}
		return nil
	}
	for _, f := range in.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}
