package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// defaultNodes is how many nodes a graph has at most, unless the query says otherwise.
const defaultNodes = 1000

// Lineage answers a LineageQuery from one moment of the catalog. CodeNotFound if there is nothing of that
// key, or it may not be seen; CodeInvalid for a direction that isn't one.
func (db *DB) Lineage(ctx context.Context, q catalog.LineageQuery) (*catalog.LineageGraph, error) {
	if q.Direction == "" {
		q.Direction = catalog.Both
	}
	if q.Direction != catalog.Upstream && q.Direction != catalog.Downstream && q.Direction != catalog.Both {
		return nil, &catalog.Error{
			Code: catalog.CodeInvalid, Op: "follow the lineage of", Key: q.Key,
			Err: fmt.Errorf("there is no direction %q", q.Direction), Cure: "Say upstream, downstream or both.",
		}
	}
	if q.Limit <= 0 {
		q.Limit = defaultNodes
	}
	var g *catalog.LineageGraph
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: beginWalk}, func(tx pgx.Tx) error {
		root, starts, err := findStart(ctx, tx, q)
		if err != nil {
			return err
		}
		q.Columns = q.Columns || root.Kind.Columnar()
		b := &grapher{q: q, w: newWalker(tx, q.Scope, q.Columns, q.All, 4*q.Limit), nodes: map[catalog.Key]*catalog.GraphNode{}}
		g, err = b.build(ctx, root, starts)
		return err
	})
	return g, fail("follow the lineage of", q.Key, err)
}

// A grapher collects the answer to a query.
type grapher struct {
	q         catalog.LineageQuery
	w         *walker
	nodes     map[catalog.Key]*catalog.GraphNode
	edges     []*walked
	room      int // nodes that the answer may have, so far
	truncated bool
}

// build walks from the start in the ways asked for.
func (b *grapher) build(ctx context.Context, root *catalog.LineageNode, starts []catalog.Key) (*catalog.LineageGraph, error) {
	b.nodes[root.Key] = &catalog.GraphNode{LineageNode: *root}
	b.w.nodes[root.Key] = root
	for _, way := range []catalog.Direction{catalog.Upstream, catalog.Downstream} {
		if b.q.Direction != way && b.q.Direction != catalog.Both {
			continue
		}
		if b.room = b.q.Limit; way == catalog.Upstream && b.q.Direction == catalog.Both {
			b.room = (b.q.Limit + 1) / 2 // the other way is to be seen, too
		}
		if err := b.walk(ctx, way, root.Key, starts); err != nil {
			return nil, err
		}
	}
	edges, err := b.w.tell(ctx, distinct(b.edges))
	if err != nil {
		return nil, err
	}
	if err := b.w.describe(ctx, b.nodes); err != nil {
		return nil, err
	}
	g := &catalog.LineageGraph{
		Key: b.q.Key, Direction: b.q.Direction, Columns: b.q.Columns, Truncated: b.truncated,
		Nodes: []catalog.GraphNode{}, Edges: edges,
	}
	for _, n := range b.nodes {
		g.Nodes = append(g.Nodes, *n)
	}
	slices.SortFunc(g.Nodes, func(x, y catalog.GraphNode) int {
		return cmp.Or(cmp.Compare(x.Depth, y.Depth), cmp.Compare(x.Key, y.Key))
	})
	slices.SortFunc(g.Edges, compareEdges)
	return g, nil
}

// describe says what the nodes of an answer are.
func (w *walker) describe(ctx context.Context, nodes map[catalog.Key]*catalog.GraphNode) error {
	keys := make(map[catalog.Key]bool, len(nodes))
	for k := range nodes {
		keys[k] = true
	}
	err := w.learn(ctx, keys)
	for k, n := range nodes {
		if known := w.nodes[k]; known != nil {
			n.LineageNode = *known
		}
	}
	return err
}

// distinct leaves out edges that were met from both ends.
func distinct(edges []*walked) []*walked {
	seen := map[[2]catalog.Key]bool{}
	return slices.DeleteFunc(edges, func(e *walked) bool {
		pair := [2]catalog.Key{e.From, e.To}
		was := seen[pair]
		seen[pair] = true
		return was
	})
}

func compareEdges(x, y catalog.LineageEdge) int {
	if by := cmp.Compare(x.From, y.From); by != 0 {
		return by
	}
	return cmp.Or(cmp.Compare(x.To, y.To), cmp.Compare(x.How, y.How), cmp.Compare(x.Origin, y.Origin))
}

// walk goes level by level, until there is nothing more, or no room. Members are the parts of the start that stand one step from it, if it is a
// whole: the columns of a table, the datasets of a server.
func (b *grapher) walk(ctx context.Context, way catalog.Direction, root catalog.Key, members []catalog.Key) error {
	frontier := []catalog.Key{root}
	seen := map[catalog.Key]bool{root: true}
	for depth := 1; len(frontier) > 0; depth++ {
		full, err := b.w.closure(ctx, way, frontier, b.room-len(b.nodes), b.q.Depth > 0 && depth > b.q.Depth, b.nodes)
		if err != nil {
			return err
		}
		if depth == 1 {
			if err := b.join(ctx, way, root, members); err != nil {
				return err
			}
		}
		var next []catalog.Key
		for _, k := range frontier {
			for _, e := range b.w.steps(way, k) {
				o := other(e, way)
				if !b.admit(o, way, depth) {
					b.truncated = true
					continue
				}
				b.edges = append(b.edges, e)
				if !seen[o] {
					seen[o] = true
					next = append(next, o)
				}
			}
		}
		if frontier = next; full {
			b.truncated = true
			return nil
		}
	}
	return nil
}

// join ties a whole to its members, as if there were edges.
func (b *grapher) join(ctx context.Context, way catalog.Direction, root catalog.Key, members []catalog.Key) error {
	known := map[catalog.Key]bool{}
	for _, m := range members {
		known[m] = true
	}
	if err := b.w.look(ctx, known); err != nil {
		return err
	}
	for _, m := range members {
		if !b.w.sees(m) {
			continue
		}
		e := &walked{LineageEdge: catalog.LineageEdge{
			From: m, To: root, How: catalog.Direct, Level: catalog.TableLevel, Origin: catalog.FromStructure, Confidence: 1,
		}}
		if b.q.Columns {
			e.Level = catalog.ColumnLevel
		}
		if way == catalog.Downstream {
			e.From, e.To = root, m
		}
		b.w.fetched[way][root] = append(b.w.fetched[way][root], e)
	}
	return nil
}

// admit takes a node into the answer, if depth and limit allow.
func (b *grapher) admit(k catalog.Key, way catalog.Direction, depth int) bool {
	if b.nodes[k] != nil {
		return true
	}
	if b.q.Depth > 0 && depth > b.q.Depth || len(b.nodes) >= b.room {
		return false
	}
	b.nodes[k] = &catalog.GraphNode{LineageNode: catalog.LineageNode{Key: k}, Depth: depth, Side: way}
	return true
}

// findStart finds what a query's key means: a node, or a whole with its members.
func findStart(ctx context.Context, tx pgx.Tx, q catalog.LineageQuery) (*catalog.LineageNode, []catalog.Key, error) {
	w := newWalker(tx, q.Scope, q.Columns, q.All, 0)
	if err := w.learnStored(ctx, q.Key); err != nil {
		return nil, nil, err
	}
	if n := w.nodes[q.Key]; n != nil {
		if !q.Columns || n.Kind != catalog.NodeDataset && n.Kind != catalog.NodeScriptTable {
			return n, nil, nil
		}
		members, err := keysOf(ctx, tx, "select distinct key from qlikcrawler.lineage_node where parent_key = $1 order by 1", q.Key)
		return n, members, err
	}
	members, err := wholeOf(ctx, tx, q)
	if err != nil {
		return nil, nil, err
	}
	if len(members) == 0 {
		return nil, nil, noLineage(q.Key)
	}
	return &catalog.LineageNode{Key: q.Key, Kind: catalog.NodeDataset, Name: string(q.Key)}, members, nil
}

// learnStored is learn for one key, if the catalog or a person knows it.
func (w *walker) learnStored(ctx context.Context, key catalog.Key) error {
	var known bool
	err := w.tx.QueryRow(ctx, `select exists (select from qlikcrawler.lineage_node where key = $1)
		or exists (select from qlikcrawler.lineage_manual where from_key = $1 or to_key = $1)`, key).Scan(&known)
	if err != nil || !known {
		return err
	}
	return w.learn(ctx, map[catalog.Key]bool{key: true})
}

// connectionPart is in the keys that a query has for data connections: CODE/connection/NAME.
const connectionPart = "/connection/"

// wholeOf gives the datasets of a data connection, or those whose keys start with the key and a "/".
func wholeOf(ctx context.Context, tx pgx.Tx, q catalog.LineageQuery) ([]catalog.Key, error) {
	kind := string(catalog.NodeDataset)
	if q.Columns {
		kind = string(catalog.NodeDatasetColumn)
	}
	var members []catalog.Key
	var err error
	code, name, isConnection := strings.Cut(string(q.Key), connectionPart)
	switch {
	case q.Key.Outside():
		start := strings.TrimSuffix(string(q.Key), "/") + "/"
		members, err = keysOf(ctx, tx, `select distinct key from qlikcrawler.lineage_node
			where key >= $1 collate "C" and key < ($1 || chr(1114111)) collate "C" and kind = $2 order by 1 limit $3`, start, kind, q.Limit)
	case isConnection:
		members, err = keysOf(ctx, tx, `select distinct n.key from qlikcrawler.lineage_node d join qlikcrawler.lineage_node n
				on n.key = d.key and $3 = 'dataset' or n.parent_key = d.key and $3 = 'dataset_column'
			where d.unit >= $1 || '/' and d.unit < $1 || '0' and d.kind = 'dataset' and d.attributes ->> 'data_connection' = $2 order by 1 limit $4`,
			code, catalog.FoldName(name), kind, q.Limit)
	}
	return members, err
}

func keysOf(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]catalog.Key, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[catalog.Key])
}

func noLineage(key catalog.Key) error {
	return &catalog.Error{
		Code: catalog.CodeNotFound, Op: "follow the lineage of", Key: key,
		Err:  fmt.Errorf("nothing of this key has lineage"),
		Cure: "Check the key; `qlikcrawler lineage build CODE` makes the lineage of what was crawled.",
	}
}

// kindOf is what a key alone tells of a node: enough for datasets, script tables and model fields.
func kindOf(k catalog.Key) catalog.NodeKind {
	s := string(k)
	part := func(i int) string {
		list := strings.SplitN(s, "/", 5)
		if i < len(list) {
			return list[i]
		}
		return ""
	}
	switch {
	case k.Outside() && strings.Contains(s, "#"):
		return catalog.NodeDatasetColumn
	case k.Outside():
		return catalog.NodeDataset
	case part(2) == "script" && strings.Contains(s, "#"):
		return catalog.NodeScriptField
	case part(2) == "script" && part(3) != "":
		return catalog.NodeScriptTable
	case part(2) == "field" && part(3) != "":
		return catalog.NodeField
	case part(4) != "":
		if strings.HasPrefix(part(4), "dimension/") {
			return catalog.NodeDimension
		}
		return catalog.NodeMeasure
	case part(3) != "":
		return catalog.NodeCell
	case part(2) != "":
		return catalog.NodeSheet
	default:
		return catalog.NodeApp
	}
}
