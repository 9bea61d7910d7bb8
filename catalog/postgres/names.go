package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Names tells what keys stand for, retired things too. Keys that the catalog hasn't, or that the scope may
// not see, are left out.
func (db *DB) Names(ctx context.Context, scope catalog.Scope, keys []catalog.Key) (map[catalog.Key]catalog.Name, error) {
	names := make(map[catalog.Key]catalog.Name, len(keys))
	if len(keys) == 0 {
		return names, nil
	}
	codes := scope.Connections
	if codes == nil {
		codes = []string{}
	}
	rows, err := db.pool.Query(ctx, `
		with k as (select distinct key collate "C" as key from unnest($1::text[]) as u(key))
		select * from (
			select t.key, case t.kind when 'app' then 'app_group' else t.kind end, coalesce(t.name, ''), t.retired_at is not null, t.connection
			from k join qlikcrawler.report_group t using (key)
			union all select t.key, t.kind, coalesce(t.name, ''), t.retired_at is not null, t.connection from k join qlikcrawler.report t using (key)
			union all select t.key, replace(lower(t.type), ' ', '_'), coalesce(t.name, ''), t.retired_at is not null, t.connection
			from k join qlikcrawler.report_field t using (key)
			union all select t.key, 'script', coalesce(t.name, ''), t.retired_at is not null, t.connection from k join qlikcrawler.source_code t using (key)
			union all select t.key, 'table', coalesce(t.name, ''), t.retired_at is not null, t.connection from k join qlikcrawler.model_table t using (key)
			union all select t.key, 'field', coalesce(t.name, ''), t.retired_at is not null, t.connection from k join qlikcrawler.model_field t using (key)
			union all select t.code, 'connection', t.name, false, t.code from k join qlikcrawler.connection t on t.code = k.key
		) found(key, kind, name, retired, connection) where $2 or connection = any($3::text[])`,
		each(keys, func(k catalog.Key) string { return clean(string(k)) }), scope.All, codes)
	if err != nil {
		return nil, fail("name keys", "", err)
	}
	var key catalog.Key
	var n catalog.Name
	var connection string
	_, err = pgx.ForEachRow(rows, []any{&key, &n.Kind, &n.Name, &n.Retired, &connection}, func() error {
		names[key] = n
		return nil
	})
	return names, fail("name keys", "", err)
}
