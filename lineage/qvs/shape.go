package qvs

import (
	"slices"
)

// shape applies the prefixes that change which columns there are: CROSSTABLE, HIERARCHY, INTERVALMATCH.
// GENERIC is applied where the table is placed, since it makes several.
func (r *interpreter) shape(x *prefixes, in *rows, l *load) *rows {
	if x.crosstable == nil && x.hierarchy == nil && x.belongsTo == nil && x.interval == nil && !x.merge {
		return in
	}
	out := &rows{sources: in.sources, tables: in.tables, name: in.name, star: in.star, fields: in.fields}
	if in.resident != nil { // not projected
		out.fields = r.residentFields(in)
	}
	if x.merge && len(out.fields) > 0 {
		out.fields = out.fields[1:] // the operation's code
	}
	if x.interval != nil {
		r.intervalMatch(x, out, l)
	}
	if x.hierarchy != nil {
		r.hierarchy(x.hierarchy, out, l)
	}
	if x.belongsTo != nil {
		r.belongsTo(x.belongsTo, out, l)
	}
	if x.crosstable != nil {
		r.crosstable(x.crosstable, out, l)
	}
	return out
}

// crosstable keeps the first columns; attribute and data come from all others.
func (r *interpreter) crosstable(c *crosstable, out *rows, l *load) {
	n := min(c.keys, len(out.fields))
	var values, inputs, filters []*set
	for _, f := range out.fields[n:] {
		values, inputs, filters = append(values, f.value), append(inputs, f.inputs), append(filters, f.filters)
	}
	star := out.star
	if star != nil {
		values, inputs, filters = append(values, star.value), append(inputs, star.inputs), append(filters, star.filters)
	}
	at := l.t.place(0)
	value, input, filter := union(values...), union(inputs...), union(filters...)
	fields := slices.Clone(out.fields[:n])
	for _, name := range []string{c.attribute, c.data} {
		fields = append(fields, &field{name: name, at: at, value: value, inputs: input, filters: filter})
	}
	out.fields, out.byName = fields, nil
	if n == c.keys {
		out.star = nil // all that the star stands for became rows
	}
}

// extra appends a field that is made from others of the same table.
func (out *rows) extra(name string, at *Pos, from ...*field) {
	if name == "" || out.find(name) != nil {
		return
	}
	f := &field{name: name, at: at}
	for _, g := range from {
		if g != nil {
			f.value, f.inputs, f.filters = union(f.value, g.value), union(f.inputs, g.inputs), union(f.filters, g.filters)
		}
	}
	out.fields, out.byName = append(out.fields, f), nil
}

// hierarchy: (NodeID, ParentID, NodeName [, ParentName [, PathSource [, PathName [, Delimiter [, Depth]]]]]).
func (r *interpreter) hierarchy(args []string, out *rows, l *load) {
	at := l.t.place(0)
	get := func(i int) *field {
		if i < len(args) && args[i] != "" {
			return r.resolveQuietly(out, args[i])
		}
		return nil
	}
	name := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	node, parent, label := get(0), get(1), get(2)
	if len(args) > 2 {
		out.extra(args[2]+"*", at, label)
	}
	source := get(4)
	if source == nil {
		source = label
	}
	out.extra(name(3), at, label)
	out.extra(name(5), at, source)
	out.extra(name(7), at, node, parent)
}

// belongsTo: (NodeID, ParentID, NodeName, AncestorID, AncestorName [, DepthDiff]).
func (r *interpreter) belongsTo(args []string, out *rows, l *load) {
	at := l.t.place(0)
	for len(args) < 6 {
		args = append(args, "")
	}
	node, parent, label := r.resolveQuietly(out, args[0]), r.resolveQuietly(out, args[1]), r.resolveQuietly(out, args[2])
	out.extra(args[3], at, node, parent)
	out.extra(args[4], at, label)
	out.extra(args[5], at, node, parent)
}

// intervalMatch adds the field whose values are matched with the intervals.
func (r *interpreter) intervalMatch(x *prefixes, out *rows, l *load) {
	if len(x.interval) == 0 {
		return
	}
	at := l.t.place(0)
	name := x.interval[0]
	if out.find(name) != nil {
		return
	}
	match := &field{name: name, at: at}
	found := false
	for _, t := range r.tablesWith(name) {
		in := r.ofTable(t)
		f := r.resolveQuietly(in, name)
		match.value, match.inputs = union(match.value, f.value), union(match.inputs, f.inputs)
		out.sources, out.tables = union(out.sources, t.sources), union(out.tables, in.tables)
		found = true
	}
	if !found {
		match = r.ofOpenTables(name, at, out)
	}
	out.fields, out.byName = append(slices.Clone(out.fields), match), nil
}

// ofOpenTables is a field that only tables with unknown fields may have.
func (r *interpreter) ofOpenTables(name string, at *Pos, out *rows) *field {
	f := &field{name: name, at: at}
	for _, t := range r.st.inOrder() {
		if t.star == nil || t.section != r.st.section {
			continue
		}
		in := r.ofTable(t)
		g := r.resolveQuietly(in, name)
		f.value, f.inputs = union(f.value, g.value), union(f.inputs, g.inputs)
		out.sources, out.tables = union(out.sources, t.sources), union(out.tables, in.tables)
	}
	return f
}

// tablesWith lists the data tables that have a field of this name.
func (r *interpreter) tablesWith(name string) []*table {
	names := r.byField[name]
	if r.branch == 0 {
		names = slices.DeleteFunc(names, func(key string) bool { t := r.st.tables[key]; return t == nil || t.find(name) == nil })
		r.byField[name] = names
	}
	var list []*table
	for _, key := range names {
		if t := r.st.tables[key]; t != nil && t.section == r.st.section && t.find(name) != nil {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *table) int { return a.seq - b.seq })
	return slices.Compact(list)
}
