package crawlbench

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// BenchmarkMemory crawls sites of several sizes, each in a process of its own that does nothing else, and then as a delta of
// nothing. What is said of an app should be the same for all sizes, and the peaks should hardly grow.
func BenchmarkMemory(b *testing.B) {
	sizes := []int{100, 1000}
	if long() {
		sizes = append(sizes, 25_000)
	}
	for _, apps := range sizes {
		b.Run(fmt.Sprintf("apps=%d", apps), func(b *testing.B) { memory(b, apps) })
	}
}

func memory(b *testing.B, apps int) {
	if _, err := peakRSS(); err != nil {
		b.Skip("this system doesn't say how much memory a process had")
	}
	site := startSite(b, siteOrder{Apps: apps, Latency: asMeasured()})
	var heap, rss, siteRSS, cpu, siteCPU, wall, calls, bytes, delta, deltaRSS numbers
	stages := map[crawler.Stage]numbers{}
	for b.Loop() {
		site.report()
		o := crawlOrder{Site: site.Info, Code: "memory", Database: pgtest.URL(b), Mode: catalog.Full, Workers: 4}
		r := crawlElsewhere(b, o)
		seen, n := site.report(), float64(apps)
		if r.Tally.Added != apps || r.Tally.Usage.OpensWithData != 0 {
			b.Fatalf("the crawl of %d apps did %+v", apps, r.Tally)
		}
		heap, rss, siteRSS = append(heap, float64(r.HeapPeak)/1e6), append(rss, float64(r.RSSPeak)/1e6), append(siteRSS, float64(seen.RSSPeak)/1e6)
		cpu, siteCPU = append(cpu, ms(r.CPU)/n), append(siteCPU, ms(seen.CPU)/n)
		wall, calls = append(wall, ms(r.Wall)/n), append(calls, float64(r.Tally.Usage.Calls+r.Tally.Usage.Requests)/n)
		bytes = append(bytes, float64(r.Tally.Usage.BytesReceived)/1e3/n)
		for s, took := range r.Stages {
			stages[s] = append(stages[s], took.Seconds())
		}

		o.Mode = catalog.Delta
		d := crawlElsewhere(b, o)
		if d.Tally.Skipped != apps || d.Tally.Usage.Opens != 0 {
			b.Fatalf("the delta of nothing did %+v", d.Tally)
		}
		delta, deltaRSS = append(delta, 100*d.Wall.Seconds()/r.Wall.Seconds()), append(deltaRSS, float64(d.RSSPeak)/1e6)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(heap.median(), "MB-heap-peak")
	b.ReportMetric(rss.median(), "MB-RSS-peak")
	b.ReportMetric(siteRSS.median(), "site-MB-RSS-peak")
	b.ReportMetric(cpu.median(), "cpu-ms/app")
	b.ReportMetric(siteCPU.median(), "site-cpu-ms/app")
	b.ReportMetric(wall.median(), "ms/app")
	b.ReportMetric(1000/wall.median(), "apps/s")
	b.ReportMetric(calls.median(), "calls+requests/app")
	b.ReportMetric(bytes.median(), "kB-in/app")
	for s, took := range stages {
		b.ReportMetric(took.median(), "s-"+string(s))
	}
	b.ReportMetric(delta.median(), "delta-%of-full")
	b.ReportMetric(deltaRSS.median(), "delta-MB-RSS-peak")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// BenchmarkListing lists a site and reports what stays in memory of each app until the crawl has ended, and what the
// listing cost in all.
func BenchmarkListing(b *testing.B) {
	const apps = 2000
	site := startSite(b, siteOrder{Apps: apps})
	conn, err := newConnection("listed", site.Info)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var perApp, requests, bytes, cpu numbers
	for b.Loop() {
		src, err := openConnector(b.Context(), conn, nil)
		if err != nil {
			b.Fatal(err)
		}
		before, began := liveHeap(), cpuTime()
		groups, err := connector.Collect(src.Groups(within(b)))
		if err != nil {
			b.Fatal(err)
		}
		listed, err := connector.Collect(src.Units(within(b)))
		if err != nil || len(listed) != apps {
			b.Fatal(len(listed), err)
		}
		cpu = append(cpu, ms(cpuTime()-began))
		perApp = append(perApp, float64(liveHeap()-before)/float64(len(listed)))
		requests, bytes = append(requests, float64(src.Usage().Requests)), append(bytes, float64(src.Usage().BytesReceived)/1e3/apps)
		runtime.KeepAlive(groups)
		runtime.KeepAlive(listed)
		if err := src.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(perApp.median(), "B-kept/app")
	b.ReportMetric(requests.median(), "requests")
	b.ReportMetric(bytes.median(), "kB-in/app")
	b.ReportMetric(cpu.median(), "cpu-ms")
}

// liveHeap is what is on the heap and still in use, in bytes.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	return heapBytes()
}
