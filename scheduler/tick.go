package scheduler

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// ticks looks at once, and then at every tick, for what is due and what is dead. Every process does so:
// there is no leader that may be missing.
func (s *Scheduler) ticks(ctx context.Context) {
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "look for what is due", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.untilTick(s.Now())):
		}
	}
}

// untilTick is the time until shortly after the next full quarter of a minute, or whatever the pace is:
// cron's moments are full minutes. Processes come one after another.
func (s *Scheduler) untilTick(now time.Time) time.Duration {
	every := s.Pace.Tick
	return now.Truncate(every).Add(every).Sub(now) + rand.N(every/30+1)
}

// Tick starts what is due, and sees to what dead processes left. Any number of processes may do so at
// once: each schedule and each claim is dealt with once. Each is a transaction of its own, so that one
// that fails holds nothing up.
func (s *Scheduler) Tick(ctx context.Context) error {
	now := s.Now()
	return errors.Join(s.startDue(ctx, now), s.reviveSilent(ctx, now), s.queueLost(ctx, now),
		s.Book.Tidy(ctx, now.Add(-s.Pace.Silence)))
}

func (s *Scheduler) startDue(ctx context.Context, now time.Time) error {
	codes, err := s.Book.Due(ctx, now)
	for _, code := range codes {
		err = errors.Join(err, s.Book.InTx(ctx, func(tx pgx.Tx) error { return s.startOne(ctx, tx, code, now) }))
	}
	return err
}

// startOne starts a due crawl, once however many of its moments were missed. While a sweep is in flight,
// this moment is left out.
func (s *Scheduler) startOne(ctx context.Context, tx pgx.Tx, code string, now time.Time) error {
	x, mode, err := s.Book.TakeDue(ctx, tx, code, now)
	if err != nil || mode == "" {
		return err
	}
	missed := x.Next
	if wrong := CheckSchedule(&x, now); wrong != nil {
		s.Log.ErrorContext(ctx, "a schedule can't be read and is left alone until it is edited", "connection", code, "why", wrong)
		return s.Book.Advance(ctx, tx, code, time.Time{}, "")
	}
	run, err := s.open(ctx, tx, catalog.Run{Connection: code, Mode: mode, Trigger: catalog.BySchedule})
	var inFlight *catalog.InFlight
	switch {
	case errors.As(err, &inFlight):
		s.Log.WarnContext(ctx, "a scheduled crawl is left out: another one is in flight", "connection", code, "due", missed, "run", inFlight.Run)
		return s.Book.Advance(ctx, tx, code, x.Next, "")
	case err != nil:
		return err
	}
	s.Log.InfoContext(ctx, "a crawl is due", "connection", code, "due", missed, "run", run.ID, "mode", run.Mode, "next", x.Next)
	return s.Book.Advance(ctx, tx, code, x.Next, run.Mode)
}

// reviveSilent gives what silent processes had claimed to others.
func (s *Scheduler) reviveSilent(ctx context.Context, now time.Time) error {
	claims, err := s.Book.Silent(ctx, now.Add(-s.Pace.Silence))
	for _, c := range claims {
		err = errors.Join(err, s.Book.InTx(ctx, func(tx pgx.Tx) error {
			queue, err := s.Book.Revive(ctx, tx, c)
			if err != nil || !queue {
				return err
			}
			s.Log.WarnContext(ctx, "a process went silent: another one goes on with what it had", "run", c.Run, "batch", c.Batch)
			return s.enqueue(ctx, tx, jobOf(c))
		}))
	}
	return err
}

// queueLost queues again what waits without a job: its process died between taking the job and claiming
// what it was about, or the queue has lost it.
func (s *Scheduler) queueLost(ctx context.Context, now time.Time) error {
	waiting, err := s.Book.Waiting(ctx, now.Add(-s.Pace.Silence))
	if err != nil || len(waiting) == 0 {
		return err
	}
	coming, err := s.onTheirWay(ctx)
	if err != nil {
		return err
	}
	for _, c := range waiting {
		if coming[c] {
			continue
		}
		err = errors.Join(err, s.Book.InTx(ctx, func(tx pgx.Tx) error { return s.enqueue(ctx, tx, jobOf(c)) }))
	}
	return err
}
