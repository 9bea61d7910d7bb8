package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Stats gives the connections that the scope may see in numbers, and their newest crawls. Counts
// are as RecentCounts gives them.
func (db *DB) Stats(ctx context.Context, scope catalog.Scope) (*catalog.Stats, error) {
	return db.stat(ctx, scope, false)
}

// StatsSoFar is Stats with counts as CountsSoFar gives them: connections that were never counted say so, and CountedAt is
// zero if there is one.
func (db *DB) StatsSoFar(ctx context.Context, scope catalog.Scope) (*catalog.Stats, error) {
	return db.stat(ctx, scope, true)
}

func (db *DB) stat(ctx context.Context, scope catalog.Scope, soFar bool) (*catalog.Stats, error) {
	s := &catalog.Stats{Connections: []catalog.ConnectionStats{}, Crawls: []catalog.CrawlStats{}}
	codes := scope.Connections
	if codes == nil {
		codes = []string{}
	}
	b := &pgx.Batch{}
	var marks []string // of the connections
	b.Queue(`select code, name, environment, health, health_reason, last_success_at, `+crawlMark+` from qlikcrawler.connection c
		where $1 or code = any($2::text[]) order by folded_name`, scope.All, codes).Query(func(rows pgx.Rows) error {
		var c catalog.ConnectionStats
		var mark string
		_, err := pgx.ForEachRow(rows, []any{
			&c.Code, &c.Name, target(&c.Environment), &c.Health, target(&c.HealthReason), target(&c.LastSuccessAt), &mark,
		}, func() error {
			s.Connections, marks = append(s.Connections, c), append(marks, mark)
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
	patience := time.NewTimer(countWait)
	defer patience.Stop()
	for i := range s.Connections {
		c := &s.Connections[i]
		counts, at, err := db.counted(ctx, c.Code, marks[i], patience, soFar)
		if err != nil {
			return nil, err
		}
		c.Counts, c.Counted = counts, !at.IsZero()
		s.Total.Add(counts)
		if i == 0 || at.Before(s.CountedAt) {
			s.CountedAt = at
		}
	}
	return s, nil
}
