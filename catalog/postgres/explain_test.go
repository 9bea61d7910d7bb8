package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// ExplainReports gives the plan of a page of reports.
func (db *DB) ExplainReports(ctx context.Context, q catalog.Query) (string, error) {
	s := reportList.selection(q, true)
	s.paged(q.Cursor)
	return explain(ctx, db.pool, s.statement()+" limit 101", append([]any{pgx.QueryExecModeCacheDescribe}, s.args...))
}

// ExplainSearch gives the plans of the ways in which a search looks.
func (db *DB) ExplainSearch(ctx context.Context, s catalog.Search) (string, error) {
	var plans []string
	stats := db.wordStats(ctx)
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: beginSearch}, func(tx pgx.Tx) error {
		q := newQuestion(s.Text)
		list := q.narrow(s)
		f := &finder{tx: tx, search: s, question: q, shelves: list, stats: stats, want: 21}
		for _, t := range tries {
			tier := q.tier(t)
			if len(tier) == 0 {
				continue
			}
			index, check := f.split(tier)
			for _, list := range f.stages(tier) {
				plan, err := explain(ctx, tx, f.candidatesSQL(list, check), f.args(index, check))
				if err != nil {
					return err
				}
				plans = append(plans, string(t.match)+": "+index+"; "+check+"\n"+plan)
			}
		}
		return nil
	})
	return strings.Join(plans, "\n"), err
}

func explain(ctx context.Context, db querier, sql string, args []any) (string, error) {
	rows, err := db.Query(ctx, "explain (analyze, buffers, costs off) "+sql, args...)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(lines, "\n"), err
}

// ExplainLineage gives the plans of what a walk from a node asks: the edges of so many nodes, and what they are.
func (db *DB) ExplainLineage(ctx context.Context, key catalog.Key, way catalog.Direction, nodes int) (string, error) {
	var plans []string
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: beginWalk}, func(tx pgx.Tx) error {
		w := newWalker(tx, catalog.Scope{All: true}, true, false, 1000)
		plan, err := explain(ctx, tx, edgesOf(way), []any{[]catalog.Key{key}, true, w.allowed(), nodes})
		if err != nil {
			return err
		}
		plans = append(plans, plan)
		if err := w.fetch(ctx, way, []catalog.Key{key}, -1); err != nil {
			return err
		}
		var keys []string
		for _, edges := range w.fetched[way] {
			for _, e := range edges {
				keys = append(keys, string(other(e, way)))
			}
		}
		plan, err = explain(ctx, tx, nodesOf, []any{keys, w.allowed()})
		plans = append(plans, plan)
		return err
	})
	return strings.Join(plans, "\n"), err
}
