package crawlbench

import (
	"runtime"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// BenchmarkWhereTimeGoes takes an app through all that a crawl does with it, one step after the other: it is read
// and mapped, stored, and its lineage made and stored. It tells how long each took, how much of the reading was
// waiting for Qlik, how many bytes were allocated for each that came, and the peak of the heap. With -cpuprofile
// and -memprofile it shows where the processor's time and the memory go.
func BenchmarkWhereTimeGoes(b *testing.B) {
	for _, app := range []struct {
		name string
		siteOrder
	}{
		{"typical", siteOrder{}},
		{"objects=5000", siteOrder{Sheets: 50, Charts: 100}},
		{"script=3MB", siteOrder{ScriptLines: 60_000}},
		{"script=10MB", siteOrder{ScriptLines: 200_000}},
	} {
		b.Run(app.name, func(b *testing.B) { whereTimeGoes(b, app.siteOrder) })
	}
}

func whereTimeGoes(b *testing.B, o siteOrder) {
	o.Apps, o.Latency = 1, asMeasured()
	site, db := startSite(b, o), pgtest.Open(b)
	conn, err := newConnection("one", site.Info)
	if err != nil {
		b.Fatal(err)
	}
	src, err := openConnector(b.Context(), conn, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	listed, err := connector.Collect(src.Units(within(b)))
	if err != nil {
		b.Fatal(err)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	var read, waited, saved, explained, alloc, payload, peak, rows, script numbers
	for b.Loop() {
		db := db
		if len(read) > 0 {
			db = pgtest.Open(b) // a catalog that knows nothing
		}
		if err := db.AddConnection(within(b), conn); err != nil {
			b.Fatal(err)
		}
		run := catalog.Run{Connection: "one", Mode: catalog.Full, Trigger: catalog.ByCLI}
		if run.ID, err = db.StartRun(within(b), run); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		var before, after runtime.MemStats
		usage, heap := src.Usage(), watchHeap()
		runtime.ReadMemStats(&before)
		began := time.Now()
		s, err := src.Fetch(within(b), listed[0])
		if err != nil || len(s.Gaps) > 0 {
			b.Fatal(err, s)
		}
		read = append(read, ms(time.Since(began)))
		runtime.ReadMemStats(&after)
		used := src.Usage().Minus(usage)
		waited, payload = append(waited, float64(used.EngineMillis)), append(payload, float64(used.BytesReceived)/1e6)
		alloc = append(alloc, float64(after.TotalAlloc-before.TotalAlloc)/float64(used.BytesReceived))
		rows = append(rows, float64(len(s.Reports)+len(s.Fields)+len(s.Tables)+len(s.Columns)+len(s.Groups)+len(s.Sources)))
		script = append(script, float64(len(s.Sources[0].Code))/1e6)

		began = time.Now()
		if _, err := db.Save(within(b), run.ID, s, began); err != nil {
			b.Fatal(err)
		}
		saved = append(saved, ms(time.Since(began)))
		s = nil
		began = time.Now()
		lineage := crawler.Lineage{Store: db}
		if tally, err := lineage.Build(within(b), run.ID, "one", false); err != nil || tally.Apps != 1 {
			b.Fatal(tally, err)
		}
		explained = append(explained, ms(time.Since(began)))
		peak = append(peak, float64(heap.end())/1e6)
		if err := db.FinishRun(within(b), run.ID, catalog.Done, catalog.Tally{}, ""); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	for unit, n := range map[string]numbers{
		"ms-reading": read, "ms-Engine": waited, "ms-saving": saved, "ms-lineage": explained, "alloc-B/B": alloc,
		"MB-payload": payload, "MB-heap-peak": peak, "rows": rows, "MB-script": script,
	} {
		b.ReportMetric(n.median(), unit)
	}
}
