package qix_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	q "github.com/qlikcrawler/qlikcrawler/connector/internal/qix/qixtest"
)

// propertyTree is the result of GetFullPropertyTree for a sheet of charts, about size bytes long.
func propertyTree(size int) json.RawMessage {
	chart := fmt.Sprintf(`{"qProperty":{"qInfo":{"qId":"abcdef","qType":"barchart"},"title":"Sales \"by\" region","qHyperCubeDef":{"qDimensions":[{"qLibraryId":"x"}],"qMeasures":[{"qDef":{"qDef":"Sum({<Year={2024}>} Amount)","x":%q}}]}},"qChildren":[]}`,
		strings.Repeat("property ", 400))
	charts := strings.Repeat(chart+",", size/len(chart)) + chart
	return json.RawMessage(`{"qPropEntry":{"qProperty":{"qInfo":{"qId":"s","qType":"sheet"}},"qChildren":[` + charts + `]}}`)
}

// peerOf answers OpenDoc, then every call with result. The bytes are made once: what is measured
// is the client.
func peerOf(b *testing.B, meter *qix.Meter, result json.RawMessage) *qix.Doc {
	b.Helper()
	script := q.Script{q.Greet(), q.ExpectAny("OpenDoc"), q.Reply(q.Doc("an-app")), q.ServeRaw(result)}
	s, err := qix.Dialer{Meter: meter}.Dial(within(b), q.Start(b, script).URL(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeSession(b, s) })
	doc, err := s.OpenDoc(within(b), "an-app", true)
	if err != nil {
		b.Fatal(err)
	}
	return doc
}

// BenchmarkPropertyTree reads a property tree of 1 MB: one call at a time, and decoded or not.
func BenchmarkPropertyTree(b *testing.B) {
	tree := propertyTree(1 << 20)
	b.Run("decoded", func(b *testing.B) {
		doc := peerOf(b, nil, tree)
		b.SetBytes(int64(len(tree)))
		b.ReportAllocs()
		for b.Loop() {
			got, err := doc.GetFullPropertyTree(b.Context()).Get(b.Context())
			if err != nil || len(got.Children) < 200 {
				b.Fatal(len(got.Children), err)
			}
		}
	})
	b.Run("raw", func(b *testing.B) {
		doc := peerOf(b, nil, tree)
		b.SetBytes(int64(len(tree)))
		b.ReportAllocs()
		for b.Loop() {
			got, err := qix.Send[json.RawMessage](b.Context(), doc.Session(), 1, "GetFullPropertyTree").Get(b.Context())
			if err != nil || len(got) != len(tree) {
				b.Fatal(len(got), err)
			}
		}
	})
}

// BenchmarkHugeFrame reads a message of 50 MB. "alloc-B/B" is how many bytes are allocated for each that comes.
func BenchmarkHugeFrame(b *testing.B) {
	tree := propertyTree(50 << 20)
	doc := peerOf(b, nil, tree)
	b.SetBytes(int64(len(tree)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		got, err := qix.Send[json.RawMessage](b.Context(), doc.Session(), 1, "GetFullPropertyTree").Get(b.Context())
		if err != nil || len(got) != len(tree) {
			b.Fatal(len(got), err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/float64(len(tree)), "alloc-B/B")
}

// BenchmarkCalls makes small calls: one after the other, and in a line of 1,000.
func BenchmarkCalls(b *testing.B) {
	result := json.RawMessage(`{"qProp":{"qInfo":{"qId":"abc","qType":"measure"},"qMeasure":{"qDef":"Sum(x)"}}}`)
	b.Run("sequential", func(b *testing.B) {
		doc := peerOf(b, nil, result)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := doc.GetAppProperties(b.Context()).Get(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	})
	b.Run("pipelined", func(b *testing.B) {
		const line = 1000
		meter := &qix.Meter{}
		doc := peerOf(b, meter, result)
		replies := make([]*qix.Reply[json.RawMessage], line)
		b.ReportAllocs()
		for b.Loop() {
			for i := range replies {
				replies[i] = doc.GetAppProperties(b.Context())
			}
			for _, r := range replies {
				if _, err := r.Get(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(line*float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		counts := meter.Counts()
		b.ReportMetric(float64(counts.BytesIn)/float64(counts.Calls), "B-in/call")
		b.ReportMetric(float64(counts.BytesOut)/float64(counts.Calls), "B-out/call")
	})
}
