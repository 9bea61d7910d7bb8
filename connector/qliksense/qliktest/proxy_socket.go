package qliktest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// A socketPath is what the path of a WebSocket says (facts C.1):
// /app/engineData or /app/<id>, then /identity/<x> and /ttl/<seconds>.
type socketPath struct {
	appID, identity string
	ttl             time.Duration
}

func parseSocketPath(path string) (socketPath, bool) {
	p := socketPath{ttl: -1}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if !strings.EqualFold(parts[0], "app") {
		return p, false
	}
	parts = parts[1:]
	if len(parts) > 0 {
		if parts[0] != "" && !strings.EqualFold(parts[0], "engineData") {
			p.appID = strings.ToLower(parts[0])
		}
		parts = parts[1:]
	}
	for ; len(parts) >= 2; parts = parts[2:] {
		switch strings.ToLower(parts[0]) {
		case "identity":
			p.identity = parts[1]
		case "ttl":
			seconds, err := strconv.Atoi(parts[1])
			if err != nil || seconds < 0 {
				return p, false
			}
			p.ttl = time.Duration(seconds) * time.Second
		default:
			return p, false
		}
	}
	return p, len(parts) == 0
}

// serveProxySocket is a WebSocket upgrade on the proxy.
func (s *Server) serveProxySocket(w http.ResponseWriter, r *http.Request, vp virtualProxy, rest string) {
	s.note(r, "/app")
	p, ok := parseSocketPath(rest)
	if !ok || !websocket.IsWebSocketUpgrade(r) {
		plain(w, http.StatusNotFound, "Not Found")
		return
	}
	header := http.Header{}
	x, status := s.socketSession(w, r, vp, header)
	if status != 0 {
		plain(w, status, http.StatusText(status))
		return
	}
	header.Set("Server", "Microsoft-HTTPAPI/2.0")
	c, ok := s.upgrade(w, r, p, header)
	if !ok {
		return
	}
	s.runProxySocket(c, x, vp, r)
}

// socketSession finds the session of an upgrade and enforces the rules for it: nil without a status
// means that the upgrade is accepted and then told to log in. A session that the upgrade itself
// starts has its cookie in header.
func (s *Server) socketSession(w http.ResponseWriter, r *http.Request, vp virtualProxy, header http.Header) (*session, int) {
	if !s.originAllowed(r) {
		return nil, http.StatusForbidden
	}
	strict := !s.options.NoCSRF && !s.options.Mild
	if strict && r.Header.Get("Authorization") != "" {
		return nil, http.StatusForbidden // facts A.7: no Authorization on the upgrade
	}
	if cookie, err := r.Cookie(vp.cookie); err == nil {
		if x := s.sessions.find(cookie.Value, vp.prefix); x != nil {
			return x, s.crossSiteCheck(r, x)
		}
	}
	if vp.jwt && s.options.Anonymous {
		return s.anonymous(vp, header), 0
	}
	named := vp.header && r.Header.Get(s.options.HeaderName) != ""
	if bearer(r) == "" && !r.URL.Query().Has("qlikTicket") && !named {
		return nil, 0
	}
	x, status := s.authenticate(w, r, vp)
	if status != http.StatusOK {
		return nil, status
	}
	header.Set("Set-Cookie", w.Header().Get("Set-Cookie"))
	return x, 0
}

// anonymous starts a session for nobody in particular (facts A.6).
func (s *Server) anonymous(vp virtualProxy, header http.Header) *session {
	x := s.sessions.start(&User{Name: "anonymous-" + newGUID()}, vp.prefix)
	cookie := http.Cookie{Name: vp.cookie, Value: x.id, Path: "/", HttpOnly: true, Secure: true}
	header.Set("Set-Cookie", cookie.String())
	return x
}

// crossSiteCheck is the rule of November 2024: a WebSocket with a cookie needs the session's token in
// the query, and in the strict setting an Origin (facts A.7, G.2). The status is 0 when all is well.
func (s *Server) crossSiteCheck(r *http.Request, x *session) int {
	switch {
	case s.options.NoCSRF:
		return 0
	case !s.options.Mild && r.Header.Get("Origin") == "":
		return http.StatusForbidden
	case s.has("", CSRFRefused), !s.sessions.knows(x, r.URL.Query().Get("qlik-csrf-token")):
		return http.StatusForbidden
	default:
		return 0
	}
}

// originAllowed compares the Origin's host with the host allow list: names only, no scheme, port or
// IP address (facts A.8). Without an Origin this rule has nothing to say.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	allowed := append([]string{"localhost", shortHostName(), s.options.Host}, s.options.HostAllowList...)
	return slices.ContainsFunc(allowed, func(name string) bool {
		return name != "" && !isIP(name) && strings.EqualFold(name, u.Hostname())
	})
}

// upgrade accepts the WebSocket. Compression is not offered (facts C.2).
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, p socketPath, header http.Header) (socket, bool) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, header)
	if err != nil {
		return socket{}, false // it has answered
	}
	ws.SetReadLimit(-1)
	return socket{
		ws: ws, appID: p.appID, identity: p.identity, ttl: p.ttl, wire: &wire{server: s},
	}, true
}

// runProxySocket serves an accepted WebSocket to its end.
func (s *Server) runProxySocket(c socket, x *session, vp virtualProxy, r *http.Request) {
	defer c.drop()
	stop := context.AfterFunc(s.life, c.drop)
	defer stop()
	if s.take(c.appID, SilentClose) || s.has(c.appID, DropAtGreeting) {
		return
	}
	if s.has(c.appID, DeletedAtOpen) {
		s.DeleteApp(c.appID)
	}
	if s.has(c.appID, HangAtGreeting) {
		_, _ = c.read() // until the client gives up
		return
	}
	if x == nil {
		s.refuseStranger(c, vp, r)
		return
	}
	c.user, c.session, c.owner = x.user, x.id, x
	if s.options.Pings == PingsDeafen {
		c.ws.SetPingHandler(func(string) error { c.deaf.Store(true); return nil })
	}
	c.push("OnAuthenticationInformation", map[string]any{
		"userId": x.user.Name, "userDirectory": x.user.Directory,
		"logoutUri": vp.base(r) + "/qps/user", "mustAuthenticate": false,
	})
	if method, message := s.refusal(c, x); method != "" {
		c.pushFatal(method, message)
		c.close(websocket.CloseNormalClosure, "")
		return
	}
	if !s.sessions.attach(x, c) {
		c.pushFatal(timedOut.push, timedOut.message)
		return
	}
	defer s.sessions.detach(x, c)
	s.hand(c)
}

// hand gives the socket to the Engine.
func (s *Server) hand(c socket) {
	s.count(func(n *Counters) { n.Sockets.up() })
	defer s.count(func(n *Counters) { n.Sockets.Now-- })
	s.engine.serve(s.life, c)
}

// refuseStranger tells a socket without a session to log in; afterwards it is useless (facts C.2).
// The page to come back to, reloadUri, becomes part of loginUri (facts C.1, G.1).
func (s *Server) refuseStranger(c socket, vp virtualProxy, r *http.Request) {
	if cookie, err := r.Cookie(vp.cookie); err == nil && s.sessions.timedOut(cookie.Value) {
		c.pushFatal(timedOut.push, timedOut.message)
		c.close(websocket.CloseNormalClosure, "")
		return
	}
	back := r.URL.Query().Get("reloadUri")
	if back == "" {
		back = vp.base(r) + "/hub/"
	}
	page := vp.base(r) + "/" + windowsPage + "/?targetUri=" + url.QueryEscape(back)
	c.push("OnAuthenticationInformation", map[string]any{"loginUri": page, "mustAuthenticate": true})
	for {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			return
		}
	}
}

// refusal is the fatal message for a socket that does not get to the Engine, "" for one that does
// (facts A.9, C.2).
func (s *Server) refusal(c socket, x *session) (method, message string) {
	switch {
	case !s.sessions.allowed(x):
		return "OnMaxParallelSessionsExceeded", ""
	case s.has(c.appID, LicenseDenied):
		return "OnLicenseAccessDenied", "Access to the app is denied: No available access type"
	case s.has(c.appID, SocketFailed):
		return "OnEngineWebsocketFailed", "Connection to Qlik service failed, shutting down"
	case s.has(c.appID, EngineAway) || !s.knowsApp(c.appID):
		return "OnNoEngineAvailable", ""
	default:
		return "", ""
	}
}

// knowsApp reports whether some engine could hold the app; rights don't matter here.
func (s *Server) knowsApp(id string) (known bool) {
	s.view(func(site *Site) { known = id == "" || site.FindApp(id) != nil })
	return known
}

// push sends a notification of the proxy.
func (c socket) push(method string, params map[string]any) {
	frame, err := json.Marshal(struct {
		JSONRPC string         `json:"jsonrpc"`
		Method  string         `json:"method"`
		Params  map[string]any `json:"params"`
	}{"2.0", method, params})
	if err == nil {
		_ = c.write(frame) // a client that has gone needs none
	}
}

// pushFatal sends a fatal notification; the timestamp has seven digits of fraction (facts C.2).
func (c socket) pushFatal(method, message string) {
	params := map[string]any{
		"severity":  "fatal",
		"timestamp": c.server.now().UTC().Format("2006-01-02T15:04:05.0000000Z"),
	}
	if message != "" {
		params["message"] = message
	}
	c.push(method, params)
}
