package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// OpenRun stores a run as queued, for any process to work on, and gives it as it was stored: a delta of
// a connection that was never crawled whole becomes a full one. Of r it reads what StartRun reads.
// CodeConflict, with a *catalog.InFlight, if another sweep of the connection is in flight.
func (db *DB) OpenRun(ctx context.Context, tx pgx.Tx, r catalog.Run) (catalog.Run, error) {
	if err := admit(ctx, tx, r); err != nil {
		return r, fail("start a crawl of", catalog.Key(r.Connection), err)
	}
	groups := make([]string, len(r.Groups))
	for i, k := range r.Groups {
		groups[i] = string(k)
	}
	r.State, r.Shared, r.Stage = catalog.Queued, true, catalog.StageListing
	err := tx.QueryRow(ctx, `
		insert into qlikcrawler.crawl_run (connection, mode, trigger, state, apps, groups, allow_mass_retire, shared, asked_by)
		select code, case when $2 = 'delta' and last_success_at is null then 'full' else $2 end, $3, 'queued', $4, $5, $6, true, $7
		from qlikcrawler.connection where code = $1 returning id, mode, asked_at`,
		r.Connection, string(r.Mode), r.Trigger, texts(r.Apps), texts(groups), r.AllowMassRetire, text(r.AskedBy)).
		Scan(&r.ID, &r.Mode, &r.AskedAt)
	return r, fail("start a crawl of", catalog.Key(r.Connection), err)
}

// ClaimRun lets a process list or end a shared run, unless another one does.
func (db *DB) ClaimRun(ctx context.Context, tx pgx.Tx, id catalog.RunID, worker string, limit catalog.Limit) (catalog.SharedRun, catalog.Turn, error) {
	var none catalog.SharedRun
	if _, err := tx.Exec(ctx, lockExclusive, runLock(id)); err != nil {
		return none, 0, fail("claim run", runKey(id), err)
	}
	rows, err := tx.Query(ctx, selectRun+`
		where id = $1 and shared and worker is null and stage <> 'reading' and state in ('queued', 'running')`, id)
	if err != nil {
		return none, 0, fail("claim run", runKey(id), err)
	}
	run, err := pgx.CollectExactlyOneRow(rows, scanRun)
	if errors.Is(err, pgx.ErrNoRows) {
		return none, catalog.NothingToDo, nil
	}
	if err != nil {
		return none, 0, fail("claim run", runKey(id), err)
	}
	s := catalog.SharedRun{Claim: catalog.Claim{Run: id}, Details: run}
	if run.Stage == catalog.StageListing {
		if ok, err := lease(ctx, tx, run.Connection, worker, limit); err != nil || !ok {
			return none, catalog.WaitTurn, fail("claim run", runKey(id), err)
		}
	} else if s.Retire, err = toRetire(ctx, tx, id); err != nil {
		return none, 0, fail("claim run", runKey(id), err)
	}
	s.Details.State = catalog.Running
	err = tx.QueryRow(ctx, `
		update qlikcrawler.crawl_run set state = 'running', worker = $2, attempt = attempt + 1,
			started_at = coalesce(started_at, clock_timestamp()), heartbeat_at = clock_timestamp()
		where id = $1 returning attempt, started_at`, id, worker).Scan(&s.Attempt, &s.Details.StartedAt)
	return s, catalog.Yours, fail("claim run", runKey(id), err)
}

func toRetire(ctx context.Context, tx pgx.Tx, id catalog.RunID) ([]catalog.Key, error) {
	rows, err := tx.Query(ctx, "select unit from qlikcrawler.run_app where run = $1 and batch is null order by unit", id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[catalog.Key])
}

// PlanRun stores the plan of a claimed run, in batches of so many units, and gives the batches that are
// to be queued. Without any the run is at its last stage, and still the caller's.
func (db *DB) PlanRun(ctx context.Context, tx pgx.Tx, c catalog.Claim, d catalog.Draft, batch int, limit catalog.Limit) ([]int, error) {
	f, err := fence(ctx, tx, c)
	if err != nil {
		return nil, fail("plan run", runKey(c.Run), err)
	}
	if err := copyApps(ctx, tx, c.Run, d, batch); err != nil {
		return nil, fail("plan run", runKey(c.Run), err)
	}
	stage, batches := catalog.StageReading, (len(d.Units)+batch-1)/batch
	if batches == 0 {
		stage = catalog.StageRetiring
	}
	b := &pgx.Batch{}
	b.Queue("insert into qlikcrawler.run_batch (run, number) select $1, n from generate_series(1, $2::int) n", c.Run, batches)
	b.Queue(`
		update qlikcrawler.crawl_run set stage = $2, worker = case when $3 then null else worker end,
			planned = jsonb_build_object('listed', $4::int, 'planned', $5::int, 'skipped', $6::int)
		where id = $1`, c.Run, string(stage), batches > 0, d.Tally.Listed, d.Tally.Planned, d.Tally.Skipped)
	b.Queue("update qlikcrawler.crawl_run set tally = qlikcrawler.tally(id) where id = $1", c.Run)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, fail("plan run", runKey(c.Run), err)
	}
	if batches == 0 {
		return nil, nil
	}
	if _, err := tx.Exec(ctx, lockExclusive, shareLock(f.connection)); err != nil {
		return nil, fail("plan run", runKey(c.Run), err)
	}
	fill, err := queueBatches(ctx, tx, f.connection, c.Run, limit)
	return fill, fail("plan run", runKey(c.Run), err)
}

func copyApps(ctx context.Context, tx pgx.Tx, run catalog.RunID, d catalog.Draft, batch int) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"qlikcrawler", "run_app"}, []string{"run", "unit", "batch", "packed", "name"},
		pgx.CopyFromSlice(len(d.Units)+len(d.Retire), func(i int) ([]any, error) {
			if i < len(d.Units) {
				u := d.Units[i]
				return []any{int64(run), clean(string(u.Key)), int32(i/batch + 1), u.Packed, zeronull.Text(clean(u.Name))}, nil
			}
			return []any{int64(run), clean(string(d.Retire[i-len(d.Units)])), nil, nil, nil}, nil
		}))
	return err
}

// FreeRun hands a claimed run back, for another process to take. False: it wasn't the caller's any more.
func (db *DB) FreeRun(ctx context.Context, tx pgx.Tx, c catalog.Claim) (bool, error) {
	tag, err := tx.Exec(ctx, `
		update qlikcrawler.crawl_run set worker = null, state = case when stage = 'listing' then 'queued' else state end
		where id = $1 and attempt = $2 and worker is not null and state = 'running'`, c.Run, c.Attempt)
	return tag.RowsAffected() > 0, fail("hand back run", runKey(c.Run), err)
}

// EndRun ends a shared run for who has a claim of it or of one of its batches. See FinishRun.
func (db *DB) EndRun(ctx context.Context, tx pgx.Tx, c catalog.Claim, state catalog.State, why string) error {
	if _, err := tx.Exec(ctx, lockExclusive, runLock(c.Run)); err != nil {
		return fail("finish run", runKey(c.Run), err)
	}
	var f fenced
	err := tx.QueryRow(ctx, fenceSQL, c.Run, c.Batch, c.Attempt).Scan(&f.connection, &f.lastComplete)
	if errors.Is(err, pgx.ErrNoRows) {
		err = notRunning(c.Run)
	}
	if err == nil {
		err = ending{run: c.Run, state: state, why: why}.write(ctx, tx)
	}
	return fail("finish run", runKey(c.Run), err)
}

// CancelRun ends a run that waits or runs, whichever process works on it: from now on nothing is
// written for it. CodeConflict if it has ended, CodeNotFound if there is none.
func (db *DB) CancelRun(ctx context.Context, id catalog.RunID, why string) error {
	if _, err := db.Run(ctx, id); err != nil {
		return err
	}
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		return ending{
			run: id, state: catalog.Cancelled, why: why, from: []string{string(catalog.Queued), string(catalog.Running)},
		}.write(ctx, tx)
	})
	if catalog.CodeOf(err) == catalog.CodeConflict {
		return &catalog.Error{
			Code: catalog.CodeConflict, Op: "cancel run", Key: runKey(id), Err: errors.New("the run has ended already"),
			Cure: "There is nothing to cancel.",
		}
	}
	return fail("cancel run", runKey(id), err)
}

// lockShare takes share/CODE of the connection of the run $1.
const lockShare = `select pg_advisory_xact_lock(hashtextextended('qlikcrawler/share/' || connection, 0))
	from qlikcrawler.crawl_run where id = $1`

// queueNoWork forgets what an ended run had still to do. Batches that a process works on stay until it
// notices, for it still counts.
func queueNoWork(b *pgx.Batch, id catalog.RunID) {
	b.Queue("delete from qlikcrawler.run_app where run = $1", id)
	b.Queue("delete from qlikcrawler.lease where run = $1", id)
	b.Queue("delete from qlikcrawler.run_batch where run = $1 and state <> 'working'", id)
}

// A Writer stores for a claim; it is a crawler.Store. The run of its calls is the claim's.
type Writer struct {
	*DB
	claim catalog.Claim
}

// As gives the store of who has a claim.
func (db *DB) As(c catalog.Claim) *Writer { return &Writer{db, c} }

func (w *Writer) check(run catalog.RunID) error {
	if run != w.claim.Run {
		return &catalog.Error{Code: catalog.CodeInternal, Op: "write for run", Key: runKey(run), Err: fmt.Errorf("the claim is run %d's", w.claim.Run)}
	}
	return nil
}
