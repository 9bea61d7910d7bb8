package qliktest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keys are the key pairs that tokens are signed with; they are made when first needed.
type keys struct {
	mu         sync.Mutex
	own, other *rsa.PrivateKey
}

// signing is the key whose public half the site knows.
func (k *keys) signing() *rsa.PrivateKey { return k.get(&k.own) }

// foreign is a key that the site does not know.
func (k *keys) foreign() *rsa.PrivateKey { return k.get(&k.other) }

func (k *keys) get(slot **rsa.PrivateKey) *rsa.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if *slot == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(fmt.Sprintf("qliktest: make a key pair: %v", err)) // the system's random source is broken
		}
		*slot = key
	}
	return *slot
}

func (k *keys) privatePEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.signing())
	if err != nil {
		return nil, fmt.Errorf("qliktest: encode the private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// PrivateKeyPEM is the key whose tokens the site accepts (PKCS #8).
func (s *Server) PrivateKeyPEM() []byte {
	b, err := s.keys.privatePEM()
	if err != nil {
		panic(err.Error()) // a generated key can always be encoded
	}
	return b
}

// TokenOptions vary a token; the zero value is a good one of an hour.
type TokenOptions struct {
	Lifetime  time.Duration  // one hour by default; negative: expired
	NotBefore time.Time      // nbf; none by default
	Algorithm string         // RS256 by default; RS384, RS512; HS256 and none are there to be refused
	Audience  string         // the site's by default
	WrongKey  bool           // signed with a key that the site doesn't know
	Omit      []string       // claims to leave out, such as "userId"
	Claims    map[string]any // further claims, such as "name", "email", "groups"
}

// Token signs a token for the user, whom the site need not know yet. More than one TokenOptions is
// wrong use.
func (s *Server) Token(u *User, o ...TokenOptions) string {
	var opt TokenOptions
	if len(o) > 0 {
		opt = o[0]
	}
	claims := s.claims(u, opt)
	if opt.Algorithm == "" {
		opt.Algorithm = "RS256"
	}
	method := jwt.GetSigningMethod(opt.Algorithm)
	var key any = s.keys.signing()
	switch {
	case opt.Algorithm == "none":
		key = jwt.UnsafeAllowNoneSignatureType
	case opt.Algorithm == "HS256":
		key = []byte("shared secret")
	case opt.WrongKey:
		key = s.keys.foreign()
	}
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		panic(fmt.Sprintf("qliktest: sign a token with %s: %v", opt.Algorithm, err)) // wrong use by the test
	}
	return text
}

func (s *Server) claims(u *User, opt TokenOptions) jwt.MapClaims {
	if opt.Lifetime == 0 {
		opt.Lifetime = time.Hour
	}
	if opt.Audience == "" {
		opt.Audience = s.options.Audience
	}
	claims := jwt.MapClaims{
		s.options.UserIDClaim: u.Name, s.options.UserDirectoryClaim: u.Directory,
		"exp": s.now().Add(opt.Lifetime).Unix(),
	}
	if opt.Audience != "" {
		claims["aud"] = opt.Audience
	}
	if !opt.NotBefore.IsZero() {
		claims["nbf"] = opt.NotBefore.Unix()
	}
	maps.Copy(claims, opt.Claims)
	for _, name := range opt.Omit {
		delete(claims, name)
	}
	return claims
}

// login verifies a token as a JWT virtual proxy does: RS256, RS384 and RS512 only, exp and nbf, aud
// only when configured, issuer never, claim names case-sensitive (facts A.5). The user is made when
// the site has none of that name.
func (s *Server) login(token string) (*User, error) {
	opts := []jwt.ParserOption{
		jwt.WithValidMethods([]string{"RS256", "RS384", "RS512"}),
		jwt.WithTimeFunc(s.now),
	}
	if s.options.Audience != "" {
		opts = append(opts, jwt.WithAudience(s.options.Audience))
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) {
		return s.keys.signing().Public(), nil
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("qliktest: verify token: %w", err)
	}
	name, _ := claims[s.options.UserIDClaim].(string)
	directory, _ := claims[s.options.UserDirectoryClaim].(string)
	if name == "" || directory == "" {
		return nil, errors.New("qliktest: verify token: user claims are missing")
	}
	return s.account(directory, name, claims)
}

// account finds the user or makes it, with the claims that the attribute map of the virtual proxy
// names: name, email, groups.
func (s *Server) account(directory, name string, claims jwt.MapClaims) (*User, error) {
	var u *User
	s.view(func(site *Site) { u = site.FindUser(directory, name) })
	if u == nil {
		s.Edit(func(site *Site) {
			if u = site.FindUser(directory, name); u == nil {
				u = newUser(directory, name, claims)
				site.Users = append(site.Users, u)
			}
		})
	}
	var removed bool
	s.view(func(*Site) { removed = u.RemovedExternal })
	if removed {
		return nil, errors.New("qliktest: verify token: the user was removed")
	}
	return u, nil
}

func newUser(directory, name string, claims jwt.MapClaims) *User {
	u := &User{ID: newGUID(), Directory: directory, Name: name, DisplayName: name}
	if text, ok := claims["name"].(string); ok && text != "" {
		u.DisplayName = text
	}
	u.Email, _ = claims["email"].(string)
	groups, _ := claims["groups"].([]any)
	for _, g := range groups {
		if text, ok := g.(string); ok {
			u.Groups = append(u.Groups, text)
		}
	}
	return u
}
