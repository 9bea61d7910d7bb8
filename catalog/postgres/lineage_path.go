package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// pathNodes is how many nodes a search for a path looks at, unless the query says otherwise.
const pathNodes = 100_000

// LineagePath gives the shortest way that data takes from one node to another, as a graph of just its
// nodes and edges in their order, whichever of the two comes first. Of the query it reads Scope, Key (where
// it starts), Columns, All and Limit (nodes looked at). CodeNotFound if there is no way, or no such node.
func (db *DB) LineagePath(ctx context.Context, q catalog.LineageQuery, to catalog.Key) (*catalog.LineageGraph, error) {
	if q.Limit <= 0 {
		q.Limit = pathNodes
	}
	var g *catalog.LineageGraph
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: beginWalk}, func(tx pgx.Tx) error {
		first, second := q, q
		second.Key = to
		a, _, err := findStart(ctx, tx, first)
		if err != nil {
			return err
		}
		b, _, err := findStart(ctx, tx, second)
		if err != nil {
			return err
		}
		q.Columns = q.Columns || a.Kind.Columnar() || b.Kind.Columnar()
		if g, err = findPath(ctx, newWalker(tx, q.Scope, q.Columns, q.All, mostAhead), q, to); g != nil || err != nil {
			return err
		}
		return &catalog.Error{
			Code: catalog.CodeNotFound, Op: "find a way from", Key: q.Key,
			Err: fmt.Errorf("no data flows between it and %s, as far as the catalog knows", to),
		}
	})
	return g, fail("find a way from", q.Key, err)
}

// findPath looks for a way down from the start to the end, and for one up, in turn a step each. It gives nil if there
// is none.
func findPath(ctx context.Context, w *walker, q catalog.LineageQuery, to catalog.Key) (*catalog.LineageGraph, error) {
	starts, err := w.ends(ctx, q, q.Key)
	if err != nil {
		return nil, err
	}
	ends, err := w.ends(ctx, q, to)
	if err != nil {
		return nil, err
	}
	list := []*meeting{
		{newPathfinder(w, catalog.Downstream, starts), newPathfinder(w, catalog.Upstream, ends)},
		{newPathfinder(w, catalog.Upstream, starts), newPathfinder(w, catalog.Downstream, ends)},
	}
	for looked := 0; len(list) > 0; {
		for _, m := range list {
			at, n, err := m.step(ctx)
			if err != nil {
				return nil, err
			}
			if at != "" {
				return m.graph(ctx, q, at)
			}
			looked += n
		}
		list = slices.DeleteFunc(list, (*meeting).over)
		if looked > q.Limit {
			return nil, &catalog.Error{
				Code: catalog.CodeTooLarge, Op: "find a way from", Key: q.Key,
				Err:  errors.New("more nodes than the limit depend on it"),
				Cure: "Start from a column rather than from a table.",
			}
		}
	}
	return nil, nil
}

// A meeting searches from both ends of a path: what comes of one of them is often few, where what comes of the other
// is half a site.
type meeting struct{ there, back *pathfinder }

// over reports whether one of the two has nowhere to go.
func (m *meeting) over() bool { return len(m.there.frontier) == 0 || len(m.back.frontier) == 0 }

// step goes one step on from the end that has fewer ways to go, and gives the node in which the two meet on the
// shortest way, or "", and how many nodes it came to.
func (m *meeting) step(ctx context.Context) (at catalog.Key, looked int, err error) {
	p, other := m.there, m.back
	if len(other.frontier) < len(p.frontier) {
		p, other = other, p
	}
	if err := p.step(ctx); err != nil {
		return "", 0, err
	}
	for _, k := range p.frontier {
		if d, met := other.depth[k]; met && (at == "" || d < other.depth[at]) {
			at = k
		}
	}
	return at, len(p.frontier), nil
}

// A pathfinder searches breadth first in one direction.
type pathfinder struct {
	w        *walker
	way      catalog.Direction
	by       map[catalog.Key]*walked // how a node was reached; nil: it is a start
	depth    map[catalog.Key]int
	frontier []catalog.Key // those that were reached last
}

func newPathfinder(w *walker, way catalog.Direction, starts []catalog.Key) *pathfinder {
	p := &pathfinder{w: w, way: way, by: map[catalog.Key]*walked{}, depth: map[catalog.Key]int{}, frontier: starts}
	for _, k := range starts {
		p.by[k], p.depth[k] = nil, 0
	}
	return p
}

// step goes one step on.
func (p *pathfinder) step(ctx context.Context) error {
	if _, err := p.w.closure(ctx, p.way, p.frontier, -1, false, nil); err != nil {
		return err
	}
	var next []catalog.Key
	for _, k := range p.frontier {
		for _, e := range p.w.steps(p.way, k) {
			o := other(e, p.way)
			if _, known := p.depth[o]; !known {
				p.by[o], p.depth[o] = e, p.depth[k]+1
				next = append(next, o)
			}
		}
	}
	p.frontier = next
	return nil
}

// trail goes back from a node to where the search started.
func (p *pathfinder) trail(k catalog.Key) (edges []*walked, nodes []catalog.Key) {
	for e := p.by[k]; e != nil; e = p.by[k] {
		k = end(e, p.way)
		edges, nodes = append(edges, e), append(nodes, k)
	}
	return edges, nodes
}

// ends are a node, or its columns when columns are followed, as far as they may be seen.
func (w *walker) ends(ctx context.Context, q catalog.LineageQuery, key catalog.Key) ([]catalog.Key, error) {
	q.Key, q.Columns = key, w.columns
	_, members, err := findStart(ctx, w.tx, q)
	ends := append([]catalog.Key{key}, members...)
	known := map[catalog.Key]bool{}
	for _, k := range ends {
		known[k] = true
	}
	if err == nil {
		err = w.learn(ctx, known)
	}
	w.named[key] = true
	return slices.DeleteFunc(ends, func(k catalog.Key) bool { return w.nodes[k] == nil }), err
}

// graph is the way through the node in which the two met.
func (m *meeting) graph(ctx context.Context, q catalog.LineageQuery, at catalog.Key) (*catalog.LineageGraph, error) {
	edges, nodes := m.there.trail(at)
	slices.Reverse(edges)
	slices.Reverse(nodes)
	onward, rest := m.back.trail(at)
	edges, nodes = append(edges, onward...), slices.Concat(nodes, []catalog.Key{at}, rest)
	w, way := m.there.w, m.there.way
	told, err := w.tell(ctx, edges)
	if err != nil {
		return nil, err
	}
	known := map[catalog.Key]*catalog.GraphNode{}
	for i, k := range nodes {
		if known[k] = (&catalog.GraphNode{Depth: i}); i > 0 {
			known[k].Side = way
		}
	}
	err = w.describe(ctx, known)
	g := &catalog.LineageGraph{Key: q.Key, Direction: way, Columns: w.columns, Edges: told}
	for _, k := range nodes {
		g.Nodes = append(g.Nodes, *known[k])
	}
	return g, err
}
