package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// CrawlArgs is the job to list and plan a run, or to end it: its stage says which. Nothing else travels.
type CrawlArgs struct {
	Run catalog.RunID `json:"run"`
}

// Kind names the job in the database: it never changes.
func (CrawlArgs) Kind() string { return kindCrawl }

// InsertOpts says which workers take it.
func (CrawlArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueRuns} }

// FetchArgs is the job to read a batch of a run, and others of the run after it.
type FetchArgs struct {
	Run   catalog.RunID `json:"run"`
	Batch int           `json:"batch"`
}

// Kind names the job in the database: it never changes.
func (FetchArgs) Kind() string { return kindFetch }

// InsertOpts says which workers take it.
func (FetchArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueApps} }

// LineageArgs is the job to make a connection's lineage anew from what is stored. It may be done twice: what is
// equal writes nothing.
type LineageArgs struct {
	Connection string `json:"connection" river:"unique"`
}

// Kind names the job in the database: it never changes.
func (LineageArgs) Kind() string { return kindLineage }

// InsertOpts says which workers take it. One that waits or runs is enough for a connection.
func (LineageArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueRuns, MaxAttempts: lineageTries, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}}}
}

// lineageTries is how often the queue starts making lineage that fails.
const lineageTries = 3

const (
	kindCrawl   = "crawl"
	kindLineage = "lineage"
	kindFetch   = "fetch"
	queueRuns   = "runs"
	queueApps   = "apps"

	// schema holds the queue's tables, beside the catalog's.
	schema = "qlikcrawler_queue"

	// runsAtOnce is how many runs a process lists, or ends, at a time.
	runsAtOnce = 4
)

// River's own limits. It interrupts a job at its timeout, and takes one for lost that is older than
// rescueAfter; both only tidy up, for what a dead process had claimed is found by its silence.
const (
	fetchTimeout = 30 * time.Minute
	crawlTimeout = 6 * time.Hour
	rescueAfter  = 45 * time.Minute

	// finishedFor is how long the queue keeps finished jobs, of which nobody asks anything.
	finishedFor = time.Hour

	// cooldown is the least time between two looks at the queue by one process.
	cooldown = 20 * time.Millisecond
	poll     = time.Second
)

type crawlWorker struct {
	river.WorkerDefaults[CrawlArgs]
	s *Scheduler
}

func (w *crawlWorker) Work(ctx context.Context, job *river.Job[CrawlArgs]) error {
	return w.s.coordinate(ctx, job.Args.Run)
}

func (w *crawlWorker) Timeout(*river.Job[CrawlArgs]) time.Duration { return crawlTimeout }

type fetchWorker struct {
	river.WorkerDefaults[FetchArgs]
	s *Scheduler
}

func (w *fetchWorker) Work(ctx context.Context, job *river.Job[FetchArgs]) error {
	return w.s.read(ctx, job.Args)
}

func (w *fetchWorker) Timeout(*river.Job[FetchArgs]) time.Duration { return fetchTimeout }

type lineageWorker struct {
	river.WorkerDefaults[LineageArgs]
	s *Scheduler
}

func (w *lineageWorker) Work(ctx context.Context, job *river.Job[LineageArgs]) error {
	return w.s.Runner.BuildLineage(ctx, job.Args.Connection)
}

func (w *lineageWorker) Timeout(*river.Job[LineageArgs]) time.Duration { return crawlTimeout }

func (s *Scheduler) newQueue() (*river.Client[pgx.Tx], error) {
	c := &river.Config{Schema: schema, Logger: quietLog(s.Log)}
	workers := river.NewWorkers()
	river.AddWorker(workers, &crawlWorker{s: s})
	river.AddWorker(workers, &fetchWorker{s: s})
	river.AddWorker(workers, &lineageWorker{s: s})
	c.Workers = workers
	if s.Runner != nil {
		c.ID = s.Worker
		c.Queues = map[string]river.QueueConfig{queueRuns: {MaxWorkers: runsAtOnce}, queueApps: {MaxWorkers: s.Slots}}
		c.FetchCooldown, c.FetchPollInterval = cooldown, poll
		c.RescueStuckJobsAfter = rescueAfter
		c.JobTimeout = fetchTimeout
		c.CompletedJobRetentionPeriod, c.CancelledJobRetentionPeriod, c.DiscardedJobRetentionPeriod = finishedFor, finishedFor, pruneEvery
	}
	return river.NewClient(riverpgxv5.New(s.Pool), c)
}

// quietLog lets the queue tell what goes wrong, not what it does.
func quietLog(log *slog.Logger) *slog.Logger { return slog.New(warnOnly{log.Handler()}) }

type warnOnly struct{ slog.Handler }

func (h warnOnly) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h warnOnly) WithAttrs(a []slog.Attr) slog.Handler { return warnOnly{h.Handler.WithAttrs(a)} }
func (h warnOnly) WithGroup(n string) slog.Handler      { return warnOnly{h.Handler.WithGroup(n)} }

// enqueue queues jobs in a transaction.
func (s *Scheduler) enqueue(ctx context.Context, tx pgx.Tx, jobs ...river.JobArgs) error {
	return s.enqueueAt(ctx, tx, time.Time{}, jobs...)
}

// enqueueAt queues jobs for later.
func (s *Scheduler) enqueueAt(ctx context.Context, tx pgx.Tx, at time.Time, jobs ...river.JobArgs) error {
	if len(jobs) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		params[i] = river.InsertManyParams{Args: j}
		if !at.IsZero() {
			params[i].InsertOpts = &river.InsertOpts{ScheduledAt: at}
		}
	}
	if _, err := s.queue.InsertManyTx(ctx, tx, params); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// fetches are the jobs of batches.
func fetches(run catalog.RunID, batches []int) []river.JobArgs {
	jobs := make([]river.JobArgs, len(batches))
	for i, n := range batches {
		jobs[i] = FetchArgs{Run: run, Batch: n}
	}
	return jobs
}

// jobOf is the job that a claim needs.
func jobOf(c catalog.Claim) river.JobArgs {
	if c.Batch > 0 {
		return FetchArgs{Run: c.Run, Batch: c.Batch}
	}
	return CrawlArgs{Run: c.Run}
}

// onTheirWay gives the jobs that some process will take.
func (s *Scheduler) onTheirWay(ctx context.Context) (map[catalog.Claim]bool, error) {
	rows, err := s.Pool.Query(ctx, `
		select (args->>'run')::bigint, coalesce((args->>'batch')::int, 0), 0 from `+schema+`.river_job
		where kind in ('`+kindCrawl+`', '`+kindFetch+`') and state in ('available', 'pending', 'retryable', 'scheduled')`)
	if err != nil {
		return nil, fmt.Errorf("read the queue: %w", err)
	}
	all := map[catalog.Claim]bool{}
	var c catalog.Claim
	_, err = pgx.ForEachRow(rows, []any{&c.Run, &c.Batch, &c.Attempt}, func() error {
		all[c] = true
		return nil
	})
	return all, err
}

// migrationLock is any number that no other program's advisory lock has.
const migrationLock = 0x716c696b6372 + 1

// Migrate brings the queue's tables to this version. It may be called by several processes at once.
func Migrate(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	defer func() {
		// A connection that is lost has lost the lock too.
		_, _ = conn.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", int64(migrationLock))
	}()
	if _, err := conn.Exec(ctx, "create schema if not exists "+schema); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: quietLog(log)})
	if err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}
