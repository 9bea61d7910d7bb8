package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Unpruned gives the connections whose history wasn't pruned since then.
func (db *DB) Unpruned(ctx context.Context, since time.Time) ([]string, error) {
	rows, err := db.pool.Query(ctx, "select code from qlikcrawler.connection where coalesce(pruned_at, '-infinity') < $1 order by code", since)
	if err != nil {
		return nil, fail("look for old history", "", err)
	}
	codes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return codes, fail("look for old history", "", err)
}

// pruneAtOnce bounds what one transaction deletes.
const (
	pruneAtOnce     = 10_000
	pruneRunsAtOnce = 20
)

// Prune deletes what is older than the connection's retention says: ended runs but for its last complete
// one, rows of catalog.change, and retired rows. Zero durations keep everything. It notes that it was here.
func (db *DB) Prune(ctx context.Context, code string, now time.Time, r catalog.Retention) error {
	if r.Runs > 0 {
		if err := db.deleteAll(ctx, `
			delete from qlikcrawler.crawl_run where id in (
				select id from qlikcrawler.crawl_run
				where connection = $1 and finished_at < $2 and id <> coalesce((
					select max(id) from qlikcrawler.crawl_run where connection = $1 and state = 'done' and mode <> 'selected'), 0)
				limit $3)`, pruneRunsAtOnce, code, now.Add(-r.Runs)); err != nil {
			return fail("prune the runs of", catalog.Key(code), err)
		}
	}
	if r.Changes > 0 {
		if err := db.deleteAll(ctx, `
			delete from qlikcrawler.change where id in (
				select id from qlikcrawler.change where connection = $1 and at < $2 limit $3)`,
			pruneAtOnce, code, now.Add(-r.Changes)); err != nil {
			return fail("prune the changes of", catalog.Key(code), err)
		}
	}
	if r.Retired > 0 {
		for _, name := range prunedTables() {
			if err := db.deleteAll(ctx, fmt.Sprintf(`
				delete from qlikcrawler.%[1]s where key in (
					select key from qlikcrawler.%[1]s where key >= $1 || '/' and key < $1 || '0' and retired_at < $2 limit $3)`, name),
				pruneAtOnce, code, now.Add(-r.Retired)); err != nil {
				return fail("prune the retired rows of", catalog.Key(code), err)
			}
		}
	}
	_, err := db.pool.Exec(ctx, "update qlikcrawler.connection set pruned_at = $2 where code = $1", code, now)
	return fail("prune", catalog.Key(code), err)
}

// prunedTables are those whose rows retire.
func prunedTables() []string {
	names := []string{"unit"}
	for _, t := range tables {
		names = append(names, t.name)
	}
	return names
}

// deleteAll runs a bounded delete again and again until nothing is left. $1 is the connection, $2 the
// moment, $3 the bound.
func (db *DB) deleteAll(ctx context.Context, sql string, bound int, code string, before time.Time) error {
	for {
		tag, err := db.pool.Exec(ctx, sql, code, before, bound)
		if err != nil || tag.RowsAffected() < int64(bound) {
			return err
		}
	}
}
