package qliktest

import (
	"maps"
	"net"
	"sync"
	"sync/atomic"
)

// Counters is what has happened on a Server since it started or since ResetCounters.
type Counters struct {
	Requests    map[string]int `json:"requests"`     // HTTP requests by "METHOD /endpoint/{pattern}", without the prefix
	EngineCalls map[string]int `json:"engine_calls"` // Engine requests by method

	Logins   int   `json:"logins"`   // proxy sessions started
	Logouts  int   `json:"logouts"`  // proxy sessions ended by their user
	Sessions Gauge `json:"sessions"` // proxy sessions

	WrongPasswords int   `json:"wrong_passwords"` // tries with a wrong password or an unknown user: what locks accounts
	StrayProofs    int   `json:"stray_proofs"`    // NTLM's last message without a challenge on its connection, or malformed
	Sockets        Gauge `json:"sockets"`         // WebSockets that were handed to the Engine

	OpensWithoutData int `json:"opens_without_data"`
	OpensWithData    int `json:"opens_with_data"`
	Migrations       int `json:"migrations"`

	BytesIn  int64 `json:"bytes_in"`  // from clients, on all ports, TLS included
	BytesOut int64 `json:"bytes_out"` // to clients
}

// A Gauge is a number that goes up and down.
type Gauge struct {
	Now   int `json:"now"`
	Peak  int `json:"peak"`
	Total int `json:"total"` // how often it went up
}

func (g *Gauge) up() {
	g.Now++
	g.Total++
	g.Peak = max(g.Peak, g.Now)
}

// RequestTotal is the number of HTTP requests, socket upgrades included.
func (c Counters) RequestTotal() int { return sum(c.Requests) }

// EngineCallTotal is the number of Engine requests.
func (c Counters) EngineCallTotal() int { return sum(c.EngineCalls) }

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// A tally is a Server's counters with their lock.
type tally struct {
	mu      sync.Mutex
	c       Counters
	in, out atomic.Int64
}

// Counters gives the counters as they are.
func (s *Server) Counters() Counters {
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	c := s.tally.c
	c.Requests, c.EngineCalls = maps.Clone(c.Requests), maps.Clone(c.EngineCalls)
	c.BytesIn, c.BytesOut = s.tally.in.Load(), s.tally.out.Load()
	return c
}

// ResetCounters starts counting anew; what is open at present stays counted in Now.
func (s *Server) ResetCounters() {
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	sessions, sockets := s.tally.c.Sessions.Now, s.tally.c.Sockets.Now
	s.tally.c = Counters{
		Sessions: Gauge{Now: sessions, Peak: sessions},
		Sockets:  Gauge{Now: sockets, Peak: sockets},
	}
	s.tally.in.Store(0)
	s.tally.out.Store(0)
}

// count changes the counters.
func (s *Server) count(change func(*Counters)) {
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	if s.tally.c.Requests == nil {
		s.tally.c.Requests = map[string]int{}
	}
	if s.tally.c.EngineCalls == nil {
		s.tally.c.EngineCalls = map[string]int{}
	}
	change(&s.tally.c)
}

// A countingListener counts the bytes of its connections.
type countingListener struct {
	net.Listener
	t *tally
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{Conn: c, t: l.t}, nil
}

type countingConn struct {
	net.Conn
	t *tally
}

func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.t.in.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.t.out.Add(int64(n))
	return n, err
}
