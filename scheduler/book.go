package scheduler

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Book is what the scheduler reads and writes of the catalog. What takes a transaction is joined with
// the queue's own rows: a job exists exactly if what it is about does.
type Book interface {
	InTx(ctx context.Context, fn func(pgx.Tx) error) error
	Connection(ctx context.Context, code string) (catalog.Connection, error)

	Run(ctx context.Context, id catalog.RunID) (catalog.Run, error)
	OpenRun(ctx context.Context, tx pgx.Tx, r catalog.Run) (catalog.Run, error)
	CancelRun(ctx context.Context, id catalog.RunID, why string) error
	ClaimRun(ctx context.Context, tx pgx.Tx, id catalog.RunID, worker string, l catalog.Limit) (catalog.SharedRun, catalog.Turn, error)
	PlanRun(ctx context.Context, tx pgx.Tx, c catalog.Claim, d catalog.Draft, batch int, l catalog.Limit) (queue []int, err error)
	FreeRun(ctx context.Context, tx pgx.Tx, c catalog.Claim) (queue bool, err error)
	EndRun(ctx context.Context, tx pgx.Tx, c catalog.Claim, state catalog.State, why string) error

	ClaimBatch(ctx context.Context, tx pgx.Tx, run catalog.RunID, number int, worker string, l catalog.Limit) (catalog.Batch, catalog.Turn, error)
	FinishBatch(ctx context.Context, tx pgx.Tx, c catalog.Claim, worker string, more bool, l catalog.Limit) (next *catalog.Batch, queue []int, last bool, err error)
	FreeBatch(ctx context.Context, tx pgx.Tx, c catalog.Claim) (queue bool, err error)

	Beat(ctx context.Context, worker string, usage map[catalog.RunID]catalog.Usage) ([]catalog.Claim, error)
	NoteUsage(ctx context.Context, tx pgx.Tx, run catalog.RunID, worker string, u catalog.Usage) error

	Due(ctx context.Context, now time.Time) ([]string, error)
	TakeDue(ctx context.Context, tx pgx.Tx, code string, now time.Time) (catalog.Schedule, catalog.Mode, error)
	Advance(ctx context.Context, tx pgx.Tx, code string, next time.Time, started catalog.Mode) error
	Schedule(ctx context.Context, code string) (catalog.Schedule, error)
	RemoveSchedule(ctx context.Context, code string) error
	SetSchedule(ctx context.Context, code string, s catalog.Schedule) error
	ReplaceSchedule(ctx context.Context, code string, was, s catalog.Schedule) error

	Silent(ctx context.Context, since time.Time) ([]catalog.Claim, error)
	Revive(ctx context.Context, tx pgx.Tx, c catalog.Claim) (queue bool, err error)
	Waiting(ctx context.Context, since time.Time) ([]catalog.Claim, error)
	Tidy(ctx context.Context, since time.Time) error
	Unpruned(ctx context.Context, since time.Time) ([]string, error)
	Prune(ctx context.Context, code string, now time.Time, r catalog.Retention) (catalog.Pruned, error)
	Expire(ctx context.Context, now time.Time, audit time.Duration) (catalog.Pruned, error)
}
