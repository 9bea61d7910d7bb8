package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// LineageShares tells how much of the columns of each app of a connection lineage explains, by name. Apps
// whose lineage was never made are left out.
func (db *DB) LineageShares(ctx context.Context, code string) ([]catalog.LineageShare, error) {
	rows, err := db.pool.Query(ctx, `
		select u.unit, coalesce(r.name, ''), u.columns, u.unresolved,
			(select count(*) from qlikcrawler.lineage_edge e where e.unit = u.unit),
			(select count(*) from qlikcrawler.lineage_gap g where g.unit = u.unit), u.built_at
		from qlikcrawler.lineage_unit u left join qlikcrawler.report r on r.key = u.unit
		where u.unit >= $1 || '/' and u.unit < $1 || '0' order by lower(r.name), u.unit`, code)
	if err != nil {
		return nil, fail("tell the lineage of", catalog.Key(code), err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.LineageShare, error) {
		var s catalog.LineageShare
		err := row.Scan(&s.App, &s.Name, &s.Columns, &s.Unresolved, &s.Edges, &s.Gaps, &s.BuiltAt)
		return s, err
	})
	return list, fail("tell the lineage of", catalog.Key(code), err)
}

// LineageGaps gives what wasn't understood in the apps of a connection (its code) or in one app (its key), in the order
// of the scripts.
func (db *DB) LineageGaps(ctx context.Context, scope catalog.Scope, of catalog.Key) ([]catalog.LineageGap, error) {
	w := walker{scope: scope}
	rows, err := db.pool.Query(ctx, `
		select unit, coalesce((select r.name from qlikcrawler.report r where r.key = unit), ''),
			coalesce(source_key, ''), coalesce(tab, ''), coalesce(line, 0), coalesce("column", 0), coalesce(what, ''), coalesce(why, '')
		from qlikcrawler.lineage_gap where (unit = $1 or starts_with(unit, $1 || '/')) and ($2::text[] is null or connection = any($2))
		order by unit, source_key, line, "column", what`, of, w.allowed())
	if err != nil {
		return nil, fail("list lineage gaps of", of, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.LineageGap, error) {
		var g catalog.LineageGap
		err := row.Scan(&g.App, &g.AppName, &g.Source, &g.Tab, &g.Line, &g.Column, &g.What, &g.Why)
		return g, err
	})
	return list, fail("list lineage gaps of", of, err)
}

// LineageNear gives up to ten keys of lineage nodes that look like one that there isn't: of the same name,
// or with its last part in theirs.
func (db *DB) LineageNear(ctx context.Context, scope catalog.Scope, key string) ([]catalog.Key, error) {
	last := strings.TrimRight(key, "/#")
	if i := strings.LastIndexAny(last, "/#"); i >= 0 {
		last = last[i+1:]
	}
	if last == "" {
		return nil, nil
	}
	w := walker{scope: scope}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(last)) + "%"
	rows, err := db.pool.Query(ctx, `
		select key from (
			select distinct key, case when lower(name) = lower($1) then 0 when lower(name) like $2 then 1 else 2 end as rank
			from qlikcrawler.lineage_node
			where (lower(name) like $2 or lower(key) like $2) and ($3::text[] is null or split_part(unit, '/', 1) = any($3))) n
		order by rank, length(key), key limit 10`, last, pattern, w.allowed())
	if err != nil {
		return nil, fail("look for keys like", catalog.Key(key), err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[catalog.Key])
	return keys, fail("look for keys like", catalog.Key(key), err)
}
