package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// noDatabase is a program whose database can't be reached: what it does, it does without.
func noDatabase(t *testing.T) *program {
	t.Helper()
	return &program{t, map[string]string{
		"QLIKCRAWLER_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "QLIKCRAWLER_DATA_DIR": filepath.Join(t.TempDir(), "none"),
	}}
}

func (p *program) check(status int, stdin string, args ...string) checkReport {
	p.t.Helper()
	r := p.must(status, stdin, append([]string{"check", "--json"}, args...)...)
	var c checkReport
	if err := json.Unmarshal([]byte(r.stdout), &c); err != nil {
		p.t.Fatalf("check --json: %v\n%s", err, r.stdout)
	}
	return c
}

func TestCheckOfAFileNeedsNoDatabase(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	p := noDatabase(t)
	file := fileFor(t, srv, "prod")
	c := p.check(exitDone, file, "-f", "-")
	if !c.OK || c.Connection != "prod" || len(c.Steps) != 16 {
		t.Errorf("ok %t, connection %s, %d steps", c.OK, c.Connection, len(c.Steps))
	}
	for _, s := range c.Steps {
		if s.Status != connector.StepOK || s.Detail == "" {
			t.Errorf("%+v", s)
		}
	}
	if _, err := os.Stat(p.env["QLIKCRAWLER_DATA_DIR"]); err == nil {
		t.Error("the data folder was made")
	}
}

func TestCheckThatFindsAFaultSaysTheCureAndExitsWith1(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	srv.Fail("", qliktest.LicenseDenied)
	p, file := noDatabase(t), fileFor(t, srv, "prod")
	c := p.check(exitFailed, file, "-f", "-")
	var failed []stepResult
	for _, s := range c.Steps {
		if s.Status == connector.StepFailed {
			failed = append(failed, s)
		}
	}
	if c.OK || len(failed) != 1 || failed[0].Name != "engine" || failed[0].ErrorCode != "forbidden" || !strings.Contains(failed[0].Cure, "License management") {
		t.Errorf("ok %t, failed %+v", c.OK, failed)
	}
	r := p.must(exitFailed, file, "check", "-f", "-")
	for _, want := range []string{"ok       Log in: ", "FAILED   Connect to the Engine", "→ Assign an access type", "skipped  Read a load script: it needs", "1 step failed"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the output lacks %q:\n%s", want, r.stdout)
		}
	}
	info, err := srv.Info()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.stdout+r.stderr, info.Token[:40]) {
		t.Error("the output shows the token")
	}
}

func TestCheckOfAStoredConnection(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	p := newProgram(t)
	p.must(exitDone, fileFor(t, srv, "prod"), "connection", "add", "-f", "-")
	if c := p.check(exitDone, "", "prod"); !c.OK {
		t.Errorf("%+v", c)
	}
	p.must(exitFailed, "", "check", "nobody")
}

func TestCheckIsToldWhatToCheck(t *testing.T) {
	t.Parallel()
	p := noDatabase(t)
	for _, args := range [][]string{{"check"}, {"check", "prod", "-f", "-"}, {"check", "a", "b"}} {
		p.must(exitUsage, "", args...)
	}
	if r := p.must(exitUsage, "name: x\ncode: x\ntype: qlik-sense\n", "check", "-f", "-"); !strings.Contains(r.stderr, "url") {
		t.Error(r.stderr)
	}
}

// The site never answers a request to the Repository: what came before is on the screen by then.
func TestCheckPrintsEachStepAsItEnds(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	srv.Fail("", qliktest.HangREST)
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	status := make(chan int, 1)
	p := noDatabase(t)
	file := fileFor(t, srv, "prod")
	go func() {
		status <- run(ctx, []string{"check", "-f", "-"}, environment{
			Getenv: func(k string) string { return p.env[k] }, Stdin: strings.NewReader(file), Stdout: in, Stderr: io.Discard,
		})
		_ = in.Close()
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Find the virtual proxy") {
			cancel()
		}
	}
	cancel()
	if got := <-status; got != exitInterrupted {
		t.Errorf("exit status %d", got)
	}
}
