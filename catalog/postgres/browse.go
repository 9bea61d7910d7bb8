package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// ReportGroups gives a page of the streams, app groups and personal groups.
func (db *DB) ReportGroups(ctx context.Context, q catalog.Query) (catalog.Page[catalog.GroupRow], error) {
	return groupList.page(ctx, db.pool, q)
}

// Reports gives a page of the apps, sheets and cells.
func (db *DB) Reports(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ReportRow], error) {
	return reportList.page(ctx, db.pool, q)
}

// ReportFields gives a page of the measures, dimensions, master objects and variables.
func (db *DB) ReportFields(ctx context.Context, q catalog.Query) (catalog.Page[catalog.FieldRow], error) {
	return fieldList.page(ctx, db.pool, q)
}

// SourceCodes gives a page of the load scripts. Their texts are masked, and read where Fields names "code".
func (db *DB) SourceCodes(ctx context.Context, q catalog.Query) (catalog.Page[catalog.SourceRow], error) {
	return sourceList.page(ctx, db.pool, q)
}

// ModelTables gives a page of the tables of data models.
func (db *DB) ModelTables(ctx context.Context, q catalog.Query) (catalog.Page[catalog.TableRow], error) {
	return tableList.page(ctx, db.pool, q)
}

// ModelFields gives a page of the fields of data models.
func (db *DB) ModelFields(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ColumnRow], error) {
	return columnList.page(ctx, db.pool, q)
}

// Gaps gives a page of what could not be read, by app.
func (db *DB) Gaps(ctx context.Context, q catalog.Query) (catalog.Page[catalog.GapRow], error) {
	return gapList.page(ctx, db.pool, q)
}

// Changes gives a page of what runs found changed, the newest first. Long texts are cut and masked.
func (db *DB) Changes(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ChangeRow], error) {
	return changeList.page(ctx, db.pool, q)
}

// ReportGroup gives all about one report group. CodeNotFound if there is none that the scope may see, as
// for all that follow.
func (db *DB) ReportGroup(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.GroupDetail, error) {
	row, err := groupList.one(ctx, db.pool, scope, "key", string(key))
	if err != nil {
		return nil, err
	}
	d := &catalog.GroupDetail{GroupRow: row}
	if d.Around, err = db.around(ctx, row.Connection, key, key); err != nil {
		return nil, err
	}
	under := key
	if row.Kind == catalog.GroupApp {
		under = appOfGroup(key)
	}
	d.Below, err = db.below(ctx, under, key)
	return d, err
}

// appOfGroup is the app whose group a key is: CODE/app/ID is the group of CODE/ID.
func appOfGroup(group catalog.Key) catalog.Key {
	connection, _ := placeOf(string(group))
	return catalog.Key(connection) + group[len(connection)+len("/app"):]
}

// Report gives all about one app, sheet or cell.
func (db *DB) Report(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.ReportDetail, error) {
	row, err := reportList.one(ctx, db.pool, scope, "key", string(key))
	if err != nil {
		return nil, err
	}
	d := &catalog.ReportDetail{ReportRow: row}
	if d.Around, err = db.around(ctx, row.Connection, key, key); err != nil {
		return nil, err
	}
	d.Below, err = db.below(ctx, key, "")
	return d, err
}

// ReportField gives all about one measure, dimension, master object or variable.
func (db *DB) ReportField(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.FieldDetail, error) {
	row, err := fieldList.one(ctx, db.pool, scope, "key", string(key))
	if err != nil {
		return nil, err
	}
	d := &catalog.FieldDetail{FieldRow: row}
	if d.Around, err = db.around(ctx, row.Connection, key, row.Report); err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	one := func(sql string, into any, args ...any) {
		b.Queue(sql, args...).QueryRow(func(r pgx.Row) error { return r.Scan(into) })
	}
	one("select coalesce((select name from qlikcrawler.report_field where key = $1), '')", &d.MasterName, string(row.Master))
	one("select count(*) from qlikcrawler.report_field where master_key = $1 and retired_at is null", &d.Uses, string(key))
	const same = `t.retired_at is null and t.search @@ (
		select ('''' || $2 || ` + sameSQL + ` || ''' & ' || $3)::tsquery from qlikcrawler.report_field t where t.key = $1)`
	one(fmt.Sprintf(countSame, same, catalog.SameLimit), &d.Same, string(key), markSame, lexeme(markConnection, row.Connection))
	return d, fail("read report field", key, db.pool.SendBatch(ctx, b).Close())
}

// ModelTable gives all about one table of a data model.
func (db *DB) ModelTable(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.TableDetail, error) {
	row, err := tableList.one(ctx, db.pool, scope, "key", string(key))
	if err != nil {
		return nil, err
	}
	around, err := db.around(ctx, row.Connection, key, row.Report)
	return &catalog.TableDetail{TableRow: row, Around: around}, err
}

// ModelField gives all about one field of a data model.
func (db *DB) ModelField(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.ColumnDetail, error) {
	row, err := columnList.one(ctx, db.pool, scope, "key", string(key))
	if err != nil {
		return nil, err
	}
	around, err := db.around(ctx, row.Connection, key, row.Report)
	return &catalog.ColumnDetail{ColumnRow: row, Around: around}, err
}
