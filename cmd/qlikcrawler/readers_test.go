package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// readPaths are what readers ask for: pages as a browser gets them, and calls of programs.
var readPaths = []string{
	"/", "/crawls", "/catalog", "/search?q=sales", "/connections/qlik", "/api/v1/reports?filter=kind:eq:app&sort=name&limit=50",
	"/api/v1/search?q=sales&facets=true", "/api/v1/report-fields?filter=type:eq:Measure&sort=name", "/api/v1/crawls", "/api/v1/stats",
	"/api/v1/connections/qlik", "/api/v1/changes?limit=20",
}

// readers are people and programs who read all the time.
type readers struct {
	stop func()
	done sync.WaitGroup

	mu     sync.Mutex
	took   []time.Duration
	errors []string
}

// startReaders lets n readers ask for one thing after another, with a pause after each as people make, until
// stop.
func startReaders(ctx context.Context, s *server, n int, pause time.Duration) *readers {
	ctx, cancel := context.WithCancel(ctx)
	r := &readers{}
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: n},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // to the login, say
	}
	r.stop = func() {
		cancel()
		r.done.Wait()
		client.CloseIdleConnections()
	}
	for i := range n {
		r.done.Go(func() {
			for k := i; ctx.Err() == nil; k++ {
				r.read(ctx, client, s, readPaths[k%len(readPaths)])
				select {
				case <-ctx.Done():
				case <-time.After(pause):
				}
			}
		})
	}
	return r
}

func (r *readers) read(ctx context.Context, client *http.Client, s *server, path string) {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		panic(err) // a path above is wrong
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := client.Do(req)
	wrong := ""
	if err == nil {
		var body []byte
		body, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			wrong = fmt.Sprintf("%s: %s %.200s", path, res.Status, bytes.TrimSpace(body))
		}
	}
	if ctx.Err() != nil {
		return // it was told to stop
	}
	if err != nil {
		wrong = path + ": " + err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = append(r.took, time.Since(began))
	if wrong != "" {
		r.errors = append(r.errors, wrong)
	}
}

// p95 is what 95 of 100 answers took at most.
func (r *readers) p95() time.Duration {
	slices.Sort(r.took)
	return r.took[len(r.took)*95/100]
}

func TestReadersDuringACrawlGetNoErrors(t *testing.T) {
	t.Parallel()
	const apps = 40
	srv := qliktest.New(t, smallSite(apps), qliktest.Options{})
	p := newProgram(t)
	p.must(exitDone, fileFor(t, srv, "qlik"), "connection", "add", "-f", "-")
	s := p.serve("--rate-limit", "-1")
	r := startReaders(t.Context(), s, 20, 10*time.Millisecond)
	done := p.must(exitDone, "", "crawl", "qlik", "--server", s.url, "--token", s.token)
	r.stop()
	if !strings.Contains(done.stdout, fmt.Sprintf("%d added", apps)) {
		t.Errorf("the crawl said:\n%s", done.stdout)
	}
	if len(r.took) < 20 || len(r.errors) > 0 {
		t.Errorf("%d of %d answers were errors: %v", len(r.errors), len(r.took), r.errors[:min(len(r.errors), 3)])
	}
}

// BenchmarkReadersDuringACrawl crawls 80 apps that take 400 ms each to open, 4 at a time, without readers and
// with 200 who ask for something each second: what they cost the crawl, and whether they are answered.
func BenchmarkReadersDuringACrawl(b *testing.B) {
	srv := slowSite(b, 80, 400*time.Millisecond)
	seconds := func(n int) (took float64, r *readers) {
		p := newProgram(b)
		p.must(exitDone, fileFor(b, srv, "qlik"), "connection", "add", "-f", "-")
		s := p.serve("--rate-limit", "-1")
		defer s.stop()
		r = startReaders(b.Context(), s, n, time.Second)
		p.must(exitDone, "", "crawl", "qlik", "--server", s.url, "--token", s.token)
		r.stop()
		conn := connect(b, p.database())
		if number(b, conn, "select count(*) from catalog.crawl_outcome where change = $1", catalog.Added) != 80 {
			b.Error("the crawl was harmed: not all apps were read")
		}
		if err := conn.QueryRow(b.Context(), "select extract(epoch from finished_at - started_at) from catalog.crawl_run").Scan(&took); err != nil {
			b.Fatal(err)
		}
		return took, r
	}
	for b.Loop() {
		alone, _ := seconds(0)
		with, r := seconds(200)
		b.ReportMetric(with/alone, "crawl-ratio")
		b.ReportMetric(float64(len(r.took))/with, "answers/s")
		b.ReportMetric(float64(r.p95().Milliseconds()), "p95-ms")
		b.ReportMetric(float64(len(r.errors)), "errors")
		if len(r.errors) > 0 {
			b.Errorf("%d answers were errors: %v", len(r.errors), r.errors[:min(len(r.errors), 3)])
		}
	}
	b.ReportMetric(0, "ns/op")
}
