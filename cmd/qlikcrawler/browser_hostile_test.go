package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// hostile is a name that breaks pages which aren't careful: markup, quotes, what addresses are made of, a text from
// right to left with the characters that turn others around, people of several code points, and one long word.
var hostile = `<script>alert("x")</script><img src=x onerror=alert(1)> "'&amp;%2F/?a=b#c {{.}} ` +
	"\u202eעברית عربى\u202c \u2066🧗🏽‍♀️🏔️ " + strings.Repeat("Wörter", 50)

// hostileApp is where names are hostile that elsewhere have a meaning: of tabs, tables, fields and files of a script.
const hostileApp = "7b1f6c52-3d2e-4a34-9a0c-5d5f0c0b9e11"

// hostileSite is the demo site, called names.
func hostileSite() *qliktest.Site {
	s := demo.Site()
	for _, tag := range s.Tags {
		tag.Name += " " + hostile
	}
	for _, p := range s.CustomPropertyDefinitions {
		p.Name += " " + hostile
	}
	for _, stream := range s.Streams {
		stream.Name = hostile + " " + stream.Name
	}
	for _, u := range s.Users[1:] {
		u.DisplayName = hostile + " " + u.DisplayName
	}
	for _, a := range s.Apps {
		a.Name, a.Description = hostile+" "+a.Name, hostile
		inside := a.Content()
		for _, list := range [][]qliktest.Item{inside.Dimensions, inside.Measures, inside.Objects} {
			for i := range list {
				callNames(&list[i].Tree)
			}
		}
	}
	s.Apps = append(s.Apps, hostileScript(s))
	return s
}

// callNames puts hostile names where a thing of an app has its titles.
func callNames(t *qliktest.Tree) {
	var p any
	if json.Unmarshal(t.Property, &p) != nil {
		return
	}
	rename(p)
	if b, err := json.Marshal(p); err == nil {
		t.Property = b
	}
	for i := range t.Children {
		callNames(&t.Children[i])
	}
}

func rename(v any) {
	switch x := v.(type) {
	case map[string]any:
		for name, value := range x {
			text, is := value.(string)
			switch {
			case is && text != "" && strings.Contains(" title subtitle footnote description qLabel ", " "+name+" "):
				x[name] = hostile + " " + text
			case !is:
				rename(value)
			}
		}
	case []any:
		for _, e := range x {
			rename(e)
		}
	}
}

// hostileScript is an app that reads a hostile file into a hostile table with a hostile field, and shows it.
func hostileScript(s *qliktest.Site) *qliktest.App {
	field, at := hostile, time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)
	a := &qliktest.App{
		ID: hostileApp, Name: hostile, Owner: s.Users[0], Stream: s.Streams[0], Created: at, Modified: at, ModifiedBy: s.Users[0],
		PublishTime: at, LastReload: at, SavedInProductVersion: s.EngineVersion, MigrationHash: s.MigrationHash,
	}
	script := fmt.Sprintf("///$tab %[1]s\r\n// %[1]s\r\n[T %[1]s]:\r\nLOAD [%[1]s], '%[2]s' as Text FROM [lib://QVD/%[2]s.qvd] (qvd);\r\n$(Must_Include=lib://QVD/%[2]s.qvs);\r\n",
		hostile, strings.ReplaceAll(hostile, "'", "''"))
	property := func(v map[string]any) qliktest.Tree {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return qliktest.Tree{Property: b}
	}
	metadata, err := json.Marshal(map[string]any{
		"fields": []any{map[string]any{"name": field, "src_tables": []string{"T " + hostile}, "cardinal": 7, "tags": []string{hostile}}},
		"tables": []any{map[string]any{"name": "T " + hostile, "no_of_rows": 12345678, "no_of_fields": 1, "comment": hostile}},
	})
	if err != nil {
		panic(err)
	}
	chart := property(map[string]any{
		"qInfo": map[string]any{"qId": "chart1", "qType": "barchart"}, "title": hostile, "subtitle": hostile, "visualization": "barchart",
		"qHyperCubeDef": map[string]any{
			"qDimensions": []any{map[string]any{"qDef": map[string]any{"qFieldDefs": []string{"[" + field + "]"}, "qFieldLabels": []string{hostile}}}},
			"qMeasures":   []any{map[string]any{"qDef": map[string]any{"qDef": "Count([" + field + "])", "qLabel": hostile}}},
		},
	})
	sheet := property(map[string]any{
		"qInfo": map[string]any{"qId": "sheet1", "qType": "sheet"}, "qMetaDef": map[string]any{"title": hostile, "description": hostile}, "columns": 24, "rows": 12,
		"cells": []any{map[string]any{"name": "chart1", "type": "barchart", "col": 0, "row": 0, "colspan": 12, "rowspan": 6}},
	})
	sheet.Children = []qliktest.Tree{chart}
	a.Load = func() *qliktest.Content {
		return &qliktest.Content{
			Script: script, Metadata: metadata, ScriptModified: at,
			Properties: json.RawMessage(`{"qTitle":"hostile"}`),
			Objects:    []qliktest.Item{{Tree: sheet, RowID: qliktest.DeriveID(hostileApp, "sheet1"), Published: true, Approved: true, Created: at, Modified: at}},
		}
	}
	return a
}
