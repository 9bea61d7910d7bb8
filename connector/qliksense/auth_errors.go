package qliksense

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// explainLogin says why the first request of a session failed. What is an odd answer later is a wrong
// address now, and a 401 isn't a session that ended but a login that was refused (facts A.5).
func (s *session) explainLogin(e entry, err error) error {
	var rest *qrs.Error
	if !errors.As(err, &rest) {
		return explain("log in", "", err)
	}
	if rest.Status == 401 && s.cfg.Login == loginJWT && !e.token.Expires.IsZero() && !e.token.Expires.After(s.now()) {
		return s.expiredToken(e.token.Expires, err)
	}
	v := judgeREST(rest)
	if better, ok := s.judgeLogin(rest); ok {
		v = better
	}
	return &catalog.Error{Code: v.code, Op: "log in", Err: said(v.says, err), Cure: v.cure}
}

func (s *session) judgeLogin(e *qrs.Error) (verdict, bool) {
	host := s.cfg.Base.Host
	switch {
	case e.Status == http.StatusProxyAuthRequired:
		return verdict{}, false
	case e.Kind == qrs.NotQlik:
		return verdict{catalog.CodeInvalid, fmt.Sprintf("%s is not a Qlik Sense server: it %s", host, e.Text), cureURL}, true
	case e.Kind == qrs.BadAnswer:
		return verdict{catalog.CodeInvalid, fmt.Sprintf("%s is not a Qlik Sense server: its answer can't be read", host), cureURL}, true
	case e.Status == 404 || e.Status == 405 || e.Kind == qrs.BadRequest:
		return verdict{catalog.CodeInvalid, fmt.Sprintf("%s has no Qlik Sense Repository at this address (status %d)", host, e.Status), cureURL}, true
	case e.Kind == qrs.WrongPrefix:
		return verdict{catalog.CodeInvalid, fmt.Sprintf("%s has no virtual proxy with the prefix %q, or it isn't linked to the proxy", host, strings.Trim(s.cfg.Base.Path, "/")), curePrefix}, true
	case e.Kind == qrs.Forbidden:
		return verdict{catalog.CodeForbidden, "the proxy refused the login (status 403): " + e.Text, cureAllow}, true
	case e.Status >= 300 && e.Status < 400:
		return s.judgeRedirect(e), true
	case e.Status == 401:
		return s.judgeRefused(), true
	}
	return verdict{}, false
}

const cureURL = "Check url: it must be the address of the Qlik Sense proxy, with its port and without a page such as /hub."

// judgeRedirect tells http → https from a virtual proxy that wants another login.
func (s *session) judgeRedirect(e *qrs.Error) verdict {
	if to, err := url.Parse(e.Location); err == nil && to.Scheme == "https" && s.cfg.Base.Scheme == "http" {
		return verdict{catalog.CodeInvalid, "the server wants https and leads to " + e.Location, "Write url with https://."}
	}
	return verdict{
		catalog.CodeUnauthorized, fmt.Sprintf("the virtual proxy wants another login than %s and leads to %s", s.cfg.Login, e.Location),
		"Set the prefix to a virtual proxy with " + s.cfg.Login + " authentication.",
	}
}

// judgeRefused is a 401 to a login that isn't known to be expired.
func (s *session) judgeRefused() verdict {
	switch s.cfg.Login {
	case loginJWT:
		return verdict{
			catalog.CodeUnauthorized, "the server refused the token (status 401)",
			"Check that the virtual proxy's JWT certificate belongs to the key that signed the token, that the token has the claims for user id and user directory that the virtual proxy names (with case), the audience if one is set, and that the clocks agree.",
		}
	case loginWindows:
		return verdict{catalog.CodeUnauthorized, "the proxy refused the login (status 401) and didn't ask for a password", "Set the prefix to a virtual proxy with windows authentication."}
	case loginHeader:
		return verdict{catalog.CodeUnauthorized, "the server refused the header (status 401)", "Check header.name and header.value against the virtual proxy's header authentication."}
	default:
		return verdict{catalog.CodeUnauthorized, "the server refused the certificate's user (status 401)", "Check certificate.user_directory and certificate.user_id."}
	}
}
