package qliktest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

// A login is a proxy session with its cookie and token.
type login struct {
	s             *Server
	cookie, token string
}

func logIn(t *testing.T, s *Server, u *User) login {
	t.Helper()
	hc := &http.Client{Transport: &http.Transport{TLSClientConfig: s.ClientTLS(false)}}
	defer hc.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, s.URL+"/jwt/qps/csrftoken", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token(u))
	res, err := hc.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if len(res.Cookies()) == 0 {
		t.Fatalf("no cookie: %s", res.Status)
	}
	return login{s: s, cookie: res.Cookies()[0].String(), token: res.Header.Get("qlik-csrf-token")}
}

// connect opens a socket through the proxy and takes both greetings.
func (l login) connect(t *testing.T, path string) *rawClient {
	t.Helper()
	d := websocket.Dialer{TLSClientConfig: l.s.ClientTLS(false)}
	header := http.Header{"Origin": {l.s.URL}, "Cookie": {l.cookie}}
	ws, _, err := d.Dial(strings.Replace(l.s.URL, "https", "wss", 1)+"/jwt"+path+"?qlik-csrf-token="+l.token, header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	c := &rawClient{t: t, ws: ws}
	if f := c.next(); f.Method != "OnAuthenticationInformation" {
		t.Fatalf("first frame: %s", f.raw)
	}
	if c.on = c.next(); c.on.Method != "OnConnected" {
		t.Fatalf("second frame: %s", c.on.raw)
	}
	return c
}

// facts C.1, C.2: through the proxy there are two greetings, and engine sessions belong to the proxy
// session.
func TestEngineThroughTheProxy(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	first, second := logIn(t, s, site.Users[ann]), logIn(t, s, site.Users[ann])
	path := "/app/" + salesID + "/identity/x/ttl/5"
	one := first.connect(t, path)
	one.openDoc(salesID, true)
	if got := first.connect(t, path); got.state() != attached {
		t.Errorf("same proxy session: %s", got.state())
	}
	other := second.connect(t, path)
	if other.state() != created {
		t.Errorf("another proxy session: %s", other.state())
	}
	other.openDoc(salesID, false)
}

// facts C.3: through the proxy, an app that the user may not read is refused with 4000.
func TestEngineRefusesThroughTheProxy(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	c := logIn(t, s, site.Users[ann]).connect(t, "/app/engineData")
	c.fails(-1, "OpenDoc", `["aaaaaaaa-0000-4000-8000-000000000004"]`, 4000)
}

// Whatever sockets were doing, a closed site leaves nothing behind. Not parallel: it counts goroutines.
func TestEngineLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	site := engineSite()
	s, err := Start(site, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Fail("aaaaaaaa-0000-4000-8000-000000000003", HangAtOpen)
	busy := connect(t, s, site.Users[ann], "/app/"+salesID)
	busy.openDoc(salesID, true)
	for range 50 {
		busy.send(1, "GetAllInfos", `[]`)
	}
	hung := connect(t, s, site.Users[ann], "/app/engineData")
	hung.send(-1, "OpenDoc", `["aaaaaaaa-0000-4000-8000-000000000003"]`)
	connect(t, s, site.Users[bob], "/app/engineData/ttl/60")
	s.Close()
	for _, c := range []*rawClient{busy, hung} {
		_ = c.ws.Close()
	}
	goleak.VerifyNone(t, before)
	if n := s.engine.sockets(); n != 0 {
		t.Errorf("%d sockets are left", n)
	}
}
