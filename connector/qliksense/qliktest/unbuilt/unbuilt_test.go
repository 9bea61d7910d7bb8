package unbuilt_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/unbuilt"
)

func TestAppPropertiesBecomeTheApp(t *testing.T) {
	t.Parallel()
	app := load(t, "verkauf")
	type brief struct {
		Name, Description, Thumbnail, Version string
		Created, Reloaded                     time.Time
	}
	want := brief{
		Name: "Verkauf Österreich 🏔", Description: "Umsatz und Menge je Region.\nStand: täglich 05:30",
		Thumbnail: "/appcontent/" + app.ID + "/verkauf.png", Version: "12.1934.0",
		Created:  time.Date(2024, 2, 1, 10, 0, 0, 5e8, time.UTC),
		Reloaded: time.Date(2025, 3, 14, 5, 30, 11, 25e7, time.UTC),
	}
	got := brief{app.Name, app.Description, app.Thumbnail, app.SavedInProductVersion, app.Created, app.LastReload}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if again := load(t, "verkauf"); again.ID != app.ID {
		t.Errorf("the id changed from %s to %s between two loads", app.ID, again.ID)
	}
}

func TestObjectsAreKeptAsTrees(t *testing.T) {
	t.Parallel()
	c := load(t, "verkauf").Content()
	want := []string{"ap appprops", "mo masterobject", "b1 sheet"}
	if d := cmp.Diff(want, infos(c.Objects)); d != "" {
		t.Error(d)
	}
	sheet := c.Objects[2].Tree
	var nested []string
	for _, child := range sheet.Children {
		for _, grandchild := range child.Children {
			id, typ := grandchild.Info()
			nested = append(nested, id+" "+typ)
		}
	}
	if d := cmp.Diff([]string{"lb1 listbox", "lb2 listbox", "tab table"}, nested); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"bm1 bookmark"}, infos(load(t, "inventory").Content().Bookmarks)); d != "" {
		t.Error(d)
	}
}

func TestBothShapesOfVariables(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ folder, want string }{
		"plain list":      {"verkauf", "vZielUmsatz; vPfad script; ErrorMode script reserved; DateFormat script config"},
		"object of lists": {"inventory", "FLOPPY script reserved; vToday script; vTarget"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, v := range load(t, tc.folder).Content().Variables {
				got = append(got, describe(t, v))
			}
			if d := cmp.Diff(tc.want, strings.Join(got, "; ")); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhatTheReloadStored(t *testing.T) {
	t.Parallel()
	app := load(t, "inventory")
	c := app.Content()
	want := []qliktest.LineageItem{
		{Discriminator: "{Warehouse DB};", Statement: "SQL SELECT sku, qty FROM stock"},
		{Discriminator: "RESIDENT Stock;"},
	}
	if d := cmp.Diff(want, c.Lineage); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(c.Script, "///$tab Main\r\nLIB CONNECT") {
		t.Errorf("script isn't kept byte for byte: %q", c.Script)
	}
	if app.StaticByteSize != 4096 || c.Metadata == nil {
		t.Errorf("data model: size %d, metadata %s", app.StaticByteSize, c.Metadata)
	}
}

func TestConnectionsHaveNoSecrets(t *testing.T) {
	t.Parallel()
	site, err := unbuilt.Site("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range site.DataConnections {
		got = append(got, c.Name+" = "+c.Type)
	}
	if d := cmp.Diff([]string{"Warehouse DB = QvOdbcConnectorPackage.exe", "QVD = folder"}, got); d != "" {
		t.Error(d)
	}
	if c := site.Apps[0].Content().Connections; strings.Contains(fmt.Sprintf("%s", c), "secret") {
		t.Errorf("a password was read: %s", c)
	}
}

func TestASiteOfFolders(t *testing.T) {
	t.Parallel()
	site, err := unbuilt.Site("testdata", filepath.Join("testdata", "verkauf"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	var names []string
	for _, a := range site.Apps {
		names = append(names, a.Name)
		if a.Stream == nil || a.Owner == nil || a.MigrationHash != site.MigrationHash {
			t.Errorf("%s is not published, owned and migrated", a.Name)
		}
		for _, it := range a.Content().Objects {
			if !it.Published || !it.Approved || ids[it.RowID] {
				t.Errorf("%s: object row %s is not a base object with an id of its own", a.Name, it.RowID)
			}
			ids[it.RowID] = true
		}
	}
	if d := cmp.Diff([]string{"Inventory 在庫", "Verkauf Österreich 🏔", "Verkauf Österreich 🏔"}, names); d != "" {
		t.Error(d)
	}
	if site.Apps[1].ID == site.Apps[2].ID {
		t.Error("two folders of the same name have the same app id")
	}
}

func TestErrorsNameFileAndCause(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"cut JSON in two files": {
			fstest.MapFS{"objects/a.json": file(`{"qProperty":`), "measures.json": file(`[{]`)},
			[]string{"objects/a.json: not JSON", "measures.json: not JSON"},
		},
		"a number for a list":       {fstest.MapFS{"dimensions.json": file(`7`)}, []string{"dimensions.json: not a list"}},
		"a list for app properties": {fstest.MapFS{"app-properties.json": file(`[]`)}, []string{"app-properties.json: not an object"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unbuilt.LoadFS(tc.files, "x", "id")
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v doesn't say %q", err, want)
				}
			}
		})
	}
}

func TestOddFilesDontBreakAnApp(t *testing.T) {
	t.Parallel()
	app, err := unbuilt.LoadFS(fstest.MapFS{
		"app-properties.json":  file("\ufeff{\"qTitle\": 5, \"qThumbnail\": \"x\", \"qLastReloadTime\": \"yesterday\"}"),
		"dimensions.json":      file(``),
		"measures.json":        file(`null`),
		"variables.json":       file(`{"a": 3, "b": [4, {"qName": "v"}]}`),
		"objects/sub/x.json":   file(`{`),
		"objects/list.json":    file(`[{"qInfo":{"qId":"a","qType":"x-custom"}}, 9, {"qProperty":{"qInfo":{"qId":"b","qType":"sheet"}}}]`),
		"something-else/y.bin": file("\x00"),
	}, "folder name", "id")
	if err != nil {
		t.Fatal(err)
	}
	c := app.Content()
	if app.Name != "folder name" || len(c.Variables) != 1 || !app.LastReload.IsZero() {
		t.Errorf("name %q, %d variables, reloaded %v", app.Name, len(c.Variables), app.LastReload)
	}
	if d := cmp.Diff([]string{"a x-custom", "b sheet"}, infos(c.Objects)); d != "" {
		t.Error(d)
	}
}

func TestAFolderWithoutAppsIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing")} {
		if _, err := unbuilt.Site(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v doesn't name the folder", path, err)
		}
	}
}

func load(t *testing.T, name string) *qliktest.App {
	t.Helper()
	app, err := unbuilt.Load(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func infos(items []qliktest.Item) []string {
	var all []string
	for _, it := range items {
		id, typ := it.Tree.Info()
		all = append(all, id+" "+typ)
	}
	return all
}

func describe(t *testing.T, v qliktest.Variable) string {
	t.Helper()
	var p struct {
		Name string `json:"qName"`
	}
	if err := json.Unmarshal(v.Properties, &p); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []struct {
		set  bool
		word string
	}{{v.ScriptCreated, " script"}, {v.Reserved, " reserved"}, {v.Config, " config"}} {
		if flag.set {
			p.Name += flag.word
		}
	}
	return p.Name
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// TestRealApps loads the apps in the folder that QLIKCRAWLER_REAL_APPS names and counts what is in
// them against the files.
func TestRealApps(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("QLIKCRAWLER_REAL_APPS")
	if dir == "" {
		t.Skip("QLIKCRAWLER_REAL_APPS names no folder")
	}
	site, err := unbuilt.Site(dir)
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(dir, "*", "app-properties.json"))
	if err != nil || len(folders) != len(site.Apps) {
		t.Fatalf("%d apps of %d folders: %v", len(site.Apps), len(folders), err)
	}
	for i, app := range site.Apps { // both are in the order of the names
		folder := filepath.Dir(folders[i])
		t.Run(filepath.Base(folder), func(t *testing.T) { compareWithFiles(t, folder, app.Content()) })
	}
}

func compareWithFiles(t *testing.T, folder string, c *qliktest.Content) {
	objects, err := filepath.Glob(filepath.Join(folder, "objects", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{
		"objects": len(c.Objects), "dimensions": len(c.Dimensions), "measures": len(c.Measures),
		"lineage": len(c.Lineage), "variables": len(c.Variables),
	}
	want := map[string]int{
		"objects": len(objects), "dimensions": len(decode[[]any](t, folder, "dimensions.json")),
		"measures": len(decode[[]any](t, folder, "measures.json")), "lineage": len(decode[[]any](t, folder, "lineage.json")),
	}
	type item = struct {
		P struct {
			Info struct {
				Type string `json:"qType"`
			} `json:"qInfo"`
		} `json:"qProperties"`
	}
	for _, list := range decode[map[string][]item](t, folder, "variables.json") {
		for _, v := range list {
			if v.P.Info.Type == "variable" {
				want["variables"]++
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for i, path := range objects {
		original := decode[any](t, filepath.Dir(path), filepath.Base(path))
		served, err := json.Marshal(c.Objects[i].Tree)
		if err != nil {
			t.Fatal(err)
		}
		var again any
		if err := json.Unmarshal(served, &again); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(original, again); d != "" {
			t.Errorf("%s is not served as it is: %s", path, d)
		}
	}
}

func decode[T any](t *testing.T, folder, name string) T {
	t.Helper()
	var v T
	b, err := os.ReadFile(filepath.Join(folder, name))
	if os.IsNotExist(err) {
		return v
	}
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}
