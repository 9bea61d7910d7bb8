package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Measure gives what monitoring wants to know, in one round trip and without counting large tables.
func (db *DB) Measure(ctx context.Context) (*catalog.Measures, error) {
	m := &catalog.Measures{Waiting: map[string]int64{}, Rows: map[string]int64{}}
	b := &pgx.Batch{}
	b.Queue(`select connection, state, count(*) from qlikcrawler.crawl_run group by connection, state`).Query(func(rows pgx.Rows) (err error) {
		m.Runs, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (c catalog.RunCount, err error) {
			return c, r.Scan(&c.Connection, &c.State, &c.Count)
		})
		return err
	})
	b.Queue(`select r.connection, count(*) from qlikcrawler.run_app a
		join qlikcrawler.crawl_run r on r.id = a.run and r.state = 'running'
		join qlikcrawler.run_batch b on b.run = a.run and b.number = a.batch and b.state <> 'done'
		group by r.connection`).Query(counted(m.Waiting))
	b.Queue(`select code, health, last_success_at from qlikcrawler.connection`).Query(func(rows pgx.Rows) (err error) {
		m.Connections, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (c catalog.ConnectionMeasures, err error) {
			return c, r.Scan(&c.Code, &c.Health, (*zeronull.Timestamptz)(&c.LastSuccessAt))
		})
		return err
	})
	b.Queue(`select c.relname, greatest(c.reltuples, 0)::bigint from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname = 'qlikcrawler' and c.relkind = 'r' and c.relname in ('report_group', 'report', 'report_field', 'source_code',
			'model_table', 'model_field', 'gap', 'change', 'lineage_node', 'lineage_edge')`).Query(counted(m.Rows))
	if err := db.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, fail("measure the catalog", "", err)
	}
	return m, nil
}

func counted(into map[string]int64) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var name string
		var n int64
		_, err := pgx.ForEachRow(rows, []any{&name, &n}, func() error {
			into[name] = n
			return nil
		})
		return err
	}
}
