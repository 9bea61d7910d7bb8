package postgres_test

import (
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func at(day int) time.Time { return time.Date(2024, 5, day, 10, 20, 30, 123456000, time.UTC) }

func ptr[T any](v T) *T { return &v }

// rich is an app that has a value in every column that it can.
func rich(id string) *catalog.Snapshot {
	app, group := catalog.AppKey("prod", id), catalog.AppGroupKey("prod", id)
	sheet := catalog.SheetKey(app, "s1")
	cell := catalog.CellKey(sheet, "c1")
	return &catalog.Snapshot{
		Unit: catalog.Unit{Key: app, Name: "App " + id}, Version: "v1",
		Groups: []catalog.ReportGroup{{
			Key: group, Parent: catalog.StreamKey("prod", "st1"), Kind: catalog.GroupApp, Name: "App " + id,
			Description: "all of sales", Owner: `ACME\ada`, Tags: []string{"gold", `a"b\c,{}`, ""},
			Attributes: catalog.Attributes{"size": 12.5, "owner": map[string]any{"name": "Ada"}},
			CreatedAt:  at(1), ModifiedAt: at(2),
		}},
		Reports: []catalog.Report{{
			Key: app, Group: group, Kind: catalog.ReportApp, Type: catalog.TypeApp, Name: "App " + id,
			SourceDescription: "all of sales", Owner: `ACME\ada`, URL: "https://q/sense/app/" + id,
			Published: ptr(true), Tags: []string{"gold"}, Attributes: catalog.Attributes{"k": "v"},
			CreatedAt: at(1), ModifiedAt: at(2), PublishedAt: at(3), ReloadedAt: at(4),
		}, {
			Key: sheet, Group: group, Parent: app, Kind: catalog.ReportSheet, Type: catalog.TypeSheet, Name: "Übersicht 概要 📊",
			Published: ptr(true), Approved: ptr(false), Position: &catalog.Position{Rank: ptr(1.5)},
			CreatedAt: at(1), ModifiedAt: at(2), PublishedAt: at(3),
		}, {
			Key: cell, Group: group, Parent: sheet, Kind: catalog.ReportCell, Type: "barchart", Name: "Sales",
			Position: &catalog.Position{Col: ptr(0.0), Row: ptr(1.0), Colspan: ptr(12.0), Rowspan: ptr(6.0)},
		}},
		Fields: []catalog.ReportField{{
			Key: catalog.ItemKey(app, "m1"), Report: app, Type: catalog.Measure, Origin: catalog.OriginMaster,
			Name: "Revenue", Label: "Rev", Formula: "Sum(Sales)", Description: "net", Tags: []string{"kpi"},
			Attributes: catalog.Attributes{"format": "0.0"}, CreatedAt: at(1), ModifiedAt: at(2),
		}, {
			Key: catalog.ItemKey(app, "d1"), Report: app, Type: catalog.Dimension, Origin: catalog.OriginMaster, Name: "Region", Formula: "Region",
		}, {
			Key: catalog.ItemKey(app, "o1"), Report: app, Type: catalog.MasterObject, Origin: catalog.OriginMaster, Name: "Chart", Formula: "Region\nSum(Sales)",
		}, {
			Key: catalog.ItemKey(app, "v1"), Report: app, Type: catalog.Variable, Origin: catalog.OriginScript, Name: "vYear", Formula: "=Year(Today())",
		}, {
			Key: catalog.InlineMeasureKey(cell, 0), Report: cell, Type: catalog.Measure, Origin: catalog.OriginInline,
			Name: "Rev", Formula: "Sum(Sales)", Master: catalog.ItemKey(app, "m1"),
		}, {
			Key: catalog.InlineDimensionKey(cell, 0), Report: cell, Type: catalog.Dimension, Origin: catalog.OriginInline, Name: "City", Formula: "City",
		}},
		Sources: []catalog.SourceCode{{
			Key: catalog.ScriptKey(app), Report: app, Name: "App " + id, Type: catalog.TypeScript,
			Language: catalog.LanguageLoadScript, Code: "LOAD *\nFROM x.qvd;\n",
		}},
		Tables: []catalog.ModelTable{{
			Key: catalog.ModelTableKey(app, "Sales/2024%"), Report: app, Name: "Sales/2024%", Comment: "facts",
			Rows: 1000, Fields: 3, KeyFields: 1, Attributes: catalog.Attributes{"bytes": 10},
		}},
		Columns: []catalog.ModelField{{
			Key: catalog.ModelFieldKey(app, "City"), Report: app, Name: "City", Comment: "town",
			Tables: []string{"Sales/2024%", "Towns"}, IsKey: true, IsHidden: true, Cardinality: 42,
			Tags: []string{"$key", "$text"}, Attributes: catalog.Attributes{"bytes": 10},
		}},
	}
}
