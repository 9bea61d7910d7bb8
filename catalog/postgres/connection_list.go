package postgres

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// connectionList are the connections (contract §4), and what may be said of them besides. Their counts
// are read only when they are asked for: they are counted row by row.
var connectionList = &list[catalog.ConnectionRow]{
	name: catalog.ListConnections, from: "qlikcrawler.connection t", scope: "t.code", unique: []string{"code"},
	columns: []listColumn[catalog.ConnectionRow]{
		{name: "code", sql: "t.code", typ: aWord, to: func(r *catalog.ConnectionRow) any { return &r.Code }, notNull: true},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.ConnectionRow) any { return &r.Name }, notNull: true},
		{name: "type", sql: "t.type", typ: aWord, to: func(r *catalog.ConnectionRow) any { return &r.Type }, notNull: true},
		{name: "environment", sql: "t.environment", typ: aText, to: func(r *catalog.ConnectionRow) any { return &r.Environment }},
		{name: "description", sql: "t.description", typ: aText, to: func(r *catalog.ConnectionRow) any { return &r.Description }, unsorted: true},
		{name: "url", sql: "t.url", typ: aText, to: func(r *catalog.ConnectionRow) any { return &r.URL }},
		{name: "health", sql: "t.health", typ: aWord, to: func(r *catalog.ConnectionRow) any { return &r.Health }, notNull: true},
		{name: "health_reason", sql: "t.health_reason", typ: aText, to: func(r *catalog.ConnectionRow) any { return &r.HealthReason }, unsorted: true},
		{name: "health_since", sql: "t.health_since", typ: aTime, to: func(r *catalog.ConnectionRow) any { return &r.HealthSince }},
		{name: "last_success_at", sql: "t.last_success_at", typ: aTime, to: func(r *catalog.ConnectionRow) any { return &r.LastSuccessAt }},
		{name: "next_run_at", sql: "t.next_run_at", typ: aTime, to: func(r *catalog.ConnectionRow) any { return &r.NextRunAt }},
		{name: "counts", sql: "qlikcrawler.counts(t.code)", typ: aDocument, to: func(r *catalog.ConnectionRow) any { return &r.Counts }, long: true},
		{name: "governance", sql: "t.governance", typ: aDocument, to: func(r *catalog.ConnectionRow) any { return &r.Governance }},
		{name: "removing", sql: "(t.deleting_at is not null)", typ: aFlag, to: func(r *catalog.ConnectionRow) any { return &r.Removing }, notNull: true, unsorted: true},
		{name: "created_at", sql: "t.created_at", typ: aTime, to: func(r *catalog.ConnectionRow) any { return &r.CreatedAt }, notNull: true},
		{name: "modified_at", sql: "t.modified_at", typ: aTime, to: func(r *catalog.ConnectionRow) any { return &r.ModifiedAt }, notNull: true},
		{name: "text", sql: "concat_ws(' ', t.code, t.name, t.environment, t.description, t.url)", typ: aText, notNull: true, unsorted: true},
	},
}

// ConnectionRows gives a page of the connections. A filter may also compare "text", which is what a person
// searches in: code, name, environment, description and address.
func (db *DB) ConnectionRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ConnectionRow], error) {
	return connectionList.page(ctx, db.pool, q)
}
