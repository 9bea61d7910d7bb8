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
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: beginSearch}, func(tx pgx.Tx) error {
		q := newQuestion(s.Text)
		places, err := q.narrow(ctx, tx, s)
		if err != nil {
			return err
		}
		f := &finder{tx: tx, search: s, question: q, places: places, want: 21}
		for _, way := range ways {
			if query := q.tier(way); query != "" {
				plan, err := explain(ctx, tx, f.candidatesSQL(places), f.args(query))
				if err != nil {
					return err
				}
				plans = append(plans, string(way)+": "+query+"\n"+plan)
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
