package qliktest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// A socket is one WebSocket that the proxy or the Engine's own port has let in. The network face
// makes it; the Engine serves it: (*engine).serve pushes OnConnected and answers until the socket
// ends. Frames go through read and write, never through ws itself, so that the proxy may push and
// close at any time.
type socket struct {
	ws       *websocket.Conn
	user     *User
	appID    string // the GUID of the path, lower case; "" for engineData
	identity string
	ttl      time.Duration // what /ttl/ says; negative when the path has none
	direct   bool          // came through the Engine's port: no proxy, no session
	session  string        // the proxy session's id, "" when direct

	*wire
}

// A wire is what a socket's copies share.
type wire struct {
	server *Server
	owner  *session   // nil when direct
	mu     sync.Mutex // one writer at a time
	deaf   atomic.Bool
}

// errSocketOver says that the socket has ended: nothing more to read or write.
var errSocketOver = errors.New("qliktest: socket is over")

// read gives the next frame of the client. After a ping through the proxy it gives none any more:
// "after a ping the next request is never answered" (facts C.2). It counts as traffic of the
// session, whose idle timer starts again.
func (c socket) read() ([]byte, error) {
	for {
		_, frame, err := c.ws.ReadMessage()
		if err != nil {
			return nil, errors.Join(errSocketOver, err)
		}
		if c.owner != nil && !c.server.sessions.touch(c.owner) {
			return nil, errSocketOver
		}
		if !c.deaf.Load() {
			return frame, nil
		}
	}
}

// write sends one text frame; safe from several goroutines.
func (c socket) write(frame []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ws.WriteMessage(websocket.TextMessage, frame)
}

// writeRaw sends bytes that need not be a frame at all (for broken frames).
func (c socket) writeRaw(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.ws.NetConn().Write(b)
	return err
}

// drop ends the connection without a close frame, as a broken network does.
func (c socket) drop() { _ = c.ws.NetConn().Close() }

// close ends the socket with a WebSocket close code.
func (c socket) close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline := time.Now().Add(time.Second)
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
	_ = c.ws.Close()
}

// pause waits for d or until ctx ends; zero costs nothing.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
