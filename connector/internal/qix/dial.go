package qix

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

// A Dialer opens sessions. The zero value is ready; one Dialer may be used by many goroutines.
type Dialer struct {
	TLS     *tls.Config                                                       // nil: the system's roots
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error) // nil: direct

	// HandshakeTimeout bounds connecting, TLS and the upgrade; 0 means 60 s, since a proxy that
	// was idle for long takes 15 to 21 s for its first session (facts A.5).
	HandshakeTimeout time.Duration
	// GreetingTimeout bounds the wait for OnConnected after the upgrade; 0 means 60 s.
	GreetingTimeout time.Duration
	// GreetingNudge is how long to wait for the greeting before a first request is sent, which
	// some authentication set-ups need (facts C.2); 0 means 1.5 s.
	GreetingNudge time.Duration
	// ProbeEvery is the silence after which EngineVersion is called, as a sign of life and to keep
	// reverse proxies from cutting the line at 60 s; 0 means 30 s, less than 0 never. WebSocket
	// pings are never sent: the proxy doesn't relay them (facts C.2).
	ProbeEvery time.Duration
	// DeadAfter is the silence, probes unanswered, after which the session ends. An Engine that
	// opens a large app may be silent for minutes: 0 means 10 min, less than 0 never.
	DeadAfter time.Duration
	// WriteTimeout bounds the writing of one message to a peer that doesn't read; 0 means 60 s.
	WriteTimeout time.Duration
	// MaxFrame is the size in bytes of the largest message accepted; 0 means 256 MiB.
	MaxFrame int64
	// Window is how many calls may be in flight on a session; further ones wait in line. 0 means 32.
	Window int

	Meter   *Meter   // counts; may be shared and may be nil
	Buffers *Buffers // what is read into and written from; may be shared and may be nil
}

// Dial opens a WebSocket and waits until the Engine has greeted. header carries cookies, Origin,
// Host and whatever the server wants to see; address is ws:// or wss://. ctx bounds Dial only, not the
// session. Errors: *HandshakeError, *AuthError, *PushError, or ctx's own. No error shows the query
// of address, where tokens travel.
func (d Dialer) Dial(ctx context.Context, address string, header http.Header) (*Session, error) {
	if d.Buffers == nil {
		d.Buffers = &Buffers{}
	}
	conn, raw, err := d.upgrade(ctx, address, header)
	if err != nil {
		return nil, err
	}
	meter := d.Meter
	if meter == nil {
		meter = &Meter{}
	}
	s := newSession(conn, raw, d.limits(), meter, d.Buffers)
	if err := d.greeting(ctx, s); err != nil {
		_ = s.Close() // always nil
		return nil, err
	}
	meter.sockets.Add(1)
	return s, nil
}

// greeting waits for OnConnected.
func (d Dialer) greeting(ctx context.Context, s *Session) error {
	limited, cancel := context.WithTimeout(ctx, orDefault(d.GreetingTimeout, 60*time.Second))
	defer cancel()
	err := s.wait(limited, orDefault(d.GreetingNudge, 1500*time.Millisecond))
	var (
		push   *PushError
		auth   *AuthError
		closed *ClosedError
	)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("engine handshake: %w", ctx.Err())
	case errors.As(err, &push):
		return push
	case errors.As(err, &auth):
		return auth
	case errors.As(err, &closed):
		return &HandshakeError{Status: http.StatusSwitchingProtocols, Err: closed.Cause}
	}
	return &HandshakeError{Status: http.StatusSwitchingProtocols, Err: os.ErrDeadlineExceeded}
}

// upgrade connects and asks for a WebSocket; raw is the connection under TLS.
func (d Dialer) upgrade(ctx context.Context, address string, header http.Header) (_ *websocket.Conn, raw net.Conn, _ error) {
	if err := checkAddress(address); err != nil {
		return nil, nil, &HandshakeError{Err: err}
	}
	limited, cancel := context.WithTimeout(ctx, orDefault(d.HandshakeTimeout, 60*time.Second))
	defer cancel()
	// The library watches the deadline, but not the cancellation, of a context once connected.
	stop := func() bool { return true }
	dialer := websocket.Dialer{
		TLSClientConfig: tlsConfig(d.TLS),
		ReadBufferSize:  4 << 10, // what is larger is read past it
		WriteBufferSize: 16 << 10,
		WriteBufferPool: &d.Buffers.writes,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := d.netDial(ctx, network, addr)
			if err == nil {
				raw = conn
				stop = context.AfterFunc(limited, func() { _ = conn.Close() })
			}
			return conn, err
		},
	}
	conn, resp, err := dialer.DialContext(limited, address, header)
	if !stop() && err == nil {
		err = limited.Err() // closed in the last moment
	}
	switch {
	case err == nil:
		return conn, raw, nil
	case ctx.Err() != nil:
		return nil, nil, fmt.Errorf("engine handshake: %w", ctx.Err())
	case limited.Err() != nil:
		return nil, nil, &HandshakeError{Err: os.ErrDeadlineExceeded}
	}
	return nil, nil, handshakeError(resp, err)
}

func (d Dialer) netDial(ctx context.Context, network, addr string) (net.Conn, error) {
	if d.NetDial != nil {
		return d.NetDial(ctx, network, addr)
	}
	var direct net.Dialer
	return direct.DialContext(ctx, network, addr)
}

// tlsConfig makes sure that HTTP/2 isn't offered, which a configuration shared with an HTTP client
// may do.
func tlsConfig(shared *tls.Config) *tls.Config {
	if shared == nil {
		return nil
	}
	own := shared.Clone()
	own.NextProtos = nil
	return own
}

func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the outer error shows the whole address
		}
		return fmt.Errorf("unreadable address: %w", err)
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || u.User != nil {
		return fmt.Errorf("address %q isn't a plain ws:// or wss:// one", withoutQuery(address))
	}
	return nil
}

func handshakeError(resp *http.Response, err error) error {
	if resp == nil {
		return &HandshakeError{Err: err}
	}
	// The library has read the start of the body already.
	body, readErr := io.ReadAll(io.LimitReader(resp.Body, excerptLen))
	if readErr != nil {
		body = nil
	}
	e := &HandshakeError{Status: resp.StatusCode, Body: excerpt(body)}
	if location := resp.Header.Get("Location"); location != "" {
		e.Location = withoutQuery(location)
	}
	if !errors.Is(err, websocket.ErrBadHandshake) || resp.StatusCode == http.StatusSwitchingProtocols {
		e.Err = err
	}
	return e
}

func (d Dialer) limits() limits {
	l := limits{
		window: d.Window, maxFrame: d.MaxFrame,
		probeEvery: orDefault(d.ProbeEvery, 30*time.Second),
		deadAfter:  orDefault(d.DeadAfter, 10*time.Minute),
		write:      orDefault(d.WriteTimeout, 60*time.Second),
	}
	if l.window <= 0 {
		l.window = 32
	}
	if l.maxFrame <= 0 {
		l.maxFrame = 256 << 20
	}
	if l.probeEvery < 0 {
		l.probeEvery = math.MaxInt64
	}
	return l
}

func orDefault(d, standard time.Duration) time.Duration {
	if d == 0 {
		return standard
	}
	return d
}
