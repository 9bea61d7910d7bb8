package qvs

// join: new fields come from the joined side, and who keeps the key's lineage depends on the kind.
func (r *interpreter) join(t *table, kind string, fields []*field, out *rows, step Step) {
	t = r.st.own(t)
	key := r.joinKey(t, fields)
	var decides *set
	for _, f := range fields {
		if i := t.position(f.name); i >= 0 {
			decides = union(decides, t.fields[i].value, f.value)
		} else if f.name == key {
			decides = union(decides, f.value)
		}
	}
	if kind != "LEFT" {
		for i, f := range t.fields {
			c := *f
			c.filters = union(f.filters, decides)
			t.fields[i] = &c
		}
	}
	for _, f := range fields {
		c := *f
		if kind != "RIGHT" {
			c.filters = union(f.filters, decides)
		}
		i := t.position(f.name)
		switch {
		case i >= 0 && kind == "LEFT":
		case i >= 0 && kind == "RIGHT":
			t.fields[i] = &c
		case i >= 0:
			t.fields[i] = mergeFields(t.fields[i], &c)
		case f.name == key:
			r.joinStarKey(t, kind, f)
		default:
			t.fields = append(t.fields, &c)
			t.index = nil
		}
	}
	t.star = mergeFields(t.star, out.star)
	t.sources, t.tables = union(t.sources, out.sources), union(t.tables, out.tables)
	r.changed(t, step)
}

// joinKey guesses the key of a join with a table whose fields aren't all known: the first field, unless
// another one is known to be common.
func (r *interpreter) joinKey(t *table, fields []*field) string {
	if t.star == nil || len(fields) == 0 {
		return ""
	}
	for _, f := range fields {
		if t.find(f.name) != nil {
			return ""
		}
	}
	return fields[0].name
}

// joinStarKey adds the key that the star of the table stands for.
func (r *interpreter) joinStarKey(t *table, kind string, f *field) {
	own := r.ofStar(t.star, f.name)
	switch kind {
	case "RIGHT":
		own = f
	case "LEFT":
	default:
		own = mergeFields(own, f)
	}
	t.fields = append(t.fields, own)
	t.index = nil
}

// keep filters rows by the keys of both tables and changes no fields.
func (r *interpreter) keep(x *prefixes, fields []*field, out *rows, l *load) {
	t := r.target(&prefixes{target: x.target, keep: x.keep}, "", l)
	if t == nil {
		return
	}
	var decides *set
	for _, f := range fields {
		if g := t.find(f.name); g != nil {
			decides = union(decides, f.value, g.value)
		}
	}
	if x.keep != "RIGHT" { // the loaded table is reduced
		for i, f := range fields {
			c := *f
			c.filters = union(f.filters, decides)
			fields[i] = &c
		}
	}
	if x.keep == "INNER" || x.keep == "RIGHT" {
		t = r.st.own(t)
		for i, f := range t.fields {
			c := *f
			c.filters = union(f.filters, decides)
			t.fields[i] = &c
		}
	}
}
