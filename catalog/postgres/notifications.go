package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A finished run is told once: QueueNotifications makes a row of the outbox for each target and marks the
// run, in one transaction. A row is sent by who claims it; a claim that isn't settled ends by itself, so a
// process that dies loses nothing. A target may then be told twice, with the same id.

// QueueNotifications writes down what the finished runs have to tell that haven't been told, and gives how
// many notifications that are. wanted says who wants to know of a connection's crawls; a connection for
// which it fails is told nothing, and its run is left alone.
func (db *DB) QueueNotifications(ctx context.Context, wanted func(catalog.Connection) (catalog.Notify, error)) (int, error) {
	queued := 0
	for {
		var found bool
		err := db.inTx(ctx, func(tx pgx.Tx) error {
			run, err := untoldRun(ctx, tx)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			found = true
			n, err := db.tell(ctx, tx, run, wanted)
			queued += n
			return err
		})
		if err != nil || !found {
			return queued, fail("queue notifications", "", err)
		}
	}
}

// untoldRun takes the oldest run that is over and hasn't been told.
func untoldRun(ctx context.Context, tx pgx.Tx) (catalog.Run, error) {
	rows, err := tx.Query(ctx, selectRun+` where notified_at is null and state in ('done', 'failed')
		order by id limit 1 for update skip locked`)
	if err != nil {
		return catalog.Run{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanRun)
}

func (db *DB) tell(ctx context.Context, tx pgx.Tx, run catalog.Run, wanted func(catalog.Connection) (catalog.Notify, error)) (int, error) {
	if _, err := tx.Exec(ctx, "update qlikcrawler.crawl_run set notified_at = now() where id = $1", run.ID); err != nil {
		return 0, err
	}
	rows, err := tx.Query(ctx, selectConnection+" where code = $1", run.Connection)
	if err != nil {
		return 0, err
	}
	conn, err := pgx.CollectExactlyOneRow(rows, scanConnection)
	if err != nil {
		return 0, err
	}
	n, err := wanted(conn)
	if err != nil {
		db.log.WarnContext(ctx, "a crawl is told to nobody: the connection's settings can't be read", "connection", conn.Code, "run", run.ID, "error", err)
		return 0, nil
	}
	if conn.Removal != nil || len(n.On) == 0 || len(n.Recipients)+len(n.Webhooks) == 0 {
		return 0, nil
	}
	digest, err := db.digest(ctx, tx, conn, run, n.On)
	if err != nil || len(digest.Counts) == 0 {
		return 0, err
	}
	return queue(ctx, tx, digest, n)
}

func queue(ctx context.Context, tx pgx.Tx, d catalog.Digest, n catalog.Notify) (int, error) {
	body, err := json.Marshal(d)
	if err != nil {
		return 0, err
	}
	if body, err = cleanJSON(body); err != nil {
		return 0, err
	}
	for _, list := range []struct {
		channel catalog.Channel
		targets []string
	}{{catalog.ByEmail, n.Recipients}, {catalog.ByWebhook, n.Webhooks}} {
		_, err := tx.Exec(ctx, `
			insert into qlikcrawler.notification (connection, run, channel, target, digest)
			select $1, $2, $3, target, $5 from unnest($4::text[]) target on conflict do nothing`,
			d.Connection.Code, d.Run.ID, list.channel, list.targets, string(body))
		if err != nil {
			return 0, err
		}
	}
	return len(n.Recipients) + len(n.Webhooks), nil
}

// digestItems is how many apps of each kind a digest names.
const digestItems = 20

// digest says what of a run is worth telling, as far as it is asked for.
func (db *DB) digest(ctx context.Context, tx pgx.Tx, conn catalog.Connection, run catalog.Run, on []catalog.Event) (catalog.Digest, error) {
	d := catalog.Digest{
		Connection: catalog.DigestConnection{Code: conn.Code, Name: conn.Name, Environment: conn.Environment},
		Run: catalog.DigestRun{
			ID: run.ID, Mode: run.Mode, Trigger: run.Trigger, State: run.State, StartedAt: run.StartedAt, FinishedAt: run.FinishedAt, Error: run.Error,
		},
		Counts: map[catalog.Event]int{}, Items: map[catalog.Event][]catalog.DigestItem{}, Partial: run.Tally.Partial,
	}
	for _, event := range on {
		if err := addItems(ctx, tx, &d, event); err != nil {
			return d, err
		}
	}
	if slices.Contains(on, catalog.OnFailed) && run.State == catalog.Failed {
		d.Counts[catalog.OnFailed] = max(1, d.Counts[catalog.OnFailed])
	}
	return d, db.countRows(ctx, &d)
}

// addItems counts the apps that an event is about, and names the first.
func addItems(ctx context.Context, tx pgx.Tx, d *catalog.Digest, event catalog.Event) error {
	change := map[catalog.Event]catalog.Change{
		catalog.OnAdded: catalog.Added, catalog.OnChanged: catalog.Updated, catalog.OnRetired: catalog.Retired, catalog.OnFailed: catalog.FailedUnit,
	}[event]
	rows, err := tx.Query(ctx, `
		select o.unit, coalesce(r.name, o.name, o.unit), coalesce(r.url, ''), coalesce(o.error, ''), coalesce(o.cure, ''), count(*) over ()
		from qlikcrawler.crawl_outcome o left join qlikcrawler.report r on r.key = o.unit
		where o.run = $1 and o.change = $2 order by lower(coalesce(r.name, o.name, o.unit)), o.unit limit $3`, d.Run.ID, change, digestItems)
	if err != nil {
		return err
	}
	var total int
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.DigestItem, error) {
		var i catalog.DigestItem
		return i, row.Scan(&i.Key, &i.Name, &i.URL, &i.Error, &i.Cure, &total)
	})
	if err == nil && total > 0 {
		d.Counts[event], d.Items[event] = total, items
	}
	return err
}

// countRows says of each app that is named how many of its rows changed.
func (db *DB) countRows(ctx context.Context, d *catalog.Digest) error {
	var keys []catalog.Key
	for _, items := range d.Items {
		for _, i := range items {
			keys = append(keys, i.Key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	changes, err := db.RowChanges(ctx, d.Run.ID, keys)
	if err != nil {
		return err
	}
	for _, items := range d.Items {
		for i := range items {
			if n, ok := changes[items[i].Key]; ok {
				items[i].Rows = &n
			}
		}
	}
	return nil
}

// ClaimNotifications takes up to limit notifications that are due; nobody else gets them for as long as
// lease. Each has to be settled by NotificationSent or NotificationFailed.
func (db *DB) ClaimNotifications(ctx context.Context, limit int, lease time.Duration) ([]catalog.Notification, error) {
	rows, err := db.pool.Query(ctx, `
		with due as (
			select id from qlikcrawler.notification where due_at <= now()
			order by due_at limit $1 for update skip locked
		)
		update qlikcrawler.notification n set due_at = now() + $2::interval, attempts = attempts + 1
		from due where n.id = due.id
		returning n.id::text, n.connection, n.run, n.channel, n.target, n.digest, n.attempts, n.created_at`, limit, lease)
	if err != nil {
		return nil, fail("take notifications", "", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.Notification, error) {
		var n catalog.Notification
		var digest []byte
		if err := row.Scan(&n.ID, &n.Connection, &n.Run, &n.Channel, &n.Target, &digest, &n.Attempts, &n.CreatedAt); err != nil {
			return n, err
		}
		if err := json.Unmarshal(digest, &n.Digest); err != nil {
			return n, fmt.Errorf("digest of notification %s: %w", n.ID, err)
		}
		return n, nil
	})
	return list, fail("take notifications", "", err)
}

// NotificationSent settles a notification that has reached its target.
func (db *DB) NotificationSent(ctx context.Context, id string) error {
	_, err := db.pool.Exec(ctx, "update qlikcrawler.notification set due_at = null, sent_at = now(), error = null where id = $1::uuid", id)
	return fail("settle notification", catalog.Key(id), err)
}

// NotificationFailed settles an attempt that failed: the next one is due after retry; 0 gives it up.
func (db *DB) NotificationFailed(ctx context.Context, id, why string, retry time.Duration) error {
	_, err := db.pool.Exec(ctx, `update qlikcrawler.notification set error = $2,
		due_at = case when $3::interval > interval '0' then now() + $3::interval end where id = $1::uuid`, id, text(why), retry)
	return fail("settle notification", catalog.Key(id), err)
}
