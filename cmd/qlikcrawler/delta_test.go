package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// TestADeltaOfNothingOnAThousandAppsIsCheap: no app is opened, no row of the catalog is written, and the site
// is asked at most 5 + rows/500 times, where rows are the apps, app objects and streams that it lists. That
// counts each HTTP request: the login, the listings with their counts, the owners' addresses and the logout.
func TestADeltaOfNothingOnAThousandAppsIsCheap(t *testing.T) {
	if testing.Short() {
		t.Skip("crawls a thousand apps")
	}
	t.Parallel()
	const apps = 1000
	site := qliktest.Generate(qliktest.GenerateOptions{
		Apps: apps, Dimensions: 1, Measures: 1, MasterObjects: -1, Sheets: 1, ChartsPerSheet: 1, Variables: -1, ScriptLines: -1,
	})
	srv := qliktest.New(t, site, qliktest.Options{})
	p := newProgram(t)
	if c := p.crawl(exitDone, fileFor(t, srv, "q"), "-f", "-"); c.Tally.Added != apps {
		t.Fatalf("the full crawl: %+v", c.Tally)
	}
	before := rowVersions(t, p)
	srv.ResetCounters()
	delta := p.crawl(exitDone, "", "q")
	if delta.Tally.Unchanged != apps || delta.Tally.Planned != 0 {
		t.Errorf("tally %+v", delta.Tally)
	}
	if diff := cmp.Diff(before, rowVersions(t, p)); diff != "" {
		t.Errorf("rows were written (-before +after):\n%s", diff)
	}
	c := srv.Counters()
	if c.OpensWithoutData+c.OpensWithData+c.Sockets.Total+c.EngineCallTotal() != 0 {
		t.Errorf("the Engine was asked: %+v", c)
	}
	rows := len(site.Apps) + len(site.Streams)
	srv.Edit(func(s *qliktest.Site) {
		for _, a := range s.Apps {
			rows += objectRows(a.Content())
		}
	})
	budget := 5 + rows/500
	if got := c.RequestTotal(); got > budget {
		t.Errorf("%d requests for %d rows, want at most %d: %v", got, rows, budget, c.Requests)
	}
	if want := int64(c.RequestTotal()); delta.Tally.Usage.Requests != want {
		t.Errorf("the crawl says that it made %d requests, the site counted %d", delta.Tally.Usage.Requests, want)
	}
	t.Logf("%d requests for %d rows (budget %d): %v", c.RequestTotal(), rows, budget, c.Requests)
}

// objectRows is how many app objects the Repository lists of an app, or a few less.
func objectRows(c *qliktest.Content) int { return len(c.Objects) + len(c.Dimensions) + len(c.Measures) }

// rowVersions tells of each table of the catalog which versions of which rows it holds: a row that was only
// touched has another xmin. Runs and the connection's own row are left out: they say that a crawl was.
func rowVersions(t *testing.T, p *program) []string {
	t.Helper()
	db := connect(t, p.env["QLIKCRAWLER_DATABASE_URL"])
	var all []string
	for _, table := range texts(t, db, `select table_name from information_schema.tables
		where table_schema = 'qlikcrawler' and table_type = 'BASE TABLE' and table_name not in ('crawl_run', 'connection', 'run_log', 'run_log_size')`) {
		sums := texts(t, db, fmt.Sprintf(`select count(*) || ' ' || coalesce(md5(string_agg(ctid::text || xmin::text, ' ' order by ctid)), '')
			from qlikcrawler.%s`, table))
		all = append(all, table+" "+strings.Join(sums, ""))
	}
	slices.Sort(all)
	return all
}
