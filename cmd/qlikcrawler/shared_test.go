package main

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/embedded"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
	"go.opentelemetry.io/otel/trace/noop"
)

// A service is the working part of `serve`, on the database of a program, in the test's process.
type service struct {
	*scheduler.Scheduler
	t      testing.TB
	db     *database
	runner *crawlRunner
	stop   func()
}

// quick is a pace for tests: what takes minutes takes seconds.
func quick() scheduler.Pace {
	return scheduler.Pace{Tick: 300 * time.Millisecond, Beat: 50 * time.Millisecond, Silence: 2 * time.Second, Grace: 20 * time.Second}
}

func (p *program) service(slots int, pace scheduler.Pace) *service {
	p.t.Helper()
	return p.serviceBy(time.Now, slots, pace)
}

// serviceBy is a service that goes by another clock.
func (p *program) serviceBy(now func() time.Time, slots int, pace scheduler.Pace) *service {
	p.t.Helper()
	a := p.app(pace)
	a.env.Now = now
	db, err := a.openDatabase(p.t.Context(), embedded.RoleServer, false)
	if err != nil {
		p.t.Fatal(err)
	}
	sched, r, err := a.newScheduler(p.t.Context(), db, serveFlags{slots: slots}, newMetrics(db, a.log), noop.NewTracerProvider().Tracer(""))
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.work(ctx, sched, r) }()
	s := &service{Scheduler: sched, t: p.t, db: db, runner: r}
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			p.t.Errorf("the service ended with %v", err)
		}
		db.DB.Close()
	}
	p.t.Cleanup(s.stop)
	return s
}

// crawl asks for a crawl and waits for its end.
func (s *service) crawl(r catalog.Run) catalog.Run {
	s.t.Helper()
	run, err := s.Request(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.await(run.ID)
}

func (s *service) await(id catalog.RunID) catalog.Run {
	s.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		run, err := s.db.Run(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		if !run.FinishedAt.IsZero() {
			return run
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("run %d doesn't end: %+v", id, run)
		}
	}
}

func full(code string) catalog.Run {
	return catalog.Run{Connection: code, Mode: catalog.Full, Trigger: catalog.ByAPI}
}

// TestSharedCrawlEqualsOneInAProcess crawls with two services what another database gets from `crawl`.
func TestSharedCrawlEqualsOneInAProcess(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(40), qliktest.Options{})
	alone, together := newProgram(t), newProgram(t)
	file := fileFor(t, srv, "qlik")
	want := alone.crawl(exitDone, file, "-f", "-")
	together.must(exitDone, file, "connection", "add", "-f", "-")
	one, two := together.service(2, quick()), together.service(2, quick())
	before := srv.Counters()
	run := one.crawl(catalog.Run{Connection: "qlik", Mode: catalog.Delta, Trigger: catalog.ByAPI})
	if run.State != catalog.Done || run.Mode != catalog.Full || run.Error != "" {
		t.Fatalf("the run is %+v; want a full one that is done", run)
	}
	if run.Tally.Added != want.Tally.Added || run.Tally.Planned != want.Tally.Planned || run.Tally.Listed != want.Tally.Listed {
		t.Errorf("the tally is %+v, want that of %+v", run.Tally, want.Tally)
	}
	if run.Tally.Lineage != want.Tally.Lineage || want.Tally.Lineage.Apps == 0 {
		t.Errorf("it tells lineage of %+v, want that of %+v", run.Tally.Lineage, want.Tally.Lineage)
	}
	if opens := int64(srv.Counters().OpensWithoutData - before.OpensWithoutData); run.Tally.Usage.Opens != opens {
		t.Errorf("it counts %d opens, the site %d", run.Tally.Usage.Opens, opens)
	}
	sameCatalog(t, "shared against alone", alone.database(), together.database(), liveOnly)
	again := two.crawl(catalog.Run{Connection: "qlik", Mode: catalog.Delta, Trigger: catalog.ByAPI})
	if again.Mode != catalog.Delta || again.Tally.Unchanged != want.Tally.Added || again.Tally.Planned != 0 {
		t.Errorf("the delta after it: %+v", again)
	}
	one.stop()
	two.stop()
	if c := srv.Counters(); c.Sessions.Now != 0 || c.Sockets.Now != 0 {
		t.Errorf("left on the site: %d sessions, %d sockets", c.Sessions.Now, c.Sockets.Now)
	}
}

// asker gives what asks for crawls and works on none.
func (p *program) asker() *scheduler.Scheduler {
	p.t.Helper()
	a := p.app(scheduler.Pace{})
	db, err := a.openDatabase(p.t.Context(), embedded.RoleServer, false)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(db.DB.Close)
	s, _, err := a.newScheduler(p.t.Context(), db, serveFlags{slots: 1, noWork: true}, newMetrics(db, a.log), noop.NewTracerProvider().Tracer(""))
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *program) app(pace scheduler.Pace) *app {
	a := &app{env: environment{Getenv: func(k string) string { return p.env[k] }, Pace: pace}}
	a.log = slog.New(slog.NewTextHandler(p.t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	a.config = config{DatabaseURL: p.env["QLIKCRAWLER_DATABASE_URL"], DataDir: p.env["QLIKCRAWLER_DATA_DIR"], MasterKeyText: p.env["QLIKCRAWLER_MASTER_KEY"]}
	return a
}

// TestQuietHoursKeepCrawlsAway: none is started on the command line, and one that is asked for waits.
func TestQuietHoursKeepCrawlsAway(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(4), qliktest.Options{})
	p := newProgram(t)
	file := fileFor(t, srv, "qlik")
	p.must(exitDone, file+"options: {quiet_hours: '00:00-24:00'}\n", "connection", "add", "-f", "-")
	if r := p.must(exitFailed, "", "crawl", "qlik"); !strings.Contains(r.stderr, "quiet hours until") {
		t.Errorf("it said %q", r.stderr)
	}
	s := p.service(2, quick())
	run, err := s.Request(t.Context(), full("qlik"))
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, p.database())
	eventually(t, "a worker has looked at it", func() bool {
		return number(t, conn, "select count(*) from qlikcrawler_queue.river_job where metadata ? 'snoozes'") == 1
	})
	if got, err := s.db.Run(t.Context(), run.ID); err != nil || got.State != catalog.Queued || srv.Counters().RequestTotal() != 0 {
		t.Errorf("in quiet hours it is %s (%v), with %d requests", got.State, err, srv.Counters().RequestTotal())
	}
	p.must(exitDone, file, "connection", "edit", "qlik", "-f", "-")
	if _, err := conn.Exec(t.Context(), "update qlikcrawler_queue.river_job set scheduled_at = now()"); err != nil {
		t.Fatal(err)
	}
	if got := s.await(run.ID); got.State != catalog.Done || got.Tally.Added != 4 {
		t.Errorf("after them it is %+v", got)
	}
}

// TestARunningCrawlPausesInQuietHoursAndGoesOnAfterThem: the clock says that they have begun once the second of six
// apps is opened. That one is read to its end, no other is begun, and after them the rest is read, nothing twice.
func TestARunningCrawlPausesInQuietHoursAndGoesOnAfterThem(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(6), qliktest.Options{})
	began := time.Now()
	var over atomic.Bool
	clock := func() time.Time {
		switch {
		case over.Load():
			return time.Now().Add(3 * time.Hour)
		case srv.Counters().OpensWithoutData >= 2:
			return time.Now().Add(90 * time.Minute)
		default:
			return time.Now()
		}
	}
	p := newProgram(t)
	hours := began.Add(time.Hour).Format("15:04") + "-" + began.Add(2*time.Hour).Format("15:04")
	p.must(exitDone, fileFor(t, srv, "qlik")+"options: {quiet_hours: '"+hours+"'}\n", "connection", "add", "-f", "-")
	pace := quick()
	pace.Silence = 24 * time.Hour // a clock that jumps makes nobody silent
	s := p.serviceBy(clock, 1, pace)
	run, err := s.Request(t.Context(), full("qlik"))
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, p.database())
	const napping = "select count(*) from qlikcrawler_queue.river_job where kind = 'fetch' and state = 'scheduled'"
	eventually(t, "what is left waits for their end", func() bool {
		return number(t, conn, napping) == 4 && number(t, conn, "select count(*) from qlikcrawler_queue.river_job where state in ('available', 'running')") == 0
	})
	if got, err := s.db.Run(t.Context(), run.ID); err != nil || got.State != catalog.Running {
		t.Errorf("in quiet hours it is %s (%v)", got.State, err)
	}
	if n := number(t, conn, "select count(*) from catalog.crawl_outcome where run = $1 and change = 'added'", run.ID); n != 2 {
		t.Errorf("%d apps have an outcome, want the two that were begun before", n)
	}
	if c := srv.Counters(); c.OpensWithoutData != 2 || c.Sockets.Now != 0 {
		t.Errorf("in quiet hours %d apps were opened, %d sockets are open", c.OpensWithoutData, c.Sockets.Now)
	}
	over.Store(true)
	if _, err := conn.Exec(t.Context(), "update qlikcrawler_queue.river_job set scheduled_at = now() where state = 'scheduled'"); err != nil {
		t.Fatal(err)
	}
	if got := s.await(run.ID); got.State != catalog.Done || got.Tally.Added != 6 {
		t.Errorf("after them it is %+v", got)
	}
	if n := srv.Counters().OpensWithoutData; n != 6 {
		t.Errorf("%d opens of 6 apps", n)
	}
}

// TestLineageIsBuiltOnDemandByWhoeverHasTime asks for it twice at once: once is enough.
func TestLineageIsBuiltOnDemandByWhoeverHasTime(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(3), qliktest.Options{})
	p := newProgram(t)
	p.must(exitDone, fileFor(t, srv, "qlik")+"options: {auto_lineage: false}\n", "connection", "add", "-f", "-")
	s := p.service(2, quick())
	s.crawl(full("qlik"))
	built := func() int {
		shares, err := s.db.LineageShares(t.Context(), "qlik")
		if err != nil {
			t.Fatal(err)
		}
		return len(shares)
	}
	if n := built(); n != 0 {
		t.Fatalf("auto_lineage is off, and %d apps have lineage", n)
	}
	if err := s.BuildLineage(t.Context(), "nope"); catalog.CodeOf(err) != catalog.CodeNotFound {
		t.Errorf("of no connection: %v", err)
	}
	for range 2 {
		if err := s.BuildLineage(t.Context(), "qlik"); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(60 * time.Second); built() != 3; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of 3 apps have lineage", built())
		}
	}
}
