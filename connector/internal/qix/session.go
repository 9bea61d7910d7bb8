package qix

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// globalHandle is the handle of the Engine itself (facts C.4).
const globalHandle = -1

// A Session is one WebSocket to the Engine, greeted and ready. Its methods may be called from any
// goroutine. It opens one app at most (facts C.1).
type Session struct {
	conn  *websocket.Conn
	raw   net.Conn // under TLS: closing it frees a reader and a writer that hang
	limit limits
	meter *Meter

	buffers *Buffers

	wake      chan struct{} // room for one: there may be something to write
	connected chan struct{} // closed by OnConnected
	done      chan struct{} // closed when the session has ended
	ended     sync.WaitGroup

	lastArrival atomic.Int64 // when bytes arrived last, as Unix nanoseconds

	mu       sync.Mutex // guards what follows
	pending  map[int64]*call
	queue    []*call       // wait for a place in the window
	control  [][]byte      // cancels and probes: go first, need no place
	since    time.Time     // when the first of those that are pending was sent
	quickest time.Duration // answer of all
	lastID   int64
	greeted  bool
	attached bool
	user     string
	err      *ClosedError // why the session ended
}

// limits are the settings of a Dialer that a session lives by.
type limits struct {
	window     int
	maxFrame   int64
	probeEvery time.Duration
	deadAfter  time.Duration
	write      time.Duration
}

func newSession(conn *websocket.Conn, raw net.Conn, limit limits, meter *Meter, buffers *Buffers) *Session {
	s := &Session{
		conn: conn, raw: raw, limit: limit, meter: meter, buffers: buffers,
		wake: make(chan struct{}, 1), connected: make(chan struct{}), done: make(chan struct{}),
		pending: map[int64]*call{},
	}
	conn.SetReadLimit(limit.maxFrame) // there is none by default
	s.lastArrival.Store(time.Now().UnixNano())
	s.ended.Go(s.read)
	s.ended.Go(s.write)
	return s
}

// User is who the proxy took the caller for, as DIRECTORY\user; empty on a direct connection,
// where nothing says so (facts C.2).
func (s *Session) User() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user
}

// Attached says that the Engine had a session for the same user, path and identity already: what
// app is open, and in which mode, was then decided elsewhere (facts C.1).
func (s *Session) Attached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attached
}

// Done is closed when the session has ended, for whatever reason.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is the terminal error of a session that has ended, a *ClosedError; nil before.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return nil
	}
	return s.err
}

// Close says goodbye (close code 1000), ends every call that waits with a *ClosedError, and
// returns when both goroutines have ended, which takes a fraction of a second even if the peer is
// stuck. Closing twice is fine. It always returns nil.
func (s *Session) Close() error {
	select {
	case <-s.done:
	default:
		s.sayGoodbye()
	}
	s.fail(nil)
	s.ended.Wait()
	return nil
}

// sayGoodbye sends the close frame unless the writer is stuck.
func (s *Session) sayGoodbye() {
	const patience = 250 * time.Millisecond
	text := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	// An error here means that the connection is broken, and it is about to be closed anyway.
	_ = s.conn.WriteControl(websocket.CloseMessage, text, time.Now().Add(patience))
}

// fail ends the session with cause, unless it has ended already: it empties the table, so that
// every waiter gets the terminal error, and closes the socket, so that reader and writer end.
func (s *Session) fail(cause error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	s.err = &ClosedError{Cause: cause}
	s.rest()
	orphans := s.queue
	for _, c := range s.pending {
		orphans = append(orphans, c)
	}
	s.pending, s.queue, s.control = nil, nil, nil
	s.mu.Unlock()

	close(s.done)
	// The raw connection, since closing TLS may wait for a peer that doesn't read.
	_ = s.raw.Close() // nothing is left that could be lost
	for _, c := range orphans {
		c.complete(nil, s.err)
	}
}

// enqueue puts a new call in line. A session that has ended refuses it at once.
func (s *Session) enqueue(c *call) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		c.complete(nil, s.err)
		return
	}
	s.queue = append(s.queue, c)
	s.mu.Unlock()
	s.nudge()
}

// abandon gives a call up. If it was sent, the Engine is told, and its reply will find no one.
func (s *Session) abandon(c *call, cause error) {
	s.mu.Lock()
	if c.id != 0 && s.pending[c.id] == c {
		delete(s.pending, c.id)
		s.rest()
		s.lastID++
		cancel := appendRequest(nil, s.lastID, globalHandle, "CancelRequest", encodeInt(c.id))
		s.control = append(s.control, cancel)
		s.meter.cancels.Add(1)
	}
	s.mu.Unlock()
	c.finish(nil, cause) // the writer passes over a finished call
	s.nudge()
}

// nudge tells the writer to look at the queue.
func (s *Session) nudge() {
	select {
	case s.wake <- struct{}{}:
	default: // it has been told
	}
}

// wait blocks until the session is greeted (nil), has ended, or ctx ends.
func (s *Session) wait(ctx context.Context, nudgeAfter time.Duration) error {
	timer := time.NewTimer(nudgeAfter)
	defer timer.Stop()
	for {
		select {
		case <-s.connected:
			return s.Err() // it may have ended since
		case <-s.done:
			return s.Err()
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			s.probe()
		}
	}
}

// sent puts a call into the table. The caller holds the lock.
func (s *Session) sent(c *call) {
	c.sent = time.Now()
	if len(s.pending) == 0 {
		s.since = c.sent
	}
	s.pending[c.id] = c
}

// taken takes an answered call out of the table; nil if nobody waits for it. The caller holds the lock.
func (s *Session) taken(id int64) *call {
	c := s.pending[id]
	if c == nil {
		return nil
	}
	delete(s.pending, id)
	s.rest()
	if took := time.Since(c.sent); s.quickest == 0 || took < s.quickest {
		s.quickest = max(took, 1)
	}
	return c
}

// rest counts the time that calls were unanswered, when none is any more or the session has ended. The
// caller holds the lock.
func (s *Session) rest() {
	if (len(s.pending) == 0 || s.err != nil) && !s.since.IsZero() {
		s.meter.busy.Add(int64(time.Since(s.since)))
		s.since = time.Time{}
	}
}

// Quickest is how long the fastest answer of all took, 0 before the first: what the way to the Engine and its
// crowd make of the smallest call, whatever else there is in an app.
func (s *Session) Quickest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quickest
}
