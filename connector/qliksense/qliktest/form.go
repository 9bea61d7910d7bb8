package qliktest

import (
	"fmt"
	"html"
	"net/http"
	"strings"
)

// formLogin is the form that clients get whose name hasn't the pattern for Windows in it. It comes again
// after a wrong password, without a cookie (facts A.4).
func (s *Server) formLogin(w http.ResponseWriter, r *http.Request) {
	x, ok := s.goal(w, r, virtualProxy{})
	if !ok {
		return
	}
	if r.Method == http.MethodPost {
		if u := s.checkForm(w, r); u != nil && !x.vp.jwt {
			s.letIn(w, r, x, u)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html><head><title>Qlik Sense</title></head><body>\n<form method=\"post\" action=\"%s\">\n"+
		"<input name=\"username\"><input name=\"pwd\" type=\"password\"><input type=\"submit\">\n</form></body></html>\n",
		html.EscapeString(r.URL.RequestURI()))
}

// checkForm gives the user whose name, DOMAIN\user, and password are in the form; nil for nobody.
func (s *Server) checkForm(w http.ResponseWriter, r *http.Request) *User {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if r.ParseForm() != nil {
		return nil
	}
	domain, name, ok := strings.Cut(r.PostForm.Get("username"), `\`)
	if !ok {
		domain, name = "", r.PostForm.Get("username")
	}
	u, password := s.windowsAccount(domain, name)
	if u == nil || password != r.PostForm.Get("pwd") {
		s.count(func(n *Counters) { n.WrongPasswords++ })
		return nil
	}
	return u
}
