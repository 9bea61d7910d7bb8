package qliksense

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// windowsConnection is a connection that logs in with the Windows account of the site's administrator.
func windowsConnection(t *testing.T, srv *qliktest.Server, site *qliktest.Site, changes ...setup) catalog.Connection {
	t.Helper()
	user := admin(t, site)
	windows := func(c *catalog.Connection, settings map[string]any) {
		c.Secrets = catalog.Secrets{"windows.password": catalog.NewSecret(user.Password)}
		delete(settings, "jwt")
		settings["authentication"] = "windows"
		settings["windows"] = map[string]any{"user_directory": user.Directory, "user_id": user.Name}
	}
	return jwtConnection(t, srv, site, append([]setup{windows}, changes...)...)
}

func openWindows(t *testing.T, o qliktest.Options, changes ...setup) *probe {
	t.Helper()
	site := smallSite()
	srv := qliktest.New(t, site, o)
	return openOn(t, srv, site, windowsConnection(t, srv, site, changes...))
}

// alias makes the connection go to the address and present the name.
func alias(address, name string) setup {
	return func(c *catalog.Connection, settings map[string]any) {
		c.URL = strings.Replace(c.URL, name, address, 1)
		settings["alias_host_name"] = name
		settings["link_url"] = "https://" + name
	}
}

func TestAWindowsLoginIsOneSessionForAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options qliktest.Options
		changes []setup
	}{
		"the default virtual proxy": {},
		"behind a prefix":           {qliktest.Options{WindowsPrefix: "win"}, []setup{set("windows.prefix", "win")}},
		"a prefix in the url":       {qliktest.Options{WindowsPrefix: "win"}, []setup{func(c *catalog.Connection, _ map[string]any) { c.URL += "/win" }}},
		"the port of older builds":  {qliktest.Options{OldLogin: true, NoCSRF: true}, nil},
		"http":                      {qliktest.Options{PlainHTTP: true, WindowsPrefix: "win"}, []setup{set("windows.prefix", "win")}},
		"no domain":                 {qliktest.Options{}, []setup{set("windows.user_directory", "")}},
		"an alias":                  {qliktest.Options{Host: "sense.acme.test"}, []setup{alias("127.0.0.1", "sense.acme.test")}},
		"an alias, the old port":    {qliktest.Options{Host: "sense.acme.test", OldLogin: true}, []setup{alias("127.0.0.1", "sense.acme.test")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openWindows(t, c.options, c.changes...)
			useIt(t, p)
			if err := p.close(); err != nil {
				t.Fatal(err)
			}
			n := p.srv.Counters()
			if n.Logins != 1 || n.Sessions.Peak != 1 || n.Logouts != 1 || n.Sessions.Now != 0 || n.WrongPasswords != 0 || n.StrayProofs != 0 {
				t.Errorf("%+v", n)
			}
			// The site doesn't count the request of a stranger that it sends to the login page.
			if u := p.usage(); u.Sessions != 1 || int(u.Requests) != n.RequestTotal()-16+1 {
				t.Errorf("usage %+v, the site counted %v", u, n.Requests)
			}
			p.silent(t)
		})
	}
}

// useIt sends 16 requests and opens 16 sockets at once.
func useIt(t *testing.T, p *probe) {
	t.Helper()
	var all sync.WaitGroup
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
			if want := admin(t, p.site).Account(); socket.User() != want {
				t.Errorf("logged in as %s, want %s", socket.User(), want)
			}
			_ = socket.Close()
		})
	}
	all.Wait()
}

func TestAFullCrawlThroughAWindowsLogin(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{WindowsPrefix: "win"})
	conn := windowsConnection(t, srv, site, set("windows.prefix", "win"))
	if errs := Source().Validate(conn); len(errs) > 0 {
		t.Fatal(errs)
	}
	c, err := Source().Open(t.Context(), connector.Env{Connection: conn, Secret: connector.SecretsOf(conn, nil), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	all := listAll(t, c)
	var fetches sync.WaitGroup
	for _, l := range all {
		fetches.Go(func() {
			if s, err := c.Fetch(within(t), l); err != nil || len(s.Reports) == 0 {
				t.Errorf("%s: %v", l.Unit.Name, err)
			}
		})
	}
	fetches.Wait()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := srv.Counters(); len(all) != len(site.Apps) || n.Logins != 1 || n.Logouts != 1 || n.Sessions.Now != 0 || n.OpensWithData != 0 {
		t.Errorf("%d apps, %+v", len(all), n)
	}
}

func TestAWrongPasswordIsTriedOnceByWhomeverItIsWanted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]setup{
		"password": secret("windows.password", "hunter2hunter2"),
		"user":     set("windows.user_id", "svc-qlick"),
		"domain":   set("windows.user_directory", "AMCE"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openWindows(t, qliktest.Options{}, change)
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					if i%2 == 0 {
						if err := p.about(t.Context()); err == nil {
							t.Error("logged in")
						}
					} else if _, err := p.dialApp(t.Context(), p.appID(0)); err == nil {
						t.Error("logged in")
					}
				})
			}
			all.Wait()
			err := p.about(t.Context())
			if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "refused the user or the password of "+p.account()) || !strings.Contains(catalog.CureOf(err), "windows.password") {
				t.Errorf("code %s, error %v, cure %s", catalog.CodeOf(err), err, catalog.CureOf(err))
			}
			if n := p.srv.Counters(); n.WrongPasswords != 1 || n.Logins != 0 {
				t.Errorf("tried %d times, %d logins", n.WrongPasswords, n.Logins)
			}
			p.silent(t, err)
		})
	}
}

func TestAPasswordChangedMeanwhileIsTriedOnceAfterTheSessionEnded(t *testing.T) {
	t.Parallel()
	p := openWindows(t, qliktest.Options{})
	if err := p.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.srv.Edit(func(s *qliktest.Site) { admin(t, s).Password = "another one" })
	p.srv.ExpireSessions()
	for range 5 {
		if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeUnauthorized {
			t.Errorf("%v", err)
		}
	}
	if n := p.srv.Counters(); n.WrongPasswords != 1 || n.Logins != 1 {
		t.Errorf("tried %d times, %d logins", n.WrongPasswords, n.Logins)
	}
}

func TestAnExpiredWindowsSessionLogsInOnceMore(t *testing.T) {
	t.Parallel()
	for _, face := range []qliktest.Fault{qliktest.Expire401, qliktest.Expire302, qliktest.Expire500, qliktest.SilentClose} {
		t.Run(string(face), func(t *testing.T) {
			t.Parallel()
			p := openWindows(t, qliktest.Options{})
			if err := p.about(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.srv.Fail("", face)
			if face != qliktest.SilentClose {
				if err := p.about(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			socket, err := p.dialApp(t.Context(), p.appID(0))
			if err != nil {
				t.Fatal(err)
			}
			_ = socket.Close()
			if n := p.srv.Counters(); n.Logins != 2 || n.WrongPasswords != 0 {
				t.Errorf("%d logins, %d wrong passwords", n.Logins, n.WrongPasswords)
			}
			p.silent(t)
		})
	}
}

func TestManyCallersOfAnExpiredWindowsSessionLogInOnce(t *testing.T) {
	t.Parallel()
	p := openWindows(t, qliktest.Options{UnknownCookie: qliktest.CookieError})
	if err := p.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.srv.ExpireSessions()
	useIt(t, p)
	if err := p.onApp(t.Context(), p.appID(0), func(*qix.Session) error { return nil }); err != nil {
		t.Error(err)
	}
	if n := p.srv.Counters(); n.Logins != 2 || n.Sessions.Now != 1 {
		t.Errorf("%d logins, %d sessions", n.Logins, n.Sessions.Now)
	}
}

func TestTheFormIsNamedWithItsSetting(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]qliktest.Options{"new": {WindowsPattern: "Edge"}, "old": {WindowsPattern: "Edge", OldLogin: true}} {
		p := openWindows(t, o)
		err := p.about(t.Context())
		if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "shows a form") ||
			!strings.Contains(catalog.CureOf(err), "windowsAuthenticationEnabledDevicePattern") || !strings.Contains(catalog.CureOf(err), "Virtual proxies, Authentication") {
			t.Errorf("%s: error %v, cure %s", name, err, catalog.CureOf(err))
		}
		if n := p.srv.Counters(); n.WrongPasswords != 0 {
			t.Errorf("%s: %+v", name, n)
		}
		p.silent(t, err)
	}
}

func TestAVirtualProxyThatTakesTokensRefusesWindowsAccounts(t *testing.T) {
	t.Parallel()
	p := openWindows(t, qliktest.Options{}, set("windows.prefix", "jwt"))
	err := p.about(t.Context())
	if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(catalog.CureOf(err), "virtual proxy of this prefix takes Windows logins") {
		t.Errorf("error %v, cure %s", err, catalog.CureOf(err))
	}
}

// aChallenge is a second message of NTLM, without a target.
var aChallenge = base64.StdEncoding.EncodeToString(append([]byte("NTLMSSP\x00\x02\x00\x00\x00\x00\x00\x00\x00\x30\x00\x00\x00\x01\x02\x00\x00"), make([]byte, 24)...))

// A crook is a proxy and an authentication module that go wrong at one place.
type crook struct {
	to      string // where the proxy leads; "": to its own module
	module  func(w http.ResponseWriter, r *http.Request)
	back    string // where the module leads after the proof
	proofs  atomic.Int64
	entered atomic.Int64 // requests with a ticket
}

func (c *crook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "windows_authentication"):
		c.challenge(w, r)
	case r.URL.Query().Has("qlikTicket"):
		c.entered.Add(1)
		http.Redirect(w, r, "/internal_windows_authentication/?targetId=2", http.StatusFound)
	case c.to != "":
		http.Redirect(w, r, c.to, http.StatusFound)
	default:
		http.Redirect(w, r, "/internal_windows_authentication/?targetId=1", http.StatusFound)
	}
}

func (c *crook) challenge(w http.ResponseWriter, r *http.Request) {
	proof := strings.HasPrefix(r.Header.Get("Authorization"), "NTLM TlRMTVNTUAAD") // a message of type 3
	if proof {
		c.proofs.Add(1)
	}
	switch {
	case proof && c.back != "":
		http.Redirect(w, r, c.back, http.StatusFound)
	case c.module != nil && (proof || c.back == ""):
		c.module(w, r)
	default:
		demandNTLM(w, r)
	}
}

func demandNTLM(w http.ResponseWriter, r *http.Request) {
	offer := "NTLM"
	if r.Header.Get("Authorization") != "" {
		offer = "NTLM " + aChallenge
	}
	w.Header().Set("WWW-Authenticate", offer)
	http.Error(w, "Unauthorized", http.StatusUnauthorized)
}

func TestAWindowsLoginThatGoesWrongIsASentenceWithACure(t *testing.T) {
	t.Parallel()
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.Header.Get("Authorization"), code) }
	}
	for _, tt := range []struct {
		name       string
		crook      *crook
		code       catalog.Code
		says, cure string
	}{
		{"another host", &crook{to: "https://evil.example/internal_windows_authentication/?targetId=geheim"}, catalog.CodeInvalid, "leads to another host, evil.example, where no password is sent", "alias_host_name"},
		{"another login with https", &crook{to: "https://login.example/saml?request=geheim"}, catalog.CodeInvalid, "the server wants https", "https://"},
		{"another login", &crook{to: "/saml?request=geheim"}, catalog.CodeUnauthorized, "wants another login than windows", "with windows authentication"},
		{"an address that is none", &crook{to: "http://a b/%zz"}, catalog.CodeInvalid, "its answer can't be read", "url"},
		{"a spent target", &crook{module: status(400)}, catalog.CodeUnauthorized, "doesn't know the login that the proxy began", "load balancer"},
		{"a module that fails", &crook{module: status(502)}, catalog.CodeUnreachable, "the authentication module failed (status 502)", "proxy service"},
		{"a module that forbids", &crook{module: status(403)}, catalog.CodeUnauthorized, "refused the login (status 403)", "virtual proxy"},
		{"a form after all", &crook{module: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<form>")
		}}, catalog.CodeUnauthorized, "shows a form", "windowsAuthenticationEnabledDevicePattern"},
		{"Kerberos only", &crook{module: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", "Negotiate")
			w.WriteHeader(http.StatusUnauthorized)
		}}, catalog.CodeUnauthorized, "didn't go on with NTLM", "Kerberos only"},
		{"Basic", &crook{module: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", "Basic realm=x")
			w.WriteHeader(http.StatusUnauthorized)
		}}, catalog.CodeUnauthorized, "offers Basic instead of NTLM", "virtual proxy"},
		{"no ticket", &crook{back: "/hub/?geheim=1"}, catalog.CodeUnauthorized, "gave no ticket and leads to", "virtual proxy"},
		{"a form after the proof", &crook{back: "/internal_forms_authentication/?targetId=geheim"}, catalog.CodeUnauthorized, "shows a form", "windowsAuthenticationEnabledDevicePattern"},
		{"a ticket that isn't taken", &crook{back: "/qrs/about?qlikTicket=geheim"}, catalog.CodeUnauthorized, "doesn't take the ticket", "load balancer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(tt.crook)
			t.Cleanup(srv.Close)
			p := openWindows(t, qliktest.Options{}, at(srv.URL))
			err := p.about(t.Context())
			if catalog.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) || !strings.Contains(catalog.CureOf(err), tt.cure) {
				t.Errorf("code %s\nerror %v\ncure  %s", catalog.CodeOf(err), err, catalog.CureOf(err))
			}
			if text := fmt.Sprint(err); strings.Contains(text, "geheim") || strings.Contains(text, "\n") || len(text) > 300 {
				t.Errorf("the sentence: %s", text)
			}
			_ = p.about(t.Context())
			if n := tt.crook.proofs.Load(); n > 1 {
				t.Errorf("%d proofs", n)
			}
			if n := tt.crook.entered.Load(); n > 1 {
				t.Errorf("a ticket was used %d times", n)
			}
			p.silent(t, err)
		})
	}
}

func TestPasswordsAreNotSentFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	c := &crook{}
	srv := httptest.NewTLSServer(c)
	t.Cleanup(srv.Close)
	c.to = strings.Replace(srv.URL, "https:", "http:", 1) + "/internal_windows_authentication/?targetId=geheim"
	p := openWindows(t, qliktest.Options{}, at(srv.URL), set("tls", map[string]any{"insecure_skip_verify": true}))
	if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeInvalid || !strings.Contains(err.Error(), "from https to http://") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("%v", err)
	}
}

func TestProofsThatNobodyAnswersAreNotSentForEver(t *testing.T) {
	t.Parallel()
	c := &crook{}
	c.module = func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "NTLM TlRMTVNTUAAD") {
			demandNTLM(w, r)
			return
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	p := openWindows(t, qliktest.Options{}, at(srv.URL))
	if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeUnreachable {
		t.Errorf("the first time: %v", err)
	}
	var err error
	for range 5 {
		err = p.about(t.Context())
	}
	if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "might lock the account") {
		t.Errorf("%v", err)
	}
	if n := c.proofs.Load(); n != maxUnanswered {
		t.Errorf("%d proofs", n)
	}
	p.silent(t, err)
}

// TestACloseInTheMiddleOfALoginEndsIt has a module that never answers.
func TestACloseInTheMiddleOfALoginEndsIt(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	c := &crook{module: func(_ http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-r.Context().Done()
	}}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	p := openWindows(t, qliktest.Options{}, at(srv.URL))
	done := make(chan error, 1)
	go func() { done <- p.about(t.Context()) }()
	<-reached
	p.end() // what close does when its patience ends
	if err := <-done; err == nil {
		t.Error("logged in")
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}

// TestAWindowsLoginByIPv6 keeps the brackets of an address on all hops.
func TestAWindowsLoginByIPv6(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	_ = ln.Close()
	p := openWindows(t, qliktest.Options{PlainHTTP: true, Listen: "[::1]:0", Host: "::1"})
	if err := p.about(t.Context()); err != nil {
		t.Error(err)
	}
}
