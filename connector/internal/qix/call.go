package qix

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// A call is a request on its way: in line, then in the table, then finished. It may be sent more
// than once: again after error 15, or as the second step of two.
type call struct {
	session *Session
	ctx     context.Context // the sender's: ends the call when it ends
	stop    func() bool     // no longer watch ctx

	// The following change hands with the call: sender, writer, reader.
	handle  int
	method  string
	params  []byte
	second  string // the method to call on the handle that the first answer holds; "" for one step
	retries int
	id      int64     // of the last request sent; guarded by the session's lock
	sent    time.Time // likewise

	once   sync.Once
	done   chan struct{}
	result []byte
	err    error
}

// finish ends the call; the first to do so decides.
func (c *call) finish(result []byte, err error) {
	c.once.Do(func() {
		c.result, c.err = result, err
		close(c.done)
	})
}

// complete is finish for those who come after the call was enqueued: it also lets go of ctx.
func (c *call) complete(result []byte, err error) {
	c.finish(result, err)
	c.stop()
}

func (c *call) finished() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// A Reply is a call in flight, or answered already.
type Reply[T any] struct {
	call   *call
	name   string
	decode func(result []byte) (T, error)
}

// Get waits for the answer and decodes it. Errors: *EngineError (refused), *ClosedError (the
// session ended first), *DecodeError (with what could be read), *NullHandleError, and the
// context's own error when ctx, or the context that the call was sent with, ends first: the call
// is then taken out of the table, the Engine is asked to stop, and a late answer is dropped.
// An answer without result, or with null, is the zero value. Get may be called again; it then
// decodes again.
func (r *Reply[T]) Get(ctx context.Context) (T, error) {
	c := r.call
	if !c.finished() {
		select {
		case <-c.done:
		case <-ctx.Done():
			c.session.abandon(c, contextError(r.name, ctx))
			c.stop()
		}
	}
	if c.err != nil {
		var zero T
		return zero, c.err
	}
	value, err := r.decode(c.result)
	if err != nil {
		err = c.session.decodeError(r.name, c.result, err)
	}
	return value, err
}

func contextError(method string, ctx context.Context) error {
	return fmt.Errorf("engine call %s: %w", method, ctx.Err())
}

// decodeError says what is wrong with a result. One that isn't JSON ends the session: nothing that
// comes after it can be trusted.
func (s *Session) decodeError(method string, result []byte, err error) error {
	if !json.Valid(result) {
		s.fail(&FrameError{Size: int64(len(result)), Start: "(result of " + method + ")", Err: err})
	}
	return &DecodeError{Method: method, Err: err}
}

// Send puts a call on its way and returns at once; whatever goes wrong comes out of Get. ctx bounds
// the call's whole life, also when nobody waits for the reply. handle is -1 for the Engine itself,
// or the id of a Handle; params are positional. T is the type of the result as a whole.
func Send[T any](ctx context.Context, s *Session, handle int, method string, params ...any) *Reply[T] {
	return send(ctx, s, request{handle: handle, method: method, params: params}, decodeMember[T]())
}

// A request is what to call, on what, with what.
type request struct {
	handle int
	method string
	params []any
	second string // to call on the handle that the answer holds
}

func send[T any](ctx context.Context, s *Session, r request, decode func([]byte) (T, error)) *Reply[T] {
	c := &call{
		session: s, ctx: ctx, stop: func() bool { return false },
		handle: r.handle, method: r.method, second: r.second, done: make(chan struct{}),
	}
	reply := &Reply[T]{call: c, name: r.method, decode: decode}
	if r.second != "" {
		reply.name = r.second
	}
	params, err := json.Marshal(append([]any{}, r.params...)) // none: an empty array
	if err != nil {
		c.finish(nil, fmt.Errorf("parameters of %s: %w", r.method, err))
		return reply
	}
	c.params = params
	if ctx.Err() != nil {
		c.finish(nil, contextError(reply.name, ctx))
		return reply
	}
	c.stop = context.AfterFunc(ctx, func() { s.abandon(c, contextError(reply.name, ctx)) })
	s.enqueue(c)
	return reply
}

// failed is a Reply that was never sent.
func failed[T any](s *Session, method string, err error) *Reply[T] {
	c := &call{session: s, done: make(chan struct{}), stop: func() bool { return false }}
	c.finish(nil, err)
	return &Reply[T]{call: c, name: method}
}

// decodeMember decodes one member of a result, named by its path from the top; the whole result
// without a path. What is missing or null is the zero value, of a json.RawMessage a null.
func decodeMember[T any](path ...string) func([]byte) (T, error) {
	return func(result []byte) (T, error) {
		var value T
		for _, name := range path {
			var err error
			if result, err = pick(result, name); err != nil {
				return value, err
			}
		}
		if raw, ok := any(&value).(*json.RawMessage); ok {
			*raw = result
			if isNull(result) {
				*raw = json.RawMessage("null")
			}
			return value, nil
		}
		if isNull(result) {
			return value, nil
		}
		err := json.Unmarshal(result, &value)
		return value, err
	}
}

// pick returns a member of an object, the last of that name; nil if it isn't there.
func pick(object []byte, name string) ([]byte, error) {
	if isNull(object) {
		return nil, nil
	}
	var found []byte
	err := members(object, func(key, value []byte) error {
		if string(key) == name {
			found = value
		}
		return nil
	})
	return found, err
}
