package drawing_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/ui/drawing"
)

// warehouse is a graph of some size: layers of tables, each fed by some of the layer before, with columns that feed
// columns; the last layer is charts with a measure.
func warehouse(tables, columns, layers int) catalog.LineageGraph {
	rnd := rand.New(rand.NewPCG(1, 2))
	g := catalog.LineageGraph{Key: "dataset:file://f/t0.qvd"}
	node := func(key string, kind catalog.NodeKind, name string) {
		g.Nodes = append(g.Nodes, catalog.GraphNode{LineageNode: catalog.LineageNode{Key: catalog.Key(key), Kind: kind, Name: name}})
	}
	key := func(t int) string { return fmt.Sprintf("dataset:file://f/t%d.qvd", t) }
	per := max(1, tables/layers)
	for t := range tables {
		node(key(t), catalog.NodeDataset, fmt.Sprintf("table %d.qvd", t))
		for c := range columns {
			node(fmt.Sprintf("%s#c%d", key(t), c), catalog.NodeDatasetColumn, fmt.Sprintf("Column %d", c))
		}
		if layer := t / per; layer > 0 {
			for range 1 + rnd.IntN(2) {
				from := (layer-1)*per + rnd.IntN(per)
				for c := range max(1, columns) {
					e := catalog.LineageEdge{From: catalog.Key(key(from)), To: catalog.Key(key(t)), How: catalog.Direct}
					if columns > 0 {
						e.From, e.To = catalog.Key(fmt.Sprintf("%s#c%d", key(from), c)), catalog.Key(fmt.Sprintf("%s#c%d", key(t), c))
					}
					g.Edges = append(g.Edges, e)
				}
			}
		}
	}
	return g
}

// BenchmarkDraw draws 2,000 nodes: tables with columns, closed as a page first shows them, and boxes without rows,
// which nothing can close.
func BenchmarkDraw(b *testing.B) {
	for _, size := range []struct{ tables, columns, layers int }{{100, 19, 6}, {400, 4, 6}, {1000, 1, 8}, {2000, 0, 10}, {2000, 0, 3}} {
		g := warehouse(size.tables, size.columns, size.layers)
		b.Run(fmt.Sprintf("tables=%d/columns=%d/layers=%d", size.tables, size.columns, size.layers), func(b *testing.B) {
			for b.Loop() {
				if err := draw(b, g, drawing.Options{}).Inline(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
