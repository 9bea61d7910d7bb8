package qvs

import (
	"slices"
	"strings"
)

// finish writes the result: what was kept as sets is listed.
func (r *interpreter) finish() {
	live := make(map[*identity]*table, len(r.st.tables))
	for _, t := range r.st.tables {
		live[t.id.root()] = t
	}
	for _, id := range r.all {
		if id.into == nil {
			r.res.Tables = append(r.res.Tables, id.out)
		}
	}
	for _, id := range r.all {
		if id.into != nil {
			continue
		}
		t := live[id]
		if t == nil {
			if t = id.last; t == nil {
				continue
			}
			if id.out.Fate == Data || id.out.Fate == Section {
				id.out.Fate = Dropped
			}
		}
		r.fill(id.out, t)
	}
	for _, s := range r.stores {
		r.fillStore(s)
	}
	r.variables()
	if r.flat.over {
		r.tellAt(Pos{Line: 1, Column: 1}, "", "The lineage of this script is too large; some of it is left out.", "limit")
	}
}

func (r *interpreter) fill(out *Table, t *table) {
	out.Name, out.Comment = t.name, t.comment
	out.Sources = r.objectsOf(t.sources)
	for _, n := range r.flat.of(t.tables) {
		if in := r.all[n].root().out; in != out && !slices.Contains(out.Inputs, in) {
			out.Inputs = append(out.Inputs, in)
		}
	}
	fields := t.fields
	if t.star != nil {
		star := *t.star
		star.name = "*"
		fields = append(slices.Clone(fields), &star)
	}
	out.Fields = make([]*Field, len(fields))
	all := make([]Field, len(fields))
	for i, f := range fields {
		r.fieldOf(f, &all[i])
		out.Fields[i] = &all[i]
	}
	for _, f := range t.derived {
		d := &Field{}
		r.fieldOf(f, d)
		out.Derived = append(out.Derived, d)
	}
}

func (r *interpreter) fieldOf(f *field, out *Field) {
	*out = Field{
		Name: f.name, Expression: short2(f.expression), From: r.columnsOf(f.value), Filters: r.columnsOf(f.filters),
		Inputs: r.inputsOf(f.inputs),
	}
	if f.at != nil {
		out.At = *f.at
	}
	if f.meta != nil {
		out.Comment, out.Tags = f.meta.comment, f.meta.tags
	}
}

// short2 is an expression as it is kept: whole, but for very long ones, and without credentials.
func short2(s string) string {
	return mask(shortened(s))
}

// shortened is a text of at most maxStatement bytes and a mark. Of a URL that the cut goes through before its host is known
// only the scheme stays: what is left of "https://user:secret@host" would not be known for a password any more.
func shortened(s string) string {
	if len(s) <= maxStatement {
		return s
	}
	s = s[:maxStatement]
	if i := strings.LastIndex(s, "://"); i >= 0 && !strings.ContainsAny(s[i+3:], " \t\r\n/@'\"]") {
		s = s[:i+3]
	}
	return strings.ToValidUTF8(s, "") + "…"
}

func (r *interpreter) objectsOf(s *set) []Object {
	ids := r.flat.of(s)
	out := make([]Object, len(ids))
	for i, id := range ids {
		out[i] = r.objects.list[id]
	}
	return out
}

func (r *interpreter) columnsOf(s *set) []Column {
	ids := r.flat.of(s)
	if len(ids) == 0 {
		return nil
	}
	if len(ids) == 1 {
		return r.one(r.outer(ids[0]))
	}
	if cols, ok := r.columns[s]; ok {
		return cols
	}
	out := make([]Column, len(ids))
	for i, id := range ids {
		out[i] = r.outer(id)
	}
	r.columns[s] = out
	return out
}

// one is a list of one column, cut from a larger piece of memory.
func (r *interpreter) one(c Column) []Column {
	if len(r.slab) == cap(r.slab) {
		r.slab = make([]Column, 0, 512)
	}
	n := len(r.slab)
	r.slab = append(r.slab, c)
	return r.slab[n : n+1 : n+1]
}

// outer is a column as the result tells it.
func (r *interpreter) outer(id int32) Column {
	c := r.cols.at(id)
	out := Column{Object: r.objects.list[c.object], Name: c.name, OneOf: int(c.oneOf)}
	if c.name == "*" {
		out.OneOf = 0 // all columns of each of them
	}
	return out
}

func (r *interpreter) inputsOf(s *set) []Input {
	ids := r.flat.of(s)
	if len(ids) == 0 {
		return nil
	}
	out := r.inputSlab
	if len(out)+len(ids) > cap(out) {
		out = make([]Input, 0, max(256, len(ids)))
	}
	from := len(out)
	for _, id := range ids {
		if id%2 == 0 {
			out = append(out, Input{Column: r.outer(id / 2)})
			continue
		}
		o := r.origins.at(id / 2)
		in := Input{Table: r.all[o.table].root().out, Field: o.field}
		if len(out)-from > 50 || !slices.Contains(out[from:], in) {
			out = append(out, in)
		}
	}
	r.inputSlab = out
	return out[from:len(out):len(out)]
}

func (r *interpreter) fillStore(s *stored) {
	out := s.out
	if s.table != nil {
		out.Table = s.table.root().out
	}
	out.Sources = r.objectsOf(s.sources)
	out.Fields = make([]Field, len(s.fields))
	for i, f := range s.fields {
		r.fieldOf(f, &out.Fields[i])
	}
	r.res.Stores = append(r.res.Stores, out)
}

// variables are the known ones at the end; those that hold secrets are masked.
func (r *interpreter) variables() {
	for name, v := range r.st.vars {
		if v.known && v.text != "" {
			r.res.Variables[name] = maskVariable(name, v.text)
		}
	}
	slices.Sort(r.res.Unresolved)
}
