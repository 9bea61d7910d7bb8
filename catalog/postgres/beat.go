package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Beat says that a process lives, with all that it works on and what each run has cost it so far, and
// gives the claims that it still has. A claim that isn't among them is lost: its run was ended, or
// somebody took it over.
func (db *DB) Beat(ctx context.Context, worker string, usage map[catalog.RunID]catalog.Usage) (held []catalog.Claim, err error) {
	defer func() { err = fail("beat for", catalog.Key(worker), err) }()
	if _, err := db.pool.Exec(ctx, "update qlikcrawler.lease set heartbeat_at = clock_timestamp() where worker = $1", worker); err != nil {
		return nil, err
	}
	rows, err := db.pool.Query(ctx, `
		with b as (
			update qlikcrawler.run_batch b set heartbeat_at = clock_timestamp()
			from qlikcrawler.crawl_run r
			where b.worker = $1 and b.state = 'working' and r.id = b.run
			returning b.run, b.number, b.attempt, r.state)
		select run, number, attempt from b where state = 'running'`, worker)
	if err != nil {
		return nil, err
	}
	batches, err := pgx.CollectRows(rows, scanClaim)
	if err != nil {
		return nil, err
	}
	rows, err = db.pool.Query(ctx, `
		update qlikcrawler.crawl_run set heartbeat_at = clock_timestamp()
		where worker = $1 and state = 'running' returning id, 0, attempt`, worker)
	if err != nil {
		return nil, err
	}
	runs, err := pgx.CollectRows(rows, scanClaim)
	if err != nil {
		return nil, err
	}
	for run, u := range usage {
		if err := db.noteUsage(ctx, run, worker, u); err != nil {
			return nil, err
		}
	}
	return append(batches, runs...), nil
}

func scanClaim(row pgx.CollectableRow) (c catalog.Claim, err error) {
	err = row.Scan(&c.Run, &c.Batch, &c.Attempt)
	return c, err
}

// orMore keeps the greater of two counts: costs only grow, and a beat that was counted before a part ended may be stored
// after what its end counted.
const orMore = `
	on conflict (run, worker) do update set usage = (
		select jsonb_object_agg(e.key, greatest(e.value::bigint, (run_usage.usage->>e.key)::bigint)) from jsonb_each_text(excluded.usage) e)`

// noteUsage stores what a run has cost one process, and counts the run anew unless another process has
// just done so.
func (db *DB) noteUsage(ctx context.Context, run catalog.RunID, worker string, u catalog.Usage) error {
	doc, err := jsonOf(u)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`insert into qlikcrawler.run_usage (run, worker, usage)
		select id, $2, $3 from qlikcrawler.crawl_run where id = $1 and state = 'running' `+orMore, run, worker, doc)
	b.Queue(`update qlikcrawler.crawl_run set tally = qlikcrawler.tally(id), heartbeat_at = clock_timestamp()
		where id = $1 and state = 'running' and stage <> 'listing'
			and (worker = $2 or heartbeat_at < clock_timestamp() - interval '700 milliseconds')`, run, worker)
	return db.pool.SendBatch(ctx, b).Close()
}

// NoteUsage stores what a run has cost a process, in the transaction that ends its part.
func (db *DB) NoteUsage(ctx context.Context, tx pgx.Tx, run catalog.RunID, worker string, u catalog.Usage) error {
	doc, err := jsonOf(u)
	if err == nil {
		_, err = tx.Exec(ctx, `insert into qlikcrawler.run_usage (run, worker, usage)
			select id, $2, $3 from qlikcrawler.crawl_run where id = $1 `+orMore, run, worker, doc)
	}
	return fail("note what it cost in run", runKey(run), err)
}
