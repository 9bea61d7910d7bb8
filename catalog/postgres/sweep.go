package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Known gives the live units of a connection with their stored version; "" for one that was stored
// with gaps.
func (db *DB) Known(ctx context.Context, connection string) (map[catalog.Key]string, error) {
	rows, err := db.pool.Query(ctx, `
		select key, coalesce(version, '') from qlikcrawler.unit
		where key >= $1 || '/' and key < $1 || '0' and retired_at is null`, connection)
	if err != nil {
		return nil, fail("list the known apps of", catalog.Key(connection), err)
	}
	known := map[catalog.Key]string{}
	var key catalog.Key
	var version string
	_, err = pgx.ForEachRow(rows, []any{&key, &version}, func() error {
		known[key] = version
		return nil
	})
	return known, fail("list the known apps of", catalog.Key(connection), err)
}

// SaveGroups stores the whole listing of streams and personal groups of the run's connection; others
// of these kinds retire. Groups of apps come with their snapshots and aren't touched.
func (db *DB) SaveGroups(ctx context.Context, run catalog.RunID, list []catalog.ReportGroup) error {
	return db.saveGroups(ctx, catalog.Claim{Run: run}, list)
}

func (db *DB) saveGroups(ctx context.Context, c catalog.Claim, list []catalog.ReportGroup) error {
	run := c.Run
	var b rowBuilder
	var rows []row
	for i := range list {
		b.group(&rows, &list[i])
	}
	if b.err != nil {
		return b.err
	}
	words := map[string]bool{}
	err := db.inQuickTx(ctx, func(tx pgx.Tx) error {
		f, err := fence(ctx, tx, c)
		if err != nil {
			return err
		}
		have, err := readGroups(ctx, tx, f.connection)
		if err != nil {
			return err
		}
		d := compare(groups, rows, have, nil)
		batch := &pgx.Batch{}
		queueDifference(batch, tables[groups], d, run, f, nil)
		added := make([]string, len(d.added))
		for i, r := range d.added {
			added[i] = r.key
		}
		queueAdded(batch, added, run, f)
		db.newWords(groups, d.added, words)
		db.newWords(groups, d.changed, words)
		queueWords(batch, words)
		return tx.SendBatch(ctx, batch).Close()
	})
	if err == nil {
		db.words.add(words)
	}
	return fail("save the groups of run", runKey(run), err)
}

// readGroups locks and reads the streams and personal groups of a connection.
func readGroups(ctx context.Context, tx pgx.Tx, connection string) (map[string]stored, error) {
	have := map[string]stored{}
	b := &pgx.Batch{}
	b.Queue(lockExclusive, "groups/"+connection)
	b.Queue(`select key, hash, retired_at is not null, false, '', '' from qlikcrawler.report_group
		where key >= $1 || '/' and key < $1 || '0' and kind <> 'app'`, connection).
		Query(func(rows pgx.Rows) error { return scanStored(rows, have) })
	return have, tx.SendBatch(ctx, b).Close()
}

// retireAtOnce is how many units one transaction retires: each takes an advisory lock, and the
// server has room for some thousands in all.
const retireAtOnce = 100

// Retire retires units with all their rows, and notes a Retired outcome for each.
func (db *DB) Retire(ctx context.Context, run catalog.RunID, units []catalog.Key) error {
	return db.retire(ctx, catalog.Claim{Run: run}, units)
}

func (db *DB) retire(ctx context.Context, c catalog.Claim, units []catalog.Key) error {
	keys := make([]string, len(units))
	for i, k := range units {
		keys[i] = clean(string(k))
	}
	slices.Sort(keys) // two who retire the same units lock them in the same order
	for chunk := range slices.Chunk(keys, retireAtOnce) {
		err := db.inQuickTx(ctx, func(tx pgx.Tx) error { return retireUnits(ctx, tx, c, chunk) })
		if err != nil {
			return fail("retire apps in run", runKey(c.Run), err)
		}
	}
	return nil
}

func retireUnits(ctx context.Context, tx pgx.Tx, c catalog.Claim, keys []string) error {
	run := c.Run
	f, err := fence(ctx, tx, c)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, k := range keys {
		b.Queue(lockExclusive, "unit/"+k)
		for _, t := range tables {
			b.Queue(t.empty, run, f.connection, f.lastComplete, k, k+"/", k+"0")
		}
		b.Queue("delete from qlikcrawler.gap where unit = $1", k)
		queueRetireLineage(b, k)
		b.Queue(`insert into qlikcrawler.crawl_outcome (run, unit, name, change, duration_ms)
			select $1, $2, (select name from qlikcrawler.report where key = $2), 'retired', 0
			on conflict (run, unit) do update set change = 'retired'`, run, k)
		b.Queue(`update qlikcrawler.unit set retired_at = now(), version = null
			where key = $1 and retired_at is null`, k)
	}
	return tx.SendBatch(ctx, b).Close()
}

// Counts gives how many live rows a connection has, by what they are.
func (db *DB) Counts(ctx context.Context, code string) (catalog.Counts, error) {
	var c catalog.Counts
	err := db.pool.QueryRow(ctx, "select qlikcrawler.counts($1)", code).Scan(&c)
	return c, fail("count the rows of", catalog.Key(code), err)
}
