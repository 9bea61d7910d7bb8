package scheduler

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// pruneEvery is how often the history of a connection is pruned, over all processes.
const pruneEvery = 24 * time.Hour

// prunes looks at once, and then again and again, for what is too old. It has a goroutine of its own: to
// delete a year's history takes a while, and schedules don't wait for it.
func (s *Scheduler) prunes(ctx context.Context) {
	for {
		if err := s.Prune(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "delete what is too old", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.Pace.Prune):
		}
	}
}

// Prune deletes what is older than each connection's retention says, once a day, and, at every call, what
// has expired of sessions, answers and, if it is to be, the audit log.
func (s *Scheduler) Prune(ctx context.Context) error {
	now := s.Now()
	gone, err := s.Book.Expire(ctx, now, s.AuditFor)
	s.pruned(ctx, "", gone)
	codes, listErr := s.Book.Unpruned(ctx, now.Add(-pruneEvery))
	err = errors.Join(err, listErr)
	for _, code := range codes {
		terms, termsErr := s.Runner.Terms(ctx, code)
		if termsErr != nil {
			continue // a connection that can't be read keeps what it has
		}
		gone, pruneErr := s.Book.Prune(ctx, code, now, terms.Retention)
		s.pruned(ctx, code, gone)
		err = errors.Join(err, pruneErr)
	}
	return err
}

// pruned tells what was deleted.
func (s *Scheduler) pruned(ctx context.Context, code string, gone catalog.Pruned) {
	if len(gone) == 0 {
		return
	}
	var rows []slog.Attr
	for _, table := range slices.Sorted(maps.Keys(gone)) {
		rows = append(rows, slog.Int64(table, gone[table]))
		if s.Pruned != nil {
			s.Pruned(table, gone[table])
		}
	}
	attrs := []slog.Attr{{Key: "rows", Value: slog.GroupValue(rows...)}}
	if code != "" {
		attrs = append(attrs, slog.String("connection", code))
	}
	s.Log.LogAttrs(ctx, slog.LevelInfo, "deleted what was too old", attrs...)
}
