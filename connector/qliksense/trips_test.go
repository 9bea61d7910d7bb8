package qliksense

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// A tripCounter is a network that hands over what a server sends only when both sides have fallen silent:
// when the client has asked all it can ask before the next answer. So each hand-over on a connection is
// one dependent round trip. A machine that stalls may split one in two; it never makes two into one.
type tripCounter struct {
	mu    sync.Mutex
	trips []int // by connection
}

// silence is how long both sides must say nothing.
const silence = 120 * time.Millisecond

func (c *tripCounter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	n := len(c.trips)
	c.trips = append(c.trips, 0)
	c.mu.Unlock()
	t := &tripConn{Conn: conn, stir: make(chan struct{}, 1), ready: make(chan struct{}), dead: make(chan struct{})}
	t.trip = func() { c.mu.Lock(); c.trips[n]++; c.mu.Unlock() }
	go t.receive()
	return t, nil
}

// last is how many trips the newest connection has made.
func (c *tripCounter) last() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trips[len(c.trips)-1]
}

type tripConn struct {
	net.Conn
	trip func()
	stir chan struct{} // somebody said something

	mu      sync.Mutex
	held    []byte // not handed over yet
	open    []byte // to be read
	err     error
	ready   chan struct{} // closed when there is something to read; then made anew
	dead    chan struct{}
	closing sync.Once
}

func (t *tripConn) poke() {
	select {
	case t.stir <- struct{}{}:
	default:
	}
}

func (t *tripConn) Write(b []byte) (int, error) { t.poke(); return t.Conn.Write(b) }

func (t *tripConn) Close() error {
	t.closing.Do(func() { close(t.dead) })
	return t.Conn.Close()
}

// receive reads all that comes, and hands it over in the pauses.
func (t *tripConn) receive() {
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := t.Conn.Read(buf)
			t.mu.Lock()
			t.held, t.err = append(t.held, buf[:n]...), err
			t.mu.Unlock()
			t.poke()
			if err != nil {
				return
			}
		}
	}()
	timer := time.NewTimer(silence)
	defer timer.Stop()
	for {
		select {
		case <-t.dead:
			return
		case <-t.stir:
			timer.Reset(silence)
		case <-timer.C:
			t.handOver()
		}
	}
}

func (t *tripConn) handOver() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.held) == 0 && t.err == nil {
		return
	}
	if len(t.held) > 0 {
		t.trip()
	}
	t.open, t.held = append(t.open, t.held...), nil
	close(t.ready)
	t.ready = make(chan struct{})
}

func (t *tripConn) Read(b []byte) (int, error) {
	for {
		t.mu.Lock()
		if len(t.open) > 0 {
			n := copy(b, t.open)
			t.open = t.open[n:]
			t.mu.Unlock()
			return n, nil
		}
		err, ready := t.err, t.ready
		if err != nil && len(t.held) > 0 {
			err = nil
		}
		t.mu.Unlock()
		if err != nil {
			return 0, err
		}
		select {
		case <-ready:
		case <-t.dead:
			return 0, net.ErrClosed
		}
	}
}

// SetReadDeadline is left out: a deadline would be noticed by the reading goroutine, not by the client.
func (t *tripConn) SetReadDeadline(time.Time) error { return nil }

// SetDeadline: see SetReadDeadline.
func (t *tripConn) SetDeadline(d time.Time) error { return t.SetWriteDeadline(d) }

// maxTrips are the dependent round trips that reading an app may take (issue: at most six): the token for
// the socket is fetched on another connection, and TLS needs one of its own.
const (
	tripsElsewhere = 1 // the CSRF token
	tripsOfTLS     = 1
	maxTrips       = 6
)

// wantFewTrips reads an app and counts the round trips of its socket. It tries more than once: only a
// stalled machine makes them more.
func wantFewTrips(t *testing.T, server *qliktest.Server, pick func([]connector.Listed) connector.Listed) {
	t.Helper()
	fewest := 1 << 30
	for range 4 {
		counter := &tripCounter{}
		conn, token := testConnection(t, server, map[string]any{"options": map[string]any{"data_model": "none"}})
		c, err := Source().Open(t.Context(), connector.Env{
			Connection: conn, Dial: counter.dial,
			Secret: func(context.Context, string) (string, error) { return token, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		l := pick(listAll(t, c))
		wantNoGaps(t, fetchApp(t, c, l))
		fewest = min(fewest, counter.last())
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if tripsElsewhere+fewest-tripsOfTLS <= maxTrips {
			return
		}
	}
	t.Errorf("%d dependent round trips for an app, want at most %d", tripsElsewhere+fewest-tripsOfTLS, maxTrips)
}

func TestAnAppTakesAtMostSixRoundTrips(t *testing.T) {
	t.Parallel()
	big := qliktest.New(t, qliktest.Generate(qliktest.GenerateOptions{Apps: 1, Dimensions: 120, Measures: 120, MasterObjects: 20, Sheets: 20}), qliktest.Options{})
	wantFewTrips(t, big, func(all []connector.Listed) connector.Listed { return all[0] })
}
