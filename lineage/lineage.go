// Package lineage tells where the data of an app comes from: it reads the load script and the expressions
// that the catalog has stored, and joins what they say into a graph from database columns and files to
// fields, measures, charts, sheets and the app. It does no I/O.
//
// Two apps meet in a file, because both name it by the same key: see place.go. What can't be understood is a
// gap with its place, never a failure.
package lineage

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// Reader is the version of what this package and its readers understand. When it is raised, the lineage of
// every app is made anew from what is stored, at its connection's next crawl or build.
const Reader = 3

// An Input is what an app's lineage is made from.
type Input struct {
	App         *catalog.Snapshot // its live rows; groups and gaps aren't looked at
	Connections []catalog.DataConnection
	// Include gives a file that the script includes; nil: included files can't be read.
	Include func(path string) (string, error)
	QVDs    *QVDs // nil: headers of QVD files can't be read
}

// Build tells where the data of an app comes from. The same input gives the same lineage, in the same
// order.
func Build(in Input) catalog.Lineage {
	b := newBuilder(in)
	b.reports()
	b.script()
	b.model()
	b.expressions()
	return b.lineage()
}

func newBuilder(in Input) *builder {
	return &builder{
		in: in, app: in.App.Unit.Key, atlas: newAtlas(in.App.Unit.Key, in.Connections),
		nodes: map[catalog.Key]catalog.LineageNode{}, edges: map[edgeID]catalog.LineageEdge{},
		uses: map[string]bool{}, told: map[catalog.LineageGap]bool{}, masked: map[string]string{},
		tablesOf: map[string][]catalog.Key{}, headed: map[qvs.Object]*headed{},
	}
}

// A builder collects the lineage of one app.
type builder struct {
	in    Input
	app   catalog.Key
	atlas *atlas

	nodes map[catalog.Key]catalog.LineageNode
	edges map[edgeID]catalog.LineageEdge
	gaps  []catalog.LineageGap
	told  map[catalog.LineageGap]bool
	stars []catalog.LineageStar
	uses  map[string]bool // data connections that the script names, folded

	masked   map[string]string        // statements without credentials, by what they were
	result   *qvs.Result              // nil: the app's script isn't known
	data     []*scriptTable           // what the script leaves in the data model
	headed   map[qvs.Object]*headed   // the QVD files that it loads, if headers are read
	doubtful int                      // from this line on an include is missing; 0: none is
	tablesOf map[string][]catalog.Key // the script's tables in the data model that have a field

	columns, unresolved int
	includes            bool
}

type edgeID struct {
	from, to catalog.Key
	level    catalog.Level
}

func (b *builder) node(n catalog.LineageNode) {
	if !n.Key.Outside() {
		n.Connection = b.app.Connection()
	}
	if _, known := b.nodes[n.Key]; !known {
		b.nodes[n.Key] = n
	}
}

// edge adds an edge. Of several between the same two, a direct one counts, then the surest, then the first.
func (b *builder) edge(e catalog.LineageEdge) {
	if e.From == e.To || e.From == "" || e.To == "" {
		return
	}
	e.Confidence = float64(int(e.Confidence*1000+0.5)) / 1000
	id := edgeID{e.From, e.To, e.Level}
	was, known := b.edges[id]
	if known && (was.How == catalog.Direct && e.How == catalog.Indirect || was.How == e.How && was.Confidence >= e.Confidence) {
		return
	}
	b.edges[id] = e
}

func (b *builder) gap(g catalog.LineageGap) {
	g.App = b.app
	if !b.told[g] {
		b.told[g] = true
		b.gaps = append(b.gaps, g)
	}
}

// lineage puts everything in order.
func (b *builder) lineage() catalog.Lineage {
	l := catalog.Lineage{
		App: b.app, Gaps: b.gaps, Stars: b.stars, Columns: b.columns, Unresolved: b.unresolved,
		Uses: slices.Sorted(maps.Keys(b.uses)), Includes: b.includes,
	}
	for _, key := range slices.Sorted(maps.Keys(b.nodes)) {
		l.Nodes = append(l.Nodes, b.nodes[key])
	}
	for _, e := range b.edges {
		l.Edges = append(l.Edges, e)
	}
	slices.SortFunc(l.Edges, func(x, y catalog.LineageEdge) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To), cmp.Compare(x.Level, y.Level))
	})
	slices.SortFunc(l.Stars, func(x, y catalog.LineageStar) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To))
	})
	l.Stars = slices.Compact(l.Stars)
	return l
}

// reports are the app, its sheets and its cells: a cell's data is shown on its sheet, a sheet's in the app.
func (b *builder) reports() {
	for _, r := range b.in.App.Reports {
		n := catalog.LineageNode{Key: r.Key, Name: r.Name, Report: b.app}
		switch r.Kind {
		case catalog.ReportApp:
			n.Kind = catalog.NodeApp
		case catalog.ReportSheet:
			n.Kind = catalog.NodeSheet
		default:
			n.Kind = catalog.NodeCell
			n.Attributes = map[string]any{"type": r.Type}
		}
		b.node(n)
		if r.Parent != "" && r.Kind != catalog.ReportApp {
			b.structure(r.Key, r.Parent, catalog.TableLevel)
		}
	}
	b.node(catalog.LineageNode{Key: b.app, Name: b.in.App.Unit.Name, Kind: catalog.NodeApp, Report: b.app})
}

// structure says that one thing is a part of another.
func (b *builder) structure(part, whole catalog.Key, level catalog.Level) {
	b.edge(catalog.LineageEdge{From: part, To: whole, Level: level, How: catalog.Direct, Origin: catalog.FromStructure, Confidence: 1})
}

// model joins the data model's fields with the script's.
func (b *builder) model() {
	fields := b.in.App.Columns
	if len(fields) == 0 { // the source doesn't tell the model: the script does
		fields = b.scriptFields()
	}
	for _, f := range fields {
		b.node(catalog.LineageNode{Key: f.Key, Kind: catalog.NodeField, Name: f.Name, Report: b.app, Attributes: fieldAttributes(f)})
		b.structure(f.Key, b.app, catalog.ColumnLevel)
		if b.result == nil {
			continue
		}
		b.columns++
		if !b.fromScript(f) {
			b.unresolved++
			b.gap(catalog.LineageGap{Source: catalog.ScriptKey(b.app), What: f.Name, Why: b.whyUnresolved(f)})
		}
	}
}

func fieldAttributes(f catalog.ModelField) map[string]any {
	if len(f.Tables) == 0 {
		return nil
	}
	return map[string]any{"tables": f.Tables}
}

// scriptFields are the fields of the tables that the script leaves, as far as it names them.
func (b *builder) scriptFields() []catalog.ModelField {
	tables := map[string][]string{}
	for _, t := range b.data {
		for _, f := range t.Fields {
			if f.Name != "*" {
				tables[f.Name] = append(tables[f.Name], t.Name)
			}
		}
	}
	var out []catalog.ModelField
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		key := catalog.ModelFieldKey(b.app, name)
		if len(key) <= catalog.MaxKey {
			out = append(out, catalog.ModelField{Key: key, Name: name, Tables: tables[name]})
		}
	}
	return out
}

// fromScript links a field with those of the script's tables that it is in, and tells whether its origin is
// known.
func (b *builder) fromScript(f catalog.ModelField) bool {
	found, known := false, false
	for _, t := range b.data {
		for _, sf := range t.fieldsNamed(f.Name) {
			found = true
			known = known || t.resolved(b.atlas, sf)
			b.edge(catalog.LineageEdge{
				From: t.field(f.Name), To: f.Key, Level: catalog.ColumnLevel, How: catalog.Direct, Origin: catalog.FromScript,
				Confidence: 1, Source: catalog.ScriptKey(b.app),
			})
			b.tablesOf[f.Name] = append(b.tablesOf[f.Name], t.key)
		}
	}
	if found {
		return known
	}
	return b.behindStars(f)
}

// How sure it is that a field comes from what a star stands for.
const (
	oneStar   = 0.8
	someStars = 0.5
)

// behindStars looks for a field that the script doesn't name behind the stars of its tables.
func (b *builder) behindStars(f catalog.ModelField) bool {
	type candidate struct {
		table *scriptTable
		star  *qvs.Field
		from  qvs.Column
	}
	var all []candidate
	for _, t := range b.data {
		if len(f.Tables) > 0 && !slices.Contains(f.Tables, t.Name) && b.hasTable(f.Tables) {
			continue
		}
		for _, star := range t.fieldsNamed("*") {
			for _, c := range star.From {
				if c.Name == "*" && b.atlas.place(c.Object).namespace != "" {
					all = append(all, candidate{t, star, c})
				}
			}
		}
	}
	sure := oneStar
	if len(all) > 1 {
		sure = someStars
	}
	for _, c := range all {
		e := b.step(c.table.Table, c.star, nameOf(c.from.Object))
		e.From, e.To = b.column(qvs.Column{Object: c.from.Object, Name: f.Name}), b.scriptField(c.table, f.Name)
		e.Confidence *= sure
		b.edge(e)
		e.From, e.To, e.Confidence = e.To, f.Key, 1
		b.edge(e)
		b.tablesOf[f.Name] = append(b.tablesOf[f.Name], c.table.key)
	}
	return len(all) > 0
}

// hasTable reports whether the script leaves one of these tables: synthetic ones and renamed ones aren't its.
func (b *builder) hasTable(names []string) bool {
	return slices.ContainsFunc(b.data, func(t *scriptTable) bool { return slices.Contains(names, t.Name) })
}

func (b *builder) whyUnresolved(f catalog.ModelField) string {
	for _, t := range b.data {
		if len(t.fieldsNamed(f.Name)) > 0 {
			return "the statement that makes the field was read, but not which column it takes"
		}
	}
	if b.doubtful > 0 {
		return "no statement of the script makes this field; an included file, which can't be read, may"
	}
	return "no statement of the script makes this field"
}

// now is the time of a reload, as far as a script can ask for it: unknown.
var now time.Time

var errNoIncludes = errors.New("no folder of included files is configured (options.qvs_path)")

// runScript reads the app's script, if the catalog has it.
func (b *builder) runScript() {
	for _, s := range b.in.App.Sources {
		if strings.TrimSpace(s.Code) == "" {
			continue
		}
		b.result = qvs.Run(s.Code, qvs.Options{Now: now, Columns: b.headerOf, Include: func(path string) (string, error) {
			b.includes = true
			if b.in.Include == nil {
				return "", errNoIncludes
			}
			return b.in.Include(path)
		}})
		return
	}
}
