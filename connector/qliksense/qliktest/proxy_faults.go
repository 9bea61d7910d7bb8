package qliktest

import (
	"crypto/tls"
	"net"
	"net/http"
)

// strike does to a REST request what the faults of its app, or of the site, say. It reports whether
// the request is answered, or never will be.
func (s *Server) strike(w http.ResponseWriter, r *http.Request, appID string) bool {
	switch {
	case s.strikeSession(w, r, appID):
	case s.take(appID, UnavailableOne) || s.has(appID, Unavailable) || s.awayAWhile(r):
		plain(w, http.StatusServiceUnavailable, "Service Unavailable")
	case s.take(appID, TooManyOnce) || s.has(appID, TooMany):
		w.Header().Set("Retry-After", "1")
		plain(w, http.StatusTooManyRequests, "Too Many Requests")
	case s.take(appID, ResetRESTOnce) || s.has(appID, ResetREST):
		reset(w)
	case s.has(appID, HangREST):
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case s.has(appID, CutREST):
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", "4096")
		_, _ = w.Write([]byte(`[{"id":"`))
		panic(http.ErrAbortHandler) // net/http's way to end a connection in the middle of a body
	case s.has(appID, NotJSON):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html>\n<title>Maintenance</title>\n"))
	default:
		if s.has(appID, SlowREST) {
			pause(r.Context(), s.options.SlowBy)
		}
		return false
	}
	return true
}

// strikeSession ends the session of a request's cookie and shows one of the three faces of an
// expired session (facts A.9). A request without a session is spared.
func (s *Server) strikeSession(w http.ResponseWriter, r *http.Request, appID string) bool {
	vp, _, _ := s.route(r.URL.Path)
	cookie, err := r.Cookie(vp.cookie)
	if err != nil || vp.cookie == "" {
		return false
	}
	x := s.sessions.find(cookie.Value, vp.prefix)
	if x == nil {
		return false
	}
	switch {
	case s.take(appID, Expire401):
		s.sessions.expire(x)
		plain(w, http.StatusUnauthorized, "Unauthorized")
	case s.take(appID, Expire302):
		s.sessions.expire(x)
		s.toLogin(w, r, vp)
	case s.take(appID, Expire500):
		s.sessions.expire(x)
		plain(w, http.StatusInternalServerError, "Authentication error: Restart the browser.")
	default:
		return false
	}
	return true
}

// reset ends the TCP connection with RST instead of an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if c, ok := conn.(*countingConn); ok {
		conn = c.Conn
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
		_ = t.Close()
	}
}
