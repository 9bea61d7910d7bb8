package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

const insertOutcome = `
	insert into qlikcrawler.crawl_outcome (run, unit, name, change, error_code, error, cure, duration_ms)
	values ($1, $2, $3, $4, $5, $6, $7, $8)
	on conflict (run, unit) do update set name = excluded.name, change = excluded.change,
		error_code = excluded.error_code, error = excluded.error, cure = excluded.cure,
		duration_ms = excluded.duration_ms, xid = excluded.xid`

func outcomeArgs(o catalog.Outcome) []any {
	code, why, cure := errorColumns(o.Err)
	return []any{
		o.Run, clean(string(o.Unit.Key)), text(o.Unit.Name), o.Change, code, why, cure,
		o.Duration.Milliseconds(),
	}
}

// errorColumns are the code, the text and the cure of an error.
func errorColumns(err error) (code, why, cure any) {
	if err == nil {
		return nil, nil, nil
	}
	return string(catalog.CodeOf(err)), text(err.Error()), text(catalog.CureOf(err))
}

// markStale says of what the catalog has of a unit that it is as it was, and since when and why; the
// next delta tries again. A unit that was never stored has nothing to be marked.
const markStale = `
	with live as (
		update qlikcrawler.unit set version = null where key = $1 and retired_at is null returning key, connection)
	insert into qlikcrawler.gap (unit, part, key, connection, error_code, error, cure, since)
	select key, '` + string(catalog.PartApp) + `', key, connection, $2, coalesce($3, ''), $4, now() from live
	on conflict (unit, part, key) do update set error_code = excluded.error_code,
		error = excluded.error, cure = excluded.cure`

// Note stores the outcome of a unit that has no snapshot. What the catalog has of one that failed is
// marked by a gap until it is read again.
func (db *DB) Note(ctx context.Context, run catalog.RunID, o catalog.Outcome) error {
	return db.note(ctx, catalog.Claim{Run: run}, o)
}

func (db *DB) note(ctx context.Context, c catalog.Claim, o catalog.Outcome) error {
	o.Run = c.Run
	err := db.inQuickTx(ctx, func(tx pgx.Tx) error {
		if _, err := fence(ctx, tx, c); err != nil {
			return err
		}
		b := &pgx.Batch{}
		if o.Change == catalog.FailedUnit {
			key := clean(string(o.Unit.Key))
			code, why, cure := errorColumns(o.Err)
			b.Queue(lockExclusive, "unit/"+key)
			b.Queue(markStale, key, code, why, cure)
		}
		b.Queue(insertOutcome, outcomeArgs(o)...)
		return tx.SendBatch(ctx, b).Close()
	})
	return fail("note the outcome of", o.Unit.Key, err)
}

// Outcomes gives what became of the units of a run, by key.
func (db *DB) Outcomes(ctx context.Context, run catalog.RunID) ([]catalog.Outcome, error) {
	rows, err := db.pool.Query(ctx, `
		select run, unit, name, change, error_code, error, cure, duration_ms
		from qlikcrawler.crawl_outcome where run = $1 order by unit`, run)
	if err != nil {
		return nil, fail("list the outcomes of run", runKey(run), err)
	}
	list, err := pgx.CollectRows(rows, scanOutcome)
	return list, fail("list the outcomes of run", runKey(run), err)
}

func scanOutcome(row pgx.CollectableRow) (catalog.Outcome, error) {
	var o catalog.Outcome
	var name, code, why, cure *string
	var ms *int64
	if err := row.Scan(&o.Run, &o.Unit.Key, &name, &o.Change, &code, &why, &cure, &ms); err != nil {
		return o, err
	}
	o.Unit.Name = value(name)
	o.Duration = time.Duration(value(ms)) * time.Millisecond
	if code != nil {
		o.Err = &catalog.Error{Code: catalog.Code(*code), Err: errors.New(value(why)), Cure: value(cure)}
	}
	return o, nil
}
