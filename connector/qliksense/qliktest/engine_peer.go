package qliktest

import (
	"strings"
	"sync"
	"time"
)

// A peer is one socket that the Engine serves: its handles, what its client has been sent as deltas, and the
// replies on their way.
type peer struct {
	socket
	engine  *engine
	session *engineSession
	queue   *queue

	// The fields below are touched with session.mu held, handles also by the writer.
	deltas deltaCache
	stale  []int // handles for the change list of the next reply
	gone   []int // … for its close list

	mu      sync.Mutex
	handles []handle // of handle number 1 and up
}

// A handle is a number that stands for something, on one socket.
type handle struct {
	kind handleKind
	id   string
	live bool // the reply that made it has gone out, and it isn't closed
}

func newPeer(e *engine, c socket, s *engineSession) *peer {
	return &peer{socket: c, engine: e, session: s, deltas: deltaCache{}, queue: newQueue()}
}

// answer computes the reply to a frame and queues it.
func (p *peer) answer(frame []byte) {
	srv := p.engine.server
	r, haveID, fault := parseRequest(frame)
	if fault != nil {
		var id any = null{}
		if haveID {
			id = r.id
		}
		p.queue.add(&reply{id: r.id, frame: errorReply(id, fault, nil)}, 0)
		return
	}
	srv.count(func(c *Counters) { c.EngineCalls[r.method]++ })
	c := &call{rpcRequest: r, peer: p, session: p.session}
	out := &reply{id: r.id}
	srv.view(func(site *Site) {
		p.session.mu.Lock()
		defer p.session.mu.Unlock()
		c.site = site
		out.frame = p.compute(c)
	})
	if c.after != nil {
		c.after()
	}
	out.opens, out.undo = c.opens, c.undo
	p.send(c, out)
}

// compute runs the call. The caller holds the site and the session.
func (p *peer) compute(c *call) []byte {
	if c.app = p.session.opened; c.app == "" {
		c.app = p.appID
	}
	m, err := c.find()
	if err == nil {
		err = c.bind(m)
	}
	if err == nil && m.needs != "" && !c.may(m.needs) {
		err = accessDenied(c.method)
	}
	if err == nil {
		err = c.strike()
	}
	var result structure
	if err == nil {
		result, err = m.call(c)
	}
	c.changed, c.closed = append(c.changed, p.stale...), append(c.closed, p.gone...)
	p.stale, p.gone = nil, nil
	if err != nil {
		return errorReply(c.id, err, c)
	}
	return c.resultReply(m, result)
}

// find looks up what the handle stands for and the method that it has.
func (c *call) find() (method, *rpcError) {
	kind := kindGlobal
	if c.handle != -1 {
		h, ok := c.peer.handleOf(c.handle)
		if !ok || c.session.opened == "" {
			return method{}, invalidHandle()
		}
		kind, c.doc = h.kind, c.session.current(c)
		if kind != kindDoc {
			if c.node = c.doc.find(c.session, h); c.node == nil {
				return method{}, invalidHandle()
			}
		}
	}
	m, ok := c.peer.engine.methods[kind][c.method]
	if !ok {
		return method{}, noMethod(c.method)
	}
	return m, nil
}

// may reports whether the user has the privilege on the open app.
func (c *call) may(act Action) bool {
	return c.doc != nil && c.site.Can(c.peer.user, act, c.doc.app)
}

// handleOf gives what a handle stands for. A handle is good only after the reply that made it
// (facts C.3).
func (p *peer) handleOf(n int) (handle, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n < 1 || n > len(p.handles) || !p.handles[n-1].live {
		return handle{}, false
	}
	return p.handles[n-1], true
}

// open gives the socket's handle for a thing, a new number when it has none.
func (c *call) open(kind handleKind, id string) int {
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, h := range p.handles {
		if h.kind == kind && h.id == id && h.live {
			return i + 1
		}
	}
	p.handles = append(p.handles, handle{kind: kind, id: id})
	c.opens = append(c.opens, len(p.handles))
	return len(p.handles)
}

// enliven makes handles valid: their reply is about to go out.
func (p *peer) enliven(handles []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range handles {
		p.handles[n-1].live = true
	}
}

// shut closes the handles of a thing that is no more, and gives their numbers.
func (p *peer) shut(kind handleKind, id string) (closed []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, h := range p.handles {
		if h.kind == kind && h.id == id && h.live {
			p.handles[i].live = false
			p.deltas.forget(i + 1)
			closed = append(closed, i+1)
		}
	}
	return closed
}

// has reports whether a fault concerns the app that the call is about.
func (c *call) has(f Fault) bool { return c.peer.engine.server.has(c.app, f) }

// take is has for faults that strike once.
func (c *call) take(f Fault) bool { return c.peer.engine.server.take(c.app, f) }

// send queues the reply, at the pace of the site and with its faults.
func (p *peer) send(c *call, out *reply) {
	o := p.engine.server.options
	delay := o.Latency.Call
	if c.method == "OpenDoc" {
		delay = o.Latency.Open
	}
	delay = p.engine.server.crowded(delay)
	switch c.method {
	case "CancelRequest":
		if id, err := c.number("qRequestId"); err == nil {
			p.queue.cancel(id)
		}
		out.late = true
		p.queue.add(out, 0)
	default:
		p.spoil(c, out)
		if o.OutOfOrder && p.queue.odd() {
			delay, out.late = delay+overtaken, true
		}
		p.queue.add(out, delay+out.extra)
	}
}

// overtaken is how long every other reply is held back when replies come out of order.
const overtaken = 5 * time.Millisecond

// sameApp compares app ids.
func sameApp(a, b string) bool { return strings.EqualFold(a, b) }

// crowded is how long something takes with as many sockets as there are (Latency.Knee).
func (s *Server) crowded(d time.Duration) time.Duration {
	knee := s.options.Latency.Knee
	if knee <= 0 || d == 0 {
		return d
	}
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	return d * time.Duration(max(knee, s.tally.c.Sockets.Now)) / time.Duration(knee)
}
