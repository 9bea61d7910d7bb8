package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// A safeText is what a program writes, read while it writes.
type safeText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A server is `serve`, in this process, with an admin's token.
type server struct {
	url, token string
	stop       func() int
}

var (
	listeningOn = regexp.MustCompile(`listening on (\S+)`)
	firstLogin  = regexp.MustCompile(`with the password (\S+)`)
)

func (p *program) serve(args ...string) *server {
	p.t.Helper()
	var out safeText
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), environment{
			Getenv: func(k string) string { return p.env[k] }, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Pace: quick(),
		})
	}()
	s := &server{stop: sync.OnceValue(func() int { cancel(); return <-ended })}
	p.t.Cleanup(func() {
		if status := s.stop(); status != exitDone && status != exitInterrupted {
			p.t.Errorf("serve ended with %d:\n%s", status, out.String())
		}
	})
	eventually(p.t, "the server listens", func() bool {
		select {
		case status := <-ended:
			ended <- status
			p.t.Fatalf("serve ended with %d:\n%s", status, out.String())
		default:
		}
		return listeningOn.MatchString(out.String())
	})
	s.url = listeningOn.FindStringSubmatch(out.String())[1]
	password := firstLogin.FindStringSubmatch(out.String())
	if password == nil {
		p.t.Fatalf("no first password in:\n%s", out.String())
	}
	s.token = p.newToken(s.url, password[1])
	return s
}

// newToken logs in as the first admin and makes an API token.
func (p *program) newToken(url, password string) string {
	p.t.Helper()
	var cookies []*http.Cookie
	call := func(path, body string) map[string]any {
		req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, url+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			p.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for _, c := range cookies {
			req.AddCookie(c)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			p.t.Fatal(err)
		}
		defer res.Body.Close()
		cookies = append(cookies, res.Cookies()...)
		var answer map[string]any
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode >= 300 {
			p.t.Fatalf("POST %s: %s, %v, %v", path, res.Status, answer, err)
		}
		return answer
	}
	call("/session", `{"user":"admin","password":"`+password+`"}`)
	token, _ := call("/tokens", `{"name":"test","role":"admin"}`)["token"].(string)
	if token == "" {
		p.t.Fatal("no token")
	}
	return token
}

func TestCrawlOnAServerIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	site := smallSite(12)
	srv := qliktest.New(t, site, qliktest.Options{})
	p := newProgram(t)
	p.must(exitDone, fileFor(t, srv, "qlik"), "connection", "add", "-f", "-")
	s := p.serve()
	remote := []string{"--server", s.url, "--token", s.token}
	var first crawlResult
	r := p.must(exitDone, "", append([]string{"crawl", "qlik", "--json"}, remote...)...)
	if err := json.Unmarshal([]byte(r.stdout), &first); err != nil {
		t.Fatal(err)
	}
	if first.Mode != catalog.Full || first.State != catalog.Done || first.Tally.Added != 12 || len(first.Outcomes) != 12 || first.Counts.Apps != 12 {
		t.Errorf("the first crawl: %+v", first)
	}
	if !strings.Contains(r.stderr, "qlik") {
		t.Errorf("no progress on standard error: %q", r.stderr)
	}
	srv.Fail(site.Apps[0].ID, qliktest.AccessDenied5)
	partly := p.must(exitPartly, "", append([]string{"crawl", "qlik", "--app", site.Apps[0].ID}, remote...)...)
	if !strings.Contains(partly.stdout, "partial") {
		t.Errorf("it said:\n%s", partly.stdout)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no such connection": {append([]string{"crawl", "nowhere"}, remote...), exitFailed, "no connection"},
		"wrong token":        {[]string{"crawl", "qlik", "--server", s.url, "--token", "x"}, exitFailed, "token"},
		"no token":           {[]string{"crawl", "qlik", "--server", s.url}, exitUsage, "QLIKCRAWLER_TOKEN"},
		"no address":         {[]string{"crawl", "qlik", "--server", "sense", "--token", "x"}, exitUsage, "https://"},
		"a file":             {append([]string{"crawl", "-f", "-"}, remote...), exitUsage, "name it"},
		"nobody there":       {[]string{"crawl", "qlik", "--server", "http://127.0.0.1:1", "--token", "x"}, exitFailed, "--server"},
	} {
		if r := p.run("", c.args...); r.status != c.status || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: %d, %q; want %d and %q", name, r.status, r.stderr, c.status, c.says)
		}
	}
	if status := s.stop(); status != exitDone && status != exitInterrupted {
		t.Errorf("it ended with %d", status)
	}
	if c := srv.Counters(); c.Sessions.Now != 0 || c.Sockets.Now != 0 {
		t.Errorf("left on the site: %d sessions, %d sockets", c.Sessions.Now, c.Sockets.Now)
	}
}

// BenchmarkTwoProcesses compares a crawl by two `serve` processes with one by one, on a site that takes its time.
func BenchmarkTwoProcesses(b *testing.B) {
	srv := slowSite(b, 96, 2*time.Second)
	file := fileFor(b, srv, "qlik") + "options: {workers: 16, max_sessions: 2}\n"
	var one, two float64
	for b.Loop() {
		one, two = secondsWith(b, file, 1), secondsWith(b, file, 2)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(one, "s-one")
	b.ReportMetric(two, "s-two")
	b.ReportMetric(one/two, "times-as-fast")
}

// secondsWith is how long a crawl by so many processes takes, 8 apps at a time each.
func secondsWith(b *testing.B, file string, processes int) (seconds float64) {
	p := newProgram(b)
	p.must(exitDone, file, "connection", "add", "-f", "-")
	for range processes {
		x := p.process("serve", "--no-web", "--slots", "8")
		defer x.signal(syscall.SIGTERM) // it logs out: the site's sessions are few
		eventually(b, "the process works", func() bool { return strings.Contains(x.out.String(), "working on crawls") })
	}
	conn := connect(b, p.database())
	id := request(b, p, full("qlik"))
	eventually(b, "the crawl is over", func() bool {
		return number(b, conn, "select count(*) from catalog.crawl_run where id = $1 and state = 'done'", id) == 1
	})
	if err := conn.QueryRow(b.Context(), "select extract(epoch from finished_at - started_at) from catalog.crawl_run where id = $1", id).Scan(&seconds); err != nil {
		b.Fatal(err)
	}
	return seconds
}
