package lineage

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

var errNoIncludes = errors.New("no folder of included files is configured (options.qvs_path)")

// A scriptTable is a table of the script with its key.
type scriptTable struct {
	*qvs.Table
	key    catalog.Key
	byName map[string][]*qvs.Field
}

func (t *scriptTable) field(name string) catalog.Key { return catalog.ColumnKey(t.key, name) }

func (t *scriptTable) fieldsNamed(name string) []*qvs.Field {
	if t.byName == nil {
		t.byName = map[string][]*qvs.Field{}
		for _, list := range [][]*qvs.Field{t.Fields, t.Derived} {
			for _, f := range list {
				t.byName[f.Name] = append(t.byName[f.Name], f)
			}
		}
	}
	return t.byName[name]
}

// resolved reports whether it is known where a field comes from: from columns that are named, or from
// nothing but the script itself.
func (t *scriptTable) resolved(a *atlas, f *qvs.Field) bool {
	for _, c := range f.From {
		switch {
		case c.Object.Kind == qvs.Resident, strings.Contains(c.Object.Name, "$("), strings.Contains(c.Name, "$("):
			return false
		case c.Name == "*" && f.Name != "*" && a.place(c.Object).namespace != "":
			return false
		}
	}
	return true
}

// maxStatement is how much of a statement an edge keeps, in bytes.
const maxStatement = 4000

// script turns what the script does into tables, fields, datasets and the edges between them.
func (b *builder) script() {
	b.runScript()
	if b.result == nil {
		b.gap(catalog.LineageGap{Source: catalog.ScriptKey(b.app), What: "load script", Why: "the catalog has no load script of this app"})
		return
	}
	source := catalog.ScriptKey(b.app)
	for _, d := range b.result.Diagnostics {
		if d.Kind == "include" && (b.doubtful == 0 || d.At.Line < b.doubtful) {
			b.doubtful = max(d.At.Line, 1)
		}
		b.includes = b.includes || d.Kind == "include"
		b.gap(catalog.LineageGap{Source: source, Tab: d.At.Tab, Line: d.At.Line, Column: d.At.Column, What: shorten(d.What), Why: d.Why})
	}
	tables := b.tables()
	for _, t := range b.result.Tables {
		if st := tables[t]; st != nil {
			b.table(st, tables)
		}
	}
	for i := range b.result.Stores {
		b.store(&b.result.Stores[i], tables)
	}
	b.headers()
}

// shorten keeps what a gap is about readable.
func shorten(s string) string {
	const most = 500
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// tables gives the tables their keys. When a name was used more than once, the table that stays in the data
// model, or the last one, is called by it, the others by it and a number. Section access is left out: what
// it says of people isn't lineage.
func (b *builder) tables() map[*qvs.Table]*scriptTable {
	owner := map[string]*qvs.Table{}
	for _, t := range b.result.Tables {
		if was := owner[t.Name]; t.Fate != qvs.Section && (was == nil || was.Fate != qvs.Data) {
			owner[t.Name] = t
		}
	}
	out := map[*qvs.Table]*scriptTable{}
	count := map[string]int{}
	for _, t := range b.result.Tables {
		if t.Fate == qvs.Section {
			continue
		}
		name := t.Name
		if owner[name] != t {
			count[t.Name]++
			name = fmt.Sprintf("%s (%d)", t.Name, count[t.Name])
		}
		st := &scriptTable{Table: t, key: catalog.ScriptTableKey(b.app, name)}
		out[t] = st
		b.node(catalog.LineageNode{
			Key: st.key, Kind: catalog.NodeScriptTable, Name: t.Name, Report: b.app,
			Attributes: map[string]any{"fate": string(t.Fate)},
		})
		if t.Fate == qvs.Data {
			b.data = append(b.data, st)
		}
	}
	return out
}

// table adds the edges of a table and its fields.
func (b *builder) table(t *scriptTable, tables map[*qvs.Table]*scriptTable) {
	for _, in := range t.Inputs {
		if from := tables[in]; from != nil {
			e := b.step(t.Table, nil, strings.ToLower(in.Name))
			e.From, e.To, e.Level = from.key, t.key, catalog.TableLevel
			b.edge(e)
		}
	}
	b.sources(t, tables)
	if t.Fate == qvs.Data {
		e := b.step(t.Table, nil, "")
		e.From, e.To, e.Level = t.key, b.app, catalog.TableLevel
		b.edge(e)
	}
	filters := map[qvs.Column]*qvs.Field{}
	var order []qvs.Column
	for _, list := range [][]*qvs.Field{t.Fields, t.Derived} {
		for _, f := range list {
			b.field(t, f, tables)
			for _, c := range f.Filters {
				if filters[c] == nil {
					filters[c] = f
					order = append(order, c)
				}
			}
		}
	}
	b.filters(t, filters, order)
}

// sources are the datasets that a table takes from itself, rather than by other tables.
func (b *builder) sources(t *scriptTable, tables map[*qvs.Table]*scriptTable) {
	through := map[qvs.Object]bool{}
	for _, in := range t.Inputs {
		if tables[in] != nil && in != t.Table {
			for _, o := range in.Sources {
				through[o] = true
			}
		}
	}
	own := map[qvs.Object]bool{}
	for _, f := range t.Fields {
		for _, in := range f.Inputs {
			if in.Table == nil {
				own[in.Column.Object] = true
			}
		}
	}
	for _, o := range t.Sources {
		if through[o] && !own[o] {
			continue
		}
		if dataset := b.dataset(o, t.at()); dataset != "" {
			e := b.step(t.Table, nil, nameOf(o))
			e.From, e.To, e.Level = dataset, t.key, catalog.TableLevel
			b.edge(e)
		}
	}
}

// at is where a table is made.
func (t *scriptTable) at() qvs.Pos {
	if len(t.Steps) > 0 {
		return t.Steps[0].At
	}
	return qvs.Pos{}
}

// filters say that what a table was filtered, joined or grouped by decides about every field of it. The
// edges go through the table, so that there are as many as columns and fields, not their product.
func (b *builder) filters(t *scriptTable, filters map[qvs.Column]*qvs.Field, order []qvs.Column) {
	if len(order) == 0 {
		return
	}
	found := false
	for _, c := range order {
		if from := b.column(c); from != "" {
			e := b.step(t.Table, filters[c], nameOf(c.Object))
			unsure(&e, c)
			e.From, e.To, e.How = from, t.key, catalog.Indirect
			b.edge(e)
			found = true
		}
	}
	if !found {
		return
	}
	for _, f := range t.Fields {
		b.edge(catalog.LineageEdge{
			From: t.key, To: t.field(f.Name), Level: catalog.ColumnLevel, How: catalog.Indirect, Origin: catalog.FromScript,
			Confidence: 1, Source: catalog.ScriptKey(b.app),
		})
	}
}

// field adds a field and what it is made of.
func (b *builder) field(t *scriptTable, f *qvs.Field, tables map[*qvs.Table]*scriptTable) {
	key := b.scriptField(t, f.Name)
	found := false
	for _, in := range f.Inputs {
		named, origin := "", catalog.Key("")
		if in.Table == nil {
			named, origin = nameOf(in.Column.Object), b.column(in.Column)
		} else if from := tables[in.Table]; from != nil {
			named, origin = strings.ToLower(in.Table.Name), b.scriptField(from, in.Field)
		}
		if origin != "" {
			found = true
			e := b.step(t.Table, f, named)
			unsure(&e, in.Column)
			b.asHeaded(&e, f, in.Column)
			e.From, e.To = origin, key
			b.edge(e)
		}
	}
	if found {
		return
	}
	for _, c := range f.From {
		e := b.step(t.Table, f, nameOf(c.Object))
		unsure(&e, c)
		b.asHeaded(&e, f, c)
		e.From, e.To = b.column(c), key
		b.edge(e)
	}
}

func (b *builder) scriptField(t *scriptTable, name string) catalog.Key {
	key := t.field(name)
	b.node(catalog.LineageNode{Key: key, Kind: catalog.NodeScriptField, Name: name, Parent: t.key, Report: b.app})
	return key
}

// step is an edge without ends that tells which statement makes a field, or the table: of those that made
// the table, the one that names what the edge comes from.
func (b *builder) step(t *qvs.Table, f *qvs.Field, named string) catalog.LineageEdge {
	e := catalog.LineageEdge{Level: catalog.ColumnLevel, How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1, Source: catalog.ScriptKey(b.app)}
	s := stepOf(t, f, named)
	if s == nil {
		return e
	}
	e.Statement, e.Tab, e.Line, e.Column = b.statement(s.Statement), s.At.Tab, s.At.Line, s.At.Column
	if f != nil && within(s, f.At) {
		e.Tab, e.Line, e.Column = f.At.Tab, f.At.Line, f.At.Column
	}
	b.doubt(&e)
	return e
}

// stepOf chooses among the steps of a table: the one that names the source and holds the field, else one
// that names the source, else the one that holds the field, else the first.
func stepOf(t *qvs.Table, f *qvs.Field, named string) *qvs.Step {
	var best *qvs.Step
	most := -1
	for i := range t.Steps {
		s := &t.Steps[i]
		score := 0
		if named != "" && strings.Contains(strings.ToLower(s.Statement), named) {
			score += 2
		}
		if f != nil && within(s, f.At) {
			score++
		}
		if s.What == "drop" || s.What == "rename" {
			score = -1
		}
		if score > most {
			best, most = s, score
		}
	}
	return best
}

// within reports whether a place is in a step's statement.
func within(s *qvs.Step, at qvs.Pos) bool {
	return at.Line > 0 && s.At.Line <= at.Line && at.Line <= s.At.Line+strings.Count(s.Statement, "\n")
}

// doubt lowers the confidence of what follows an include that couldn't be read.
func (b *builder) doubt(e *catalog.LineageEdge) {
	if b.doubtful > 0 && e.Line > b.doubtful {
		e.Confidence *= 0.8
	}
}

// unsure lowers the confidence of an edge from a column that is of one of several tables.
func unsure(e *catalog.LineageEdge, c qvs.Column) {
	if c.OneOf > 1 {
		e.Confidence /= float64(c.OneOf)
	}
}

// statement is a statement as it may be shown.
func (b *builder) statement(s string) string {
	if masked, known := b.masked[s]; known {
		return masked
	}
	masked := catalog.Mask(s)
	if len(masked) > maxStatement {
		masked = strings.ToValidUTF8(masked[:maxStatement], "") + "…"
	}
	b.masked[s] = masked
	return masked
}

// appFile is the path of an app of the same site: its id is its name.
var appFile = regexp.MustCompile(`(?i)(?:^|[/\\\\])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.qvf)?$`)

// storeObject is what a STORE writes.
func storeObject(s *qvs.Store) qvs.Object {
	kind := qvs.File
	if strings.EqualFold(s.Format, "qvd") || s.Format == "" {
		kind = qvs.QVD
	}
	return qvs.Object{Kind: kind, Connection: s.Connection, Name: s.Target}
}

// store adds a STORE: the dataset, its columns, and the stars that are stored whole.
func (b *builder) store(s *qvs.Store, tables map[*qvs.Table]*scriptTable) {
	o := storeObject(s)
	dataset := b.dataset(o, s.At)
	t := tables[s.Table]
	if dataset == "" || s.Table != nil && t == nil { // section access
		return
	}
	e := catalog.LineageEdge{
		How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1, Source: catalog.ScriptKey(b.app),
		Statement: b.statement(s.Statement), Tab: s.At.Tab, Line: s.At.Line, Column: s.At.Column,
	}
	b.doubt(&e)
	e.To, e.Level = dataset, catalog.TableLevel
	if t != nil {
		e.From = t.key
		b.edge(e)
	} else {
		for _, source := range s.Sources {
			e.From = b.dataset(source, s.At)
			b.edge(e)
		}
	}
	e.Level = catalog.ColumnLevel
	for i := range s.Fields {
		f := &s.Fields[i]
		e.To = b.column(qvs.Column{Object: o, Name: f.Name})
		b.stored(e, f, t)
		if f.Name == "*" {
			b.starred(f, dataset)
		}
	}
}

// stored links a stored field with the table's.
func (b *builder) stored(e catalog.LineageEdge, f *qvs.Field, t *scriptTable) {
	if t != nil && len(t.fieldsNamed(f.Name)) > 0 {
		e.From = t.field(f.Name)
		b.edge(e)
		return
	}
	for _, c := range f.From { // the field was renamed or dropped after it was stored
		sure := e
		unsure(&sure, c)
		sure.From = b.column(c)
		b.edge(sure)
	}
}

// starred notes that a dataset has all columns of others.
func (b *builder) starred(f *qvs.Field, to catalog.Key) {
	for _, c := range f.From {
		if from := b.dataset(c.Object, qvs.Pos{}); c.Name == "*" && from != "" {
			b.stars = append(b.stars, catalog.LineageStar{From: from, To: to})
		}
	}
}
