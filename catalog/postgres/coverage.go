package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// coveredApps are the live apps of a connection, with what there is of each, and those that have no row
// since all that is known of them is that they failed. $1 is the connection's code.
const coveredApps = `
	with newest as (
		select coalesce(max(id), 0) as run from qlikcrawler.crawl_run
		where connection = $1 and mode <> 'selected' and finished_at is not null
	), last as (
		select distinct on (o.unit) o.unit, o.name, o.change, o.error_code, o.error, o.cure
		from newest n join qlikcrawler.crawl_run r on r.connection = $1 and r.id >= n.run
			join qlikcrawler.crawl_outcome o on o.run = r.id
		order by o.unit, o.run desc
	), app as (
		select key, name, coalesce(attributes ->> 'section_access', '') = 'true' as section_access
		from qlikcrawler.report
		where key >= $1 || '/' and key < $1 || '0' and kind = 'app' and retired_at is null
	)
	select coalesce(a.key, l.unit), coalesce(a.name, l.name, ''), a.key is not null, coalesce(a.section_access, false),
		exists (select from qlikcrawler.source_code s where s.report_key = a.key and s.retired_at is null),
		exists (select from qlikcrawler.model_table t where t.report_key = a.key and t.retired_at is null)
			or exists (select from qlikcrawler.model_field f where f.report_key = a.key and f.retired_at is null),
		case when l.change = 'failed' then l.error_code end, case when l.change = 'failed' then l.error end,
		case when l.change = 'failed' then l.cure end,
		x.unit is not null, coalesce(x.columns, 0), coalesce(x.unresolved, 0)
	from app a full join last l on l.unit = a.key left join qlikcrawler.lineage_unit x on x.unit = a.key
	where a.key is not null or l.change = 'failed'
	order by lower(coalesce(a.name, l.name, '')), 1`

// Coverage tells how much of the connection's apps the catalog has, and per app why not. CodeNotFound if
// there is no such connection.
func (db *DB) Coverage(ctx context.Context, code string) (*catalog.Coverage, error) {
	c := &catalog.Coverage{Connection: code, Apps: []catalog.AppCoverage{}}
	var apps []catalog.AppCoverage
	gaps := map[catalog.Key][]catalog.GapCause{}
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var at *time.Time
		err := tx.QueryRow(ctx, "select last_success_at from qlikcrawler.connection where code = $1", code).Scan(&at)
		if errors.Is(err, pgx.ErrNoRows) {
			return noConnection("tell the coverage of", code)
		}
		if err != nil {
			return err
		}
		c.CrawledAt = value(at)
		if gaps, err = gapCauses(ctx, tx, code); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, coveredApps, code)
		if err != nil {
			return err
		}
		apps, err = pgx.CollectRows(rows, scanCovered)
		return err
	})
	for _, a := range apps {
		if known := gaps[a.Key]; len(known) > 0 { // a failure of an app that has rows is a gap too
			a.Missing = known
		}
		a = covered(a)
		if a.Lineage && c.Lineage == nil {
			c.Lineage = new(int)
		}
		if a.Lineage = a.Lineage && a.Script; a.Lineage {
			*c.Lineage++
		}
		c.Add(a)
	}
	return c, fail("tell the coverage of", catalog.Key(code), err)
}

// scanCovered reads an app with the parts that it has rows of, whenever they were read.
func scanCovered(row pgx.CollectableRow) (catalog.AppCoverage, error) {
	var a catalog.AppCoverage
	var code, why, cure *string
	err := row.Scan(&a.Key, &a.Name, &a.Opened, &a.SectionAccess, &a.Script, &a.DataModel, &code, &why, &cure,
		&a.Lineage, &a.Columns, &a.Unresolved)
	if code != nil { // nothing of it was read; a refused app's data model comes beside
		a.DataModel = false
		a.Missing = append(a.Missing, catalog.GapCause{
			Part: catalog.PartApp, Key: a.Key, Code: catalog.Code(*code), Error: value(why), Cure: value(cure),
		})
	}
	return a, err
}

// covered takes off what is refused by now: the rows that stay are of earlier days.
func covered(a catalog.AppCoverage) catalog.AppCoverage {
	for _, m := range a.Missing {
		switch m.Part {
		case catalog.PartApp:
			a.Opened, a.Script = false, false
		case catalog.PartScript:
			a.Script = false
		case catalog.PartDataModel:
			a.DataModel = false
		}
		if m.Code == catalog.CodeSectionAccess {
			a.SectionAccess = true
		}
	}
	return a
}

// gapCauses are the gaps of a connection by app.
func gapCauses(ctx context.Context, tx pgx.Tx, code string) (map[catalog.Key][]catalog.GapCause, error) {
	rows, err := tx.Query(ctx, `
		select unit, part, key, error_code, error, coalesce(cure, '') from qlikcrawler.gap
		where unit >= $1 || '/' and unit < $1 || '0' order by unit, part, key`, code)
	if err != nil {
		return nil, err
	}
	gaps := map[catalog.Key][]catalog.GapCause{}
	var unit catalog.Key
	var g catalog.GapCause
	_, err = pgx.ForEachRow(rows, []any{&unit, &g.Part, &g.Key, &g.Code, &g.Error, &g.Cure}, func() error {
		gaps[unit] = append(gaps[unit], g)
		return nil
	})
	return gaps, err
}
