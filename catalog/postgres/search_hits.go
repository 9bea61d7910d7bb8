package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A detail is what a hit's row says of itself: the name apart, the texts that can have been searched.
type detail struct {
	typ, origin, report, owner string
	retired                    time.Time
	texts                      [3]string // by detailColumns' names
}

// detailColumns says, by table, what the columns of a detail are, and what its texts are called.
var detailColumns = [tableCount]struct {
	sql   string
	texts [3]string
}{
	groups:      {"'Domain', null, parent_key, owner, retired_at, description, null, null", [3]string{"description"}},
	reports:     {"type, null, parent_key, owner, retired_at, source_description, null, null", [3]string{"description"}},
	fields:      {"type, origin, report_key, null, retired_at, formula, description, label", [3]string{"formula", "description", "label"}},
	sources:     {"type, null, report_key, null, retired_at, code, null, null", [3]string{"code"}},
	modelTables: {"null, null, report_key, null, retired_at, comment, null, null", [3]string{"comment"}},
	modelFields: {"null, null, report_key, null, retired_at, comment, null, null", [3]string{"comment"}},
}

// hits reads what a page shows of what was found.
func (f *finder) hits(ctx context.Context, page []*found) ([]catalog.Hit, error) {
	details, apps, same := map[string]detail{}, map[string]string{}, map[string]int{}
	b := &pgx.Batch{}
	for table := range tables {
		f.queueDetails(b, table, page, details)
	}
	b.Queue("select key, coalesce(name, '') from qlikcrawler.report where key = any($1::text[])", appKeys(page)).
		Query(func(rows pgx.Rows) error {
			var key, name string
			_, err := pgx.ForEachRow(rows, []any{&key, &name}, func() error {
				apps[key] = name
				return nil
			})
			return err
		})
	for _, c := range page {
		if c.same != "" {
			f.queueSame(b, c.same, same)
		}
	}
	if err := f.tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	marker := newMarker(f.question)
	hits := make([]catalog.Hit, 0, len(page))
	for _, c := range page {
		hit := marker.hit(c, details[c.key])
		if app := appOf(c); app != "" {
			hit.App, hit.AppName = catalog.Key(app), apps[app]
		}
		hit.Same = same[c.same]
		hits = append(hits, hit)
	}
	return hits, nil
}

// appOf is the key of the app that a row belongs to; "" for groups.
func appOf(c *found) string {
	if c.table == groups {
		return ""
	}
	connection, app := placeOf(c.key)
	return connection + "/" + app
}

func appKeys(page []*found) []string {
	keys := []string{}
	for _, c := range page {
		if k := appOf(c); k != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (f *finder) queueDetails(b *pgx.Batch, table int, page []*found, into map[string]detail) {
	var keys []string
	for _, c := range page {
		if c.table == table {
			keys = append(keys, c.key)
		}
	}
	if len(keys) == 0 {
		return
	}
	b.Queue(fmt.Sprintf("select key, %s from qlikcrawler.%s where key = any($1::text[])",
		detailColumns[table].sql, tables[table].name), keys).Query(func(rows pgx.Rows) error {
		var key string
		var d detail
		t := func(s *string) any { return (*zeronull.Text)(s) }
		_, err := pgx.ForEachRow(rows, []any{
			&key, t(&d.typ), t(&d.origin), t(&d.report), t(&d.owner), (*zeronull.Timestamptz)(&d.retired),
			t(&d.texts[0]), t(&d.texts[1]), t(&d.texts[2]),
		}, func() error {
			if table == sources || table == fields {
				d.texts[0] = catalog.Mask(d.texts[0])
			}
			into[key] = d
			return nil
		})
		return err
	})
}

// countSame counts report fields t, in each of the two indexes that have them.
const countSame = `select count(*) from (
	select from qlikcrawler.report_field t where t.origin <> 'inline' and %[1]s
	union all select from qlikcrawler.report_field t where t.origin = 'inline' and %[1]s limit %[2]d) x`

// queueSame counts the fields that say the same under one name, where the search may look.
func (f *finder) queueSame(b *pgx.Batch, same string, into map[string]int) {
	query := and(lexeme(markSame, same), f.question.filter)
	args := f.args(query)
	sql := "t.search @@ $1::tsquery"
	if !f.search.Scope.All {
		sql += " and t.connection = any($2::text[])"
	}
	if !f.search.Retired {
		sql += " and t.retired_at is null"
	}
	b.Queue(fmt.Sprintf(countSame, sql, catalog.SameLimit), args...).
		QueryRow(func(row pgx.Row) error {
			var n int
			err := row.Scan(&n)
			into[same] = n
			return err
		})
}

// mostCounted is how many rows of each shelf facets count.
const mostCounted = 2000

// facets counts what the widest way that finds something finds.
func (f *finder) facets(ctx context.Context) (*catalog.Facets, error) {
	query := f.question.tier(try{catalog.MatchText, lastOpen})
	if len(f.question.words) == 0 {
		query = f.question.tier(try{catalog.MatchText, whole})
	}
	if len(f.used) > 0 {
		query = f.question.tier(try{catalog.MatchNear, whole})
	}
	parts := make([]string, len(f.shelves))
	for i, s := range f.shelves {
		typ := "null"
		if s.table == reports || s.table == fields {
			typ = "t.type"
		}
		parts[i] = fmt.Sprintf(`(select %d, class, connection, typ, count(*) from (
			select (%s)::text as class, t.connection, %s::text as typ from qlikcrawler.%s t where %s limit %d) x group by 2, 3, 4)`,
			i, s.class, typ, tables[s.table].name, f.condition(s), mostCounted)
	}
	rows, err := f.tx.Query(ctx, strings.Join(parts, " union all "), f.args(query)...)
	if err != nil {
		return nil, err
	}
	kinds, connections, types, all := map[string]int{}, map[string]int{}, map[string]int{}, map[int]int{}
	var at, n int
	var name class
	var connection string
	var typ zeronull.Text
	_, err = pgx.ForEachRow(rows, []any{&at, &name, &connection, &typ, &n}, func() error {
		kinds[placeOfClass(name).kind] += n
		connections[connection] += n
		if typ != "" {
			types[string(typ)] += n
		}
		all[at] += n
		return nil
	})
	out := &catalog.Facets{Kinds: facetsOf(kinds), Connections: facetsOf(connections), Types: facetsOf(types)}
	for _, n := range all {
		out.More = out.More || n >= mostCounted
	}
	return out, err
}

// facetsOf are counts, the greatest first.
func facetsOf(counts map[string]int) []catalog.Facet {
	list := make([]catalog.Facet, 0, len(counts))
	for v, n := range counts {
		list = append(list, catalog.Facet{Value: v, Count: n})
	}
	slices.SortFunc(list, func(a, b catalog.Facet) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Value, b.Value)
	})
	return list
}
