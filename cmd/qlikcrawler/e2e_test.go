package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// A program runs commands as a person does, on a database of its own.
type program struct {
	t   testing.TB
	env map[string]string
}

func newProgram(t testing.TB) *program {
	t.Helper()
	return &program{t, map[string]string{
		"QLIKCRAWLER_DATABASE_URL": pgtest.Blank(t),
		"QLIKCRAWLER_MASTER_KEY":   strings.Repeat("ab", 32),
		"QLIKCRAWLER_DATA_DIR":     t.TempDir(),
	}}
}

type result struct {
	status         int
	stdout, stderr string
}

func (p *program) run(stdin string, args ...string) result {
	p.t.Helper()
	return p.runIn(p.t.Context(), stdin, args...)
}

func (p *program) runIn(ctx context.Context, stdin string, args ...string) result {
	var out, errs bytes.Buffer
	status := run(ctx, args, environment{
		Getenv: func(k string) string { return p.env[k] }, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
	})
	return result{status, out.String(), errs.String()}
}

// must runs a command that has to end with the status.
func (p *program) must(status int, stdin string, args ...string) result {
	p.t.Helper()
	r := p.run(stdin, args...)
	if r.status != status {
		p.t.Fatalf("%v: exit status %d, want %d\n%s%s", args, r.status, status, r.stdout, r.stderr)
	}
	return r
}

// crawl crawls and gives the result.
func (p *program) crawl(status int, stdin string, args ...string) crawlResult {
	p.t.Helper()
	r := p.must(status, stdin, append([]string{"crawl", "--json"}, args...)...)
	var c crawlResult
	if err := json.Unmarshal([]byte(r.stdout), &c); err != nil {
		p.t.Fatalf("crawl --json: %v\n%s", err, r.stdout)
	}
	return c
}

// fileFor is a connection file for a simulated site.
func fileFor(t testing.TB, srv *qliktest.Server, code string) string {
	t.Helper()
	info, err := srv.Info()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("name: %s\ncode: %s\ntype: qlik-sense\nurl: %s\nauthentication: jwt\njwt: {prefix: %s, token: %s}\ntls: {ca_file: %s}\n",
		code, code, srv.URL, info.Prefix, info.Token, info.CAFile)
}

func TestDemoOnceCrawlsTheWholeSite(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r := p.must(exitDone, "", "demo", "--once")
	for _, want := range []string{"streams", "apps", "sheets", "cells", "measures", "dimensions", "master objects", "variables", "scripts", "requests", "Engine opens", "Where to look"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the summary lacks %q:\n%s", want, r.stdout)
		}
	}
	if !strings.Contains(r.stderr, "apps read") {
		t.Errorf("no progress on standard error:\n%s", r.stderr)
	}
}

func TestDemoOnTheEmbeddedPostgresTwice(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "qc") // short: it holds a socket; reachable by the server's account
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	p := &program{t, map[string]string{"QLIKCRAWLER_DATA_DIR": dir}}
	for range 2 {
		p.must(exitDone, "", "demo", "--once")
	}
	var rows []connectionRow
	if err := json.Unmarshal([]byte(p.must(exitDone, "", "connection", "list", "--json").stdout), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Code != "demo" || rows[0].Counts.Apps == 0 || rows[0].Health != catalog.Green {
		t.Errorf("connections %+v: want a green demo with apps", rows)
	}
}

func TestCrawlFullThenDeltaThenSelected(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	p := newProgram(t)
	file := fileFor(t, srv, "qlik")

	first := p.crawl(exitDone, file, "-f", "-")
	if first.Mode != catalog.Full || first.Tally.Added != len(site.Apps) || first.Counts.Apps != len(site.Apps) {
		t.Errorf("the first crawl: mode %s, %+v; want a full one that adds %d apps", first.Mode, first.Tally, len(site.Apps))
	}
	if first.Tally.Usage.Sessions != 1 || first.Tally.Usage.OpensWithData != 0 {
		t.Errorf("usage %+v: want one session and no open with data", first.Tally.Usage)
	}
	if c := srv.Counters(); c.Sessions.Now != 0 || c.Sockets.Now != 0 {
		t.Errorf("left on the site: %d sessions, %d sockets", c.Sessions.Now, c.Sockets.Now)
	}

	opened := srv.Counters().OpensWithoutData
	delta := p.crawl(exitDone, "", "qlik")
	if delta.Mode != catalog.Delta || delta.Tally.Unchanged != len(site.Apps) || srv.Counters().OpensWithoutData != opened {
		t.Errorf("a delta of nothing: %+v, %d opens", delta.Tally, srv.Counters().OpensWithoutData-opened)
	}

	one := site.Apps[0]
	selected := p.crawl(exitDone, "", "qlik", "--app", one.ID)
	if selected.Mode != catalog.Selected || selected.Tally.Planned != 1 || selected.Tally.Unchanged != 1 {
		t.Errorf("a selected crawl: %+v; want one app, unchanged", selected.Tally)
	}
}

func TestCrawlTellsOneBadAppAndReadsTheOthers(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	bad := site.Apps[2]
	srv.Fail(bad.ID, qliktest.AccessDenied4000)
	p := newProgram(t)
	r := p.crawl(exitPartly, fileFor(t, srv, "qlik"), "-f", "-")
	if r.Tally.Partial != 1 || r.Tally.Added != len(site.Apps)-1 {
		t.Errorf("tally %+v", r.Tally)
	}
	for _, o := range r.Outcomes {
		if o.Change == catalog.Partial && (o.Name != bad.Name || o.ErrorCode == "" || o.Error == "" || o.Cure == "") {
			t.Errorf("the outcome of the bad app: %+v", o)
		}
	}
	if r.Counts.Apps != len(site.Apps) {
		t.Errorf("%d apps in the catalog, want %d: a refused app is a row too", r.Counts.Apps, len(site.Apps))
	}
}

func TestConnectionLife(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.must(exitDone, goodFile, "connection", "add", "-f", "-")
	if r := p.must(exitFailed, goodFile, "connection", "add", "-f", "-"); !strings.Contains(r.stderr, "already") {
		t.Errorf("a second one of the code: %s", r.stderr)
	}
	shown := p.must(exitDone, "", "connection", "show", "qlik-prod").stdout
	if strings.Contains(shown, "very-secret-token") || !strings.Contains(shown, "jwt.token is set and not shown") {
		t.Errorf("show:\n%s", shown)
	}
	p.must(exitDone, strings.Replace(shown, "PROD", "TEST", 1), "connection", "edit", "qlik-prod", "-f", "-")
	edited := p.must(exitDone, "", "connection", "show", "qlik-prod").stdout
	if !strings.Contains(edited, "TEST") || !strings.Contains(edited, "jwt.token is set") {
		t.Errorf("after an edit without the secret:\n%s", edited)
	}
	r := p.must(exitUsage, strings.Replace(shown, "code: qlik-prod", "code: other", 1), "connection", "edit", "qlik-prod", "-f", "-")
	if !strings.Contains(r.stderr, "never changes") {
		t.Errorf("an edit of the code: %s", r.stderr)
	}
	moved := regexp.MustCompile(`(?m)^url: .*$`).ReplaceAllString(shown, "url: https://elsewhere.example.com")
	if r := p.must(exitUsage, moved, "connection", "edit", "qlik-prod", "-f", "-"); !strings.Contains(r.stderr, "jwt.token: must be given again, since url changes") {
		t.Errorf("an edit that sends the stored token elsewhere: %s", r.stderr)
	}
	p.must(exitDone, "", "connection", "remove", "qlik-prod")
	if r := p.must(exitFailed, "", "connection", "show", "qlik-prod"); !strings.Contains(r.stderr, "no connection") {
		t.Errorf("show of what is gone: %s", r.stderr)
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":      {[]string{"crwal"}, "unknown command"},
		"unknown flag":         {[]string{"crawl", "--mod", "full"}, "--mod"},
		"no connection":        {[]string{"crawl"}, "name a connection"},
		"both":                 {[]string{"crawl", "x", "-f", "y"}, "name a connection"},
		"wrong mode":           {[]string{"crawl", "x", "--mode", "half"}, "full or delta"},
		"mode and app":         {[]string{"crawl", "x", "--mode", "full", "--app", "a"}, "selected crawl"},
		"no file":              {[]string{"connection", "add"}, "file"},
		"missing file":         {[]string{"connection", "add", "-f", "/nowhere.yaml"}, "/nowhere.yaml"},
		"unknown type":         {[]string{"connection", "template", "tableau"}, "qlik-sense"},
		"unknown fault":        {[]string{"simulate", "--fault", "rain"}, "no such fault"},
		"apps below zero":      {[]string{"demo", "--apps", "-1"}, "--apps"},
		"demo for everybody":   {[]string{"demo", "--listen", "0.0.0.0:8080"}, "--listen 0.0.0.0:8080"},
		"sign without a key":   {[]string{"jwt", "sign"}, "required"},
		"key that isn't there": {[]string{"jwt", "sign", "--key", "/nowhere", "--user-id", "u", "--user-directory", "d"}, "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := p.run("", tc.args...)
			if r.status != exitUsage || !strings.Contains(r.stderr, tc.want) {
				t.Errorf("exit status %d, %q; want %d, %q", r.status, r.stderr, exitUsage, tc.want)
			}
		})
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	t.Parallel()
	root := newRoot(environment{})
	for _, cmd := range root.Commands() {
		for _, c := range append(cmd.Commands(), cmd) {
			if c.Name() == "help" || c.Parent() == root && c.Name() == "completion" {
				continue
			}
			if c.Example == "" || c.Short == "" {
				t.Errorf("%s has no example, or no short text", c.CommandPath())
			}
		}
	}
}

func TestJWTKeygenSignInspect(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := filepath.Join(t.TempDir(), "keys")
	if r := p.must(exitDone, "", "jwt", "keygen", "--bits", "2048", "--out", dir); !strings.Contains(r.stdout, "BEGIN CERTIFICATE") {
		t.Errorf("keygen doesn't print what to paste:\n%s", r.stdout)
	}
	p.must(exitUsage, "", "jwt", "keygen", "--bits", "2048", "--out", dir) // never over a key that is there
	token := p.must(exitDone, "", "jwt", "sign", "--key", filepath.Join(dir, keyFile), "--user-id", "svc", "--user-directory", "ACME", "--lifetime", "2d", "--claim", "site=x").stdout
	r := p.must(exitDone, token, "jwt", "inspect")
	for _, want := range []string{"svc", "ACME", "RS256", "site", "nothing in the token speaks against it"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("inspect lacks %q:\n%s", want, r.stdout)
		}
	}
	for claim, flag := range map[string]string{"exp=5": "--lifetime", "aud=x": "--audience", "userid=x": "--user-id"} {
		r := p.must(exitUsage, "", "jwt", "sign", "--key", filepath.Join(dir, keyFile), "--user-id", "svc", "--user-directory", "ACME", "--claim", claim)
		if !strings.Contains(r.stderr, flag) {
			t.Errorf("--claim %s: %s", claim, r.stderr)
		}
	}
	if r := p.must(exitFailed, "not a token", "jwt", "inspect"); strings.Contains(r.stderr, "not a token") {
		t.Errorf("the error shows what was given: %s", r.stderr)
	}
}

// lines is a writer that gives the first line it gets.
type lines struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	first chan string
	sent  bool
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(b)
	if line, _, ok := strings.Cut(l.buf.String(), "\n"); ok && !l.sent {
		l.sent = true
		l.first <- line
	}
	return len(b), nil
}

func TestSimulateTellsWhatAClientNeedsAndEndsCleanly(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out := &lines{first: make(chan string, 1)}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"simulate", "--apps", "3"}, environment{Getenv: func(string) string { return "" }, Stdout: out, Stderr: &bytes.Buffer{}})
	}()
	var info qliktest.Info
	if err := json.Unmarshal([]byte(<-out.first), &info); err != nil {
		t.Fatal(err)
	}
	file := fmt.Sprintf("name: s\ncode: s\ntype: qlik-sense\nurl: %s\nauthentication: jwt\njwt: {prefix: %s, token: %s}\ntls: {ca_file: %s}\n", info.URL, info.Prefix, info.Token, info.CAFile)
	if r := newProgram(t).crawl(exitDone, file, "-f", "-"); r.Counts.Apps != 3 {
		t.Errorf("crawled %d apps, want 3", r.Counts.Apps)
	}
	stop()
	if status := <-ended; status != exitDone {
		t.Errorf("exit status %d after Ctrl-C, want 0", status)
	}
}
