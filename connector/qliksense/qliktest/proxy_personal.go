package qliktest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// servePersonal is the proxy's personal API: who am I, log out, CSRF token (facts A.6, A.7).
func (s *Server) servePersonal(w http.ResponseWriter, r *http.Request, vp virtualProxy, rest string) {
	switch path := strings.ToLower(strings.TrimSuffix(rest, "/")); {
	case path == "/qps/csrftoken" && r.Method == http.MethodGet:
		s.note(r, "/qps/csrftoken")
		s.csrfToken(w, r, vp)
	case path == "/qps/user" && r.Method == http.MethodGet:
		s.note(r, "/qps/user")
		s.whoAmI(w, r, vp)
	case path == "/qps/user" && r.Method == http.MethodDelete:
		s.note(r, "/qps/user")
		s.logOut(w, r, vp)
	default:
		s.note(r, "/qps/{unknown}")
		plain(w, http.StatusNotFound, "Not Found")
	}
}

// csrfToken answers 204 with the token in a header; it needs no xrfkey (facts G.2). Without a login
// it says 403 where 401 was meant, and older servers don't have it at all (facts A.7).
func (s *Server) csrfToken(w http.ResponseWriter, r *http.Request, vp virtualProxy) {
	x, status := s.authenticate(w, r, vp)
	switch {
	case status == http.StatusUnauthorized && bearer(r) != "":
		plain(w, http.StatusUnauthorized, "Unauthorized")
	case s.options.NoCSRF:
		plain(w, http.StatusNotFound, "Not Found")
	case x == nil:
		plain(w, http.StatusForbidden, "Forbidden")
	default:
		w.Header().Set("qlik-csrf-token", s.sessions.token(x))
		w.WriteHeader(http.StatusNoContent)
	}
}

// whoAmI answers with what the socket greeting also says of a user (facts A.6, C.2).
func (s *Server) whoAmI(w http.ResponseWriter, r *http.Request, vp virtualProxy) {
	if !xrfkeyOK(w, r) {
		return
	}
	x := s.enter(w, r, vp)
	if x == nil {
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"userId": x.user.Name, "userDirectory": x.user.Directory, "logoutUri": vp.base(r) + "/qps/user",
	})
}

// logOut ends all of the user's sessions on this virtual proxy (facts A.6).
func (s *Server) logOut(w http.ResponseWriter, r *http.Request, vp virtualProxy) {
	if !xrfkeyOK(w, r) {
		return
	}
	x := s.enter(w, r, vp)
	if x == nil {
		return
	}
	s.sessions.logout(x.user, vp.prefix)
	http.SetCookie(w, &http.Cookie{Name: vp.cookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.TLS != nil})
	w.WriteHeader(http.StatusNoContent)
}

// xrfkeyOK enforces the rule for all of QRS and QPS: 16 letters or digits, in the query (the name in
// any letter case) and in the header, both equal; else it answers 403 (facts A.2).
func xrfkeyOK(w http.ResponseWriter, r *http.Request) bool {
	header := r.Header.Get("X-Qlik-Xrfkey")
	for name, values := range r.URL.Query() {
		if strings.EqualFold(name, "xrfkey") && len(values) == 1 && values[0] == header && validXrfkey(header) {
			return true
		}
	}
	plain(w, http.StatusForbidden, "XSRF prevention check failed. Possible XSRF discovered.")
	return false
}

func validXrfkey(key string) bool {
	if len(key) != 16 {
		return false
	}
	for _, c := range key {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
