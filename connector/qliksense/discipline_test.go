package qliksense

import (
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// fetchAll fetches all apps, 16 at a time, and gives their snapshots as JSON by key. between is called
// after each.
func fetchAll(t *testing.T, c connector.Connector, between func(n int)) map[catalog.Key]string {
	t.Helper()
	var (
		all   = listAll(t, c)
		out   = map[catalog.Key]string{}
		work  = make(chan connector.Listed, len(all))
		mu    sync.Mutex
		done  atomic.Int64
		group sync.WaitGroup
	)
	for _, l := range all {
		work <- l
	}
	close(work)
	for range 16 {
		group.Go(func() {
			for l := range work {
				s, err := c.Fetch(t.Context(), l)
				if err != nil {
					t.Errorf("%s: %v", l.Unit.Key, err)
					continue
				}
				text, err := json.Marshal(s)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				out[l.Unit.Key] = string(text)
				mu.Unlock()
				between(int(done.Add(1)))
			}
		})
	}
	group.Wait()
	return out
}

// TestASessionThatEndsInTheMiddleOfACrawlCostsNoApp compares with a crawl that nothing disturbs.
func TestASessionThatEndsInTheMiddleOfACrawlCostsNoApp(t *testing.T) {
	t.Parallel()
	for name, face := range map[string]qliktest.CookieFace{"302": qliktest.CookieRedirect, "500": qliktest.CookieError, "401": qliktest.CookieRefused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := qliktest.New(t, qliktest.Generate(qliktest.GenerateOptions{Apps: 24, Seed: 11}), qliktest.Options{UnknownCookie: face})
			calm := openSite(t, srv, nil, slog.New(slog.DiscardHandler))
			want := fetchAll(t, calm, func(int) {})
			if err := calm.Close(); err != nil {
				t.Fatal(err)
			}
			if c := srv.Counters(); c.Logins != 1 || c.Sessions.Peak != 1 {
				t.Errorf("undisturbed: %d logins, %d sessions at a time", c.Logins, c.Sessions.Peak)
			}
			disturbed := openSite(t, srv, nil, slog.New(slog.DiscardHandler))
			got := fetchAll(t, disturbed, func(n int) {
				if n == 3 || n == 9 {
					srv.ExpireSessions()
				}
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("apps differ (-calm +disturbed):\n%s", diff)
			}
			if err := disturbed.Close(); err != nil {
				t.Error(err)
			}
			if c := srv.Counters(); c.Logins < 3 || c.Logins > 4 || c.Sessions.Now != 0 || c.Sessions.Peak != 1 {
				t.Errorf("%d logins, %d sessions left, %d at a time", c.Logins, c.Sessions.Now, c.Sessions.Peak)
			}
		})
	}
}

// A siteClock is the site's clock, moved by the test.
type siteClock struct{ ahead atomic.Int64 }

func (c *siteClock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *siteClock) pass(d time.Duration) { c.ahead.Add(int64(d)) }
func longToken() qliktest.TokenOptions    { return qliktest.TokenOptions{Lifetime: 100 * time.Hour} }

// TestTrafficOfSocketsAloneKeepsTheSession is why there is no keep-alive (facts A.9).
func TestTrafficOfSocketsAloneKeepsTheSession(t *testing.T) {
	t.Parallel()
	clock := &siteClock{}
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{Now: clock.now})
	p := openOn(t, srv, site, jwtConnection(t, srv, site, secret("jwt.token", srv.Token(admin(t, site), longToken()))))
	socket, err := p.dialApp(t.Context(), p.appID(0))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for range 12 { // five hours
		clock.pass(25 * time.Minute)
		if err := ask(t, socket); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := p.srv.Counters().Logins; n != 1 {
		t.Errorf("%d logins", n)
	}
	clock.pass(31 * time.Minute) // nothing is asked for longer than the site waits
	if err := p.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := p.srv.Counters().Logins; n != 2 {
		t.Errorf("%d logins after a long silence", n)
	}
}

func ask(t *testing.T, s *qix.Session) error {
	t.Helper()
	_, err := s.EngineVersion(t.Context()).Get(t.Context())
	return err
}

// TestTheFirstRequestOfASessionGetsMoreTimeThanTheOthers: an idle proxy takes 15 to 21 seconds (facts A.5).
// All times are scaled down.
func TestTheFirstRequestOfASessionGetsMoreTimeThanTheOthers(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{Latency: qliktest.Latency{Login: 3 * time.Second}})
	cfg := p.restConfig(nil, nil, p.login)
	cfg.Timeout, cfg.Retries = 1500*time.Millisecond, -1
	if _, err := qrs.New(cfg).About(t.Context()); err != nil {
		t.Error(err)
	}
	if firstTimeout < time.Minute {
		t.Errorf("the first request gets %s", firstTimeout)
	}
}

func TestACrawlWaitsForASessionToEnd(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{MaxSessions: 1})
	other := openOn(t, p.srv, p.site, p.conn)
	if err := other.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.atLimit.wait, p.atLimit.pause = 20*time.Second, 20*time.Millisecond
	if err := p.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			socket, err := p.dialApp(t.Context(), p.appID(i%6))
			if err != nil {
				t.Error(err)
				return
			}
			_ = socket.Close()
		})
	}
	deadline := time.After(20 * time.Second)
	for p.logs.count("as many Qlik sessions") == 0 {
		select {
		case <-deadline:
			t.Fatal("nobody says that it waits")
		case <-time.After(time.Millisecond):
		}
	}
	p.srv.ExpireSessions() // the other program is gone, and so is our session
	all.Wait()
	if n := p.logs.count("as many Qlik sessions"); n != 1 {
		t.Errorf("it was said %d times", n)
	}
}
