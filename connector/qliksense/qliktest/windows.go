package qliktest

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A line is one TCP connection: NTLM's challenge lives and dies with it (facts A.3 4).
type line struct{ asked *challenge }

type lineKey struct{}

// newLine is an http.Server's ConnContext.
func newLine(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, lineKey{}, &line{})
}

// An authentication module's page, on the proxy's port and, with Options.OldLogin, on a port of its own
// (facts A.3 2 and 3).
const (
	windowsPage    = "internal_windows_authentication"
	formPage       = "internal_forms_authentication"
	oldWindowsPage = "windows_authentication"
	oldFormPage    = "form"
)

// loginPage is where a request without a session is sent: the page for Windows or, when the client's name
// hasn't the virtual proxy's pattern in it, the form (facts A.3 1 to 3).
func (s *Server) loginPage(r *http.Request, vp virtualProxy) string {
	windows := strings.Contains(r.UserAgent(), s.options.WindowsPattern)
	x := target{url: vp.base(r) + behind(r, vp), vp: vp, until: s.now().Add(s.options.TargetLife)}
	id := "/?targetId=" + s.targets.add(x, s.now())
	switch {
	case s.options.OldLogin && windows:
		return s.LoginURL + "/" + oldWindowsPage + id
	case s.options.OldLogin:
		return s.LoginURL + "/" + oldFormPage + id
	case windows:
		return vp.base(r) + "/" + windowsPage + id
	default:
		return vp.base(r) + "/" + formPage + id
	}
}

// behind is the request's path behind the prefix, with its query.
func behind(r *http.Request, vp virtualProxy) string {
	u := url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	if vp.prefix != "" {
		u.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/")[len(vp.prefix):], "/")
	}
	return u.RequestURI()
}

// toLogin sends a request to the login page and, as the proxy does, closes the connection without having
// said so: a client that keeps it for the next hop is in for a surprise (facts A.3 2).
func (s *Server) toLogin(w http.ResponseWriter, r *http.Request, vp virtualProxy) {
	page := s.loginPage(r, vp)
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20)) // else closing would be a reset
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Redirect(w, r, page, http.StatusFound)
		return
	}
	defer conn.Close()
	head := w.Header().Clone()
	head.Set("Location", page)
	head.Set("Content-Length", "0")
	head.Set("Date", s.now().UTC().Format(http.TimeFormat))
	_, _ = fmt.Fprintf(out, "HTTP/1.1 302 Found\r\n")
	_ = head.Write(out)
	_, _ = out.WriteString("\r\n")
	_ = out.Flush() // a client that has gone needs none
}

// serveOldLogin answers on the authentication port of older builds, 4244 at Qlik (facts A.1, A.3).
func (s *Server) serveOldLogin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	switch first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); strings.ToLower(first) {
	case oldWindowsPage:
		s.note(r, "/"+oldWindowsPage+"/")
		s.windowsLogin(w, r, virtualProxy{})
	case oldFormPage:
		s.note(r, "/"+oldFormPage+"/")
		s.formLogin(w, r)
	default:
		s.note(r, "/{unknown login page}")
		plain(w, http.StatusNotFound, "Not Found")
	}
}

// goal tells where a login page leads to: a target id, or, as the socket's loginUri has it, an address of
// this site (facts A.3a). When there is none it answers: 400 for an id that is spent or expired, and a
// sentence for a request that has neither (facts A.3).
func (s *Server) goal(w http.ResponseWriter, r *http.Request, vp virtualProxy) (target, bool) {
	q := r.URL.Query()
	if id := q.Get("targetId"); id != "" {
		x, ok := s.targets.find(id, s.now())
		if !ok {
			plain(w, http.StatusBadRequest, http.StatusText(http.StatusBadRequest))
		}
		return x, ok
	}
	back, err := url.Parse(q.Get("targetUri"))
	if err == nil && back.Hostname() == hostname(r) {
		return target{url: back.String(), vp: vp}, true
	}
	plain(w, http.StatusBadRequest, "Virtual proxy not possible to determine, since neither TargetId nor Virtual Proxy were specified")
	return target{}, false
}

// hostname is the host that the client asked for, without the port.
func hostname(r *http.Request) string { return (&url.URL{Host: r.Host}).Hostname() }

// windowsLogin is the Windows authentication module (facts A.3 4 and 5). On a virtual proxy that takes
// tokens it lets nobody in.
func (s *Server) windowsLogin(w http.ResponseWriter, r *http.Request, vp virtualProxy) {
	x, ok := s.goal(w, r, vp)
	if !ok {
		return
	}
	scheme, message := ntlmToken(r)
	at, _ := r.Context().Value(lineKey{}).(*line)
	if at == nil {
		at = &line{}
	}
	switch ntlmType(message) {
	case 1:
		c, err := newChallenge(message, s.domain(), s.options.Host, s.now())
		if err != nil {
			s.demandLogin(w)
			return
		}
		at.asked = c
		w.Header().Set("WWW-Authenticate", scheme+" "+base64.StdEncoding.EncodeToString(c.message))
		plain(w, http.StatusUnauthorized, "Unauthorized")
	case 3:
		u := s.checkProof(message, at)
		if u == nil || x.vp.jwt || x.vp.header {
			s.demandLogin(w)
			return
		}
		s.letIn(w, r, x, u)
	default:
		s.demandLogin(w)
	}
}

// demandLogin offers both ways to log in with a Windows account.
func (s *Server) demandLogin(w http.ResponseWriter) {
	w.Header().Add("WWW-Authenticate", "Negotiate")
	w.Header().Add("WWW-Authenticate", "NTLM")
	plain(w, http.StatusUnauthorized, "Unauthorized")
}

// checkProof gives the user that a third message proves to be; nil for nobody. A challenge is good for one
// answer, on the connection where it was asked.
func (s *Server) checkProof(message []byte, at *line) *User {
	c := at.asked
	at.asked = nil
	l, err := readLogin(message)
	if err != nil || c == nil {
		s.count(func(n *Counters) { n.StrayProofs++ })
		return nil
	}
	u, password := s.windowsAccount(l.domain, l.user)
	if u == nil || !l.proves(password, c) {
		s.count(func(n *Counters) { n.WrongPasswords++ })
		return nil
	}
	return u
}

// letIn sends who has logged in back to where he wanted to go, with a ticket (facts A.3 5). The target's id
// is spent.
func (s *Server) letIn(w http.ResponseWriter, r *http.Request, x target, u *User) {
	if id := r.URL.Query().Get("targetId"); id != "" && !s.targets.spend(id) {
		plain(w, http.StatusBadRequest, http.StatusText(http.StatusBadRequest))
		return
	}
	sep := "?"
	if strings.Contains(x.url, "?") {
		sep = "&"
	}
	http.Redirect(w, r, x.url+sep+"qlikTicket="+s.tickets.issue(u, x.vp.prefix, s.now()), http.StatusFound)
}

// ntlmToken is the message in a request's Authorization; nil for none.
func ntlmToken(r *http.Request) (scheme string, message []byte) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "NTLM") && !strings.EqualFold(scheme, "Negotiate") {
		return "", nil
	}
	message, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return scheme, nil
	}
	return scheme, message
}

// domain is the Windows domain of the site: that of its first user.
func (s *Server) domain() string { return s.firstUser().Directory }

// windowsAccount finds an account of the Windows domain with its password. Without a domain the name alone
// counts.
func (s *Server) windowsAccount(domain, name string) (found *User, password string) {
	s.view(func(site *Site) {
		for _, u := range site.Users {
			here := domain == "" || strings.EqualFold(u.Directory, domain)
			if here && strings.EqualFold(u.Name, name) && u.Password != "" && !u.RemovedExternal {
				found, password = u, u.Password
				return
			}
		}
	})
	return found, password
}
