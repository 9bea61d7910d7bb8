package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Save stores a snapshot, its version and its outcome in one transaction:
//
//  1. lock the unit, check that the run is running, and read the hashes of the unit's rows,
//  2. find in memory what differs,
//  3. write that, the gaps, what changed, the version and, last, the outcome.
//
// Each of 1 and 3 is one round trip, whatever the number of rows. An unchanged snapshot writes
// nothing but its outcome. CodeConflict if the run isn't running any more.
func (db *DB) Save(ctx context.Context, run catalog.RunID, s *catalog.Snapshot, began time.Time) (catalog.Outcome, error) {
	return db.save(ctx, catalog.Claim{Run: run}, s, began)
}

func (db *DB) save(ctx context.Context, c catalog.Claim, s *catalog.Snapshot, began time.Time) (catalog.Outcome, error) {
	run := c.Run
	out := catalog.Outcome{Run: run, Unit: s.Unit}
	rows, err := rowsOf(s)
	if err != nil {
		return out, err
	}
	var words map[string]bool
	err = db.inQuickTx(ctx, func(tx pgx.Tx) error {
		was, err := readUnit(ctx, tx, c, s.Unit.Key)
		if err != nil {
			return err
		}
		if err := checkKeys(was.connection, s.Unit.Key, rows); err != nil {
			return err
		}
		w := writing{run: run, unit: clean(string(s.Unit.Key)), was: was, batch: &pgx.Batch{}}
		words = db.queueRows(&w, rows, s.Gaps)
		w.gaps(s.Gaps)
		w.version(s)
		out.Change, out.Err = w.outcome(s.Gaps)
		out.Duration = time.Since(began)
		w.batch.Queue(insertOutcome, outcomeArgs(out)...)
		return tx.SendBatch(ctx, w.batch).Close()
	})
	if err == nil {
		db.words.add(words)
	}
	return out, fail("save", s.Unit.Key, err)
}

// inQuickTx is inTx for what a crawl stores: its commit doesn't wait for the disk. A crash of the
// server may lose the last such transactions, each of them whole; the run isn't finished then (its
// end does wait, for all before it too), and the next one reads those units again. Plans are made
// once: to plan each statement anew for its arrays of rows takes longer than to run it.
func (db *DB) inQuickTx(ctx context.Context, fn func(pgx.Tx) error) error {
	const begin = "begin; set local synchronous_commit = off; set local plan_cache_mode = force_generic_plan; " +
		"set local idle_in_transaction_session_timeout = '60s'" // a process that was stopped in it holds nobody up
	return pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: begin}, fn)
}

// checkKeys refuses rows that would overwrite another unit's.
func checkKeys(connection string, unit catalog.Key, rows unitRows) error {
	wrong := func(key string) error {
		return &catalog.Error{
			Code: catalog.CodeInternal, Op: "save", Key: unit,
			Err: fmt.Errorf("the row %q isn't the unit's", key),
		}
	}
	site := connection + "/"
	if !strings.HasPrefix(string(unit), site) {
		return wrong(string(unit))
	}
	unit = catalog.Key(clean(string(unit)))
	for table, list := range rows {
		for _, r := range list {
			if table == groups && strings.HasPrefix(r.key, site+"app/") {
				continue
			}
			if table == groups || !unit.Contains(catalog.Key(r.key)) {
				return wrong(r.key)
			}
		}
	}
	return nil
}

// fenced is what a run that may write knows of its connection.
type fenced struct {
	connection   string
	lastComplete *time.Time // nil: its first crawl hasn't ended
}

// fenceSQL checks a claim too; one without an attempt is that of the process that owns the run.
const fenceSQL = `
	select r.connection, c.last_success_at
	from qlikcrawler.crawl_run r join qlikcrawler.connection c on c.code = r.connection
	where r.id = $1 and r.state = 'running' and case
		when $3::int = 0 then not r.shared
		when $2::int = 0 then r.attempt = $3::int and r.worker is not null
		else exists (select from qlikcrawler.run_batch b
			where b.run = r.id and b.number = $2::int and b.attempt = $3::int and b.state = 'working') end`

// queueFence lets a transaction write for a claim: until it ends, the run can't, and nobody else can
// take the batch over. CodeConflict if the run has ended or the claim is no longer the latest.
func queueFence(b *pgx.Batch, c catalog.Claim, f *fenced) {
	b.Queue(lockShared, runLock(c.Run))
	if c.Batch > 0 {
		b.Queue(lockShared, batchLock(c.Run, c.Batch))
	}
	b.Queue(fenceSQL, c.Run, c.Batch, c.Attempt).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&f.connection, &f.lastComplete)
		if errors.Is(err, pgx.ErrNoRows) {
			return notRunning(c.Run)
		}
		return err
	})
}

func fence(ctx context.Context, tx pgx.Tx, c catalog.Claim) (fenced, error) {
	var f fenced
	b := &pgx.Batch{}
	queueFence(b, c, &f)
	err := tx.SendBatch(ctx, b).Close()
	return f, err
}

// A unitState is what the catalog has of a unit.
type unitState struct {
	fenced
	rows    [tableCount]map[string]stored
	gaps    map[gapKey]gapState
	known   bool
	retired bool
	version *string
	within  whereabouts
}

type gapKey struct {
	part catalog.Part
	key  string
}

type gapState struct{ code, why, cure string }

func readUnit(ctx context.Context, tx pgx.Tx, c catalog.Claim, unit catalog.Key) (unitState, error) {
	u := unitState{gaps: map[gapKey]gapState{}}
	key := clean(string(unit))
	b := &pgx.Batch{}
	queueFence(b, c, &u.fenced)
	b.Queue(lockExclusive, "unit/"+key)
	b.Queue("select version, retired_at is not null from qlikcrawler.unit where key = $1", key).
		Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&u.version, &u.retired}, func() error {
				u.known = true
				return nil
			})
			return err
		})
	b.Queue("select part, key, error_code, error, coalesce(cure, '') from qlikcrawler.gap where unit = $1", key).
		Query(func(rows pgx.Rows) error {
			var k gapKey
			var g gapState
			_, err := pgx.ForEachRow(rows, []any{&k.part, &k.key, &g.code, &g.why, &g.cure}, func() error {
				u.gaps[k] = g
				return nil
			})
			return err
		})
	b.Queue(`select coalesce((select parent_key from qlikcrawler.report_group where unit = $1 limit 1), ''),
		coalesce((select owner from qlikcrawler.report where key = $1), '')`, key).
		QueryRow(func(row pgx.Row) error { return row.Scan(&u.within.stream, &u.within.owner) })
	b.Queue(readTables, key, key+"/", key+"0").Query(func(rows pgx.Rows) error { return scanTables(rows, &u.rows) })
	err := tx.SendBatch(ctx, b).Close()
	return u, err
}

// readTables reads the rows of a unit from all tables: one statement costs less than six.
var readTables = func() string {
	var all []string
	for i, t := range tables {
		all = append(all, fmt.Sprintf("select %d, r.* from (%s) r", i, t.read))
	}
	return strings.Join(all, " union all ")
}()

func scanTables(rows pgx.Rows, to *[tableCount]map[string]stored) error {
	var table int
	var key string
	var hash []byte
	var s stored
	_, err := pgx.ForEachRow(rows, []any{&table, &key, &hash, &s.retired, &s.incomplete, &s.typ, &s.origin}, func() error {
		copy(s.hash[:], hash)
		if to[table] == nil {
			to[table] = map[string]stored{}
		}
		to[table][key] = s
		return nil
	})
	return err
}

func scanStored(rows pgx.Rows, to map[string]stored) error {
	var key string
	var hash []byte
	var s stored
	_, err := pgx.ForEachRow(rows, []any{&key, &hash, &s.retired, &s.incomplete, &s.typ, &s.origin}, func() error {
		copy(s.hash[:], hash)
		to[key] = s
		return nil
	})
	return err
}

// A writing collects what one transaction writes of a unit.
type writing struct {
	run     catalog.RunID
	unit    string
	was     unitState
	batch   *pgx.Batch
	written bool // a row or a gap
}

// queueRows queues what differs in the unit's rows, and gives the words of names that come with it.
func (db *DB) queueRows(w *writing, rows unitRows, gaps []catalog.Gap) map[string]bool {
	var added []string
	words := map[string]bool{}
	for i, t := range tables {
		d := compare(i, rows[i], w.was.rows[i], gaps)
		queueMoved(w.batch, i, rows[i], d, w.was)
		w.written = w.written || !d.empty()
		queueDifference(w.batch, t, d, w.run, w.was.fenced, w.unit)
		db.newWords(i, d.added, words)
		db.newWords(i, d.changed, words)
		for _, r := range d.added {
			added = append(added, r.key)
		}
	}
	queueAdded(w.batch, added, w.run, w.was.fenced)
	queueWords(w.batch, words)
	return words
}

// queueDifference writes what differs in one table. unit is nil for groups of no unit.
func queueDifference(b *pgx.Batch, t *table, d difference, run catalog.RunID, f fenced, unit any) {
	if len(d.added) > 0 {
		b.Queue(t.insert, t.args(d.added, f.connection, unit)...)
	}
	if len(d.changed) > 0 {
		b.Queue(t.change, t.args(d.changed, run, f.connection)...)
	}
	if len(d.gone) > 0 {
		b.Queue(t.retire, run, f.connection, f.lastComplete, d.gone)
	}
}

// queueAdded notes what was added, but in the first crawl of a connection.
func queueAdded(b *pgx.Batch, keys []string, run catalog.RunID, f fenced) {
	if len(keys) > 0 && f.lastComplete != nil {
		b.Queue(insertAdded, run, f.connection, keys)
	}
}

// gaps stores the gaps that are there now; of two with the same part and key the first counts. One
// that was there before keeps its since.
func (w *writing) gaps(gaps []catalog.Gap) {
	seen := map[gapKey]bool{}
	for _, g := range gaps {
		k := gapKey{g.Part, clean(string(g.Key))}
		is := gapState{string(catalog.CodeOf(g.Err)), clean(textOf(g.Err)), clean(catalog.CureOf(g.Err))}
		was, known := w.was.gaps[k]
		if seen[k] || known && was == is {
			seen[k] = true
			continue
		}
		seen[k] = true
		w.written = true
		w.batch.Queue(`
			insert into qlikcrawler.gap (unit, part, key, connection, error_code, error, cure, since)
			values ($1, $2, $3, $4, $5, $6, $7, now())
			on conflict (unit, part, key) do update set error_code = excluded.error_code,
				error = excluded.error, cure = excluded.cure`,
			w.unit, k.part, k.key, w.was.connection, is.code, is.why, text(is.cure))
	}
	for k := range w.was.gaps {
		if !seen[k] {
			w.written = true
			w.batch.Queue("delete from qlikcrawler.gap where unit = $1 and part = $2 and key = $3", w.unit, k.part, k.key)
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// version stores the unit's version; with gaps it has none, so that the next delta tries again.
func (w *writing) version(s *catalog.Snapshot) {
	version := text(s.Version)
	if len(s.Gaps) > 0 {
		version = nil
	}
	same := version == nil && w.was.version == nil ||
		version != nil && w.was.version != nil && version == any(*w.was.version)
	if w.was.known && !w.was.retired && same && !w.written {
		return
	}
	w.batch.Queue(`
		insert into qlikcrawler.unit (key, connection, version, first_seen_at, content)
		values ($1, $2, $3, now(), nextval('qlikcrawler.content'))
		on conflict (key) do update set version = excluded.version, retired_at = null,
			content = case when $4 then excluded.content else unit.content end`,
		w.unit, w.was.connection, version, w.written || w.was.retired)
}

func (w *writing) outcome(gaps []catalog.Gap) (catalog.Change, error) {
	switch {
	case len(gaps) > 0:
		return catalog.Partial, gaps[0].Err
	case !w.was.known || w.was.retired:
		return catalog.Added, nil
	case w.written:
		return catalog.Updated, nil
	default:
		return catalog.Unchanged, nil
	}
}
