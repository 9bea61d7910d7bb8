package qliktest

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
)

// facts A.10: without a certificate of the site's authority there is no handshake.
func TestDirectPortsDemandACertificateA10(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	_, other := start(t, Options{})
	b := newBrowser(t, s, false)
	b.base = s.QRSURL
	if r, err := b.try("GET", "/qrs/about", ""); err == nil {
		t.Errorf("no certificate: %d %s", r.status, r.body)
	}
	b = newBrowser(t, s, true)
	b.base = s.QRSURL
	b.must(200, "/qrs/about")
	b = newBrowser(t, other, true)
	b.base = s.QRSURL
	if r, err := b.try("GET", "/qrs/about", ""); err == nil {
		t.Errorf("certificate of another site: %d %s", r.status, r.body)
	}
}

// facts A.10: X-Qlik-User is read leniently.
func TestQlikUserHeaderA10(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][2]string{
		"UserDirectory=INTERNAL; UserId=sa_repository": {"INTERNAL", "sa_repository"},
		"UserDirectory=INTERNAL;UserId=sa_repository":  {"INTERNAL", "sa_repository"},
		"userid=ann ; USERDIRECTORY = ACME":            {"ACME", "ann"},
		"UserDirectory=AC%20ME; UserId=o%27hara":       {"AC ME", "o'hara"},
		"UserDirectory=ACME; UserId=100%":              {"ACME", "100%"},
		"nonsense":                                     {"", ""},
	} {
		if d, n := qlikUser(header); d != want[0] || n != want[1] {
			t.Errorf("%q: %q %q, want %q", header, d, n, want)
		}
	}
}

// facts A.10: who the header names decides what is seen; without it QRS acts for an administrator;
// service users administer; others must exist.
func TestDirectQRSActsAsTheHeaderSaysA10(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	for header, want := range map[string]int{
		"": 3,
		"UserDirectory=INTERNAL; UserId=sa_repository": 3,
		"UserDirectory=internal; UserId=SA_API":        3,
		"UserDirectory=ACME; UserId=root":              3,
		"UserDirectory=ACME; UserId=ann":               3,
		"UserDirectory=ACME; UserId=bob":               1,
	} {
		if got := direct(t, s, header).names("/qrs/app"); len(got) != want {
			t.Errorf("%q sees %q, want %d apps", header, got, want)
		}
	}
	for _, header := range []string{"UserDirectory=ACME; UserId=nobody", "UserDirectory=ACME; UserId=sa_api", "x"} {
		direct(t, s, header).must(403, "/qrs/app")
	}
	direct(t, s, "").must(404, "/jwt/qrs/app") // direct ports take no prefix
}

// facts A.9, A.10, C.2: the Engine's own port sends one frame only and has no session limit.
func TestDirectEngineSendsOneFrameA10(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := direct(t, s, "UserDirectory=ACME; UserId=ann")
	b.base = s.EngineURL
	for range 7 {
		ws, r := b.dial("/app/" + c.sales.ID)
		if ws == nil {
			t.Fatalf("refused: %d", r.status)
		}
		if p := nextPush(t, ws); p.Method != "OnConnected" {
			t.Errorf("first frame %+v", p)
		}
	}
	b.header.Set("X-Qlik-User", "UserDirectory=ACME; UserId=nobody")
	if _, r := b.dial("/app/engineData"); r.status != 403 {
		t.Errorf("unknown user: %d", r.status)
	}
	if got := s.Counters(); got.Logins != 0 || got.Sockets.Total != 7 {
		t.Errorf("counters %+v", got)
	}
}

// facts A.10: names that clients verify.
func TestServerCertificateNames(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	cert, err := x509.ParseCertificate(s.certs.server.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"127.0.0.1", "::1", "localhost", shortHostName()} {
		if err := cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if block, _ := pem.Decode(s.CAPEM()); block == nil || block.Type != "CERTIFICATE" {
		t.Error("CAPEM holds no certificate")
	}
}
