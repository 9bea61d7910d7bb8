package qix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// read is the reader goroutine. It stops at the first error: the WebSocket library panics when a
// broken connection is read on.
func (s *Session) read() {
	in := message{buffers: s.buffers}
	for {
		data, err := s.readMessage(&in)
		in.free()
		if err == nil {
			err = s.receive(data)
		}
		if err != nil {
			s.fail(err)
			return
		}
	}
}

// readMessage returns one message in memory of its own. Its size is known at its end only, so it is read in
// pieces, which last, and copied.
func (s *Session) readMessage(in *message) ([]byte, error) {
	s.extendReadDeadline()
	_, r, err := s.conn.NextReader()
	if err != nil {
		return nil, s.readError(err, 0)
	}
	for {
		n, err := r.Read(in.room())
		in.n += n
		s.arrived()
		switch {
		case errors.Is(err, io.EOF):
			s.meter.framesIn.Add(1)
			s.meter.bytesIn.Add(in.size())
			return in.whole(), nil
		case err != nil:
			return nil, s.readError(err, in.size())
		case in.size() > s.limit.maxFrame:
			return nil, &FrameError{Size: in.size(), Start: excerpt(in.start()), Err: errTooLarge(s.limit.maxFrame)}
		}
	}
}

func errTooLarge(limit int64) error { return fmt.Errorf("%w of %d bytes", ErrFrameTooLarge, limit) }

// arrived notes that the peer is alive.
func (s *Session) arrived() {
	now := time.Now().UnixNano()
	if before := s.lastArrival.Swap(now); now-before > int64(100*time.Millisecond) {
		s.extendReadDeadline()
	}
}

func (s *Session) extendReadDeadline() {
	var deadline time.Time
	if s.limit.deadAfter > 0 {
		deadline = time.Now().Add(s.limit.deadAfter)
	}
	_ = s.conn.SetReadDeadline(deadline) // fails on a closed connection only; so will the read
}

// readError turns the WebSocket library's errors into ours. size is what of the message arrived.
func (s *Session) readError(err error, size int64) error {
	var closed *websocket.CloseError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return &FrameError{Size: size, Err: errTooLarge(s.limit.maxFrame)}
	case errors.As(err, &closed):
		return &PeerClosedError{Code: closed.Code, Text: closed.Text}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &PeerClosedError{Code: websocket.CloseAbnormalClosure}
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("nothing arrived for %v: %w", s.limit.deadAfter, err)
	}
	return fmt.Errorf("read: %w", err)
}

// receive handles one message; an error ends the session.
func (s *Session) receive(data []byte) error {
	f, err := parseFrame(data)
	if err != nil {
		return &FrameError{Size: int64(len(data)), Start: excerpt(data), Err: err}
	}
	if !f.hasID {
		if f.method == "" { // refusal of a request that the Engine couldn't even read
			return engineError("", f.err)
		}
		return s.notified(f.method, f.params)
	}
	s.mu.Lock()
	c := s.taken(f.id)
	s.mu.Unlock()
	if c != nil { // else a late reply to a call that was given up, or one to a probe
		s.answered(c, f)
	}
	s.nudge() // there is a place in the window
	return nil
}

// maxRetries is how often a call is repeated that the Engine aborted by itself, which it does when
// the document changes during a calculation (facts C.3).
const maxRetries = 3

// answered ends a call or sends what is next: the same again, or the second step of two.
func (s *Session) answered(c *call, f frame) {
	switch {
	case f.err != nil:
		refusal := engineError(c.method, f.err)
		s.meter.answered(refusal.Code)
		if refusal.Code == CodeAborted && c.retries < maxRetries && c.ctx.Err() == nil {
			c.retries++
			s.meter.retries.Add(1)
			s.enqueue(c)
			return
		}
		c.complete(nil, refusal)
	case f.delta:
		s.meter.answered(0)
		c.complete(nil, &DecodeError{Method: c.method, Err: errors.New("a delta, which wasn't asked for")})
	case c.second != "":
		s.meter.answered(0)
		s.secondStep(c, f.result)
	default:
		s.meter.answered(0)
		c.complete(f.result, nil)
	}
}

// secondStep sends the method of the object whose handle the first step returned.
func (s *Session) secondStep(c *call, result []byte) {
	h, err := decodeHandle(s, c.method, result)
	if err == nil && h.Null() {
		err = &NullHandleError{Method: c.second}
	}
	if err != nil {
		c.complete(nil, err)
		return
	}
	c.handle, c.method, c.params, c.second = h.ID, c.second, []byte("[]"), ""
	s.enqueue(c)
}

// write is the writer goroutine, the only one that writes messages.
func (s *Session) write() {
	silence := time.NewTimer(s.limit.probeEvery)
	defer silence.Stop()
	var buf []byte
	for {
		var ok bool
		if buf, ok = s.next(buf[:0]); ok {
			_ = s.conn.SetWriteDeadline(time.Now().Add(s.limit.write)) // never fails
			if err := s.conn.WriteMessage(websocket.TextMessage, buf); err != nil {
				s.broken(fmt.Errorf("write: %w", err))
				return
			}
			s.meter.bytesOut.Add(int64(len(buf)))
			continue
		}
		select {
		case <-s.done:
			return
		case <-s.wake:
		case <-silence.C:
			silence.Reset(s.probeAfterSilence())
		}
	}
}

// broken ends the session after a write has failed. The reader goes first if it still finds
// something: a server that hangs up says why in its last message.
func (s *Session) broken(err error) {
	select {
	case <-s.done:
	case <-time.After(200 * time.Millisecond):
	}
	s.fail(err)
}

// next puts the message to be sent next into buf: a cancel or a probe, else the next call if the
// window has a place for it.
func (s *Session) next(buf []byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.control) > 0 {
		buf = append(buf, s.control[0]...)
		s.control = s.control[1:]
		return buf, true
	}
	for len(s.queue) > 0 && len(s.pending) < s.limit.window {
		c := s.queue[0]
		s.queue[0], s.queue = nil, s.queue[1:]
		if c.finished() {
			continue
		}
		s.lastID++
		c.id = s.lastID
		s.sent(c)
		s.meter.calls.Add(1)
		return appendRequest(buf, c.id, c.handle, c.method, c.params), true
	}
	return buf, false
}

// probeAfterSilence asks the Engine for a sign of life if nothing arrived for long, and returns
// when to look again.
func (s *Session) probeAfterSilence() time.Duration {
	silence := time.Since(time.Unix(0, s.lastArrival.Load()))
	if silence < s.limit.probeEvery {
		return s.limit.probeEvery - silence
	}
	s.probe()
	return s.limit.probeEvery
}

// probe sends a request whose only use is that it is answered; nobody waits for the reply.
func (s *Session) probe() {
	s.mu.Lock()
	if s.err == nil {
		s.lastID++
		s.control = append(s.control, appendRequest(nil, s.lastID, globalHandle, "EngineVersion", []byte("[]")))
		s.meter.probes.Add(1)
	}
	s.mu.Unlock()
	s.nudge()
}

func encodeInt(n int64) []byte { return append(strconv.AppendInt([]byte{'['}, n, 10), ']') }

// notified handles a message that answers no call; an error ends the session (facts C.2).
func (s *Session) notified(method string, params []byte) error {
	var p struct {
		State            Text            `json:"qSessionState"`
		User             Text            `json:"userId"`
		Directory        Text            `json:"userDirectory"`
		MustAuthenticate json.RawMessage `json:"mustAuthenticate"`
		LoginURI         Text            `json:"loginUri"`
		Severity         Text            `json:"severity"`
		Message          Text            `json:"message"`
	}
	if !isNull(params) {
		// A malformed or odd body leaves members empty; the method's name says enough.
		_ = json.Unmarshal(params, &p)
	}
	switch {
	case method == "OnConnected":
		return s.onConnected(string(p.State))
	case method == "OnAuthenticationInformation":
		if string(p.MustAuthenticate) == "true" {
			return &AuthError{LoginURI: string(p.LoginURI)}
		}
		s.mu.Lock()
		s.user = userName(string(p.Directory), string(p.User))
		s.mu.Unlock()
	case p.Severity == "fatal" || isFatal(method):
		return &PushError{Method: method, Message: string(p.Message)}
	}
	return nil
}

func (s *Session) onConnected(state string) error {
	if strings.HasPrefix(state, "SESSION_ERROR_") || state == "SESSION_ACCESS_CONTROL_SETUP_FAILURE" {
		return &PushError{Method: "OnConnected", Message: state}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.greeted {
		s.greeted, s.attached = true, state == "SESSION_ATTACHED"
		close(s.connected)
	}
	return nil
}

func userName(directory, user string) string {
	if directory == "" {
		return user
	}
	return directory + `\` + user
}

// isFatal names the messages after which the proxy closes, should one lack its severity.
func isFatal(method string) bool {
	switch method {
	case "OnLicenseAccessDenied", "OnLicenseAccessDeniedPendingUserSync", "OnMaxParallelSessionsExceeded",
		"OnNoEngineAvailable", "OnEngineWebsocketFailed", "OnSessionTimedOut", "OnSessionClosed",
		"OnSessionLoggedOut", "OnNoRepositoryAvailable", "OnRepositoryWebsocketFailed",
		"OnNoDataPrepServiceAvailable", "OnDataPrepServiceWebsocketFailed", "OnNoPrintingServiceAvailable":
		return true
	}
	return false
}
