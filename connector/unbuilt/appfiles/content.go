package appfiles

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
)

// items reads a list of objects.
func (r *reader) items(name string) []Object {
	var all []Object
	for _, raw := range r.list(name) {
		if o, ok := object(raw); ok {
			all = append(all, o)
		}
	}
	return all
}

// ObjectFiles are the files of a folder that hold objects, in the order of their names. No such folder holds
// none.
func ObjectFiles(fsys fs.FS, dir string) ([]string, error) {
	files, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		if !f.IsDir() && strings.EqualFold(path.Ext(f.Name()), ".json") {
			names = append(names, path.Join(dir, f.Name()))
		}
	}
	if len(names) > MaxObjects {
		return names[:MaxObjects], fmt.Errorf("%w: it has %d files, the most is %d", ErrTooLarge, len(names), MaxObjects)
	}
	return names, nil
}

// objects reads every JSON file of a folder.
func (r *reader) objects(dir string) {
	names, err := ObjectFiles(r.fsys, dir)
	if err != nil {
		r.fail(dir, err)
	}
	for _, name := range names {
		for _, o := range r.items(name) {
			r.place(o)
		}
	}
}

// place puts an object among those of its kind.
func (r *reader) place(o Object) {
	a := r.app
	switch o.Type {
	case "dimension":
		a.Dimensions = append(a.Dimensions, o)
	case "measure":
		a.Measures = append(a.Measures, o)
	case "bookmark":
		a.Bookmarks = append(a.Bookmarks, o)
	default:
		a.Objects = append(a.Objects, o)
	}
}

// object takes a full property tree, or the properties alone of an object without children. What has no id is
// no object of the Engine.
func object(raw json.RawMessage) (Object, bool) {
	var tree struct {
		Property json.RawMessage `json:"qProperty"`
	}
	if json.Unmarshal(raw, &tree) != nil {
		return Object{}, false
	}
	o := Object{Properties: tree.Property, Tree: raw}
	if tree.Property == nil {
		o.Properties = raw
		o.Tree = slices.Concat([]byte(`{"qProperty":`), raw, []byte(`}`))
	}
	var p struct {
		Info struct {
			ID   string `json:"qId"`
			Type string `json:"qType"`
		} `json:"qInfo"`
	}
	if json.Unmarshal(o.Properties, &p) != nil {
		return Object{}, false
	}
	o.ID, o.Type = p.Info.ID, p.Info.Type
	return o, o.ID != ""
}

// variables reads both shapes of variables.json: a list, and an object of lists whose names say where the app's
// file keeps them.
func (r *reader) variables(name string) []Variable {
	b := r.json(name)
	if b == nil || string(b) == "null" {
		return nil
	}
	if b[0] != '{' {
		var items []json.RawMessage
		if err := json.Unmarshal(b, &items); err != nil {
			r.fail(name, fmt.Errorf("not a list: %w", err))
		}
		return variableList(items)
	}
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(b, &lists); err != nil {
		r.fail(name, err)
		return nil
	}
	var all []Variable
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		var items []json.RawMessage
		if json.Unmarshal(lists[key], &items) == nil {
			all = append(all, variableList(items)...)
		}
	}
	return all
}

// variableList takes each variable's properties, bare or as {qValue, qIsScriptCreated, qProperties}; what has
// no name, such as a derived definition, is no variable.
func variableList(items []json.RawMessage) []Variable {
	var list []Variable
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
		list = append(list, Variable{
			Name: p.Name, Properties: v.Properties, ScriptCreated: v.ScriptCreated,
			Reserved: v.Reserved || isReserved(p.Name), Config: v.Config || isConfig(p.Name),
		})
	}
	return list
}

func (r *reader) lineage(name string) []LineageItem {
	b := r.json(name)
	if b == nil {
		return nil
	}
	var items []struct {
		Discriminator       string `json:"discriminator"` // of the metadata service
		Statement           string `json:"statement"`
		EngineDiscriminator string `json:"qDiscriminator"`
		EngineStatement     string `json:"qStatement"`
	}
	if err := json.Unmarshal(b, &items); err != nil {
		r.fail(name, fmt.Errorf("not a list of lineage items: %w", err))
	}
	var list []LineageItem
	for _, it := range items {
		item := LineageItem{it.EngineDiscriminator, it.EngineStatement}
		if item == (LineageItem{}) {
			item = LineageItem{it.Discriminator, it.Statement}
		}
		list = append(list, item)
	}
	return list
}

// connections takes names, types and connection strings from connections.yml, which has one level of names and
// one of members; accounts and passwords are left behind.
func (r *reader) connections(name string) []Connection {
	var list []Connection
	for line := range bytes.Lines(r.read(name)) {
		key, value, ok := strings.Cut(strings.TrimRight(string(line), " \t\r\n"), ":")
		indent := len(key) - len(strings.TrimLeft(key, " "))
		key, value = unquote(key), unquote(value)
		switch {
		case !ok || strings.HasPrefix(key, "#"):
		case indent == 0:
		case indent <= 2:
			list = append(list, Connection{Name: key})
		case len(list) == 0:
		case strings.EqualFold(key, "type"):
			list[len(list)-1].Type = value
		case strings.EqualFold(key, "connectionstring"):
			list[len(list)-1].String = value
		}
	}
	return list
}

func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
