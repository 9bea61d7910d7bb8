package qixmap

import (
	"encoding/json"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// BenchmarkMapping maps a generated app, without any network.
func BenchmarkMapping(b *testing.B) {
	site := qliktest.Generate(qliktest.GenerateOptions{Apps: 3, Dimensions: 50, Measures: 50, Sheets: 10, ChartsPerSheet: 10})
	content := site.Apps[2].Content()
	read := testApp()
	size := 0
	entry := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		size += len(raw)
		return raw
	}
	for _, o := range content.Objects {
		switch id, typ := o.Tree.Info(); typ {
		case "sheet":
			read.Sheets = append(read.Sheets, Object{ID: id, Entry: entry(o.Tree)})
		case "masterobject":
			read.Masters = append(read.Masters, Object{ID: id, Entry: entry(o.Tree)})
		}
	}
	for _, o := range content.Measures {
		id, _ := o.Tree.Info()
		read.Measures = append(read.Measures, Object{ID: id, Entry: entry(o.Tree.Property)})
	}
	for _, o := range content.Dimensions {
		id, _ := o.Tree.Info()
		read.Dimensions = append(read.Dimensions, Object{ID: id, Entry: entry(o.Tree.Property)})
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		Map(testOptions(), read)
	}
}
