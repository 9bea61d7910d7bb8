package qliksense

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
)

// An entry is what the first request of a Qlik session carries.
type entry struct {
	header  http.Header
	secrets []string      // values in it that no error may show
	token   jwttool.Token // with a JWT: what it says of itself
}

// newEntry makes an entry. Secrets are asked for now, and not kept after the login.
func (s *session) newEntry(ctx context.Context) (entry, error) {
	switch s.cfg.Login {
	case loginJWT:
		return s.jwtEntry(ctx)
	case loginHeader:
		value, err := s.secret(ctx, "header.value")
		if err != nil {
			return entry{}, err
		}
		if !plainASCII(value) {
			return entry{}, &catalog.Error{Code: catalog.CodeInvalid, Op: "read header.value", Err: errors.New("it holds characters that no header may have"), Cure: cureASCII}
		}
		header := http.Header{}
		header.Set(s.cfg.Header.Name, value)
		return entry{header: header, secrets: []string{value}}, nil
	default:
		return entry{header: s.direct()}, nil
	}
}

// cureASCII is facts A.6.
const cureASCII = "Write the user with US-ASCII letters, digits and signs alone: a header has no others."

func plainASCII(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// direct is what every request to a direct port carries (facts A.10); nil when going through a proxy.
func (s *session) direct() http.Header {
	if s.cfg.Login != loginCertificate {
		return nil
	}
	c := s.cfg.Certificate
	header := http.Header{}
	header.Set("X-Qlik-User", fmt.Sprintf("UserDirectory=%s; UserId=%s", c.UserDirectory, c.UserID))
	return header
}

func (s *session) jwtEntry(ctx context.Context) (entry, error) {
	token, err := s.jwt(ctx)
	if err != nil {
		return entry{}, err
	}
	claims, err := jwttool.Inspect(token)
	if err != nil {
		return entry{}, &catalog.Error{Code: catalog.CodeInvalid, Op: "read jwt.token", Err: err, Cure: "Make a new token; `qlikcrawler jwt inspect` shows what one says."}
	}
	if expired := claims.Expires; !expired.IsZero() && !expired.After(s.now().Add(-jwttool.Margin)) {
		return entry{}, s.expiredToken(expired, nil)
	}
	return entry{header: http.Header{"Authorization": {"Bearer " + token}}, secrets: []string{token}, token: claims}, nil
}

// jwt is the token as given, or one signed now.
func (s *session) jwt(ctx context.Context) (string, error) {
	if !s.signs {
		return s.secret(ctx, "jwt.token")
	}
	text, err := s.secret(ctx, "jwt.private_key")
	if err != nil {
		return "", err
	}
	key, err := jwttool.ReadKey([]byte(text))
	if err != nil {
		return "", &catalog.Error{Code: catalog.CodeInvalid, Op: "read jwt.private_key", Err: err, Cure: "Give the RSA key in PEM form that belongs to the virtual proxy's JWT certificate."}
	}
	j := s.cfg.JWT
	token, err := jwttool.Sign(jwttool.Spec{
		Key: key, Algorithm: j.Algorithm, KeyID: j.KeyID,
		UserID: j.UserID, UserDirectory: j.UserDirectory,
		UserIDClaim: j.UserIDClaim, UserDirectoryClaim: j.UserDirectoryClaim,
		Name: j.Name, Email: j.Email, Groups: j.Groups, Audience: j.Audience,
		Lifetime: j.Lifetime, Claims: j.Claims, Now: s.now(),
	})
	if err != nil {
		return "", &catalog.Error{Code: catalog.CodeInvalid, Op: "log in", Err: err}
	}
	return token, nil
}

// secret asks for a secret's value.
func (s *session) secret(ctx context.Context, path string) (string, error) {
	return secretReader{s.env}.required(ctx, path)
}

func (s *session) expiredToken(at time.Time, cause error) error {
	return &catalog.Error{
		Code: catalog.CodeUnauthorized, Op: "log in",
		Err:  said(fmt.Sprintf("the token expired at %s", at.Format("2006-01-02 15:04:05 MST")), cause),
		Cure: "Make a new token and give it in jwt.token, or let tokens be signed here with jwt.private_key.",
	}
}
