package unbuilt

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// listed are the apps of a source by key.
func listed(t *testing.T, c connector.Connector) map[catalog.Key]connector.Listed {
	t.Helper()
	all, err := connector.Collect(c.Units(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	out := map[catalog.Key]connector.Listed{}
	for _, l := range all {
		out[l.Unit.Key] = l
	}
	return out
}

func keys(all map[catalog.Key]connector.Listed) []string {
	var out []string
	for k := range all {
		out = append(out, string(k))
	}
	slices.Sort(out)
	return out
}

func TestFoldersAreGroupsAndAppsStandInThem(t *testing.T) {
	t.Parallel()
	root := world(t, "one", "finance/two", "finance/deep/three", ".git/four", "one/inner")
	c := openFolders(t, nil, nil, root)
	groups, err := connector.Collect(c.Groups(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range groups {
		got = append(got, string(g.Key)+" < "+string(g.Parent)+" = "+g.Name)
	}
	want := []string{"q/stream/apps <  = apps", "q/stream/apps%2Ffinance < q/stream/apps = apps/finance", "q/stream/apps%2Ffinance%2Fdeep < q/stream/apps%2Ffinance = apps/finance/deep"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	all := listed(t, c)
	if diff := cmp.Diff([]string{"q/apps%2Ffinance%2Fdeep%2Fthree", "q/apps%2Ffinance%2Ftwo", "q/apps%2Fone"}, keys(all)); diff != "" {
		t.Errorf("apps (-want +got):\n%s", diff)
	}
	l := all["q/apps%2Ffinance%2Ftwo"]
	if diff := cmp.Diff([]catalog.Key{"q/stream/apps", "q/stream/apps%2Ffinance", "q/app/apps%2Ffinance%2Ftwo"}, l.Groups); diff != "" || l.Unit.Name != "two" {
		t.Errorf("%q is in:\n%s", l.Unit.Name, diff)
	}
	snap, err := c.Fetch(t.Context(), l)
	if err != nil || len(snap.Groups) != 1 || snap.Groups[0].Parent != "q/stream/apps%2Ffinance" {
		t.Errorf("the app's own group: %v, %v", snap, err)
	}
}

func TestAFolderMayItselfBeAnApp(t *testing.T) {
	t.Parallel()
	root := world(t, "one")
	for name, want := range map[string]string{"one": "q/one", "stream": "q/stream%2F"} {
		dir := filepath.Join(filepath.Dir(root), name)
		write(t, dir, appFiles(name))
		if diff := cmp.Diff([]string{want}, keys(listed(t, openFolders(t, nil, nil, dir)))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestKeysAndVersionsStayWhenACheckoutMovesOrIsMadeAnew(t *testing.T) {
	t.Parallel()
	root := world(t, "one", "finance/two")
	before := listed(t, openFolders(t, nil, nil, root))
	moved := filepath.Join(t.TempDir(), "elsewhere", "apps")
	if err := os.CopyFS(moved, os.DirFS(root)); err != nil { // with new dates
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(moved, "one", "script.qvs"), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	after := listed(t, openFolders(t, nil, nil, moved))
	if diff := cmp.Diff(keys(before), keys(after)); diff != "" {
		t.Errorf("keys (-before +after):\n%s", diff)
	}
	for k := range maps.Keys(before) {
		if before[k].Version != after[k].Version {
			t.Errorf("%s has another version", k)
		}
	}
}

func TestAnIdInThePropertiesIsTheKeyWhereverTheAppLies(t *testing.T) {
	t.Parallel()
	root := world(t, "one", "two", "three")
	properties := `{"id":"a1b2","qTitle":"One"}`
	write(t, root, map[string]string{"one/app-properties.json": properties, "two/app-properties.json": properties, "three/app-properties.json": `{"id":"x/stream"}`})
	said := &strings.Builder{}
	c := openFolders(t, slog.New(slog.NewTextHandler(said, nil)), nil, root)
	if diff := cmp.Diff([]string{"q/a1b2", "q/apps%2Ftwo", "q/x%2Fstream"}, keys(listed(t, c))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(said.String(), "two apps have the same id") {
		t.Errorf("nothing is said of two apps with one id: %s", said)
	}
	if err := os.RemoveAll(filepath.Join(root, "two")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(root, "one"), filepath.Join(root, "moved")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"q/a1b2", "q/x%2Fstream"}, keys(listed(t, c))); diff != "" {
		t.Errorf("after a move (-want +got):\n%s", diff)
	}
	write(t, root, map[string]string{"moved/app-properties.json": "<<<<<<< HEAD\n" + properties})
	l, ok := listed(t, c)["q/a1b2"]
	if !ok {
		t.Fatal("an edit gone wrong makes another app of it")
	}
	_, err := c.Fetch(t.Context(), l)
	if catalog.CodeOf(err) != catalog.CodeUnreadable || !strings.Contains(err.Error(), "app-properties.json") || catalog.CureOf(err) == "" {
		t.Errorf("properties that are no JSON: %v", err)
	}
}

func TestEveryFileWithRowsChangesTheVersionAndNoOther(t *testing.T) {
	t.Parallel()
	root := world(t, "one", "two")
	c := openFolders(t, nil, nil, root)
	version := func() string { return listed(t, c)["q/apps%2Fone"].Version }
	was := version()
	for _, name := range []string{"app-properties.json", "script.qvs", "dimensions.json", "measures.json", "variables.json", "data-metadata.json", "objects/sheet-s1.json", "objects/new.json"} {
		write(t, root, map[string]string{"one/" + name: `{"x":"` + name + `"}`})
		if now := version(); now == was {
			t.Errorf("%s changes nothing", name)
		} else {
			was = now
		}
	}
	write(t, root, map[string]string{"one/README.md": "x", "one/objects/notes.txt": "x", "two/script.qvs": "x"})
	if version() != was {
		t.Error("a file without rows changes the version")
	}
	if listed(t, openFolders(t, nil, map[string]any{"system_variables": true}, root))["q/apps%2Fone"].Version == was {
		t.Error("an option that changes the rows doesn't change the version")
	}
}

func TestAFolderThatIsGoneRetiresNothing(t *testing.T) {
	t.Parallel()
	root := world(t, "one")
	c := openFolders(t, nil, nil, root, filepath.Join(t.TempDir(), "missing"))
	for _, err := range []error{second(connector.Collect(c.Units(t.Context()))), second(connector.Collect(c.Groups(t.Context())))} {
		if catalog.CodeOf(err) != catalog.CodeUnreachable || !strings.Contains(err.Error(), "missing") || catalog.CureOf(err) == "" {
			t.Errorf("a folder that isn't there: %v", err)
		}
	}
	whole := openFolders(t, nil, nil, root)
	l := listed(t, whole)["q/apps%2Fone"]
	if err := os.Rename(root, root+"-away"); err != nil {
		t.Fatal(err)
	}
	if _, err := whole.Fetch(t.Context(), l); catalog.CodeOf(err) != catalog.CodeUnreachable {
		t.Errorf("an app whose folder went away is taken for one that was deleted: %v", err)
	}
}

func second[A any](_ A, err error) error { return err }

func TestIncludesAndExcludesGoByPathAndTitle(t *testing.T) {
	t.Parallel()
	root := world(t, "one", "finance/two", "finance/three")
	for _, x := range []struct {
		options map[string]any
		want    []string
	}{
		{map[string]any{"include_apps": []string{"apps/finance/*"}}, []string{"q/apps%2Ffinance%2Fthree", "q/apps%2Ffinance%2Ftwo"}},
		{map[string]any{"exclude_apps": []string{"TWO", "one"}}, []string{"q/apps%2Ffinance%2Fthree"}},
	} {
		if diff := cmp.Diff(x.want, keys(listed(t, openFolders(t, nil, x.options, root)))); diff != "" {
			t.Errorf("%v (-want +got):\n%s", x.options, diff)
		}
	}
}

// TestNothingOutsideOfTheFolderIsRead puts links to files, to folders and to a pipe among the apps.
func TestNothingOutsideOfTheFolderIsRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("making links takes a right of its own there")
	}
	root, outside := world(t, "one", "two"), world(t, "secret")
	link := func(to, from string) {
		if err := errors.Join(os.RemoveAll(filepath.Join(root, from)), os.Symlink(to, filepath.Join(root, from))); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(outside, "secret", "script.qvs"), "one/script.qvs")
	link(filepath.Join(outside, "secret"), "linked")
	link("..", "two/loop")
	link("../../one/dimensions.json", "two/objects/dimension-d9.json")
	link("/dev/zero", "two/script.qvs")
	c := openFolders(t, nil, nil, root)
	all := listed(t, c)
	if diff := cmp.Diff([]string{"q/apps%2Fone", "q/apps%2Ftwo"}, keys(all)); diff != "" {
		t.Fatalf("apps (-want +got):\n%s", diff)
	}
	for key, code := range map[catalog.Key]catalog.Code{"q/apps%2Fone": catalog.CodeForbidden, "q/apps%2Ftwo": catalog.CodeForbidden} {
		snap, err := c.Fetch(t.Context(), all[key])
		if err != nil {
			t.Fatal(err)
		}
		if len(snap.Gaps) != 1 || snap.Gaps[0].Part != catalog.PartScript || catalog.CodeOf(snap.Gaps[0].Err) != code || len(snap.Sources) != 0 {
			t.Errorf("%s: gaps %v, scripts %v", key, snap.Gaps, snap.Sources)
		}
	}
}

func TestDataConnectionsTellPlacesAndNoSecrets(t *testing.T) {
	t.Parallel()
	root := world(t, "one", "two")
	write(t, root, map[string]string{"two/connections.yml": "connections:\n  qvd:\n    type: folder\n    connectionstring: /other\n  ERP:\n    type: QvOdbcConnectorPackage.exe\n    connectionstring: 'CUSTOM CONNECT TO \"provider=QvOdbcConnectorPackage.exe;host=erp;password=hunter2;\"'\n"})
	got, err := openFolders(t, nil, nil, root).DataConnections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.DataConnection{
		{ID: "qvd", Name: "QVD", Type: "folder", ConnectString: `\\files\qvd\`},
		{ID: "erp", Name: "ERP", Type: "QvOdbcConnectorPackage.exe", ConnectString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;host=erp"`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
