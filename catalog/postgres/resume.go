package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Finished gives the units that a full run needn't read again, if their version is still the same:
// those that full runs of its connection stored whole before they ended early, in the last 24 hours
// and since the last complete run.
func (db *DB) Finished(ctx context.Context, run catalog.RunID) (map[catalog.Key]bool, error) {
	rows, err := db.pool.Query(ctx, `
		select distinct o.unit
		from qlikcrawler.crawl_run mine
		join qlikcrawler.crawl_run r on r.connection = mine.connection and r.id < mine.id
		join qlikcrawler.crawl_outcome o on o.run = r.id
		where mine.id = $1 and r.mode = 'full' and r.state in ('interrupted', 'failed', 'cancelled')
			and r.started_at > now() - interval '24 hours'
			and o.change in ('added', 'updated', 'unchanged')
			and not exists (select from qlikcrawler.crawl_run c
				where c.connection = r.connection and c.id > r.id and c.state = 'done' and c.mode <> 'selected')`, run)
	if err != nil {
		return nil, fail("list what was finished before run", runKey(run), err)
	}
	finished := map[catalog.Key]bool{}
	var key catalog.Key
	_, err = pgx.ForEachRow(rows, []any{&key}, func() error {
		finished[key] = true
		return nil
	})
	return finished, fail("list what was finished before run", runKey(run), err)
}
