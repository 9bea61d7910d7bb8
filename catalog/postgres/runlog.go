package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// maxRunLog is how many bytes the log of one run may have; lines that come after are counted.
const maxRunLog = 8 << 20

// keptLogs is how many runs of a connection keep their log.
const keptLogs = 3

// AppendRunLog appends lines to the log of a run. Several processes may do so; lines of the same time stay in their
// order. When the log is full, further lines are counted and dropped.
func (db *DB) AppendRunLog(ctx context.Context, run catalog.RunID, lines []catalog.LogLine) error {
	if len(lines) == 0 {
		return nil
	}
	at, words, size := make([]time.Time, len(lines)), make([]string, len(lines)), int64(0)
	for i, l := range lines {
		at[i], words[i] = l.At, clean(l.Text)
		size += int64(len(words[i]))
	}
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		var bytes int64
		var first bool
		err := tx.QueryRow(ctx, `
			insert into qlikcrawler.run_log_size (run, bytes) values ($1, $2)
			on conflict (run) do update set bytes = run_log_size.bytes + excluded.bytes
			returning bytes, xmax = 0`, run, size).Scan(&bytes, &first)
		if err != nil {
			return err
		}
		if bytes > maxRunLog {
			_, err := tx.Exec(ctx, "update qlikcrawler.run_log_size set bytes = bytes - $2, dropped = dropped + $3 where run = $1", run, size, len(lines))
			return err
		}
		if first {
			if err := forgetOldLogs(ctx, tx, run); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, "insert into qlikcrawler.run_log (run, at, line) select $1, at, line from unnest($2::timestamptz[], $3::text[]) x (at, line)", run, at, words)
		return err
	})
	return fail("write the log of run", runKey(run), err)
}

// forgetOldLogs drops the logs of the connection's earlier runs but for the newest.
func forgetOldLogs(ctx context.Context, tx pgx.Tx, run catalog.RunID) error {
	const old = `
		select s.run from qlikcrawler.run_log_size s join qlikcrawler.crawl_run r on r.id = s.run
		where r.connection = (select connection from qlikcrawler.crawl_run where id = $1)
		order by s.run desc offset $2`
	for _, table := range []string{"run_log", "run_log_size"} {
		if _, err := tx.Exec(ctx, "delete from qlikcrawler."+table+" where run in ("+old+")", run, keptLogs); err != nil {
			return err
		}
	}
	return nil
}

// LastRunLog says which run of a connection is the last that has a log. CodeNotFound: there is none.
func (db *DB) LastRunLog(ctx context.Context, code string) (catalog.RunLog, error) {
	var l catalog.RunLog
	err := db.pool.QueryRow(ctx, `
		select s.run, s.bytes, s.dropped from qlikcrawler.run_log_size s join qlikcrawler.crawl_run r on r.id = s.run
		where r.connection = $1 order by s.run desc limit 1`, code).Scan(&l.Run.ID, &l.Bytes, &l.Dropped)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, &catalog.Error{Code: catalog.CodeNotFound, Op: "read the log of", Key: catalog.Key(code), Err: errors.New("there is no log yet")}
	}
	if err != nil {
		return l, fail("read the log of", catalog.Key(code), err)
	}
	l.Run, err = db.Run(ctx, l.Run.ID)
	return l, err
}

// logPage is how many lines are read at a time.
const logPage = 1000

// RunLog gives the lines of a run's log one by one to use, whose error ends it: by time, by the clocks of the processes
// that wrote them, and in the order in which they were stored where that is the same. It gives no line twice. One that
// is stored while the log is read, and is earlier than what was given, is for the next reading: who wants to follow a
// log as it grows can't have it by time.
func (db *DB) RunLog(ctx context.Context, run catalog.RunID, use func(catalog.LogLine) error) error {
	since, after := pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, int64(0)
	for {
		rows, err := db.pool.Query(ctx, `
			select id, at, at, line from qlikcrawler.run_log where run = $1 and (at, id) > ($2, $3) order by at, id limit $4`,
			run, since, after, logPage)
		if err != nil {
			return fail("read the log of run", runKey(run), err)
		}
		lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.LogLine, error) {
			var l catalog.LogLine
			return l, row.Scan(&after, &since, &l.At, &l.Text)
		})
		if err != nil {
			return fail("read the log of run", runKey(run), err)
		}
		for _, l := range lines {
			if err := use(l); err != nil {
				return err
			}
		}
		if len(lines) < logPage {
			return nil
		}
	}
}

// FailedOutcomes are the first apps of a run that failed or were read in part, the failed ones first.
func (db *DB) FailedOutcomes(ctx context.Context, run catalog.RunID, limit int) ([]catalog.Outcome, error) {
	rows, err := db.pool.Query(ctx, `
		select unit, coalesce(name, ''), change, coalesce(error_code, 'internal'), coalesce(error, ''), coalesce(cure, ''), coalesce(duration_ms, 0)
		from qlikcrawler.crawl_outcome where run = $1 and change in ('failed', 'partial')
		order by change, lower(coalesce(name, unit)), unit limit $2`, run, limit)
	if err != nil {
		return nil, fail("list what failed in run", runKey(run), err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.Outcome, error) {
		o := catalog.Outcome{Run: run}
		var why catalog.Error
		var text string
		var ms int64
		err := row.Scan(&o.Unit.Key, &o.Unit.Name, &o.Change, &why.Code, &text, &why.Cure, &ms)
		why.Err = errors.New(text)
		o.Err, o.Duration = &why, time.Duration(ms)*time.Millisecond
		return o, err
	})
	return list, fail("list what failed in run", runKey(run), err)
}
