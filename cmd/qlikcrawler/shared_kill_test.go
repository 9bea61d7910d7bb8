package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// asQuickProgram makes the test binary the program at a test's pace.
const asQuickProgram = "quick"

func runQuickly() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], environment{Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Pace: quick()})
}

// A process is `serve` in a process of its own, which a test may kill.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	out  safeText
	over chan struct{}
}

func (p *program) process(args ...string) *process {
	p.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	x := &process{t: p.t, cmd: exec.Command(exe, args...), over: make(chan struct{})}
	x.cmd.Env = append(os.Environ(), asProgram+"="+asQuickProgram)
	for k, v := range p.env {
		x.cmd.Env = append(x.cmd.Env, k+"="+v)
	}
	x.cmd.Stdout, x.cmd.Stderr = &x.out, &x.out
	if err := x.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = x.cmd.Wait() // it is killed
		close(x.over)
	}()
	p.t.Cleanup(func() {
		x.signal(syscall.SIGKILL)
		if strings.Contains(x.out.String(), "DATA RACE") || p.t.Failed() {
			said := x.out.String()
			p.t.Errorf("%v said:\n%s", args, said[max(0, len(said)-2000):])
		}
	})
	return x
}

// signal sends a signal and waits for the end.
func (x *process) signal(s os.Signal) {
	_ = x.cmd.Process.Signal(s) // it may be over
	select {
	case <-x.over:
	case <-time.After(time.Minute):
		x.t.Errorf("the process outlives %v", s)
	}
}

// eventually asks until the answer is yes.
func eventually(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !yes(); {
		if time.Now().After(deadline) {
			t.Fatalf("it never came: %s", what)
		}
	}
}

func number(t testing.TB, conn *pgx.Conn, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// slowSite takes its time to open apps.
func slowSite(t testing.TB, apps int, open time.Duration) *qliktest.Server {
	return qliktest.New(t, smallSite(apps), qliktest.Options{Latency: qliktest.Latency{Open: open}})
}

// TestKilledProcessesCostNoApp kills two of three processes in the middle of a crawl that they share.
func TestKilledProcessesCostNoApp(t *testing.T) {
	t.Parallel()
	srv := slowSite(t, 90, 300*time.Millisecond)
	shared, clean := newProgram(t), newProgram(t)
	file := fileFor(t, srv, "qlik") + "options: {workers: 6, max_sessions: 3}\n"
	clean.crawl(exitDone, file, "-f", "-")
	shared.must(exitDone, file, "connection", "add", "-f", "-")
	conn := connect(t, shared.database())
	processes := []*process{
		shared.process("serve", "--no-web", "--slots", "2"), shared.process("serve", "--no-web", "--slots", "2"), shared.process("serve", "--no-web", "--slots", "2"),
	}
	id := request(t, shared, full("qlik"))
	eventually(t, "all three work", func() bool {
		return number(t, conn, "select count(distinct worker) from qlikcrawler.run_batch where state = 'working'") == 3
	})
	if n := number(t, conn, "select count(*) from qlikcrawler.run_batch where state = 'working'"); n > 6 {
		t.Errorf("%d apps are read at a time; options.workers is 6", n)
	}
	processes[0].signal(syscall.SIGKILL)
	processes[1].signal(syscall.SIGKILL)
	if n := number(t, conn, "select count(*) from qlikcrawler.crawl_outcome"); n > 60 {
		t.Fatalf("%d apps were read before the kill: too late", n)
	}
	eventually(t, "the crawl is over", func() bool {
		return number(t, conn, "select count(*) from catalog.crawl_run where id = $1 and finished_at is not null", id) == 1
	})
	if state := texts(t, conn, "select state || coalesce(': ' || error, '') from catalog.crawl_run"); len(state) != 1 || state[0] != "done" {
		t.Errorf("the crawl is %v", state)
	}
	if n := number(t, conn, "select coalesce(max(resumes), 0) from qlikcrawler.run_batch"); n != 0 {
		t.Errorf("parts are left of the crawl that is over: %d", n)
	}
	sameCatalog(t, "after the kills", clean.database(), shared.database(), liveOnly)
	processes[2].signal(syscall.SIGTERM)
	if code := processes[2].cmd.ProcessState.ExitCode(); code != exitDone && code != exitInterrupted {
		t.Errorf("a stopped service ends with %d:\n%s", code, processes[2].out.String())
	}
	if n := number(t, conn, "select count(*) from qlikcrawler.lease where worker not like 'run/%'"); n != 0 {
		t.Errorf("%d leases are left", n)
	}
}

// request asks for a crawl on whichever process has time.
func request(t testing.TB, p *program, r catalog.Run) catalog.RunID {
	t.Helper()
	s := p.asker()
	run, err := s.Request(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return run.ID
}

// TestStoppedProcessHandsItsWorkBack stops a process in the middle: it finishes the apps that it reads, logs out, and
// another one goes on at once.
func TestStoppedProcessHandsItsWorkBack(t *testing.T) {
	t.Parallel()
	srv := slowSite(t, 40, 300*time.Millisecond)
	p := newProgram(t)
	p.must(exitDone, fileFor(t, srv, "qlik"), "connection", "add", "-f", "-")
	pace := quick()
	pace.Silence = time.Hour // nothing may be found by its silence
	first := p.service(4, pace)
	id := request(t, p, full("qlik"))
	conn := connect(t, p.database())
	eventually(t, "some apps are read", func() bool { return number(t, conn, "select count(*) from qlikcrawler.crawl_outcome") > 4 })
	first.stop()
	if c := srv.Counters(); c.Sessions.Now != 0 || c.Sockets.Now != 0 {
		t.Errorf("the stopped one left %d sessions, %d sockets", c.Sessions.Now, c.Sockets.Now)
	}
	if n := number(t, conn, "select count(*) from qlikcrawler.run_batch where state = 'working'"); n != 0 {
		t.Errorf("it left %d parts in work", n)
	}
	second := p.service(4, pace)
	run := second.await(id)
	if run.State != catalog.Done || run.Tally.Added != 40 || run.Tally.Failed != 0 {
		t.Errorf("the run is %+v", run)
	}
	if opens := int64(srv.Counters().OpensWithoutData); opens != 40 || run.Tally.Usage.Opens != opens {
		t.Errorf("%d opens, %d counted: want each of 40 apps opened once", opens, run.Tally.Usage.Opens)
	}
}

// TestCancelReachesEveryProcess cancels a crawl that another process works on.
func TestCancelReachesEveryProcess(t *testing.T) {
	t.Parallel()
	srv := slowSite(t, 60, time.Second)
	p := newProgram(t)
	p.must(exitDone, fileFor(t, srv, "qlik"), "connection", "add", "-f", "-")
	worker := p.service(4, quick())
	id := request(t, p, full("qlik"))
	conn := connect(t, p.database())
	eventually(t, "some apps are read", func() bool { return number(t, conn, "select count(*) from qlikcrawler.crawl_outcome") > 0 })
	if err := p.asker().Cancel(t.Context(), id, "enough"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, "nobody works any more", func() bool { return number(t, conn, "select count(*) from qlikcrawler.run_batch") == 0 })
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	outcomes := number(t, conn, "select count(*) from qlikcrawler.crawl_outcome")
	run := worker.await(id)
	if run.State != catalog.Cancelled || run.Error != "enough" || outcomes > 20 {
		t.Errorf("the run is %+v with %d outcomes", run, outcomes)
	}
	next := worker.crawl(catalog.Run{Connection: "qlik", Mode: catalog.Full, Trigger: catalog.ByAPI})
	if next.State != catalog.Done || next.Tally.Added+next.Tally.Unchanged != 60 {
		t.Errorf("the crawl after it: %+v", next)
	}
}
