package qliksense

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/unbuilt"
)

// realAppsVariable names the environment variable that names a folder of unbuilt apps.
const realAppsVariable = "QLIKCRAWLER_REAL_APPS"

// TestRealAppsAreReadFieldForField serves unbuilt apps as a site and reads them. What is expected is derived
// from the files by a reader of its own, below, that shares no code with the mapping.
func TestRealAppsAreReadFieldForField(t *testing.T) {
	t.Parallel()
	root := os.Getenv(realAppsVariable)
	if root == "" {
		t.Skipf("%s names no folder of unbuilt apps", realAppsVariable)
	}
	site, err := unbuilt.Site(root)
	if err != nil {
		t.Fatal(err)
	}
	server := qliktest.New(t, site, qliktest.Options{})
	c := openOptions(t, server, map[string]any{"system_variables": true})
	listed := listAll(t, c)
	folders, err := filepath.Glob(filepath.Join(root, "*", "app-properties.json"))
	if err != nil || len(folders) == 0 || len(folders) != len(listed) {
		t.Fatalf("%d apps in %d folders: %v", len(listed), len(folders), err)
	}
	for _, file := range folders {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			want := readFolder(t, dir)
			l := named(t, listed, want.title)
			s := fetchApp(t, c, l)
			checkRealApp(t, want, s)
			wantFewTrips(t, server, func(all []connector.Listed) connector.Listed { return named(t, all, want.title) })
		})
	}
}

func checkRealApp(t *testing.T, want *folder, s *catalog.Snapshot) {
	t.Helper()
	for _, g := range s.Gaps {
		if want.metadata || g.Part != catalog.PartDataModel {
			t.Errorf("gap %s %s: %v", g.Part, g.Key, g.Err)
		}
	}
	got := map[string]string{}
	note := func(key catalog.Key, parts ...any) {
		short := strings.TrimPrefix(strings.TrimPrefix(string(key), string(s.Unit.Key)), "/")
		if _, twice := got[short]; twice {
			short += " (again)"
		}
		got[short] = fmt.Sprintf("%q", parts)
	}
	rel := func(k catalog.Key) string {
		return strings.TrimPrefix(strings.TrimPrefix(string(k), string(s.Unit.Key)), "/")
	}
	for _, r := range s.Reports {
		if r.Kind != catalog.ReportApp {
			note(r.Key, r.Type, r.Name, r.SourceDescription, rel(r.Parent))
		}
	}
	for _, f := range s.Fields {
		note(f.Key, string(f.Type), string(f.Origin), f.Name, f.Label, f.Formula, f.Description, rel(f.Master), rel(f.Report))
	}
	for _, x := range s.Tables {
		note(x.Key, fmt.Sprint(x.Rows, x.Fields, x.KeyFields), x.Comment)
	}
	for _, x := range s.Columns {
		note(x.Key, strings.Join(x.Tables, ","), fmt.Sprint(x.IsKey, x.IsHidden, x.Cardinality), strings.Join(x.Tags, ","))
	}
	for _, x := range s.Sources {
		note(x.Key, x.Name, x.Code)
	}
	if diff := cmp.Diff(want.rows, got); diff != "" {
		t.Errorf("rows (-files +catalog):\n%s", diff)
	}
	if len(want.rows) < 20 {
		t.Errorf("only %d rows are expected: the test's reader is broken", len(want.rows))
	}
}
