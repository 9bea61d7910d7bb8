package qliktest

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// headerUser is the account that a request's header names (facts A.6); nil for none. There is no
// challenge and no password: who can reach the port is who he says.
func (s *Server) headerUser(r *http.Request) *User {
	directory, name := s.readHeader(r.Header.Get(s.options.HeaderName))
	if directory == "" || name == "" {
		return nil
	}
	u, err := s.account(directory, name, jwt.MapClaims{})
	if err != nil {
		return nil
	}
	return u
}

// readHeader reads a value: the user id alone with a static directory, else by the dynamic pattern.
func (s *Server) readHeader(value string) (directory, name string) {
	for _, c := range []byte(value) {
		if c > '~' {
			return "", "" // US-ASCII only
		}
	}
	if s.options.HeaderDirectory != "" {
		return s.options.HeaderDirectory, value
	}
	pattern := regexp.QuoteMeta(s.options.HeaderPattern)
	pattern = strings.Replace(pattern, regexp.QuoteMeta("$ud"), `(?P<ud>.+?)`, 1)
	pattern = strings.Replace(pattern, regexp.QuoteMeta("$id"), `(?P<id>.+)`, 1)
	re, err := regexp.Compile("^" + pattern + "$")
	if err != nil {
		return "", ""
	}
	found := re.FindStringSubmatch(value)
	if found == nil {
		return "", ""
	}
	group := func(n string) string {
		if i := re.SubexpIndex(n); i >= 0 {
			return found[i]
		}
		return ""
	}
	return group("ud"), group("id")
}
