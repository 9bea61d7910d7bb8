package unbuilt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// masterItems reads dimensions.json or measures.json.
func (r *reader) masterItems(name string) []qliktest.Item {
	var items []qliktest.Item
	for _, raw := range r.list(name) {
		if t, ok := tree(raw); ok {
			items = append(items, qliktest.Item{Tree: t})
		}
	}
	return items
}

// objects reads every JSON file of a folder, in the order of the names.
func (r *reader) objects(dir string, content *qliktest.Content) {
	files, err := fs.ReadDir(r.fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.fail(dir, err)
		return
	}
	for _, f := range files {
		if f.IsDir() || !strings.EqualFold(path.Ext(f.Name()), ".json") {
			continue
		}
		for _, raw := range r.list(path.Join(dir, f.Name())) {
			if t, ok := tree(raw); ok {
				place(content, qliktest.Item{Tree: t})
			}
		}
	}
}

// place puts an item among those of its kind.
func place(content *qliktest.Content, item qliktest.Item) {
	switch _, typ := item.Tree.Info(); typ {
	case "dimension":
		content.Dimensions = append(content.Dimensions, item)
	case "measure":
		content.Measures = append(content.Measures, item)
	case "bookmark":
		content.Bookmarks = append(content.Bookmarks, item)
	default:
		content.Objects = append(content.Objects, item)
	}
}

// tree takes a full property tree, or the properties alone of an object without children. What
// has no id is no object of the Engine.
func tree(raw json.RawMessage) (qliktest.Tree, bool) {
	var t qliktest.Tree
	if json.Unmarshal(raw, &t) != nil {
		return t, false
	}
	if t.Property == nil {
		t = qliktest.Tree{Property: raw}
	}
	id, _ := t.Info()
	return t, id != ""
}

// variables reads both shapes of variables.json: a list, and an object of lists whose names say
// where the app's file keeps them.
func (r *reader) variables(name string) []qliktest.Variable {
	b := r.json(name)
	if b == nil {
		return nil
	}
	if b[0] != '{' {
		return variableList(r.list(name))
	}
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(b, &lists); err != nil {
		r.fail(name, err)
		return nil
	}
	var all []qliktest.Variable
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		var items []json.RawMessage
		if json.Unmarshal(lists[key], &items) == nil {
			all = append(all, variableList(items)...)
		}
	}
	return all
}

// variableList takes each variable's properties, bare or as {qValue, qIsScriptCreated,
// qProperties}; what has no name, such as a derived definition, is no variable.
func variableList(items []json.RawMessage) []qliktest.Variable {
	var list []qliktest.Variable
	for _, raw := range items {
		var v struct {
			Properties    json.RawMessage `json:"qProperties"`
			ScriptCreated bool            `json:"qIsScriptCreated"`
			Reserved      bool            `json:"qIsReserved"`
			Config        bool            `json:"qIsConfig"`
		}
		if json.Unmarshal(raw, &v) != nil {
			continue
		}
		if v.Properties == nil {
			v.Properties = raw
		}
		var p struct {
			Name string `json:"qName"`
		}
		if json.Unmarshal(v.Properties, &p) != nil || p.Name == "" {
			continue
		}
		list = append(list, qliktest.Variable{
			Properties:    v.Properties,
			ScriptCreated: v.ScriptCreated,
			Reserved:      v.Reserved || isReserved(p.Name),
			Config:        v.Config || isConfig(p.Name),
		})
	}
	return list
}

func (r *reader) lineage(name string) []qliktest.LineageItem {
	b := r.json(name)
	if b == nil {
		return nil
	}
	var items []struct { // encoding/json takes the names of Engine and metadata service alike
		qliktest.LineageItem
		Discriminator string `json:"discriminator"`
		Statement     string `json:"statement"`
	}
	if err := json.Unmarshal(b, &items); err != nil {
		r.fail(name, fmt.Errorf("not a list of lineage items: %w", err))
	}
	var list []qliktest.LineageItem
	for _, it := range items {
		if it.LineageItem == (qliktest.LineageItem{}) {
			it.LineageItem = qliktest.LineageItem{Discriminator: it.Discriminator, Statement: it.Statement}
		}
		list = append(list, it.LineageItem)
	}
	return list
}

// connections takes names, types and connection strings from connections.yml, which has one level
// of names and one of members; accounts and passwords are left behind.
func (r *reader) connections(name string) []json.RawMessage {
	type connection struct {
		ID     string `json:"qId"`
		Name   string `json:"qName"`
		String string `json:"qConnectionString"`
		Type   string `json:"qType"`
	}
	var list []connection
	for line := range bytes.Lines(r.read(name)) {
		key, value, ok := strings.Cut(strings.TrimRight(string(line), " \t\r\n"), ":")
		indent := len(key) - len(strings.TrimLeft(key, " "))
		key, value = unquote(key), unquote(value)
		switch {
		case !ok || strings.HasPrefix(key, "#"):
		case indent == 0:
		case indent <= 2:
			list = append(list, connection{Name: key, ID: qliktest.DeriveID("connection", key)})
		case len(list) == 0:
		case strings.EqualFold(key, "type"):
			list[len(list)-1].Type = value
		case strings.EqualFold(key, "connectionstring"):
			list[len(list)-1].String = value
		}
	}
	var out []json.RawMessage
	for _, c := range list {
		b, err := json.Marshal(c)
		if err != nil {
			r.fail(name, err)
			return nil
		}
		out = append(out, b)
	}
	return out
}

func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// finish gives every object its row in the Repository: an id of its own, the app's dates.
func finish(app *qliktest.App, content *qliktest.Content) {
	if app.Created.IsZero() {
		app.Created = time.Date(2024, 1, 15, 8, 0, 0, 0, time.UTC)
	}
	if app.Modified.IsZero() {
		app.Modified = app.Created
	}
	for _, items := range [][]qliktest.Item{content.Dimensions, content.Measures, content.Objects, content.Bookmarks} {
		for i := range items {
			id, typ := items[i].Tree.Info()
			items[i].RowID = qliktest.DeriveID("row", app.ID, typ, id)
			items[i].Created, items[i].Modified = app.Created, app.Modified
			items[i].ContentHash = qliktest.HashTree(items[i].Tree)
		}
	}
	for i := range content.Variables {
		content.Variables[i].Created, content.Variables[i].Modified = app.Created, app.Modified
	}
}
