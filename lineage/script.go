package lineage

import (
	"fmt"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

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
