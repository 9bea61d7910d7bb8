package crawlbench

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// asMeasured is the latency of the site in all figures: 2 ms a call, 40 ms an open.
func asMeasured() qliktest.Latency {
	return qliktest.Latency{REST: 2 * time.Millisecond, Call: 2 * time.Millisecond, Open: 40 * time.Millisecond}
}

// long tells whether the big sizes are wanted.
func long() bool { return os.Getenv("QLIKCRAWLER_LONG") == "1" }

// numbers are what one figure was in each repetition.
type numbers []float64

func (n numbers) median() float64 {
	s := slices.Sorted(slices.Values(n))
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// spread is how far apart the largest and the smallest are, as a share of the median: how noisy the machine
// was.
func (n numbers) spread() float64 { return (slices.Max(n) - slices.Min(n)) / n.median() }

// BenchmarkCrawlAgainstFloor crawls sites with lineage, and gets the same with the floor client, in turn.
// What is reported is the median over the repetitions; "ratio" is the median of the ratios of pairs, "best"
// the smallest of them. It fails when a crawl opens an app with data or twice, or starts a second session.
func BenchmarkCrawlAgainstFloor(b *testing.B) {
	sizes := []int{20, 200}
	if long() {
		sizes = append(sizes, 2000)
	}
	for _, apps := range sizes {
		b.Run(fmt.Sprintf("apps=%d/workers=4", apps), func(b *testing.B) { againstFloor(b, apps, 4) })
	}
	b.Run("apps=200/workers=16", func(b *testing.B) { againstFloor(b, 200, 16) })
}

func againstFloor(b *testing.B, apps, workers int) {
	site := startSite(b, siteOrder{Apps: apps, Latency: asMeasured()})
	recorded := record(b, site.Info)
	var ratio, crawls, floors, cpu, floorCPU, siteCPU numbers
	stages := map[crawler.Stage]numbers{}
	for b.Loop() {
		db := pgtest.Open(b) // a catalog that knows nothing
		f := runFloor(b, within(b), recorded, site.Info, workers)
		site.report()
		r, err := crawl(within(b), db, crawlOrder{Site: site.Info, Code: fmt.Sprintf("crawl-%d", len(ratio)), Mode: catalog.Full, Workers: workers})
		if err != nil {
			b.Fatal(err)
		}
		if u := r.Tally.Usage; u.Calls != f.Calls || u.Requests != f.Requests || u.Opens != int64(apps) || u.OpensWithData != 0 || u.Sessions != 1 || r.Tally.Lineage.Apps != apps {
			b.Fatalf("the crawl %+v doesn't compare with the floor %+v", r.Tally, f)
		}
		for s, took := range r.Stages {
			stages[s] = append(stages[s], 1000*took.Seconds())
		}
		perApp := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(apps) }
		crawls, floors = append(crawls, r.Wall.Seconds()), append(floors, f.Wall.Seconds())
		ratio = append(ratio, r.Wall.Seconds()/f.Wall.Seconds())
		cpu, floorCPU = append(cpu, perApp(r.CPU)), append(floorCPU, perApp(f.CPU))
		siteCPU = append(siteCPU, perApp(site.report().CPU))
	}
	b.ReportMetric(0, "ns/op") // a pair's time says nothing
	b.ReportMetric(ratio.median(), "ratio")
	b.ReportMetric(slices.Min(ratio), "best")
	for s, took := range stages {
		b.ReportMetric(took.median(), "ms-"+string(s))
	}
	b.ReportMetric(crawls.median(), "s-crawl")
	b.ReportMetric(floors.median(), "s-floor")
	b.ReportMetric(floors.spread(), "noise")
	b.ReportMetric(cpu.median(), "cpu-ms/app")
	b.ReportMetric(floorCPU.median(), "floor-cpu-ms/app")
	b.ReportMetric(siteCPU.median(), "site-cpu-ms/app")
}

// BenchmarkApp reads one app again and again: all that Fetch does, without the catalog. Bytes and
// allocations are those of the crawler's process alone.
func BenchmarkApp(b *testing.B) {
	site := startSite(b, siteOrder{Apps: 1})
	conn, err := newConnection("one", site.Info)
	if err != nil {
		b.Fatal(err)
	}
	src, err := openConnector(b.Context(), conn, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := src.Close(); err != nil {
			b.Error(err)
		}
	}()
	listed, err := connector.Collect(src.Units(within(b)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	before, cpu, rows := src.Usage(), cpuTime(), 0
	for b.Loop() {
		s, err := src.Fetch(b.Context(), listed[0])
		if err != nil || len(s.Gaps) > 0 {
			b.Fatal(err, s.Gaps)
		}
		rows = len(s.Groups) + len(s.Reports) + len(s.Fields) + len(s.Sources) + len(s.Tables) + len(s.Columns)
	}
	after, n := src.Usage(), float64(b.N)
	b.ReportMetric(float64(after.Calls-before.Calls)/n, "calls/app")
	b.ReportMetric(float64(after.Requests-before.Requests)/n, "requests/app")
	b.ReportMetric(float64(after.Opens-before.Opens)/n, "opens/app")
	b.ReportMetric(float64(after.BytesReceived-before.BytesReceived)/n, "B-in/app")
	b.ReportMetric(float64(cpuTime()-cpu)/1e6/n, "cpu-ms/app")
	b.ReportMetric(float64(rows), "rows/app")
}

// roundTrip is how long a round trip takes in BenchmarkRoundTrips: so long that computing is lost in it.
const roundTrip = 200 * time.Millisecond

// BenchmarkRoundTrips reads an app over a network whose round trips are long, and divides. The site itself
// takes no time. What comes out is above the true number by what computing takes, and never below.
func BenchmarkRoundTrips(b *testing.B) {
	site := startSite(b, siteOrder{Apps: 1})
	conn, err := newConnection("far", site.Info)
	if err != nil {
		b.Fatal(err)
	}
	src, err := openConnector(b.Context(), conn, slowly(roundTrip))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := src.Close(); err != nil {
			b.Error(err)
		}
	}()
	listed, err := connector.Collect(src.Units(within(b)))
	if err != nil {
		b.Fatal(err)
	}
	var trips numbers
	for b.Loop() {
		began := time.Now()
		if _, err := src.Fetch(b.Context(), listed[0]); err != nil {
			b.Fatal(err)
		}
		trips = append(trips, float64(time.Since(began))/float64(roundTrip))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(slices.Min(trips), "trips/app")
	b.ReportMetric(slices.Min(trips)-tripsOfTransport, "trips-above-TLS/app")
}

// tripsOfTransport are the round trips that a new connection takes before its first byte of use: one of
// TCP and one of TLS 1.3.
const tripsOfTransport = 2
