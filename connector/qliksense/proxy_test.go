package qliksense

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// A forwardProxy is a small HTTP proxy with a login by Basic. It knows the hosts ending in .invalid as this
// machine, so what reaches them came through it.
type forwardProxy struct {
	address string
	login   string // "user:password"; "": none wanted
	offers  string // the login that it offers, "Basic" by default
	refuse  int    // status for every CONNECT; 0: none

	mu       sync.Mutex
	tunnels  []string // where CONNECT led
	requests []string // absolute-form requests: method and address
	refused  int
}

func startProxy(t *testing.T, p *forwardProxy) *forwardProxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = ln.Addr().String()
	srv := &http.Server{Handler: p}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	return p
}

func (p *forwardProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.login))
	allowed := p.login == "" || r.Header.Get("Proxy-Authorization") == want
	p.mu.Lock()
	switch {
	case !allowed:
		p.refused++
	case r.Method == http.MethodConnect:
		p.tunnels = append(p.tunnels, r.Host)
	default:
		p.requests = append(p.requests, r.Method+" "+r.URL.Scheme+"://"+r.URL.Host+r.URL.Path)
	}
	p.mu.Unlock()
	switch {
	case !allowed:
		if p.offers == "" {
			p.offers = `Basic realm="office"`
		}
		w.Header().Set("Proxy-Authenticate", p.offers)
		w.WriteHeader(http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect && p.refuse != 0:
		w.WriteHeader(p.refuse)
	case r.Method == http.MethodConnect:
		tunnelTo(w, here(r.Host))
	default:
		p.forward(w, r)
	}
}

// here is the address behind a name that only the proxy knows.
func here(host string) string {
	name, port, _ := strings.Cut(host, ":")
	if strings.HasSuffix(name, ".invalid") {
		return "127.0.0.1:" + port
	}
	return host
}

func tunnelTo(w http.ResponseWriter, addr string) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer out.Close()
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	go func(r *bufio.Reader) {
		_, _ = io.Copy(out, r)
		_ = out.Close()
	}(buf.Reader)
	_, _ = io.Copy(conn, out)
}

func (p *forwardProxy) forward(w http.ResponseWriter, r *http.Request) {
	next := r.Clone(r.Context())
	next.RequestURI = ""
	next.Header.Del("Proxy-Authorization")
	next.URL.Host = here(r.URL.Host)
	next.Host = r.URL.Host
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(next)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func (p *forwardProxy) counts() (tunnels, requests []string, refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tunnels, p.requests, p.refused
}

func through(p *forwardProxy, login string) setup {
	return func(c *catalog.Connection, settings map[string]any) {
		user, password, ok := strings.Cut(login, ":")
		section := map[string]any{"url": "http://" + p.address}
		if ok {
			section["username"] = user
			c.Secrets["proxy.password"] = catalog.NewSecret(password)
		}
		settings["proxy"] = section
	}
}

// TestEverythingGoesThroughTheHTTPProxy uses a site whose name the proxy alone knows.
func TestEverythingGoesThroughTheHTTPProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options qliktest.Options
		login   string
	}{
		"https, with a login":    {qliktest.Options{Host: "sense.invalid"}, "svc:pa:ss wörd"},
		"https, without a login": {qliktest.Options{Host: "sense.invalid"}, ""},
		"http, with a login":     {qliktest.Options{Host: "sense.invalid", PlainHTTP: true}, "svc:secret-of-the-proxy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := startProxy(t, &forwardProxy{login: c.login})
			p := openSession(t, c.options, through(proxy, c.login))
			socket, err := p.dialApp(t.Context(), p.appID(0))
			if err != nil {
				t.Fatal(err)
			}
			_ = socket.Close()
			if err := p.about(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := p.close(); err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(p.srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			tunnels, requests, refused := proxy.counts()
			for _, to := range tunnels {
				if to != u.Host {
					t.Errorf("a tunnel to %s", to)
				}
			}
			for _, r := range requests {
				if !strings.Contains(r, " "+p.srv.URL+"/jwt/q") {
					t.Errorf("request %s loses scheme, port or prefix", r)
				}
			}
			if c.options.PlainHTTP && (len(tunnels) != 1 || len(requests) != p.srv.Counters().RequestTotal()-1) {
				t.Errorf("tunnels %v, requests %v: the site counted %d", tunnels, requests, p.srv.Counters().RequestTotal())
			}
			if !c.options.PlainHTTP && (len(tunnels) < 2 || len(requests) > 0) || refused > 0 || p.srv.Counters().Logouts != 1 {
				t.Errorf("tunnels %v, requests %v, %d refused, %d logouts", tunnels, requests, refused, p.srv.Counters().Logouts)
			}
			p.silent(t)
		})
	}
}

func TestWhatAnHTTPProxyRefusesIsSaidAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	const login = "svc:geheimnis"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]struct {
		proxy      *forwardProxy
		login      string
		plain      bool
		code       catalog.Code
		says, cure string
	}{
		"a wrong password":             {startProxy(t, &forwardProxy{login: "svc:other"}), login, false, catalog.CodeUnauthorized, "refused the login (status 407)", "proxy.password"},
		"a wrong password, http":       {startProxy(t, &forwardProxy{login: "svc:other"}), login, true, catalog.CodeUnauthorized, "(status 407)", "proxy.password"},
		"no login":                     {startProxy(t, &forwardProxy{login: "svc:other"}), "", false, catalog.CodeUnauthorized, "wants a login (status 407)", "Set proxy.username"},
		"another kind of login":        {startProxy(t, &forwardProxy{login: "svc:other", offers: "Negotiate"}), login, false, catalog.CodeUnauthorized, "by Negotiate", "Basic"},
		"no CONNECT":                   {startProxy(t, &forwardProxy{refuse: 403}), "", false, catalog.CodeForbidden, "refuses connections to localhost:", "Allow CONNECT"},
		"a site that it doesn't reach": {startProxy(t, &forwardProxy{refuse: 502}), "", false, catalog.CodeUnreachable, "can't reach localhost:", "Check host"},
		"no proxy there":               {&forwardProxy{address: closed.Addr().String()}, "", false, catalog.CodeUnreachable, "nothing listens at the HTTP proxy's address", "proxy.url"},
		"something else there":         {&forwardProxy{address: babble(t)}, "", false, catalog.CodeInvalid, "is no HTTP proxy", "proxy.url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openSession(t, qliktest.Options{PlainHTTP: c.plain}, through(c.proxy, c.login))
			err := p.about(t.Context())
			if catalog.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || !strings.Contains(catalog.CureOf(err), c.cure) {
				t.Errorf("code %s\nerror %v\ncure  %s", catalog.CodeOf(err), err, catalog.CureOf(err))
			}
			if _, err := p.dialApp(t.Context(), p.appID(0)); err == nil {
				t.Error("the socket came about")
			}
			if _, _, refused := c.proxy.counts(); refused > 1 {
				t.Errorf("a refused login was tried %d times", refused)
			}
			p.silent(t, err)
		})
	}
}
