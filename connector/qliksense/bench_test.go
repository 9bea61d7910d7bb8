package qliksense

import (
	"encoding/json"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector"
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
		case typeSheet:
			read.Sheets = append(read.Sheets, objectRead{ID: id, Entry: entry(o.Tree)})
		case typeMaster:
			read.Masters = append(read.Masters, objectRead{ID: id, Entry: entry(o.Tree)})
		}
	}
	for _, o := range content.Measures {
		id, _ := o.Tree.Info()
		read.Measures = append(read.Measures, objectRead{ID: id, Entry: entry(o.Tree.Property)})
	}
	for _, o := range content.Dimensions {
		id, _ := o.Tree.Info()
		read.Dimensions = append(read.Dimensions, objectRead{ID: id, Entry: entry(o.Tree.Property)})
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		mapApp(testOptions(), read)
	}
}

// BenchmarkFetch reads a generated app over real sockets, from login to log-out but for the listing.
func BenchmarkFetch(b *testing.B) {
	server := qliktest.New(b, qliktest.Generate(qliktest.GenerateOptions{Apps: 1}), qliktest.Options{})
	c := openSite(b, server, nil, nil)
	defer c.Close()
	all, err := connector.Collect(c.Units(b.Context()))
	if err != nil {
		b.Fatal(err)
	}
	before := c.Usage()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Fetch(b.Context(), all[0]); err != nil {
			b.Fatal(err)
		}
	}
	used := c.Usage()
	b.ReportMetric(float64(used.BytesReceived-before.BytesReceived)/float64(b.N), "received/op")
	b.ReportMetric(float64(used.Calls-before.Calls)/float64(b.N), "calls/op")
	b.ReportMetric(float64(used.Requests-before.Requests)/float64(b.N), "requests/op")
}
