package qliksense

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestSixteenSocketsAndRESTAreOneSession(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{})
	var all sync.WaitGroup
	var mu sync.Mutex
	var sockets []*qix.Session
	for i := range 16 {
		all.Go(func() {
			if err := p.about(t.Context()); err != nil {
				t.Error(err)
			}
			socket, err := p.dialApp(t.Context(), p.appID(i%len(p.site.Apps)))
			if err != nil {
				t.Error(err)
				return
			}
			if socket.Attached() {
				t.Error("an Engine session was shared with another socket")
			}
			mu.Lock()
			defer mu.Unlock()
			sockets = append(sockets, socket)
		})
	}
	all.Wait()
	if c := p.srv.Counters(); c.Logins != 1 || c.Sessions.Peak != 1 || c.Sockets.Now != 16 {
		t.Errorf("%d logins, %d sessions at once, %d sockets", c.Logins, c.Sessions.Peak, c.Sockets.Now)
	}
	for _, s := range sockets {
		_ = s.Close()
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if c := p.srv.Counters(); c.Logouts != 1 || c.Sessions.Now != 0 {
		t.Errorf("%d logouts, %d sessions left", c.Logouts, c.Sessions.Now)
	}
	u, c := p.usage(), p.srv.Counters()
	if u.Sessions != 1 || u.Sockets != 16 || int(u.Requests) != c.RequestTotal()-16 || u.BytesReceived == 0 {
		t.Errorf("usage %+v, the site counted %v", u, c.Requests)
	}
	p.silent(t)
}

func TestNothingIsAskedBeforeTheFirstUse(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{})
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if n := p.srv.Counters().RequestTotal(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestEachFaceOfAnExpiredSessionLogsInOnceMore(t *testing.T) {
	t.Parallel()
	for _, face := range []qliktest.Fault{qliktest.Expire401, qliktest.Expire302, qliktest.Expire500} {
		t.Run(string(face), func(t *testing.T) {
			t.Parallel()
			p := openSession(t, qliktest.Options{})
			if err := p.about(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.srv.Fail("", face)
			if err := p.about(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c := p.srv.Counters(); c.Logins != 2 {
				t.Errorf("%d logins", c.Logins)
			}
			p.silent(t)
		})
	}
}

func TestManyCallersOfAnExpiredSessionLogInOnce(t *testing.T) {
	t.Parallel()
	for name, face := range map[string]qliktest.CookieFace{"302": qliktest.CookieRedirect, "500": qliktest.CookieError, "401": qliktest.CookieRefused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openSession(t, qliktest.Options{UnknownCookie: face})
			if err := p.about(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.srv.ExpireSessions()
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					if i%2 == 0 {
						if err := p.about(t.Context()); err != nil {
							t.Error(err)
						}
						return
					}
					socket, err := p.dialApp(t.Context(), p.appID(i%6))
					if err != nil {
						t.Error(err)
						return
					}
					_ = socket.Close()
				})
			}
			all.Wait()
			if c := p.srv.Counters(); c.Logins != 2 || c.Sessions.Now != 1 {
				t.Errorf("%d logins, %d sessions", c.Logins, c.Sessions.Now)
			}
		})
	}
}

func TestSocketsLogInAgainOnTheirOwnFacesOfExpiry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options qliktest.Options
		end     func(*probe)
		logins  int
	}{
		"no greeting":                    {qliktest.Options{}, func(p *probe) { p.srv.Fail("", qliktest.SilentClose) }, 2},
		"OnSessionTimedOut":              {qliktest.Options{NoCSRF: true}, func(p *probe) { p.srv.ExpireSessions() }, 2},
		"mustAuthenticate":               {qliktest.Options{NoCSRF: true}, func(p *probe) { p.jar.dropSession() }, 2},
		"csrftoken is 403 (facts A.7)":   {qliktest.Options{}, func(p *probe) { p.srv.ExpireSessions() }, 2},
		"an old server without the rule": {qliktest.Options{NoCSRF: true}, func(*probe) {}, 1},
		"a mild server":                  {qliktest.Options{Mild: true}, func(*probe) {}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openSession(t, c.options)
			if err := p.about(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.end(p)
			socket, err := p.dialApp(t.Context(), p.appID(0))
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			if n := p.srv.Counters().Logins; n != c.logins {
				t.Errorf("%d logins", n)
			}
			p.silent(t)
		})
	}
}

func TestWorkOnAnAppStartsOverWhenTheSessionEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{})
	runs := 0
	err := p.onApp(t.Context(), p.appID(0), func(s *qix.Session) error {
		if runs++; runs == 1 {
			p.srv.ExpireSessions()
			<-s.Done()
			return s.Err()
		}
		return nil
	})
	if err != nil || runs != 2 || p.srv.Counters().Logins != 2 {
		t.Errorf("%d runs, %d logins, %v", runs, p.srv.Counters().Logins, err)
	}
}

func TestAnotherProgramThatKeepsLoggingUsOutIsAnErrorAndNoStorm(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{})
	var err error
	for range 20 {
		if err = p.about(t.Context()); err != nil {
			break
		}
		p.srv.ExpireSessions()
	}
	if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(catalog.CureOf(err), "account of its own") {
		t.Errorf("error %v, cure %s", err, catalog.CureOf(err))
	}
	if n := p.srv.Counters().Logins; n != manyLogins {
		t.Errorf("%d logins", n)
	}
}

func TestTheSessionLimitIsSaidInWords(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{MaxSessions: 1})
	other := openOn(t, p.srv, p.site, p.conn)
	if err := other.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.atLimit.wait, p.atLimit.pause = 20*time.Millisecond, time.Millisecond
	_, err := p.dialApp(t.Context(), p.appID(0))
	if catalog.CodeOf(err) != catalog.CodeSessionLimit || !strings.Contains(catalog.CureOf(err), "5 sessions a user") {
		t.Errorf("error %v, cure %s", err, catalog.CureOf(err))
	}
	p.silent(t, err)
}

func TestLogoutComesAlsoAfterACancelledCrawl(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	if err := p.about(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.about(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if c := p.srv.Counters(); c.Logouts != 1 || c.Sessions.Now != 0 {
		t.Errorf("%d logouts, %d sessions left", c.Logouts, c.Sessions.Now)
	}
	if err := p.about(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("after close: %v", err)
	}
}

func TestCloseWaitsForALoginThatIsUnderWay(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{Latency: qliktest.Latency{REST: 300 * time.Millisecond}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.about(ctx) }()
	deadline, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for p.srv.Counters().Logins == 0 && deadline.Err() == nil {
		select { // the login has begun when the site has a session
		case <-deadline.Done():
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	began := time.Now()
	if err := <-done; !errors.Is(err, context.Canceled) || time.Since(began) > time.Second {
		t.Errorf("the caller got %v after %s", err, time.Since(began))
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if c := p.srv.Counters(); c.Logins != 1 || c.Logouts != 1 || c.Sessions.Now != 0 {
		t.Errorf("%d logins, %d logouts, %d sessions left", c.Logins, c.Logouts, c.Sessions.Now)
	}
}

func TestACallerWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{Latency: qliktest.Latency{Login: 200 * time.Millisecond}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() {
		if err := p.about(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the hasty one: %v", err)
		}
	})
	all.Go(func() {
		if err := p.about(t.Context()); err != nil {
			t.Errorf("the patient one: %v", err)
		}
	})
	all.Wait()
	if n := p.srv.Counters().Logins; n != 1 {
		t.Errorf("%d logins", n)
	}
}
