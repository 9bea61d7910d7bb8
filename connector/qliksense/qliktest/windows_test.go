package qliktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	ntlmssp "github.com/Azure/go-ntlmssp"
	"github.com/gorilla/websocket"
)

// windowsSite is the small site with passwords.
func windowsSite(t *testing.T, o Options) (*cast, *Server) {
	t.Helper()
	c, s := start(t, o)
	s.Edit(func(*Site) { c.ann.Password, c.bob.Password = "Änn's p4ss", "bob" })
	return c, s
}

// A stranger is a client that isn't ours: net/http and go-ntlmssp's own Negotiator, one connection at a
// time.
type stranger struct {
	t    *testing.T
	http *http.Client
	jar  *cookiejar.Jar
	user string
	pass string
}

func newStranger(t *testing.T, s *Server, user, pass string) *stranger {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: s.ClientTLS(false), MaxConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &stranger{t, &http.Client{Transport: ntlmssp.Negotiator{RoundTripper: drained{transport}}, Jar: jar, Timeout: 20 * time.Second}, jar, user, pass}
}

// drained reads a challenge to its end, so that its connection is used again: the Negotiator leaves it unread.
type drained struct{ next http.RoundTripper }

func (d drained) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := d.next.RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusUnauthorized {
		body, readErr := io.ReadAll(res.Body)
		_ = res.Body.Close()
		res.Body, err = io.NopCloser(bytes.NewReader(body)), readErr
	}
	return res, err
}

// get asks for address with the user's name and password at hand; follow says whether to follow redirects.
func (x *stranger) get(address string, login, follow bool, header map[string]string) answer {
	x.t.Helper()
	req, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Windows")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	req.Close = !login // the proxy closes the connection without a word after it has led to the module (facts A.3 2)
	if login {
		req.SetBasicAuth(x.user, x.pass) // this is how the Negotiator is told
	}
	x.http.CheckRedirect = func(*http.Request, []*http.Request) error {
		if follow {
			return nil
		}
		return http.ErrUseLastResponse
	}
	res, err := x.http.Do(req)
	if err != nil {
		x.t.Fatalf("GET %s: %v", address, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

var withKey = map[string]string{"X-Qlik-Xrfkey": xrfkey}

// facts A.3a, REST: the first request isn't followed; its Location is asked for with NTLM and followed to the
// end, whose answer has the cookie; from then on the cookie is enough.
func TestTheGoogleConnectorsLoginA3a(t *testing.T) {
	t.Parallel()
	_, s := windowsSite(t, Options{NoCSRF: true})
	x := newStranger(t, s, `ACME\ann`, "Änn's p4ss")
	first := x.get(s.URL+"/qrs/about?Xrfkey="+xrfkey, false, false, withKey)
	if first.status != http.StatusFound || first.cookie() != "" {
		t.Fatalf("first request: %d, cookie %q", first.status, first.cookie())
	}
	last := x.get(first.header.Get("Location"), true, true, withKey)
	var about struct{ BuildVersion string }
	if err := json.Unmarshal([]byte(last.body), &about); err != nil || last.status != 200 || about.BuildVersion == "" {
		t.Fatalf("last request: %d %s", last.status, last.body)
	}
	if !strings.HasPrefix(last.cookie(), "X-Qlik-Session=") {
		t.Errorf("the final answer sets no cookie: %v", last.header)
	}
	if r := x.get(s.URL+"/qrs/app/hublist/full?Xrfkey="+xrfkey, false, false, withKey); r.status != 200 {
		t.Errorf("with the cookie: %d", r.status)
	}
	googleEngine(t, s)
	if c := s.Counters(); c.Logins != 2 || c.WrongPasswords != 0 || c.StrayProofs != 0 {
		t.Errorf("%d logins, %d wrong passwords, %d stray proofs; want two sessions", c.Logins, c.WrongPasswords, c.StrayProofs)
	}
}

// googleEngine is the second half of facts A.3a: a socket without a cookie says where to log in, which leads
// to the page of reloadUri and its cookie; with it the socket of an app is open.
func googleEngine(t *testing.T, s *Server) {
	t.Helper()
	wss := strings.Replace(s.URL, "https://", "wss://", 1)
	d := websocket.Dialer{TLSClientConfig: s.ClientTLS(false), HandshakeTimeout: 10 * time.Second}
	ws, _, err := d.DialContext(t.Context(), wss+"/app/?transient=?Xrfkey="+xrfkey+"&reloadUri="+s.URL+"/dev-hub/engine-api-explorer", http.Header{"User-Agent": {"Windows"}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	p := nextPush(t, ws)
	if p.Method != "OnAuthenticationInformation" || !p.Params.MustAuthenticate {
		t.Fatalf("push %+v", p)
	}
	x := newStranger(t, s, `ACME\ann`, "Änn's p4ss")
	if r := x.get(p.Params.LoginURI, true, true, nil); r.status != 200 || r.cookie() == "" {
		t.Fatalf("loginUri: %d, cookie %q", r.status, r.cookie())
	}
	site, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	cookie := x.jar.Cookies(site)[0].String()
	app, _, err := d.DialContext(t.Context(), wss+"/app/"+guidOf(41)+"?Xrfkey="+xrfkey, http.Header{"Cookie": {cookie}, "X-Qlik-Xrfkey": {xrfkey}})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	if first, second := nextPush(t, app), nextPush(t, app); first.Params.UserID != "ann" || second.Method != "OnConnected" {
		t.Errorf("pushes %+v, %+v", first, second)
	}
}

// facts A.3b: qsAPI sends its headers on every call, follows redirects by hand and adds the xrfkey to each hop.
func TestTheQsAPILoginA3b(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "win"} {
		_, s := windowsSite(t, Options{WindowsPrefix: "win"})
		header := map[string]string{
			"X-Qlik-User": `UserDirectory=ACME; UserId=root`, "X-Qlik-Xrfkey": xrfkey, "X-Qlik-Virtual-Proxy-Prefix": prefix,
			"User-Agent": "Mozilla/5.0 (Windows NT 6.3; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/59 Safari/537.36",
		}
		x := newStranger(t, s, `acme\ANN`, "Änn's p4ss")
		address := strings.TrimSuffix(s.URL+"/"+prefix, "/") + "/qrs/about"
		var r answer
		for range 5 {
			r = x.get(withXrfkey(address), true, false, header)
			if r.status != http.StatusFound {
				break
			}
			address = r.header.Get("Location")
		}
		var about struct{ BuildVersion string }
		if err := json.Unmarshal([]byte(r.body), &about); err != nil || about.BuildVersion == "" {
			t.Fatalf("prefix %q: %d %s", prefix, r.status, r.body)
		}
		who := x.get(withXrfkey(strings.TrimSuffix(s.URL+"/"+prefix, "/")+"/qps/user"), false, false, header)
		if !strings.Contains(who.body, `"ann"`) {
			t.Errorf("prefix %q: X-Qlik-User counts on the proxy: %s", prefix, who.body)
		}
	}
}

func withXrfkey(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set("xrfkey", xrfkey)
	u.RawQuery = q.Encode()
	return u.String()
}

// facts A.3: who may log in, and how; the same on the port of older builds, and with http.
func TestWindowsAccountsA3(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"new": {}, "old": {OldLogin: true}, "http": {PlainHTTP: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s := windowsSite(t, o)
			s.Edit(func(*Site) { c.admin.Password, c.admin.RemovedExternal = "root", true })
			for _, tt := range []struct {
				user, pass string
				want       int
				wrong      int
			}{
				{`ACME\ann`, "Änn's p4ss", 200, 0},
				{`acme\ANN`, "Änn's p4ss", 200, 0},
				{"ann", "Änn's p4ss", 200, 0},
				{`ACME\ann`, "änn's p4ss", 401, 1},
				{`ACME\bob`, "Änn's p4ss", 401, 1},
				{`OTHER\ann`, "Änn's p4ss", 401, 1},
				{`ACME\nobody`, "x", 401, 1},
				{`ACME\root`, "root", 401, 1},
			} {
				s.ResetCounters()
				x := newStranger(t, s, tt.user, tt.pass)
				page := x.get(s.URL+"/qrs/about?xrfkey="+xrfkey, false, false, withKey).header.Get("Location")
				r := x.get(page, true, true, withKey)
				if n := s.Counters(); r.status != tt.want || n.WrongPasswords != tt.wrong || n.StrayProofs != 0 {
					t.Errorf("%s, %s: %d, %+v", tt.user, tt.pass, r.status, n)
				}
				if tt.want == 200 {
					if again := x.get(page, true, true, withKey); again.status != 400 {
						t.Errorf("a spent target id: %d", again.status)
					}
				}
			}
		})
	}
}

// facts A.3: target ids and tickets are good once and not for long; a ticket of one virtual proxy is none
// for another.
func TestTargetsAndTicketsAreGoodOnceA3(t *testing.T) {
	t.Parallel()
	var clk clock
	_, s := windowsSite(t, Options{Now: clk.now, WindowsPrefix: "win"})
	ticketed := func() string {
		x := newStranger(t, s, `ACME\ann`, "Änn's p4ss")
		page := x.get(s.URL+"/qrs/about?xrfkey="+xrfkey, false, false, withKey).header.Get("Location")
		return x.get(page, true, false, withKey).header.Get("Location")
	}
	b := newBrowser(t, s, false)
	b.base, b.key = "", ""
	b.header.Set("X-Qlik-Xrfkey", xrfkey)
	b.header.Set("User-Agent", "Windows")

	address := ticketed()
	if !strings.HasPrefix(address, s.URL+"/qrs/about?xrfkey="+xrfkey+"&qlikTicket=") {
		t.Errorf("the way back is %s", address)
	}
	if r := b.must(200, address); r.cookie() == "" {
		t.Error("no cookie")
	}
	b.must(302, address)
	b.must(302, strings.Replace(ticketed(), "/qrs/", "/win/qrs/", 1))
	late := ticketed()
	clk.advance(ticketLife + time.Second)
	b.must(302, late)

	page := b.must(302, s.URL+"/qrs/about?xrfkey="+xrfkey).header.Get("Location")
	clk.advance(6 * time.Minute)
	b.must(400, page)
}

// facts A.3 4: the three messages go over one connection.
func TestAProofOnAnotherConnectionIsNoneA3(t *testing.T) {
	t.Parallel()
	_, s := windowsSite(t, Options{})
	x := newStranger(t, s, `ACME\ann`, "Änn's p4ss")
	scattered := &http.Transport{TLSClientConfig: s.ClientTLS(false), DisableKeepAlives: true}
	page := x.get(s.URL+"/qrs/about?xrfkey="+xrfkey, false, false, withKey).header.Get("Location")
	x.http.Transport = ntlmssp.Negotiator{RoundTripper: scattered}
	if r := x.get(page, true, false, withKey); r.status != 401 {
		t.Errorf("%d", r.status)
	}
	if n := s.Counters(); n.StrayProofs != 1 || n.WrongPasswords != 0 {
		t.Errorf("%+v", n)
	}
}

// facts A.3 2: the connection is closed right after the redirect, without a word before.
func TestTheProxyClosesTheConnectionAfterTheRedirectA3(t *testing.T) {
	t.Parallel()
	_, s := windowsSite(t, Options{})
	transport := &http.Transport{TLSClientConfig: s.ClientTLS(false)}
	t.Cleanup(transport.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/qrs/about?xrfkey="+xrfkey, nil)
	if err != nil {
		t.Fatal(err)
	}
	var conn net.Conn
	req = req.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { conn = i.Conn }}))
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 302 || res.Close || res.Header.Get("Connection") != "" || res.Header.Get("Server") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	eventually(t, func() bool { // the transport has found out that it ended
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		_, err := conn.Read(make([]byte, 1))
		return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	})
	var all sync.WaitGroup
	for range 16 { // in parallel, on connections of their own
		all.Go(func() {
			x := newStranger(t, s, `ACME\ann`, "Änn's p4ss")
			page := x.get(s.URL+"/qrs/about?xrfkey="+xrfkey, false, false, withKey).header.Get("Location")
			if r := x.get(page, true, true, withKey); r.status != 200 {
				t.Errorf("%d", r.status)
			}
		})
	}
	all.Wait()
}

// facts A.3: a virtual proxy that takes tokens lets no Windows account in.
func TestATokenProxyHasNoWindowsLogin(t *testing.T) {
	t.Parallel()
	_, s := windowsSite(t, Options{})
	x := newStranger(t, s, `ACME\ann`, "Änn's p4ss")
	page := x.get(s.URL+"/jwt/qrs/about?xrfkey="+xrfkey, false, false, withKey).header.Get("Location")
	if r := x.get(page, true, false, withKey); r.status != 401 {
		t.Errorf("%d", r.status)
	}
}

// facts A.3 3, A.4: a client whose name hasn't the pattern gets the form; a right password leads back with a
// ticket, a wrong one to the form again.
func TestFormLoginA4(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"new": {WindowsPattern: "Windows NT"}, "old": {OldLogin: true, WindowsPattern: "Windows NT"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := windowsSite(t, o)
			b := newBrowser(t, s, false)
			b.base, b.key = "", ""
			b.http.Transport.(*http.Transport).DisableKeepAlives = true // the proxy closes after the redirect (facts A.3 2)
			b.header.Set("User-Agent", "Windows")                       // not enough here
			page := b.must(302, s.URL+"/hub/").header.Get("Location")
			if !strings.Contains(page, "form") {
				t.Fatalf("the way in is %s", page)
			}
			b.header.Set("Content-Type", "application/x-www-form-urlencoded")
			post := func(user, pass string) answer {
				return b.do("POST", page, url.Values{"username": {user}, "pwd": {pass}}.Encode())
			}
			if r := post(`ACME\ann`, "wrong"); r.status != 200 || !strings.Contains(r.body, "<form") || r.cookie() != "" {
				t.Errorf("a wrong password: %d %s", r.status, r.body)
			}
			r := post(`ACME\ann`, "Änn's p4ss")
			if r.status != 302 || !strings.Contains(r.header.Get("Location"), "/hub/?qlikTicket=") {
				t.Fatalf("%d %v", r.status, r.header)
			}
			if r := b.must(200, r.header.Get("Location")); r.cookie() == "" {
				t.Error("no cookie")
			}
			if n := s.Counters(); n.WrongPasswords != 1 || n.Logins != 1 {
				t.Errorf("%+v", n)
			}
			if r := post(`ACME\ann`, "Änn's p4ss"); r.status != 400 {
				t.Errorf("a spent target id: %d", r.status)
			}
		})
	}
}

// A ticket is good on a socket's address too (facts A.6), and a loginUri leads nowhere else than to this site.
func TestTicketsAndSockets(t *testing.T) {
	t.Parallel()
	_, s := windowsSite(t, Options{})
	x := newStranger(t, s, `ACME\ann`, "Änn's p4ss")
	page := x.get(s.URL+"/qrs/about?xrfkey="+xrfkey, false, false, withKey).header.Get("Location")
	back, err := url.Parse(x.get(page, true, false, withKey).header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, s, false)
	ws, r := b.dial("/app/engineData?qlikTicket=" + back.Query().Get("qlikTicket"))
	if ws == nil || nextPush(t, ws).Params.UserID != "ann" {
		t.Errorf("%+v", r)
	}
	for _, uri := range []string{"https://evil.example/", "//evil.example/", s.URL + "%zz"} {
		if r := x.get(s.URL+"/internal_windows_authentication/?targetUri="+url.QueryEscape(uri), true, false, withKey); r.status != 400 {
			t.Errorf("%s: %d", uri, r.status)
		}
	}
}
