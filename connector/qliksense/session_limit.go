package qliksense

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
)

// When the account has its five sessions already, Qlik refuses the sockets of the newest (facts A.9). Other
// programs may be about to log out, so the first who meet it ask again for a while; when that is over
// without a socket, everybody fails at once.
const (
	limitWait  = time.Minute
	limitPause = 5 * time.Second
)

// A limitGate is how long a connector waits for a session of its account to end.
type limitGate struct {
	wait, pause time.Duration

	mu    sync.Mutex // guards what follows
	since time.Time  // when the limit was met first; zero: it isn't met
	rooms int        // how often there was room
}

// before is what a dial that begins now gives to spent.
func (p *limitGate) before() (rooms int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rooms
}

// spent reports whether the wait is over; the first call starts it. A refusal of a dial that began before there
// was room says nothing new.
func (p *limitGate) spent(rooms int, now time.Time) (first, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rooms != p.rooms && p.wait > 0 {
		return false, false
	}
	if p.since.IsZero() {
		p.since = now
		return true, p.wait <= 0
	}
	return false, now.Sub(p.since) >= p.wait
}

// hurry makes that nobody waits.
func (p *limitGate) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wait = 0
}

// renew says that there is room again.
func (p *limitGate) renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Time{}
	p.rooms++
}

// dialPatiently is dialOnce that waits for a session of the account to end, for limitWait at most.
func (s *session) dialPatiently(ctx context.Context, appID string) (*qix.Session, error) {
	for {
		rooms := s.atLimit.before()
		socket, err := s.dialOnce(ctx, appID)
		if !limited(err) {
			if err == nil {
				s.atLimit.renew()
			}
			return socket, err
		}
		first, over := s.atLimit.spent(rooms, time.Now())
		if over {
			return nil, err
		}
		if first {
			s.log.Warn("the account has as many Qlik sessions as it may have (5 a user); waiting for one to end", "at_most", s.atLimit.wait)
		}
		select {
		case <-ctx.Done():
			return nil, err // what was met says more than that the time is over
		case <-time.After(s.atLimit.pause):
		}
	}
}

// limited reports whether the proxy refused a socket because of the session limit (facts A.9, C.2).
func limited(err error) bool {
	var push *qix.PushError
	return errors.As(err, &push) && (push.Method == "OnMaxParallelSessionsExceeded" || push.Method == "OnConnected" && push.Message == "SESSION_ERROR_LIMIT_EXCEEDED")
}
