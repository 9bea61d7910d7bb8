package crawlbench

import (
	"fmt"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

// BenchmarkDelta crawls a site once, and then again and again as a delta that finds nothing new, or that 1 % of the
// apps have changed.
func BenchmarkDelta(b *testing.B) {
	sizes := []int{1000}
	if long() {
		sizes = append(sizes, 10_000)
	}
	for _, apps := range sizes {
		b.Run(fmt.Sprintf("apps=%d", apps), func(b *testing.B) {
			site := startSite(b, siteOrder{Apps: apps, Latency: asMeasured()})
			db := pgtest.Open(b)
			full, err := crawl(within(b), db, crawlOrder{Site: site.Info, Code: "delta", Mode: catalog.Full, Workers: 4})
			if err != nil {
				b.Fatal(err)
			}
			for _, changed := range []int{0, apps / 100} {
				b.Run(fmt.Sprintf("changed=%d", changed), func(b *testing.B) { delta(b, site, db, full, apps, changed) })
			}
		})
	}
}

func delta(b *testing.B, site *remoteSite, db *postgres.DB, full crawlReport, apps, changed int) {
	o := crawlOrder{Site: site.Info, Code: "delta", Mode: catalog.Delta, Workers: 4}
	var walls, requests, bytes, allocs, cpu, siteCPU numbers
	for b.Loop() {
		site.touch(changed)
		site.report()
		before := allocated()
		r, err := crawl(within(b), db, o)
		if err != nil {
			b.Fatal(err)
		}
		if u := r.Tally.Usage; int(u.Opens) != changed || r.Tally.Skipped != apps-changed {
			b.Fatalf("%d of %d apps have changed; the delta did %+v", changed, apps, r.Tally)
		}
		walls, requests = append(walls, r.Wall.Seconds()), append(requests, float64(r.Tally.Usage.Requests))
		bytes, allocs = append(bytes, float64(r.Tally.Usage.BytesReceived)/1e6), append(allocs, float64(allocated()-before)/1e6)
		cpu, siteCPU = append(cpu, r.CPU.Seconds()), append(siteCPU, site.report().CPU.Seconds())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(full.Wall.Seconds(), "s-full")
	b.ReportMetric(walls.median(), "s-delta")
	b.ReportMetric(100*walls.median()/full.Wall.Seconds(), "%of-full")
	b.ReportMetric(cpu.median(), "cpu-s-delta")
	b.ReportMetric(siteCPU.median(), "site-cpu-s-delta")
	b.ReportMetric(requests.median(), "requests")
	b.ReportMetric(float64(full.Tally.Usage.Requests), "requests-full")
	b.ReportMetric(float64(full.Tally.Usage.Calls), "calls-full")
	b.ReportMetric(bytes.median(), "MB-in")
	b.ReportMetric(float64(full.Tally.Usage.BytesReceived)/1e6, "MB-in-full")
	b.ReportMetric(allocs.median(), "MB-allocated")
	b.ReportMetric(float64(changed), "opens")
}

// BenchmarkResume compares a full crawl that is broken off half-way and crawled again with one that is left alone.
// Both halves together open each app once; what the break costs is the second listing, and the apps under way.
func BenchmarkResume(b *testing.B) {
	const apps = 200
	var ratios, twice numbers
	for b.Loop() {
		site := startSite(b, siteOrder{Apps: apps, Latency: asMeasured()})
		db := pgtest.Open(b)
		o := crawlOrder{Site: site.Info, Code: "alone", Mode: catalog.Full, Workers: 4}
		alone, err := crawl(within(b), db, o)
		if err != nil {
			b.Fatal(err)
		}
		o.Code = "broken"
		o.StopAfter = apps / 2
		first, err := crawl(within(b), db, o)
		if err != nil {
			b.Fatal(err)
		}
		o.StopAfter, o.Again = 0, true
		second, err := crawl(within(b), db, o)
		if err != nil {
			b.Fatal(err)
		}
		ratios = append(ratios, (first.Wall+second.Wall).Seconds()/alone.Wall.Seconds())
		twice = append(twice, float64(first.Tally.Usage.Opens+second.Tally.Usage.Opens-apps))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratios.median(), "broken/alone")
	b.ReportMetric(twice.median(), "opened-twice")
}
