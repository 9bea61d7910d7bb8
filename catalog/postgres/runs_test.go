package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

func sweep(mode catalog.Mode) catalog.Run {
	return catalog.Run{Connection: "prod", Mode: mode, Trigger: catalog.ByCLI}
}

func TestOneSweepOfAConnectionAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "test", Name: "Test", Type: "qlik-sense"}))
	first := b.start()
	other := open(t, b.url) // another process
	for name, db := range map[string]*postgres.DB{"same process": b.DB, "another process": other} {
		_, err := db.StartRun(t.Context(), sweep(catalog.Delta))
		if catalog.CodeOf(err) != catalog.CodeConflict {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.Contains(err.Error(), fmt.Sprintf("run %d (full)", first)) || !strings.Contains(err.Error(), "since 20") {
			t.Errorf("%s: the message doesn't name the run: %v", name, err)
		}
	}
	if _, err := other.StartRun(t.Context(), sweep(catalog.Selected)); err != nil {
		t.Errorf("a selected crawl was refused: %v", err)
	}
	if _, err := other.StartRun(t.Context(), catalog.Run{Connection: "test", Mode: catalog.Full, Trigger: catalog.ByCLI}); err != nil {
		t.Errorf("another connection's crawl was refused: %v", err)
	}
	b.done(first)
	if _, err := other.StartRun(t.Context(), sweep(catalog.Full)); err != nil {
		t.Errorf("after its end: %v", err)
	}
	_, err := b.StartRun(t.Context(), catalog.Run{Connection: "nowhere", Mode: catalog.Full, Trigger: catalog.ByCLI})
	wantCode(t, err, catalog.CodeNotFound)
}

// The schema itself refuses a second sweep, whoever writes.
func TestIndexRefusesASecondSweep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start()
	_, err := b.sql.Exec(t.Context(), "insert into qlikcrawler.crawl_run (connection, mode, trigger, state) values ('prod', 'delta', 'cli', 'queued')")
	if err == nil || !strings.Contains(err.Error(), "crawl_run_one_sweep") {
		t.Errorf("it said %v", err)
	}
}

const childURL = "QLIKCRAWLER_TEST_CHILD_URL"

// TestChildOwnsARun isn't a test of its own: another test runs it in a process that it kills.
func TestChildOwnsARun(t *testing.T) {
	url := os.Getenv(childURL)
	if url == "" {
		return
	}
	db := open(t, url)
	id, err := db.StartRun(t.Context(), sweep(catalog.Full))
	fmt.Println("child", id, err)
	<-t.Context().Done()
}

func TestRunOfAKilledProcessIsInterrupted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildOwnsARun$")
	cmd.Env = append(os.Environ(), childURL+"="+b.url)
	out, err := cmd.StdoutPipe()
	b.must(err)
	b.must(cmd.Start())
	var dead catalog.RunID
	for in := bufio.NewScanner(out); in.Scan(); {
		if n, _ := fmt.Sscanf(in.Text(), "child %d <nil>", &dead); n == 1 {
			break
		}
	}
	if dead == 0 {
		t.Fatal("the child started no run")
	}
	_, err = b.StartRun(t.Context(), sweep(catalog.Full))
	wantCode(t, err, catalog.CodeConflict) // it lives
	b.must(cmd.Process.Kill())
	_ = cmd.Wait()
	var run catalog.RunID
	b.eventually(func() bool { // the server notices the closed socket soon
		run, err = b.StartRun(t.Context(), sweep(catalog.Full))
		return catalog.CodeOf(err) != catalog.CodeConflict
	})
	b.must(err)
	got, err := b.Run(t.Context(), dead)
	b.must(err)
	if got.State != catalog.Interrupted || got.FinishedAt.IsZero() || got.Error == "" {
		t.Errorf("the dead run is %+v", got)
	}
	if run == dead {
		t.Error("it has the same number")
	}
}

// eventually asks until the answer is yes; each question is a round trip.
func (b *bench) eventually(ask func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if ask() {
			return
		}
	}
	b.t.Fatal("it never happened")
}

func TestZombieCannotWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	for _, state := range []catalog.State{catalog.Done, catalog.Failed, catalog.Cancelled, catalog.Interrupted} {
		t.Run(string(state), func(t *testing.T) {
			run := b.start()
			b.must(b.FinishRun(t.Context(), run, state, catalog.Tally{}, ""))
			before := b.physical()
			_, err := b.Save(t.Context(), run, rich("a2"), time.Now())
			wantCode(t, err, catalog.CodeConflict)
			wantCode(t, b.SaveGroups(t.Context(), run, nil), catalog.CodeConflict)
			wantCode(t, b.Retire(t.Context(), run, []catalog.Key{"prod/a1"}), catalog.CodeConflict)
			wantCode(t, b.Note(t.Context(), run, catalog.Outcome{Unit: catalog.Unit{Key: "prod/a1"}, Change: catalog.FailedUnit}), catalog.CodeConflict)
			wantCode(t, b.Progress(t.Context(), run, catalog.Tally{Listed: 7}), catalog.CodeConflict)
			wantCode(t, b.FinishRun(t.Context(), run, catalog.Done, catalog.Tally{}, ""), catalog.CodeConflict)
			if d := cmp.Diff(before, b.physical()); d != "" {
				t.Errorf("it wrote:\n%s", d)
			}
		})
	}
}

// A run can't end between a Save's check and its commit.
func TestFinishWaitsForASaveInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	blocker, err := b.sql.Begin(t.Context())
	b.must(err)
	_, err = blocker.Exec(t.Context(), "select pg_advisory_xact_lock(hashtextextended('qlikcrawler/unit/prod/a1', 0))")
	b.must(err)
	defer func() { _ = blocker.Rollback(background()) }() // else a failure would hang
	saved, finished := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := b.Save(t.Context(), run, rich("a1"), time.Now())
		saved <- err
	}()
	b.waiting(1)
	go func() { finished <- b.FinishRun(t.Context(), run, catalog.Done, catalog.Tally{}, "") }()
	b.waiting(2)
	b.must(b.Progress(t.Context(), run, catalog.Tally{Listed: 1})) // heartbeats don't wait
	b.must(blocker.Rollback(t.Context()))
	b.must(<-saved)
	b.must(<-finished)
	if got := b.column("select key from catalog.report"); len(got) != 3 {
		t.Errorf("stored: %v", got)
	}
}

// waiting waits until n sessions wait for an advisory lock.
func (b *bench) waiting(n int) {
	b.t.Helper()
	b.eventually(func() bool {
		var got int
		b.must(b.sql.QueryRow(context.Background(), `select count(*) from pg_locks
			where locktype = 'advisory' and not granted
			and database = (select oid from pg_database where datname = current_database())`).Scan(&got))
		return got == n
	})
}

func TestRunSurvivesTheLossOfItsConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	_, err := b.sql.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_locks
		where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`)
	b.must(err)
	b.eventually(func() bool {
		var held int
		b.must(b.sql.QueryRow(t.Context(), `select count(*) from pg_locks where locktype = 'advisory'
			and database = (select oid from pg_database where datname = current_database())`).Scan(&held))
		return held == 0
	})
	b.must(b.Progress(t.Context(), run, catalog.Tally{Listed: 3}))
	_, err = open(t, b.url).StartRun(t.Context(), sweep(catalog.Full))
	wantCode(t, err, catalog.CodeConflict)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Progress(cancelled, run, catalog.Tally{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context it said %v", err)
	}
	_, err = open(t, b.url).StartRun(t.Context(), sweep(catalog.Full))
	wantCode(t, err, catalog.CodeConflict)
	b.done(run)
}

func TestClosedStoreGivesItsRunsUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, err := postgres.Open(t.Context(), postgres.Config{URL: b.url})
	b.must(err)
	dead, err := other.StartRun(t.Context(), sweep(catalog.Full))
	b.must(err)
	other.Close()
	b.eventually(func() bool {
		_, err := b.StartRun(t.Context(), sweep(catalog.Full))
		return err == nil
	})
	got, err := b.Run(t.Context(), dead)
	b.must(err)
	if got.State != catalog.Interrupted {
		t.Errorf("it is %s", got.State)
	}
}

func TestRunReadsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := catalog.Run{
		Connection: "prod", Mode: catalog.Selected, Trigger: catalog.ByAPI, Apps: []string{"a1", "Sales"},
		Groups: []catalog.Key{"prod/stream/s"}, AllowMassRetire: true,
	}
	id, err := b.StartRun(t.Context(), in)
	b.must(err)
	want := in
	want.ID, want.State = id, catalog.Running
	check := func() catalog.Run {
		t.Helper()
		got, err := b.Run(t.Context(), id)
		b.must(err)
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(catalog.Run{}, "StartedAt", "FinishedAt", "AskedAt", "Version")); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		return got
	}
	if got := check(); time.Since(got.StartedAt).Abs() > time.Minute || !got.FinishedAt.IsZero() {
		t.Errorf("it started at %s and finished at %s", got.StartedAt, got.FinishedAt)
	}
	want.Tally = catalog.Tally{Listed: 5, Planned: 2, Added: 1, Usage: catalog.Usage{Requests: 12}}
	b.must(b.Progress(t.Context(), id, want.Tally))
	check()
	want.Tally.Failed, want.State, want.Error = 1, catalog.Failed, "the site\uFFFD is gone"
	b.must(b.FinishRun(t.Context(), id, catalog.Failed, want.Tally, "the site\x00 is gone"))
	if got := check(); time.Since(got.FinishedAt).Abs() > time.Minute {
		t.Errorf("it finished at %s", got.FinishedAt)
	}
	second := b.start()
	runs, err := b.Runs(t.Context(), "prod")
	b.must(err)
	if len(runs) != 2 || runs[0].ID != second || runs[1].ID != id {
		t.Errorf("the runs are %+v", runs)
	}
	view := b.view("crawl_run", "id")[0]
	if view["mode"] != "selected" || view["trigger"] != "api" || view["state"] != "failed" || view["error"] != want.Error ||
		view["tally"].(object)["listed"] != 5.0 {
		t.Errorf("the view shows %v", view)
	}
	_, err = b.Run(t.Context(), 999)
	wantCode(t, err, catalog.CodeNotFound)
}

func TestHealthFollowsTheRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	health := func() catalog.Connection {
		t.Helper()
		c, err := b.Connection(t.Context(), "prod")
		b.must(err)
		return c
	}
	end := func(mode catalog.Mode, state catalog.State, why string) {
		t.Helper()
		id, err := b.StartRun(t.Context(), sweep(mode))
		b.must(err)
		b.must(b.FinishRun(t.Context(), id, state, catalog.Tally{}, why))
	}
	if c := health(); c.Health != catalog.Unknown || !c.LastSuccessAt.IsZero() {
		t.Errorf("at first it is %s, %s", c.Health, c.LastSuccessAt)
	}
	end(catalog.Selected, catalog.Done, "")
	if c := health(); c.Health != catalog.Unknown || !c.LastSuccessAt.IsZero() {
		t.Errorf("after a selected crawl it is %s, %s", c.Health, c.LastSuccessAt)
	}
	end(catalog.Full, catalog.Done, "")
	green := health()
	if green.Health != catalog.Green || green.LastSuccessAt.IsZero() || green.HealthSince.IsZero() {
		t.Errorf("after a full crawl it is %+v", green)
	}
	end(catalog.Delta, catalog.Done, "")
	if c := health(); c.HealthSince != green.HealthSince || !c.LastSuccessAt.After(green.LastSuccessAt) {
		t.Errorf("after another: since %s, last %s", c.HealthSince, c.LastSuccessAt)
	}
	end(catalog.Delta, catalog.Failed, "unreachable")
	red := health()
	if red.Health != catalog.Red || red.HealthReason != "unreachable" || !red.HealthSince.After(green.HealthSince) {
		t.Errorf("after a failure it is %+v", red)
	}
	end(catalog.Delta, catalog.Cancelled, "by Ada")
	if c := health(); c.Health != catalog.Red || c.HealthReason != "unreachable" {
		t.Errorf("after a cancelled crawl it is %s, %s", c.Health, c.HealthReason)
	}
	end(catalog.Delta, catalog.Done, "")
	if c := health(); c.Health != catalog.Green || c.HealthReason != "" {
		t.Errorf("after a success it is %s, %q", c.Health, c.HealthReason)
	}
}
