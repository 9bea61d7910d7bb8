//go:build linux

package embedded

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestCommandJoinsTheRunningServer(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	server := spawn(t, dir, RoleServer)
	word, url := server.answer(t)
	if word != "owns" {
		t.Fatalf("the server said %s %s", word, url)
	}
	keepWord(t, url, "shared")
	s := mustOpen(t, Config{Dir: dir})
	if !s.Joined() || s.URL() != url {
		t.Errorf("Joined() = %v, URL() = %s; want the server's %s", s.Joined(), s.URL(), url)
	}
	if got := keptWord(t, s.URL()); got != "shared" {
		t.Errorf("the joined command reads %q", got)
	}
	mustClose(t, s)
	if got := keptWord(t, url); got != "shared" {
		t.Errorf("after the command has left the server reads %q", got)
	}
	server.finish(t)
	wantNoProcess(t, dir)
}

func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	server := spawn(t, dir, RoleServer)
	if word, rest := server.answer(t); word != "owns" {
		t.Fatalf("the server said %s %s", word, rest)
	}
	_, err := Open(t.Context(), Config{Dir: dir, Role: RoleServer})
	if err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(server.cmd.Process.Pid)) {
		t.Errorf("a second server got %v; want an error that names process %d", err, server.cmd.Process.Pid)
	}
	server.finish(t)
}

func TestServerWaitsForARunningCommand(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	command := mustOpen(t, Config{Dir: dir})
	opened := make(chan *Server)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s, err := Open(ctx, Config{Dir: dir, Role: RoleServer, ForTests: true})
		if err != nil {
			t.Error(err)
		}
		opened <- s
	}()
	if got := query(t, command.URL(), "select 'undisturbed'"); got != "undisturbed" {
		t.Errorf("the command reads %q", got)
	}
	mustClose(t, command)
	s := <-opened
	if s == nil {
		t.FailNow()
	}
	if s.Joined() {
		t.Error("a server must own what it serves from")
	}
	mustClose(t, s)
	wantNoProcess(t, dir)
}

func TestOwnerWaitsForJoinedCommands(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	owner := spawn(t, dir, RoleCommand)
	if word, rest := owner.answer(t); word != "owns" {
		t.Fatalf("the owner said %s %s", word, rest)
	}
	joined := mustOpen(t, Config{Dir: dir})
	if !joined.Joined() {
		t.Fatal("the second command did not join")
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		owner.finish(t)
	}()
	for range 50 { // the owner is finished and must not take its server away
		if got := query(t, joined.URL(), "select 'still here'"); got != "still here" {
			t.Fatalf("the joined command reads %q", got)
		}
	}
	select {
	case <-ended:
		t.Error("the owner ended before the joined command")
	default:
	}
	mustClose(t, joined)
	<-ended
	wantNoProcess(t, dir)
}

func TestOwnerThatIsToldToEndDoesNotWait(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	owner := mustOpen(t, Config{Dir: dir})
	joined := mustOpen(t, Config{Dir: dir})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := owner.Close(ended); err != nil {
		t.Error(err)
	}
	wantNoProcess(t, dir)
	mustClose(t, joined)
}

func TestStoppingServerWaitsOnlyAWhile(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	owner := mustOpen(t, Config{Dir: dir, Role: RoleServer})
	joined := mustOpen(t, Config{Dir: dir})
	begin := time.Now()
	mustClose(t, owner)
	if took := time.Since(begin); took < serverPatience {
		t.Errorf("the server stopped under a joined command after %v, want %v", took, serverPatience)
	}
	wantNoProcess(t, dir)
	mustClose(t, joined)
}

func TestCommandsThatStartTogetherShareOneServer(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	var commands []*child
	for range 5 {
		commands = append(commands, spawn(t, dir, RoleCommand))
	}
	owners := 0
	for _, c := range commands {
		word, rest := c.answer(t)
		switch word {
		case "owns":
			owners++
			fallthrough
		case "joined":
			if got := query(t, rest, "select 'served'"); got != "served" {
				t.Errorf("a command reads %q", got)
			}
		default:
			t.Errorf("a command said %s %s", word, rest)
		}
	}
	if owners != 1 {
		t.Errorf("%d commands own the server, want 1", owners)
	}
	for _, c := range commands {
		if err := c.stdin.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, c := range commands {
		c.finish(t)
	}
	wantNoProcess(t, dir)
}

// Commands that come and go all the time: whoever finds a stopping owner waits for its end.
func TestCommandsTakeOverFromEachOther(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 5 {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				s, err := Open(ctx, Config{Dir: dir, ForTests: true})
				if err == nil {
					if e := ping(ctx, s.socketDir, databaseName); e != nil {
						t.Errorf("an opened server does not answer: %v", e)
					}
					err = s.Close(ctx)
				}
				cancel()
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	wantNoProcess(t, dir)
}
