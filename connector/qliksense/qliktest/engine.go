package qliktest

import "context"

// An engine is the Engine behind the sockets.
type engine struct{ server *Server }

func newEngine(s *Server) *engine { return &engine{server: s} }

func (e *engine) serve(_ context.Context, c socket) {
	if c.write([]byte(`{"jsonrpc":"2.0","method":"OnConnected","params":{"qSessionState":"SESSION_CREATED"}}`)) != nil {
		return
	}
	for {
		if _, err := c.read(); err != nil {
			return
		}
	}
}

func (e *engine) close() {}
