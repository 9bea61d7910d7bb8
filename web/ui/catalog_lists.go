package ui

import (
	"context"
	"net/url"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/ui/drawing"
)

// listKinds are the catalog's lists, in the order of their tabs. Those that may be millions long are in the order
// of keys: app by app.
var listKinds = []listKind{
	appsKind,
	{
		Path: "groups", Title: "Report groups", Icon: "stream", hasRetired: true,
		filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"stream", "personal"}}},
		columns: []listColumn{{Title: "Name", Sort: "name"}, {Title: "Kind", Sort: "kind"}, {Title: "Owner", Sort: "owner"}, {Title: "Connection", Sort: "connection"}, {Title: "Tags"}, {Title: "Modified", Sort: "modified_at", Hidden: true}, {Title: "Key", Sort: "key", Hidden: true}},
		facets:  []listFacet{byConnection, {Param: "kind", Title: "Kind", column: "kind"}, byOwner, byTag},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.ReportGroups(ctx, q)
			return rowsOf(p.Items, func(g catalog.GroupRow) listRow {
				return listRow{keyURL("/group", string(g.Key)), g.Name, "", !g.RetiredAt.IsZero(), []any{string(g.Kind), g.Owner, g.Connection, g.Tags, u.when(g.ModifiedAt), formula(g.Key)}}
			}), p.Next, err
		},
		count: func(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
			return u.Catalog.ReportGroupFacets(ctx, q, columns)
		},
	},
	sheetsKind,
	chartsKind,
	fieldKind("measures", "Measures", "measure", catalog.Measure),
	fieldKind("dimensions", "Dimensions", "dimension", catalog.Dimension),
	fieldKind("master-objects", "Master objects", "cell", catalog.MasterObject),
	fieldKind("variables", "Variables", "variable", catalog.Variable),
	tablesKind,
	fieldsKind,
	scriptsKind,
	gapsKind,
}

func countReports(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return u.Catalog.ReportFacets(ctx, q, columns)
}

func published(r catalog.ReportRow) string {
	if r.Published != nil && *r.Published {
		return "yes"
	}
	return ""
}

// ofOwner leads to what somebody owns.
func ofOwner(owner string) place {
	return place{owner, "/catalog/apps?owner_is=" + url.QueryEscape(owner)}
}

var appsKind = listKind{
	Path: "apps", Title: "Apps", Icon: "app", hasRetired: true,
	filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"app"}}},
	columns: []listColumn{
		{Title: "Name", Sort: "name"},
		{Title: "Stream"},
		{Title: "Owner", Sort: "owner"},
		{Title: "Published", Sort: "published"},
		{Title: "Reloaded", Sort: "reloaded_at"},
		{Title: "Connection", Sort: "connection"},
		{Title: "Tags"},
		{Title: "Description", Hidden: true},
		{Title: "Modified", Sort: "modified_at", Hidden: true},
		{Title: "Created", Sort: "created_at", Hidden: true},
		{Title: "Published at", Sort: "published_at", Hidden: true},
		{Title: "Retired at", Sort: "retired_at", Hidden: true},
		{Title: "Key", Sort: "key", Hidden: true},
	},
	facets: []listFacet{byConnection, byStream, byOwner, byPublished, byFreshness, byLineage, byTag},
	read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
		p, err := u.Catalog.Reports(ctx, q)
		return rowsOf(p.Items, func(r catalog.ReportRow) listRow {
			stream, _ := r.Attributes["stream"].(string)
			return listRow{pageFor("app", r.Key), r.Name, "", !r.RetiredAt.IsZero(), []any{
				stream, ofOwner(r.Owner), published(r), u.when(r.ReloadedAt), r.Connection, r.Tags,
				short(200, r.SourceDescription), u.when(r.ModifiedAt), u.when(r.CreatedAt), u.when(r.PublishedAt), u.when(r.RetiredAt), formula(r.Key),
			}}
		}), p.Next, err
	},
	count: countReports,
}

var sheetsKind = listKind{
	Path: "sheets", Title: "Sheets", Icon: "sheet", hasRetired: true,
	filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"sheet"}}},
	columns: []listColumn{
		{Title: "Name", Sort: "name"},
		{Title: "App"},
		{Title: "Owner", Sort: "owner"},
		{Title: "Published", Sort: "published"},
		{Title: "Modified", Sort: "modified_at"},
		{Title: "Connection", Sort: "connection"},
		{Title: "Tags"},
		{Title: "Description", Hidden: true},
		{Title: "Approved", Sort: "approved", Hidden: true},
		{Title: "Created", Sort: "created_at", Hidden: true},
		{Title: "Key", Sort: "key", Hidden: true},
	},
	facets: []listFacet{byConnection, byStream, byOwner, byPublished, byLineage, byTag},
	read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
		p, err := u.Catalog.Reports(ctx, q)
		return rowsOf(p.Items, func(r catalog.ReportRow) listRow {
			return listRow{pageFor("sheet", r.Key), r.Name, appKeyOf(r.Key), !r.RetiredAt.IsZero(), []any{
				inApp{},
				ofOwner(r.Owner), published(r), u.when(r.ModifiedAt), r.Connection, r.Tags,
				short(200, r.SourceDescription), yes(r.Approved != nil && *r.Approved), u.when(r.CreatedAt), formula(r.Key),
			}}
		}), p.Next, err
	},
	count: countReports,
}

var chartsKind = listKind{
	Path: "charts", Title: "Charts", Icon: "cell", order: "key", hasRetired: true,
	filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"cell"}}},
	columns: []listColumn{{Title: "Name", Sort: "name"}, {Title: "Type", Sort: "type"}, {Title: "App", Sort: "key"}, {Title: "Connection", Sort: "connection"}, {Title: "Description", Hidden: true}, {Title: "Key", Hidden: true}},
	facets:  []listFacet{byConnection, byType, byStream, byLineage},
	read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
		p, err := u.Catalog.Reports(ctx, q)
		return rowsOf(p.Items, func(r catalog.ReportRow) listRow {
			return listRow{pageFor("cell", r.Key), r.Name, appKeyOf(r.Key), !r.RetiredAt.IsZero(), []any{r.Type, inApp{}, r.Connection, short(200, r.SourceDescription), formula(r.Key)}}
		}), p.Next, err
	},
	count: countReports,
}

var tablesKind = listKind{
	Path: "tables", Title: "Tables", Icon: "table", order: "key", hasRetired: true,
	columns: []listColumn{{Title: "Name", Sort: "name"}, {Title: "App", Sort: "key"}, {Title: "Rows", Sort: "rows", Number: true}, {Title: "Fields", Sort: "fields", Number: true}, {Title: "Keys", Sort: "key_fields", Number: true, Hidden: true}, {Title: "Connection", Sort: "connection"}, {Title: "Comment", Hidden: true}, {Title: "Key", Hidden: true}},
	facets:  []listFacet{byConnection},
	read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
		p, err := u.Catalog.ModelTables(ctx, q)
		return rowsOf(p.Items, func(t catalog.TableRow) listRow {
			return listRow{pageFor("table", t.Key), t.Name, t.Report, !t.RetiredAt.IsZero(), []any{inApp{}, number(t.Rows), number(t.Fields), number(t.KeyFields), t.Connection, short(200, t.Comment), formula(t.Key)}}
		}), p.Next, err
	},
	count: func(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
		return u.Catalog.ModelTableFacets(ctx, q, columns)
	},
}

var fieldsKind = listKind{
	Path: "fields", Title: "Fields", Icon: "field", order: "key", hasRetired: true,
	columns: []listColumn{{Title: "Name", Sort: "name"}, {Title: "App", Sort: "key"}, {Title: "Tables"}, {Title: "Distinct values", Sort: "cardinality", Number: true}, {Title: "Connection", Sort: "connection"}, {Title: "Tags"}, {Title: "Comment", Hidden: true}, {Title: "Key", Hidden: true}},
	facets:  []listFacet{byConnection, {Param: "used", Title: "Used by anything", column: "used", labels: yesNo}, {Param: "is_key", Title: "Key", column: "is_key", labels: yesNo}, byLineage, byTag},
	read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
		p, err := u.Catalog.ModelFields(ctx, q)
		return rowsOf(p.Items, func(f catalog.ColumnRow) listRow {
			return listRow{pageFor("field", f.Key), f.Name, f.Report, !f.RetiredAt.IsZero(), []any{inApp{}, f.Tables, number(f.Cardinality), f.Connection, f.Tags, short(200, f.Comment), formula(f.Key)}}
		}), p.Next, err
	},
	count: func(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
		return u.Catalog.ModelFieldFacets(ctx, q, columns)
	},
}

var scriptsKind = listKind{
	Path: "scripts", Title: "Scripts", Icon: "script", hasRetired: true,
	columns: []listColumn{{Title: "Name", Sort: "name"}, {Title: "Lines", Sort: "lines", Number: true}, {Title: "Connection", Sort: "connection"}, {Title: "First seen", Sort: "first_seen_at", Hidden: true}, {Title: "Key", Sort: "key", Hidden: true}},
	facets:  []listFacet{byConnection},
	read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
		p, err := u.Catalog.SourceCodes(ctx, q)
		return rowsOf(p.Items, func(s catalog.SourceRow) listRow {
			return listRow{pageFor("script", s.Key), s.Name, "", !s.RetiredAt.IsZero(), []any{number(s.Lines), s.Connection, u.when(s.FirstSeenAt), formula(s.Key)}}
		}), p.Next, err
	},
	count: func(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
		return u.Catalog.SourceCodeFacets(ctx, q, columns)
	},
}

var gapsKind = listKind{
	Path: "gaps", Title: "Not readable", Icon: "warn",
	columns: []listColumn{{Title: "What", Sort: "part"}, {Title: "App", Sort: "app_key"}, {Title: "Why", Sort: "error_code"}, {Title: "Text"}, {Title: "Since", Sort: "since"}, {Title: "Connection", Sort: "connection"}},
	facets:  []listFacet{byConnection, {Param: "error_code", Title: "Why", column: "error_code"}, {Param: "part", Title: "What", column: "part"}},
	read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
		p, err := u.Catalog.Gaps(ctx, q)
		return rowsOf(p.Items, func(g catalog.GapRow) listRow {
			text := g.Error
			if g.Cure != "" {
				text += " → " + g.Cure
			}
			return listRow{keyURL("/report", string(g.App)), string(g.Part), g.App, false, []any{inApp{}, string(g.Code), text, u.when(g.Since), g.Connection}}
		}), p.Next, err
	},
	count: func(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
		return u.Catalog.GapFacets(ctx, q, columns)
	},
}

func fieldKind(path, title, icon string, typ catalog.FieldType) listKind {
	return listKind{
		Path: path, Title: title, Icon: icon, hasRetired: true,
		filters: []catalog.Filter{{Column: "type", Op: catalog.Equals, Values: []string{string(typ)}}},
		columns: []listColumn{
			{Title: "Name", Sort: "name"},
			{Title: "Formula"},
			{Title: "App"},
			{Title: "Origin", Sort: "origin"},
			{Title: "Connection", Sort: "connection"},
			{Title: "Tags"},
			{Title: "Label", Sort: "label", Hidden: true},
			{Title: "Description", Hidden: true},
			{Title: "Modified", Sort: "modified_at", Hidden: true},
			{Title: "Key", Sort: "key", Hidden: true},
		},
		facets: []listFacet{byConnection, {Param: "origin", Title: "Defined", column: "origin", labels: map[string]string{"master": "as a master item", "inline": "in a chart", "script": "by a script"}}, byLineage, byTag},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.ReportFields(ctx, q)
			return rowsOf(p.Items, func(f catalog.FieldRow) listRow {
				return listRow{keyURL("/field", string(f.Key)), f.Name, appKeyOf(f.Key), !f.RetiredAt.IsZero(), []any{
					formula(short(200, f.Formula)), inApp{}, string(f.Origin), f.Connection, f.Tags, f.Label, short(200, f.Description), u.when(f.ModifiedAt), formula(f.Key),
				}}
			}), p.Next, err
		},
		count: func(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
			return u.Catalog.ReportFieldFacets(ctx, q, columns)
		},
	}
}

// A formula is shown in the letters of code.
type formula string

func rowsOf[T any](items []T, row func(T) listRow) []listRow {
	rows := make([]listRow, len(items))
	for i, item := range items {
		rows[i] = row(item)
	}
	return rows
}

// appKeyOf is the app that a key of the catalog stands under.
func appKeyOf(k catalog.Key) catalog.Key { return drawing.AppOf(k) }
