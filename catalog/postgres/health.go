package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// ClaimHealthChecks takes up to limit connections whose health is due to be checked, and makes their next
// check due about every later: whoever calls it, on any process, a connection is taken once. Left out are
// those being removed, those that are being crawled (the crawl tells their health, and a check's logout
// could end its session), and those whose login was refused with the settings that they still have.
func (db *DB) ClaimHealthChecks(ctx context.Context, every time.Duration, limit int) ([]catalog.Connection, error) {
	_, err := db.pool.Exec(ctx, `insert into qlikcrawler.health_check (connection, due_at)
		select code, now() + random() * $1::interval from qlikcrawler.connection c
		where not exists (select from qlikcrawler.health_check h where h.connection = c.code)
		on conflict do nothing`, every)
	if err != nil {
		return nil, fail("take health checks", "", err)
	}
	rows, err := db.pool.Query(ctx, `
		with due as (
			select h.connection from qlikcrawler.health_check h
			join qlikcrawler.connection c on c.code = h.connection
			where h.due_at <= now() and c.deleting_at is null and h.halted_revision is distinct from c.revision
				and not exists (select from qlikcrawler.crawl_run r
					where r.connection = h.connection and r.state in ('queued', 'running'))
			order by h.due_at limit $2 for update of h skip locked
		)
		update qlikcrawler.health_check h set due_at = now() + (0.9 + random() * 0.2) * $1::interval
		from due where h.connection = due.connection returning h.connection`, every, limit)
	if err != nil {
		return nil, fail("take health checks", "", err)
	}
	codes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(codes) == 0 {
		return nil, fail("take health checks", "", err)
	}
	rows, err = db.pool.Query(ctx, selectConnection+" where code = any($1) order by code", codes)
	if err != nil {
		return nil, fail("take health checks", "", err)
	}
	list, err := pgx.CollectRows(rows, scanConnection)
	return list, fail("take health checks", "", err)
}

// SaveHealth stores what a check of a connection found, unless its settings have changed meanwhile. Good
// news turn an unknown connection green, and a red one whose reason was a check's; what a crawl found
// wrong stays until a crawl succeeds. Bad news turn it red.
func (db *DB) SaveHealth(ctx context.Context, code string, revision int64, r catalog.HealthResult) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		var health catalog.Health
		var reason, mine *string
		err := tx.QueryRow(ctx, `
			select c.health, c.health_reason, h.red_reason from qlikcrawler.connection c
			left join qlikcrawler.health_check h on h.connection = c.code
			where c.code = $1 and c.revision = $2 and c.deleting_at is null for update of c`, code, revision).Scan(&health, &reason, &mine)
		if err != nil {
			return err
		}
		var halted *int64
		if r.Halt {
			halted = &revision
		}
		_, err = tx.Exec(ctx, `
			insert into qlikcrawler.health_check (connection, checked_at, red_reason, halted_revision) values ($1, now(), $2, $3)
			on conflict (connection) do update set checked_at = now(), red_reason = excluded.red_reason, halted_revision = excluded.halted_revision`,
			code, text(r.Reason), halted)
		if err != nil {
			return err
		}
		ours := mine != nil && reason != nil && *mine == *reason
		if health == catalog.Red && !ours {
			return nil // a crawl said so
		}
		next := catalog.Green
		if r.Reason != "" {
			next = catalog.Red
		}
		_, err = tx.Exec(ctx, `
			update qlikcrawler.connection set health = $2, health_reason = $3,
				health_since = case when health = $2 then health_since else now() end
			where code = $1`, code, next, text(r.Reason))
		return err
	})
	if catalog.CodeOf(fail("", "", err)) == catalog.CodeNotFound {
		return nil // it was edited, or is gone
	}
	return fail("store the health of", catalog.Key(code), err)
}

// clearHealthCheck forgets what a check of the connection $1 found wrong, after a crawl that succeeded.
const clearHealthCheck = "update qlikcrawler.health_check set red_reason = null, halted_revision = null where connection = $1"
