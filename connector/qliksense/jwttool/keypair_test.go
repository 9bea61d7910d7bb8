package jwttool_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestKeyPairIsAnRSAKeyAndItsCertificate(t *testing.T) {
	t.Parallel()
	pair, err := jwttool.NewKeyPair(2048, 48*time.Hour, noon)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwttool.ReadKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(pair.Certificate)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := cert.PublicKey.(*rsa.PublicKey); !ok || !public.Equal(key.Public()) {
		t.Error("the certificate is not that of the key")
	}
	if !cert.NotAfter.Equal(noon.Add(48*time.Hour)) || !cert.NotBefore.Before(noon) {
		t.Errorf("valid from %v to %v", cert.NotBefore, cert.NotAfter)
	}
}

func TestKeyPairRefusesWhatIsTooWeak(t *testing.T) {
	t.Parallel()
	if _, err := jwttool.NewKeyPair(1024, time.Hour, noon); err == nil {
		t.Error("made a key of 1024 bits")
	}
	if _, err := jwttool.NewKeyPair(2048, 0, noon); err == nil {
		t.Error("made a certificate without a lifetime")
	}
}

func TestRefusalsNameEveryReason(t *testing.T) {
	t.Parallel()
	good := func() jwttool.Token {
		return jwttool.Token{
			Algorithm: "RS256", Issued: noon.Add(-time.Minute), NotBefore: noon.Add(-time.Minute), Expires: noon.Add(time.Hour),
			Claims: map[string]any{"userId": "u", "userDirectory": "D"},
		}
	}
	for name, tc := range map[string]struct {
		change        func(*jwttool.Token)
		userID, wants string
	}{
		"a good one":          {func(*jwttool.Token) {}, "", ""},
		"expired":             {func(t *jwttool.Token) { t.Expires = noon }, "", "expired at 2026-05-01T12:00:00Z"},
		"no exp":              {func(t *jwttool.Token) { t.Expires = time.Time{} }, "", "no exp claim"},
		"not yet valid":       {func(t *jwttool.Token) { t.NotBefore = noon.Add(time.Minute) }, "", "nbf"},
		"from the future":     {func(t *jwttool.Token) { t.Issued = noon.Add(time.Minute) }, "", "iat"},
		"HMAC":                {func(t *jwttool.Token) { t.Algorithm = "HS256" }, "", "HS256"},
		"no user":             {func(t *jwttool.Token) { delete(t.Claims, "userId") }, "", "JWT attribute for user ID"},
		"an empty directory":  {func(t *jwttool.Token) { t.Claims["userDirectory"] = "" }, "", "userDirectory is no text, or empty"},
		"another letter case": {func(*jwttool.Token) {}, "userid", "no claim userid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := good()
			tc.change(&token)
			why := strings.Join(token.Refusals(noon, tc.userID, ""), "\n")
			if tc.wants == "" && why != "" || !strings.Contains(why, tc.wants) {
				t.Errorf("refusals %q, want %q", why, tc.wants)
			}
			if strings.Count(why, "\n") > 0 {
				t.Errorf("more than one reason for one fault:\n%s", why)
			}
		})
	}
}
