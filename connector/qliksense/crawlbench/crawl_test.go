package crawlbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// patience bounds every crawl, so that a benchmark ends: that of 25,000 apps on two busy cores is the longest.
const patience = 40 * time.Minute

// newConnection is a connection to a simulated site through its JWT virtual proxy.
func newConnection(code string, site qliktest.Info) (catalog.Connection, error) {
	settings, err := json.Marshal(map[string]any{
		"authentication": "jwt",
		"jwt":            map[string]any{"prefix": site.Prefix},
		"tls":            map[string]any{"ca_file": site.CAFile},
		"options":        map[string]any{"workers": 64}, // the crawler decides how many
	})
	return catalog.Connection{
		Code: code, Name: code, Type: qliksense.Type, URL: site.URL, Settings: settings,
		Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret(site.Token)},
	}, err
}

// openConnector is a connector to a site. dial may be nil.
func openConnector(ctx context.Context, conn catalog.Connection, dial connector.DialFunc) (connector.Connector, error) {
	return qliksense.Source().Open(ctx, connector.Env{
		Connection: conn, Dial: dial,
		Secret: func(_ context.Context, path string) (string, error) { return conn.Secrets[path].Reveal(), nil },
	})
}

// A crawlOrder says what to crawl, and into what.
type crawlOrder struct {
	Site     qliktest.Info
	Code     string // of the connection, which is added for a full crawl
	Database string // its URL
	Mode     catalog.Mode
	Workers  int

	Again     bool  // the connection is there already
	StopAfter int64 // apps; 0: the crawl isn't broken off
}

// A crawlReport is what a crawl took.
type crawlReport struct {
	Tally catalog.Tally
	Wall  time.Duration // from opening the source to the end of the run in the catalog, logged out
	CPU   time.Duration // of this process alone

	Stages map[crawler.Stage]time.Duration // how long each took; Before and After are opening the source and ending the run

	HeapPeak int64 // bytes; of a crawl on order only
	RSSFirst int64 // bytes; the peak before the crawl
	RSSPeak  int64 // bytes; the peak after it
}

// What a crawl does before and after its stages.
const (
	before crawler.Stage = "before"
	after  crawler.Stage = "after"
)

// A stageClock tells how long the stages of a crawl take.
type stageClock struct {
	mu    sync.Mutex
	stage crawler.Stage
	since time.Time
	took  map[crawler.Stage]time.Duration
}

func newStageClock() *stageClock {
	return &stageClock{stage: before, since: time.Now(), took: map[crawler.Stage]time.Duration{}}
}

func (c *stageClock) enter(s crawler.Stage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == c.stage {
		return
	}
	now := time.Now()
	c.took[c.stage] += now.Sub(c.since)
	c.stage, c.since = s, now
}

// crawl is what the command "crawl" does, without its progress bar.
func crawl(ctx context.Context, db *postgres.DB, o crawlOrder) (r crawlReport, err error) {
	conn, err := newConnection(o.Code, o.Site)
	if err != nil {
		return r, err
	}
	if o.Mode == catalog.Full && !o.Again {
		if err := db.AddConnection(ctx, conn); err != nil {
			return r, err
		}
	}
	began, cpu, clock := time.Now(), cpuTime(), newStageClock()
	run := catalog.Run{Connection: o.Code, Mode: o.Mode, Trigger: catalog.ByCLI}
	if run.ID, err = db.StartRun(ctx, run); err != nil {
		return r, err
	}
	src, err := openConnector(ctx, conn, nil)
	if err != nil {
		return r, err
	}
	crawling, stop := context.WithCancel(ctx)
	defer stop()
	var ended atomic.Int64
	c := crawler.Crawler{Store: db, Lineage: &crawler.Lineage{Store: db}, Workers: o.Workers, Observe: func(e crawler.Event) {
		clock.enter(e.Stage)
		if e.Outcome != nil && ended.Add(1) == o.StopAfter {
			stop()
		}
	}}
	tally, err := c.Crawl(crawling, run, src)
	clock.enter(after)
	state := catalog.Done
	if crawling.Err() != nil && ctx.Err() == nil {
		state, err = catalog.Interrupted, nil
	}
	if err = errors.Join(err, src.Close()); err != nil {
		return r, err
	}
	tally.Usage = src.Usage()
	if err := db.FinishRun(ctx, run.ID, state, tally, ""); err != nil {
		return r, err
	}
	clock.enter("")
	r = crawlReport{Tally: tally, Wall: time.Since(began), CPU: cpuTime() - cpu, Stages: clock.took}
	if tally.Failed+tally.Partial > 0 || tally.Listed == 0 {
		err = fmt.Errorf("the crawl isn't whole: %+v", tally)
	}
	return r, err
}

// crawlOnOrder crawls in a process that does nothing else.
func crawlOnOrder(out io.Writer) error {
	var o crawlOrder
	if err := order(&o); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	first, err := peakRSS()
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, postgres.Config{URL: o.Database, MasterKey: masterKey()})
	if err != nil {
		return err
	}
	defer db.Close()
	heap := watchHeap()
	r, err := crawl(ctx, db, o)
	r.HeapPeak, r.RSSFirst = heap.end(), first
	if err != nil {
		return err
	}
	if r.RSSPeak, err = peakRSS(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

func masterKey() []byte { return []byte("0123456789abcdef0123456789abcdef") }

// crawlElsewhere crawls in a process of its own.
func crawlElsewhere(tb testing.TB, o crawlOrder) crawlReport {
	tb.Helper()
	raw, err := inRole(tb, roleCrawl, o).Output()
	if err != nil {
		tb.Fatalf("crawl in another process: %v", err)
	}
	var r crawlReport
	if err := json.Unmarshal(raw, &r); err != nil {
		tb.Fatal(err)
	}
	return r
}

func within(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}
