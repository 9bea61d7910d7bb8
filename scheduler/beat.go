package scheduler

import (
	"context"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// hold remembers a claim until drop: the process beats for it. mine ends when the claim is lost.
func (s *Scheduler) hold(ctx context.Context, c catalog.Claim) (mine context.Context, drop func()) {
	mine, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	s.claims[c] = cancel
	s.mu.Unlock()
	return mine, func() {
		s.mu.Lock()
		delete(s.claims, c)
		s.mu.Unlock()
		cancel(nil)
	}
}

// held are the claims of this process at a moment.
func (s *Scheduler) held() []catalog.Claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]catalog.Claim, 0, len(s.claims))
	for c := range s.claims {
		all = append(all, c)
	}
	return all
}

// beats says again and again that this process lives, and gives up what others have taken over. When
// nobody can have heard it for two thirds of the silence that others wait, it gives up everything before
// they take it.
func (s *Scheduler) beats(ctx context.Context) {
	tick := time.NewTicker(s.Pace.Beat)
	defer tick.Stop()
	heard := time.Now()
	var stray map[catalog.Claim]time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		before, began := s.held(), time.Now()
		have, err := s.beat(ctx, before)
		switch {
		case err == nil:
			heard = began
			s.giveUp(before, have)
			stray = s.handBackStray(ctx, stray, have)
		case ctx.Err() == nil:
			s.Log.WarnContext(ctx, "the database doesn't hear that this process lives", "error", err, "since", time.Since(heard).Round(time.Second))
			if time.Since(heard) > s.Pace.Silence*2/3 {
				s.giveUp(before, nil)
			}
		}
	}
}

// beatTime bounds one sign of life: together with two thirds of the usual silence it is less than all of it.
const beatTime = 10 * time.Second

func (s *Scheduler) beat(ctx context.Context, claims []catalog.Claim) (map[catalog.Claim]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	usage := map[catalog.RunID]catalog.Usage{}
	for _, c := range claims {
		usage[c.Run] = s.Runner.Usage(c.Run)
	}
	list, err := s.Book.Beat(ctx, s.Worker, usage)
	if err != nil {
		return nil, err
	}
	have := make(map[catalog.Claim]bool, len(list))
	for _, c := range list {
		have[c] = true
	}
	return have, nil
}

// giveUp ends the work under claims that this process no longer has.
func (s *Scheduler) giveUp(claims []catalog.Claim, have map[catalog.Claim]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range claims {
		if cancel := s.claims[c]; cancel != nil && !have[c] {
			cancel(errLost)
		}
	}
}

// handBackStray hands back what the catalog says this process works on, while nobody here does: the database was
// away when its worker wanted to finish it, or to hand it back. Nobody else would take it, for this process
// lives. known are those of the beat before with the time since when; a claim counts after a fifth of the silence,
// for it is in the catalog a moment before it is held.
func (s *Scheduler) handBackStray(ctx context.Context, known map[catalog.Claim]time.Time, have map[catalog.Claim]bool) map[catalog.Claim]time.Time {
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	now, stray := time.Now(), map[catalog.Claim]time.Time{}
	s.mu.Lock()
	for c := range have {
		if s.claims[c] == nil {
			stray[c] = now
		}
	}
	s.mu.Unlock()
	for c := range stray {
		since, before := known[c]
		if !before {
			continue
		}
		stray[c] = since
		if now.Sub(since) < s.Pace.Silence/5 {
			continue
		}
		s.Log.WarnContext(ctx, "what a worker could not hand back while the database was away goes to whoever has time", "run", c.Run, "batch", c.Batch)
		if err := s.handBack(ctx, c, time.Time{}); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "it could not be handed back", "run", c.Run, "batch", c.Batch, "error", err)
		}
	}
	return stray
}
