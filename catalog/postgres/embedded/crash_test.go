//go:build linux

package embedded

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestKilledProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		owner, postgres bool
	}{
		{"the owner", true, false},
		{"Postgres", false, true},
		{"both", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := madeDir(t)
			owner := spawn(t, dir, RoleServer)
			word, url := owner.answer(t)
			if word != "owns" {
				t.Fatalf("the owner said %s %s", word, url)
			}
			keepWord(t, url, "committed")
			if c.postgres {
				if err := syscall.Kill((&folder{dir: dir}).recordedPID(), syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			if c.owner {
				owner.kill(t)
			} else {
				owner.finish(t)
			}
			s := mustOpen(t, Config{Dir: dir})
			if got := keptWord(t, s.URL()); got != "committed" {
				t.Errorf("after the kill the row is %q", got)
			}
			mustClose(t, s)
			wantNoProcess(t, dir)
		})
	}
}

func TestServerThatEndsByItselfIsReported(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	said := make(lines, 100)
	s := mustOpen(t, Config{Dir: dir, Log: slog.New(slog.NewTextHandler(said, nil))})
	if err := syscall.Kill((&folder{dir: dir}).recordedPID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case line := <-said:
		if !strings.Contains(line, "ended unexpectedly") || !strings.Contains(line, "killed") {
			t.Errorf("the log says %s", line)
		}
	case <-time.After(patience):
		t.Error("the log says nothing")
	}
	mustClose(t, s)
	mustClose(t, mustOpen(t, Config{Dir: dir})) // may find what the killed server has left
	mustClose(t, mustOpen(t, Config{Dir: dir, Log: slog.New(slog.NewTextHandler(said, nil))}))
	if len(said) > 0 {
		t.Errorf("of a normal end the log says %s", <-said)
	}
}

// lines is a writer whose writes can be waited for.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// A joined command is no reason to keep a new owner out, even if the old one was killed.
func TestOwnerKilledUnderAJoinedCommand(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	owner := spawn(t, dir, RoleCommand)
	if word, rest := owner.answer(t); word != "owns" {
		t.Fatalf("the owner said %s %s", word, rest)
	}
	joined := mustOpen(t, Config{Dir: dir})
	owner.kill(t)
	s := mustOpen(t, Config{Dir: dir})
	if s.Joined() {
		t.Error("joined a server whose owner is dead")
	}
	if got := query(t, joined.URL(), "select 'back'"); got != "back" {
		t.Errorf("the joined command reads %q", got)
	}
	mustClose(t, joined)
	mustClose(t, s)
}

// After a container's restart the recorded process number may be anybody's.
func TestReusedProcessNumberIsNoServer(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := f.account()
	if err != nil {
		t.Fatal(err)
	}
	other := serverCommand(t.Context(), acc, "/bin/sleep", "600")
	other.Dir = "/"
	p, err := startProcess(other)
	if err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n  5432001         1\nready   \n", p.cmd.Process.Pid, f.data(), dir)
	pidFile := filepath.Join(f.data(), "postmaster.pid")
	if err := os.WriteFile(pidFile, []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := acc.give(pidFile); err != nil {
		t.Fatal(err)
	}
	mustClose(t, mustOpen(t, Config{Dir: dir}))
	select {
	case <-p.exited:
		t.Error("an innocent process was ended")
	default:
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	<-p.exited
}

func TestStartThatIsKilledHalfWayLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	c := spawn(t, dir, RoleCommand)
	for end := time.Now().Add(patience); ; {
		if half, err := filepath.Glob(filepath.Join(dir, halfMade+"*")); err == nil && len(half) > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no cluster is being made")
		}
		if err := sleep(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	c.kill(t)
	s := mustOpen(t, Config{Dir: dir})
	keepWord(t, s.URL(), "whole")
	mustClose(t, s)
	if half, err := filepath.Glob(filepath.Join(dir, halfMade+"*")); err != nil || len(half) > 0 {
		t.Errorf("half-made clusters are left: %v, %v", half, err)
	}
}

// A stopped server gives its end no errors: its log has neither a panic nor an unclean shutdown.
func TestStopIsClean(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := mustOpen(t, Config{Dir: dir})
	keepWord(t, s.URL(), "x")
	mustClose(t, s)
	mustClose(t, mustOpen(t, Config{Dir: dir}))
	log, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(log), "database system is shut down"); got != 3 {
		t.Errorf("%d clean ends in the log, want 3:\n%s", got, log)
	}
	if strings.Contains(string(log), "not properly shut down") {
		t.Errorf("the second start had to recover:\n%s", log)
	}
}

func TestServerThatDoesNotStartSaysWhy(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	conf := filepath.Join(dir, "data", "postgresql.conf")
	if err := os.WriteFile(conf, []byte("no_such_setting = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") || !strings.Contains(err.Error(), "postgres.log") {
		t.Errorf("the error lacks the server's words or its log's place: %v", err)
	}
	if out, err := exec.Command("ls", dir).CombinedOutput(); err != nil || !strings.Contains(string(out), "data") {
		t.Errorf("the data is gone: %s, %v", out, err)
	}
}
