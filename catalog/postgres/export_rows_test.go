package postgres_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// exported gives the rows of an export by view: each as its values, joined by a blank.
func (b *bench) exported(code string) map[string][]string {
	b.t.Helper()
	out := map[string][]string{}
	view := catalog.ExportView{}
	err := b.Export(b.t.Context(), code, func(v catalog.ExportView) error {
		view = v
		out[v.Name] = []string{}
		return nil
	}, func(values []json.RawMessage) error {
		if len(values) != len(view.Columns) {
			b.t.Errorf("%s: %d values for the columns %v", view.Name, len(values), view.Columns)
		}
		var line []string
		for _, v := range values {
			line = append(line, string(v))
		}
		out[view.Name] = append(out[view.Name], strings.Join(line, " "))
		return nil
	})
	b.must(err)
	return out
}

func TestAnExportHasEveryRowOfEveryView(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"), rich("a2"))
	b.crawl(rich("a1"))
	b.withLineage(
		sketch("prod/x", "dataset:f/a.qvd => prod/x/script/T", "dataset:f/a.qvd#c -> prod/x/script/T#c", "prod/x/script/T => dataset:f/b.qvd"),
		sketch("prod/y", "dataset:f/*.qvd => prod/y/script/T"),
	)
	got := b.exported("prod")
	for view := range contractViews {
		want := b.column("select count(*)::text from catalog." + view)
		if _, ok := got[view]; !ok || len(want) != 1 {
			t.Errorf("view %s isn't exported", view)
			continue
		}
		if n, _ := json.Marshal(len(got[view])); string(n) != want[0] {
			t.Errorf("%s: %s rows, want %s", view, n, want[0])
		}
		if want[0] == "0" && view != "lineage_gap" && view != "gap" {
			t.Errorf("the test has no rows of %s", view)
		}
	}
	if diff := cmp.Diff(got, b.exported("prod")); diff != "" {
		t.Errorf("a second export differs (-first +second):\n%s", diff)
	}
	if !slices.IsSorted(got["report"]) {
		t.Errorf("reports don't come by key: %v", got["report"])
	}
}

func TestAnExportHasNoRowsOfOtherConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "prod2", Name: "Other", Type: "qlik-sense"}))
	for view, rows := range b.exported("prod2") {
		if want := 0; len(rows) != want && view != "connection" {
			t.Errorf("%s has rows of another connection: %v", view, rows)
		}
	}
	err := b.Export(t.Context(), "nobody", nil, nil)
	if catalog.CodeOf(err) != catalog.CodeNotFound {
		t.Errorf("an export of a connection that isn't there: %v", err)
	}
	if err := b.ExportLineage(t.Context(), "nobody", nil); catalog.CodeOf(err) != catalog.CodeNotFound {
		t.Errorf("lineage of a connection that isn't there: %v", err)
	}
}

func TestAnExportHidesCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := plain("a1")
	app.Sources[0].Code = "ODBC CONNECT TO 'x' (UserId is sa, Password is hunter2);\r\nLOAD 1 AS x;"
	key := app.Unit.Key
	app.Fields = []catalog.ReportField{{
		Key: catalog.ItemKey(key, "v1"), Report: key, Type: catalog.Variable, Origin: catalog.OriginScript, Name: "vURL",
		Formula: "https://me:hunter2@x.com/?token=hunter2",
	}}
	b.crawl(app)
	app.Version, app.Sources[0].Code = "v2", strings.ReplaceAll(app.Sources[0].Code, "hunter2", "hunter22")
	b.crawl(app)
	b.lineage(0, b.lineageOf("prod/a1", "dataset:f/a.qvd => prod/a1/script/T"), true)
	for view, rows := range b.exported("prod") {
		for _, r := range rows {
			if strings.Contains(r, "hunter2") {
				t.Errorf("%s tells a password: %s", view, r)
			}
		}
	}
	if n := len(b.column("select key from catalog.source_code where code like '%hunter22%'")); n != 1 {
		t.Errorf("the catalog itself has lost the exact script")
	}
	b.must(b.ExportLineage(t.Context(), "prod", func(a *catalog.AppLineage) error {
		if strings.Contains(a.Script, "hunter2") || !strings.Contains(a.Script, "LOAD 1 AS x") {
			t.Errorf("the script of %s is %q", a.App, a.Script)
		}
		return nil
	}))
}

// lineageOf is a sketch of an app's lineage as it is now.
func (b *bench) lineageOf(app catalog.Key, lines ...string) *catalog.LineageStored {
	b.t.Helper()
	source, err := b.LineageSource(b.t.Context(), app)
	b.must(err)
	l := sketch(app, lines...)
	l.Content = source.Content
	return l
}

func TestLineageIsHandedOutAppByApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(
		sketch("prod/x", "dataset:f/a.qvd => prod/x/script/T", "dataset:f/a.qvd#c -> prod/x/script/T#c", "prod/x/script/T => dataset:f/b.qvd"),
		sketch("prod/y", "dataset:f/*.qvd => prod/y/script/T"),
	)
	b.say(catalog.ManualEdge{
		Author: "ann", Reason: "by mail", From: "dataset:mail/in", To: "prod/y", Level: catalog.TableLevel, How: catalog.Direct, Confidence: 1,
	})
	var got []string
	b.must(b.ExportLineage(t.Context(), "prod", func(a *catalog.AppLineage) error {
		got = append(got, string(a.App)+" "+a.Name)
		for _, list := range [][]catalog.LineageEdge{a.Edges, a.Links} {
			for _, e := range list {
				got = append(got, string(e.From)+" "+string(e.To)+" "+string(e.Level)+" "+string(e.Origin))
			}
		}
		for i := 1; i < len(a.Nodes); i++ {
			if a.Nodes[i-1].Key >= a.Nodes[i].Key {
				t.Errorf("nodes aren't by key: %s, %s", a.Nodes[i-1].Key, a.Nodes[i].Key)
			}
		}
		return nil
	}))
	want := []string{
		"prod/x App x",
		"dataset:f/a.qvd prod/x/script/T table script",
		"dataset:f/a.qvd#c prod/x/script/T#c column script",
		"prod/x/script/T dataset:f/b.qvd table script",
		"prod/y App y",
		"dataset:f/*.qvd prod/y/script/T table script",
		"dataset:mail/in prod/y table manual",
		"dataset:f/a.qvd dataset:f/*.qvd table script",
		"dataset:f/b.qvd dataset:f/*.qvd table script",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestColumnsBehindAStarAreHandedOutWithWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	extract := sketch("prod/x", "dataset:d/t => prod/x/script/T", "prod/x/script/T => dataset:f/t.qvd", "prod/x/script/T#* -> dataset:f/t.qvd#*", "dataset:d/t#* -> prod/x/script/T#*")
	extract.Stars = []catalog.LineageStar{{From: "dataset:d/t", To: "dataset:f/t.qvd"}}
	b.withLineage(extract, sketch("prod/y", "dataset:f/t.qvd => prod/y/script/T", "dataset:f/t.qvd#City -> prod/y/script/T#City"))
	found := false
	b.must(b.ExportLineage(t.Context(), "prod", func(a *catalog.AppLineage) error {
		for _, l := range a.Links {
			found = found || a.App == "prod/x" && l.From == "dataset:d/t#City" && l.To == "dataset:f/t.qvd#City"
		}
		return nil
	}))
	if !found {
		t.Error("the app that stores a file with a star isn't told of the columns that others read")
	}
}

func TestAnErrorOfItsReaderEndsTheExport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withLineage(sketch("prod/x", "dataset:f/a.qvd => prod/x/script/T"), sketch("prod/y", "dataset:f/a.qvd => prod/y/script/T"))
	stop := errors.New("enough")
	n := 0
	if err := b.ExportLineage(t.Context(), "prod", func(*catalog.AppLineage) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("after an error of its reader it goes on: %v, %d apps", err, n)
	}
}
