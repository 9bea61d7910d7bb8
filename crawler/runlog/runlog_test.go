package runlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/crawler"
	"github.com/qlikcrawler/qlikcrawler/crawler/runlog"
)

// A shelf keeps what is appended.
type shelf struct {
	mu    sync.Mutex
	lines []catalog.LogLine
	err   error
	held  chan struct{} // not nil: appending waits for it
}

func (s *shelf) AppendRunLog(ctx context.Context, _ catalog.RunID, lines []catalog.LogLine) error {
	if s.held != nil {
		select {
		case <-s.held:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		err := s.err
		s.err = nil
		return err
	}
	s.lines = append(s.lines, lines...)
	return nil
}

func (s *shelf) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

var (
	run  = catalog.Run{ID: 7, Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByAPI}
	conn = catalog.Connection{Code: "prod", Name: "Prod", URL: "https://sense.example.com"}
)

func TestWhatIsLoggedGoesBothWays(t *testing.T) {
	t.Parallel()
	var own bytes.Buffer
	s := &shelf{}
	desk := runlog.NewDesk(s, "1.2.3", slog.New(slog.NewTextHandler(&own, &slog.HandlerOptions{Level: slog.LevelWarn})))
	desk.Open(run, conn)
	log := desk.Logger("prod").With("app", "a1").WithGroup("qrs")
	log.Debug("nobody wants this")
	log.Info("a page", "n", 3)
	log.Warn("slow\nanswer", "took", time.Second, "secret", catalog.NewSecret("hunter2"))
	desk.Logger("other").Warn("of another connection")
	desk.Close()
	desk.Logger("prod").Warn("after the end")
	got := s.text()
	for _, want := range []string{"INFO  qlikcrawler 1.2.3 begins to work on run 7: full crawl of prod (Prod, https://sense.example.com)\n", "INFO  a page app=a1 qrs.n=3\n", "WARN  slow\nanswer app=a1 qrs.took=1s qrs.secret=(hidden)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "nobody") || strings.Contains(got, "another") || strings.Contains(got, "after") {
		t.Errorf("the log has too much:\n%s", got)
	}
	if !strings.Contains(own.String(), "slow") || !strings.Contains(own.String(), "after the end") || strings.Contains(own.String(), "a page") {
		t.Errorf("the program's own log:\n%s", own.String())
	}
}

func TestWhatHappensToAppsIsNoted(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	desk := runlog.NewDesk(s, "1", slog.New(slog.DiscardHandler))
	l := desk.Open(run, conn)
	if desk.Open(run, conn) != l {
		t.Error("a run has two logs")
	}
	l.Observe(crawler.Event{Stage: crawler.Listing})
	l.Observe(crawler.Event{Stage: crawler.Listing, Tally: catalog.Tally{Listed: 9, Planned: 2}})
	l.Observe(crawler.Event{Stage: crawler.Reading, Tally: catalog.Tally{Listed: 9, Planned: 2}})
	l.Observe(crawler.Event{Reading: &catalog.Unit{Key: "prod/a"}})
	l.Observe(crawler.Event{Outcome: &catalog.Outcome{Unit: catalog.Unit{Key: "prod/a", Name: "Sales"}, Change: catalog.Added, Duration: 1500 * time.Millisecond}})
	l.Observe(crawler.Event{Outcome: &catalog.Outcome{Unit: catalog.Unit{Key: "prod/b"}, Change: catalog.Unchanged}})
	l.Observe(crawler.Event{Outcome: &catalog.Outcome{Unit: catalog.Unit{Key: "prod/c"}, Change: catalog.FailedUnit, Err: &catalog.Error{Code: catalog.CodeTimeout, Err: errors.New("too slow"), Cure: "Wait."}}})
	read := catalog.Tally{Listed: 9, Planned: 2, Added: 1, Failed: 1}
	l.Observe(crawler.Event{Stage: crawler.Retiring, Tally: read})
	l.Observe(crawler.Event{Stage: crawler.Explaining, Tally: read})
	l.Observe(crawler.Event{Stage: crawler.Explaining, Tally: read}) // one more app has its lineage
	desk.Close()
	want := "INFO  listing streams and apps\nINFO  apps listed: 9, to be read: 2\nINFO  reading apps\nINFO  app Sales (prod/a): added in 1.5s\nERROR app prod/c: failed: too slow → Wait.\n" +
		"INFO  retiring what is gone\nINFO  making the lineage of what changed\n"
	if _, got, _ := strings.Cut(s.text(), "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestACrawlNeverWaitsForItsLog logs far more than may wait while nothing can be stored.
func TestACrawlNeverWaitsForItsLog(t *testing.T) {
	t.Parallel()
	s := &shelf{held: make(chan struct{})}
	desk := runlog.NewDesk(s, "1", slog.New(slog.DiscardHandler))
	desk.Open(run, conn)
	log := desk.Logger("prod")
	began := time.Now()
	for range 20_000 {
		log.Info(strings.Repeat("x", 10))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("logging took %s", took)
	}
	close(s.held)
	desk.Close()
	if got := regexp.MustCompile(`WARN  (\d+) lines of this log could not be stored`).FindStringSubmatch(s.text()); got == nil {
		t.Error("the log doesn't say that lines are missing")
	}
}

func TestLinesThatCouldNotBeStoredAreCounted(t *testing.T) {
	t.Parallel()
	s := &shelf{err: errors.New("no database")}
	desk := runlog.NewDesk(s, "1", slog.New(slog.DiscardHandler))
	desk.Open(run, conn)
	for i := range 1200 {
		desk.Logger("prod").Info("line", "n", i)
	}
	desk.Close()
	if got := s.text(); !strings.Contains(got, "lines of this log could not be stored") {
		t.Errorf("nothing is said of missing lines: %.200s", got)
	}
}

// A library has a log.
type library struct{ shelf }

func (l *library) Connection(context.Context, string) (catalog.Connection, error) { return conn, nil }

func (l *library) LastRunLog(context.Context, string) (catalog.RunLog, error) {
	if len(l.lines) == 0 {
		return catalog.RunLog{}, &catalog.Error{Code: catalog.CodeNotFound}
	}
	r := run
	r.StartedAt, r.State = time.Date(2024, 1, 31, 23, 59, 59, 0, time.UTC), catalog.Done
	r.FinishedAt, r.Tally = r.StartedAt.Add(time.Minute), catalog.Tally{Listed: 5, Failed: 1}
	return catalog.RunLog{Run: r, Dropped: 3}, nil
}

func (l *library) RunLog(_ context.Context, _ catalog.RunID, use func(catalog.LogLine) error) error {
	for _, line := range l.lines {
		if err := use(line); err != nil {
			return err
		}
	}
	return nil
}

func (l *library) FailedOutcomes(context.Context, catalog.RunID, int) ([]catalog.Outcome, error) {
	return []catalog.Outcome{{Unit: catalog.Unit{Key: "prod/c", Name: "Costs"}, Change: catalog.FailedUnit, Err: &catalog.Error{Err: errors.New("too slow"), Cure: "Wait."}}}, nil
}

func TestTheLogIsAFileWithAHeadAndASummary(t *testing.T) {
	t.Parallel()
	lib := &library{}
	files := runlog.Files{Catalog: lib, Version: "1.2.3"}
	empty, err := files.Log(t.Context(), "prod")
	var b strings.Builder
	if err != nil || empty.Name != "" || empty.Write(t.Context(), &b) != nil || b.String() != "Prod (prod) has not been refreshed yet: there is no log. Start a crawl of it to have one.\n" {
		t.Errorf("before any refresh: %q, %q, %v", empty.Name, b.String(), err)
	}
	lib.lines = []catalog.LogLine{{At: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC), Text: "INFO  line one\nand two"}}
	file, err := files.Log(t.Context(), "prod")
	if err != nil || file.Name != "qlikcrawler_prod_20240131_235959.log" {
		t.Fatalf("%q, %v", file.Name, err)
	}
	b.Reset()
	if err := file.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"qlikcrawler 1.2.3\n", "connection  prod: Prod", "crawl       run 7, full, started by api at 2024-01-31T23:59:59.000Z",
		"2024-02-01T00:00:00.000Z INFO  line one\n    and two\n", "3 further lines", "state       done\n", "after 1m0s", "5 listed", "failed      Costs (prod/c): too slow\n            → Wait.\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, b.String())
		}
	}
	if err := file.Write(t.Context(), failing{}); err == nil {
		t.Error("a reader that went away is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("gone") }
