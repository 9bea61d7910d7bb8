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
	details, places, same := map[string]detail{}, map[string]string{}, map[string]int{}
	b := &pgx.Batch{}
	for table := range tables {
		f.queueDetails(b, table, page, details)
	}
	b.Queue("select key, coalesce(name, '') from qlikcrawler.report where key = any($1::text[])", placeKeys(page)).
		Query(func(rows pgx.Rows) error {
			var key, name string
			_, err := pgx.ForEachRow(rows, []any{&key, &name}, func() error {
				places[key] = name
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
			hit.App, hit.AppName = catalog.Key(app), places[app]
		}
		if sheet := sheetOf(c); sheet != "" {
			hit.Sheet, hit.SheetName = catalog.Key(sheet), places[sheet]
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

// sheetOf is the key of the sheet that a cell, or a field of one, stands on: CODE/APP/SHEET; "" for others.
func sheetOf(c *found) string {
	parts := strings.Split(c.key, "/")
	if c.table != reports && c.table != fields || len(parts) < 4 {
		return ""
	}
	return strings.Join(parts[:3], "/")
}

// placeKeys are the apps and sheets that what was found is in.
func placeKeys(page []*found) []string {
	keys := []string{}
	for _, c := range page {
		for _, k := range []string{appOf(c), sheetOf(c)} {
			if k != "" && !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
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
	args := f.args(query, "")
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
