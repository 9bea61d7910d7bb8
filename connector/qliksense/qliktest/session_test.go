package qliktest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A clock is a site's clock that a test moves.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// facts A.9: five sessions a user and virtual proxy; the sixth gets no socket, while REST works.
func TestSixthSessionGetsNoSocketA9(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	var all []*browser
	for range 6 {
		all = append(all, as(t, s, c.ann).login())
	}
	greeting := func(b *browser) (push, push) {
		b.header.Set("Origin", s.URL)
		ws, _ := b.dial("/app/engineData?qlik-csrf-token=" + b.token())
		return nextPush(t, ws), nextPush(t, ws)
	}
	for i, b := range all[:5] {
		if _, second := greeting(b); second.Method != "OnConnected" {
			t.Errorf("session %d: %s", i+1, second.Method)
		}
	}
	first, second := greeting(all[5])
	if first.Method != "OnAuthenticationInformation" || second.Method != "OnMaxParallelSessionsExceeded" || second.Params.Severity != "fatal" {
		t.Errorf("sixth session: %+v, %+v", first, second)
	}
	all[5].must(200, "/qrs/app")
	if _, second := greeting(as(t, s, c.bob).login()); second.Method != "OnConnected" {
		t.Errorf("another user: %s", second.Method)
	}
	if r := all[0].do("DELETE", "/qps/user", ""); r.status != 204 {
		t.Fatal(r.status)
	}
	if _, second := greeting(as(t, s, c.ann).login()); second.Method != "OnConnected" {
		t.Errorf("after logout: %s", second.Method)
	}
}

// facts A.9: many sockets on one cookie are one session.
func TestManySocketsAreOneSessionA9(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann).login()
	b.header.Set("Origin", s.URL)
	for range 16 {
		ws, _ := b.dial("/app/" + c.sales.ID + "?qlik-csrf-token=" + b.token())
		nextPush(t, ws)
		if p := nextPush(t, ws); p.Method != "OnConnected" {
			t.Fatalf("%+v", p)
		}
	}
	if got := s.Counters(); got.Sessions.Peak != 1 || got.Sockets.Peak != 16 || got.Sockets.Total != 16 {
		t.Errorf("counters %+v", got)
	}
}

// facts A.9: a session ends after its idle time, which REST calls start again; the cookie is then
// unknown. The faces of that are switchable.
func TestIdleSessionsEndA9(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		face CookieFace
		want int
	}{{"redirect", CookieRedirect, 302}, {"error", CookieError, 500}, {"refused", CookieRefused, 401}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var clk clock
			c, s := start(t, Options{Now: clk.now, UnknownCookie: tt.face, SessionTimeout: 30 * time.Minute})
			b := as(t, s, c.ann).login()
			for range 3 {
				clk.advance(29 * time.Minute)
				b.must(200, "/qrs/about")
			}
			clk.advance(31 * time.Minute)
			r := b.must(tt.want, "/qrs/about")
			if tt.want == 500 && r.body != "Authentication error: Restart the browser." {
				t.Errorf("body %q", r.body)
			}
			if n := s.Counters().Sessions.Now; n != 0 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

// facts A.9: sockets of an ended session are told why, and one that comes later as well.
func TestSocketsAreToldThatTheirSessionEndedA9(t *testing.T) {
	t.Parallel()
	var clk clock
	c, s := start(t, Options{Now: clk.now, NoCSRF: true})
	b := as(t, s, c.ann).login()
	ws, _ := b.dial("/app/engineData")
	nextPush(t, ws)
	nextPush(t, ws)
	clk.advance(time.Hour)
	late, _ := b.dial("/app/engineData")
	if p := nextPush(t, late); p.Method != "OnSessionTimedOut" || p.Params.Message != "Session timed out due to inactivity" {
		t.Errorf("late socket: %+v", p)
	}
	if p := nextPush(t, ws); p.Method != "OnSessionTimedOut" || p.Params.Severity != "fatal" {
		t.Errorf("open socket: %+v", p)
	}
	if _, _, err := ws.ReadMessage(); err == nil {
		t.Error("the socket of an ended session stays open")
	}

	b = as(t, s, c.ann).login()
	ws, _ = b.dial("/app/engineData")
	nextPush(t, ws)
	nextPush(t, ws)
	b.do("DELETE", "/qps/user", "")
	if p := nextPush(t, ws); p.Method != "OnSessionLoggedOut" {
		t.Errorf("after logout: %+v", p)
	}
	eventually(t, func() bool { return s.Counters().Sockets.Now == 0 })
}

// facts A.9: closing the socket does not end the session.
func TestClosingASocketKeepsTheSessionA9(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{NoCSRF: true})
	b := as(t, s, c.ann).login()
	ws, _ := b.dial("/app/engineData")
	ws.Close()
	eventually(t, func() bool { return s.Counters().Sockets.Now == 0 })
	b.must(200, "/qrs/about")
	if n := s.Counters().Sessions.Now; n != 1 {
		t.Errorf("%d sessions", n)
	}
	s.ExpireSessions()
	b.must(302, "/qrs/about")
}

// facts A.9: frames on a socket keep its session alive, too.
func TestSocketTrafficKeepsTheSessionA9(t *testing.T) {
	t.Parallel()
	var clk clock
	c, s := start(t, Options{Now: clk.now, NoCSRF: true})
	b := as(t, s, c.ann).login()
	ws, _ := b.dial("/app/engineData")
	nextPush(t, ws)
	nextPush(t, ws)
	for range 3 {
		clk.advance(29 * time.Minute)
		if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"jsonrpc":"2.0","id":1,"handle":-1,"method":"EngineVersion","params":[]}`)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ws.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	b.must(200, "/qrs/about")
}
