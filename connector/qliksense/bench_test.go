package qliksense

import (
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

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
