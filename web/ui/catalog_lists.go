package ui

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// listKinds are the catalog's lists, in the order of their tabs.
var listKinds = []listKind{
	reportKind("apps", "Apps", "app", listColumn{"Reloaded", "reloaded_at", false}),
	{
		Path: "groups", Title: "Report groups", Icon: "stream",
		filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"stream", "personal"}}},
		columns: []listColumn{{"Name", "name", false}, {"Kind", "kind", false}, {"Owner", "owner", false}, {"Connection", "connection", false}, {"Tags", "", false}},
		read:    readGroups,
	},
	reportKind("sheets", "Sheets", "sheet", listColumn{"Modified", "modified_at", false}),
	{
		Path: "charts", Title: "Charts", Icon: "cell",
		filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"cell"}}},
		columns: []listColumn{{"Name", "name", false}, {"Type", "type", false}, {"Connection", "connection", false}},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.Reports(ctx, q)
			return rowsOf(p.Items, func(r catalog.ReportRow) listRow {
				return listRow{pageFor("cell", r.Key), r.Name, !r.RetiredAt.IsZero(), []any{r.Type, r.Connection}}
			}), p.Next, err
		},
	},
	fieldKind("measures", "Measures", "measure", catalog.Measure),
	fieldKind("dimensions", "Dimensions", "dimension", catalog.Dimension),
	fieldKind("master-objects", "Master objects", "cell", catalog.MasterObject),
	fieldKind("variables", "Variables", "variable", catalog.Variable),
	{
		Path: "tables", Title: "Tables", Icon: "table",
		columns: []listColumn{{"Name", "name", false}, {"Rows", "rows", true}, {"Fields", "fields", true}, {"Connection", "connection", false}},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.ModelTables(ctx, q)
			return rowsOf(p.Items, func(t catalog.TableRow) listRow {
				return listRow{pageFor("table", t.Key), t.Name, !t.RetiredAt.IsZero(), []any{number(t.Rows), number(t.Fields), t.Connection}}
			}), p.Next, err
		},
	},
	{
		Path: "fields", Title: "Fields", Icon: "field",
		columns: []listColumn{{"Name", "name", false}, {"Tables", "", false}, {"Distinct values", "cardinality", true}, {"Connection", "connection", false}, {"Tags", "", false}},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.ModelFields(ctx, q)
			return rowsOf(p.Items, func(f catalog.ColumnRow) listRow {
				return listRow{pageFor("field", f.Key), f.Name, !f.RetiredAt.IsZero(), []any{f.Tables, number(f.Cardinality), f.Connection, f.Tags}}
			}), p.Next, err
		},
	},
	{
		Path: "scripts", Title: "Scripts", Icon: "script",
		columns: []listColumn{{"Name", "name", false}, {"Lines", "lines", true}, {"Connection", "connection", false}},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.SourceCodes(ctx, q)
			return rowsOf(p.Items, func(s catalog.SourceRow) listRow {
				return listRow{pageFor("script", s.Key), s.Name, !s.RetiredAt.IsZero(), []any{number(s.Lines), s.Connection}}
			}), p.Next, err
		},
	},
	{
		Path: "gaps", Title: "Not readable", Icon: "warn",
		columns: []listColumn{{"What", "part", false}, {"Why", "error_code", false}, {"Text", "", false}, {"Since", "since", false}, {"Connection", "connection", false}},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.Gaps(ctx, q)
			return rowsOf(p.Items, func(g catalog.GapRow) listRow {
				text := g.Error
				if g.Cure != "" {
					text += " → " + g.Cure
				}
				return listRow{keyURL("/report", string(g.App)), string(g.Part), false, []any{string(g.Code), text, u.when(g.Since), g.Connection}}
			}), p.Next, err
		},
	},
}

// reportKind is a list of apps or sheets, whose last date is the column's.
func reportKind(path, title, icon string, date listColumn) listKind {
	return listKind{
		Path: path, Title: title, Icon: icon,
		filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{icon}}},
		columns: []listColumn{{"Name", "name", false}, {"Owner", "owner", false}, {"Published", "published", false}, date, {"Connection", "connection", false}, {"Tags", "", false}},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.Reports(ctx, q)
			return rowsOf(p.Items, func(r catalog.ReportRow) listRow {
				published, at := "", r.ModifiedAt
				if r.Published != nil && *r.Published {
					published = "yes"
				}
				if date.Sort == "reloaded_at" {
					at = r.ReloadedAt
				}
				return listRow{pageFor(icon, r.Key), r.Name, !r.RetiredAt.IsZero(), []any{r.Owner, published, u.when(at), r.Connection, r.Tags}}
			}), p.Next, err
		},
	}
}

func fieldKind(path, title, icon string, typ catalog.FieldType) listKind {
	return listKind{
		Path: path, Title: title, Icon: icon,
		filters: []catalog.Filter{{Column: "type", Op: catalog.Equals, Values: []string{string(typ)}}},
		columns: []listColumn{{"Name", "name", false}, {"Formula", "", false}, {"Origin", "origin", false}, {"Connection", "connection", false}, {"Tags", "", false}},
		read: func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
			p, err := u.Catalog.ReportFields(ctx, q)
			return rowsOf(p.Items, func(f catalog.FieldRow) listRow {
				return listRow{keyURL("/field", string(f.Key)), f.Name, !f.RetiredAt.IsZero(), []any{formula(short(200, f.Formula)), string(f.Origin), f.Connection, f.Tags}}
			}), p.Next, err
		},
	}
}

// A formula is shown in the letters of code.
type formula string

func readGroups(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error) {
	p, err := u.Catalog.ReportGroups(ctx, q)
	return rowsOf(p.Items, func(g catalog.GroupRow) listRow {
		return listRow{keyURL("/group", string(g.Key)), g.Name, !g.RetiredAt.IsZero(), []any{string(g.Kind), g.Owner, g.Connection, g.Tags}}
	}), p.Next, err
}

func rowsOf[T any](items []T, row func(T) listRow) []listRow {
	rows := make([]listRow, len(items))
	for i, item := range items {
		rows[i] = row(item)
	}
	return rows
}
