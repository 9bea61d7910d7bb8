package qliksense

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A folder is what the files of an unbuilt app say, as rows: key without the app's → its columns.
type folder struct {
	title    string
	metadata bool
	rows     map[string]string

	items   map[string]dict // master dimensions and measures, by kind and id
	masters map[string]dict
}

type dict = map[string]any

func readFolder(t *testing.T, dir string) *folder {
	f := &folder{rows: map[string]string{}, items: map[string]dict{}, masters: map[string]dict{}}
	f.title = text(load[dict](t, dir, "app-properties.json")["qTitle"])
	for _, kind := range []string{"dimension", "measure"} {
		for _, item := range load[[]dict](t, dir, kind+"s.json") {
			f.items[kind+" "+text(dig(item, "qInfo", "qId"))] = item
		}
	}
	var sheets [][]byte
	paths, err := filepath.Glob(filepath.Join(dir, "objects", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p := parse(t, raw)
		switch text(dig(p, "qProperty", "qInfo", "qType")) {
		case "sheet":
			sheets = append(sheets, raw)
		case "masterobject":
			p["raw"] = string(raw)
			f.masters[text(dig(p, "qProperty", "qInfo", "qId"))] = p
		}
	}
	f.readItems()
	f.readMasters(t)
	for _, raw := range sheets {
		f.readSheet(t, raw)
	}
	f.readVariables(t, dir)
	f.readModel(t, dir)
	if script, err := os.ReadFile(filepath.Join(dir, "script.qvs")); err == nil && len(script) > 0 {
		f.row("script", f.title, string(script))
	}
	return f
}

func (f *folder) row(key string, parts ...any) {
	if _, twice := f.rows[key]; twice {
		key += " (again)"
	}
	f.rows[key] = fmt.Sprintf("%q", parts)
}

func (f *folder) readItems() {
	for key, item := range f.items {
		id := text(dig(item, "qInfo", "qId"))
		name, about := text(dig(item, "qMetaDef", "title")), text(dig(item, "qMetaDef", "description"))
		if strings.HasPrefix(key, "dimension ") {
			f.row(id, "Dimension", "master", name, "", fields(item["qDim"]), about, "", "")
		} else {
			f.row(id, "Measure", "master", name, text(dig(item, "qMeasure", "qLabel")), text(dig(item, "qMeasure", "qDef")), about, "", "")
		}
	}
}

func fields(def any) string {
	var all []string
	for _, x := range listOf(dig(def, "qFieldDefs")) {
		all = append(all, text(x))
	}
	return strings.Join(all, "\n")
}

func (f *folder) readMasters(t *testing.T) {
	for id, m := range f.masters {
		p := m["qProperty"]
		var dimensions, measures []string
		for _, u := range f.uses(t, []byte(text(m["raw"])), p) {
			if u.formula == "" {
				continue
			}
			if u.kind == "dimension" {
				dimensions = append(dimensions, u.formula)
			} else {
				measures = append(measures, u.formula)
			}
		}
		formula := strings.Join(append(dimensions, measures...), "\n")
		f.row(id, "Master Object", "master", text(dig(p, "qMetaDef", "title")), "", formula, text(dig(p, "qMetaDef", "description")), "", "")
	}
}

func (f *folder) readSheet(t *testing.T, raw []byte) {
	tree := parse(t, raw)
	p := tree["qProperty"]
	id := text(dig(p, "qInfo", "qId"))
	f.row(id, "Sheet", text(dig(p, "qMetaDef", "title")), text(dig(p, "qMetaDef", "description")), "")
	f.readCells(t, raw, tree, id, id)
}

func (f *folder) readCells(t *testing.T, raw []byte, tree dict, sheet, parent string) {
	var parts struct {
		Children []json.RawMessage `json:"qChildren"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		t.Fatal(err)
	}
	for i, c := range listOf(tree["qChildren"]) {
		child := c.(dict)
		p := child["qProperty"]
		key := sheet + "/" + text(dig(p, "qInfo", "qId"))
		source, from := p, parts.Children[i]
		name := expr(dig(p, "title"))
		if m, ok := f.masters[text(dig(p, "qExtendsId"))]; ok {
			source, from = m["qProperty"], []byte(text(m["raw"]))
			name = first(name, expr(dig(source, "title")), text(dig(source, "qMetaDef", "title")))
		}
		typ := first(text(dig(source, "visualization")), text(dig(p, "qInfo", "qType")))
		var about []string
		for _, member := range []string{"subtitle", "footnote"} {
			if s := first(expr(dig(p, member)), expr(dig(source, member))); s != "" {
				about = append(about, s)
			}
		}
		f.row(key, typ, first(name, typ), strings.Join(about, "\n"), parent)
		number := map[string]int{}
		for _, u := range f.uses(t, from, source) {
			kind := map[string]string{"dimension": "Dimension", "measure": "Measure"}[u.kind]
			f.row(fmt.Sprintf("%s/%s/%d", key, u.kind, number[u.kind]), kind, "inline", u.name, u.label, u.formula, "", u.master, key)
			number[u.kind]++
		}
		if text(dig(p, "qExtendsId")) == "" {
			f.readCells(t, from, child, sheet, key)
		}
	}
}

// A use is a dimension or measure in a cube.
type use struct{ kind, name, label, formula, master string }

// uses are those of an object, own cube or list object first, others in the order of the file.
func (f *folder) uses(t *testing.T, raw []byte, properties any) []use {
	var all []use
	take := func(cube any) {
		for _, d := range listOf(dig(cube, "qDimensions")) {
			all = append(all, f.use("dimension", d))
		}
		for _, m := range listOf(dig(cube, "qMeasures")) {
			all = append(all, f.use("measure", m))
		}
	}
	take(dig(properties, "qHyperCubeDef"))
	if l := dig(properties, "qListObjectDef"); l != nil {
		all = append(all, f.use("dimension", l))
	}
	for _, path := range cubePaths(t, raw) {
		if len(path) > 1 && path[0] == "qProperty" && !(len(path) == 2) && !slices.Contains(path, any("qLayoutExclude")) && !slices.Contains(path, any("qUndoExclude")) {
			take(dig(properties, path[1:]...))
		}
	}
	return all
}

func (f *folder) use(kind string, u any) use {
	def := dig(u, "qDef")
	x := use{kind: kind}
	if kind == "dimension" {
		x.label = first(text(dig(def, "qFieldLabels", 0)), text(dig(def, "qLabel")))
		x.formula = fields(def)
	} else {
		x.label, x.formula = text(dig(def, "qLabel")), text(dig(def, "qDef"))
	}
	x.name = first(x.label, expr(dig(def, "qLabelExpression")))
	if id := text(dig(u, "qLibraryId")); id != "" {
		x.formula = ""
		if item, ok := f.items[kind+" "+id]; ok {
			x.master = id
			x.formula = first(fields(item["qDim"]), text(dig(item, "qMeasure", "qDef")))
			x.name = first(x.name, text(dig(item, "qMetaDef", "title")))
		}
	}
	x.name = first(x.name, x.formula)
	return x
}

// cubePaths are where "qHyperCubeDef" stands in a text, in its order.
func cubePaths(t *testing.T, raw []byte) [][]any {
	var paths [][]any
	d := json.NewDecoder(bytes.NewReader(raw))
	var walk func(path []any)
	walk = func(path []any) {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token {
		case json.Delim('{'):
			for d.More() {
				name, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				inner := append(slices.Clone(path), name)
				if name == "qHyperCubeDef" {
					paths = append(paths, inner)
				}
				walk(inner)
			}
			_, _ = d.Token()
		case json.Delim('['):
			for i := 0; d.More(); i++ {
				walk(append(slices.Clone(path), i))
			}
			_, _ = d.Token()
		}
	}
	walk(nil)
	return paths
}

func (f *folder) readVariables(t *testing.T, dir string) {
	raw, err := os.ReadFile(filepath.Join(dir, "variables.json"))
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string][]dict{}
	if json.Unmarshal(raw, &lists) != nil {
		lists[""] = load[[]dict](t, dir, "variables.json")
	}
	for _, l := range lists {
		for _, v := range l {
			p := v
			if inner, ok := v["qProperties"].(dict); ok {
				p = inner
			}
			if text(dig(p, "qInfo", "qType")) != "variable" {
				continue
			}
			origin := "master"
			if v["qIsScriptCreated"] == true {
				origin = "script"
			}
			f.row(text(dig(p, "qInfo", "qId")), "Variable", origin, text(p["qName"]), "", text(p["qDefinition"]), text(p["qComment"]), "", "")
		}
	}
}

func (f *folder) readModel(t *testing.T, dir string) {
	if _, err := os.Stat(filepath.Join(dir, "data-metadata.json")); err != nil {
		return
	}
	f.metadata = true
	m := load[dict](t, dir, "data-metadata.json")
	number := func(v any) int64 { n, _ := v.(float64); return int64(n) }
	for _, x := range listOf(m["tables"]) {
		if dig(x, "is_system") != true {
			f.row("table/"+strings.NewReplacer("%", "%25", "/", "%2F").Replace(text(dig(x, "name"))),
				fmt.Sprint(number(dig(x, "no_of_rows")), number(dig(x, "no_of_fields")), number(dig(x, "no_of_key_fields"))), text(dig(x, "comment")))
		}
	}
	for _, x := range listOf(m["fields"]) {
		if dig(x, "is_system") == true {
			continue
		}
		join := func(v any) string {
			var all []string
			for _, s := range listOf(v) {
				all = append(all, text(s))
			}
			return strings.Join(all, ",")
		}
		f.row("field/"+strings.NewReplacer("%", "%25", "/", "%2F").Replace(text(dig(x, "name"))), join(dig(x, "src_tables")),
			fmt.Sprint(len(listOf(dig(x, "src_tables"))) > 1, dig(x, "is_hidden") == true, number(dig(x, "cardinal"))), join(dig(x, "tags")))
	}
}

func load[T any](t *testing.T, dir, name string) T {
	t.Helper()
	var v T
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(raw)).Decode(&v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func parse(t *testing.T, raw []byte) dict {
	t.Helper()
	var v dict
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// dig follows names and numbers; nil where nothing is.
func dig(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(dict)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func text(v any) string { s, _ := v.(string); return s }

func listOf(v any) []any { l, _ := v.([]any); return l }

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// expr is a text or an expression.
func expr(v any) string { return first(text(v), text(dig(v, "qStringExpression", "qExpr"))) }
