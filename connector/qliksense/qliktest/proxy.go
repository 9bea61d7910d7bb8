package qliktest

import (
	"fmt"
	"net/http"
	"strings"
)

// A virtualProxy is one way into the proxy: one takes tokens, one may take a header, the others ask for a
// Windows login.
type virtualProxy struct {
	prefix, cookie string
	jwt, header    bool
}

// roots are the first path segments that the default virtual proxy serves; any other first segment
// is taken for a prefix.
var roots = map[string]bool{
	"": true, "qrs": true, "qps": true, "app": true, "api": true, "hub": true, "qmc": true, "dev-hub": true,
	"sense": true, "single": true, "resources": true, "content": true, "appcontent": true, "extensions": true,
	"qlik-embed": true, windowsPage: true, formPage: true,
}

// route tells the virtual proxy and the path behind its prefix; ok is false for an unknown prefix.
func (s *Server) route(path string) (vp virtualProxy, rest string, ok bool) {
	jwt := virtualProxy{prefix: s.options.Prefix, cookie: s.options.CookieName, jwt: true}
	first, behind, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case jwt.prefix != "" && strings.EqualFold(first, jwt.prefix):
		return jwt, "/" + behind, true
	case s.options.WindowsPrefix != "" && strings.EqualFold(first, s.options.WindowsPrefix):
		return virtualProxy{prefix: s.options.WindowsPrefix, cookie: cookieName(s.options.WindowsPrefix)}, "/" + behind, true
	case s.options.HeaderPrefix != "" && strings.EqualFold(first, s.options.HeaderPrefix):
		return virtualProxy{prefix: s.options.HeaderPrefix, cookie: cookieName(s.options.HeaderPrefix), header: true}, "/" + behind, true
	case !roots[strings.ToLower(first)]:
		return virtualProxy{}, "", false
	case jwt.prefix == "":
		return jwt, path, true
	default:
		return virtualProxy{cookie: cookieName("")}, path, true
	}
}

// base is the virtual proxy's address as the client sees it.
func (vp virtualProxy) base(r *http.Request) string {
	scheme := "https://"
	if r.TLS == nil {
		scheme = "http://"
	}
	return scheme + r.Host + strings.TrimSuffix(vp.path(), "/")
}

// path is what the virtual proxy's paths begin with: "/" or "/prefix/".
func (vp virtualProxy) path() string {
	if vp.prefix == "" {
		return "/"
	}
	return "/" + vp.prefix + "/"
}

// serveProxy answers everything on the proxy's port.
func (s *Server) serveProxy(w http.ResponseWriter, r *http.Request) {
	s.sign(w)
	vp, rest, ok := s.route(r.URL.Path)
	if !ok || vp.jwt && s.has("", NotLinked) {
		s.note(r, "/{unknown prefix}")
		s.badPrefix(w)
		return
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch strings.ToLower(first) {
	case "app":
		s.serveProxySocket(w, r, vp, rest)
	case "qrs":
		if x := s.enter(w, r, vp); x != nil {
			s.serveQRS(w, r, x.user, rest)
		}
	case "qps":
		s.servePersonal(w, r, vp, rest)
	case "api":
		s.serveEngineREST(w, r, vp, rest)
	default:
		s.servePages(w, r, vp, rest)
	}
}

// enter finds or starts the session of a request; when there is none it answers and gives nil.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, vp virtualProxy) *session {
	x, status := s.authenticate(w, r, vp)
	switch status {
	case http.StatusOK:
		return x
	case http.StatusUnauthorized:
		plain(w, status, "Unauthorized")
	case http.StatusInternalServerError:
		plain(w, status, "Authentication error: Restart the browser.")
	default:
		s.toLogin(w, r, vp)
	}
	return nil
}

// authenticate tells whose session the request is. A cookie that the proxy knows wins; a ticket starts a
// session once (facts A.3 6), a token without a cookie each time (facts A.5). Otherwise the status says how
// to refuse.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request, vp virtualProxy) (*session, int) {
	cookie, err := r.Cookie(vp.cookie)
	if err == nil {
		if x := s.sessions.find(cookie.Value, vp.prefix); x != nil {
			return x, http.StatusOK
		}
	}
	if u := s.tickets.redeem(r.URL.Query().Get("qlikTicket"), vp.prefix, s.now()); u != nil {
		return s.begin(w, r, vp, u), http.StatusOK
	}
	if token := bearer(r); token != "" && vp.jwt && !s.options.Anonymous {
		u, err := s.login(token)
		if err != nil {
			return nil, http.StatusUnauthorized
		}
		return s.begin(w, r, vp, u), http.StatusOK
	}
	if vp.header {
		u := s.headerUser(r)
		if u == nil {
			return nil, http.StatusUnauthorized
		}
		return s.begin(w, r, vp, u), http.StatusOK
	}
	if cookie != nil {
		switch s.options.UnknownCookie {
		case CookieError:
			return nil, http.StatusInternalServerError
		case CookieRefused:
			return nil, http.StatusUnauthorized
		}
	}
	return nil, http.StatusFound
}

// begin starts a session and gives its cookie to the client.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, vp virtualProxy, u *User) *session {
	pause(r.Context(), s.options.Latency.Login)
	x := s.sessions.start(u, vp.prefix)
	http.SetCookie(w, &http.Cookie{Name: vp.cookie, Value: x.id, Path: "/", HttpOnly: true, Secure: r.TLS != nil})
	return x
}

// bearer is the token of a request, "" without one.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// badPrefix is the page for a prefix that does not exist or is not linked to this proxy: 400 with
// about 88 kB of HTML (facts A.5).
func (s *Server) badPrefix(w http.ResponseWriter) {
	const filler = "<div class=\"qlik-illustration\" aria-hidden=\"true\"></div>\n"
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html><head><title>Error 400</title></head><body>\n"+
		"<h1>Error 400 - Bad request</h1>\n<p>The http request header is incorrect.</p>\n%s</body></html>\n",
		strings.Repeat(filler, 88_000/len(filler)))
}

// sign sets what every answer tells of the server: its kind (facts A.1) and its clock.
func (s *Server) sign(w http.ResponseWriter) {
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
}

// plain answers with text: errors of Qlik's services are text or HTML, not JSON (facts B.1).
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// note counts a request and tells its endpoint.
func (s *Server) note(r *http.Request, endpoint string) {
	s.count(func(c *Counters) { c.Requests[r.Method+" "+endpoint]++ })
}
