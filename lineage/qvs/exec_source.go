package qvs

import (
	"path"
	"strings"
)

// column is a field that stands for a column outside.
func (r *interpreter) column(o Object, name string, at *Pos) *field {
	return r.columnOf(r.objects.id(o), name, at)
}

func (r *interpreter) columnOf(object int32, name string, at *Pos) *field {
	return r.fieldOfColumn(column{object: object, name: name}, at)
}

func (r *interpreter) fieldOfColumn(col column, at *Pos) *field {
	id, name := r.cols.id(col), col.name
	c := r.columnFields.next()
	c.value.be(id)
	c.inputs.be(outside(id))
	c.f = field{name: name, at: at, value: &c.value, inputs: &c.inputs}
	return &c.f
}

// outside is the number of a column in a set of origins.
func outside(col int32) int32 { return 2 * col }

// inside is the number of a field of a table in a set of origins.
func (r *interpreter) inside(t *identity, name string) int32 {
	return 2*r.origins.add(origin{table: t.n, field: name}) + 1
}

func (r *interpreter) source(o Object) *set { return one(r.objects.id(o)) }

// open is an input of which no column is known by name.
func (r *interpreter) open(o Object, at *Pos, name string) *rows {
	return &rows{star: r.column(o, "*", at), sources: r.source(o), name: name}
}

// file is what LOAD … FROM reads. A QVD that the script itself has stored has the fields that were stored.
func (r *interpreter) file(l *load) *rows {
	at := l.t.place(l.sourceAt)
	o := r.fileObject(l.source, l.format)
	if trim(l.source) == "" && l.format.url == "" {
		r.tell(l.sourceAt, l.t, l.t.s[l.sourceAt:], "FROM has no file.", "syntax")
	}
	in := r.open(o, at, tableOf(l.source))
	stored, ok := r.st.stored[storeKey(l.source)]
	if !ok {
		if stored = r.headed(o, at); stored == nil {
			return in
		}
	}
	for _, f := range stored {
		in.fields = append(in.fields, r.column(o, f.name, at))
	}
	star := in.star
	if !hasStar(stored) {
		in.star = nil
	} else {
		in.fields = dropStar(in.fields)
	}
	in.lookup = func(name string) *field {
		if f := in.find(name); f != nil {
			return f
		}
		return r.ofStar(star, name)
	}
	return in
}

// headed are the columns that a QVD file has by itself; nil: they aren't known.
func (r *interpreter) headed(o Object, at *Pos) []*field {
	if o.Kind != QVD || r.opts.Columns == nil {
		return nil
	}
	var list []*field
	for _, name := range r.opts.Columns(o) {
		list = append(list, &field{name: name, at: at})
	}
	return list
}

func hasStar(list []*field) bool {
	for _, f := range list {
		if f.name == "*" {
			return true
		}
	}
	return false
}

func dropStar(list []*field) []*field {
	out := list[:0:0]
	for _, f := range list {
		if f.name != "*" {
			out = append(out, f)
		}
	}
	return out
}

// storeKey is a path as Windows compares it.
func storeKey(p string) string {
	p = strings.ToLower(strings.ReplaceAll(p, `\`, "/"))
	head, rest, ok := strings.Cut(p, "://")
	if !ok {
		head, rest = "", p
	}
	for strings.Contains(rest, "//") {
		rest = strings.ReplaceAll(rest, "//", "/")
	}
	return head + "://" + rest
}

// fileObject says what a path in a script stands for.
func (r *interpreter) fileObject(p string, f format) Object {
	o := Object{Kind: File, Connection: libConnection(p), Name: r.resolvePath(p)}
	if f.url != "" {
		o.Name = f.url
	}
	remote := isURL(o.Name)
	switch {
	case f.kind == "qvd" || f.kind == "" && strings.EqualFold(path.Ext(o.Name), ".qvd"):
		o.Kind = QVD
		return o
	case remote || f.kind == "html":
		o.Kind = Web
	}
	if remote {
		o.Name = mask(o.Name)
	}
	if f.table != "" {
		o.Name += "#" + f.table
	}
	return o
}

func isURL(s string) bool {
	return hasPrefixFold(s, "http://") || hasPrefixFold(s, "https://") || hasPrefixFold(s, "ftp://") || hasPrefixFold(s, "ftps://")
}

// resolvePath writes a path with slashes; a relative one stands below DIRECTORY.
func (r *interpreter) resolvePath(p string) string {
	if isURL(p) {
		return p
	}
	p = strings.ReplaceAll(p, `\`, "/")
	dir := r.st.directory
	if dir == "" || p == "" || strings.Contains(p, "://") || p[0] == '/' || len(p) > 1 && p[1] == ':' || strings.HasPrefix(p, "$(") {
		return p
	}
	return strings.TrimSuffix(dir, "/") + "/" + p
}

// libConnection is the connection's name in lib://name/path.
func libConnection(p string) string {
	p = strings.ReplaceAll(p, `\`, "/")
	if !hasPrefixFold(p, "lib://") {
		return ""
	}
	name, _, _ := strings.Cut(p[len("lib://"):], "/")
	return name
}

// tableOf is the name of a table that is loaded from a file without a label.
func tableOf(p string) string {
	p = strings.ReplaceAll(p, `\`, "/")
	if i := strings.IndexAny(p, "?#"); i > 0 && isURL(p) {
		p = p[:i]
	}
	base := path.Base(strings.TrimSuffix(p, "/"))
	if ext := path.Ext(base); ext != "" && len(ext) < len(base) {
		base = base[:len(base)-len(ext)]
	}
	return base
}

// fromTable is a resident table. One that the script never made is a source outside.
func (r *interpreter) fromTable(l *load) *rows {
	if t := r.tableNamed(l.source); t != nil {
		return r.ofTable(t)
	}
	if r.st.binary != nil {
		return r.ofTable(r.binaryTable(l.source))
	}
	if t := r.gone[l.source]; t != nil {
		r.tell(l.sourceAt, l.t, l.source, "The table was dropped before this.", "table")
		return r.ofTable(t)
	}
	if m, ok := r.st.maps[l.source]; ok && m.id != nil {
		r.tell(l.sourceAt, l.t, l.source, "A mapping table can't be read by RESIDENT.", "table")
	} else {
		r.tell(l.sourceAt, l.t, l.source, "The script makes no table of this name before this.", "table")
	}
	return r.open(Object{Kind: Resident, Name: l.source}, l.t.place(l.sourceAt), l.source)
}

func (r *interpreter) tableNamed(name string) *table {
	if t, ok := r.st.tables[tableKey(r.st.section, name)]; ok {
		return t
	}
	return r.st.tables[tableKey(!r.st.section, name)]
}

// tableKey keeps the tables of section access apart.
func tableKey(section bool, name string) string {
	if section {
		return "\x00" + name
	}
	return name
}

func (r *interpreter) ofTable(t *table) *rows {
	in := &rows{
		resident: t, sources: t.sources, tables: one(t.id.n), name: t.name,
		closed: "The table " + t.name + " has no field of this name here.",
	}
	if t.star != nil {
		in.star = r.residentField(t, t.star)
		in.star.name = "*"
		in.star.inputs = one(r.inside(t.id, "*"))
	}
	return in
}

func (r *interpreter) residentField(t *table, f *field) *field {
	c := r.insideFields.next()
	if f.own == 0 || f.home != t.id.n {
		f.home, f.own = t.id.n, r.inside(t.id, f.name)
	}
	c.inputs.be(f.own)
	c.f = field{name: f.name, at: f.at, value: f.value, filters: f.filters, inputs: &c.inputs}
	return &c.f
}

func (r *interpreter) residentFields(in *rows) []*field {
	list := make([]*field, len(in.resident.fields))
	for i, f := range in.resident.fields {
		list[i] = r.residentField(in.resident, f)
	}
	return list
}

// fromField: all columns are made of the text in one field.
func (r *interpreter) fromField(l *load) *rows {
	t := r.tableNamed(l.source)
	if t == nil {
		r.tell(l.sourceAt, l.t, l.source, "The script makes no table of this name before this.", "table")
		return r.open(Object{Kind: Resident, Name: l.source}, l.t.place(l.sourceAt), l.source)
	}
	in := r.ofTable(t)
	f := r.resolveQuietly(in, l.field)
	if f == nil {
		r.tell(l.sourceAt, l.t, l.field, in.closed, "field")
		f = &field{at: l.t.place(l.sourceAt)}
	}
	star := *f
	star.name = "*"
	return &rows{star: &star, sources: t.sources, tables: in.tables, name: t.name, lookup: func(name string) *field {
		c := *f
		c.name = name
		return &c
	}}
}

// extension is what a plugin makes of the listed fields of tables.
func (r *interpreter) extension(l *load) *rows {
	in := &rows{name: l.source}
	star := &field{name: "*", at: l.t.place(l.sourceAt)}
	for _, name := range l.tables {
		t := r.tableNamed(name)
		if t == nil {
			r.tell(l.sourceAt, l.t, name, "The script makes no table of this name before this.", "table")
			continue
		}
		from := r.ofTable(t)
		in.sources, in.tables = union(in.sources, from.sources), union(in.tables, from.tables)
		for _, n := range l.listed {
			if f := r.resolveQuietly(from, n); f != nil {
				star.value, star.inputs = union(star.value, f.value), union(star.inputs, f.inputs)
			}
		}
	}
	in.star = star
	in.lookup = func(name string) *field {
		c := *star
		c.name = name
		return &c
	}
	return in
}
