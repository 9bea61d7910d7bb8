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
const pruneAtOnce = 10_000

// Prune deletes what is older than the connection's retention says: ended runs with their outcomes, logs and
// notifications, but for its last one and its last complete one; rows of catalog.change; and retired rows.
// Zero durations keep everything. Each transaction is short. It notes that it was here, and tells what it
// deleted, also when it fails half-way.
func (db *DB) Prune(ctx context.Context, code string, now time.Time, r catalog.Retention) (gone catalog.Pruned, err error) {
	gone = catalog.Pruned{}
	defer func() { err = fail("prune", catalog.Key(code), err) }()
	if r.Runs > 0 {
		if err := db.pruneRuns(ctx, code, now.Add(-r.Runs), gone); err != nil {
			return gone, err
		}
	}
	if r.Changes > 0 {
		if err := db.deleteAll(ctx, gone, "change", `
			delete from qlikcrawler.change where id in (
				select id from qlikcrawler.change where connection = $1 and at < $2 limit $3)`,
			code, now.Add(-r.Changes), pruneAtOnce); err != nil {
			return gone, err
		}
	}
	if r.Retired > 0 {
		for _, name := range prunedTables() {
			if err := db.deleteAll(ctx, gone, name, fmt.Sprintf(`
				delete from qlikcrawler.%[1]s where key in (
					select key from qlikcrawler.%[1]s where key >= $1 || '/' and key < $1 || '0' and retired_at < $2 limit $3)`, name),
				code, now.Add(-r.Retired), pruneAtOnce); err != nil {
				return gone, err
			}
		}
	}
	_, err = db.pool.Exec(ctx, "update qlikcrawler.connection set pruned_at = $2 where code = $1", code, now)
	return gone, err
}

// runParts are the tables with rows of a run, which go before the run itself: a run may have as many
// outcomes as there are apps.
var runParts = []string{"crawl_outcome", "run_log", "run_log_size", "run_app", "run_batch", "run_usage", "notification"}

// pruneRuns deletes the runs of a connection that ended before a moment, one after another.
func (db *DB) pruneRuns(ctx context.Context, code string, before time.Time, gone catalog.Pruned) error {
	rows, err := db.pool.Query(ctx, `
		select id from qlikcrawler.crawl_run
		where connection = $1 and finished_at < $2
			and id <> (select max(id) from qlikcrawler.crawl_run where connection = $1)
			and id <> coalesce((select max(id) from qlikcrawler.crawl_run where connection = $1 and state = 'done' and mode <> 'selected'), 0)
		order by id`, code, before)
	if err != nil {
		return err
	}
	runs, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for _, run := range runs {
		for _, table := range runParts {
			if err := db.deleteAll(ctx, gone, table, fmt.Sprintf(`
				delete from qlikcrawler.%[1]s where ctid = any(array(select ctid from qlikcrawler.%[1]s where run = $1 limit $2))`, table),
				run, pruneAtOnce); err != nil {
				return err
			}
		}
		if _, err := db.pool.Exec(ctx, "delete from qlikcrawler.crawl_run where id = $1", run); err != nil {
			return err
		}
		gone["crawl_run"]++
	}
	return nil
}

// Expire deletes what nobody needs any more, of no connection: ended sessions, answers to calls with an
// Idempotency-Key, failed logins that are forgotten, and rows of the audit log that are older than audit; zero
// keeps these for ever. Any number of processes may do so at once.
func (db *DB) Expire(ctx context.Context, now time.Time, audit time.Duration) (gone catalog.Pruned, err error) {
	gone = catalog.Pruned{}
	defer func() { err = fail("delete what has expired", "", err) }()
	for _, x := range []struct {
		table, column string
		before        time.Time
	}{
		{"session", "expires_at", now},
		{"idempotency", "started_at", now.Add(-expireAnswers)},
		{"login_failure", "last_at", now.Add(-expireFailures)},
		{"audit", "at", now.Add(-audit)},
	} {
		if x.table == "audit" && audit <= 0 {
			continue
		}
		if err := db.deleteAll(ctx, gone, x.table, fmt.Sprintf(`
			delete from qlikcrawler.%[1]s where ctid = any(array(
				select ctid from qlikcrawler.%[1]s where %[2]s < $1 limit $2 for update skip locked))`, x.table, x.column),
			x.before, pruneAtOnce); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// Somewhat longer than they count.
const (
	expireAnswers  = 25 * time.Hour
	expireFailures = time.Hour
)

// prunedTables are those whose rows retire.
func prunedTables() []string {
	names := []string{"unit"}
	for _, t := range tables {
		names = append(names, t.name)
	}
	return names
}

// deleteAll runs a bounded delete again and again until nothing is left. Its last argument is the bound.
func (db *DB) deleteAll(ctx context.Context, gone catalog.Pruned, table, sql string, args ...any) error {
	bound := int64(args[len(args)-1].(int))
	for {
		tag, err := db.pool.Exec(ctx, sql, args...)
		if err != nil {
			return err
		}
		if n := tag.RowsAffected(); n > 0 {
			gone[table] += n
		}
		if tag.RowsAffected() < bound {
			return nil
		}
	}
}
