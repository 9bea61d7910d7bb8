package drawing_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/ui/drawing"
)

// sales is the lineage of a chart: a database table, a script table, a model, a measure, the chart, its sheet.
func sales() catalog.LineageGraph {
	node := func(key string, kind catalog.NodeKind, name string) catalog.GraphNode {
		return catalog.GraphNode{LineageNode: catalog.LineageNode{Key: catalog.Key(key), Kind: kind, Name: name, Connection: "q"}}
	}
	edge := func(from, to string, how catalog.How) catalog.LineageEdge {
		return catalog.LineageEdge{From: catalog.Key(from), To: catalog.Key(to), How: how, Origin: catalog.FromScript}
	}
	return catalog.LineageGraph{
		Key: "q/app1/s1/c1",
		Nodes: []catalog.GraphNode{
			node("q/app1/s1/c1", catalog.NodeCell, "Sales by <region> & \"month\""),
			node("q/app1/s1/c1/measure/0", catalog.NodeMeasure, "Sum of sales"),
			node("q/app1/m1", catalog.NodeMeasure, "Margin"),
			node("q/app1/field/Sales", catalog.NodeField, "Sales"),
			node("q/app1/field/Region", catalog.NodeField, "Region"),
			node("dataset:sqlserver://db:1433/erp.dbo.Orders", catalog.NodeDataset, "erp.dbo.Orders"),
			node("dataset:sqlserver://db:1433/erp.dbo.Orders#Amount", catalog.NodeDatasetColumn, "Amount"),
			node("dataset:sqlserver://db:1433/erp.dbo.Orders#Region", catalog.NodeDatasetColumn, "Region"),
			node("q/app1", catalog.NodeApp, "Sales app"),
			node("q/app1/s1", catalog.NodeSheet, "Overview"),
		},
		Edges: []catalog.LineageEdge{
			edge("dataset:sqlserver://db:1433/erp.dbo.Orders#Amount", "q/app1/field/Sales", catalog.Direct),
			edge("dataset:sqlserver://db:1433/erp.dbo.Orders#Region", "q/app1/field/Region", catalog.Direct),
			edge("q/app1/field/Sales", "q/app1/m1", catalog.Direct),
			edge("q/app1/field/Region", "q/app1/m1", catalog.Indirect),
			edge("q/app1/m1", "q/app1/s1/c1/measure/0", catalog.Direct),
			edge("q/app1/s1/c1/measure/0", "q/app1/s1/c1", catalog.Direct),
			edge("q/app1/s1/c1", "q/app1/s1", catalog.Direct),
			edge("q/app1/s1", "q/app1", catalog.Direct),
		},
	}
}

func TestColumnsAreRowsOfTheirTables(t *testing.T) {
	t.Parallel()
	boxes, links := drawing.Boxes(sales(), drawing.Options{})
	got := map[string]int{}
	for _, b := range boxes {
		got[b.Title] = len(b.Rows)
	}
	for title, rows := range map[string]int{
		"erp.dbo.Orders": 2, "Data model": 2, "Master items": 1, "Sales by <region> & \"month\"": 1, "Sales app": 0, "Overview": 0,
	} {
		if n, ok := got[title]; !ok || n != rows {
			t.Errorf("box %q has %d rows, want %d; boxes %v", title, n, rows, got)
		}
	}
	if len(links) != 5 {
		t.Errorf("closed, %d links, want 5 between 6 boxes: %+v", len(links), links)
	}
	for _, l := range links {
		if strings.HasSuffix(l.From, "|model") && (l.Indirect || len(l.Edges) != 2) {
			t.Errorf("a link of a direct and an indirect edge is %+v, want direct, with both", l)
		}
	}
}

func TestAnOpenBoxHasItsLinksAtItsRows(t *testing.T) {
	t.Parallel()
	_, links := drawing.Boxes(sales(), drawing.Options{All: true})
	found := 0
	for _, l := range links {
		if l.From == "q/app1/field/Region" && l.To == "q/app1/m1" && l.Indirect {
			found++
		}
	}
	if found != 1 || len(links) != 7 {
		t.Errorf("%d links, want 7 and among them the filter: %+v", len(links), links)
	}
}

func TestDataFlowsFromLeftToRightAndNothingOverlaps(t *testing.T) {
	t.Parallel()
	for _, o := range []drawing.Options{{}, {All: true}, {All: true, ByApp: true}} {
		p := draw(t, sales(), o)
		at := map[string]drawing.PlacedBox{}
		for _, b := range p.Boxes {
			at[b.Title] = b
			if b.X < 0 || b.Y < 0 || b.X+b.W > p.Width || b.Y+b.H > p.Height {
				t.Errorf("%s is outside of the picture: %+v", b.Title, b)
			}
			for _, other := range p.Boxes {
				if b.ID != other.ID && b.X < other.X+other.W && other.X < b.X+b.W && b.Y < other.Y+other.H && other.Y < b.Y+b.H {
					t.Errorf("%s and %s overlap", b.Title, other.Title)
				}
			}
		}
		if at["erp.dbo.Orders"].X >= at["Data model"].X || at["Data model"].X >= at["Sales app"].X {
			t.Errorf("the database isn't left of the model, or that not of the app: %+v", at)
		}
		if o.ByApp != (len(p.Frames) == 1) {
			t.Errorf("%d frames", len(p.Frames))
		}
	}
}

func TestPicturesAreWellFormedWhateverTheNames(t *testing.T) {
	t.Parallel()
	g := sales()
	for i, name := range []string{`<script>alert(1)</script>`, "\u202e right to left", strings.Repeat("ü", 300), `"quotes' & ]]>`} {
		g.Nodes[i].Name = name
	}
	p := draw(t, g, drawing.Options{All: true, ByApp: true})
	g.Nodes[4].Name = "a bell \a and a \x01 \ufffe" // a page may hold it, a file may not
	for _, write := range []func(io.Writer) error{p.Inline, draw(t, g, drawing.Options{All: true}).Alone} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "<script") {
			t.Error("a name became an element")
		}
		d := xml.NewDecoder(&b)
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if dir := os.Getenv("QLIKCRAWLER_PICTURES"); dir != "" {
		f, err := os.Create(dir + "/lineage.svg")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := draw(t, sales(), drawing.Options{All: true, ByApp: true}).Alone(f); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCyclesAndManyCallersAreDrawn(t *testing.T) {
	t.Parallel()
	g := sales()
	g.Edges = append(g.Edges, catalog.LineageEdge{From: "q/app1", To: "dataset:sqlserver://db:1433/erp.dbo.Orders"})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { draw(t, g, drawing.Options{}) })
	}
	all.Wait()
}

func draw(t testing.TB, g catalog.LineageGraph, o drawing.Options) drawing.Picture {
	t.Helper()
	boxes, links := drawing.Boxes(g, o)
	p, err := drawing.Draw(t.Context(), boxes, links)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
