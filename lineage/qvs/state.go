package qvs

import (
	"maps"
	"slices"
)

// A state is the table of symbols at one moment of the script.
type state struct {
	tables     map[string]*table
	maps       map[string]*mapping
	vars       map[string]variable
	subs       map[string]*sub
	alias      map[string]string
	mapUsing   map[string]string   // field or "*" → map; "" after UNMAP
	stored     map[string][]*field // by path, lower case: what the script's own STOREs wrote
	qualify    []pattern
	connection string
	directory  string
	section    bool   // in section access
	latest     string // the table made or changed last
	binary     *Object
}

// A pattern is an item of QUALIFY or UNQUALIFY, in the order of the script.
type pattern struct {
	mask string
	on   bool
}

// A sub is a SUB with the text that it stands in.
type sub struct {
	name   string
	params []string
	body   block
	src    string
	from   place
	start  int // of its SUB, in src
}

func newState() *state {
	return &state{
		tables: map[string]*table{}, maps: map[string]*mapping{}, vars: map[string]variable{}, subs: map[string]*sub{},
		alias: map[string]string{}, mapUsing: map[string]string{}, stored: map[string][]*field{},
	}
}

// fork is a state that may change without the other's knowledge. Both own none of their tables any more.
func (s *state) fork() *state {
	c := *s
	c.tables, c.maps, c.vars, c.subs = maps.Clone(s.tables), maps.Clone(s.maps), maps.Clone(s.vars), maps.Clone(s.subs)
	c.alias, c.mapUsing, c.stored = maps.Clone(s.alias), maps.Clone(s.mapUsing), maps.Clone(s.stored)
	c.qualify = slices.Clone(s.qualify)
	return &c
}

func (s *state) size() int {
	return len(s.tables) + len(s.maps) + len(s.vars) + len(s.subs) + len(s.stored) + 16
}

// own is the table in a form that this state may change. Whoever adds, takes or renames fields sets its
// index to nil.
func (s *state) own(t *table) *table {
	if t.owner == s {
		return t
	}
	c := t.clone(s)
	s.tables[c.name] = c
	return c
}

// inOrder lists the tables in the order in which they were made.
func (s *state) inOrder() []*table {
	list := slices.Collect(maps.Values(s.tables))
	slices.SortFunc(list, func(a, b *table) int { return a.seq - b.seq })
	return list
}

// merge makes one state of those that the branches of an undecided condition ended in: whatever is in one
// of them is in the result. Variables on which they differ are unknown.
func (r *interpreter) merge(ends []*state) *state {
	out := ends[0]
	for _, other := range ends[1:] {
		r.mergeTables(out, other)
		mergeVariables(out.vars, other.vars)
		for name, m := range other.maps {
			if have, ok := out.maps[name]; ok && have != m {
				m = &mapping{id: have.id, key: mergeFields(have.key, m.key), value: mergeFields(have.value, m.value), sources: union(have.sources, m.sources)}
			}
			out.maps[name] = m
		}
		for path, fields := range other.stored {
			if _, ok := out.stored[path]; !ok {
				out.stored[path] = fields
			}
		}
		maps.Copy(out.subs, other.subs)
		maps.Copy(out.alias, other.alias)
		maps.Copy(out.mapUsing, other.mapUsing)
		if other.connection != "" {
			out.connection = other.connection
		}
		if other.binary != nil {
			out.binary = other.binary
		}
		if len(other.qualify) > len(out.qualify) {
			out.qualify = other.qualify
		}
		if _, ok := out.tables[out.latest]; !ok || other.latest != "" {
			out.latest = other.latest
		}
		out.section = other.section
	}
	return out
}

func (r *interpreter) mergeTables(out, other *state) {
	for _, t := range other.inOrder() {
		have, ok := out.tables[t.name]
		if !ok {
			out.tables[t.name] = t
			continue
		}
		if have == t {
			continue
		}
		have = out.own(have)
		if a, b := have.id.root(), t.id.root(); a != b {
			b.into = a
		}
		for _, f := range t.fields {
			if i := have.position(f.name); i >= 0 {
				have.fields[i] = mergeFields(have.fields[i], f)
			} else {
				have.fields = append(have.fields, f)
				have.index = nil
			}
		}
		have.star = mergeFields(have.star, t.star)
		have.sources, have.tables = union(have.sources, t.sources), union(have.tables, t.tables)
	}
}

// mergeFields is a field that is what either was.
func mergeFields(a, b *field) *field {
	if a == nil || a == b {
		return b
	}
	if b == nil {
		return a
	}
	c := *b
	c.value, c.filters, c.inputs = union(a.value, b.value), union(a.filters, b.filters), union(a.inputs, b.inputs)
	if c.meta == nil {
		c.meta = a.meta
	}
	return &c
}

func mergeVariables(out, other map[string]variable) {
	for name, v := range other {
		if have, ok := out[name]; ok && have != v {
			v = variable{}
		}
		out[name] = v
	}
}

// last is the table made or changed last; after that was dropped, the youngest one.
func (s *state) last() string {
	if s.latest != "" {
		return s.latest
	}
	var youngest *table
	for _, t := range s.tables {
		if t.section == s.section && (youngest == nil || t.seq > youngest.seq) {
			youngest = t
		}
	}
	if youngest != nil {
		s.latest = youngest.name
	}
	return s.latest
}
