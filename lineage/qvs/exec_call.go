package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// specialCall reads calls whose arguments name maps, tables and fields in text; done tells that nothing of
// the call is left to be read.
func (r *interpreter) specialCall(rd *reading, c *expr.Call) (done bool) {
	if len(c.Name) < 4 {
		return false
	}
	switch strings.ToLower(c.Name) {
	case "applymap", "mapsubstring":
		r.applyMap(rd, c)
	case "lookup":
		r.lookup(rd, c)
	case "peek":
		r.peekCall(rd, c)
	case "exists":
		for _, a := range rest(c.Args, 1) {
			r.walk(rd, a)
		}
	case "fieldvalue", "fieldindex", "fieldvaluecount", "fieldelemno":
		r.fieldValues(rd, c)
	case "noofrows", "nooffields", "tablename", "tablenumber", "fieldname", "fieldnumber", "qvdfieldname", "qvdtablename",
		"qvdnoofrecords", "qvdnooffields", "qvdcreatetime", "nooftables", "rowno", "recno", "iterno", "attribute":
		// No values of fields.
	case "autonumber", "autonumberhash128", "autonumberhash256":
		if len(c.Args) > 0 {
			r.walk(rd, c.Args[0])
		}
		if strings.EqualFold(c.Name, "autonumber") {
			break
		}
		for _, a := range rest(c.Args, 1) {
			r.walk(rd, a)
		}
	default:
		return false
	}
	return true
}

func rest(args []expr.Node, from int) []expr.Node {
	if from >= len(args) {
		return nil
	}
	return args[from:]
}

// named is an argument that names something: text, or a bare or quoted name.
func (r *interpreter) named(args []expr.Node, i int) (string, bool) {
	if i >= len(args) {
		return "", false
	}
	switch n := args[i].(type) {
	case *expr.Str:
		return n.Value, true
	case *expr.Name:
		return n.Value, true
	case *expr.Dollar:
		return n.Text, true
	}
	return "", false
}

// applyMap: the value is made of the key's fields, the map's second column and the default.
func (r *interpreter) applyMap(rd *reading, c *expr.Call) {
	for _, a := range rest(c.Args, 1) {
		r.walk(rd, a)
	}
	name, ok := r.named(c.Args, 0)
	if !ok {
		if len(c.Args) > 0 {
			r.walk(rd, c.Args[0])
		}
		return
	}
	r.useMap(rd, name, c.From)
}

func (r *interpreter) mapNamed(name string) *mapping {
	if m, ok := r.st.maps[name]; ok {
		return m
	}
	if len(r.st.maps) > 1000 {
		return nil // the exact name has to do
	}
	for n, m := range r.st.maps {
		if strings.EqualFold(n, name) {
			return m
		}
	}
	return nil
}

func (r *interpreter) useMap(rd *reading, name string, at int) {
	m := r.mapNamed(name)
	if m == nil {
		r.tell(at, rd.l.t, name, "There is no mapping table of this name before this.", "table")
		return
	}
	rd.sources = append(rd.sources, m.sources)
	rd.tables = append(rd.tables, one(m.id.n))
	if m.value == nil {
		return
	}
	rd.values = append(rd.values, m.value.value)
	rd.filters = append(rd.filters, m.value.filters)
	rd.inputs = append(rd.inputs, one(r.inside(m.id, m.value.name)))
}

// lookup: Lookup('f', 'm', v, 'T') gives T.f and the fields of v.
func (r *interpreter) lookup(rd *reading, c *expr.Call) {
	for _, a := range rest(c.Args, 2) {
		if _, isText := a.(*expr.Str); !isText && (len(c.Args) < 4 || a != c.Args[3]) {
			r.walk(rd, a)
		}
	}
	f, ok := r.named(c.Args, 0)
	if !ok {
		return
	}
	if len(c.Args) >= 4 {
		if t, ok := r.named(c.Args, 3); ok {
			r.ofOther(rd, t, f, c.From)
		}
		return
	}
	rd.peeked = append(rd.peeked, f)
}

// peekCall: Peek('f', row, 'T') gives T.f; without T it is of the table that is built.
func (r *interpreter) peekCall(rd *reading, c *expr.Call) {
	f, ok := r.named(c.Args, 0)
	if !ok {
		for _, a := range c.Args {
			r.walk(rd, a)
		}
		return
	}
	if len(c.Args) < 3 || c.Args[2] == nil {
		rd.peeked = append(rd.peeked, f)
		return
	}
	if t, ok := r.named(c.Args, 2); ok {
		if rd.x.labelled && t == rd.x.label && r.tableNamed(t) == nil {
			rd.peeked = append(rd.peeked, f)
			return
		}
		r.ofOther(rd, t, f, c.From)
	}
}

// ofOther gathers a field of another table.
func (r *interpreter) ofOther(rd *reading, tableName, name string, at int) {
	t := r.tableNamed(tableName)
	if t == nil && r.st.binary != nil {
		t = r.binaryTable(tableName)
	}
	if t == nil && r.gone[tableName] != nil {
		r.tell(at, rd.l.t, tableName, "The table was dropped before this, so that nothing is found in it.", "table")
		return
	}
	if t == nil {
		r.tell(at, rd.l.t, tableName, "The script makes no table of this name before this.", "table")
		o := Object{Kind: Resident, Name: tableName}
		rd.add(r.column(o, name, rd.l.t.place(at)))
		rd.sources = append(rd.sources, r.source(o))
		return
	}
	in := r.ofTable(t)
	rd.sources, rd.tables = append(rd.sources, in.sources), append(rd.tables, in.tables)
	if f := r.resolveQuietly(in, name); f != nil {
		rd.add(f)
		return
	}
	r.tell(at, rd.l.t, name, in.closed, "field")
}

// fieldValues: FieldValue('f', n) reads all values that the field has in any table.
func (r *interpreter) fieldValues(rd *reading, c *expr.Call) {
	for _, a := range rest(c.Args, 1) {
		r.walk(rd, a)
	}
	name, ok := r.named(c.Args, 0)
	if !ok || strings.EqualFold(c.Name, "fieldvaluecount") {
		return
	}
	if strings.EqualFold(c.Name, "fieldvalue") {
		for _, t := range r.tablesWith(name) {
			in := r.ofTable(t)
			rd.sources, rd.tables = append(rd.sources, in.sources), append(rd.tables, in.tables)
			rd.add(r.resolveQuietly(in, name))
		}
	}
}
