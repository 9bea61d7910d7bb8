package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// mostResumes is how often a run, or a part of it, goes on after its process has died.
const mostResumes = 3

// Silent gives the claims whose process hasn't been heard of since then.
func (db *DB) Silent(ctx context.Context, since time.Time) ([]catalog.Claim, error) {
	rows, err := db.pool.Query(ctx, `
		select run, number, attempt from qlikcrawler.run_batch where state = 'working' and heartbeat_at < $1
		union all
		select id, 0, attempt from qlikcrawler.crawl_run
		where state = 'running' and shared and worker is not null and heartbeat_at < $1`, since)
	if err != nil {
		return nil, fail("look for silent processes", "", err)
	}
	all, err := pgx.CollectRows(rows, scanClaim)
	return all, fail("look for silent processes", "", err)
}

// Revive frees what a silent process had claimed, so that another one goes on with it; true: a job is to
// be queued. What was revived too often fails its run.
func (db *DB) Revive(ctx context.Context, tx pgx.Tx, c catalog.Claim) (queue bool, err error) {
	defer func() { err = fail("resume run", runKey(c.Run), err) }()
	if _, err := tx.Exec(ctx, "set local lock_timeout = '5s'"); err != nil { // a stopped process may hold it: next time
		return false, err
	}
	b := &pgx.Batch{}
	b.Queue(lockExclusive, runLock(c.Run))
	b.Queue(lockShare, c.Run)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return false, err
	}
	if c.Batch > 0 {
		return reviveBatch(ctx, tx, c)
	}
	var resumes int
	rows, err := tx.Query(ctx, `
		update qlikcrawler.crawl_run set worker = null, resumes = resumes + 1,
			state = case when stage = 'listing' then 'queued' else state end
		where id = $1 and attempt = $2 and worker is not null and state = 'running' returning resumes`, c.Run, c.Attempt)
	if err != nil {
		return false, err
	}
	if resumes, err = first(rows); err != nil || resumes == 0 {
		return false, err
	}
	if resumes <= mostResumes {
		return true, nil
	}
	return false, tooOften(ctx, tx, c.Run)
}

func reviveBatch(ctx context.Context, tx pgx.Tx, c catalog.Claim) (bool, error) {
	if _, err := tx.Exec(ctx, lockExclusive, batchLock(c.Run, c.Batch)); err != nil {
		return false, err
	}
	rows, err := tx.Query(ctx, `
		update qlikcrawler.run_batch b set state = 'queued', since = clock_timestamp(), worker = null, resumes = b.resumes + 1
		from qlikcrawler.crawl_run r
		where b.run = $1 and b.number = $2 and b.attempt = $3 and b.state = 'working' and r.id = b.run and r.state = 'running'
		returning b.resumes`, c.Run, c.Batch, c.Attempt)
	if err != nil {
		return false, err
	}
	resumes, err := first(rows)
	switch {
	case err != nil:
		return false, err
	case resumes == 0: // the run has ended: nobody waits for this one
		_, err := tx.Exec(ctx, "delete from qlikcrawler.run_batch where run = $1 and number = $2 and attempt = $3", c.Run, c.Batch, c.Attempt)
		return false, err
	case resumes <= mostResumes:
		return true, nil
	}
	return false, tooOften(ctx, tx, c.Run)
}

func first(rows pgx.Rows) (int, error) {
	all, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0], nil
}

func tooOften(ctx context.Context, tx pgx.Tx, run catalog.RunID) error {
	why := fmt.Sprintf("the processes that worked on it died %d times at the same place; the log of each tells more, and the next crawl goes on from what is stored", mostResumes+1)
	return ending{run: run, state: catalog.Failed, why: why, from: []string{string(catalog.Queued), string(catalog.Running)}}.write(ctx, tx)
}

// Waiting gives what has been waiting for a process since then: runs (batch 0) and batches of runs that
// are queued. Those without a job need one again.
func (db *DB) Waiting(ctx context.Context, since time.Time) ([]catalog.Claim, error) {
	rows, err := db.pool.Query(ctx, `
		select b.run, b.number, 0 from qlikcrawler.run_batch b join qlikcrawler.crawl_run r on r.id = b.run
		where b.state = 'queued' and r.state = 'running' and b.since < $1
		union all
		select id, 0, 0 from qlikcrawler.crawl_run
		where shared and worker is null and stage <> 'reading' and state in ('queued', 'running')
			and coalesce(heartbeat_at, asked_at) < $1`, since)
	if err != nil {
		return nil, fail("look for waiting runs", "", err)
	}
	all, err := pgx.CollectRows(rows, scanClaim)
	return all, fail("look for waiting runs", "", err)
}

// Tidy takes the sessions of silent processes away, marks runs interrupted whose own process is gone, and forgets
// parts of ended runs.
func (db *DB) Tidy(ctx context.Context, since time.Time) error {
	rows, err := db.pool.Query(ctx, `
		select distinct connection from qlikcrawler.crawl_run where state in ('queued', 'running') and not shared
		union select distinct connection from qlikcrawler.lease where heartbeat_at < $1`, since)
	if err != nil {
		return fail("tidy up", "", err)
	}
	codes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fail("tidy up", "", err)
	}
	for _, code := range codes {
		err := db.inTx(ctx, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, lockExclusive, "sweep/"+code); err != nil {
				return err
			}
			if _, err := endDeadRuns(ctx, tx, code); err != nil {
				return err
			}
			if _, _, err := leases(ctx, tx, code, ""); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "delete from qlikcrawler.lease where connection = $1 and run is null and heartbeat_at < $2", code, since)
			return err
		})
		if err != nil {
			return fail("tidy up", catalog.Key(code), err)
		}
	}
	return nil
}
