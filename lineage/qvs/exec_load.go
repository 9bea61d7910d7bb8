package qvs

import (
	"slices"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// run executes a chain of LOADs: the last one reads a source, each one above reads the one below it.
func (r *interpreter) run(chain []*load) {
	top, bottom := chain[0], chain[len(chain)-1]
	r.here = top.t.at(0)
	x := top.prefixes
	for _, l := range chain[1:] { // a label or prefix may wrongly stand on a lower one
		if !x.labelled && l.labelled {
			x.label, x.labelled = l.label, true
		}
	}
	in, ok := r.input(bottom, &x)
	if !ok {
		return
	}
	out := in
	for i := len(chain) - 1; i >= 0; i-- {
		l := chain[i]
		if l.kind != fromSQL {
			out = r.project(l, out, &x)
		}
		if i > 0 {
			out = r.shape(&l.prefixes, out, l)
		}
	}
	out = r.shape(&x, out, top)
	r.place(&x, out, chain)
}

// input is what the lowest statement of a chain reads.
func (r *interpreter) input(l *load, x *prefixes) (*rows, bool) {
	switch l.kind {
	case fromFile:
		return r.file(l), true
	case fromField:
		return r.fromField(l), true
	case fromInline:
		return r.inline(l, x), true
	case fromResident:
		return r.fromTable(l), true
	case fromAutogenerate:
		return r.autogenerate(l, x), true
	case fromExtension:
		return r.extension(l), true
	case fromSQL:
		return r.sql(l), true
	}
	r.tell(0, l.t, l.t.s, "This LOAD has no source.", "syntax")
	return nil, false
}

// A reading is what an expression refers to, gathered while one item of a LOAD is read.
type reading struct {
	in      *rows
	l       *load
	x       *prefixes
	values  []*set
	filters []*set
	inputs  []*set
	sources []*set // of tables beyond the input: maps, looked-up tables
	tables  []*set
	peeked  []string // fields of the table being built
}

// project is what a LOAD makes of its input.
func (r *interpreter) project(l *load, in *rows, x *prefixes) *rows {
	out := &rows{sources: in.sources, tables: in.tables, name: in.name, steps: in.steps, inline: in.inline}
	if len(l.filters) > 0 || len(l.items) != 1 || !l.items[0].star || in.star != nil {
		out.inline = r.keepInline(l, in)
	}
	filter := r.filterOf(l, in, x, out)
	seen, done := newNames(l.items), names{list: make([]string, 0, len(l.items))}
	var peeks []peeking
	out.fields = make([]*field, 0, len(l.items))
	for _, it := range l.items {
		if it.star {
			r.projectStar(out, in, &seen, &done, filter)
			continue
		}
		if !done.add(it.name) {
			r.tell(it.from, l.t, l.t.s[it.from:it.to], "This field is in the list twice.", "field")
			continue
		}
		f, peeked := r.item(l, in, x, it, filter, out)
		if len(peeked) > 0 {
			peeks = append(peeks, peeking{len(out.fields), peeked})
		}
		out.fields = append(out.fields, f)
	}
	for _, pk := range peeks {
		r.peek(out, pk.at, pk.names)
	}
	return out
}

// keepInline says which rows of an inline table are known after a LOAD with a list of plain fields.
func (r *interpreter) keepInline(l *load, in *rows) [][]string {
	if in.inline == nil || l.where || len(l.filters) > 0 {
		return nil
	}
	header := in.inline[0]
	pick := make([]int, 0, len(l.items))
	for _, it := range l.items {
		if it.star {
			for i := range header {
				pick = append(pick, i)
			}
			continue
		}
		at := -1
		if len(it.toks) == 1 {
			for i, h := range header {
				if h == it.toks[0].Value() {
					at = i
				}
			}
		}
		if at < 0 {
			return nil
		}
		pick = append(pick, at)
	}
	out := make([][]string, 0, len(in.inline))
	for _, row := range in.inline {
		cells := make([]string, len(pick))
		for i, at := range pick {
			if at < len(row) {
				cells[i] = row[at]
			}
		}
		out = append(out, cells)
	}
	return out
}

// A peeking is a field of the table being built that refers to others of it.
type peeking struct {
	at    int
	names []string
}

// names is a set of field names, searched while it is small.
type names struct {
	list []string
	set  map[string]bool
}

func newNames(items []item) names {
	var n names
	if !slices.ContainsFunc(items, func(it item) bool { return it.star }) {
		return n // nothing is asked
	}
	for i := range items {
		if !items[i].star {
			n.add(items[i].name)
		}
	}
	return n
}

func (n *names) has(s string) bool {
	if n.set != nil {
		return n.set[s]
	}
	return slices.Contains(n.list, s)
}

// add tells whether the name is new.
func (n *names) add(s string) bool {
	if n.has(s) {
		return false
	}
	n.list = append(n.list, s)
	if n.set != nil {
		n.set[s] = true
	} else if len(n.list) > 2*indexFrom {
		n.set = make(map[string]bool, 2*len(n.list))
		for _, l := range n.list {
			n.set[l] = true
		}
	}
	return true
}

func (r *interpreter) projectStar(out, in *rows, named, done *names, filter *set) {
	list := in.fields
	if in.resident != nil {
		list = r.residentFields(in)
	}
	for _, f := range list {
		if named.has(f.name) || !done.add(f.name) {
			continue
		}
		if filter != nil {
			c := *f
			c.filters = union(f.filters, filter)
			f = &c
		}
		out.fields = append(out.fields, f)
	}
	if in.star != nil && out.star == nil {
		c := *in.star
		c.filters = union(c.filters, filter)
		out.star = &c
	}
}

// filterOf is what decides which rows there are.
func (r *interpreter) filterOf(l *load, in *rows, x *prefixes, out *rows) *set {
	if len(l.filters) == 0 {
		return nil
	}
	rd := &r.rd
	rd.reset(in, l, x)
	for _, toks := range l.filters {
		r.refer(rd, toks)
	}
	return union(rd.values...)
}

// item is the field that one item of a LOAD's list makes.
func (r *interpreter) item(l *load, in *rows, x *prefixes, it item, filter *set, out *rows) (*field, []string) {
	f, at := r.fieldSlab.next(), r.places.next()
	*at = l.t.at(it.from)
	f.name, f.at, f.expression = it.name, at, trim(l.t.s[it.from:it.to])
	rd := &r.rd
	rd.reset(in, l, x)
	if len(it.toks) == 1 && it.toks[0].Kind != expr.String && it.toks[0].Kind != expr.Number {
		if g := r.resolve(rd, it.toks[0].Value(), it.from); g != nil {
			f.value, f.inputs, f.filters = g.value, g.inputs, union(g.filters, filter)
		} else {
			f.filters = filter
		}
		return f, nil
	}
	r.refer(rd, it.toks)
	f.value, f.inputs = union(rd.values...), union(rd.inputs...)
	f.filters = union(union(rd.filters...), filter)
	if len(rd.sources)+len(rd.tables) > 0 {
		out.sources = union(append(rd.sources, out.sources)...)
		out.tables = union(append(rd.tables, out.tables)...)
	}
	return f, slices.Clone(rd.peeked)
}

func (rd *reading) reset(in *rows, l *load, x *prefixes) {
	*rd = reading{
		in: in, l: l, x: x, values: rd.values[:0], filters: rd.filters[:0], inputs: rd.inputs[:0], sources: rd.sources[:0],
		tables: rd.tables[:0], peeked: rd.peeked[:0],
	}
}

// peek adds what Peek('f') without a table refers to: the other inputs of the field that is built.
func (r *interpreter) peek(out *rows, at int, names []string) {
	f := *out.fields[at]
	for _, name := range names {
		src := out.find(name)
		if src == nil || src.name == f.name {
			continue
		}
		f.value, f.inputs = union(f.value, src.value), union(f.inputs, src.inputs)
	}
	out.fields[at] = &f
	out.byName = nil
}
