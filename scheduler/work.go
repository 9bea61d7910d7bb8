package scheduler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// errLost ends the work under a claim that this process no longer has: the run was cancelled, has ended,
// or somebody took it over.
var errLost = &catalog.Error{
	Code: catalog.CodeConflict, Op: "work on the run",
	Err: errors.New("it has ended, or another process works on it"),
}

// retrySoon is when a worker asks again that may not work at present.
func retrySoon() error {
	const least = time.Second
	return river.JobSnooze(least + rand.N(least/2))
}

// ours tells whether a claim was given to this worker, and what it answers the queue if not.
func ours(turn catalog.Turn, err error) (bool, error) {
	switch {
	case err != nil:
		return false, err
	case turn == catalog.WaitTurn:
		return false, retrySoon()
	default:
		return turn == catalog.Yours, nil
	}
}

// longestNap bounds how long a paused run sleeps: its quiet hours may be edited meanwhile.
const longestNap = time.Minute

func (s *Scheduler) napUntil(end time.Time) time.Duration {
	return max(time.Second, min(end.Sub(s.Now()), longestNap))
}

// coordinate lists and plans a run, or ends it: what its stage asks for.
func (s *Scheduler) coordinate(ctx context.Context, id catalog.RunID) error {
	run, err := s.Book.Run(ctx, id)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	terms, broken := s.terms(ctx, run.Connection)
	if end, quiet := terms.quiet(s.Now()); quiet && run.Stage == catalog.StageListing {
		return river.JobSnooze(s.napUntil(end))
	}
	release := s.Runner.Hold(run.Connection)
	defer release()
	var claimed catalog.SharedRun
	var turn catalog.Turn
	err = s.Book.InTx(ctx, func(tx pgx.Tx) error {
		claimed, turn, err = s.Book.ClaimRun(ctx, tx, id, s.Worker, terms.Limit)
		return err
	})
	if yours, err := ours(turn, err); !yours {
		return err
	}
	mine, drop := s.hold(ctx, claimed.Claim)
	defer drop()
	err = broken
	if err == nil {
		err = s.advance(mine, claimed, terms)
	}
	return s.conclude(ctx, mine, run, claimed.Claim, err)
}

// terms are those of a connection. A connection that can't be read has the narrowest ones, and the reason.
func (s *Scheduler) terms(ctx context.Context, code string) (Terms, error) {
	t, err := s.Runner.Terms(ctx, code)
	if err != nil {
		return Terms{Limit: catalog.Limit{Workers: 1, Sessions: 1}}, err
	}
	return t, nil
}

// advance does what the stage of a claimed run asks for. A run without anything to read is ended at once.
func (s *Scheduler) advance(ctx context.Context, r catalog.SharedRun, terms Terms) error {
	if r.Details.Stage == catalog.StageListing {
		draft, err := s.Runner.Draft(ctx, r)
		if err != nil {
			return err
		}
		toRead, err := s.plan(ctx, r, draft, terms)
		if err != nil || toRead {
			return err
		}
		r.Retire = draft.Retire
	}
	if err := s.Runner.Retire(ctx, r); err != nil {
		return err
	}
	// A stop that comes now would leave it open whether the end was stored. It is fenced, so it may outlast one.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBackTime)
	defer cancel()
	err := s.Book.InTx(last, func(tx pgx.Tx) error {
		if err := s.Book.NoteUsage(last, tx, r.Run, s.Worker, s.Runner.Usage(r.Run)); err != nil {
			return err
		}
		return s.Book.EndRun(last, tx, r.Claim, catalog.Done, "")
	})
	if err == nil {
		s.Log.InfoContext(ctx, "crawl done", "connection", r.Details.Connection, "run", r.Run)
		s.Runner.Ended(r.Details)
	}
	return err
}

// plan stores a draft and queues its first batches; false: there is nothing to read.
func (s *Scheduler) plan(ctx context.Context, r catalog.SharedRun, d catalog.Draft, terms Terms) (bool, error) {
	var queue []int
	err := s.Book.InTx(ctx, func(tx pgx.Tx) error {
		if err := s.Book.NoteUsage(ctx, tx, r.Run, s.Worker, s.Runner.Usage(r.Run)); err != nil {
			return err
		}
		var err error
		if queue, err = s.Book.PlanRun(ctx, tx, r.Claim, d, batchSize(len(d.Units), terms.Workers), terms.Limit); err != nil {
			return err
		}
		return s.enqueue(ctx, tx, fetches(r.Run, queue)...)
	})
	if err == nil {
		s.Log.InfoContext(ctx, "crawl planned", "connection", r.Details.Connection, "run", r.Run, "mode", r.Details.Mode,
			"listed", d.Tally.Listed, "to_read", len(d.Units), "to_retire", len(d.Retire))
	}
	return len(queue) > 0, err
}

// batchSize is a few apps: so many that handing them out costs little, so few that no worker is left with
// much when all others are done, or is lost with it.
func batchSize(units, workers int) int {
	const most, rounds = 5, 8
	return max(1, min(most, units/(rounds*max(1, workers))))
}

// conclude says how work on a run ended that went wrong: handed back when this process stops, failed
// otherwise. What is no longer this process's to say is left to those who have it.
func (s *Scheduler) conclude(ctx, mine context.Context, run catalog.Run, c catalog.Claim, err error) error {
	if err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBackTime)
	defer cancel()
	if ctx.Err() != nil || errors.Is(context.Cause(mine), errLost) {
		return s.handBack(last, c, time.Time{})
	}
	ending := s.Book.InTx(last, func(tx pgx.Tx) error {
		if err := s.Book.NoteUsage(last, tx, run.ID, s.Worker, s.Runner.Usage(run.ID)); err != nil {
			return err
		}
		return s.Book.EndRun(last, tx, c, catalog.Failed, inWords(err))
	})
	switch {
	case catalog.CodeOf(ending) == catalog.CodeConflict:
		return s.handBack(last, c, time.Time{})
	case ending == nil:
		s.Log.ErrorContext(last, "crawl failed", "connection", run.Connection, "run", run.ID, "error", err)
		s.Runner.Ended(run)
		if c.Batch > 0 {
			ending = s.handBack(last, c, time.Time{})
		}
	}
	return ending
}

// inWords is an error with its cure.
func inWords(err error) string {
	if cure := catalog.CureOf(err); cure != "" {
		return fmt.Sprintf("%s; %s", err, cure)
	}
	return err.Error()
}

// handBack gives what was claimed to whoever has time, at once or later. What was lost, or is of a run that
// has ended, only stops to count.
func (s *Scheduler) handBack(ctx context.Context, c catalog.Claim, at time.Time) error {
	return s.Book.InTx(ctx, func(tx pgx.Tx) error {
		free := s.Book.FreeRun
		if c.Batch > 0 {
			free = s.Book.FreeBatch
			if err := s.Book.NoteUsage(ctx, tx, c.Run, s.Worker, s.Runner.Usage(c.Run)); err != nil {
				return err
			}
		}
		queue, err := free(ctx, tx, c)
		if err != nil || !queue {
			return err
		}
		return s.enqueueAt(ctx, tx, at, jobOf(c))
	})
}
