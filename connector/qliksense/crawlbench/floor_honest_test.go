package crawlbench

import (
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

// TestFloorAsksForWhatACrawlAsksFor keeps the yardstick honest: it sends as many requests, calls and
// sockets as a crawl, and gets as many bytes.
func TestFloorAsksForWhatACrawlAsksFor(t *testing.T) {
	site := startSite(t, siteOrder{Apps: 12})
	recorded := record(t, site.Info)
	site.report()
	floor := runFloor(t, within(t), recorded, site.Info, 4)
	fromFloor := site.report()
	r, err := crawl(within(t), pgtest.Open(t), crawlOrder{Site: site.Info, Code: "honest", Mode: catalog.Full, Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	fromCrawl := site.report()
	usage := r.Tally.Usage
	if floor.Requests != usage.Requests || floor.Calls != usage.Calls || floor.Sockets != usage.Sockets || floor.Bytes != usage.BytesReceived {
		t.Errorf("the floor client: %+v; the crawl: %+v", floor, usage)
	}
	if len(recorded.apps) != 12 || usage.Opens != 12 || fromFloor.OpensWithoutData != 12 || fromCrawl.OpensWithoutData != 12 {
		t.Errorf("%d apps recorded, %d opened by the crawl: want 12", len(recorded.apps), usage.Opens)
	}
	for method, n := range fromCrawl.EngineCalls {
		if fromFloor.EngineCalls[method] != n {
			t.Errorf("the floor client called %s %d times, the crawl %d times", method, fromFloor.EngineCalls[method], n)
		}
	}
	for request, n := range fromCrawl.Requests {
		if fromFloor.Requests[request] != n {
			t.Errorf("the floor client sent %s %d times, the crawl %d times", request, fromFloor.Requests[request], n)
		}
	}
	for _, a := range recorded.apps {
		if a.stages() != 4 {
			t.Errorf("app %s: %d stages of Engine calls, want 4 (open, lists, handles, properties)", a.id, a.stages())
		}
	}
}
