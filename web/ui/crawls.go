package ui

import (
	"context"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Crawls asks for crawls and ends them: the scheduler.
type Crawls interface {
	// Request queues a crawl, and gives it as it was stored. CodeConflict with a *catalog.InFlight when a
	// sweep of the connection stands in its way.
	Request(ctx context.Context, r catalog.Run) (catalog.Run, error)
	Cancel(ctx context.Context, id catalog.RunID, why string) error
}

// CrawlStore reads crawls. *postgres.DB is one.
type CrawlStore interface {
	RunRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.RunRow], error)
	RunRow(ctx context.Context, id catalog.RunID) (catalog.RunRow, error)
	OutcomeRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.OutcomeRow], error)
}

// Schedules keeps when connections are crawled by themselves: the scheduler.
type Schedules interface {
	Schedule(ctx context.Context, code string) (catalog.Schedule, error)
	// SetSchedule says when it is due; what is wrong comes as catalog.FieldErrors.
	SetSchedule(ctx context.Context, code string, s catalog.Schedule) (catalog.Schedule, error)
	RemoveSchedule(ctx context.Context, code string) error
	// NextRuns are the next moments of a schedule, were it enabled.
	NextRuns(s catalog.Schedule, n int) []time.Time
	Presets() []catalog.SchedulePreset
}
