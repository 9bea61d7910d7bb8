package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// RowChanges gives how many rows of each of the units a run added, changed, retired and restored. Units
// without any are left out. A row that changed in several columns counts once.
func (db *DB) RowChanges(ctx context.Context, run catalog.RunID, units []catalog.Key) (map[catalog.Key]catalog.RowChanges, error) {
	rows, err := db.pool.Query(ctx, `
		select u.unit, count(distinct c.key) filter (where c.what = 'added'), count(distinct c.key) filter (where c.what = 'changed'),
			count(distinct c.key) filter (where c.what = 'retired'), count(distinct c.key) filter (where c.what = 'restored')
		from unnest($2::text[]) u(unit) cross join lateral (
			select key, what from qlikcrawler.change where run = $1 and key = u.unit collate "C"
			union all
			select key, what from qlikcrawler.change
			where run = $1 and key > (u.unit || '/') collate "C" and key < (u.unit || '0') collate "C"
		) c group by u.unit`, run, units)
	if err != nil {
		return nil, fail("count what changed in run", runKey(run), err)
	}
	all := map[catalog.Key]catalog.RowChanges{}
	var unit catalog.Key
	var n catalog.RowChanges
	_, err = pgx.ForEachRow(rows, []any{&unit, &n.Added, &n.Changed, &n.Retired, &n.Restored}, func() error {
		all[unit] = n
		return nil
	})
	return all, fail("count what changed in run", runKey(run), err)
}
