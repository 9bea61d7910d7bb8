package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// ClaimBatch lets a process read a batch of a run: the one of that number or, when others have it, the
// next that nobody has. Of its units those are left out that have an outcome already.
func (db *DB) ClaimBatch(ctx context.Context, tx pgx.Tx, run catalog.RunID, number int, worker string, limit catalog.Limit) (catalog.Batch, catalog.Turn, error) {
	var code string
	err := tx.QueryRow(ctx, `select connection from qlikcrawler.crawl_run
		where id = $1 and state = 'running' and stage = 'reading' and shared`, run).Scan(&code)
	if errors.Is(err, pgx.ErrNoRows) {
		return catalog.Batch{}, catalog.NothingToDo, nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, lockExclusive, shareLock(code))
	}
	if err != nil {
		return catalog.Batch{}, 0, fail("claim a part of run", runKey(run), err)
	}
	busy, err := working(ctx, tx, code)
	if err != nil {
		return catalog.Batch{}, 0, fail("claim a part of run", runKey(run), err)
	}
	if busy >= limit.Workers {
		return catalog.Batch{}, catalog.WaitTurn, nil
	}
	if ok, err := lease(ctx, tx, code, worker, limit); err != nil || !ok {
		return catalog.Batch{}, catalog.WaitTurn, fail("claim a part of run", runKey(run), err)
	}
	b, turn, err := nextBatch(ctx, tx, run, number, worker)
	b.Connection = code
	return b, turn, fail("claim a part of run", runKey(run), err)
}

// working is how many apps are read at a time for a connection. The caller holds share/CODE.
func working(ctx context.Context, tx pgx.Tx, code string) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `
		select (select count(*) from qlikcrawler.run_batch b join qlikcrawler.crawl_run r on r.id = b.run
				where b.state = 'working' and r.connection = $1)
			+ (select coalesce(sum(slots), 0) from qlikcrawler.lease where connection = $1)`, code).Scan(&n)
	return n, err
}

// nextBatch takes a batch over. It waits for those who write under an earlier claim of it.
func nextBatch(ctx context.Context, tx pgx.Tx, run catalog.RunID, number int, worker string) (catalog.Batch, catalog.Turn, error) {
	b := catalog.Batch{Claim: catalog.Claim{Run: run}}
	err := tx.QueryRow(ctx, `
		select b.number from qlikcrawler.run_batch b join qlikcrawler.crawl_run r on r.id = b.run
		where b.run = $1 and b.state in ('waiting', 'queued') and r.state = 'running'
		order by b.number <> $2, b.state = 'queued', b.number limit 1`, run, number).Scan(&b.Batch)
	if errors.Is(err, pgx.ErrNoRows) {
		return b, catalog.NothingToDo, nil
	}
	if err != nil {
		return b, 0, err
	}
	if _, err := tx.Exec(ctx, lockExclusive, batchLock(run, b.Batch)); err != nil {
		return b, 0, err
	}
	err = tx.QueryRow(ctx, `
		update qlikcrawler.run_batch set state = 'working', worker = $3, attempt = attempt + 1,
			since = clock_timestamp(), heartbeat_at = clock_timestamp()
		where run = $1 and number = $2 returning attempt`, run, b.Batch, worker).Scan(&b.Attempt)
	if err != nil {
		return b, 0, err
	}
	rows, err := tx.Query(ctx, `
		select a.unit, a.packed from qlikcrawler.run_app a
		where a.run = $1 and a.batch = $2
			and not exists (select from qlikcrawler.crawl_outcome o where o.run = a.run and o.unit = a.unit)
		order by a.unit`, run, b.Batch)
	if err != nil {
		return b, 0, err
	}
	b.Units, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u catalog.PackedUnit, err error) {
		err = row.Scan(&u.Key, &u.Packed)
		return u, err
	})
	return b, catalog.Yours, err
}

// An endedBatch says what comes next.
type endedBatch struct {
	code string
	over bool // the run has ended, or the claim wasn't the latest
}

// endBatch sets a claimed batch's state and takes share/CODE.
func endBatch(ctx context.Context, tx pgx.Tx, c catalog.Claim, state string) (endedBatch, error) {
	var e endedBatch
	err := tx.QueryRow(ctx, "select connection from qlikcrawler.crawl_run where id = $1", c.Run).Scan(&e.code)
	if errors.Is(err, pgx.ErrNoRows) {
		return endedBatch{over: true}, nil
	}
	if err != nil {
		return e, err
	}
	if _, err := tx.Exec(ctx, lockExclusive, shareLock(e.code)); err != nil {
		return e, err
	}
	var running bool
	err = tx.QueryRow(ctx, `
		update qlikcrawler.run_batch b set state = $4, since = clock_timestamp(), worker = null from qlikcrawler.crawl_run r
		where b.run = $1 and b.number = $2 and b.attempt = $3 and b.state = 'working' and r.id = b.run
		returning r.state = 'running'`, c.Run, c.Batch, c.Attempt, state).Scan(&running)
	if errors.Is(err, pgx.ErrNoRows) {
		e.over = true
		return e, nil
	}
	if err == nil && !running {
		e.over = true
		_, err = tx.Exec(ctx, "delete from qlikcrawler.run_batch where run = $1 and number = $2", c.Run, c.Batch)
	}
	return e, err
}

// FinishBatch says that a claimed batch is read. It gives the worker the next one if it wants one and
// there is one, the batches that are to be queued, and whether this was the last one of the run, which
// then waits for its end.
func (db *DB) FinishBatch(ctx context.Context, tx pgx.Tx, c catalog.Claim, worker string, more bool, limit catalog.Limit) (next *catalog.Batch, fill []int, last bool, err error) {
	defer func() { err = fail("finish a part of run", runKey(c.Run), err) }()
	e, err := endBatch(ctx, tx, c, "done")
	if err != nil || e.over {
		return nil, nil, false, err
	}
	busy, err := working(ctx, tx, e.code)
	if err != nil {
		return nil, nil, false, err
	}
	if more && busy < limit.Workers {
		b, turn, err := nextBatch(ctx, tx, c.Run, 0, worker)
		if err != nil {
			return nil, nil, false, err
		}
		if turn == catalog.Yours {
			b.Connection = e.code
			next = &b
		}
	}
	if fill, err = queueBatches(ctx, tx, e.code, c.Run, limit); err != nil {
		return nil, nil, false, err
	}
	tag, err := tx.Exec(ctx, `
		update qlikcrawler.crawl_run set stage = 'retiring', worker = null, heartbeat_at = clock_timestamp()
		where id = $1 and state = 'running' and stage = 'reading'
			and not exists (select from qlikcrawler.run_batch where run = $1 and state <> 'done')`, c.Run)
	return next, fill, tag.RowsAffected() > 0, err
}

// FreeBatch hands a claimed batch back, for another process to take; true: a job for it is to be queued.
func (db *DB) FreeBatch(ctx context.Context, tx pgx.Tx, c catalog.Claim) (bool, error) {
	e, err := endBatch(ctx, tx, c, "queued")
	return err == nil && !e.over, fail("hand back a part of run", runKey(c.Run), err)
}

// queueBatches says which waiting batches of a run should have a job now: no more than may work at a
// time. The caller holds share/CODE.
func queueBatches(ctx context.Context, tx pgx.Tx, code string, run catalog.RunID, limit catalog.Limit) ([]int, error) {
	rows, err := tx.Query(ctx, `
		update qlikcrawler.run_batch b set state = 'queued', since = clock_timestamp()
		from (select number from qlikcrawler.run_batch where run = $1 and state = 'waiting' order by number
			limit greatest(0, $2 - (select count(*) from qlikcrawler.run_batch b where b.run = $1 and b.state in ('queued', 'working')))) w
		where b.run = $1 and b.number = w.number returning b.number`, run, limit.Workers)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}
