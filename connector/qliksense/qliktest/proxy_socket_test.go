package qliktest

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// facts C.1: the grammar of socket paths.
func TestSocketPathC1(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path string
		want socketPath
		ok   bool
	}{
		{"/app", socketPath{ttl: -1}, true},
		{"/app/", socketPath{ttl: -1}, true},
		{"/app/engineData", socketPath{ttl: -1}, true},
		{"/app/enginedata/identity/x/ttl/5", socketPath{identity: "x", ttl: 5 * time.Second}, true},
		{"/app/ABC", socketPath{appID: "abc", ttl: -1}, true},
		{"/app/abc/ttl/0", socketPath{appID: "abc"}, true},
		{"/app/abc/ttl/x", socketPath{}, false},
		{"/app/abc/identity", socketPath{}, false},
		{"/app/abc/other/x", socketPath{}, false},
		{"/apps/abc", socketPath{}, false},
	} {
		if got, ok := parseSocketPath(tt.path); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %+v %t, want %+v %t", tt.path, got, ok, tt.want, tt.ok)
		}
	}
}

// facts A.7, A.8, G.2: what an upgrade with a session cookie needs, in the strict setting, the mild
// one and on a server of before November 2024.
func TestUpgradeRulesA7A8(t *testing.T) {
	t.Parallel()
	strict, mild, old := Options{}, Options{Mild: true}, Options{NoCSRF: true}
	listed := Options{HostAllowList: []string{"sense.example.com"}}
	for _, tt := range []struct {
		name   string
		o      Options
		origin string
		token  string // "query", "header", "foreign" or none
		bearer bool
		want   int
	}{
		{"all right", strict, "https://localhost", "query", false, 101},
		{"own name with port", strict, "https://localhost:1234", "query", false, 101},
		{"no token", strict, "https://localhost", "", false, 403},
		{"token in header only", strict, "https://localhost", "header", false, 403},
		{"token of another session", strict, "https://localhost", "foreign", false, 403},
		{"no origin", strict, "", "query", false, 403},
		{"authorization too", strict, "https://localhost", "query", true, 403},
		{"origin not listed", strict, "https://sense.example.com", "query", false, 403},
		{"origin listed", listed, "https://sense.example.com", "query", false, 101},
		{"origin without letter case", listed, "https://SENSE.example.com", "query", false, 101},
		{"part of a listed name", listed, "https://x.sense.example.com", "query", false, 403},
		{"address", Options{HostAllowList: []string{"127.0.0.1"}}, "https://127.0.0.1", "query", false, 403},
		{"mild without origin", mild, "", "query", false, 101},
		{"mild with authorization", mild, "", "query", true, 101},
		{"mild without token", mild, "", "", false, 403},
		{"old without anything", old, "", "", false, 101},
		{"old with foreign origin", old, "https://evil.example.com", "", false, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, s := start(t, tt.o)
			b := as(t, s, c.ann).login()
			path := "/app/engineData"
			switch tt.token {
			case "query":
				path += "?qlik-csrf-token=" + b.token()
			case "header":
				b.header.Set("qlik-csrf-token", b.token())
			case "foreign":
				path += "?qlik-csrf-token=" + as(t, s, c.bob).login().token()
			}
			if tt.origin != "" {
				b.header.Set("Origin", tt.origin)
			}
			if tt.bearer {
				b.header.Set("Authorization", "Bearer "+s.Token(c.ann))
			}
			if _, r := b.dial(path); r.status != tt.want {
				t.Errorf("status %d, want %d", r.status, tt.want)
			}
		})
	}
}

// facts C.2: through the proxy two frames come unprompted, in this order.
func TestGreetingThroughTheProxyC2(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann).login()
	b.header.Set("Origin", s.URL)
	ws, _ := b.dial("/app/" + strings.ToUpper(c.sales.ID) + "/identity/x/ttl/5?qlik-csrf-token=" + b.token())
	p := nextPush(t, ws)
	if p.Method != "OnAuthenticationInformation" || p.Params.MustAuthenticate || p.Params.UserID != "ann" ||
		p.Params.UserDirectory != "ACME" || p.Params.LogoutURI != s.URL+"/jwt/qps/user" {
		t.Errorf("first %+v", p)
	}
	if p := nextPush(t, ws); p.Method != "OnConnected" || p.Params.SessionState != "SESSION_CREATED" {
		t.Errorf("second %+v", p)
	}
}

// facts C.2, G.1, A.3a: without a session the upgrade is accepted and the client told where to log
// in; the page to come back to is part of that.
func TestSocketWithoutSessionMustAuthenticateC2(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	for _, prefix := range []string{"", "/jwt"} {
		b := newBrowser(t, s, false)
		b.base += prefix
		ws, _ := b.dial("/app/?reloadUri=" + url.QueryEscape("https://localhost/dev-hub/engine"))
		p := nextPush(t, ws)
		if !p.Params.MustAuthenticate || !strings.HasPrefix(p.Params.LoginURI, s.URL+prefix+"/internal_windows_authentication/?targetUri=") ||
			!strings.Contains(p.Params.LoginURI, url.QueryEscape("https://localhost/dev-hub/engine")) {
			t.Errorf("%s: %+v", prefix, p)
		}
		b.base = ""
		b.must(401, p.Params.LoginURI)
		_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"jsonrpc":"2.0","id":1,"handle":-1,"method":"EngineVersion","params":[]}`))
		_ = ws.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, frame, err := ws.ReadMessage(); err == nil {
			t.Errorf("answered %s without a session", frame)
		}
	}
}

// facts C.2: fatal pushes, after the first frame, then the end.
func TestFatalPushesC2(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		fault        Fault
		path, method string
		message      string
	}{
		{"unknown app", "", "/app/" + guidOf(999), "OnNoEngineAvailable", ""},
		{"no engine", EngineAway, "/app/" + guidOf(41), "OnNoEngineAvailable", ""},
		{"licence", LicenseDenied, "/app/" + guidOf(41), "OnLicenseAccessDenied", "Access to the app is denied: No available access type"},
		{"engine gone", SocketFailed, "/app/" + guidOf(41), "OnEngineWebsocketFailed", "Connection to Qlik service failed, shutting down"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, s := start(t, Options{NoCSRF: true})
			if tt.fault != "" {
				s.Fail(c.sales.ID, tt.fault)
			}
			ws, _ := as(t, s, c.ann).login().dial(tt.path)
			nextPush(t, ws)
			p := nextPush(t, ws)
			if p.Method != tt.method || p.Params.Message != tt.message || p.Params.Severity != "fatal" {
				t.Errorf("%+v", p)
			}
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$`).MatchString(p.Params.Timestamp) {
				t.Errorf("timestamp %s has not seven digits", p.Params.Timestamp)
			}
			if _, _, err := ws.ReadMessage(); err == nil {
				t.Error("the socket stays open")
			}
		})
	}
}

// facts A.9: one face of an expired session is an upgrade that is accepted and then closed.
func TestSilentCloseA9(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{NoCSRF: true})
	s.Fail("", SilentClose)
	b := as(t, s, c.ann).login()
	ws, _ := b.dial("/app/engineData")
	if _, frame, err := ws.ReadMessage(); err == nil {
		t.Errorf("got %s", frame)
	}
	ws, _ = b.dial("/app/engineData")
	nextPush(t, ws)
}

// facts C.2: after a ping through the proxy the next request is never answered; on the Engine's own
// port pings are harmless, and a switch makes them so everywhere.
func TestPingsThroughTheProxyC2(t *testing.T) {
	t.Parallel()
	const version = `{"jsonrpc":"2.0","id":1,"handle":-1,"method":"EngineVersion","params":[]}`
	answered := func(t *testing.T, ws *websocket.Conn, pushes int, wait time.Duration) bool {
		for range pushes {
			nextPush(t, ws)
		}
		if err := ws.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := ws.WriteMessage(websocket.TextMessage, []byte(version)); err != nil {
			t.Fatal(err)
		}
		_ = ws.SetReadDeadline(time.Now().Add(wait))
		_, _, err := ws.ReadMessage()
		return err == nil
	}
	c, s := start(t, Options{NoCSRF: true})
	ws, _ := as(t, s, c.ann).login().dial("/app/engineData")
	if answered(t, ws, 2, 200*time.Millisecond) {
		t.Error("answered after a ping through the proxy")
	}
	b := direct(t, s, "UserDirectory=INTERNAL; UserId=sa_api")
	b.base = s.EngineURL
	ws, _ = b.dial("/app/engineData")
	if !answered(t, ws, 1, 10*time.Second) {
		t.Error("not answered after a ping to the Engine's own port")
	}
	c, s = start(t, Options{NoCSRF: true, Pings: PingsAnswered})
	ws, _ = as(t, s, c.ann).login().dial("/app/engineData")
	if !answered(t, ws, 2, 10*time.Second) {
		t.Error("not answered although pings are said to be harmless")
	}
}
