package qliktest

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/websocket"
)

// serviceUsers are Qlik's own accounts in the directory INTERNAL; they administer the site
// (facts A.10).
var serviceUsers = []string{"sa_repository", "sa_api", "sa_engine", "sa_scheduler", "sa_proxy"}

// qlikUser reads X-Qlik-User leniently: "UserDirectory=D; UserId=u" with names in any case, blanks
// optional and values perhaps URL-encoded (facts A.10).
func qlikUser(header string) (directory, name string) {
	for part := range strings.SplitSeq(header, ";") {
		key, value, _ := strings.Cut(part, "=")
		value = strings.TrimSpace(value)
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "userdirectory":
			directory = value
		case "userid":
			name = value
		}
	}
	return directory, name
}

// directUser is the account that a request on a direct port acts as; nil if the site has none of
// that name.
func (s *Server) directUser(directory, name string) *User {
	var u *User
	var admin bool
	s.view(func(site *Site) {
		u = site.FindUser(directory, name)
		admin = u != nil && u.Admin()
	})
	service := strings.EqualFold(directory, "INTERNAL") && slices.Contains(serviceUsers, strings.ToLower(name))
	if !service || admin {
		return u
	}
	return &User{Directory: "INTERNAL", Name: strings.ToLower(name), DisplayName: name, Roles: []string{"RootAdmin"}}
}

// serveDirectQRS is the Repository's own port. Without X-Qlik-User it acts for a full administrator.
func (s *Server) serveDirectQRS(w http.ResponseWriter, r *http.Request) {
	s.sign(w)
	directory, name := "INTERNAL", "sa_repository"
	if header := r.Header.Get("X-Qlik-User"); header != "" {
		directory, name = qlikUser(header)
	}
	u := s.directUser(directory, name)
	if u == nil {
		s.note(r, "/qrs")
		plain(w, http.StatusForbidden, "Forbidden")
		return
	}
	s.serveQRS(w, r, u, r.URL.Path)
}

// serveDirectEngine is the Engine's own port: no prefix, no proxy session, one greeting frame only,
// which the Engine sends (facts A.10, C.2). An account that the site doesn't know gets 403.
func (s *Server) serveDirectEngine(w http.ResponseWriter, r *http.Request) {
	s.note(r, "/app")
	p, ok := parseSocketPath(r.URL.Path)
	if !ok || !websocket.IsWebSocketUpgrade(r) {
		plain(w, http.StatusNotFound, "Not Found")
		return
	}
	u := s.directUser(qlikUser(r.Header.Get("X-Qlik-User")))
	if u == nil {
		plain(w, http.StatusForbidden, "Forbidden")
		return
	}
	c, ok := s.upgrade(w, r, p, nil)
	if !ok {
		return
	}
	c.user, c.direct = u, true
	defer c.drop()
	stop := context.AfterFunc(s.life, c.drop)
	defer stop()
	s.hand(c)
}

func isIP(host string) bool { return net.ParseIP(strings.Trim(host, "[]")) != nil }
