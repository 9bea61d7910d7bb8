package qliktest

import (
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

func startSite(t *testing.T, site *Site, o Options) *Server {
	t.Helper()
	return New(t, site, o)
}

// dialEngine connects to the Engine's own port as a user.
func dialEngine(t *testing.T, s *Server, u *User, path string) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{TLSClientConfig: s.ClientTLS(true)}
	header := http.Header{"X-Qlik-User": {"UserDirectory=" + u.Directory + "; UserId=" + u.Name}}
	ws, _, err := d.Dial(s.EngineURL+path, header)
	if err != nil {
		t.Fatalf("dial the Engine: %v", err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	return ws
}
