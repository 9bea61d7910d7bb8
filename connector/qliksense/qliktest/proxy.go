package qliktest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A virtualProxy is one way into the proxy: the default one asks for a Windows login, the other one
// takes tokens.
type virtualProxy struct {
	prefix, cookie string
	jwt            bool
}

// roots are the first path segments that the default virtual proxy serves; any other first segment
// is taken for a prefix.
var roots = map[string]bool{
	"": true, "qrs": true, "qps": true, "app": true, "api": true, "hub": true, "qmc": true, "dev-hub": true,
	"sense": true, "single": true, "resources": true, "content": true, "appcontent": true, "extensions": true,
	"qlik-embed": true, "internal_windows_authentication": true, "internal_forms_authentication": true,
}

// route tells the virtual proxy and the path behind its prefix; ok is false for an unknown prefix.
func (s *Server) route(path string) (vp virtualProxy, rest string, ok bool) {
	jwt := virtualProxy{prefix: s.options.Prefix, cookie: s.options.CookieName, jwt: true}
	first, behind, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case jwt.prefix != "" && strings.EqualFold(first, jwt.prefix):
		return jwt, "/" + behind, true
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
	if vp.prefix == "" {
		return "https://" + r.Host
	}
	return "https://" + r.Host + "/" + vp.prefix
}

// serveProxy answers everything on the proxy's port.
func (s *Server) serveProxy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0") // facts A.1
	vp, rest, ok := s.route(r.URL.Path)
	if !ok {
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
		http.Redirect(w, r, s.loginPage(r, vp), http.StatusFound)
	}
	return nil
}

// authenticate tells whose session the request is. A cookie that the proxy knows wins; a token
// without one starts a session each time (facts A.5). Otherwise the status says how to refuse.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request, vp virtualProxy) (*session, int) {
	cookie, err := r.Cookie(vp.cookie)
	if err == nil {
		if x := s.sessions.find(cookie.Value, vp.prefix); x != nil {
			return x, http.StatusOK
		}
	}
	if token := bearer(r); token != "" && vp.jwt {
		u, err := s.login(token)
		if err != nil {
			return nil, http.StatusUnauthorized
		}
		pause(r.Context(), s.options.Latency.Login)
		x := s.sessions.start(u, vp.prefix)
		http.SetCookie(w, &http.Cookie{Name: vp.cookie, Value: x.id, Path: "/", HttpOnly: true, Secure: true})
		return x, http.StatusOK
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

// loginPage is where a request without a session is sent: the page for Windows or, when the browser
// doesn't look like Windows, the form (facts A.3 2 and 3).
func (s *Server) loginPage(r *http.Request, vp virtualProxy) string {
	page := "internal_forms_authentication"
	if strings.Contains(r.UserAgent(), "Windows") {
		page = "internal_windows_authentication"
	}
	return vp.base(r) + "/" + page + "/?targetId=" + s.targets.add(vp.base(r)+target(r, vp))
}

// target is the request's path behind the prefix, with its query.
func target(r *http.Request, vp virtualProxy) string {
	u := url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	if vp.prefix != "" {
		u.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/")[len(vp.prefix):], "/")
	}
	return u.RequestURI()
}
