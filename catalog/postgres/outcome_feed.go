package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// mostFed is how many outcomes one look gives, but for those that one transaction wrote.
const mostFed = 500

// OutcomesSince gives outcomes of a run in the order in which they were written, those behind a mark; 0 is the
// beginning. Of transactions that may still write nothing is given until they end, so that none is missed;
// over, of a run that has ended, waits for nobody. None: there are no more for now.
func (db *DB) OutcomesSince(ctx context.Context, run catalog.RunID, mark int64, over bool) ([]catalog.FedOutcome, error) {
	rows, err := db.pool.Query(ctx, `
		select run, unit, coalesce(name, ''), change, coalesce(error_code, ''), coalesce(error, ''), coalesce(cure, ''), coalesce(duration_ms, 0),
			xid::text::bigint
		from qlikcrawler.crawl_outcome
		where run = $1 and xid > $2::text::xid8 and ($3 or xid < pg_snapshot_xmin(pg_current_snapshot()))
			and xid <= coalesce((
				select xid from qlikcrawler.crawl_outcome
				where run = $1 and xid > $2::text::xid8 order by xid offset $4 limit 1), '18446744073709551615'::xid8)
		order by xid, unit`, run, strconv.FormatInt(mark, 10), over, mostFed-1)
	if err != nil {
		return nil, fail("follow the outcomes of run", runKey(run), err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (o catalog.FedOutcome, err error) {
		err = r.Scan(&o.Run, &o.AppKey, &o.Name, &o.Change, &o.ErrorCode, &o.Error, &o.Cure, &o.DurationMS, &o.Mark)
		return o, err
	})
	return list, fail("follow the outcomes of run", runKey(run), err)
}
