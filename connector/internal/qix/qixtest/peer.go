// Package qixtest is a scripted Engine for tests of clients: a real WebSocket server that does what
// a script says and fails the test when the client does something else. It knows the wire and
// nothing of the client.
//
//	peer := qixtest.Start(t, qixtest.Script{
//		qixtest.Greet(),
//		qixtest.Expect("OpenDoc", "some-app", "", "", "", true), qixtest.Reply(qixtest.Doc("some-app")),
//	})
//
// A script is what one connection does. After its last step the peer waits for the client to hang
// up, and takes any further request for a mistake.
package qixtest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience is how long the peer waits for anything before it fails the test.
const patience = time.Minute

// A Script is what the peer does on one connection, step after step.
type Script []Step

// A Step does one thing on the peer's side of a connection.
type Step func(c *Conn) error

// A Peer is the server. It ends with the test.
type Peer struct {
	t      testing.TB
	server *httptest.Server
	over   chan struct{} // closed when the test has ended
	played chan struct{} // closed when all scripts have ended

	mu         sync.Mutex
	scripts    []Script // not begun
	unfinished int
	headers    []http.Header
	conns      []*websocket.Conn
}

// Start runs a peer that gives each connection the next script. A connection too many fails the
// test, and so does a script that no connection came for.
func Start(t testing.TB, scripts ...Script) *Peer {
	t.Helper()
	p := newPeer(t, scripts)
	p.server.Start()
	return p
}

// StartTLS is Start with TLS; TLS returns what a client needs to trust it.
func StartTLS(t testing.TB, scripts ...Script) *Peer {
	t.Helper()
	p := newPeer(t, scripts)
	p.server.StartTLS()
	return p
}

func newPeer(t testing.TB, scripts []Script) *Peer {
	p := &Peer{
		t: t, scripts: scripts, unfinished: len(scripts), over: make(chan struct{}), played: make(chan struct{}),
	}
	if len(scripts) == 0 {
		close(p.played)
	}
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that distrusts us isn't a fault
	t.Cleanup(p.stop)
	return p
}

// URL is the address to dial, ws:// or wss://.
func (p *Peer) URL() string { return "ws" + strings.TrimPrefix(p.server.URL, "http") }

// TLS is a configuration that trusts the peer.
func (p *Peer) TLS() *tls.Config {
	return p.server.Client().Transport.(*http.Transport).TLSClientConfig
}

// Header is what the client sent with its n-th upgrade, from 0; nil if it hasn't.
func (p *Peer) Header(n int) http.Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.headers) {
		return nil
	}
	return p.headers[n]
}

// stop ends what still runs and waits for it; also for a connection that is only just coming in.
func (p *Peer) stop() {
	close(p.over)
	select {
	case <-p.played:
	case <-time.After(p.patience()):
		p.mu.Lock()
		p.t.Errorf("qixtest: %d scripts still run (does the test close its sessions?), %d weren't begun",
			p.unfinished-len(p.scripts), len(p.scripts))
		p.mu.Unlock()
	}
	p.mu.Lock()
	for _, conn := range p.conns {
		_ = conn.Close() // closed already, as a rule
	}
	p.mu.Unlock()
	p.server.Close()
}

// patience is short when the test has failed already, and with it what it should have done.
func (p *Peer) patience() time.Duration {
	if p.t.Failed() {
		return time.Second
	}
	return patience
}

// finished notes the end of a script.
func (p *Peer) finished() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unfinished--
	if p.unfinished == 0 {
		close(p.played)
	}
}

func (p *Peer) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	n := len(p.headers)
	p.headers = append(p.headers, r.Header.Clone())
	var script Script
	known := len(p.scripts) > 0
	if known {
		script, p.scripts = p.scripts[0], p.scripts[1:]
	}
	p.mu.Unlock()
	if !known {
		p.t.Errorf("qixtest: connection %d, for which there is no script", n)
		http.Error(w, "no script", http.StatusServiceUnavailable)
		return
	}
	defer p.finished()
	if offered := r.Header.Get("Sec-WebSocket-Extensions"); offered != "" {
		p.t.Errorf("qixtest: connection %d: the client offers %s", n, offered)
	}
	c := &Conn{peer: p, w: w, r: r, ids: map[int64]bool{}}
	if err := c.play(script); err != nil {
		p.t.Errorf("qixtest: connection %d: %v", n, err)
	}
}

// A Conn is the peer's side of one connection, for steps.
type Conn struct {
	peer     *Peer
	w        http.ResponseWriter
	r        *http.Request
	ws       *websocket.Conn // nil before the first step that needs it
	requests []Request       // those received, in order
	ids      map[int64]bool
	ponged   bool // the client answered a ping
}

// errEnd ends a script without fault.
var errEnd = errors.New("the script ends here")

func (c *Conn) play(script Script) error {
	defer c.close()
	for i, step := range script {
		err := step(c)
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	if err := c.upgrade(); err != nil {
		return err
	}
	if err := c.awaitHangUp(); err != nil {
		return fmt.Errorf("after the script: %w", err)
	}
	return nil
}

// upgrade accepts the WebSocket, unless that has happened.
func (c *Conn) upgrade() error {
	if c.ws != nil {
		return nil
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(c.w, c.r, nil)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	ws.SetPingHandler(func(string) error { return errors.New("the client sent a WebSocket ping") })
	c.ws = ws
	c.peer.mu.Lock()
	c.peer.conns = append(c.peer.conns, ws)
	c.peer.mu.Unlock()
	return nil
}

func (c *Conn) close() {
	if c.ws != nil {
		_ = c.ws.Close() // the script has said what it had to say
	}
}
