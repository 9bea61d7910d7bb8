package qliksense

import (
	"log/slog"
	"net"
	"strings"
	"sync"
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
