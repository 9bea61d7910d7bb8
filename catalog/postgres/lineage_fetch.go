package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// beginWalk keeps walks to the indexes of keys: the planner doesn't know how far a walk goes, and would
// rather look through all edges once. So there is nothing to plan anew each time a walk asks.
const beginWalk = `begin isolation level repeatable read read only; set local enable_seqscan = off;
	set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off;
	set local plan_cache_mode = force_generic_plan`

// A walk of a hundred layers that asked for each layer would wait a hundred times. So each time it asks it
// gets what stands behind, too: of so many nodes more, the nearest first, as it has come to so far. What it never comes to is
// about as much as it needs.
const (
	leastAhead = 64
	mostAhead  = 20_000
)

// edgesAhead is the statement that gives the edges at nodes, and at those behind them: $1 the keys of the
// nodes, $2 whether columns are followed, $3 the connections that may be seen, null for all, $4 how many
// nodes. Each of the nodes comes once without an edge, then with the other end of each of its edges. here is the column at which the nodes of an edge
// stand, there the one at which the walk goes on. Postgres stops looking when it has the nodes.
func edgesAhead(here, there string) string {
	return fmt.Sprintf(`
	with recursive reached(key) as (
		select unnest($1::text[]) collate "C"
		union
		select x.key from reached r cross join lateral (
			select e.%[2]s from qlikcrawler.lineage_edge e where e.%[1]s = r.key and %[3]s
			union all select l.%[2]s from qlikcrawler.lineage_link l where l.%[1]s = r.key and (l.level = 'column') = $2
			union all select m.%[2]s from qlikcrawler.lineage_manual m where m.%[1]s = r.key and not m.denied) x(key)
	), k as materialized (select key from reached limit $4)
	select k.key, '', '', '', '', 0, '', 0, '', '', false from k
	union all
	select k.key, e.%[2]s, e.level, e.how, e.origin, e.confidence, e.unit, coalesce(e.statement, 0), '', '', false
	from k join qlikcrawler.lineage_edge e on e.%[1]s = k.key and %[3]s
	union all
	select k.key, l.%[2]s, l.level, 'direct', 'script', l.confidence, '', 0, '', '', false
	from k join qlikcrawler.lineage_link l on l.%[1]s = k.key and (l.level = 'column') = $2
	union all
	select k.key, m.%[2]s, m.level, m.how, 'manual', m.confidence, '', 0, m.author, m.reason, m.denied
	from k join qlikcrawler.lineage_manual m on m.%[1]s = k.key`, here, there, followed)
}

// edgesOf is edgesAhead for one way.
func edgesOf(way catalog.Direction) string {
	if way == catalog.Downstream {
		return edgesAhead("from_key", "to_key")
	}
	return edgesAhead("to_key", "from_key")
}

// followed says which edges e a walk takes.
const followed = `(case when $2 then e.level = 'column' or e.origin = 'structure' else e.level = 'table' end)
	and ($3::text[] is null or e.connection = any($3))`

// fetch gets the edges at nodes that aren't there yet, and what stands at their other ends; and some of what
// stands behind, of which no more than room is wanted; below 0: all.
func (w *walker) fetch(ctx context.Context, way catalog.Direction, keys []catalog.Key, room int) error {
	have := w.fetched[way]
	w.ahead[way] = min(w.ahead[way]+len(keys), w.most)
	ahead := w.ahead[way]
	if room >= 0 {
		ahead = min(ahead, max(room, leastAhead))
	}
	var ask []catalog.Key
	for _, k := range keys {
		if _, known := have[k]; !known {
			ask = append(ask, k)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	fresh, found, err := w.edges(ctx, way, ask, ahead)
	if err != nil {
		return err
	}
	others := map[catalog.Key]bool{}
	for _, f := range found {
		others[other(f, way)] = true
	}
	if err := w.look(ctx, others); err != nil {
		return err
	}
	for _, k := range fresh {
		have[k] = nil
	}
	for _, f := range found {
		if w.sees(other(f, way)) && (f.Origin == catalog.FromPerson || !w.overruled(f)) {
			here := end(f, way)
			have[here] = append(have[here], f)
		}
	}
	return nil
}

// edges gives the nodes whose edges were not there yet and are now, and the edges.
func (w *walker) edges(ctx context.Context, way catalog.Direction, ask []catalog.Key, ahead int) (fresh []catalog.Key, found []*walked, err error) {
	rows, err := w.tx.Query(ctx, edgesOf(way), ask, w.columns, w.allowed(), len(ask)+ahead)
	if err != nil {
		return nil, nil, err
	}
	var here, there string // not keys: the driver goes round by reflection for types of ours
	var f walked
	var denied bool
	_, err = pgx.ForEachRow(rows, []any{
		&here, &there, (*string)(&f.Level), (*string)(&f.How), (*string)(&f.Origin), &f.Confidence, &f.unit, &f.statement, &f.Author, &f.Reason, &denied,
	}, func() error {
		if _, known := w.fetched[way][catalog.Key(here)]; known {
			return nil
		}
		if there == "" {
			fresh = append(fresh, catalog.Key(here))
			return nil
		}
		f.From, f.To = catalog.Key(here), catalog.Key(there)
		if way == catalog.Upstream {
			f.From, f.To = f.To, f.From
		}
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
	return fresh, found, err
}

// end is the end of an edge from which a walk comes to it; other is the other one.
func end(e *walked, way catalog.Direction) catalog.Key {
	if way == catalog.Upstream {
		return e.To
	}
	return e.From
}
