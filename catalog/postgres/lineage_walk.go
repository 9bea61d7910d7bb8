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

	nodes   map[catalog.Key]*catalog.LineageNode
	hidden  map[catalog.Key]bool
	fetched map[catalog.Direction]map[catalog.Key][]*walked
	denied  map[[2]catalog.Key]bool // pairs that a person said have no edge
}

// A walked is an edge as it is fetched: its statement comes later, if it is shown.
type walked struct {
	catalog.LineageEdge
	unit      string
	statement int
}

func newWalker(tx pgx.Tx, scope catalog.Scope, columns, all bool) *walker {
	return &walker{
		tx: tx, scope: scope, columns: columns, all: all,
		nodes: map[catalog.Key]*catalog.LineageNode{}, hidden: map[catalog.Key]bool{},
		fetched: map[catalog.Direction]map[catalog.Key][]*walked{catalog.Upstream: {}, catalog.Downstream: {}},
		denied:  map[[2]catalog.Key]bool{},
	}
}

// edgesAt gives the edges at nodes: $1 their keys, $2 whether of columns, $3 the connections that may be
// seen, null for all. %[1]s is the column at which the nodes stand.
const (
	edgesUp   = edgesHead + " e.to_key = k.key" + edgesLink + " l.to_key = k.key" + edgesManual + " m.to_key = k.key"
	edgesDown = edgesHead + " e.from_key = k.key" + edgesLink + " l.from_key = k.key" + edgesManual + " m.from_key = k.key"

	edgesHead = `
	with k as (select unnest($1::text[]) collate "C" as key)
	select k.key, e.from_key, e.to_key, e.level, e.how, e.origin, e.confidence, e.unit, coalesce(e.statement, 0), '', '', false
	from k join qlikcrawler.lineage_edge e on`
	edgesLink = `
		and (case when $2 then e.level = 'column' or e.origin = 'structure' else e.level = 'table' end)
		and ($3::text[] is null or e.connection = any($3))
	union all
	select k.key, l.from_key, l.to_key, l.level, 'direct', 'script', l.confidence, '', 0, '', '', false
	from k join qlikcrawler.lineage_link l on`
	edgesManual = `
		and (l.level = 'column') = $2
	union all
	select k.key, m.from_key, m.to_key, m.level, m.how, 'manual', m.confidence, '', 0, m.author, m.reason, m.denied
	from k join qlikcrawler.lineage_manual m on`
)

// fetch gets the edges at nodes that aren't there yet, and what stands at their other ends.
func (w *walker) fetch(ctx context.Context, way catalog.Direction, keys []catalog.Key) error {
	have := w.fetched[way]
	var ask []catalog.Key
	for _, k := range keys {
		if _, known := have[k]; !known {
			have[k] = nil
			ask = append(ask, k)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	sql := edgesUp
	if way == catalog.Downstream {
		sql = edgesDown
	}
	found, err := w.query(ctx, sql, ask)
	if err != nil {
		return err
	}
	others := map[catalog.Key]bool{}
	for _, f := range found {
		others[other(f, way)] = true
	}
	if err := w.learn(ctx, others); err != nil {
		return err
	}
	for _, f := range found {
		if o := other(f, way); w.nodes[o] != nil && (f.Origin == catalog.FromPerson || !w.overruled(f)) {
			here := f.From
			if way == catalog.Upstream {
				here = f.To
			}
			have[here] = append(have[here], f)
		}
	}
	return nil
}

func other(e *walked, way catalog.Direction) catalog.Key {
	if way == catalog.Upstream {
		return e.From
	}
	return e.To
}

func (w *walker) query(ctx context.Context, sql string, keys []catalog.Key) ([]*walked, error) {
	rows, err := w.tx.Query(ctx, sql, keys, w.columns, w.allowed())
	if err != nil {
		return nil, err
	}
	var found []*walked
	var key catalog.Key
	var f walked
	var denied bool
	_, err = pgx.ForEachRow(rows, []any{
		&key, &f.From, &f.To, &f.Level, &f.How, &f.Origin, &f.Confidence, &f.unit, &f.statement, &f.Author, &f.Reason, &denied,
	}, func() error {
		if f.Origin == catalog.FromPerson {
			w.denied[[2]catalog.Key{f.From, f.To}] = denied
			if denied {
				return nil
			}
		}
		e := f
		found = append(found, &e)
		return nil
	})
	return found, err
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
	rows, err := w.tx.Query(ctx, `
		select distinct on (n.key) n.key, coalesce(n.connection, ''), n.kind, coalesce(n.name, ''), coalesce(n.parent_key, ''),
			coalesce(n.report_key, ''), n.attributes, $2::text[] is null or bool_or(split_part(n.unit, '/', 1) = any($2)) over (partition by n.key)
				or n.unit = '' and exists (select from qlikcrawler.lineage_node p where p.key = n.parent_key and split_part(p.unit, '/', 1) = any($2))
		from qlikcrawler.lineage_node n where n.key = any($1) order by n.key, n.unit desc`, ask, w.allowed())
	if err != nil {
		return err
	}
	var n catalog.LineageNode
	var mayBeSeen bool
	_, err = pgx.ForEachRow(rows, []any{
		&n.Key, &n.Connection, &n.Kind, &n.Name, &n.Parent, &n.Report, (*attributes)(&n.Attributes), &mayBeSeen,
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

// shows reports whether a node is part of the answer; data flows through the others.
func (w *walker) shows(k catalog.Key) bool {
	n := w.nodes[k]
	return w.all || n == nil || !n.Kind.Inner()
}

// closure fetches the edges of nodes and of all that isn't shown behind them.
func (w *walker) closure(ctx context.Context, way catalog.Direction, keys []catalog.Key) error {
	for len(keys) > 0 {
		if err := w.fetch(ctx, way, keys); err != nil {
			return err
		}
		var behind []catalog.Key
		for _, k := range keys {
			for _, e := range w.fetched[way][k] {
				o := other(e, way)
				if _, known := w.fetched[way][o]; !known && !w.shows(o) {
					behind = append(behind, o)
				}
			}
		}
		slices.Sort(behind)
		keys = slices.Compact(behind)
	}
	return nil
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
	_, err = pgx.ForEachRow(rows, []any{&p.unit, &p.n, &s.Statement, &s.Source, &s.Tab, &s.Line, &s.Column, &s.Run}, func() error {
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
