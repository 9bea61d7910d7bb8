package jwttool_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
)

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestASignedTokenSaysWhatItShouldAndVerifies(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, algorithm := range jwttool.Algorithms() {
		text, err := jwttool.Sign(jwttool.Spec{
			Key: key, Algorithm: algorithm, KeyID: "k1", UserID: "ann", UserDirectory: "ACME", UserIDClaim: "userId", UserDirectoryClaim: "userDirectory",
			Name: "Ann", Email: "ann@acme.test", Groups: []string{"a", "b"}, Audience: "qlik", Lifetime: time.Hour,
			Claims: map[string]any{"team": "bi", "exp": 1, "userId": "root"}, Now: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return key.Public(), nil },
			jwt.WithValidMethods([]string{algorithm}), jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithAudience("qlik")); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		got, err := jwttool.Inspect(" " + text + "\n")
		want := jwttool.Token{
			Algorithm: algorithm, KeyID: "k1", Issued: now.Add(-jwttool.Margin), NotBefore: now.Add(-jwttool.Margin), Expires: now.Add(time.Hour), Audience: []string{"qlik"},
			Claims: map[string]any{
				"userId": "ann", "userDirectory": "ACME", "name": "Ann", "email": "ann@acme.test", "groups": []any{"a", "b"}, "aud": "qlik", "team": "bi",
				"iat": float64(now.Add(-jwttool.Margin).Unix()), "nbf": float64(now.Add(-jwttool.Margin).Unix()), "exp": float64(now.Add(time.Hour).Unix()),
			},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
}

func TestSignRefusesWhatNoVirtualProxyTakes(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for says, spec := range map[string]jwttool.Spec{
		"no private key":  {UserID: "u", UserDirectory: "d"},
		"a user id":       {Key: key, UserDirectory: "d"},
		"user directory":  {Key: key, UserID: "u"},
		"RS256, RS384":    {Key: key, UserID: "u", UserDirectory: "d", Algorithm: "PS256"},
		"one of RS256":    {Key: key, UserID: "u", UserDirectory: "d", Algorithm: "none"},
		"must be one of ": {Key: key, UserID: "u", UserDirectory: "d", Algorithm: "HS256"},
	} {
		if text, err := jwttool.Sign(spec); err == nil || text != "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %q, %v", says, text, err)
		}
	}
}

func TestInspectNeverShowsTheToken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "geheim", "geheim.geheim.geheim", "eyJhbGciOiJSUzI1NiJ9.geheim.x"} {
		if _, err := jwttool.Inspect(text); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestReadKeyReadsBothForms(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(typ string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}) }
	for _, data := range [][]byte{block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), block("PRIVATE KEY", pkcs8), append([]byte("Bag Attributes\n"), block("PRIVATE KEY", pkcs8)...)} {
		if got, err := jwttool.ReadKey(data); err != nil || !got.Equal(key) {
			t.Errorf("%v", err)
		}
	}
	for says, data := range map[string][]byte{"PEM": []byte("geheim"), "public key": block("PUBLIC KEY", public), "encrypted": block("ENCRYPTED PRIVATE KEY", nil), "can't be read": block("PRIVATE KEY", []byte("geheim"))} {
		if _, err := jwttool.ReadKey(data); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", says, err)
		}
	}
}
