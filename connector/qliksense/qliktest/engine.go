package qliktest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// An engine is the Engine (QIX) of the site. It keeps the engine sessions, each of which holds at
// most one open app (facts C.1), and serves the sockets that the network face hands it.
//
// It reads only. What would change an app is refused: "Access denied" to who may not, "Method not
// found" to who may.
type engine struct {
	server  *Server
	methods methodTable

	mu       sync.Mutex
	sessions map[sessionKey]*engineSession
}

// idleSession is how long a session without a /ttl/ outlives its last socket (facts C.1: "until
// idle timeout on Windows").
const idleSession = 30 * time.Minute

// A sessionKey names an engine session: "user + app path + identity within the proxy session"
// (facts C.1).
type sessionKey struct{ proxy, user, app, identity string }

// An engineSession is what sockets of one key share: the open app and the session objects.
type engineSession struct {
	key     sessionKey
	sockets int       // being served; guarded by engine.mu
	expires time.Time // when no socket is left; guarded by engine.mu

	mu      sync.Mutex // one call at a time computes in a session
	opened  string     // id of the open app; "" for none
	noData  bool       // it is open without data
	doc     *doc       // made anew when the site has changed
	objects []*node    // session objects, oldest first
	peers   map[*peer]struct{}
}

func newEngine(s *Server) *engine {
	return &engine{server: s, methods: newMethods(), sessions: map[sessionKey]*engineSession{}}
}

// close forgets all sessions. The sockets have ended by then.
func (e *engine) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.sessions)
}

// serve greets a socket and answers it until it ends or ctx does.
func (e *engine) serve(ctx context.Context, c socket) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, c.drop)()

	p, state := e.attach(c)
	defer e.detach(p)
	if c.write(fmt.Appendf(nil, greeting, state)) != nil {
		return
	}
	var writer sync.WaitGroup
	writer.Go(func() { p.queue.write(ctx, p) })
	for {
		frame, err := c.read()
		if err != nil {
			break
		}
		p.answer(frame)
	}
	cancel()
	writer.Wait()
}

// greeting is the Engine's first frame (facts C.2).
const greeting = `{"jsonrpc":"2.0","method":"OnConnected","params":{"qSessionState":%q}}`

// attach finds the socket's session or makes one, and says which of the two (facts C.1).
func (e *engine) attach(c socket) (*peer, string) {
	key := sessionKey{proxy: c.session, user: c.user.ID, app: strings.ToLower(c.appID), identity: c.identity}
	if key.user == "" {
		key.user = c.user.Account()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.purge()
	s, state := e.sessions[key], "SESSION_ATTACHED"
	if s == nil {
		s, state = &engineSession{key: key, peers: map[*peer]struct{}{}}, "SESSION_CREATED"
		e.sessions[key] = s
	}
	s.sockets++
	p := newPeer(e, c, s)
	s.mu.Lock()
	s.peers[p] = struct{}{}
	s.mu.Unlock()
	return p, state
}

// detach lets a socket go. The session lives on for the time that the socket's path asked for; a
// session object or an open app is still there when another socket comes in time.
func (e *engine) detach(p *peer) {
	keep := p.ttl
	if keep < 0 {
		keep = idleSession
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := p.session
	s.mu.Lock()
	delete(s.peers, p)
	if len(s.peers) == 0 {
		s.doc = nil // rebuilt when somebody comes back
	}
	s.mu.Unlock()
	s.sockets--
	s.expires = e.server.now().Add(keep)
	e.purge()
}

// purge removes the sessions whose time is over. The caller holds e.mu.
func (e *engine) purge() {
	now := e.server.now()
	for key, s := range e.sessions {
		if s.sockets == 0 && !s.expires.After(now) {
			delete(e.sessions, key)
		}
	}
}
