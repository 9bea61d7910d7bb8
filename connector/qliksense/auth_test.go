package qliksense

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestTokensAreSignedHere(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "RS384", "RS512"} {
		site := smallSite()
		srv := qliktest.New(t, site, qliktest.Options{Audience: "qlik"})
		c := jwtConnection(t, srv, site, set("jwt", map[string]any{
			"prefix": "jwt", "private_key": "file:" + file(t, "key.pem", srv.PrivateKeyPEM()), "algorithm": algorithm, "key_id": "k1",
			"user_id": "svc-qlik", "user_directory": "ACME", "user_id_claim": "userId", "user_directory_claim": "userDirectory",
			"audience": "qlik", "lifetime": "10m", "groups": []any{"readers"}, "claims": map[string]any{"team": "bi"},
		}), func(c *catalog.Connection, _ map[string]any) { c.Secrets = nil })
		p := openOn(t, srv, site, c)
		socket, err := p.dialApp(t.Context(), p.appID(0))
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		if user := socket.User(); user != `ACME\svc-qlik` {
			t.Errorf("%s: logged in as %s", algorithm, user)
		}
		_ = socket.Close()
	}
}

// TestBadInputIsOneSentenceWithTheCure walks what people get wrong (issue: bad input).
func TestBadInputIsOneSentenceWithTheCure(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	user := admin(t, site)
	stopped := httptest.NewServer(http.NotFoundHandler())
	stopped.Close()
	for _, c := range []struct {
		name       string
		change     setup
		code       catalog.Code
		says, cure string
	}{
		{"a closed port", at(stopped.URL), catalog.CodeUnreachable, "nothing listens at 127.0.0.1:", "Check host and port in url"},
		{"an unknown host", at("https://no-such-host.invalid"), catalog.CodeUnreachable, "no-such-host.invalid", "host"},
		{"not a Qlik server", at(website(t)), catalog.CodeInvalid, "is not a Qlik Sense server: it answered with text/html instead of JSON", "Check url"},
		{"a server without this address", at(nothing(t)), catalog.CodeInvalid, "has no Qlik Sense Repository at this address (status 404)", "Check url"},
		{"a port that isn't HTTP", at("http://" + babble(t)), catalog.CodeInvalid, "doesn't speak HTTP", "port"},
		{"https to an http port", at(strings.Replace(website(t), "http:", "https:", 1)), catalog.CodeInvalid, "doesn't speak TLS", "http://"},
		{"http to an https port", at(strings.Replace(srv.URL, "https:", "http:", 1)), catalog.CodeInvalid, "speaks TLS, and url says http://", "https://"},
		{"a site that wants https", at(secured(t)), catalog.CodeInvalid, "wants https and leads to https://", "https://"},
		{"a wrong prefix", set("jwt.prefix", "jtw"), catalog.CodeInvalid, `no virtual proxy with the prefix "jtw"`, "prefix"},
		{"a virtual proxy with another login", set("jwt.prefix", ""), catalog.CodeUnauthorized, "wants another login than jwt", "with jwt authentication"},
		{"an expired token", secret("jwt.token", srv.Token(user, qliktest.TokenOptions{Lifetime: -time.Hour})), catalog.CodeUnauthorized, "the token expired at 20", "Make a new token"},
		{"a token that expired just now", secret("jwt.token", srv.Token(user, qliktest.TokenOptions{Lifetime: -time.Minute})), catalog.CodeUnauthorized, "the token expired at 20", "Make a new token"},
		{"a foreign token", secret("jwt.token", srv.Token(user, qliktest.TokenOptions{WrongKey: true})), catalog.CodeUnauthorized, "refused the token", "JWT certificate"},
		{"a token without the user", secret("jwt.token", srv.Token(user, qliktest.TokenOptions{Omit: []string{"userId"}})), catalog.CodeUnauthorized, "refused the token", "claims"},
		{"no token at all", secret("jwt.token", "hunter2hunter2"), catalog.CodeInvalid, "not a JSON web token", "new token"},
		{"an empty variable", func(c *catalog.Connection, settings map[string]any) {
			c.Secrets = nil
			set("jwt.token", "env:QLIKCRAWLER_TEST_NOT_SET")(c, settings)
		}, catalog.CodeInvalid, "QLIKCRAWLER_TEST_NOT_SET is not set", "Set it"},
		{"an untrusted certificate", set("tls", map[string]any{}), catalog.CodeUnauthorized, "signed by an authority that this machine doesn't know (issuer ", "tls.ca_file"},
		{"a certificate with another name", set("tls.server_name", "sense.acme.test"), catalog.CodeUnauthorized, "not for sense.acme.test but for ", "tls.server_name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := openOn(t, srv, site, jwtConnection(t, srv, site, c.change))
			err := p.about(t.Context())
			if catalog.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || !strings.Contains(catalog.CureOf(err), c.cure) {
				t.Errorf("code %s\nerror %v\ncure  %s", catalog.CodeOf(err), err, catalog.CureOf(err))
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 300) {
				t.Errorf("not one sentence: %v", err)
			}
			before := p.usage().Requests
			if _, again := p.dialApp(t.Context(), p.appID(0)); again == nil {
				t.Error("the socket came about")
			}
			if n := p.usage().Requests; n != before && !catalog.CodeOf(err).Transient() {
				t.Errorf("asked again after a refusal: %d requests", n-before)
			}
			p.silent(t, err)
		})
	}
}

// website answers every request with a page.
func website(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html><body>Welcome</body></html>"))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func nothing(t *testing.T) string {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	return srv.URL
}

func secured(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://"+r.Host+r.URL.Path+"?ticket=geheim", http.StatusMovedPermanently)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// babble is a port that speaks first, and not HTTP.
func babble(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1000))
			_, _ = c.Write([]byte("220 smtp.acme.test ESMTP\r\n"))
			_ = c.Close()
		}
	}()
	return ln.Addr().String()
}

func TestAServerThatRepeatsTheTokenDoesNotMakeItShow(t *testing.T) {
	t.Parallel()
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "I got "+r.Header.Get("Authorization"), http.StatusForbidden)
	}))
	t.Cleanup(echo.Close)
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	p := openOn(t, srv, site, jwtConnection(t, srv, site, at(echo.URL)))
	err := p.about(t.Context())
	if catalog.CodeOf(err) != catalog.CodeForbidden || !strings.Contains(err.Error(), "I got Bearer "+catalog.Hidden) {
		t.Errorf("error %v", err)
	}
	p.silent(t, err)
}

func TestAServerWithoutCookiesIsSaid(t *testing.T) {
	t.Parallel()
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"buildVersion":"31.62.0.0"}`))
	}))
	t.Cleanup(bare.Close)
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	p := openOn(t, srv, site, jwtConnection(t, srv, site, at(bare.URL)))
	if err := p.about(t.Context()); err == nil || !strings.Contains(err.Error(), "no session cookie") {
		t.Errorf("error %v", err)
	}
}

func TestKeysThatCannotSign(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for says, key := range map[string][]byte{
		"not in PEM form":  []byte("hunter2hunter2"),
		"not an RSA key":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"can't be read":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("hunter2hunter2")}),
		"is encrypted":     pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("hunter2hunter2")}),
		"key or certifica": srv.CAPEM(),
	} {
		p := openOn(t, srv, site, jwtConnection(t, srv, site, set("jwt", map[string]any{"prefix": "jwt", "user_id": "u", "user_directory": "D"}),
			func(c *catalog.Connection, _ map[string]any) {
				c.Secrets = catalog.Secrets{"jwt.private_key": catalog.NewSecret(string(key))}
			}))
		err := p.about(t.Context())
		if catalog.CodeOf(err) != catalog.CodeInvalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
		p.silent(t, err)
	}
}

// TestHeaderLogin plays a header virtual proxy (facts A.6): the first request must have the header, later
// ones the cookie and no header.
func TestHeaderLogin(t *testing.T) {
	t.Parallel()
	var paths []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.Method+" "+r.URL.Path)
		user, cookie := r.Header.Get("X-Acme-User"), ""
		if c, err := r.Cookie("X-Qlik-Session-hdr"); err == nil {
			cookie = c.Value
		}
		switch {
		case r.URL.Query().Get("xrfkey") == "":
			http.Error(w, "XSRF", http.StatusForbidden)
		case cookie == "" && user == `ACME\svc-qlik`:
			http.SetCookie(w, &http.Cookie{Name: "X-Qlik-Session-hdr", Value: "s1", Path: "/"})
		case cookie != "s1" || user != "":
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"buildVersion":"31.62.0.0"}`))
	}))
	t.Cleanup(srv.Close)
	site := smallSite()
	sim := qliktest.New(t, site, qliktest.Options{})
	header := func(value string) catalog.Connection {
		return jwtConnection(t, sim, site, at(srv.URL), set("authentication", "header"), set("jwt", nil),
			set("header", map[string]any{"prefix": "hdr", "name": "X-Acme-User"}),
			func(c *catalog.Connection, _ map[string]any) {
				c.Secrets = catalog.Secrets{"header.value": catalog.NewSecret(value)}
			})
	}
	p := openOn(t, sim, site, header(`ACME\svc-qlik`))
	if err := p.about(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(paths, ", "); got != "GET /hdr/qrs/about, GET /hdr/qrs/about, DELETE /hdr/qps/user" {
		t.Errorf("requests: %s", got)
	}
	wrong := openOn(t, sim, site, header(`ACME\nobody`))
	err := wrong.about(t.Context())
	if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "refused the header") {
		t.Errorf("error %v", err)
	}
	wrong.silent(t, err)
}

func TestInactiveAccountsAndServersThatAreAwayAreSaid(t *testing.T) {
	t.Parallel()
	p := openSession(t, qliktest.Options{})
	p.srv.Edit(func(s *qliktest.Site) { admin(t, s).Inactive = true })
	if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "inactive") || !strings.Contains(catalog.CureOf(err), "QMC") {
		t.Errorf("error %v, cure %s", err, catalog.CureOf(err))
	}
	away := openSession(t, qliktest.Options{})
	away.srv.Fail("", qliktest.Unavailable)
	if err := away.about(t.Context()); catalog.CodeOf(err) != catalog.CodeUnreachable {
		t.Errorf("error %v", err)
	}
	away.srv.Heal("")
	if err := away.about(t.Context()); err != nil {
		t.Errorf("a login that failed for the time being is not tried again: %v", err)
	}
}

func TestADirectPortWithoutCertificateSaysSo(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	direct, err := url.Parse(srv.QRSURL)
	if err != nil {
		t.Fatal(err)
	}
	p := openOn(t, srv, site, jwtConnection(t, srv, site, at("https://"+direct.Host)))
	if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(catalog.CureOf(err), "authentication: certificate") {
		t.Errorf("code %s, error %v, cure %s", catalog.CodeOf(err), err, catalog.CureOf(err))
	}
}
