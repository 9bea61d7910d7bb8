// Package jwttool signs and inspects the tokens of a JWT virtual proxy (facts A.5). It is the one
// place that knows the JWT library on the client's side.
package jwttool

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Margin is by how much a new token is valid before it is made: servers' clocks are off by
// minutes, and they check nbf (facts G 10).
const Margin = 5 * time.Minute

// Algorithms are what a virtual proxy verifies (facts A.5).
func Algorithms() []string { return []string{"RS256", "RS384", "RS512"} }

// A Spec says what a token says. The names of the two user claims are settings of the virtual proxy and
// compared with case.
type Spec struct {
	Key       *rsa.PrivateKey
	Algorithm string // "": RS256
	KeyID     string // the header's kid, if any

	UserID, UserDirectory           string
	UserIDClaim, UserDirectoryClaim string // "": userid and userdirectory

	Name, Email string
	Groups      []string
	Audience    string
	Lifetime    time.Duration  // 0: one hour
	Claims      map[string]any // further ones; they don't replace those above
	Now         time.Time
}

// Sign makes a token.
func Sign(s Spec) (string, error) {
	if s.Key == nil {
		return "", errors.New("sign a token: there is no private key")
	}
	if s.UserID == "" || s.UserDirectory == "" {
		return "", errors.New("sign a token: a user id and a user directory are needed")
	}
	algorithm := s.Algorithm
	if algorithm == "" {
		algorithm = "RS256"
	}
	method, ok := jwt.GetSigningMethod(algorithm).(*jwt.SigningMethodRSA)
	if !ok {
		return "", fmt.Errorf("sign a token: the algorithm must be one of %s", strings.Join(Algorithms(), ", "))
	}
	token := jwt.NewWithClaims(method, s.claims())
	if s.KeyID != "" {
		token.Header["kid"] = s.KeyID
	}
	text, err := token.SignedString(s.Key)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return text, nil
}

func (s Spec) claims() jwt.MapClaims {
	now, lifetime := s.Now, s.Lifetime
	if now.IsZero() {
		now = time.Now()
	}
	if lifetime == 0 {
		lifetime = time.Hour
	}
	claims := jwt.MapClaims{}
	maps.Copy(claims, s.Claims)
	set := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	claims[or(s.UserIDClaim, "userid")] = s.UserID
	claims[or(s.UserDirectoryClaim, "userdirectory")] = s.UserDirectory
	set("name", s.Name)
	set("email", s.Email)
	set("aud", s.Audience)
	if len(s.Groups) > 0 {
		claims["groups"] = s.Groups
	}
	claims["iat"] = now.Add(-Margin).Unix()
	claims["nbf"] = now.Add(-Margin).Unix()
	claims["exp"] = now.Add(lifetime).Unix()
	return claims
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// A Token is what a token says of itself. Nothing of it is verified.
type Token struct {
	Algorithm string
	KeyID     string
	Issued    time.Time // zero where it doesn't say
	NotBefore time.Time
	Expires   time.Time
	Audience  []string
	Claims    map[string]any
}

// Inspect reads a token without verifying it. Its errors don't show the token.
func Inspect(text string) (Token, error) {
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(strings.TrimSpace(text), claims)
	if err != nil {
		return Token{}, errors.New("this is not a JSON web token: three parts with dots between them, the first two JSON in base64url")
	}
	t := Token{Algorithm: parsed.Method.Alg(), Claims: claims}
	t.KeyID, _ = parsed.Header["kid"].(string)
	t.Issued = date(claims.GetIssuedAt())
	t.NotBefore = date(claims.GetNotBefore())
	t.Expires = date(claims.GetExpirationTime())
	t.Audience, _ = claims.GetAudience()
	return t, nil
}

func date(d *jwt.NumericDate, err error) time.Time {
	if err != nil || d == nil {
		return time.Time{}
	}
	return d.UTC()
}

// ReadKey reads an RSA private key in PEM, PKCS#1 or PKCS#8. Its errors don't show the key.
func ReadKey(data []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(data)
	switch {
	case block == nil:
		return nil, errors.New("the private key is not in PEM form (-----BEGIN PRIVATE KEY-----)")
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		return nil, errors.New("the private key is encrypted; give it without a passphrase")
	case strings.HasSuffix(block.Type, "PUBLIC KEY") || block.Type == "CERTIFICATE":
		return nil, errors.New("this is a public key or certificate; the private key is needed")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the private key can't be read; it must be an RSA key in PKCS#1 or PKCS#8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the private key is not an RSA key; a virtual proxy takes RS256, RS384 and RS512 only")
	}
	return key, nil
}
