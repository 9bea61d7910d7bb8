package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// lineageGapList is what lineage didn't understand, in the order of the scripts.
var lineageGapList = &list[catalog.LineageGap]{
	name: catalog.ListLineageGaps, after: func(g *catalog.LineageGap) { g.What = catalog.Mask(g.What) },
	from: "qlikcrawler.lineage_gap t", scope: "t.connection", unique: []string{"id"},
	order: []catalog.Order{{Column: "app_key"}, {Column: "source_key"}, {Column: "line"}, {Column: "column"}},
	columns: []listColumn[catalog.LineageGap]{
		{name: "id", sql: "t.id", typ: aNumber, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, notNull: true},
		{name: "app_key", sql: "t.unit", typ: aKey, to: func(g *catalog.LineageGap) any { return &g.App }, notNull: true},
		{name: "source_key", sql: "t.source_key", typ: aKey, to: func(g *catalog.LineageGap) any { return &g.Source }},
		{name: "tab", sql: "t.tab", typ: aText, to: func(g *catalog.LineageGap) any { return &g.Tab }},
		{name: "line", sql: "coalesce(t.line, 0)", typ: aNumber, to: func(g *catalog.LineageGap) any { return &g.Line }, notNull: true},
		{name: "column", sql: `coalesce(t."column", 0)`, typ: aNumber, to: func(g *catalog.LineageGap) any { return &g.Column }, notNull: true},
		{name: "what", sql: "t.what", typ: aText, to: func(g *catalog.LineageGap) any { return &g.What }, unsorted: true, unfiltered: true},
		{name: "why", sql: "t.why", typ: aText, to: func(g *catalog.LineageGap) any { return &g.Why }},
	},
}

// A manualRow is a manual edge with what tells whether the rest of the catalog contradicts it.
type manualRow struct {
	catalog.ManualEdge
	automatic    int64
	what         string
	noFrom, noTo bool
}

// manualList is what people said of edges. An edge is seen when every connection that it touches is, and it
// touches one.
var manualList = &list[manualRow]{
	name: catalog.ListEdges, from: "(" + manualRows + ") t", unique: []string{"from_key", "to_key"},
	scopes: "(coalesce(t.from_connection = any(%[1]s), true) and coalesce(t.to_connection = any(%[1]s), true) and t.connection is not null)",
	after: func(r *manualRow) {
		r.CreatedAt = r.CreatedAt.UTC().Truncate(time.Microsecond)
		r.Conflict = conflictOf(r.ManualEdge, int(r.automatic), r.what, !r.noFrom, !r.noTo)
	},
	columns: []listColumn[manualRow]{
		{name: "from_key", sql: "t.from_key", typ: aKey, to: func(r *manualRow) any { return &r.From }, notNull: true},
		{name: "to_key", sql: "t.to_key", typ: aKey, to: func(r *manualRow) any { return &r.To }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord},
		{
			name: "end", sql: "t.from_key", typ: aWord, unsorted: true, inner: true,
			within: "exists (select from unnest(%[1]s) k where starts_with(t.from_key, k) or starts_with(t.to_key, k))",
		},
		{name: "denied", sql: "t.denied", typ: aFlag, to: func(r *manualRow) any { return &r.Denied }, notNull: true},
		{name: "level", sql: "t.level", typ: aWord, to: func(r *manualRow) any { return &r.Level }, notNull: true},
		{name: "how", sql: "t.how", typ: aWord, to: func(r *manualRow) any { return &r.How }, notNull: true},
		{name: "confidence", sql: "t.confidence", typ: aDocument, to: func(r *manualRow) any { return &r.Confidence }, notNull: true},
		{name: "author", sql: "t.author", typ: aText, to: func(r *manualRow) any { return &r.Author }, notNull: true},
		{name: "reason", sql: "t.reason", typ: aText, to: func(r *manualRow) any { return &r.Reason }, notNull: true},
		{name: "created_at", sql: "t.created_at", typ: aTime, to: func(r *manualRow) any { return &r.CreatedAt }, notNull: true},
		{name: "automatic", sql: "t.automatic", typ: aDocument, to: func(r *manualRow) any { return &r.automatic }, notNull: true},
		{name: "automatic_what", sql: "t.what", typ: aDocument, to: func(r *manualRow) any { return &r.what }, notNull: true},
		{name: "no_from", sql: "t.no_from", typ: aDocument, to: func(r *manualRow) any { return &r.noFrom }, notNull: true},
		{name: "no_to", sql: "t.no_to", typ: aDocument, to: func(r *manualRow) any { return &r.noTo }, notNull: true},
	},
}

// manualRows are the manual edges with what contradicts them.
const manualRows = `
	select m.from_key, m.to_key, m.denied, m.level, m.how, m.confidence, m.author, m.reason, m.created_at,
		qlikcrawler.connection_of(m.from_key) as from_connection, qlikcrawler.connection_of(m.to_key) as to_connection,
		coalesce(qlikcrawler.connection_of(m.to_key), qlikcrawler.connection_of(m.from_key)) as connection,
		(select count(*) from qlikcrawler.lineage_edge e where e.from_key = m.from_key and e.to_key = m.to_key)
			+ (select count(*) from qlikcrawler.lineage_link l where l.from_key = m.from_key and l.to_key = m.to_key) as automatic,
		coalesce((select string_agg(distinct e.level || ' ' || e.how, ', ') from qlikcrawler.lineage_edge e
			where e.from_key = m.from_key and e.to_key = m.to_key), '') as what,
		m.from_key not like 'dataset:%' and not exists (select from qlikcrawler.lineage_node n where n.key = m.from_key) as no_from,
		m.to_key not like 'dataset:%' and not exists (select from qlikcrawler.lineage_node n where n.key = m.to_key) as no_to
	from qlikcrawler.lineage_manual m`

// LineageGapRows gives a page of what lineage didn't understand, in the order of the scripts unless the query sorts.
// Credentials are masked.
func (db *DB) LineageGapRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.LineageGap], error) {
	return lineageGapList.page(ctx, db.pool, q)
}

// ManualEdgeRows gives a page of what people said of edges, with the conflicts. prefix, if not "", is what the key
// of one end starts with. An edge is given when every connection that it touches may be seen.
func (db *DB) ManualEdgeRows(ctx context.Context, q catalog.Query, prefix catalog.Key) (catalog.Page[catalog.ManualEdge], error) {
	if prefix != "" {
		q.Filters = append(slices.Clone(q.Filters), catalog.Filter{Column: "end", Op: catalog.Equals, Values: []string{string(prefix)}})
	}
	q.Fields = nil // what contradicts an edge is told of all of it
	rows, err := manualList.page(ctx, db.pool, q)
	page := catalog.Page[catalog.ManualEdge]{Next: rows.Next, Items: make([]catalog.ManualEdge, len(rows.Items))}
	for i, r := range rows.Items {
		page.Items[i] = r.ManualEdge
	}
	return page, err
}
