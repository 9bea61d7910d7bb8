package postgres

import "github.com/qlikcrawler/qlikcrawler/catalog"

// The lists of the catalog. Their columns are those of the views (contract §4).

// liveOnly leaves retired rows out until a filter speaks of them.
var (
	liveOnly  = []catalog.Filter{{Column: "retired", Op: catalog.Equals, Values: []string{"false"}}}
	liveLifts = map[string]string{"retired_at": "retired"}
)

// groupList are streams, apps as groups, and people's own apps.
var groupList = &list[catalog.GroupRow]{
	name: catalog.ListGroups, from: "catalog.report_group t", scope: "t.connection", unique: []string{"key"},
	unless: liveOnly, lifts: liveLifts,
	columns: []listColumn[catalog.GroupRow]{
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.GroupRow) any { return &r.Key }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.GroupRow) any { return &r.Connection }, notNull: true},
		{name: "parent_key", sql: "t.parent_key", typ: aKey, to: func(r *catalog.GroupRow) any { return &r.Parent }},
		{name: "type", sql: "t.type", typ: aWord, to: func(r *catalog.GroupRow) any { return &r.Type }, notNull: true},
		{name: "kind", sql: "t.kind", typ: aWord, to: func(r *catalog.GroupRow) any { return &r.Kind }, notNull: true},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.GroupRow) any { return &r.Name }},
		{name: "description", sql: "t.description", typ: aText, to: func(r *catalog.GroupRow) any { return &r.Description }, unsorted: true},
		{name: "owner", sql: "t.owner", typ: aText, to: func(r *catalog.GroupRow) any { return &r.Owner }},
		{name: "tags", sql: "t.tags", typ: aList, to: func(r *catalog.GroupRow) any { return &r.Tags }},
		{name: "attributes", sql: "t.attributes", typ: aDocument, to: func(r *catalog.GroupRow) any { return &r.Attributes }},
		{name: "created_at", sql: "t.created_at", typ: aTime, to: func(r *catalog.GroupRow) any { return &r.CreatedAt }},
		{name: "modified_at", sql: "t.modified_at", typ: aTime, to: func(r *catalog.GroupRow) any { return &r.ModifiedAt }},
		{name: "first_seen_at", sql: "t.first_seen_at", typ: aTime, to: func(r *catalog.GroupRow) any { return &r.FirstSeenAt }, notNull: true},
		{name: "last_seen_at", sql: "t.last_seen_at", typ: aTime, to: func(r *catalog.GroupRow) any { return &r.LastSeenAt }, unsorted: true},
		{name: "retired_at", sql: "t.retired_at", typ: aTime, to: func(r *catalog.GroupRow) any { return &r.RetiredAt }},
		{name: "retired", sql: "(t.retired_at is not null)", typ: aFlag, notNull: true, unsorted: true},
	},
}

// reportList are apps, sheets and cells.
var reportList = &list[catalog.ReportRow]{
	name: catalog.ListReports, from: "catalog.report t", scope: "t.connection", unique: []string{"key"},
	unless: liveOnly, lifts: liveLifts,
	columns: []listColumn[catalog.ReportRow]{
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.ReportRow) any { return &r.Key }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.ReportRow) any { return &r.Connection }, notNull: true},
		{name: "group_key", sql: "t.group_key", typ: aKey, to: func(r *catalog.ReportRow) any { return &r.Group }},
		{name: "parent_key", sql: "t.parent_key", typ: aKey, to: func(r *catalog.ReportRow) any { return &r.Parent }},
		{name: "type", sql: "t.type", typ: aWord, to: func(r *catalog.ReportRow) any { return &r.Type }},
		{name: "kind", sql: "t.kind", typ: aWord, to: func(r *catalog.ReportRow) any { return &r.Kind }, notNull: true},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.ReportRow) any { return &r.Name }},
		{name: "source_description", sql: "t.source_description", typ: aText, to: func(r *catalog.ReportRow) any { return &r.SourceDescription }, unsorted: true},
		{name: "owner", sql: "t.owner", typ: aText, to: func(r *catalog.ReportRow) any { return &r.Owner }},
		{name: "url", sql: "t.url", typ: aText, to: func(r *catalog.ReportRow) any { return &r.URL }, unsorted: true},
		{name: "published", sql: "t.published", typ: aFlag, to: func(r *catalog.ReportRow) any { return &r.Published }},
		{name: "approved", sql: "t.approved", typ: aFlag, to: func(r *catalog.ReportRow) any { return &r.Approved }},
		{name: "position", sql: "t.position", typ: aDocument, to: func(r *catalog.ReportRow) any { return &r.Position }},
		{name: "tags", sql: "t.tags", typ: aList, to: func(r *catalog.ReportRow) any { return &r.Tags }},
		{name: "attributes", sql: "t.attributes", typ: aDocument, to: func(r *catalog.ReportRow) any { return &r.Attributes }},
		{name: "created_at", sql: "t.created_at", typ: aTime, to: func(r *catalog.ReportRow) any { return &r.CreatedAt }},
		{name: "modified_at", sql: "t.modified_at", typ: aTime, to: func(r *catalog.ReportRow) any { return &r.ModifiedAt }},
		{name: "published_at", sql: "t.published_at", typ: aTime, to: func(r *catalog.ReportRow) any { return &r.PublishedAt }},
		{name: "reloaded_at", sql: "t.reloaded_at", typ: aTime, to: func(r *catalog.ReportRow) any { return &r.ReloadedAt }},
		{name: "first_seen_at", sql: "t.first_seen_at", typ: aTime, to: func(r *catalog.ReportRow) any { return &r.FirstSeenAt }, notNull: true},
		{name: "last_seen_at", sql: "t.last_seen_at", typ: aTime, to: func(r *catalog.ReportRow) any { return &r.LastSeenAt }, unsorted: true},
		{name: "retired_at", sql: "t.retired_at", typ: aTime, to: func(r *catalog.ReportRow) any { return &r.RetiredAt }},
		{name: "retired", sql: "(t.retired_at is not null)", typ: aFlag, notNull: true, unsorted: true},
		{
			name: "stream", typ: aKey, unsorted: true, // the stream or personal group that the app is in
			sql:    "(select g.parent_key from qlikcrawler.report_group g where g.key = t.group_key)",
			within: "t.group_key in (select key from qlikcrawler.report_group where parent_key = any(%s))",
		},
		{name: "freshness", sql: freshness, typ: aWord, unsorted: true},
		{name: "has_lineage", sql: "(case when t.kind = 'app' then " + appHasLineage + " else " + hasSources + " end)", typ: aFlag, notNull: true, unsorted: true},
	},
}

// How old the data of an app is; what is not an app has none.
const freshness = `(case when t.kind <> 'app' then null when t.reloaded_at is null then 'never' when t.reloaded_at > now() - interval '1 day' then 'day'
	when t.reloaded_at > now() - interval '7 days' then 'week' when t.reloaded_at > now() - interval '30 days' then 'month'
	when t.reloaded_at > now() - interval '365 days' then 'year' else 'older' end)`

// What lineage says of a row: an app has some if anything but its own structure was read, other things
// if something flows into them.
const (
	appHasLineage = "exists (select from qlikcrawler.lineage_edge e where e.unit = t.key and e.origin <> 'structure')"
	hasSources    = "exists (select from qlikcrawler.lineage_edge e where e.to_key = t.key)"
)

// isUsed tells whether anything is made of a field of a data model: a key field links tables. Null: the lineage
// of its app was never made, so that nobody knows.
const isUsed = `(case when t.is_key then true when exists (select from qlikcrawler.lineage_unit u where u.unit = t.report_key)
	then exists (select from qlikcrawler.lineage_edge e where e.from_key = t.key and e.origin <> 'structure') end)`

// fieldList are measures, dimensions, master objects and variables.
var fieldList = &list[catalog.FieldRow]{
	name: catalog.ListFields, after: func(r *catalog.FieldRow) { r.Formula = catalog.Mask(r.Formula) }, from: "catalog.report_field t", scope: "t.connection", unique: []string{"key"},
	unless: liveOnly, lifts: liveLifts,
	columns: []listColumn[catalog.FieldRow]{
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.FieldRow) any { return &r.Key }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.FieldRow) any { return &r.Connection }, notNull: true},
		{name: "report_key", sql: "t.report_key", typ: aKey, to: func(r *catalog.FieldRow) any { return &r.Report }},
		{name: "type", sql: "t.type", typ: aWord, to: func(r *catalog.FieldRow) any { return &r.Type }, notNull: true},
		{name: "origin", sql: "t.origin", typ: aWord, to: func(r *catalog.FieldRow) any { return &r.Origin }, notNull: true},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.FieldRow) any { return &r.Name }},
		{name: "label", sql: "t.label", typ: aText, to: func(r *catalog.FieldRow) any { return &r.Label }},
		{name: "formula", sql: "t.formula", typ: aText, to: func(r *catalog.FieldRow) any { return &r.Formula }, unsorted: true, unfiltered: true},
		{name: "description", sql: "t.description", typ: aText, to: func(r *catalog.FieldRow) any { return &r.Description }, unsorted: true},
		{name: "master_key", sql: "t.master_key", typ: aKey, to: func(r *catalog.FieldRow) any { return &r.Master }},
		{name: "tags", sql: "t.tags", typ: aList, to: func(r *catalog.FieldRow) any { return &r.Tags }},
		{name: "attributes", sql: "t.attributes", typ: aDocument, to: func(r *catalog.FieldRow) any { return &r.Attributes }},
		{name: "created_at", sql: "t.created_at", typ: aTime, to: func(r *catalog.FieldRow) any { return &r.CreatedAt }},
		{name: "modified_at", sql: "t.modified_at", typ: aTime, to: func(r *catalog.FieldRow) any { return &r.ModifiedAt }},
		{name: "first_seen_at", sql: "t.first_seen_at", typ: aTime, to: func(r *catalog.FieldRow) any { return &r.FirstSeenAt }, notNull: true},
		{name: "last_seen_at", sql: "t.last_seen_at", typ: aTime, to: func(r *catalog.FieldRow) any { return &r.LastSeenAt }, unsorted: true},
		{name: "retired_at", sql: "t.retired_at", typ: aTime, to: func(r *catalog.FieldRow) any { return &r.RetiredAt }},
		{name: "retired", sql: "(t.retired_at is not null)", typ: aFlag, notNull: true, unsorted: true},
		{name: "has_lineage", sql: hasSources, typ: aFlag, notNull: true, unsorted: true},
	},
}

// tableList are the tables of data models.
var tableList = &list[catalog.TableRow]{
	name: catalog.ListTables, from: "catalog.model_table t", scope: "t.connection", unique: []string{"key"},
	unless: liveOnly, lifts: liveLifts,
	columns: []listColumn[catalog.TableRow]{
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.TableRow) any { return &r.Key }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.TableRow) any { return &r.Connection }, notNull: true},
		{name: "report_key", sql: "t.report_key", typ: aKey, to: func(r *catalog.TableRow) any { return &r.Report }},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.TableRow) any { return &r.Name }},
		{name: "rows", sql: "t.rows", typ: aNumber, to: func(r *catalog.TableRow) any { return &r.Rows }},
		{name: "fields", sql: "t.fields", typ: aNumber, to: func(r *catalog.TableRow) any { return &r.Fields }},
		{name: "key_fields", sql: "t.key_fields", typ: aNumber, to: func(r *catalog.TableRow) any { return &r.KeyFields }},
		{name: "comment", sql: "t.comment", typ: aText, to: func(r *catalog.TableRow) any { return &r.Comment }, unsorted: true},
		{name: "attributes", sql: "t.attributes", typ: aDocument, to: func(r *catalog.TableRow) any { return &r.Attributes }},
		{name: "first_seen_at", sql: "t.first_seen_at", typ: aTime, to: func(r *catalog.TableRow) any { return &r.FirstSeenAt }, notNull: true},
		{name: "last_seen_at", sql: "t.last_seen_at", typ: aTime, to: func(r *catalog.TableRow) any { return &r.LastSeenAt }, unsorted: true},
		{name: "retired_at", sql: "t.retired_at", typ: aTime, to: func(r *catalog.TableRow) any { return &r.RetiredAt }},
		{name: "retired", sql: "(t.retired_at is not null)", typ: aFlag, notNull: true, unsorted: true},
	},
}

// columnList are the fields of data models.
var columnList = &list[catalog.ColumnRow]{
	name: catalog.ListColumns, from: "catalog.model_field t", scope: "t.connection", unique: []string{"key"},
	unless: liveOnly, lifts: liveLifts,
	columns: []listColumn[catalog.ColumnRow]{
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.ColumnRow) any { return &r.Key }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.ColumnRow) any { return &r.Connection }, notNull: true},
		{name: "report_key", sql: "t.report_key", typ: aKey, to: func(r *catalog.ColumnRow) any { return &r.Report }},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.ColumnRow) any { return &r.Name }},
		{name: "tables", sql: "t.tables", typ: aList, to: func(r *catalog.ColumnRow) any { return &r.Tables }},
		{name: "is_key", sql: "t.is_key", typ: aFlag, to: func(r *catalog.ColumnRow) any { return &r.IsKey }, notNull: true},
		{name: "is_hidden", sql: "t.is_hidden", typ: aFlag, to: func(r *catalog.ColumnRow) any { return &r.IsHidden }, notNull: true},
		{name: "cardinality", sql: "t.cardinality", typ: aNumber, to: func(r *catalog.ColumnRow) any { return &r.Cardinality }},
		{name: "comment", sql: "t.comment", typ: aText, to: func(r *catalog.ColumnRow) any { return &r.Comment }, unsorted: true},
		{name: "tags", sql: "t.tags", typ: aList, to: func(r *catalog.ColumnRow) any { return &r.Tags }},
		{name: "attributes", sql: "t.attributes", typ: aDocument, to: func(r *catalog.ColumnRow) any { return &r.Attributes }},
		{name: "first_seen_at", sql: "t.first_seen_at", typ: aTime, to: func(r *catalog.ColumnRow) any { return &r.FirstSeenAt }, notNull: true},
		{name: "last_seen_at", sql: "t.last_seen_at", typ: aTime, to: func(r *catalog.ColumnRow) any { return &r.LastSeenAt }, unsorted: true},
		{name: "retired_at", sql: "t.retired_at", typ: aTime, to: func(r *catalog.ColumnRow) any { return &r.RetiredAt }},
		{name: "retired", sql: "(t.retired_at is not null)", typ: aFlag, notNull: true, unsorted: true},
		{name: "has_lineage", sql: hasSources, typ: aFlag, notNull: true, unsorted: true},
		{name: "used", sql: isUsed, typ: aFlag, unsorted: true},
	},
}

// gapList is what could not be read.
var gapList = &list[catalog.GapRow]{
	name: catalog.ListGaps, from: "qlikcrawler.gap t", scope: "t.connection", unique: []string{"app_key", "part", "key"},
	columns: []listColumn[catalog.GapRow]{
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.GapRow) any { return &r.Connection }, notNull: true},
		{name: "app_key", sql: "t.unit", typ: aKey, to: func(r *catalog.GapRow) any { return &r.App }, notNull: true},
		{name: "part", sql: "t.part", typ: aWord, to: func(r *catalog.GapRow) any { return &r.Part }, notNull: true},
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.GapRow) any { return &r.Key }, notNull: true},
		{name: "error_code", sql: "t.error_code", typ: aWord, to: func(r *catalog.GapRow) any { return &r.Code }, notNull: true},
		{name: "error", sql: "t.error", typ: aText, to: func(r *catalog.GapRow) any { return &r.Error }, unsorted: true},
		{name: "cure", sql: "t.cure", typ: aText, to: func(r *catalog.GapRow) any { return &r.Cure }, unsorted: true},
		{name: "since", sql: "t.since", typ: aTime, to: func(r *catalog.GapRow) any { return &r.Since }, notNull: true},
	},
}

// sourceList are load scripts, their texts masked.
var sourceList = &list[catalog.SourceRow]{
	name: catalog.ListSources, after: func(r *catalog.SourceRow) { r.Code = catalog.Mask(r.Code) }, from: "catalog.source_code t", scope: "t.connection", unique: []string{"key"},
	unless: liveOnly, lifts: liveLifts,
	columns: []listColumn[catalog.SourceRow]{
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.SourceRow) any { return &r.Key }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.SourceRow) any { return &r.Connection }, notNull: true},
		{name: "report_key", sql: "t.report_key", typ: aKey, to: func(r *catalog.SourceRow) any { return &r.Report }},
		{name: "type", sql: "t.type", typ: aWord, to: func(r *catalog.SourceRow) any { return &r.Type }},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.SourceRow) any { return &r.Name }},
		{name: "code", sql: "t.code", typ: aText, to: func(r *catalog.SourceRow) any { return &r.Code }, unsorted: true, long: true, unfiltered: true},
		{name: "language", sql: "t.language", typ: aWord, to: func(r *catalog.SourceRow) any { return &r.Language }},
		{name: "sha256", sql: "t.sha256", typ: aWord, to: func(r *catalog.SourceRow) any { return &r.SHA256 }},
		{name: "lines", sql: "t.lines", typ: aNumber, to: func(r *catalog.SourceRow) any { return &r.Lines }},
		{name: "first_seen_at", sql: "t.first_seen_at", typ: aTime, to: func(r *catalog.SourceRow) any { return &r.FirstSeenAt }, notNull: true},
		{name: "last_seen_at", sql: "t.last_seen_at", typ: aTime, to: func(r *catalog.SourceRow) any { return &r.LastSeenAt }, unsorted: true},
		{name: "retired_at", sql: "t.retired_at", typ: aTime, to: func(r *catalog.SourceRow) any { return &r.RetiredAt }},
		{name: "retired", sql: "(t.retired_at is not null)", typ: aFlag, notNull: true, unsorted: true},
	},
}

// changeList is what runs found changed, the newest first. Of a long text it has the beginning.
var changeList = &list[catalog.ChangeRow]{
	name: catalog.ListChanges, after: func(r *catalog.ChangeRow) { r.Old, r.New = catalog.Mask(r.Old), catalog.Mask(r.New) }, from: "qlikcrawler.change t", scope: "t.connection", unique: []string{"id"},
	order: []catalog.Order{{Column: "id", Descending: true}},
	columns: []listColumn[catalog.ChangeRow]{
		{name: "id", sql: "t.id", typ: aNumber, to: func(r *catalog.ChangeRow) any { return &r.ID }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.ChangeRow) any { return &r.Connection }, notNull: true},
		{name: "run", sql: "t.run", typ: aNumber, to: func(r *catalog.ChangeRow) any { return &r.Run }, notNull: true},
		{name: "key", sql: "t.key", typ: aKey, to: func(r *catalog.ChangeRow) any { return &r.Key }, notNull: true},
		{name: "what", sql: "t.what", typ: aWord, to: func(r *catalog.ChangeRow) any { return &r.What }, notNull: true},
		{name: "column_name", sql: "t.column_name", typ: aWord, to: func(r *catalog.ChangeRow) any { return &r.Column }},
		{name: "old", sql: "left(t.old, 2000)", typ: aText, to: func(r *catalog.ChangeRow) any { return &r.Old }, unsorted: true, unfiltered: true},
		{name: "new", sql: "left(t.new, 2000)", typ: aText, to: func(r *catalog.ChangeRow) any { return &r.New }, unsorted: true, unfiltered: true},
		{name: "at", sql: "t.at", typ: aTime, to: func(r *catalog.ChangeRow) any { return &r.At }, notNull: true},
	},
}
