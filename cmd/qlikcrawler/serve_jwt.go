package main

import (
	"cmp"
	"context"
	"crypto/rsa"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
	"github.com/qlikcrawler/qlikcrawler/web/api"
)

// A tokenMaker makes keys and tokens of a JWT virtual proxy for the API.
type tokenMaker struct {
	turn chan struct{} // holds one while a key is made: that takes a core for seconds
}

func newTokenMaker() *tokenMaker { return &tokenMaker{turn: make(chan struct{}, 1)} }

// KeyPair makes a key pair. It is kept nowhere.
func (m *tokenMaker) KeyPair(ctx context.Context, bits, days int) (api.JWTKeyPair, error) {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return api.JWTKeyPair{}, ctx.Err()
	}
	defer func() { <-m.turn }()
	pair, err := jwttool.NewKeyPair(bits, time.Duration(days)*24*time.Hour, time.Now())
	if err != nil {
		return api.JWTKeyPair{}, err
	}
	return api.JWTKeyPair{PrivateKey: string(pair.PrivateKey), Certificate: string(pair.Certificate), ExpiresAt: pair.Expires.UTC(), Steps: qmcSteps()}, nil
}

// qmcSteps are what to do in the QMC with a new certificate.
func qmcSteps() []string {
	return []string{
		"Open Virtual proxies, Create new (or edit one).",
		"Identification: Description qlikcrawler, Prefix jwt, Session cookie header name X-Qlik-Session-jwt.",
		"Authentication: method JWT; paste the certificate; JWT attribute for user ID userid, for user directory userdirectory.",
		"Load balancing: add the Engine nodes.",
		"Advanced: add to the Host allow list the host name that the connection uses in its url.",
		"Associated items, Proxies: link the Central proxy; without it every request is refused with status 400.",
	}
}

// Sign signs a token. What is wrong with the request is told by field, and never shows the key.
func (m *tokenMaker) Sign(_ context.Context, s api.JWTSpec) (string, error) {
	key, lifetime, errs := readSpec(s)
	if len(errs) > 0 {
		return "", errs
	}
	return jwttool.Sign(jwttool.Spec{
		Key: key, Algorithm: s.Algorithm, KeyID: s.KeyID, UserID: s.UserID, UserDirectory: s.UserDirectory,
		UserIDClaim: s.UserIDClaim, UserDirectoryClaim: s.UserDirectoryClaim, Name: s.Name, Email: s.Email, Groups: s.Groups,
		Audience: s.Audience, Lifetime: lifetime, Claims: s.Claims,
	})
}

// CheckSpec tells what Sign would refuse.
func (m *tokenMaker) CheckSpec(s api.JWTSpec) catalog.FieldErrors {
	_, _, errs := readSpec(s)
	return errs
}

func readSpec(s api.JWTSpec) (key *rsa.PrivateKey, lifetime time.Duration, errs catalog.FieldErrors) {
	add := func(path, message, cure string) {
		errs = append(errs, catalog.FieldError{Path: path, Message: message, Cure: cure})
	}
	key, err := jwttool.ReadKey([]byte(s.PrivateKey))
	if err != nil {
		add("private_key", err.Error(), "Send an RSA key in PEM form, without a passphrase; POST /api/v1/jwt/keypair makes one.")
	}
	lifetime, err = connector.ParseDuration(cmp.Or(s.Lifetime, "365d"))
	if err != nil || lifetime == 0 {
		add("lifetime", "is no time to live", "Write it like 1h, 30d or 365d.")
	}
	flags := signFlags{spec: jwttool.Spec{UserIDClaim: cmp.Or(s.UserIDClaim, "userid"), UserDirectoryClaim: cmp.Or(s.UserDirectoryClaim, "userdirectory")}}
	for _, claim := range slices.Sorted(maps.Keys(s.Claims)) {
		if flag := flags.flagOf(claim); flag != "" {
			field := strings.ReplaceAll(strings.TrimLeft(flag, "-"), "-", "_")
			if field == "group" {
				field = "groups"
			}
			add("claims."+catalog.Step(claim), "has a field of its own: "+field, "Give it as "+field+".")
		}
	}
	return key, lifetime, errs
}

// Inspect tells what a token says. It doesn't verify it.
func (m *tokenMaker) Inspect(_ context.Context, q api.JWTQuestion) (api.JWTFindings, error) {
	t, err := jwttool.Inspect(q.Token)
	if err != nil {
		return api.JWTFindings{}, catalog.FieldErrors{{Path: "token", Message: err.Error(), Cure: "Send the token as it is in the connection: three parts with dots between them, without quotes and line breaks."}}
	}
	refusals := t.Refusals(time.Now(), q.UserIDClaim, q.UserDirectoryClaim)
	if refusals == nil {
		refusals = []string{}
	}
	return api.JWTFindings{
		Algorithm: t.Algorithm, KeyID: t.KeyID, IssuedAt: t.Issued, NotBefore: t.NotBefore, ExpiresAt: t.Expires, Claims: t.Claims, Refusals: refusals,
	}, nil
}
