package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// countedFor is how long counts are taken as they are: to count millions of rows takes a second.
const countedFor = 30 * time.Second

// A tallier remembers the counts of connections. Its methods may be called from several goroutines.
type tallier struct {
	mu     sync.Mutex
	counts map[string]catalog.Counts
	at     map[string]time.Time
}

// Stats gives the connections that the scope may see in numbers, and their newest crawls. Rows are counted
// anew every half a minute at most.
func (db *DB) Stats(ctx context.Context, scope catalog.Scope) (*catalog.Stats, error) {
	s := &catalog.Stats{Connections: []catalog.ConnectionStats{}, Crawls: []catalog.CrawlStats{}}
	codes := scope.Connections
	if codes == nil {
		codes = []string{}
	}
	b := &pgx.Batch{}
	b.Queue(`select code, name, environment, health, health_reason, last_success_at from qlikcrawler.connection
		where $1 or code = any($2::text[]) order by folded_name`, scope.All, codes).Query(func(rows pgx.Rows) error {
		var c catalog.ConnectionStats
		_, err := pgx.ForEachRow(rows, []any{
			&c.Code, &c.Name, target(&c.Environment), &c.Health, target(&c.HealthReason), target(&c.LastSuccessAt),
		}, func() error {
			s.Connections = append(s.Connections, c)
			return nil
		})
		return err
	})
	b.Queue(`select id, connection, mode, trigger, state, tally, started_at, finished_at, error from qlikcrawler.crawl_run
		where $1 or connection = any($2::text[]) order by id desc limit 10`, scope.All, codes).Query(func(rows pgx.Rows) error {
		var c catalog.CrawlStats
		_, err := pgx.ForEachRow(rows, []any{
			&c.ID, &c.Connection, &c.Mode, &c.Trigger, &c.State, &c.Tally, target(&c.StartedAt), target(&c.FinishedAt), target(&c.Error),
		}, func() error {
			s.Crawls = append(s.Crawls, c)
			c.Tally = catalog.Tally{}
			return nil
		})
		return err
	})
	if err := db.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, fail("count the catalog", "", err)
	}
	for i := range s.Connections {
		c := &s.Connections[i]
		counts, at, err := db.counted(ctx, c.Code)
		if err != nil {
			return nil, err
		}
		c.Counts = counts
		s.Total.Add(counts)
		if s.CountedAt.IsZero() || at.Before(s.CountedAt) {
			s.CountedAt = at
		}
	}
	return s, nil
}

// counted gives counts that aren't older than countedFor. Those who ask at once wait for one count.
func (db *DB) counted(ctx context.Context, code string) (catalog.Counts, time.Time, error) {
	t := &db.tallies
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, known := t.at[code]; known && time.Since(at) < countedFor {
		return t.counts[code], at, nil
	}
	at := time.Now()
	counts, err := db.Counts(ctx, code)
	if err != nil {
		return counts, at, err
	}
	if t.at == nil {
		t.at, t.counts = map[string]time.Time{}, map[string]catalog.Counts{}
	}
	t.at[code], t.counts[code] = at, counts
	return counts, at, nil
}
