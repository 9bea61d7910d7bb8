package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// HealthHistory gives what a connection's health was, the newest first. Whether it may be seen the caller
// decides.
func (db *DB) HealthHistory(ctx context.Context, code string, limit int) ([]catalog.HealthChange, error) {
	rows, err := db.pool.Query(ctx, `
		select at, health, reason from qlikcrawler.health_change where connection = $1 order by id desc limit $2`, code, limit)
	if err != nil {
		return nil, fail("read the health of", catalog.Key(code), err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h catalog.HealthChange, err error) {
		err = row.Scan(&h.At, &h.Health, target(&h.Reason))
		return h, err
	})
	return list, fail("read the health of", catalog.Key(code), err)
}

// crawlsLooked is how many crawls of a connection are looked through for one app.
const crawlsLooked = 300

// AppRuns gives what became of an app in the last crawls of its connection that read it, the newest first.
// A crawl in which nothing had changed in it left it alone, and has no row.
func (db *DB) AppRuns(ctx context.Context, scope catalog.Scope, app catalog.Key, limit int) ([]catalog.AppRun, error) {
	code, _ := placeOf(string(app))
	if !scope.Allows(code) {
		return nil, nil
	}
	rows, err := db.pool.Query(ctx, `
		select r.id, r.mode, r.trigger, r.finished_at, o.run, o.unit, o.name, o.change, o.error_code, o.error, o.cure, o.duration_ms
		from (select * from qlikcrawler.crawl_run where connection = $1 order by id desc limit $4) r
		join qlikcrawler.crawl_outcome o on o.run = r.id and o.unit = $2
		order by r.id desc limit $3`, code, app, limit, crawlsLooked)
	if err != nil {
		return nil, fail("list the crawls of", app, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a catalog.AppRun, err error) {
		err = row.Scan(&a.Run, &a.Mode, &a.Trigger, target(&a.FinishedAt), &a.OutcomeRow.Run, &a.AppKey, target(&a.Name), &a.Change,
			target(&a.ErrorCode), target(&a.Error), target(&a.Cure), target(&a.DurationMS))
		return a, err
	})
	return list, fail("list the crawls of", app, err)
}

// mostScriptLinks is how many links of one script are read: a long one has some hundreds.
const mostScriptLinks = 5000

// ScriptLinks gives what the statements of an app's load script read and write, by line. None if the
// lineage of the app was never made.
func (db *DB) ScriptLinks(ctx context.Context, scope catalog.Scope, app catalog.Key) ([]catalog.ScriptLink, error) {
	code, _ := placeOf(string(app))
	if !scope.Allows(code) {
		return nil, nil
	}
	rows, err := db.pool.Query(ctx, `
		with e as (
			select distinct s.line, e.from_key, e.to_key from qlikcrawler.lineage_edge e
			join qlikcrawler.lineage_statement s on s.unit = e.unit and s.n = e.statement
			where e.unit = $1 and e.level = 'table' and e.origin = 'script' and s.line is not null and s.source_key = $2),
		n as (select key, kind, coalesce(name, '') as name from qlikcrawler.lineage_node where unit = $1 and kind in ('dataset', 'script_table')),
		x as (
			select e.line, a.key, a.kind, a.name, false as writes from e join n a on a.key = e.from_key join n b on b.key = e.to_key
			union select e.line, b.key, b.kind, b.name, true from e join n a on a.key = e.from_key join n b on b.key = e.to_key)
		select * from x order by line, writes, key limit $3`, app, catalog.ScriptKey(app), mostScriptLinks)
	if err != nil {
		return nil, fail("read what the script reads of", app, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l catalog.ScriptLink, err error) {
		err = row.Scan(&l.Line, &l.Node, &l.Kind, &l.Name, &l.Writes)
		return l, err
	})
	return list, fail("read what the script reads of", app, err)
}

// LineageNode gives the first of some keys of things that lineage knows; "" if it knows none. Whether they may
// be seen the caller decides.
func (db *DB) LineageNode(ctx context.Context, keys ...catalog.Key) (catalog.Key, error) {
	for _, k := range keys {
		var known bool
		err := db.pool.QueryRow(ctx, "select exists (select from qlikcrawler.lineage_node where key = $1)", k).Scan(&known)
		if err != nil {
			return "", fail("look for the lineage of", k, err)
		}
		if known {
			return k, nil
		}
	}
	return "", nil
}

// twinSQL finds report fields t by the index of words, in each of the two that have them. $1 is the query,
// $2 the connections, null for all, $3 the field itself.
const twinSQL = `
	select t.key, t.connection, coalesce(t.report_key, ''), t.type, t.origin, coalesce(t.name, ''), coalesce(t.formula, ''), t.first_seen_at from (
		(select * from qlikcrawler.report_field t where t.origin <> 'inline' and t.search @@ $1::tsquery
			and t.retired_at is null and t.key <> $3 and ($2::text[] is null or t.connection = any($2)) limit $4)
		union all
		(select * from qlikcrawler.report_field t where t.origin = 'inline' and t.search @@ $1::tsquery
			and t.retired_at is null and t.key <> $3 and ($2::text[] is null or t.connection = any($2)) limit $4)) t
	order by t.origin = 'inline', t.key limit $4`

// Twins gives the report fields of the same type that go by the same name as one, without case: in other
// apps, or in charts of its own. Uses of master items are left out: they define nothing. At most MostTwins.
func (db *DB) Twins(ctx context.Context, scope catalog.Scope, f catalog.FieldRow) ([]catalog.Twin, error) {
	c := map[catalog.FieldType]class{
		catalog.Measure: classMeasure, catalog.Dimension: classDimension, catalog.MasterObject: classObject, catalog.Variable: classVariable,
	}[f.Type]
	name := fold(f.Name, longestName)
	if name == "" || c == "" {
		return nil, nil
	}
	query := lexeme(markName, name) + " & (" + lexeme(markClass, string(c)) + " | " + lexeme(markClass, string(c+inline)) + ")"
	w := walker{scope: scope}
	rows, err := db.pool.Query(ctx, twinSQL, query, w.allowed(), string(f.Key), catalog.MostTwins)
	if err != nil {
		return nil, fail("look for the name of", f.Key, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t catalog.Twin, err error) {
		err = row.Scan(&t.Key, &t.Connection, &t.Report, &t.Type, &t.Origin, (*zeronull.Text)(&t.Name), (*zeronull.Text)(&t.Formula), &t.FirstSeenAt)
		t.Formula = catalog.Mask(t.Formula)
		t.Alike = t.Formula == f.Formula
		connection, app := placeOf(string(t.Key))
		t.App = catalog.Key(connection + "/" + app)
		return t, err
	})
	if err != nil {
		return nil, fail("look for the name of", f.Key, err)
	}
	return list, db.nameApps(ctx, scope, list)
}

func (db *DB) nameApps(ctx context.Context, scope catalog.Scope, list []catalog.Twin) error {
	var apps []catalog.Key
	for _, t := range list {
		if !slices.Contains(apps, t.App) {
			apps = append(apps, t.App)
		}
	}
	names, err := db.Names(ctx, scope, apps)
	for i := range list {
		list[i].AppName = names[list[i].App].Name
	}
	return err
}
