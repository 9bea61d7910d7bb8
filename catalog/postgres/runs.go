package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// StartRun stores a run as running and owns it until FinishRun or Close. Of r it reads Connection,
// Mode, Trigger, Apps, Groups and AllowMassRetire.
//
// A connection has one sweep (full or delta) in flight at a time, over all processes: a second one is
// a CodeConflict that names the first. A run whose process is gone is marked interrupted and is no
// obstacle.
func (db *DB) StartRun(ctx context.Context, r catalog.Run) (catalog.RunID, error) {
	own := db.newOwner()
	var dialing errgroup.Group
	dialing.Go(func() error { return own.dial(ctx) }) // it takes a while
	err := db.inTx(ctx, func(tx pgx.Tx) (err error) {
		if r.ID, err = insertRun(ctx, tx, r); err != nil {
			return err
		}
		if err := dialing.Wait(); err != nil {
			return err
		}
		return own.own(ctx, r.ID) // others see the run when this commits: by then it is owned
	})
	if err != nil {
		_ = dialing.Wait() // if it failed, that has been told
		own.release()
		return 0, fail("start a crawl of", catalog.Key(r.Connection), err)
	}
	if !db.keep(own) {
		own.release()
		return 0, &catalog.Error{Code: catalog.CodeInternal, Op: "start a crawl", Err: errors.New("the store is closed")}
	}
	return r.ID, nil
}

func insertRun(ctx context.Context, tx pgx.Tx, r catalog.Run) (id catalog.RunID, err error) {
	if err := admit(ctx, tx, r); err != nil {
		return 0, err
	}
	groups := make([]string, len(r.Groups))
	for i, k := range r.Groups {
		groups[i] = string(k)
	}
	err = tx.QueryRow(ctx, `
		insert into qlikcrawler.crawl_run (connection, mode, trigger, state, apps, groups, allow_mass_retire,
			started_at, heartbeat_at, asked_by)
		values ($1, $2, $3, 'running', $4, $5, $6, now(), now(), $7) returning id`,
		r.Connection, r.Mode, r.Trigger, texts(r.Apps), texts(groups), r.AllowMassRetire, text(r.AskedBy)).Scan(&id)
	return id, err
}

// admit checks that the connection exists and that no living sweep stands in r's way.
func admit(ctx context.Context, tx pgx.Tx, r catalog.Run) error {
	var deleting bool
	var open []catalog.Run
	b := &pgx.Batch{}
	b.Queue(lockExclusive, "sweep/"+r.Connection)
	b.Queue("select deleting_at is not null from qlikcrawler.connection where code = $1 for share", r.Connection).
		QueryRow(func(row pgx.Row) error { return row.Scan(&deleting) })
	queueOpenRuns(b, r.Connection, &open)
	err := tx.SendBatch(ctx, b).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return noConnection("start a crawl of", r.Connection)
	}
	if err != nil {
		return err
	}
	if deleting {
		return beingRemoved("start a crawl of", r.Connection)
	}
	running, err := endDead(ctx, tx, open)
	if err != nil {
		return err
	}
	for _, other := range running {
		if r.Mode != catalog.Selected && other.Mode != catalog.Selected {
			return inFlight("start a crawl of", other)
		}
	}
	return nil
}

func inFlight(op string, r catalog.Run) error {
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: op, Key: catalog.Key(r.Connection),
		Err:  &catalog.InFlight{Run: r.ID, Mode: r.Mode, State: r.State, StartedAt: r.StartedAt},
		Cure: "Wait until it ends, or cancel it.",
	}
}

// endDeadRuns marks those running runs of a connection interrupted whose process is gone, and gives
// the others. Shared runs go on without any of their processes.
func endDeadRuns(ctx context.Context, tx pgx.Tx, code string) ([]catalog.Run, error) {
	var open []catalog.Run
	b := &pgx.Batch{}
	queueOpenRuns(b, code, &open)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	return endDead(ctx, tx, open)
}

// queueOpenRuns asks for the runs of a connection that haven't ended, by their words.
func queueOpenRuns(b *pgx.Batch, code string, open *[]catalog.Run) {
	b.Queue(selectRun+" where connection = $1 and state in ('queued', 'running') order by id", code).
		Query(func(rows pgx.Rows) (err error) {
			*open, err = pgx.CollectRows(rows, scanRun)
			return err
		})
}

func endDead(ctx context.Context, tx pgx.Tx, runs []catalog.Run) ([]catalog.Run, error) {
	var alive []catalog.Run
	for _, r := range runs {
		if r.Shared {
			alive = append(alive, r)
			continue
		}
		var free bool
		if err := tx.QueryRow(ctx, lockIfFree, ownerLock(r.ID)).Scan(&free); err != nil {
			return nil, err
		}
		if !free {
			alive = append(alive, r)
			continue
		}
		end := ending{run: r.ID, state: catalog.Interrupted, why: "the process that ran it is gone"}
		if err := end.write(ctx, tx); err != nil {
			return nil, err
		}
	}
	return alive, nil
}

// FinishRun ends a running run: state is Done, Failed, Cancelled or Interrupted, why says what went
// wrong. A complete run (done, full or delta) makes the connection green and is its last success; a
// failed one makes it red. CodeConflict if the run isn't running any more.
func (db *DB) FinishRun(ctx context.Context, id catalog.RunID, state catalog.State, tally catalog.Tally, why string) error {
	counts, err := jsonOf(tally)
	if err != nil {
		return fail("finish run", runKey(id), err)
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		return ending{run: id, state: state, tally: counts, why: why}.write(ctx, tx)
	})
	if err != nil {
		return fail("finish run", runKey(id), err)
	}
	db.disown(id)
	return nil
}

// An ending is how a running run ends. It is written by whoever ran it, or by who found it dead.
type ending struct {
	run   catalog.RunID
	state catalog.State
	tally any // a document, or nil: as it was last noted, or as the rows of a shared run say
	why   string
	from  []string // the states that it may end; nil: running
}

// write waits for those who write for the run: from its commit on, none can.
func (e ending) write(ctx context.Context, tx pgx.Tx) error {
	var code string
	var mode catalog.Mode
	from := e.from
	if from == nil {
		from = []string{string(catalog.Running)}
	}
	b := &pgx.Batch{}
	b.Queue(lockExclusive, runLock(e.run))
	b.Queue(lockShare, e.run)
	b.Queue(`
		update qlikcrawler.crawl_run set state = $2, error = $4, worker = null,
			tally = case when shared then qlikcrawler.tally(id) else coalesce($3, tally) end,
			heartbeat_at = clock_timestamp(), finished_at = clock_timestamp()
		where id = $1 and state = any($5) returning connection, mode`,
		e.run, e.state, e.tally, text(e.why), from).
		QueryRow(func(row pgx.Row) error { return row.Scan(&code, &mode) })
	queueNoWork(b, e.run)
	err := tx.SendBatch(ctx, b).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return notRunning(e.run)
	}
	if err != nil {
		return err
	}
	switch {
	case e.state == catalog.Failed:
		_, err = tx.Exec(ctx, `
			update qlikcrawler.connection set health = 'red', health_reason = $2,
				health_since = case when health = 'red' then health_since else clock_timestamp() end
			where code = $1`, code, text(e.why))
	case e.state == catalog.Done && mode != catalog.Selected:
		b := &pgx.Batch{}
		b.Queue(`
			update qlikcrawler.connection c set health = 'green', health_reason = null,
				health_since = case when health = 'green' then health_since else r.finished_at end,
				last_success_at = r.finished_at
			from qlikcrawler.crawl_run r where r.id = $2 and c.code = $1`, code, e.run)
		b.Queue(clearHealthCheck, code)
		err = tx.SendBatch(ctx, b).Close()
	}
	return err
}

func notRunning(id catalog.RunID) error {
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: "write for run", Key: runKey(id),
		Err:  errors.New("the run is not running any more"),
		Cure: "Start the crawl again.",
	}
}

func runKey(id catalog.RunID) catalog.Key { return catalog.Key(fmt.Sprint(id)) }

const selectRun = `
	select id, connection, mode, trigger, state, tally, started_at, finished_at, error, apps, groups,
		allow_mass_retire, shared, stage, version, asked_at, asked_by
	from qlikcrawler.crawl_run`

// Run gives one run, or CodeNotFound.
func (db *DB) Run(ctx context.Context, id catalog.RunID) (catalog.Run, error) {
	rows, err := db.pool.Query(ctx, selectRun+" where id = $1", id)
	if err != nil {
		return catalog.Run{}, fail("read run", runKey(id), err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRun)
	return r, fail("read run", runKey(id), err)
}

// Runs gives the runs of a connection, the newest first.
func (db *DB) Runs(ctx context.Context, code string) ([]catalog.Run, error) {
	rows, err := db.pool.Query(ctx, selectRun+" where connection = $1 order by id desc", code)
	if err != nil {
		return nil, fail("list the runs of", catalog.Key(code), err)
	}
	runs, err := pgx.CollectRows(rows, scanRun)
	return runs, fail("list the runs of", catalog.Key(code), err)
}

func scanRun(row pgx.CollectableRow) (catalog.Run, error) {
	var r catalog.Run
	var tally []byte
	var started, finished *time.Time
	var why, by *string
	var groups []string
	err := row.Scan(&r.ID, &r.Connection, &r.Mode, &r.Trigger, &r.State, &tally, &started, &finished, &why,
		&r.Apps, &groups, &r.AllowMassRetire, &r.Shared, &r.Stage, &r.Version, &r.AskedAt, &by)
	if err != nil {
		return r, err
	}
	r.StartedAt, r.FinishedAt, r.Error, r.AskedBy = value(started), value(finished), value(why), value(by)
	if !r.Shared {
		r.Stage = "" // the process that owns it knows
	}
	for _, g := range groups {
		r.Groups = append(r.Groups, catalog.Key(g))
	}
	if err := json.Unmarshal(tally, &r.Tally); err != nil {
		return r, fmt.Errorf("tally of run %d: %w", r.ID, err)
	}
	return r, nil
}
