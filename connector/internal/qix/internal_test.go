package qix

import (
	"net"
	"strings"
	"testing"
	"time"
)

// noConn is a connection that can be closed and nothing else.
type noConn struct{ net.Conn }

func (noConn) Close() error { return nil }

// still is a session without goroutines: nothing is written or read but by the test.
func still(window int) *Session {
	return &Session{
		raw: noConn{}, meter: &Meter{}, limit: limits{window: window, deadAfter: time.Hour},
		wake: make(chan struct{}, 1), connected: make(chan struct{}), done: make(chan struct{}), pending: map[int64]*call{},
	}
}

func TestTheWriterTakesNoMoreCallsThanTheWindowHolds(t *testing.T) {
	t.Parallel()
	s := still(2)
	for _, method := range []string{"A", "B", "C", "D"} {
		Send[int](t.Context(), s, globalHandle, method)
	}
	next := func(want string) {
		t.Helper()
		message, ok := s.next(nil)
		if ok != (want != "") || !strings.Contains(string(message), want) {
			t.Errorf("next is %q, %v, want %q", message, ok, want)
		}
	}
	next(`"method":"A"`)
	next(`"method":"B"`)
	next("") // full
	s.probe()
	next(`"method":"EngineVersion"`) // needs no place
	next("")
	if err := s.receive([]byte(`{"id":2,"result":1}`)); err != nil {
		t.Error(err)
	}
	next(`"method":"C"`)
	next("")
	s.abandon(s.pending[1], nil)
	next(`"method":"CancelRequest","params":[1]`)
	next(`"method":"D"`)
}
