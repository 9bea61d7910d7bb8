package qvs

import (
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// place puts what a LOAD delivers where it belongs: a map, a table that is there, or a new one.
func (r *interpreter) place(x *prefixes, out *rows, chain []*load) {
	if len(out.fields) == 0 && out.star == nil {
		if k := chain[len(chain)-1].kind; k != fromSQL && k != fromInline {
			r.tell(0, chain[0].t, chain[0].t.s, "This LOAD has no fields.", "syntax")
		}
		return
	}
	name := out.name
	if x.labelled {
		name = x.label
	}
	if name == "" {
		name = "Table"
	}
	step := r.step(x, chain)
	if x.mapping {
		r.mapping(name, out, step)
		return
	}
	fields := r.stored(name, out)
	if x.generic {
		r.generic(name, fields, out, step)
		return
	}
	if x.places() {
		if t := r.target(x, name, chain[0]); t != nil {
			if x.join != "" {
				r.join(t, x.join, fields, out, step)
			} else {
				r.concatenate(t, fields, out, step)
			}
			return
		}
		if x.join != "" || x.target != "" {
			name = r.targetName(x, name)
		}
	}
	if x.keep != "" {
		r.keep(x, fields, out, chain[0])
	} else if !x.noConcatenate {
		if t := r.likeness(name, fields, out); t != nil {
			step.What = "concatenate"
			r.concatenate(t, fields, out, step)
			return
		}
	}
	r.create(name, fields, out, step)
}

func (r *interpreter) targetName(x *prefixes, name string) string {
	if x.target != "" {
		return x.target
	}
	return name
}

// step is the record of a statement in the table that it makes.
func (r *interpreter) step(x *prefixes, chain []*load) Step {
	s := Step{At: chain[0].t.at(0), What: "load"}
	parts := make([]string, len(chain))
	for i, l := range chain {
		parts[i] = trim(l.statement)
	}
	s.Statement = r.keepText(strings.Join(parts, ";\n"))
	switch {
	case x.mapping:
		s.What = "mapping"
	case x.join != "":
		s.What = strings.ToLower(x.join) + " join"
	case x.concatenate:
		s.What = "concatenate"
	case x.merge:
		s.What = "merge"
	case x.keep != "":
		s.What = strings.ToLower(x.keep) + " keep"
	case chain[0].kind == fromSQL:
		s.What = "select"
	}
	if x.partial {
		s.What += " (partial)"
	}
	return s
}

// keepText is a statement as it is kept: credentials masked, not too long, and not too much of it all.
func (r *interpreter) keepText(s string) string {
	s = shortened(s)
	if r.kept += len(s); r.kept > maxKept {
		return ""
	}
	return mask(s)
}

func (r *interpreter) mapping(name string, out *rows, step Step) {
	id := r.identity(name, Mapping, step)
	m := &mapping{id: id, sources: out.sources}
	fields := out.fields
	if len(fields) == 0 && out.star != nil { // LOAD * of unknown columns
		fields = []*field{out.star, out.star}
	}
	m.key = fields[0]
	if len(fields) > 1 {
		m.value = fields[1]
	} else if out.star != nil {
		m.value = out.star
	}
	if len(out.inline) > 1 && len(out.inline[0]) >= 2 {
		for _, row := range out.inline[1:] {
			if len(row) >= 2 {
				m.pairs = append(m.pairs, [2]string{row[0], row[1]})
			}
		}
	}
	id.last = &table{id: id, name: name, fields: slices.Clone(out.fields), star: out.star, sources: out.sources, tables: out.tables}
	if old := r.st.maps[name]; old != nil && old.id.root() != id && r.branch == 0 {
		old.id.last.name = name
	}
	r.st.maps[name] = m
}

// stored are the fields under the names that they are stored with: ALIAS, QUALIFY; and with what MAP …
// USING does to their values.
func (r *interpreter) stored(name string, out *rows) []*field {
	if len(r.st.alias) == 0 && len(r.st.qualify) == 0 && len(r.st.mapUsing) == 0 {
		return out.fields
	}
	fields := make([]*field, len(out.fields))
	for i, f := range out.fields {
		c := *f
		c.own = 0
		if a, ok := r.st.alias[c.name]; ok {
			c.name = a
		}
		r.mapUsing(&c, out)
		if r.qualified(c.name) {
			c.name = name + "." + c.name
		}
		fields[i] = &c
	}
	return fields
}

// mapUsing adds the values of the map that MAP … USING names for a field.
func (r *interpreter) mapUsing(f *field, out *rows) {
	name, ok := r.st.mapUsing[f.name]
	if !ok {
		for mask, m := range r.st.mapUsing {
			if strings.ContainsAny(mask, "*?") && expr.Fits(f.name, mask) {
				name, ok = m, true
			}
		}
	}
	m := r.st.maps[name]
	if !ok || name == "" || m == nil {
		return
	}
	out.sources = union(out.sources, m.sources)
	out.tables = union(out.tables, one(m.id.n))
	if m.value != nil {
		f.value = union(f.value, m.value.value)
		f.inputs = union(f.inputs, one(r.inside(m.id, m.value.name)))
	}
}

func (r *interpreter) qualified(name string) bool {
	on := false
	for _, p := range r.st.qualify {
		if p.mask == name || p.mask == "*" || strings.ContainsAny(p.mask, "*?") && expr.Fits(name, p.mask) {
			on = p.on
		}
	}
	return on
}

// target is the table that CONCATENATE and JOIN go to.
func (r *interpreter) target(x *prefixes, name string, l *load) *table {
	want := x.target
	if want == "" {
		if x.merge && !x.concatenate {
			want = name
		} else {
			want = r.st.last()
		}
	}
	if t := r.tableNamed(want); t != nil {
		return t
	}
	if x.target == "" {
		if x.merge {
			return nil
		}
		r.tell(0, l.t, l.t.s, "There is no table yet that this could go to.", "table")
		return nil
	}
	if r.st.binary != nil {
		return r.binaryTable(want)
	}
	if !(x.merge && r.branch > 0) {
		r.tell(0, l.t, want, "The script makes no table of this name before this.", "table")
	}
	return nil
}

// likeness is the table that has exactly these fields, so that the rows go there.
func (r *interpreter) likeness(name string, fields []*field, out *rows) *table {
	sign := signature(r.seed, fields, out.star)
	if sign == 0 {
		t := r.st.tables[tableKey(r.st.section, name)]
		if t != nil && t.star != nil && out.star != nil && sameFields(t, fields) {
			return t // nothing tells them apart
		}
		return nil
	}
	list := r.bySign[sign]
	for len(list) > 0 && r.branch == 0 && r.st.tables[list[0]] == nil {
		list = list[1:] // gone for good
	}
	r.bySign[sign] = list
	for _, key := range list {
		if t := r.st.tables[key]; t != nil && t.section == r.st.section && t.star == nil && sameFields(t, fields) {
			return t
		}
	}
	return nil
}

// identity begins a table of the result.
func (r *interpreter) identity(name string, fate Fate, step Step) *identity {
	id := &identity{n: int32(len(r.all)), out: &Table{Name: name, Fate: fate}}
	id.step(step)
	r.all = append(r.all, id)
	return id
}

const maxSteps = 2000 // kept for one table

func (id *identity) step(s Step) {
	out := id.root().out
	if len(out.Steps) < maxSteps {
		out.Steps = append(out.Steps, s)
	}
}

func (r *interpreter) create(name string, fields []*field, out *rows, step Step) *table {
	section := r.st.section
	name = r.free(name, section)
	fate := Data
	if section {
		fate = Section
	}
	r.seq++
	t := &table{
		id: r.identity(name, fate, step), name: name, seq: r.seq, owner: r.st, fields: slices.Clone(fields), star: out.star,
		sources: out.sources, tables: out.tables, section: section,
	}
	t.id.last = t
	r.put(t)
	return t
}

// free is the name with the first number that makes it new: T, T-1, T-2, …
func (r *interpreter) free(name string, section bool) string {
	if _, taken := r.st.tables[tableKey(section, name)]; !taken {
		return name
	}
	from := 1
	if h := r.suffix[name]; h > 1000 {
		from = h
	}
	for n := from; ; n++ {
		c := name + "-" + itoa(n)
		if _, taken := r.st.tables[tableKey(section, c)]; !taken {
			r.suffix[name] = n
			return c
		}
	}
}

// put makes a new or changed table known.
func (r *interpreter) put(t *table) {
	key := tableKey(t.section, t.name)
	r.st.tables[key] = t
	r.st.latest = t.name
	r.sign(t, key)
	for _, f := range t.fields {
		r.noteField(f.name, key)
	}
}

func (r *interpreter) sign(t *table, key string) {
	if s := signature(r.seed, t.fields, t.star); s != 0 {
		if list := r.bySign[s]; !slices.Contains(list[max(0, len(list)-8):], key) {
			r.bySign[s] = append(list, key)
		}
	}
}

func (r *interpreter) noteField(name, key string) {
	if list := r.byField[name]; !slices.Contains(list[max(0, len(list)-8):], key) {
		r.byField[name] = append(list, key)
	}
}

// changed is called when a table that is there got other fields.
func (r *interpreter) changed(t *table, step Step) {
	t.id.step(step)
	t.id.root().last = t
	r.put(t)
}

func (r *interpreter) concatenate(t *table, fields []*field, out *rows, step Step) {
	t = r.st.own(t)
	for _, f := range fields {
		if i := t.position(f.name); i >= 0 {
			t.fields[i] = mergeFields(t.fields[i], f)
			continue
		}
		t.fields = append(t.fields, f)
		t.index = nil
	}
	t.star = mergeFields(t.star, out.star)
	t.sources, t.tables = union(t.sources, out.sources), union(t.tables, out.tables)
	r.changed(t, step)
}

// generic makes one table for each value of the attribute: a pattern, since the values aren't known.
func (r *interpreter) generic(name string, fields []*field, out *rows, step Step) {
	step.What = "generic"
	n := max(0, len(fields)-2)
	star := out.star
	for _, f := range fields[n:] {
		star = mergeFields(star, f)
	}
	if star == nil {
		return
	}
	c := *star
	c.name = "*"
	shaped := &rows{star: &c, sources: out.sources, tables: out.tables}
	if t := r.st.tables[tableKey(r.st.section, name+".*")]; t != nil {
		r.concatenate(t, fields[:n], shaped, step)
		return
	}
	r.create(name+".*", fields[:n], shaped, step)
}
