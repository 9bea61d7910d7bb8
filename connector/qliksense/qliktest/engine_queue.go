package qliktest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A reply is a frame on its way to the client.
type reply struct {
	id    int64
	frame []byte
	opens []int         // handles that become valid with it
	undo  func()        // takes the call back when it is canceled
	ready time.Time     // when it is computed
	due   time.Time     // when it goes out: not before the ones asked for earlier
	never bool          // is not answered, except when it is canceled
	late  bool          // neither waits for others nor holds them up
	extra time.Duration // is late by this much
	push  []byte        // a notification to go before it
	act   func(*peer)   // is done instead of writing the frame
}

// A queue holds a socket's replies until they are due. The calls of a socket take their time at
// once, as pipelined calls do, and are answered in order, since a session computes one after the
// other (facts C.3); an open holds up what was asked after it.
type queue struct {
	wake chan struct{}

	mu      sync.Mutex
	replies []*reply
	last    time.Time // when the newest one that isn't late is due
	added   int
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// odd reports whether the number of replies so far is odd.
func (q *queue) odd() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.added%2 == 1
}

// add queues a reply that is ready after delay.
func (q *queue) add(r *reply, delay time.Duration) {
	q.mu.Lock()
	r.ready = time.Now().Add(delay)
	q.schedule(r)
	q.added++
	q.replies = append(q.replies, r)
	q.mu.Unlock()
	q.poke()
}

// schedule says when a reply goes out. The caller holds q.mu.
func (q *queue) schedule(r *reply) {
	r.due = r.ready
	if r.late || r.never {
		return
	}
	if r.due.Before(q.last) {
		r.due = q.last
	}
	q.last = r.due
}

// cancel makes a reply that hasn't been sent an error 15 (facts C.3).
func (q *queue) cancel(id int64) {
	q.mu.Lock()
	for _, r := range q.replies {
		if r.id == id {
			r.frame, r.opens, r.act = errorReply(id, aborted(), nil), nil, nil
			r.ready, r.never, r.late = time.Now(), false, true
			if r.undo != nil {
				defer r.undo() // when the lock is free again
			}
		}
	}
	q.last = time.Time{}
	for _, r := range q.replies { // what waited for it needn't any more
		q.schedule(r)
	}
	q.mu.Unlock()
	q.poke()
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next takes out the first reply that is due, or says how long to wait for it; zero: until woken.
func (q *queue) next() (*reply, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := -1
	for i, r := range q.replies {
		if !r.never && (first < 0 || r.due.Before(q.replies[first].due)) {
			first = i
		}
	}
	if first < 0 {
		return nil, 0
	}
	r := q.replies[first]
	if wait := time.Until(r.due); wait > 0 {
		return nil, wait
	}
	q.replies = slices.Delete(q.replies, first, first+1)
	return r, 0
}

// write sends the replies as they become due, until ctx ends or the socket breaks.
func (q *queue) write(ctx context.Context, p *peer) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r, wait := q.next()
		if r != nil {
			if !r.send(p) {
				return
			}
			continue
		}
		var due <-chan time.Time
		if wait > 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-q.wake:
		case <-due:
		case <-ctx.Done():
			return
		}
	}
}

// send writes the reply; false when the socket is over.
func (r *reply) send(p *peer) bool {
	p.enliven(r.opens)
	if r.push != nil && p.write(r.push) != nil {
		return false
	}
	if r.act != nil {
		r.act(p)
		return true
	}
	return p.write(r.frame) == nil
}
