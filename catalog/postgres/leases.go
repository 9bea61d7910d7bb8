package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// lease lets a process have a Qlik session of a connection, or says that no more are allowed. One that
// has it keeps it. It takes share/CODE.
func lease(ctx context.Context, tx pgx.Tx, code, worker string, limit catalog.Limit) (bool, error) {
	others, mine, err := leases(ctx, tx, code, worker)
	if err != nil || !mine && len(others) >= limit.Sessions {
		return false, err
	}
	_, err = tx.Exec(ctx, `insert into qlikcrawler.lease (connection, worker) values ($1, $2)
		on conflict (connection, worker) do update set heartbeat_at = clock_timestamp()`, code, worker)
	return err == nil, err
}

// leases gives the processes that have a session of a connection, but for worker. Processes that owned
// a run and are gone lose theirs at once.
func leases(ctx context.Context, tx pgx.Tx, code, worker string) (others []string, mine bool, err error) {
	if _, err := tx.Exec(ctx, lockExclusive, shareLock(code)); err != nil {
		return nil, false, err
	}
	_, err = tx.Exec(ctx, `
		delete from qlikcrawler.lease where connection = $1 and run is not null
			and pg_try_advisory_xact_lock(hashtextextended('qlikcrawler/owner/' || run, 0))`, code)
	if err != nil {
		return nil, false, err
	}
	rows, err := tx.Query(ctx, "select worker from qlikcrawler.lease where connection = $1", code)
	if err != nil {
		return nil, false, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, w := range all {
		if w == worker {
			mine = true
		} else {
			others = append(others, w)
		}
	}
	return others, mine, err
}

// ReleaseLease says that a process has no Qlik session of a connection any more.
func (db *DB) ReleaseLease(ctx context.Context, code, worker string) error {
	_, err := db.pool.Exec(ctx, "delete from qlikcrawler.lease where connection = $1 and worker = $2", code, worker)
	return fail("give up the session of", catalog.Key(code), err)
}

// LeaseForRun gives the process that owns a run a Qlik session, and as many places to read apps as are
// free, at least one. Both are free again when the run ends or its process does. CodeConflict while
// others have all sessions.
func (db *DB) LeaseForRun(ctx context.Context, code string, run catalog.RunID, limit catalog.Limit) (workers int, err error) {
	worker := fmt.Sprintf("run/%d", run)
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		others, _, err := leases(ctx, tx, code, worker)
		if err != nil {
			return err
		}
		if len(others) >= limit.Sessions {
			return &catalog.Error{
				Code: catalog.CodeConflict, Op: "start a Qlik session of", Key: catalog.Key(code),
				Err:  errors.New("other processes have as many Qlik sessions as options.max_sessions allows"),
				Cure: "Wait until they end, or raise options.max_sessions.",
			}
		}
		busy, err := working(ctx, tx, code)
		if err != nil {
			return err
		}
		workers = max(1, limit.Workers-busy)
		_, err = tx.Exec(ctx, `insert into qlikcrawler.lease (connection, worker, slots, run) values ($1, $2, $3, $4)
			on conflict (connection, worker) do update set slots = excluded.slots`, code, worker, workers, run)
		return err
	})
	return workers, fail("start a Qlik session of", catalog.Key(code), err)
}
