package scheduler_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

func TestTwoSchedulersAtOnceStartADueCrawlOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, two := b.scheduler("one"), b.scheduler("two")
	_, err := one.SetSchedule(t.Context(), "prod", catalog.Schedule{Cron: "* * * * *", Enabled: true})
	b.must(err)
	b.must(one.Tick(t.Context()))
	if n := b.number("select count(*) from catalog.crawl_run"); n != 0 {
		t.Fatalf("%d runs before anything is due", n)
	}
	b.later(3 * time.Hour) // 180 moments were missed
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { b.must(one.Tick(t.Context())) })
		all.Go(func() { b.must(two.Tick(t.Context())) })
	}
	all.Wait()
	if n := b.number("select count(*) from catalog.crawl_run where state = 'queued' and trigger = 'schedule'"); n != 1 {
		t.Errorf("%d runs, want one for all missed moments", n)
	}
	if n := b.number("select count(*) from qlikcrawler_queue.river_job"); n != 1 {
		t.Errorf("%d jobs, want one", n)
	}
	conn, err := b.Connection(t.Context(), "prod")
	b.must(err)
	if d := conn.NextRunAt.Sub(b.clock()); d <= 0 || d > time.Minute {
		t.Errorf("it is due next in %s", d)
	}
	b.later(2 * time.Minute) // due again, but the first is still in flight
	b.must(two.Tick(t.Context()))
	if n := b.number("select count(*) from catalog.crawl_run"); n != 1 {
		t.Errorf("%d runs while one is in flight", n)
	}
}

func TestEveryNthScheduledCrawlIsFull(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.scheduler("one")
	_, err := s.SetSchedule(t.Context(), "prod", catalog.Schedule{Cron: "0 * * * *", FullEvery: 3, Enabled: true})
	b.must(err)
	_, err = b.Pool().Exec(t.Context(), "update qlikcrawler.connection set last_success_at = now()") // else the first is full
	b.must(err)
	var modes []string
	for range 7 {
		b.later(time.Hour)
		b.must(s.Tick(t.Context()))
		var id catalog.RunID
		var mode string
		b.must(b.Pool().QueryRow(t.Context(), "select id, mode from catalog.crawl_run order by id desc limit 1").Scan(&id, &mode))
		b.must(s.Cancel(t.Context(), id, "over"))
		modes = append(modes, mode)
	}
	if got := strings.Join(modes, " "); got != "delta delta full delta delta full delta" {
		t.Errorf("the modes were %s", got)
	}
}

func TestPausedAndRemovedSchedulesStartNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.scheduler("one")
	for _, code := range []string{"prod", "test"} {
		_, err := s.SetSchedule(t.Context(), code, catalog.Schedule{Cron: "* * * * *", Enabled: true})
		b.must(err)
	}
	_, err := s.SetSchedule(t.Context(), "prod", catalog.Schedule{Cron: "* * * * *"})
	b.must(err)
	b.must(s.RemoveSchedule(t.Context(), "test"))
	b.later(time.Hour)
	b.must(s.Tick(t.Context()))
	if n := b.number("select count(*) from catalog.crawl_run"); n != 0 {
		t.Errorf("%d runs", n)
	}
}

func TestSilentBatchGoesToAnotherAndItsZombieCantWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.scheduler("one")
	id := b.running(s, "one", 1)
	dead, turn := b.claim(id, "one", limit)
	if turn != catalog.Yours || len(dead.Units) != 1 {
		t.Fatalf("%v, %+v", turn, dead)
	}
	b.must(s.Tick(t.Context()))
	if _, turn := b.claim(id, "two", limit); turn != catalog.NothingToDo {
		t.Errorf("another one got what somebody works on: %v", turn)
	}
	b.later(3 * time.Minute)
	b.must(s.Tick(t.Context()))
	mine, turn := b.claim(id, "two", limit)
	if turn != catalog.Yours || mine.Attempt <= dead.Attempt || mine.Batch != dead.Batch {
		t.Fatalf("after its silence: %v, %+v", turn, mine)
	}
	if err := b.save(dead.Claim, "prod/a"); catalog.CodeOf(err) != catalog.CodeConflict {
		t.Errorf("the zombie's write: %v", err)
	}
	b.must(b.save(mine.Claim, "prod/a"))
	if err := b.As(dead.Claim).Note(t.Context(), id, catalog.Outcome{Unit: catalog.Unit{Key: "prod/a"}, Change: catalog.FailedUnit, Err: errors.New("x")}); catalog.CodeOf(err) != catalog.CodeConflict {
		t.Errorf("the zombie's note: %v", err)
	}
	held, err := b.Beat(t.Context(), "one", nil)
	b.must(err)
	if len(held) != 0 {
		t.Errorf("the zombie is told that it has %v", held)
	}
	err = b.InTx(t.Context(), func(tx pgx.Tx) error { return b.EndRun(t.Context(), tx, dead.Claim, catalog.Failed, "no") })
	if catalog.CodeOf(err) != catalog.CodeConflict {
		t.Errorf("the zombie ends the run: %v", err)
	}
	// What has an outcome isn't read again by a third one.
	b.later(6 * time.Minute)
	b.must(s.Tick(t.Context()))
	third, _ := b.claim(id, "three", limit)
	if len(third.Units) != 0 {
		t.Errorf("%d units are left after one was stored", len(third.Units))
	}
}

func TestWhatDiesAgainAndAgainFailsWithASentence(t *testing.T) {
	t.Parallel()
	for name, claim := range map[string]func(b *bench, id catalog.RunID){
		"batch":   func(b *bench, id catalog.RunID) { b.claim(id, "one", limit) },
		"listing": func(b *bench, id catalog.RunID) { b.claimRun(id, "one") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.scheduler("one")
			var id catalog.RunID
			if name == "batch" {
				id = b.running(s, "one", 1)
			} else {
				run, err := s.Request(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByAPI})
				b.must(err)
				id = run.ID
			}
			for i := range 4 {
				run, err := b.Run(t.Context(), id)
				b.must(err)
				if !run.FinishedAt.IsZero() {
					t.Fatalf("it ended after %d deaths", i)
				}
				claim(b, id)
				b.later(3 * time.Minute)
				b.must(s.Tick(t.Context()))
			}
			run, err := b.Run(t.Context(), id)
			b.must(err)
			if run.State != catalog.Failed || !strings.Contains(run.Error, "died 4 times") {
				t.Errorf("after four deaths it is %s: %s", run.State, run.Error)
			}
		})
	}
}

func TestLostJobsAreQueuedAgainOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.scheduler("one")
	run, err := s.Request(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByAPI})
	b.must(err)
	b.later(3 * time.Minute)
	b.must(s.Tick(t.Context()))
	jobs := func() int {
		return b.number("select count(*) from qlikcrawler_queue.river_job where state = 'available' and kind = 'crawl' and args->>'run' = $1", fmt.Sprint(run.ID))
	}
	if n := jobs(); n != 1 {
		t.Fatalf("%d jobs for a run whose job waits", n)
	}
	_, err = b.Pool().Exec(t.Context(), "delete from qlikcrawler_queue.river_job")
	b.must(err)
	b.must(s.Tick(t.Context()))
	b.must(s.Tick(t.Context()))
	if n := jobs(); n != 1 {
		t.Errorf("%d jobs after the queue lost one", n)
	}
}

func TestAppsInHandAreCalledAsTheListingCallsThem(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.running(b.scheduler("one"), "one", 3)
	b.claim(id, "one", limit)
	b.claim(id, "two", limit)
	h, err := b.RunInHand(t.Context(), id, 8)
	b.must(err)
	want := catalog.InHand{Apps: 2, Workers: 2, Names: []catalog.AppOf{{Key: "prod/a", Name: "App A"}, {Key: "prod/b", Name: "App B"}}}
	if d := cmp.Diff(want, h); d != "" {
		t.Errorf("in a first crawl (-want +got)\n%s", d)
	}
}

func TestWorkersAndSessionsHoldOverAllProcesses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.scheduler("one")
	id := b.running(s, "one", 9)
	b.must(b.ReleaseLease(t.Context(), "prod", "one"))
	l := catalog.Limit{Workers: 3, Sessions: 2}
	var got []catalog.Turn
	for _, worker := range []string{"one", "two", "three", "one", "two"} {
		_, turn := b.claim(id, worker, l)
		got = append(got, turn)
	}
	want := []catalog.Turn{catalog.Yours, catalog.Yours, catalog.WaitTurn, catalog.Yours, catalog.WaitTurn}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("the turns are %v, want %v: two sessions, three workers", got, want)
		}
	}
	// The silent one's session falls to others.
	_, err := b.Pool().Exec(t.Context(), "update qlikcrawler.lease set heartbeat_at = now() - interval '3 minutes' where worker = 'two'")
	b.must(err)
	b.must(s.Tick(t.Context()))
	if _, turn := b.claim(id, "three", catalog.Limit{Workers: 4, Sessions: 2}); turn != catalog.Yours {
		t.Errorf("a session that is free again: %v", turn)
	}
}

func TestASecondRequestIsAConflictThatNamesTheFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.scheduler("one")
	var all sync.WaitGroup
	var mu sync.Mutex
	var ok int
	for range 8 {
		all.Go(func() {
			_, err := s.Request(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Delta, Trigger: catalog.ByUI})
			mu.Lock()
			defer mu.Unlock()
			var other *catalog.InFlight
			switch {
			case err == nil:
				ok++
			case !errors.As(err, &other) || other.Run == 0 || catalog.CodeOf(err) != catalog.CodeConflict:
				t.Errorf("it said %v", err)
			}
		})
	}
	all.Wait()
	if n := b.number("select count(*) from qlikcrawler_queue.river_job"); ok != 1 || n != 1 {
		t.Errorf("%d requests were taken, %d jobs made; want one of each", ok, n)
	}
}

func TestOldHistoryIsPrunedOnceADay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx := t.Context()
	for range 3 {
		id, err := b.StartRun(ctx, catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
		b.must(err)
		_, err = b.Save(ctx, id, &catalog.Snapshot{Unit: catalog.Unit{Key: "prod/a", Name: "A"}, Version: "1"}, time.Now())
		b.must(err)
		b.must(b.FinishRun(ctx, id, catalog.Done, catalog.Tally{}, ""))
	}
	r := catalog.Retention{Runs: 24 * time.Hour}
	_, err := b.Prune(ctx, "prod", b.clock(), r)
	b.must(err)
	if n := b.number("select count(*) from catalog.crawl_run"); n != 3 {
		t.Errorf("%d of 3 young runs are left", n)
	}
	b.later(48 * time.Hour)
	codes, err := b.Unpruned(ctx, b.clock().Add(-24*time.Hour))
	b.must(err)
	if len(codes) != 2 {
		t.Errorf("due are %v", codes)
	}
	_, err = b.Prune(ctx, "prod", b.clock(), r)
	b.must(err)
	if n := b.number("select count(*) from catalog.crawl_run"); n != 1 {
		t.Errorf("%d old runs are left, want the last complete one", n)
	}
	if n := b.number("select count(*) from catalog.crawl_outcome"); n != 1 {
		t.Errorf("%d outcomes are left", n)
	}
	if codes, _ = b.Unpruned(ctx, b.clock().Add(-24*time.Hour)); len(codes) != 1 {
		t.Errorf("after it due are %v", codes)
	}
}

func TestQueueMigratesWhenSeveralStartAtOnce(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t), MasterKey: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := scheduler.Migrate(t.Context(), db.Pool(), slog.New(slog.DiscardHandler)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
