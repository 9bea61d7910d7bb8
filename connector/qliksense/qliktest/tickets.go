package qliktest

import (
	"crypto/rand"
	"sync"
	"time"
)

// ticketLife is how long a ticket is valid (facts A.6).
const ticketLife = time.Minute

// A target is where a request wanted to go that was sent to a login page.
type target struct {
	url   string
	vp    virtualProxy
	until time.Time
}

// A targetTable holds the targets by their ids, which are good for one login (facts A.3).
type targetTable struct {
	mu  sync.Mutex
	all map[string]target
}

// add gives a new id for t; what has expired by now is forgotten.
func (t *targetTable) add(x target, now time.Time) (id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string]target{}
	}
	for old, y := range t.all {
		if y.until.Before(now) {
			delete(t.all, old)
		}
	}
	id = newGUID()
	t.all[id] = x
	return id
}

// find gives the target of an id that is neither spent nor expired.
func (t *targetTable) find(id string, now time.Time) (target, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, ok := t.all[id]
	return x, ok && !x.until.Before(now)
}

// spend makes an id useless; false when it already is.
func (t *targetTable) spend(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.all[id]
	delete(t.all, id)
	return ok
}

// A ticket stands for a login that has succeeded; it is good for one request (facts A.3, A.6).
type ticket struct {
	user   *User
	prefix string // of the virtual proxy
	until  time.Time
}

// A ticketTable holds the tickets that nobody has used.
type ticketTable struct {
	mu  sync.Mutex
	all map[string]ticket
}

// issue makes a ticket of 16 characters.
func (t *ticketTable) issue(u *User, prefix string, now time.Time) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[b[i]%64]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string]ticket{}
	}
	t.all[string(b)] = ticket{user: u, prefix: prefix, until: now.Add(ticketLife)}
	return string(b)
}

// redeem gives the user of a ticket and spends it; nil when it is spent, expired, unknown or of another
// virtual proxy.
func (t *ticketTable) redeem(name, prefix string, now time.Time) *User {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, ok := t.all[name]
	delete(t.all, name)
	if !ok || x.prefix != prefix || x.until.Before(now) {
		return nil
	}
	return x.user
}
