package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Schedule gives a connection's schedule; CodeNotFound if it has none.
func (db *DB) Schedule(ctx context.Context, code string) (catalog.Schedule, error) {
	rows, err := db.pool.Query(ctx, selectSchedule+" where s.connection = $1", code)
	if err != nil {
		return catalog.Schedule{}, fail("read the schedule of", catalog.Key(code), err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanSchedule)
	if errors.Is(err, pgx.ErrNoRows) {
		err = &catalog.Error{
			Code: catalog.CodeNotFound, Op: "read the schedule of", Key: catalog.Key(code),
			Err: errors.New("the connection has no schedule"), Cure: "Give it one, or crawl it on demand.",
		}
	}
	return s.Schedule, fail("read the schedule of", catalog.Key(code), err)
}

const selectSchedule = `
	select s.connection, s.cron, s.time_zone, s.mode, s.full_every, s.enabled, c.next_run_at, s.runs
	from qlikcrawler.schedule s join qlikcrawler.connection c on c.code = s.connection`

type dueSchedule struct {
	catalog.Schedule
	code string
	runs int64
}

func scanSchedule(row pgx.CollectableRow) (s dueSchedule, err error) {
	var next *time.Time
	err = row.Scan(&s.code, &s.Cron, &s.TimeZone, &s.Mode, &s.FullEvery, &s.Enabled, &next, &s.runs)
	s.Next = value(next)
	return s, err
}

// SetSchedule gives a connection a schedule, in place of the one it may have. Next must be set if it is
// enabled.
func (db *DB) SetSchedule(ctx context.Context, code string, s catalog.Schedule) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error { return setSchedule(ctx, tx, code, s) })
	return fail("set the schedule of", catalog.Key(code), err)
}

// ReplaceSchedule is SetSchedule if the connection still has the schedule was, whenever that is due; else CodeConflict.
func (db *DB) ReplaceSchedule(ctx context.Context, code string, was, s catalog.Schedule) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, selectSchedule+" where s.connection = $1 for update", code)
		if err != nil {
			return err
		}
		now, err := pgx.CollectExactlyOneRow(rows, scanSchedule)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		now.Next, was.Next = time.Time{}, time.Time{}
		if err != nil || now.Schedule != was {
			return &catalog.Error{
				Code: catalog.CodeConflict, Op: "set the schedule of", Key: catalog.Key(code),
				Err: errors.New("somebody else has changed it meanwhile"), Cure: "Read it again, and edit what it is now.",
			}
		}
		return setSchedule(ctx, tx, code, s)
	})
	return fail("set the schedule of", catalog.Key(code), err)
}

func setSchedule(ctx context.Context, tx pgx.Tx, code string, s catalog.Schedule) error {
	var next any
	if s.Enabled && !s.Next.IsZero() {
		next = s.Next
	}
	tag, err := tx.Exec(ctx, "update qlikcrawler.connection set next_run_at = $2 where code = $1", code, next)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return noConnection("set the schedule of", code)
	}
	_, err = tx.Exec(ctx, `
		insert into qlikcrawler.schedule (connection, cron, time_zone, mode, full_every, enabled) values ($1, $2, $3, $4, $5, $6)
		on conflict (connection) do update set cron = excluded.cron, time_zone = excluded.time_zone, mode = excluded.mode,
			full_every = excluded.full_every, enabled = excluded.enabled, modified_at = now()`,
		code, s.Cron, s.TimeZone, string(s.Mode), s.FullEvery, s.Enabled)
	return err
}

// RemoveSchedule takes a connection's schedule away; it may have none.
func (db *DB) RemoveSchedule(ctx context.Context, code string) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "update qlikcrawler.connection set next_run_at = null where code = $1", code)
		if err == nil && tag.RowsAffected() == 0 {
			err = noConnection("remove the schedule of", code)
		}
		if err == nil {
			_, err = tx.Exec(ctx, "delete from qlikcrawler.schedule where connection = $1", code)
		}
		return err
	})
	return fail("remove the schedule of", catalog.Key(code), err)
}

// Due gives the connections whose time has come.
func (db *DB) Due(ctx context.Context, now time.Time) ([]string, error) {
	rows, err := db.pool.Query(ctx, `
		select c.code from qlikcrawler.connection c join qlikcrawler.schedule s on s.connection = c.code
		where s.enabled and c.next_run_at <= $1 order by c.next_run_at`, now)
	if err != nil {
		return nil, fail("look for due schedules", "", err)
	}
	codes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return codes, fail("look for due schedules", "", err)
}

// TakeDue gives a due connection's schedule to one caller: another one finds that it isn't due any more,
// or is locked, and gets no mode. The caller says in the same transaction when it is due next (Advance).
// The mode is that of this run: with FullEvery, each such run is a full one.
func (db *DB) TakeDue(ctx context.Context, tx pgx.Tx, code string, now time.Time) (catalog.Schedule, catalog.Mode, error) {
	rows, err := tx.Query(ctx, selectSchedule+`
		where s.connection = $1 and s.enabled and c.next_run_at <= $2 for update skip locked`, code, now)
	if err != nil {
		return catalog.Schedule{}, "", fail("read the schedule of", catalog.Key(code), err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanSchedule)
	if errors.Is(err, pgx.ErrNoRows) {
		return catalog.Schedule{}, "", nil
	}
	mode := s.Mode
	if s.FullEvery > 0 && s.runs+1 >= int64(s.FullEvery) {
		mode = catalog.Full
	}
	return s.Schedule, mode, fail("read the schedule of", catalog.Key(code), err)
}

// Advance says when a connection is due next; zero is never. started is the mode of the run that was
// started, or "" if none was.
func (db *DB) Advance(ctx context.Context, tx pgx.Tx, code string, next time.Time, started catalog.Mode) error {
	var at any
	if !next.IsZero() {
		at = next
	}
	b := &pgx.Batch{}
	b.Queue("update qlikcrawler.connection set next_run_at = $2 where code = $1", code, at)
	if started != "" {
		b.Queue("update qlikcrawler.schedule set runs = case when $2 = 'full' then 0 else runs + 1 end where connection = $1", code, string(started))
	}
	return fail("advance the schedule of", catalog.Key(code), tx.SendBatch(ctx, b).Close())
}
