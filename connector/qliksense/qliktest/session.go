package qliktest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// A session is a proxy session: the value of a cookie (facts A.9).
type session struct {
	id      string
	prefix  string
	user    *User
	number  int // in order of creation
	used    time.Time
	tokens  map[string]bool // CSRF tokens given out
	sockets map[*wire]socket
	over    bool
}

// A sessionTable holds the sessions of all virtual proxies.
type sessionTable struct {
	server *Server
	mu     *sync.Mutex
	byID   map[string]*session
	last   *int
	// expired remembers sessions that timed out, whose sockets are told so.
	expired map[string]bool
}

func newSessionTable(s *Server) sessionTable {
	return sessionTable{
		server: s, mu: new(sync.Mutex), byID: map[string]*session{}, last: new(int), expired: map[string]bool{},
	}
}

// start makes a session; it always succeeds, even beyond the limit: "REST works" (facts A.9).
func (t sessionTable) start(u *User, prefix string) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	*t.last++
	x := &session{
		id: newGUID(), prefix: prefix, user: u, number: *t.last, used: t.server.now(),
		tokens: map[string]bool{}, sockets: map[*wire]socket{},
	}
	t.byID[x.id] = x
	t.server.count(func(c *Counters) { c.Logins++; c.Sessions.up() })
	return x
}

// find gives the live session of a cookie and starts its idle timer again; nil when there is none.
func (t sessionTable) find(id, prefix string) *session {
	t.sweep()
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.byID[id]
	if x == nil || x.prefix != prefix {
		return nil
	}
	x.used = t.server.now()
	return x
}

// touch starts the session's idle timer again and reports whether the session still lives.
func (t sessionTable) touch(x *session) bool {
	t.sweep()
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.over {
		return false
	}
	x.used = t.server.now()
	return true
}

// timedOut reports whether the cookie is of a session that ended by time.
func (t sessionTable) timedOut(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.expired[id]
}

// sweep ends the sessions that have been idle for too long.
func (t sessionTable) sweep() {
	limit := t.server.now().Add(-t.server.options.SessionTimeout)
	t.endAll(func(x *session) bool { return x.used.Before(limit) }, timedOut)
}

// logout ends all sessions of the user on the virtual proxy (facts A.6).
func (t sessionTable) logout(u *User, prefix string) {
	n := t.endAll(func(x *session) bool { return x.user == u && x.prefix == prefix }, loggedOut)
	t.server.count(func(c *Counters) { c.Logouts += n })
}

// expire ends one session as if it had been idle for too long.
func (t sessionTable) expire(x *session) {
	t.endAll(func(y *session) bool { return x == y }, timedOut)
}

// An ending is why a session is over and what its sockets are told.
type ending struct{ push, message string }

var (
	timedOut  = ending{"OnSessionTimedOut", "Session timed out due to inactivity"}
	loggedOut = ending{"OnSessionLoggedOut", ""}
)

// endAll ends the sessions that which picks, and then tells their sockets why.
func (t sessionTable) endAll(which func(*session) bool, why ending) int {
	sockets, n := t.remove(which, why == timedOut)
	for _, c := range sockets {
		_ = c.ws.NetConn().SetWriteDeadline(time.Now().Add(time.Second)) // of clients that don't read
		c.pushFatal(why.push, why.message)
		c.drop()
	}
	return n
}

func (t sessionTable) remove(which func(*session) bool, expired bool) (sockets []socket, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, x := range t.byID {
		if !which(x) {
			continue
		}
		n++
		x.over = true
		delete(t.byID, id)
		if expired {
			t.expired[id] = true
		}
		for _, c := range x.sockets {
			sockets = append(sockets, c)
		}
	}
	// Counted before anybody hears of it, so that a client's next session isn't counted besides this one.
	t.server.count(func(c *Counters) { c.Sessions.Now -= n })
	return sockets, n
}

// allowed reports whether the session is one of the first MaxSessions of its user on its virtual
// proxy: sockets on any other are refused (facts A.9).
func (t sessionTable) allowed(x *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	older := 0
	for _, y := range t.byID {
		if y.user == x.user && y.prefix == x.prefix && y.number < x.number {
			older++
		}
	}
	return older < t.server.options.MaxSessions
}

// attach ties a socket to its session; false when the session is over.
func (t sessionTable) attach(x *session, c socket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.over {
		return false
	}
	x.sockets[c.wire] = c
	return true
}

func (t sessionTable) detach(x *session, c socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(x.sockets, c.wire)
}

// token makes a CSRF token, valid as long as the session (facts A.7).
func (t sessionTable) token(x *session) string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	token := hex.EncodeToString(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	x.tokens[token] = true
	return token
}

// knows reports whether the token was given to the session.
func (t sessionTable) knows(x *session, token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return x.tokens[token]
}

// ExpireSessions ends all proxy sessions as if they had been idle for too long.
func (s *Server) ExpireSessions() {
	s.sessions.endAll(func(*session) bool { return true }, timedOut)
}

// newGUID makes a random GUID in lower case.
func newGUID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
