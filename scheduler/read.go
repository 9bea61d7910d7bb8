package scheduler

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A lane is one worker's stay with a run: it reads batch after batch while there are any and nothing
// says otherwise.
type lane struct {
	s     *Scheduler
	run   catalog.Run
	terms Terms
	until time.Time // when others should have a chance
}

// read is the work of a FetchArgs job.
func (s *Scheduler) read(ctx context.Context, job FetchArgs) error {
	run, err := s.Book.Run(ctx, job.Run)
	if catalog.CodeOf(err) == catalog.CodeNotFound || err == nil && run.State != catalog.Running {
		return nil
	}
	if err != nil {
		return err
	}
	l := &lane{s: s, run: run, until: s.Now().Add(s.Pace.Slice)}
	if l.terms, err = s.Runner.Terms(ctx, run.Connection); err != nil {
		return err // a database that is away; a connection that broke is told by the reading
	}
	if end, quiet := l.terms.quiet(s.Now()); quiet {
		return river.JobSnooze(s.napUntil(end))
	}
	release := s.Runner.Hold(run.Connection)
	defer release()
	var batch catalog.Batch
	var turn catalog.Turn
	err = s.Book.InTx(ctx, func(tx pgx.Tx) error {
		batch, turn, err = s.Book.ClaimBatch(ctx, tx, job.Run, job.Batch, s.Worker, l.terms.Limit)
		return err
	})
	if yours, err := ours(turn, err); !yours {
		return err
	}
	for next := &batch; next != nil && err == nil; {
		next, err = l.batch(ctx, *next)
	}
	return err
}

// batch reads one batch and gives the next one.
func (l *lane) batch(ctx context.Context, b catalog.Batch) (*catalog.Batch, error) {
	mine, drop := l.s.hold(ctx, b.Claim)
	defer drop()
	all, err := l.s.Runner.Read(mine, l.run, b, l.goOn)
	if err != nil {
		return nil, l.s.conclude(ctx, mine, l.run, b.Claim, err)
	}
	if !all {
		var at time.Time
		if end, quiet := l.terms.quiet(l.s.Now()); quiet {
			at = l.s.Now().Add(l.s.napUntil(end))
		}
		return nil, l.s.handBack(context.WithoutCancel(ctx), b.Claim, at)
	}
	return l.finish(ctx, b)
}

// goOn reports whether one more app may be begun.
func (l *lane) goOn() bool {
	_, quiet := l.terms.quiet(l.s.Now())
	return !quiet && l.s.going()
}

// finish says that a batch is read, and takes the next one.
func (l *lane) finish(ctx context.Context, b catalog.Batch) (next *catalog.Batch, err error) {
	more := l.goOn() && l.s.Now().Before(l.until) && ctx.Err() == nil
	ctx = context.WithoutCancel(ctx)
	err = l.s.Book.InTx(ctx, func(tx pgx.Tx) error {
		if err := l.s.Book.NoteUsage(ctx, tx, b.Run, l.s.Worker, l.s.Runner.Usage(b.Run)); err != nil {
			return err
		}
		var queue []int
		var last bool
		next, queue, last, err = l.s.Book.FinishBatch(ctx, tx, b.Claim, l.s.Worker, more, l.terms.Limit)
		if err != nil {
			return err
		}
		jobs := fetches(b.Run, queue)
		if last {
			jobs = append(jobs, CrawlArgs{Run: b.Run})
		}
		return l.s.enqueue(ctx, tx, jobs...)
	})
	return next, err
}
