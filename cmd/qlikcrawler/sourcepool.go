package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// idleSource is how long an open source stays logged in when nobody uses it: batches and runs follow one
// another.
const idleSource = 3 * time.Second

// A sourcePool opens one source a connection, for all that this process does with it: one Qlik session.
type sourcePool struct {
	open func(ctx context.Context, conn catalog.Connection) (connector.Connector, error)
	// closed is called after a source was logged out, before another may be opened; if it fails, again and again
	// while nobody uses the connection.
	closed func(code string) error
	log    *slog.Logger

	mu      sync.Mutex
	held    map[string]*heldSource
	closing map[string]chan struct{} // closed when the source is logged out
	ended   bool                     // close was called
}

// A heldSource is one connection's place in the pool. Its own lock is held while it is opened or closed.
type heldSource struct {
	users int // guarded by the pool's lock
	idle  *time.Timer

	mu     sync.Mutex
	src    connector.Connector // nil: not open
	edited time.Time           // of the connection that it was opened with
}

func newSourcePool(open func(context.Context, catalog.Connection) (connector.Connector, error), closed func(string) error, log *slog.Logger) *sourcePool {
	return &sourcePool{open: open, closed: closed, log: log, held: map[string]*heldSource{}, closing: map[string]chan struct{}{}}
}

// hold keeps a connection's source open, once it is, until release.
func (p *sourcePool) hold(code string) (release func()) {
	p.mu.Lock()
	for p.closing[code] != nil { // the old session ends before a new one starts
		wait := p.closing[code]
		p.mu.Unlock()
		<-wait
		p.mu.Lock()
	}
	h := p.held[code]
	if h == nil {
		h = &heldSource{}
		p.held[code] = h
	}
	h.users++
	if h.idle != nil {
		h.idle.Stop()
		h.idle = nil
	}
	p.mu.Unlock()
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if h.users--; h.users == 0 {
			h.idle = time.AfterFunc(idleSource, func() { p.closeIdle(code) })
		}
	})
}

// get gives the source of a connection that the caller holds. After an edit of the connection it is
// opened anew as soon as nobody else uses it.
func (p *sourcePool) get(ctx context.Context, conn catalog.Connection) (connector.Connector, error) {
	p.mu.Lock()
	h := p.held[conn.Code]
	alone := h != nil && h.users == 1
	p.mu.Unlock()
	if h == nil {
		return nil, errors.New("the source isn't held")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.src != nil && alone && !h.edited.Equal(conn.ModifiedAt) {
		p.logOut(conn.Code, h)
	}
	if h.src == nil {
		src, err := p.open(ctx, conn)
		if err != nil {
			return nil, err
		}
		h.src, h.edited = src, conn.ModifiedAt
	}
	return h.src, nil
}

// closeIdle logs a source out that nobody uses. What went with it may stay for a while when the database is away.
func (p *sourcePool) closeIdle(code string) {
	p.mu.Lock()
	h := p.held[code]
	if h == nil || h.users > 0 {
		p.mu.Unlock()
		return
	}
	delete(p.held, code)
	done := make(chan struct{})
	p.closing[code] = done
	p.mu.Unlock()

	h.mu.Lock()
	p.logOut(code, h)
	h.mu.Unlock()
	err := p.closed(code)

	p.mu.Lock()
	delete(p.closing, code)
	if err != nil && !p.ended {
		p.held[code] = &heldSource{idle: time.AfterFunc(idleSource, func() { p.closeIdle(code) })}
	}
	p.mu.Unlock()
	close(done)
}

func (p *sourcePool) logOut(code string, h *heldSource) {
	if h.src == nil {
		return
	}
	if err := h.src.Close(); err != nil {
		p.log.Warn("could not log out of Qlik: the session lasts until it idles out", "connection", code, "error", err)
	}
	h.src = nil
}

// close logs everything out that isn't in use. Call it when no work is left.
func (p *sourcePool) close() {
	p.mu.Lock()
	p.ended = true
	codes := make([]string, 0, len(p.held))
	for code := range p.held {
		codes = append(codes, code)
	}
	var waits []chan struct{}
	for _, wait := range p.closing {
		waits = append(waits, wait)
	}
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, code := range codes {
		all.Go(func() { p.closeIdle(code) })
	}
	all.Wait()
	for _, wait := range waits {
		<-wait
	}
}
