package qliksense

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestARenamedCookieIsFound(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Qlik-Session-jwt", "acme_QLIK", "SID"} {
		p := openSession(t, qliktest.Options{CookieName: name})
		if err := p.about(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.srv.ExpireSessions()
		socket, err := p.dialApp(t.Context(), p.appID(0))
		if err != nil {
			t.Fatalf("cookie %s: %v", name, err)
		}
		_ = socket.Close()
		if err := p.close(); err != nil || p.srv.Counters().Sessions.Now != 0 {
			t.Errorf("cookie %s: %v", name, err)
		}
	}
}

func TestLoadBalancerCookiesOutliveTheSession(t *testing.T) {
	t.Parallel()
	site, err := url.Parse("https://sense.example.com/jwt")
	if err != nil {
		t.Fatal(err)
	}
	j := newJar(site)
	j.SetCookies(site, []*http.Cookie{
		{Name: "AWSALB", Value: "node1", Path: "/"}, {Name: "X-Qlik-Session-jwt", Value: "s", Path: "/", Secure: true},
	})
	if !j.hasSession() || !strings.Contains(j.header(), "AWSALB=node1") || !strings.Contains(j.header(), "X-Qlik-Session-jwt=s") {
		t.Errorf("cookies %s", j.header())
	}
	j.dropSession()
	if j.hasSession() && len(j.values()) != 1 || j.header() != "AWSALB=node1" {
		t.Errorf("cookies %s", j.header())
	}
}

func TestADefaultVirtualProxyWithoutPrefix(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{NoPrefix: true})
	socket, err := p.dialApp(t.Context(), p.appID(0))
	if err != nil {
		t.Fatal(err)
	}
	_ = socket.Close()
}

func TestAnAliasIsPresentedAsHostOriginAndTLSName(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{Host: "sense.acme.test"}, func(c *catalog.Connection, settings map[string]any) {
		c.URL = strings.Replace(c.URL, "sense.acme.test", "127.0.0.1", 1)
		settings["alias_host_name"] = "sense.acme.test"
		settings["link_url"] = "https://sense.acme.test"
	})
	socket, err := p.dialApp(t.Context(), p.appID(0))
	if err != nil {
		t.Fatal(err)
	}
	_ = socket.Close()
}

// TestEverythingGoesThroughTheDialOfTheEnvironment: a name that nobody knows is reached by Env.Dial alone.
func TestEverythingGoesThroughTheDialOfTheEnvironment(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{Host: "sense.invalid"})
	c := jwtConnection(t, srv, site)
	cfg, errs := parseConfig(c)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	s, err := newSession(t.Context(), cfg, connector.Env{
		Connection: c, Secret: connector.SecretsOf(c, nil),
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(addr)
			if err != nil || !strings.HasPrefix(addr, "sense.invalid:") {
				return nil, fmt.Errorf("dialed %s: %w", addr, err)
			}
			var d net.Dialer
			return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := s.dialApp(t.Context(), site.Apps[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = socket.Close()
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func TestAnOriginThatIsNotAllowedIsSaid(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{}, func(c *catalog.Connection, _ map[string]any) {
		c.URL = strings.Replace(c.URL, "localhost", "127.0.0.1", 1) // an IP address never matches (facts G 11)
	})
	_, err := p.dialApp(t.Context(), p.appID(0))
	if catalog.CodeOf(err) != catalog.CodeForbidden || !strings.Contains(catalog.CureOf(err), "host allow list") {
		t.Errorf("error %v, cure %s", err, catalog.CureOf(err))
	}
}

func TestCertificatesGoStraightToTheRepositoryAndTheEngine(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	cert, key := srv.ClientPEM()
	repository, _ := url.Parse(srv.QRSURL)
	engine, _ := url.Parse(srv.EngineURL)
	c := jwtConnection(t, srv, site, at("https://localhost"), func(c *catalog.Connection, settings map[string]any) {
		c.Secrets = nil
		settings["authentication"] = "certificate"
		settings["link_url"] = "https://sense.acme.test"
		delete(settings, "jwt")
		delete(settings, "tls")
		settings["certificate"] = map[string]any{
			"client_cert": file(t, "client.pem", cert), "client_key": file(t, "client_key.pem", key), "root_cert": file(t, "root.pem", srv.CAPEM()),
			"user_directory": "INTERNAL", "user_id": "sa_api", "qrs_port": port(t, repository), "engine_port": port(t, engine),
		}
	})
	p := openOn(t, srv, site, c)
	if err := p.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	socket, err := p.dialApp(t.Context(), p.appID(0))
	if err != nil {
		t.Fatal(err)
	}
	_ = socket.Close()
	if err := p.close(); err != nil {
		t.Error(err)
	}
	if c, u := p.srv.Counters(), p.usage(); c.Logins != 0 || u.Sessions != 0 || u.Sockets != 1 {
		t.Errorf("%d proxy sessions, usage %+v", c.Logins, u)
	}
}

func port(t *testing.T, u *url.URL) float64 {
	t.Helper()
	var n float64
	for _, d := range u.Port() {
		n = n*10 + float64(d-'0')
	}
	return n
}
