package postgres

import (
	"context"

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
