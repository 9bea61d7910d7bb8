package qliksense

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// getsIn fails the test unless REST and a socket work and the way out too.
func (p *probe) getsIn(t *testing.T) {
	t.Helper()
	if err := p.about(t.Context()); err != nil {
		t.Fatalf("REST: %v\ncure: %s", err, catalog.CureOf(err))
	}
	socket, err := p.dialApp(t.Context(), p.appID(0))
	if err != nil {
		t.Fatalf("socket: %v\ncure: %s", err, catalog.CureOf(err))
	}
	_ = socket.Close()
	if err := p.close(); err != nil {
		t.Fatalf("logout: %v", err)
	}
	if c := p.srv.Counters(); c.Sessions.Now != 0 || c.Logins > 1 {
		t.Errorf("%d logins, %d sessions left", c.Logins, c.Sessions.Now)
	}
	p.silent(t)
}

func headerLogin(value string) setup {
	return func(c *catalog.Connection, settings map[string]any) {
		delete(settings, "jwt")
		settings["authentication"] = "header"
		settings["header"] = map[string]any{"prefix": "hdr", "name": "X-Acme-User"}
		c.Secrets = catalog.Secrets{"header.value": catalog.NewSecret(value)}
	}
}

func TestHeaderVirtualProxies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options qliktest.Options
		value   string
		refused bool
	}{
		"static":                         {qliktest.Options{HeaderDirectory: "ACME"}, "svc-qlik", false},
		"dynamic":                        {qliktest.Options{}, `ACME\svc-qlik`, false},
		"dynamic, another pattern":       {qliktest.Options{HeaderPattern: "$id@$ud"}, "svc-qlik@ACME", false},
		"dynamic, without the directory": {qliktest.Options{}, "svc-qlik", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.options.HeaderPrefix, c.options.HeaderName = "hdr", "X-Acme-User"
			p := openSession(t, c.options, headerLogin(c.value))
			if !c.refused {
				p.getsIn(t)
				return
			}
			err := p.about(t.Context())
			if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "refused the header") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// pfx makes a PFX file of the site's client certificate.
func pfx(t *testing.T, srv *qliktest.Server, password string) string {
	t.Helper()
	pair, err := tls.X509KeyPair(srv.ClientPEM())
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	data, err := pkcs12.Modern.Encode(pair.PrivateKey, leaf, []*x509.Certificate{root(t, srv)}, password)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "client.pfx", data)
}

func root(t *testing.T, srv *qliktest.Server) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(srv.CAPEM())
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// straight makes a certificate login to the site's direct ports.
func straight(t *testing.T, srv *qliktest.Server, more map[string]any) setup {
	t.Helper()
	section := map[string]any{"user_directory": "INTERNAL", "user_id": "sa_api", "root_cert": file(t, "root.cer", root(t, srv).Raw)}
	for key, address := range map[string]string{"qrs_port": srv.QRSURL, "engine_port": srv.EngineURL} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		section[key] = port(t, u)
	}
	for k, v := range more {
		section[k] = v
	}
	return func(c *catalog.Connection, settings map[string]any) {
		delete(settings, "jwt")
		delete(settings, "tls")
		delete(c.Secrets, "jwt.token")
		c.URL = "https://localhost"
		settings["authentication"], settings["link_url"], settings["certificate"] = "certificate", "https://sense.acme.test", section
	}
}

func TestAPFXFileOpensTheDirectPorts(t *testing.T) {
	t.Parallel()
	for name, password := range map[string]string{"with a password": "pfx-geheim", "without one": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := smallSite()
			srv := qliktest.New(t, site, qliktest.Options{})
			changes := []setup{straight(t, srv, map[string]any{"pfx": pfx(t, srv, password)})}
			if password != "" {
				changes = append(changes, secret("certificate.password", password))
			}
			openOn(t, srv, site, jwtConnection(t, srv, site, changes...)).getsIn(t)
		})
	}
}

func TestAClientCertificateAlongWithALogin(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{RequireClientCert: true})
	cert, key := srv.ClientPEM()
	for name, changes := range map[string][]setup{
		"PEM": {set("tls.client_cert", file(t, "client.pem", cert)), set("tls.client_key", file(t, "client_key.pem", key))},
		"PFX": {set("tls.pfx", pfx(t, srv, "pfx-geheim")), secret("tls.pfx_password", "pfx-geheim")},
	} {
		t.Run(name, func(t *testing.T) {
			p := openOn(t, srv, site, jwtConnection(t, srv, site, changes...))
			socket, err := p.dialApp(t.Context(), p.appID(0))
			if err != nil {
				t.Fatal(err)
			}
			_ = socket.Close()
			if err := p.close(); err != nil {
				t.Error(err)
			}
			p.silent(t)
		})
	}
	bare := openOn(t, srv, site, jwtConnection(t, srv, site))
	err := bare.about(t.Context())
	if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(catalog.CureOf(err), "tls.client_cert") {
		t.Errorf("without one: %v, cure %s", err, catalog.CureOf(err))
	}
	other := qliktest.New(t, smallSite(), qliktest.Options{})
	stranger := openOn(t, srv, site, jwtConnection(t, srv, site, set("tls.pfx", pfx(t, other, "x-geheim")), secret("tls.pfx_password", "x-geheim")))
	if err := stranger.about(t.Context()); !strings.Contains(err.Error(), "refused the client certificate") {
		t.Errorf("another site's: %v", err)
	}
}

func TestCertificatesThatBearTheShortName(t *testing.T) {
	t.Parallel()
	short := qliktest.Options{CertificateNames: []string{"qlikprod01"}}
	for name, changes := range map[string][]setup{
		"tls.server_name": {set("tls.server_name", "qlikprod01")},
		"alias_host_name": {set("alias_host_name", "qlikprod01"), set("link_url", "https://sense.acme.test")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := short
			o.HostAllowList = []string{"qlikprod01"}
			openSession(t, o, changes...).getsIn(t)
		})
	}
	p := openSession(t, short)
	if err := p.about(t.Context()); !strings.Contains(err.Error(), "is not for localhost but for qlikprod01") || !strings.Contains(catalog.CureOf(err), "tls.server_name") {
		t.Errorf("%v", err)
	}
	old := openSession(t, qliktest.Options{CertificateNames: []string{}})
	if err := old.about(t.Context()); !strings.Contains(err.Error(), "common name alone") {
		t.Errorf("%v", err)
	}
}

func TestAnExpiredServerCertificateAndTheLoudWayAroundIt(t *testing.T) {
	t.Parallel()
	expired := qliktest.Options{CertificateExpired: true}
	p := openSession(t, expired)
	if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "the server's certificate expired on ") || !strings.Contains(catalog.CureOf(err), "Renew") {
		t.Errorf("%v", err)
	}
	loud := openSession(t, expired, set("tls.insecure_skip_verify", true))
	loud.getsIn(t)
	if !strings.Contains(loud.logs.String(), "level=WARN") || !strings.Contains(loud.logs.String(), "NOT verified") {
		t.Errorf("no warning:\n%s", loud.logs)
	}
	if strings.Contains(loud.logs.String(), "connection=") {
		t.Errorf("the connection is named here, and by who opened it once more: %s", loud.logs)
	}
	quiet := openSession(t, qliktest.Options{})
	if quiet.getsIn(t); strings.Contains(quiet.logs.String(), "WARN") {
		t.Errorf("a warning for nothing:\n%s", quiet.logs)
	}
}

func TestSchemesPortsAndAddresses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options qliktest.Options
		changes []setup
	}{
		"http":                        {qliktest.Options{PlainHTTP: true}, nil},
		"http, without a prefix":      {qliktest.Options{PlainHTTP: true, NoPrefix: true}, nil},
		"https, without a prefix":     {qliktest.Options{NoPrefix: true}, nil},
		"another prefix and cookie":   {qliktest.Options{Prefix: "bi-reports", CookieName: "ACME_SID"}, nil},
		"IPv6, with an allowed alias": {qliktest.Options{Listen: "[::1]:0", Host: "::1"}, []setup{set("alias_host_name", "localhost"), set("link_url", "https://sense.acme.test")}},
		"IPv6, an old server":         {qliktest.Options{Listen: "[::1]:0", Host: "::1", NoCSRF: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openSession(t, c.options, c.changes...)
			if name == "IPv6, an old server" { // its Origin can't be allowed: names only (facts A.8)
				if err := p.about(t.Context()); err != nil {
					t.Fatal(err)
				}
				_, err := p.dialApp(t.Context(), p.appID(0))
				if catalog.CodeOf(err) != catalog.CodeForbidden || !strings.Contains(catalog.CureOf(err), "alias_host_name") {
					t.Errorf("%v, cure %s", err, catalog.CureOf(err))
				}
				return
			}
			p.getsIn(t)
		})
	}
}

func TestOriginIsWhatABrowserWouldSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, alias, origin, host string }{
		{"https://sense.acme.test", "", "https://sense.acme.test", ""},
		{"https://sense.acme.test:443/jwt", "", "https://sense.acme.test", ""},
		{"https://sense.acme.test:8443", "", "https://sense.acme.test:8443", ""},
		{"http://sense:80", "", "http://sense", ""},
		{"https://10.1.2.3:8443", "sense", "https://sense:8443", "sense:8443"},
		{"https://10.1.2.3:443", "sense", "https://sense", "sense"},
		{"https://[::1]", "", "https://[::1]", ""},
		{"https://[fe80::1%25eth0]:8443", "", "https://[fe80::1]:8443", ""},
	} {
		changes := []setup{at(c.url)}
		if c.alias != "" {
			changes = append(changes, set("alias_host_name", c.alias), set("link_url", "https://sense"))
		}
		cfg, errs := parseConfig(connection(t, append(changes, set("jwt.prefix", ""))...))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		h := (&session{cfg: cfg}).socketHeader()
		if h.Get("Origin") != c.origin || h.Get("Host") != c.host {
			t.Errorf("%s as %q: origin %s, host %q", c.url, c.alias, h.Get("Origin"), h.Get("Host"))
		}
	}
}
