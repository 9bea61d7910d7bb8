package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// LineagePath gives the shortest way that data takes from one node to another, as a graph of just its
// nodes and edges in their order, whichever of the two comes first. Of the query it reads Scope, Key (where
// it starts), Columns, All and Limit (nodes looked at). CodeNotFound if there is no way, or no such node.
func (db *DB) LineagePath(ctx context.Context, q catalog.LineageQuery, to catalog.Key) (*catalog.LineageGraph, error) {
	if q.Limit <= 0 {
		q.Limit = 20 * defaultNodes
	}
	var g *catalog.LineageGraph
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, db.pool, options, func(tx pgx.Tx) error {
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
		for _, way := range []catalog.Direction{catalog.Downstream, catalog.Upstream} {
			p := &pathfinder{w: newWalker(tx, q.Scope, q.Columns, q.All), way: way, by: map[catalog.Key]*walked{}, limit: q.Limit}
			if g, err = p.find(ctx, q, to); g != nil || err != nil {
				return err
			}
		}
		return &catalog.Error{
			Code: catalog.CodeNotFound, Op: "find a way from", Key: q.Key,
			Err: fmt.Errorf("no data flows between it and %s, as far as the catalog knows", to),
		}
	})
	return g, fail("find a way from", q.Key, err)
}

// A pathfinder searches breadth first in one direction.
type pathfinder struct {
	w     *walker
	way   catalog.Direction
	by    map[catalog.Key]*walked // how a node was reached; nil: it is a start
	limit int
}

// find gives nil if there is no way.
func (p *pathfinder) find(ctx context.Context, q catalog.LineageQuery, to catalog.Key) (*catalog.LineageGraph, error) {
	starts, err := p.ends(ctx, q, q.Key)
	if err != nil {
		return nil, err
	}
	ends, err := p.ends(ctx, q, to)
	if err != nil {
		return nil, err
	}
	frontier := starts
	for _, k := range starts {
		p.by[k] = nil
	}
	for len(frontier) > 0 {
		if err := p.w.closure(ctx, p.way, frontier); err != nil {
			return nil, err
		}
		var next []catalog.Key
		for _, k := range frontier {
			for _, e := range p.w.steps(p.way, k) {
				o := other(e, p.way)
				if _, known := p.by[o]; known {
					continue
				}
				if p.by[o] = e; slices.Contains(ends, o) {
					return p.graph(ctx, q, o)
				}
				next = append(next, o)
			}
		}
		if len(p.by) > p.limit {
			return nil, &catalog.Error{
				Code: catalog.CodeTooLarge, Op: "find a way from", Key: q.Key,
				Err:  errors.New("more nodes than the limit depend on it"),
				Cure: "Start from a column rather than from a table.",
			}
		}
		frontier = next
	}
	return nil, nil
}

// ends are a node, or its columns when columns are followed.
func (p *pathfinder) ends(ctx context.Context, q catalog.LineageQuery, key catalog.Key) ([]catalog.Key, error) {
	q.Key, q.Columns = key, p.w.columns
	_, members, err := findStart(ctx, p.w.tx, q)
	ends := append([]catalog.Key{key}, members...)
	known := map[catalog.Key]bool{}
	for _, k := range ends {
		known[k] = true
	}
	if err == nil {
		err = p.w.learn(ctx, known)
	}
	return ends, err
}

// graph goes back from where the search ended.
func (p *pathfinder) graph(ctx context.Context, q catalog.LineageQuery, end catalog.Key) (*catalog.LineageGraph, error) {
	var edges []*walked
	nodes := []catalog.Key{end}
	for e := p.by[end]; e != nil; e = p.by[nodes[len(nodes)-1]] {
		edges = append(edges, e)
		if p.way == catalog.Downstream {
			nodes = append(nodes, e.From)
		} else {
			nodes = append(nodes, e.To)
		}
	}
	slices.Reverse(edges)
	slices.Reverse(nodes)
	told, err := p.w.tell(ctx, edges)
	g := &catalog.LineageGraph{Key: q.Key, Direction: p.way, Columns: p.w.columns, Edges: told}
	for i, k := range nodes {
		n := catalog.GraphNode{LineageNode: *p.w.nodes[k], Depth: i}
		if i > 0 {
			n.Side = p.way
		}
		g.Nodes = append(g.Nodes, n)
	}
	return g, err
}
