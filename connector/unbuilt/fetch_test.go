package unbuilt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt/appfiles"
)

// TestABrokenFileIsAGapAndTheRestIsRead breaks one file after the other of an app.
func TestABrokenFileIsAGapAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	const app = "q/apps%2Fone"
	for file, want := range map[string]string{
		"dimensions.json":              "dimensions " + app,
		"measures.json":                "measures " + app,
		"variables.json":               "variables " + app,
		"script.qvs":                   "script " + app + "/script",
		"data-metadata.json":           "data_model " + app,
		"objects/sheet-s1.json":        "sheet " + app + "/s1",
		"objects/masterobject-o1.json": "master_objects " + app + "/o1",
		"objects/odd.json":             "sheet " + app,
		"objects/story-x.json":         "",
		"lineage.json":                 "",
	} {
		t.Run(strings.ReplaceAll(file, "/", " "), func(t *testing.T) {
			t.Parallel()
			root := world(t, "one", "two")
			write(t, root, map[string]string{"one/" + file: "{\"qProperty\":\n<<<<<<< HEAD\xff"})
			c := openFolders(t, nil, nil, root)
			for key, l := range listed(t, c) {
				snap, err := c.Fetch(t.Context(), l)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, g := range snap.Gaps {
					got = append(got, string(g.Part)+" "+string(g.Key))
					if catalog.CodeOf(g.Err) != catalog.CodeUnreadable || catalog.CureOf(g.Err) == "" || !strings.Contains(g.Err.Error(), filepath.Base(file)) && file != "objects/sheet-s1.json" {
						t.Errorf("gap %v has code %s", g.Err, catalog.CodeOf(g.Err))
					}
				}
				expected := want
				if key != app {
					expected = ""
				}
				if diff := cmp.Diff(expected, strings.Join(got, "; ")); diff != "" {
					t.Errorf("%s: gaps (-want +got):\n%s", key, diff)
				}
				if len(snap.Reports) < 1 || len(snap.Reports) < 3 && !strings.Contains(want, "sheet") {
					t.Errorf("%s has %d reports", key, len(snap.Reports))
				}
			}
		})
	}
}

func TestAFileIsReadUpToABoundOnly(t *testing.T) {
	t.Parallel()
	root := world(t, "one")
	big := filepath.Join(root, "one", "script.qvs")
	if err := os.Truncate(big, appfiles.MaxFile+1); err != nil {
		t.Fatal(err)
	}
	c := openFolders(t, nil, nil, root)
	snap, err := c.Fetch(t.Context(), listed(t, c)["q/apps%2Fone"])
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.Gaps) != 1 || catalog.CodeOf(snap.Gaps[0].Err) != catalog.CodeTooLarge || catalog.CureOf(snap.Gaps[0].Err) == "" {
		t.Errorf("gaps %v", snap.Gaps)
	}
}

func TestTheScriptIsKeptWithoutTheMarkOfItsEncoding(t *testing.T) {
	t.Parallel()
	root := world(t, "one")
	write(t, root, map[string]string{"one/script.qvs": "\ufeffLOAD 1 AS x;\r\n"})
	c := openFolders(t, nil, nil, root)
	snap, err := c.Fetch(t.Context(), listed(t, c)["q/apps%2Fone"])
	if err != nil || len(snap.Sources) != 1 || snap.Sources[0].Code != "LOAD 1 AS x;\r\n" {
		t.Errorf("%v, %v", snap.Sources, err)
	}
}

func TestACheckSaysOfEachFolderWhatIsThere(t *testing.T) {
	t.Parallel()
	root, empty := world(t, "one", "finance/two"), filepath.Join(t.TempDir(), "empty")
	write(t, empty, map[string]string{"README.md": "x", "sub/x.txt": "x"})
	told := func(c connector.Checker) (lines []string) {
		for step := range c.Check(t.Context()) {
			line := step.Name + ": " + string(step.Status)
			if step.Err != nil {
				line += " " + string(catalog.CodeOf(step.Err))
				if catalog.CureOf(step.Err) == "" {
					t.Errorf("%v has no cure", step.Err)
				}
			}
			lines = append(lines, line)
		}
		return lines
	}
	file := filepath.Join(empty, "README.md")
	for _, x := range []struct {
		folders []string
		want    string
	}{
		{[]string{root}, "folder apps: ok, listing: ok, apps: ok"},
		{[]string{root, empty}, "folder apps: ok, folder empty: failed not_found, listing: skipped, apps: skipped"},
		{[]string{filepath.Join(empty, "missing")}, "folder missing: failed unreachable, listing: skipped, apps: skipped"},
		{[]string{file}, "folder README.md: failed invalid, listing: skipped, apps: skipped"},
	} {
		if diff := cmp.Diff(x.want, strings.Join(told(openFolders(t, nil, nil, x.folders...)), ", ")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", x.folders, diff)
		}
	}
	write(t, root, map[string]string{"one/measures.json": "[", "finance/two/app-properties.json": "{"})
	if diff := cmp.Diff("folder apps: ok, listing: ok, apps: failed unreadable", strings.Join(told(openFolders(t, nil, nil, root)), ", ")); diff != "" {
		t.Errorf("with broken files (-want +got):\n%s", diff)
	}
}

func TestEachMistakeIsASentenceAtItsKey(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ url, settings, path, says string }{
		{"", `{}`, "unbuilt.folders", "is missing"},
		{"", `{"unbuilt":{"folders":["/a/apps",""]}}`, "unbuilt.folders[1]", "is no folder"},
		{"", `{"unbuilt":{"folders":["/"]}}`, "unbuilt.folders[0]", "no name of its own"},
		{"", `{"unbuilt":{"folders":["/a/apps","/a/apps/"]}}`, "unbuilt.folders[1]", "twice"},
		{"", `{"unbuilt":{"folders":["/a/apps","/a"]}}`, "unbuilt.folders[1]", "lie in each other"},
		{"", `{"unbuilt":{"folders":["/a/apps","/b/Apps"]}}`, "unbuilt.folders[1]", "tell their apps apart"},
		{"", `{"unbuilt":{"folders":"/a"}}`, "unbuilt.folders", "must be a list"},
		{"", `{"unbuilt":{"folder":["/a"]}}`, "unbuilt.folder", "did you mean folders?"},
		{"https://x", `{"unbuilt":{"folders":["/a"]}}`, "url", "leave the key out"},
		{"", `{"unbuilt":{"folders":["/a"]},"options":{"workers":0}}`, "options.workers", "1 to 64"},
		{"", `{"unbuilt":{"folders":["/a"]},"options":{"quiet_hours":"at night"}}`, "options.quiet_hours", "write it like"},
		{"", `{"unbuilt":{"folders":["/a"]},"authentication":"jwt"}`, "authentication", "no such key"},
	} {
		errs := validate(catalog.Connection{URL: x.url, Settings: []byte(x.settings)})
		if len(errs) != 1 || errs[0].Path != x.path || !strings.Contains(errs[0].Message, x.says) {
			t.Errorf("%s: %v", x.settings, errs)
		}
	}
}
