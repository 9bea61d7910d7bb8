package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func (b *bench) say(edges ...catalog.ManualEdge) {
	b.t.Helper()
	for i := range edges {
		edges[i].Author, edges[i].Reason = "ada", "I know it"
	}
	_, err := b.PutManualEdges(b.t.Context(), edges)
	b.must(err)
}

const (
	amount = "dataset:mssql://erp:1433/ERP.dbo.Orders#amount"
	field  = "prod/a/field/Amount"
)

func TestWhatAPersonSaysWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	b.say(catalog.ManualEdge{From: "dataset:postgres://dwh/x.y.z#amount", To: field, How: catalog.Indirect, Confidence: 0.5},
		catalog.ManualEdge{From: amount, To: field, Denied: true},                                         // of an edge that stands for three
		catalog.ManualEdge{From: "prod/a/m1", To: "prod/a/s1/c1", How: catalog.Indirect, Confidence: 0.7}, // of one that the program reads
		catalog.ManualEdge{From: field, To: "prod/a/m1", Denied: true})
	edges, _, g := b.ask(catalog.LineageQuery{Key: field, Direction: catalog.Upstream})
	want(t, "above the field", edges, "dataset:mssql://erp:1433/ERP.dbo.Orders#state ~> "+field, "dataset:postgres://dwh/x.y.z#amount ~> "+field)
	if e := g.Edges[1]; e.Origin != catalog.FromPerson || e.Author != "ada" || e.Reason != "I know it" || e.Confidence != 0.5 {
		t.Errorf("the manual edge is %+v", e)
	}
	edges, _, g = b.ask(catalog.LineageQuery{Key: "prod/a/s1/c1", Direction: catalog.Upstream, Columns: true})
	want(t, "above the chart", edges, "prod/a/m1 ~> prod/a/s1/c1")
	if g.Edges[0].Origin != catalog.FromPerson {
		t.Errorf("the program's edge is shown: %+v", g.Edges[0])
	}
	got := b.column("select from_key || ' ' || to_key || ' ' || origin || ' ' || coalesce(author, '') from catalog.lineage_edge where to_key in ($1, 'prod/a/m1', 'prod/a/s1/c1') and level = 'column' order by 1", field)
	want(t, "the view", got, "dataset:postgres://dwh/x.y.z#amount "+field+" manual ada", "prod/a/m1 prod/a/s1/c1 manual ada", "prod/a/script/Orders#Amount "+field+" script ")
	list, err := b.ManualEdges(t.Context(), everything, "")
	b.must(err)
	conflicts := []string{}
	for _, e := range list {
		conflicts = append(conflicts, e.Conflict)
	}
	want(t, "the conflicts", conflicts, "", "", "the program reads such an edge; it is hidden", "the program reads this edge too, as column direct; its own is hidden")
}

func TestWhatAPersonSaysSurvives(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	b.say(catalog.ManualEdge{From: "dataset:postgres://dwh/x.y.z#amount", To: field}, catalog.ManualEdge{From: amount, To: field, Denied: true})
	was, err := b.ManualEdges(t.Context(), everything, "prod/")
	b.must(err)
	same := func(after string) {
		t.Helper()
		is, err := b.ManualEdges(t.Context(), everything, "prod/")
		b.must(err)
		for i := range is {
			is[i].Conflict = ""
		}
		if d := cmp.Diff(was, is); d != "" {
			t.Errorf("after %s (-want +got):\n%s", after, d)
		}
	}
	run := b.start()
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/a"}))
	b.done(run)
	same("the app is retired")
	list, err := b.ManualEdges(t.Context(), everything, "")
	b.must(err)
	if !strings.Contains(list[0].Conflict, "has no "+field) {
		t.Errorf("of a retired app the conflict is %q", list[0].Conflict)
	}
	if left := b.column("select to_key from catalog.lineage_edge where origin <> 'manual'"); len(left) > 0 {
		t.Errorf("of a retired app there are still %v", left)
	}
	s := plain("a")
	s.Reports[0].Name = "Another name"
	run = b.start()
	b.save(run, s, catalog.Added)
	b.lineage(run, sales(), true)
	b.must(b.LinkLineage(t.Context(), run))
	b.done(run)
	same("it is back under another name")
	edges, _, _ := b.ask(catalog.LineageQuery{Key: field, Direction: catalog.Upstream, Depth: 1})
	want(t, "above the field of the app that is back", edges, "dataset:mssql://erp:1433/ERP.dbo.Orders#state ~> "+field, "dataset:postgres://dwh/x.y.z#amount -> "+field)
	run = b.start()
	b.lineage(run, sketch("prod/a", amount+" -> "+field), true)
	b.done(run)
	same("it is read anew")
	edges, _, _ = b.ask(catalog.LineageQuery{Key: field, Direction: catalog.Upstream, Depth: 1})
	want(t, "above the field that is read anew", edges, "dataset:postgres://dwh/x.y.z#amount -> "+field)
	b.must(b.RemoveManualEdge(t.Context(), amount, field))
	wantCode(t, b.RemoveManualEdge(t.Context(), amount, field), catalog.CodeNotFound)
	edges, _, _ = b.ask(catalog.LineageQuery{Key: field, Direction: catalog.Upstream, Depth: 1})
	want(t, "above the field when it is taken back", edges, amount+" -> "+field, "dataset:postgres://dwh/x.y.z#amount -> "+field)
}

func TestManualEdgesAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := catalog.ManualEdge{From: "dataset:x://y/z", To: "prod/a", Author: "ada", Reason: "why"}
	for name, spoil := range map[string]func(*catalog.ManualEdge){
		"no from":        func(e *catalog.ManualEdge) { e.From = "" },
		"to itself":      func(e *catalog.ManualEdge) { e.To = e.From },
		"no author":      func(e *catalog.ManualEdge) { e.Author = " " },
		"no reason":      func(e *catalog.ManualEdge) { e.Reason = "" },
		"odd level":      func(e *catalog.ManualEdge) { e.Level = "row" },
		"odd how":        func(e *catalog.ManualEdge) { e.How = "perhaps" },
		"too sure":       func(e *catalog.ManualEdge) { e.Confidence = 2 },
		"no lineage key": func(e *catalog.ManualEdge) { e.To = "Sales" },
	} {
		bad := good
		spoil(&bad)
		_, err := b.PutManualEdges(t.Context(), []catalog.ManualEdge{good, bad})
		if catalog.CodeOf(err) != catalog.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := b.ManualEdges(t.Context(), everything, ""); err != nil || len(list) > 0 {
		t.Errorf("stored are %v (%v)", list, err)
	}
	for _, want := range []int{1, 0} {
		if n, err := b.PutManualEdges(t.Context(), []catalog.ManualEdge{good}); err != nil || n != want {
			t.Errorf("%d changed (%v), want %d", n, err, want)
		}
	}
	list, err := b.ManualEdges(t.Context(), catalog.Scope{Connections: []string{"hr"}}, "")
	if err != nil || len(list) > 0 {
		t.Errorf("others see %v (%v)", list, err)
	}
}

func TestARemovedConnectionTakesItsLineageAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sales())
	b.say(catalog.ManualEdge{From: "dataset:x://y/z", To: "prod/a"})
	b.must(b.RemoveConnection(t.Context(), "prod"))
	b.must(b.LinkLineage(t.Context(), 0))
	for _, table := range []string{"node", "edge", "statement", "unit", "link", "star", "gap", "manual", "unlinked"} {
		if n := b.column("select count(*)::text from qlikcrawler.lineage_" + table)[0]; n != "0" {
			t.Errorf("lineage_%s has %s rows", table, n)
		}
	}
}

// Two people import the same edges in other orders at the same time: neither stands in the other's way for good.
func TestOverlappingImportsOfManualEdgesBothEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	edges := make([]catalog.ManualEdge, 200)
	for i := range edges {
		edges[i] = catalog.ManualEdge{
			From: catalog.Key(fmt.Sprintf("dataset:table://a/%d", i)), To: catalog.Key(fmt.Sprintf("dataset:table://b/%d", i)), Author: "ann", Reason: "as told",
		}
	}
	backwards := slices.Clone(edges)
	slices.Reverse(backwards)
	for i := range backwards {
		backwards[i].Author = "bob"
	}
	for range 5 {
		g, ctx := errgroup.WithContext(t.Context())
		for _, list := range [][]catalog.ManualEdge{edges, backwards} {
			g.Go(func() error {
				_, err := b.PutManualEdges(ctx, list)
				return err
			})
		}
		b.must(g.Wait())
	}
	if got := b.column("select distinct author from qlikcrawler.lineage_manual"); len(got) != 1 {
		t.Errorf("the edges are said by %v; the later import replaces all", got)
	}
}
