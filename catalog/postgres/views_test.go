package postgres_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// contractViews is contract §4, table "view | columns", with the types.
var contractViews = map[string]string{
	"connection": "code text, name text, type text, environment text, description text, url text, health text, " +
		"health_reason text, health_since timestamptz, last_success_at timestamptz, next_run_at timestamptz, " +
		"counts jsonb, governance jsonb",
	"report_group": "key text, connection text, parent_key text, type text, kind text, name text, description text, " +
		"owner text, tags text[], attributes jsonb, created_at timestamptz, modified_at timestamptz, " +
		"first_seen_at timestamptz, last_seen_at timestamptz, retired_at timestamptz",
	"report": "key text, connection text, group_key text, parent_key text, type text, kind text, name text, " +
		"source_description text, owner text, url text, published bool, approved bool, position jsonb, tags text[], " +
		"attributes jsonb, created_at timestamptz, modified_at timestamptz, published_at timestamptz, " +
		"reloaded_at timestamptz, first_seen_at timestamptz, last_seen_at timestamptz, retired_at timestamptz",
	"report_field": "key text, connection text, report_key text, type text, origin text, name text, label text, " +
		"formula text, description text, master_key text, tags text[], attributes jsonb, created_at timestamptz, " +
		"modified_at timestamptz, first_seen_at timestamptz, last_seen_at timestamptz, retired_at timestamptz",
	"source_code": "key text, connection text, report_key text, type text, name text, code text, language text, " +
		"sha256 text, lines int8, first_seen_at timestamptz, last_seen_at timestamptz, retired_at timestamptz",
	"model_table": "key text, connection text, report_key text, name text, rows int8, fields int8, key_fields int8, " +
		"comment text, attributes jsonb, first_seen_at timestamptz, last_seen_at timestamptz, retired_at timestamptz",
	"model_field": "key text, connection text, report_key text, name text, tables text[], is_key bool, is_hidden bool, " +
		"cardinality int8, comment text, tags text[], attributes jsonb, first_seen_at timestamptz, " +
		"last_seen_at timestamptz, retired_at timestamptz",
	"gap":          "connection text, app_key text, part text, key text, error_code text, error text, since timestamptz",
	"lineage_node": "key text, connection text, kind text, name text, report_key text, attributes jsonb",
	"lineage_edge": "connection text, from_key text, to_key text, level text, how text, origin text, confidence float8, " +
		"statement text, source_key text, tab text, line int4, column int4, author text, reason text, run int8",
	"lineage_gap": "connection text, app_key text, source_key text, tab text, line int4, column int4, what text, why text",
	"crawl_run": "id int8, connection text, mode text, trigger text, state text, tally jsonb, started_at timestamptz, " +
		"finished_at timestamptz, error text",
	"crawl_outcome": "run int8, app_key text, change text, error_code text, error text, duration_ms int8",
	"change":        "run int8, key text, what text, column_name text, old text, new text, at timestamptz",
}

func TestViewsHaveTheContractsColumns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rows, err := b.sql.Query(t.Context(), `
		select table_name::text, string_agg(column_name || ' ' ||
			case when udt_name like '\_%' then substr(udt_name, 2) || '[]' else udt_name end, ', ' order by ordinal_position)
		from information_schema.columns where table_schema = 'catalog' group by 1`)
	b.must(err)
	got := map[string]string{}
	var name, columns string
	_, err = pgx.ForEachRow(rows, []any{&name, &columns}, func() error {
		got[name] = columns
		return nil
	})
	b.must(err)
	if d := cmp.Diff(contractViews, got); d != "" {
		t.Errorf("views differ from the contract (-contract +database):\n%s", d)
	}
}

// view reads all rows of a view as JSON objects, in the order of a column.
func (b *bench) view(name, order string) []map[string]any {
	b.t.Helper()
	out := []map[string]any{}
	for _, doc := range b.column(`select to_jsonb(v)::text from catalog.` + name + ` v order by ` + order) {
		var m map[string]any
		b.must(json.Unmarshal([]byte(doc), &m))
		out = append(out, m)
	}
	return out
}

// seen are the columns that every row of an app has; the test of a view adds its own.
func seen(b *bench, m map[string]any) map[string]any {
	b.t.Helper()
	for _, c := range []string{"first_seen_at", "last_seen_at"} {
		if _, err := time.Parse(time.RFC3339, m[c].(string)); err != nil {
			b.t.Errorf("%s: %v", c, err)
		}
		delete(m, c)
	}
	if m["retired_at"] != nil {
		b.t.Errorf("retired_at = %v", m["retired_at"])
	}
	delete(m, "retired_at")
	return m
}

func stamp(day int) string { return at(day).Format("2006-01-02T15:04:05.999999") + "+00:00" }

type object = map[string]any

func TestEveryColumnOfEveryRowReadsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	tests := []struct {
		view  string
		which int // by key
		want  object
	}{
		{"report_group", 0, object{
			"key": "prod/app/a1", "connection": "prod", "parent_key": "prod/stream/st1", "type": "Domain", "kind": "app",
			"name": "App a1", "description": "all of sales", "owner": `ACME\ada`, "tags": []any{"gold", `a"b\c,{}`, ""},
			"attributes": object{"size": 12.5, "owner": object{"name": "Ada"}},
			"created_at": stamp(1), "modified_at": stamp(2),
		}},
		{"report", 0, object{
			"key": "prod/a1", "connection": "prod", "group_key": "prod/app/a1", "parent_key": nil,
			"type": "Presentation Layer", "kind": "app", "name": "App a1", "source_description": "all of sales",
			"owner": `ACME\ada`, "url": "https://q/sense/app/a1", "published": true, "approved": nil, "position": nil,
			"tags": []any{"gold"}, "attributes": object{"k": "v"}, "created_at": stamp(1), "modified_at": stamp(2),
			"published_at": stamp(3), "reloaded_at": stamp(4),
		}},
		{"report", 1, object{
			"key": "prod/a1/s1", "connection": "prod", "group_key": "prod/app/a1", "parent_key": "prod/a1",
			"type": "Sheet", "kind": "sheet", "name": "Übersicht 概要 📊", "source_description": nil, "owner": nil,
			"url": nil, "published": true, "approved": false, "position": object{"rank": 1.5}, "tags": nil,
			"attributes": nil, "created_at": stamp(1), "modified_at": stamp(2), "published_at": stamp(3), "reloaded_at": nil,
		}},
		{"report", 2, object{
			"key": "prod/a1/s1/c1", "connection": "prod", "group_key": "prod/app/a1", "parent_key": "prod/a1/s1",
			"type": "barchart", "kind": "cell", "name": "Sales", "source_description": nil, "owner": nil, "url": nil,
			"published": nil, "approved": nil, "position": object{"col": 0.0, "row": 1.0, "colspan": 12.0, "rowspan": 6.0},
			"tags": nil, "attributes": nil, "created_at": nil, "modified_at": nil, "published_at": nil, "reloaded_at": nil,
		}},
		{"report_field", 1, object{
			"key": "prod/a1/m1", "connection": "prod", "report_key": "prod/a1", "type": "Measure", "origin": "master",
			"name": "Revenue", "label": "Rev", "formula": "Sum(Sales)", "description": "net", "master_key": nil,
			"tags": []any{"kpi"}, "attributes": object{"format": "0.0"}, "created_at": stamp(1), "modified_at": stamp(2),
		}},
		{"report_field", 4, object{
			"key": "prod/a1/s1/c1/measure/0", "connection": "prod", "report_key": "prod/a1/s1/c1", "type": "Measure",
			"origin": "inline", "name": "Rev", "label": nil, "formula": "Sum(Sales)", "description": nil,
			"master_key": "prod/a1/m1", "tags": nil, "attributes": nil, "created_at": nil, "modified_at": nil,
		}},
		{"source_code", 0, object{
			"key": "prod/a1/script", "connection": "prod", "report_key": "prod/a1", "type": "Script", "name": "App a1",
			"code": "LOAD *\nFROM x.qvd;\n", "language": "qlik-load-script",
			"sha256": catalog.SourceCode{Code: "LOAD *\nFROM x.qvd;\n"}.SHA256(), "lines": 2.0,
		}},
		{"model_table", 0, object{
			"key": "prod/a1/table/Sales%2F2024%25", "connection": "prod", "report_key": "prod/a1", "name": "Sales/2024%",
			"rows": 1000.0, "fields": 3.0, "key_fields": 1.0, "comment": "facts", "attributes": object{"bytes": 10.0},
		}},
		{"model_field", 0, object{
			"key": "prod/a1/field/City", "connection": "prod", "report_key": "prod/a1", "name": "City",
			"tables": []any{"Sales/2024%", "Towns"}, "is_key": true, "is_hidden": true, "cardinality": 42.0,
			"comment": "town", "tags": []any{"$key", "$text"}, "attributes": object{"bytes": 10.0},
		}},
	}
	for _, test := range tests {
		t.Run(test.view, func(t *testing.T) {
			rows := b.view(test.view, "key")
			if len(rows) <= test.which {
				t.Fatalf("%d rows", len(rows))
			}
			if d := cmp.Diff(test.want, seen(b, rows[test.which])); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestConnectionViewTellsHealthAndCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.EditConnection(t.Context(), catalog.Connection{
		Code: "prod", Name: "Prod", Type: "qlik-sense",
		Environment: "PROD", Description: "Finance", URL: "https://q", Governance: map[string]string{"owner": "ada"},
	}, nil))
	b.crawl(rich("a1"), rich("a2"))
	got := b.view("connection", "code")[0]
	if got["health_since"] == nil || got["last_success_at"] == nil {
		t.Errorf("health_since = %v, last_success_at = %v", got["health_since"], got["last_success_at"])
	}
	delete(got, "health_since")
	delete(got, "last_success_at")
	want := object{
		"code": "prod", "name": "Prod", "type": "qlik-sense", "environment": "PROD", "description": "Finance",
		"url": "https://q", "health": "green", "health_reason": nil, "next_run_at": nil,
		"counts": object{
			"streams": 0.0, "apps": 2.0, "sheets": 2.0, "cells": 2.0, "measures": 4.0, "dimensions": 4.0,
			"master_objects": 2.0, "variables": 2.0, "scripts": 2.0, "tables": 2.0, "fields": 2.0, "gaps": 0.0,
		},
		"governance": object{"owner": "ada"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	counts, err := b.Counts(t.Context(), "prod")
	b.must(err)
	wantCounts := catalog.Counts{
		Apps: 2, Sheets: 2, Cells: 2, Measures: 4, Dimensions: 4, MasterObjects: 2,
		Variables: 2, Scripts: 2, Tables: 2, Fields: 2,
	}
	if counts != wantCounts {
		t.Errorf("Counts = %+v, want %+v", counts, wantCounts)
	}
}

func TestViewsNeverShowEmptyTexts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := catalog.AppKey("prod", "bare")
	b.crawl(&catalog.Snapshot{
		Unit:    catalog.Unit{Key: app},
		Groups:  []catalog.ReportGroup{{Key: catalog.AppGroupKey("prod", "bare"), Kind: catalog.GroupApp}},
		Reports: []catalog.Report{{Key: app, Kind: catalog.ReportApp, Tags: []string{}, Attributes: catalog.Attributes{}}},
		Fields:  []catalog.ReportField{{Key: catalog.ItemKey(app, "m"), Type: catalog.Measure, Origin: catalog.OriginMaster}},
		Tables:  []catalog.ModelTable{{Key: catalog.ModelTableKey(app, "t")}},
		Columns: []catalog.ModelField{{Key: catalog.ModelFieldKey(app, "f")}},
	})
	for _, name := range slices.Sorted(maps.Keys(contractViews)) {
		for _, row := range b.view(name, "1") {
			for c, v := range row {
				list, isList := v.([]any)
				if v == "" || isList && len(list) == 0 {
					t.Errorf("catalog.%s.%s is empty rather than null", name, c)
				}
			}
		}
	}
}

func TestLastSeenIsTheEndOfTheLastCompleteRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lastSeen := func(key string) string {
		t.Helper()
		return strings.Join(b.column("select coalesce(last_seen_at::text, 'null') from catalog.report where key = $1", key), ",")
	}
	end := func(run catalog.RunID) string {
		t.Helper()
		return b.column("select finished_at::text from catalog.crawl_run where id = $1", run)[0]
	}
	run := b.start()
	b.save(run, rich("a1"), catalog.Added)
	b.save(run, rich("a2"), catalog.Added)
	if got := lastSeen("prod/a1"); got != "null" {
		t.Errorf("before the first complete run it is %s", got)
	}
	b.done(run)
	first := end(run)
	if got := lastSeen("prod/a1"); got != first {
		t.Errorf("after the first run it is %s, want %s", got, first)
	}
	run = b.start()
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/a2"}))
	b.done(run)
	if got, want := lastSeen("prod/a1"), end(run); got != want {
		t.Errorf("of an app that no run wrote it is %s, want %s", got, want)
	}
	if got := lastSeen("prod/a2"); got != first {
		t.Errorf("of a retired app it is %s, want %s", got, first)
	}
	run = b.start()
	b.must(b.FinishRun(t.Context(), run, catalog.Failed, catalog.Tally{}, "unreachable"))
	if got, want := lastSeen("prod/a1"), end(run-1); got != want {
		t.Errorf("after a failed run it is %s, want %s", got, want)
	}
}
