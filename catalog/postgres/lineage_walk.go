package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A walker follows lineage in memory, fetching the edges of many nodes at once. It lives as long as one
// read-only transaction.
type walker struct {
	tx      pgx.Tx
	scope   catalog.Scope
	columns bool
	all     bool

	named   map[catalog.Key]bool // shown whatever they are: somebody asked for them
	nodes   map[catalog.Key]*catalog.LineageNode
	hidden  map[catalog.Key]bool
	fetched map[catalog.Direction]map[catalog.Key][]*walked
	denied  map[[2]catalog.Key]bool   // pairs of which a person spoke: true, that they have no edge
	ahead   map[catalog.Direction]int // see fetch
	most    int                       // of ahead
}

// A walked is an edge as it is fetched: its statement comes later, if it is shown.
type walked struct {
	catalog.LineageEdge
	unit      string
	statement int
}

// newWalker gives a walker that fetches so many nodes ahead at most.
func newWalker(tx pgx.Tx, scope catalog.Scope, columns, all bool, most int) *walker {
	return &walker{
		tx: tx, scope: scope, columns: columns, all: all, most: most,
		named: map[catalog.Key]bool{}, nodes: map[catalog.Key]*catalog.LineageNode{}, hidden: map[catalog.Key]bool{},
		fetched: map[catalog.Direction]map[catalog.Key][]*walked{catalog.Upstream: {}, catalog.Downstream: {}},
		denied:  map[[2]catalog.Key]bool{},
		ahead:   map[catalog.Direction]int{catalog.Upstream: leastAhead, catalog.Downstream: leastAhead},
	}
}

func other(e *walked, way catalog.Direction) catalog.Key {
	if way == catalog.Upstream {
		return e.From
	}
	return e.To
}

// allowed are the connections whose rows may be seen; nil for all.
func (w *walker) allowed() []string {
	if w.scope.All {
		return nil
	}
	if w.scope.Connections == nil {
		return []string{}
	}
	return w.scope.Connections
}

// overruled reports whether a person has spoken of this very edge.
func (w *walker) overruled(e *walked) bool {
	_, spoken := w.denied[[2]catalog.Key{e.From, e.To}]
	return spoken
}

// nodesOf gives what nodes are, and whether they may be seen: $1 their keys, $2 the connections that may be, null for all.
// A column of a file that a thousand apps read is there a thousand times, in the same words: the first does.
const nodesOf = `
	select k.key, coalesce(n.connection, ''), coalesce(n.kind, ''), coalesce(n.name, ''), coalesce(n.parent_key, ''), coalesce(n.report_key, ''), n.attributes,
		n.key is not null and ($2::text[] is null or n.unit <> ''
			or exists (select from qlikcrawler.lineage_node p where p.key = n.parent_key and split_part(p.unit, '/', 1) = any($2)))
	from unnest($1::text[]) k(key) left join lateral (
		(select n.* from qlikcrawler.lineage_node n where n.key = k.key collate "C" and k.key like '%#%' and n.unit <> '' and ` + seen + ` limit 1)
		union all
		(select n.* from qlikcrawler.lineage_node n where n.key = k.key collate "C" and k.key not like '%#%' and n.unit <> '' and ` + seen + ` order by n.unit desc limit 1)
		union all
		(select n.* from qlikcrawler.lineage_node n where n.key = k.key collate "C" and n.unit = '' limit 1)
		limit 1) n on true
	where n.key is not null or exists (select from qlikcrawler.lineage_node x where x.key = k.key collate "C")`

// seen says whether a node's row n comes from a connection that may be seen.
const seen = `($2::text[] is null or split_part(n.unit, '/', 1) = any($2))`

// learn fetches what nodes are. Those that may not be seen stay unknown.
func (w *walker) learn(ctx context.Context, keys map[catalog.Key]bool) error {
	var ask []catalog.Key
	for k := range keys {
		if w.nodes[k] == nil && !w.hidden[k] {
			ask = append(ask, k)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	rows, err := w.tx.Query(ctx, nodesOf, ask, w.allowed())
	if err != nil {
		return err
	}
	var n catalog.LineageNode
	var mayBeSeen bool
	_, err = pgx.ForEachRow(rows, []any{
		(*string)(&n.Key), &n.Connection, (*string)(&n.Kind), &n.Name, (*string)(&n.Parent), (*string)(&n.Report), (*attributes)(&n.Attributes), &mayBeSeen,
	}, func() error {
		if mayBeSeen {
			found := n
			w.nodes[n.Key] = &found
		} else {
			w.hidden[n.Key] = true
		}
		n.Attributes = nil
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range ask {
		if w.nodes[k] == nil && !w.hidden[k] && (k.Outside() || w.scope.Allows(k.Connection())) {
			w.nodes[k] = unknownNode(k) // a person named it, or it is retired
		}
	}
	return nil
}

// unknownNode is what a key alone tells.
func unknownNode(k catalog.Key) *catalog.LineageNode {
	n := &catalog.LineageNode{Key: k, Connection: k.Connection(), Name: string(k), Kind: kindOf(k)}
	if k.Outside() {
		n.Name = string(k[len(catalog.DatasetPrefix):])
	}
	return n
}

// look makes sure that it is known which nodes may be seen. Who may see all needn't ask: what nodes are is asked of those that
// are shown, which are few of those that a walk comes to.
func (w *walker) look(ctx context.Context, keys map[catalog.Key]bool) error {
	if w.scope.All {
		return nil
	}
	return w.learn(ctx, keys)
}

// sees reports whether a node may be seen, of those that were looked at.
func (w *walker) sees(k catalog.Key) bool { return w.scope.All || w.nodes[k] != nil }

// shows reports whether a node is part of the answer; data flows through the others. That is told by its key, too.
func (w *walker) shows(k catalog.Key) bool {
	if w.all || w.named[k] {
		return true
	}
	if n := w.nodes[k]; n != nil {
		return !n.Kind.Inner()
	}
	return !kindOf(k).Inner()
}

// atOnce is how many nodes are asked about at once, besides those ahead: between two times it is seen whether there
// are enough.
const atOnce = 256

// closure makes sure that the edges of nodes are there, and of all that isn't shown behind them. It stops when it has
// come to more shown nodes than there is room for, those in the answer not counted, and tells so; room below 0 is room for all.
// last says that nothing behind these nodes will be asked for.
func (w *walker) closure(
	ctx context.Context, way catalog.Direction, keys []catalog.Key, room int, last bool, in map[catalog.Key]*catalog.GraphNode,
) (cut bool, err error) {
	seen := map[catalog.Key]bool{}
	found := 0
	keys = slices.Clone(keys) // it grows
	wanted := room
	if last {
		wanted = 0
	}
	for done := 0; done < len(keys); {
		part := keys[done:min(done+atOnce, len(keys))]
		done += len(part)
		if err := w.fetch(ctx, way, part, wanted); err != nil {
			return false, err
		}
		for _, k := range part {
			for _, e := range w.fetched[way][k] {
				o := other(e, way)
				if seen[o] {
					continue
				}
				seen[o] = true
				switch {
				case !w.shows(o):
					keys = append(keys, o)
				case in[o] == nil:
					found++
				}
			}
		}
		if room >= 0 && found > room {
			return true, nil
		}
	}
	return false, nil
}

// steps gives the edges from a shown node to the next shown ones, with what is between them left out: the
// surest way to each. The edges of the node must have been fetched by closure.
func (w *walker) steps(way catalog.Direction, from catalog.Key) []*walked {
	best := map[catalog.Key]*walked{}
	var order []catalog.Key
	seen := map[catalog.Key]float64{}
	type at struct {
		key catalog.Key
		by  *walked // nil at the start
	}
	queue := []at{{from, nil}}
	for len(queue) > 0 {
		here := queue[0]
		queue = queue[1:]
		for _, e := range w.fetched[way][here.key] {
			next := contracted(here.by, e, way)
			o := other(e, way)
			if o == from || next.Origin != catalog.FromPerson && w.overruled(next) {
				continue
			}
			rank := next.Confidence
			if next.How == catalog.Indirect {
				rank -= 2 // a direct way is always the better one
			}
			if was, known := seen[o]; known && was >= rank {
				continue
			}
			seen[o] = rank
			if !w.shows(o) {
				queue = append(queue, at{o, next})
				continue
			}
			if best[o] == nil {
				order = append(order, o)
			}
			best[o] = next
		}
	}
	out := make([]*walked, len(order))
	for i, o := range order {
		out[i] = best[o]
	}
	return out
}

// contracted is one edge instead of two that meet in a node that isn't shown.
func contracted(a, b *walked, way catalog.Direction) *walked {
	if a == nil {
		return b
	}
	first, second := a, b
	if way == catalog.Upstream {
		first, second = b, a
	}
	out := *first
	out.To = second.To
	out.Via = slices.Concat(first.Via, []catalog.Key{first.To}, second.Via)
	out.Confidence = first.Confidence * second.Confidence
	if second.How == catalog.Indirect {
		out.How = catalog.Indirect
	}
	if first.statement == 0 {
		out.unit, out.statement = second.unit, second.statement
	}
	if out.Origin == catalog.FromStructure {
		out.Origin = second.Origin
	}
	return &out
}

// tell adds the statements to edges that are shown.
func (w *walker) tell(ctx context.Context, edges []*walked) ([]catalog.LineageEdge, error) {
	type place struct {
		unit string
		n    int
	}
	byPlace := map[place][]*walked{}
	var units []string
	var numbers []int
	for _, e := range edges {
		if e.unit == "" {
			continue
		}
		p := place{e.unit, e.statement}
		if byPlace[p] == nil {
			units, numbers = append(units, p.unit), append(numbers, p.n)
		}
		byPlace[p] = append(byPlace[p], e)
	}
	rows, err := w.tx.Query(ctx, `
		select x.unit, x.n, coalesce(s.statement, ''), coalesce(s.source_key, ''), coalesce(s.tab, ''), coalesce(s.line, 0),
			coalesce(s."column", 0), coalesce(u.run, 0)
		from unnest($1::text[], $2::int[]) as x(unit, n) join qlikcrawler.lineage_unit u on u.unit = x.unit
		left join qlikcrawler.lineage_statement s on s.unit = x.unit and s.n = x.n`, units, numbers)
	if err != nil {
		return nil, err
	}
	var p place
	var s catalog.LineageEdge
	_, err = pgx.ForEachRow(rows, []any{&p.unit, &p.n, &s.Statement, (*string)(&s.Source), &s.Tab, &s.Line, &s.Column, (*int64)(&s.Run)}, func() error {
		for _, e := range byPlace[p] {
			e.Statement, e.Source, e.Tab, e.Line, e.Column, e.Run = s.Statement, s.Source, s.Tab, s.Line, s.Column, s.Run
		}
		return nil
	})
	out := make([]catalog.LineageEdge, len(edges))
	for i, e := range edges {
		out[i] = e.LineageEdge
	}
	return out, err
}
