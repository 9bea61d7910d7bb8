package postgres_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A sketch makes lineage of short lines: "FROM -> TO [confidence]" at column level, "FROM => TO" at table
// level, "~" before the arrow for indirect ones. Nodes are made of their keys.
func sketch(app catalog.Key, lines ...string) *catalog.LineageStored {
	l := &catalog.LineageStored{Reader: 1}
	l.App = app
	nodes := map[catalog.Key]catalog.LineageNode{app: {Key: app, Kind: catalog.NodeApp, Connection: app.Connection(), Name: string(app)}}
	add := func(k catalog.Key) {
		n := catalog.LineageNode{Key: k, Connection: k.Connection(), Name: string(k), Report: app}
		head, column, isColumn := strings.Cut(string(k), "#")
		inside := strings.TrimPrefix(string(k), string(app)+"/")
		switch {
		case isColumn:
			n.Kind, n.Parent, n.Name = catalog.NodeScriptField, catalog.Key(head), column
			if k.Outside() {
				n.Kind, n.Report = catalog.NodeDatasetColumn, ""
			}
		case k.Outside():
			n.Kind, n.Report = catalog.NodeDataset, ""
			if strings.Contains(head, "*") {
				n.Mask = "^" + strings.NewReplacer(".", `\.`, "*", "[^/]*").Replace(head) + "$"
			}
		case strings.HasPrefix(inside, "script/"):
			n.Kind = catalog.NodeScriptTable
		case strings.HasPrefix(inside, "field/"):
			n.Kind = catalog.NodeField
		case strings.HasPrefix(inside, "m"):
			n.Kind = catalog.NodeMeasure
		case strings.Contains(inside, "/"):
			n.Kind = catalog.NodeCell
		case k != app:
			n.Kind = catalog.NodeSheet
		default:
			return
		}
		nodes[k] = n
	}
	for i, line := range lines {
		part := strings.Fields(line)
		e := catalog.LineageEdge{
			From: catalog.Key(part[0]), To: catalog.Key(part[2]), Level: catalog.ColumnLevel, How: catalog.Direct, Origin: catalog.FromScript,
			Confidence: 1, Statement: fmt.Sprintf("LOAD %d", i), Source: app + "/script", Tab: "Main", Line: i + 1, Column: 2,
		}
		switch part[1] {
		case "=>":
			e.Level = catalog.TableLevel
		case "~>":
			e.How = catalog.Indirect
		case "-->": // a cell on a sheet, a sheet in an app
			e.Level, e.Origin, e.Statement, e.Source, e.Tab, e.Line, e.Column = catalog.TableLevel, catalog.FromStructure, "", "", "", 0, 0
		}
		if len(part) > 3 {
			_, _ = fmt.Sscan(part[3], &e.Confidence)
		}
		add(e.From)
		add(e.To)
		l.Edges = append(l.Edges, e)
	}
	for _, k := range slices.Sorted(maps.Keys(nodes)) {
		l.Nodes = append(l.Nodes, nodes[k])
	}
	return l
}

// lineage stores lineage as a crawl does, and expects that it changes something or not.
func (b *bench) lineage(run catalog.RunID, l *catalog.LineageStored, want bool) {
	b.t.Helper()
	src, err := b.LineageSource(b.t.Context(), l.App)
	b.must(err)
	l.Content = src.Content
	changed, err := b.SaveLineage(b.t.Context(), run, l)
	b.must(err)
	if changed != want {
		b.t.Fatalf("the lineage of %s changed: %v, want %v", l.App, changed, want)
	}
}

// withLineage is a crawl of these apps with this lineage.
func (b *bench) withLineage(list ...*catalog.LineageStored) {
	b.t.Helper()
	run := b.start()
	for _, l := range list {
		_, id, _ := strings.Cut(string(l.App), "/")
		_, err := b.Save(b.t.Context(), run, plain(id), at(1))
		b.must(err)
		b.lineage(run, l, true)
	}
	b.must(b.LinkLineage(b.t.Context(), run))
	b.done(run)
}

// plain is an app with a script and nothing else.
func plain(id string) *catalog.Snapshot {
	app := catalog.AppKey("prod", id)
	return &catalog.Snapshot{
		Unit: catalog.Unit{Key: app, Name: "App " + id}, Version: "v1",
		Reports: []catalog.Report{{Key: app, Kind: catalog.ReportApp, Type: catalog.TypeApp, Name: "App " + id}},
		Sources: []catalog.SourceCode{{Key: catalog.ScriptKey(app), Report: app, Type: catalog.TypeScript, Code: "LOAD 1 AS x AUTOGENERATE 1;"}},
	}
}

// ask gives the edges of an answer as "FROM -> TO", and the keys of its nodes with their depths.
func (b *bench) ask(q catalog.LineageQuery) (edges, nodes []string, g *catalog.LineageGraph) {
	b.t.Helper()
	if !q.Scope.All && q.Scope.Connections == nil {
		q.Scope = everything
	}
	g, err := b.Lineage(b.t.Context(), q)
	b.must(err)
	for _, e := range g.Edges {
		arrow := " -> "
		if e.How == catalog.Indirect {
			arrow = " ~> "
		}
		edges = append(edges, string(e.From)+arrow+string(e.To))
	}
	for _, n := range g.Nodes {
		nodes = append(nodes, fmt.Sprintf("%d %s", n.Depth, n.Key))
	}
	return edges, nodes, g
}

func want(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// sales is an app whose chart shows a column of a database, through two tables of its script.
func sales() *catalog.LineageStored {
	return sketch("prod/a",
		"dataset:mssql://erp:1433/ERP.dbo.Orders#amount -> prod/a/script/raw#amount 0.9",
		"prod/a/script/raw#amount -> prod/a/script/Orders#Amount",
		"dataset:mssql://erp:1433/ERP.dbo.Orders#state ~> prod/a/script/Orders#Amount",
		"prod/a/script/Orders#Amount -> prod/a/field/Amount",
		"prod/a/field/Amount -> prod/a/m1",
		"prod/a/m1 -> prod/a/s1/c1",
		"prod/a/s1/c1 --> prod/a/s1",
		"prod/a/s1 --> prod/a",
		"dataset:mssql://erp:1433/ERP.dbo.Orders => prod/a/script/raw",
		"prod/a/script/raw => prod/a/script/Orders",
		"prod/a/script/Orders => prod/a/s1/c1",
		"prod/a/script/Orders => prod/a",
	)
}

func TestLineageIsFollowedToTheRealSources(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	edges, nodes, g := b.ask(catalog.LineageQuery{Key: "prod/a/s1/c1", Direction: catalog.Upstream, Columns: true})
	want(t, "columns above a chart", edges,
		"dataset:mssql://erp:1433/ERP.dbo.Orders#amount -> prod/a/field/Amount",
		"dataset:mssql://erp:1433/ERP.dbo.Orders#state ~> prod/a/field/Amount",
		"prod/a/field/Amount -> prod/a/m1",
		"prod/a/m1 -> prod/a/s1/c1")
	want(t, "their depths", nodes,
		"0 prod/a/s1/c1", "1 prod/a/m1", "2 prod/a/field/Amount",
		"3 dataset:mssql://erp:1433/ERP.dbo.Orders#amount", "3 dataset:mssql://erp:1433/ERP.dbo.Orders#state")
	first := g.Edges[0]
	first.Run = 0
	if d := cmp.Diff(catalog.LineageEdge{
		From: "dataset:mssql://erp:1433/ERP.dbo.Orders#amount", To: "prod/a/field/Amount", Level: catalog.ColumnLevel, How: catalog.Direct,
		Origin: catalog.FromScript, Confidence: 0.9, Statement: "LOAD 0", Source: "prod/a/script", Tab: "Main", Line: 1, Column: 2,
		Via: []catalog.Key{"prod/a/script/raw#amount", "prod/a/script/Orders#Amount"},
	}, first); d != "" {
		t.Errorf("the edge that stands for three (-want +got):\n%s", d)
	}
	edges, _, _ = b.ask(catalog.LineageQuery{Key: "prod/a/s1/c1", Direction: catalog.Upstream})
	want(t, "tables above a chart", edges, "dataset:mssql://erp:1433/ERP.dbo.Orders -> prod/a/s1/c1")
	edges, _, _ = b.ask(catalog.LineageQuery{Key: "prod/a", Direction: catalog.Upstream, All: true})
	want(t, "all tables above an app", edges,
		"dataset:mssql://erp:1433/ERP.dbo.Orders -> prod/a/script/raw",
		"prod/a/s1 -> prod/a", "prod/a/s1/c1 -> prod/a/s1", "prod/a/script/Orders -> prod/a",
		"prod/a/script/Orders -> prod/a/s1/c1", "prod/a/script/raw -> prod/a/script/Orders")
}

func TestLineageTellsWhatBreaks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	for name, q := range map[string]catalog.LineageQuery{
		"a column":  {Key: "dataset:mssql://erp:1433/ERP.dbo.Orders#amount"},
		"a table":   {Key: "dataset:mssql://erp:1433/ERP.dbo.Orders", Columns: true},
		"a server":  {Key: "dataset:mssql://erp:1433"},
		"with tail": {Key: "dataset:mssql://erp:1433/", Columns: true},
	} {
		q.Direction = catalog.Downstream
		_, nodes, _ := b.ask(q)
		all := strings.Join(nodes, "\n") + "\n"
		for _, key := range []string{"prod/a", "prod/a/s1", "prod/a/s1/c1"} {
			if !strings.Contains(all, " "+key+"\n") {
				t.Errorf("without %s, %s isn't said to break:\n%s", name, key, all)
			}
		}
	}
}

func TestLineageHasDepthAndLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	_, nodes, g := b.ask(catalog.LineageQuery{Key: "prod/a/field/Amount", Depth: 1})
	want(t, "one step both ways", nodes, "0 prod/a/field/Amount",
		"1 dataset:mssql://erp:1433/ERP.dbo.Orders#amount", "1 dataset:mssql://erp:1433/ERP.dbo.Orders#state", "1 prod/a/m1")
	if !g.Truncated || g.Nodes[3].Side != catalog.Downstream || g.Nodes[1].Side != catalog.Upstream {
		t.Errorf("truncated: %v, sides %v", g.Truncated, g.Nodes)
	}
	_, nodes, g = b.ask(catalog.LineageQuery{Key: "prod/a/field/Amount", Direction: catalog.Downstream, Limit: 3})
	if len(nodes) != 3 || !g.Truncated {
		t.Errorf("%d nodes, truncated: %v", len(nodes), g.Truncated)
	}
	_, _, g = b.ask(catalog.LineageQuery{Key: "prod/a/field/Amount", Depth: 4})
	if g.Truncated {
		t.Error("nothing is beyond four steps, but it is said to be truncated")
	}
}

// fan is a file that so many apps read, each through script fields.
func fan(apps int) (list []*catalog.LineageStored) {
	for i := range apps {
		app := catalog.Key(fmt.Sprintf("prod/app%03d", i))
		list = append(list, sketch(app,
			"dataset:file://f/all.qvd#x -> "+string(app)+"/script/T#x", string(app)+"/script/T#x -> "+string(app)+"/script/U#x",
			string(app)+"/script/U#x -> "+string(app)+"/field/x", string(app)+"/field/x -> "+string(app)+"/m1"))
	}
	return list
}

func TestALineageTooLargeIsTruncatedNearestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(fan(70)...) // more than is fetched ahead at first
	q := catalog.LineageQuery{Key: "dataset:file://f/all.qvd#x", Direction: catalog.Downstream}
	_, nodes, g := b.ask(q)
	if len(nodes) != 141 || g.Truncated || len(g.Edges) != 140 {
		t.Fatalf("%d nodes, %d edges, truncated: %v", len(nodes), len(g.Edges), g.Truncated)
	}
	q.Limit = 50
	_, _, g = b.ask(q)
	if len(g.Nodes) != 50 || !g.Truncated || g.Nodes[49].Depth != 1 {
		t.Errorf("%d nodes, truncated: %v", len(g.Nodes), g.Truncated)
	}
	for _, e := range g.Edges {
		if e.From != q.Key || len(e.Via) != 2 {
			t.Errorf("an edge of another step: %+v", e)
		}
	}
	_, _, g = b.ask(catalog.LineageQuery{Key: "prod/app007/field/x", Limit: 3})
	if len(g.Nodes) != 3 || g.Nodes[1].Side == g.Nodes[2].Side {
		t.Errorf("of two ways one takes all the room: %+v", g.Nodes)
	}
}

func TestAPathIsFoundThroughWhatHalfTheSiteReads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(append(fan(70), sketch("prod/z", "dataset:file://f/far.csv#x -> prod/z/script/T#x", "prod/z/script/T#x -> dataset:file://f/all.qvd#x"))...)
	for _, c := range []struct{ from, to catalog.Key }{
		{"dataset:file://f/far.csv#x", "prod/app069/m1"},
		{"prod/app069/m1", "dataset:file://f/far.csv#x"},
		{"prod/z/script/T#x", "prod/app069/m1"},
	} {
		g, err := b.LineagePath(t.Context(), catalog.LineageQuery{Scope: everything, Key: c.from, Limit: 80}, c.to)
		b.must(err)
		if g.Nodes[0].Key != c.from || g.Nodes[3].Key != c.to || len(g.Edges) != 3 {
			t.Errorf("from %s to %s: %+v", c.from, c.to, g.Nodes)
		}
	}
	_, err := b.LineagePath(t.Context(), catalog.LineageQuery{Scope: everything, Key: "prod/app001/m1"}, "prod/app002/m1")
	wantCode(t, err, catalog.CodeNotFound)
}

func TestLineageInACircleEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sketch("prod/a",
		"dataset:file://f/a.qvd#x -> prod/a/script/T#x", "prod/a/script/T#x -> prod/a/script/U#x", "prod/a/script/U#x -> prod/a/script/T#x",
		"prod/a/script/U#x -> dataset:file://f/b.qvd#x", "dataset:file://f/b.qvd#x -> dataset:file://f/a.qvd#x"))
	for _, all := range []bool{false, true} {
		for _, way := range []catalog.Direction{catalog.Upstream, catalog.Downstream, catalog.Both} {
			_, nodes, _ := b.ask(catalog.LineageQuery{Key: "dataset:file://f/a.qvd#x", Direction: way, All: all})
			if n := 2 + 2*map[bool]int{true: 1}[all]; len(nodes) != n {
				t.Errorf("%s, all %v: %d nodes, want %d: %v", way, all, len(nodes), n, nodes)
			}
		}
	}
}

func TestShortestPath(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	for name, ends := range map[string][2]catalog.Key{
		"down": {"dataset:mssql://erp:1433/ERP.dbo.Orders#amount", "prod/a/s1/c1"},
		"up":   {"prod/a/s1/c1", "dataset:mssql://erp:1433/ERP.dbo.Orders#amount"},
	} {
		g, err := b.LineagePath(t.Context(), catalog.LineageQuery{Scope: everything, Key: ends[0]}, ends[1])
		b.must(err)
		if len(g.Nodes) != 4 || len(g.Edges) != 3 || g.Nodes[0].Key != ends[0] || g.Nodes[3].Key != ends[1] || g.Nodes[3].Depth != 3 {
			t.Errorf("%s: %+v", name, g)
		}
	}
	_, err := b.LineagePath(t.Context(), catalog.LineageQuery{Scope: everything, Key: "dataset:mssql://erp:1433/ERP.dbo.Orders#state"}, "dataset:mssql://erp:1433/ERP.dbo.Orders#amount")
	wantCode(t, err, catalog.CodeNotFound)
}

func TestUnknownKeysHaveNeighbours(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	_, err := b.Lineage(t.Context(), catalog.LineageQuery{Scope: everything, Key: "prod/a/field/amount"})
	wantCode(t, err, catalog.CodeNotFound)
	near, err := b.LineageNear(t.Context(), everything, "prod/a/field/amount")
	b.must(err)
	if !slices.Contains(near, "prod/a/field/Amount") {
		t.Errorf("near are %v", near)
	}
}

func TestQVDsMeetAcrossAppsThroughMasksAndStars(t *testing.T) {
	t.Parallel()
	b := setup(t)
	extract := func(app, file string) *catalog.LineageStored {
		l := sketch(catalog.Key("prod/"+app),
			"dataset:mssql://erp:1433/ERP.dbo.Orders#* -> prod/"+app+"/script/T#*", "prod/"+app+"/script/T#* -> dataset:file://f/qvd/"+file+"#*",
			"dataset:mssql://erp:1433/ERP.dbo.Orders => prod/"+app+"/script/T", "prod/"+app+"/script/T => dataset:file://f/qvd/"+file,
			"prod/"+app+"/script/T#made -> dataset:file://f/qvd/"+file+"#Made")
		l.Stars = []catalog.LineageStar{{From: "dataset:mssql://erp:1433/ERP.dbo.Orders", To: catalog.Key("dataset:file://f/qvd/" + file)}}
		return l
	}
	b.withLineage(extract("a", "sales_2024.qvd"), extract("b", "sales_2025.qvd"), extract("z", "other.qvd"),
		sketch("prod/c",
			"dataset:file://f/qvd/sales_*.qvd#Amount -> prod/c/field/Amount", "dataset:file://f/qvd/sales_*.qvd#Made -> prod/c/field/Made",
			"dataset:file://f/qvd/sales_*.qvd => prod/c"))
	edges, _, _ := b.ask(catalog.LineageQuery{Key: "prod/c/field/Amount", Direction: catalog.Upstream})
	want(t, "a column behind a mask and stars", edges,
		"dataset:file://f/qvd/sales_*.qvd#Amount -> prod/c/field/Amount",
		"dataset:file://f/qvd/sales_2024.qvd#Amount -> dataset:file://f/qvd/sales_*.qvd#Amount",
		"dataset:file://f/qvd/sales_2025.qvd#Amount -> dataset:file://f/qvd/sales_*.qvd#Amount",
		"dataset:mssql://erp:1433/ERP.dbo.Orders#Amount -> dataset:file://f/qvd/sales_2024.qvd#Amount",
		"dataset:mssql://erp:1433/ERP.dbo.Orders#Amount -> dataset:file://f/qvd/sales_2025.qvd#Amount")
	edges, _, _ = b.ask(catalog.LineageQuery{Key: "prod/c/field/Made", Direction: catalog.Upstream})
	want(t, "a column that was stored by name", edges,
		"dataset:file://f/qvd/sales_*.qvd#Made -> prod/c/field/Made",
		"dataset:file://f/qvd/sales_2024.qvd#Made -> dataset:file://f/qvd/sales_*.qvd#Made",
		"dataset:file://f/qvd/sales_2025.qvd#Made -> dataset:file://f/qvd/sales_*.qvd#Made")
	edges, _, _ = b.ask(catalog.LineageQuery{Key: "prod/c", Direction: catalog.Upstream})
	if !slices.Contains(edges, "dataset:file://f/qvd/sales_2025.qvd -> dataset:file://f/qvd/sales_*.qvd") || strings.Contains(strings.Join(edges, " "), "other.qvd") {
		t.Errorf("tables above the app: %v", edges)
	}

	run := b.start()
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/b"}))
	b.must(b.LinkLineage(t.Context(), run))
	b.done(run)
	edges, _, _ = b.ask(catalog.LineageQuery{Key: "prod/c/field/Amount", Direction: catalog.Upstream})
	if len(edges) != 3 || strings.Contains(strings.Join(edges, " "), "2025") {
		t.Errorf("after a producer is gone: %v", edges)
	}
	if left := b.column("select key from catalog.lineage_node where key like '%2025%'"); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestUnchangedLineageWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	rows := "select xmin::text || ctid::text from qlikcrawler.lineage_%s order by 1"
	snapshot := func() (all []string) {
		for _, table := range []string{"node", "edge", "statement", "unit", "link", "unlinked"} {
			all = append(all, b.column(fmt.Sprintf(rows, table))...)
		}
		return all
	}
	before := snapshot()
	run := b.start()
	b.lineage(run, sales(), false)
	b.must(b.LinkLineage(t.Context(), run))
	want(t, "rows after the same lineage", snapshot(), before...)
	b.lineage(run, sketch("prod/a", "dataset:x://y/z#c -> prod/a/field/F"), true)
	got := b.column("select from_key || ' ' || to_key || ' ' || run || ' ' || statement || ' ' || line || ' ' || confidence from catalog.lineage_edge")
	want(t, "edges after another lineage", got, fmt.Sprintf("dataset:x://y/z#c prod/a/field/F %d LOAD 0 1 1", run))
}

func TestOnlyAppsThatReadOrStoreOtherThingsAreLinkedAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const f = "dataset:file://f/a.qvd"
	b.withLineage(sketch("prod/a", "dataset:db#x -> "+f+"#x", f+"#x -> prod/a/field/x"))
	run := b.start()
	for _, step := range []struct {
		name  string
		lines []string
		marks int
	}{
		{"a measure more", []string{"dataset:db#x -> " + f + "#x", f + "#x -> prod/a/field/x", "prod/a/field/x -> prod/a/m1"}, 0},
		{"another column", []string{"dataset:db#x -> " + f + "#x", f + "#y -> prod/a/field/x"}, 1},
		{"as it was before", []string{"dataset:db#x -> " + f + "#x", f + "#x -> prod/a/field/x"}, 1},
		{"a column stored by name", []string{"dataset:db#x -> " + f + "#x", "dataset:db#y -> " + f + "#x", f + "#x -> prod/a/field/x"}, 1},
		{"a file less", []string{"dataset:db#x -> prod/a/field/x"}, 1},
	} {
		b.lineage(run, sketch("prod/a", step.lines...), true)
		if got := len(b.column("select unit from qlikcrawler.lineage_unlinked")); got != step.marks {
			t.Errorf("%s: %d apps are to be linked, want %d", step.name, got, step.marks)
		}
		b.must(b.LinkLineage(t.Context(), run))
	}
}

func TestAZombieCannotWriteLineage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	run := b.start()
	l := sketch("prod/a", "dataset:x://y/z#c -> prod/a/field/F")
	src, err := b.LineageSource(t.Context(), "prod/a")
	b.must(err)
	l.Content = src.Content
	s := plain("a")
	s.Sources[0].Code = "LOAD 2 AS x AUTOGENERATE 1;"
	b.save(run, s, catalog.Updated)
	for name, as := range map[string]catalog.RunID{"of a run": run, "on demand": 0} {
		if _, err = b.SaveLineage(t.Context(), as, l); catalog.CodeOf(err) != catalog.CodeConflict {
			t.Errorf("lineage %s of rows that have changed: %v", name, err)
		}
	}
	b.done(run)
	src, err = b.LineageSource(t.Context(), "prod/a")
	b.must(err)
	l.Content = src.Content
	_, err = b.SaveLineage(t.Context(), run, l)
	wantCode(t, err, catalog.CodeConflict)
	wantCode(t, b.LinkLineage(t.Context(), run), catalog.CodeConflict)
	wantCode(t, b.SaveDataConnections(t.Context(), run, nil), catalog.CodeConflict)
}

func TestLineageIsDueForWhatChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	due := func(reader int, all, includes bool) []string {
		t.Helper()
		keys, err := b.LineageDue(t.Context(), "prod", reader, all, includes)
		b.must(err)
		out := []string{}
		for _, k := range keys {
			out = append(out, string(k))
		}
		return out
	}
	places := []catalog.DataConnection{{ID: "1", Name: "QVD", Type: "folder", ConnectString: `\\f\qvd`}, {ID: "2", Name: "Other"}}
	run := b.start()
	b.must(b.SaveDataConnections(t.Context(), run, places))
	b.save(run, plain("a"), catalog.Added)
	b.save(run, plain("b"), catalog.Added)
	want(t, "new ones", due(1, false, false), "prod/a", "prod/b")
	a, c := sketch("prod/a"), sketch("prod/b")
	a.Uses, a.Connections, c.Connections, c.Includes = []string{"qvd"}, places, places, true
	b.lineage(run, a, true)
	b.lineage(run, c, true)
	b.done(run)
	want(t, "nothing changed", due(1, false, false))
	want(t, "everything", due(1, true, false), "prod/a", "prod/b")
	want(t, "another reader", due(2, false, false), "prod/a", "prod/b")
	want(t, "those with includes", due(1, false, true), "prod/b")

	run = b.start()
	s := plain("b")
	b.save(run, s, catalog.Unchanged)
	want(t, "an app that didn't change", due(1, false, false))
	s.Reports[0].Name = "Renamed"
	b.save(run, s, catalog.Updated)
	want(t, "an app that did", due(1, false, false), "prod/b")
	places[0].ConnectString = `\\g\qvd`
	b.must(b.SaveDataConnections(t.Context(), run, places))
	want(t, "a data connection that moved", due(1, false, false), "prod/a", "prod/b")
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/a", "prod/b"}))
	want(t, "retired ones", due(1, true, false))
	b.save(run, plain("a"), catalog.Added)
	want(t, "one that is back", due(1, false, false), "prod/a")
	_, err := b.LineageDue(t.Context(), "none", 1, false, false)
	wantCode(t, err, catalog.CodeNotFound)
}

func TestLineageShowsOnlyWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "hr", Name: "HR", Type: "qlik-sense"}))
	b.withLineage(sketch("prod/a", "dataset:x://y/z#c -> prod/a/field/F", "dataset:x://y/mine#c -> dataset:x://y/z#c"))
	run, err := b.StartRun(t.Context(), catalog.Run{Connection: "hr", Mode: catalog.Full, Trigger: catalog.ByCLI})
	b.must(err)
	s := plain("h")
	s.Unit.Key, s.Reports[0].Key, s.Sources[0].Key = "hr/h", "hr/h", "hr/h/script"
	b.save(run, s, catalog.Added)
	b.lineage(run, sketch("hr/h", "dataset:x://y/z#c -> hr/h/field/Salary"), true)
	b.done(run)
	for name, test := range map[string]struct {
		scope catalog.Scope
		want  []string
	}{
		"everything": {everything, []string{"0 dataset:x://y/z#c", "1 dataset:x://y/mine#c", "1 hr/h/field/Salary", "1 prod/a/field/F"}},
		"hr":         {catalog.Scope{Connections: []string{"hr"}}, []string{"0 dataset:x://y/z#c", "1 hr/h/field/Salary"}},
	} {
		_, nodes, _ := b.ask(catalog.LineageQuery{Key: "dataset:x://y/z#c", Scope: test.scope})
		want(t, name, nodes, test.want...)
	}
	for _, key := range []catalog.Key{"prod/a/field/F", "dataset:x://y/mine#c"} {
		_, err = b.Lineage(t.Context(), catalog.LineageQuery{Key: key, Scope: catalog.Scope{Connections: []string{"hr"}}})
		wantCode(t, err, catalog.CodeNotFound)
	}
}
