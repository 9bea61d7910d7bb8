package qixmap

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A goldenApp is testdata/*.json: a small app as it is read, in the words of Qlik.
type goldenApp struct {
	App        AppRow
	People     map[string]Person
	Sheets     []goldenObject
	Masters    []goldenObject
	Dimensions []goldenObject
	Measures   []goldenObject
	Variables  []json.RawMessage
	Script     string
	Metadata   json.RawMessage
	SheetRows  []SheetRow
	Refused    catalog.Code // the Engine refused the app
}

type goldenObject struct {
	ID    string
	Meta  json.RawMessage
	Entry json.RawMessage
	Error catalog.Code
}

func (o goldenObject) read(t *testing.T) Object {
	r := Object{ID: o.ID, Entry: o.Entry}
	if len(o.Meta) > 0 {
		r.Meta = js(t, string(o.Meta))
	}
	if o.Error != "" {
		r.Err = &catalog.Error{Code: o.Error, Op: "read " + o.ID}
	}
	return r
}

func (g goldenApp) read(t *testing.T) *App {
	read := &App{Row: g.App, Parent: g.parent(), People: g.People, Script: g.Script, Metadata: g.Metadata, SheetRows: g.SheetRows, Version: "v"}
	for _, l := range []struct {
		from []goldenObject
		to   *[]Object
	}{{g.Sheets, &read.Sheets}, {g.Masters, &read.Masters}, {g.Dimensions, &read.Dimensions}, {g.Measures, &read.Measures}} {
		for _, o := range l.from {
			*l.to = append(*l.to, o.read(t))
		}
	}
	for _, v := range g.Variables {
		read.Variables = append(read.Variables, js(t, string(v)))
	}
	if g.Refused != "" {
		key := catalog.AppKey("q", g.App.ID)
		read.AddGap(catalog.PartApp, key, &catalog.Error{Code: g.Refused, Op: "open app", Key: key})
	}
	return read
}

// parent is the group that a site puts the app's group in.
func (g goldenApp) parent() catalog.Key {
	if g.App.StreamID == "" {
		return catalog.PersonalKey("q", g.App.Owner.ID)
	}
	return catalog.StreamKey("q", g.App.StreamID)
}

// TestGolden shows what becomes of whole apps: testdata/NAME.json gives testdata/NAME.golden.json.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		ran++
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var app goldenApp
		if err := json.Unmarshal(raw, &app); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		got := goldenText(t, Map(testOptions(), app.read(t)))
		golden := strings.TrimSuffix(file, ".json") + ".golden.json"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", golden, diff)
		}
	}
	if ran == 0 {
		t.Error("no golden file was tested")
	}
}

// goldenText is a snapshot as readable JSON, without members that are empty.
func goldenText(t *testing.T, s *catalog.Snapshot) string {
	type gap struct {
		Part, Key, Code, Error string
	}
	gaps := []gap{}
	for _, g := range s.Gaps {
		gaps = append(gaps, gap{string(g.Part), string(g.Key), string(catalog.CodeOf(g.Err)), g.Err.Error()})
	}
	raw, err := json.Marshal(map[string]any{
		"Unit": s.Unit, "Groups": s.Groups, "Reports": s.Reports, "Fields": s.Fields,
		"Sources": s.Sources, "Tables": s.Tables, "Columns": s.Columns, "Gaps": gaps,
	})
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(pruned(tree)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pruned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = pruned(x); x == nil || x == "" || x == "0001-01-01T00:00:00Z" || x == false && k == "Incomplete" {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
	case []any:
		for i := range v {
			v[i] = pruned(v[i])
		}
	}
	return v
}
