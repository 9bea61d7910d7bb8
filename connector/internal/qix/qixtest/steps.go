package qixtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"time"

	"github.com/gorilla/websocket"
)

// Greet greets as an Engine does on a direct connection: with OnConnected alone.
func Greet() Step { return GreetWith("SESSION_CREATED") }

// GreetWith sends OnConnected with a session state.
func GreetWith(state string) Step {
	return Notify("OnConnected", map[string]string{"qSessionState": state})
}

// GreetAs greets as the proxy does: who the user is, then OnConnected.
func GreetAs(directory, user string) Step {
	return Script{
		Notify("OnAuthenticationInformation", map[string]any{
			"userId": user, "userDirectory": directory, "logoutUri": "https://h/qps/user", "mustAuthenticate": false,
		}),
		Greet(),
	}.AsStep()
}

// AsStep makes one step of a script, so that it can be part of others.
func (s Script) AsStep() Step {
	return func(c *Conn) error {
		for _, step := range s {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// Expect waits for a call of method with these parameters, compared as JSON.
func Expect(method string, args ...any) Step {
	return func(c *Conn) error {
		r, err := c.expect(method)
		if err != nil {
			return err
		}
		if args == nil {
			args = []any{}
		}
		want, err := json.Marshal(args)
		if err != nil {
			return err
		}
		var got, wanted any
		if err := errors.Join(json.Unmarshal(r.Params, &got), json.Unmarshal(want, &wanted)); err != nil {
			return err
		}
		if !reflect.DeepEqual(got, wanted) {
			return fmt.Errorf("%s with %s, want %s", method, r.Params, want)
		}
		return nil
	}
}

// ExpectAny waits for a call of method, whatever its parameters.
func ExpectAny(method string) Step {
	return func(c *Conn) error {
		_, err := c.expect(method)
		return err
	}
}

// ExpectOn waits for a call of method on a handle, whatever its parameters.
func ExpectOn(handle int, method string) Step {
	return func(c *Conn) error {
		r, err := c.expect(method)
		if err == nil && r.Handle != handle {
			err = fmt.Errorf("%s on handle %d, want %d", method, r.Handle, handle)
		}
		return err
	}
}

func (c *Conn) expect(method string) (Request, error) {
	r, err := c.read()
	if err != nil {
		return r, fmt.Errorf("waiting for %s: %w", method, err)
	}
	if r.Method != method {
		return r, fmt.Errorf("%s%s, want %s", r.Method, r.Params, method)
	}
	return r, nil
}

// ExpectCancel waits for a CancelRequest of the n-th request of the connection, from 0.
func ExpectCancel(n int) Step {
	return func(c *Conn) error { return Expect("CancelRequest", c.requests[n].ID)(c) }
}

// Reply answers the last request.
func Reply(result any) Step {
	return func(c *Conn) error { return c.answer(c.requests[len(c.requests)-1].ID, result) }
}

// ReplyTo answers the n-th request of the connection, from 0.
func ReplyTo(n int, result any) Step {
	return func(c *Conn) error { return c.answer(c.requests[n].ID, result) }
}

// ReplyError refuses the last request.
func ReplyError(code int, parameter, text string) Step {
	return func(c *Conn) error {
		return c.refuse(c.requests[len(c.requests)-1].ID, code, parameter, text)
	}
}

// ReplyRaw answers the last request with members as they are, such as `"result":null`.
func ReplyRaw(members string) Step {
	return func(c *Conn) error {
		id := c.requests[len(c.requests)-1].ID
		return c.write(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,%s}`, id, members))
	}
}

// Notify pushes a message that answers no call.
func Notify(method string, params any) Step {
	return func(c *Conn) error {
		data, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
		if err != nil {
			return err
		}
		return c.write(data)
	}
}

// Send sends a message as it is.
func Send(raw string) Step { return func(c *Conn) error { return c.write([]byte(raw)) } }

// SendTooMuch sends a message at which the client has to hang up, be it in the middle of it: what of
// it can't be written any more is no fault.
func SendTooMuch(raw string) Step {
	return func(c *Conn) error {
		if err := c.upgrade(); err != nil {
			return err
		}
		if err := c.write([]byte(raw)); err != nil && hangUp(err) != nil {
			return err
		}
		if err := c.awaitHangUp(); err != nil {
			return err
		}
		return errEnd
	}
}

// SendPartly begins a message, and hangs up before it is whole.
func SendPartly(raw string) Step {
	return func(c *Conn) error {
		if err := c.upgrade(); err != nil {
			return err
		}
		// A text frame that says it has one byte more than come.
		frame := append([]byte{0x81, byte(len(raw) + 1)}, raw...)
		if _, err := c.ws.NetConn().Write(frame); err != nil {
			return err
		}
		return errEnd
	}
}

// Drop hangs up without a word.
func Drop() Step {
	return func(c *Conn) error {
		if err := c.upgrade(); err != nil {
			return err
		}
		return errEnd
	}
}

// Close hangs up with a close frame.
func Close(code int, text string) Step {
	return func(c *Conn) error {
		if err := c.upgrade(); err != nil {
			return err
		}
		err := c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(patience))
		if err != nil {
			return err
		}
		return errEnd
	}
}

// ExpectClose waits for the client to hang up with a close frame of this code.
func ExpectClose(code int) Step {
	return func(c *Conn) error {
		r, err := c.read()
		if err == nil {
			return fmt.Errorf("%s%s, want a close frame", r.Method, r.Params)
		}
		if !websocket.IsCloseError(err, code) {
			return fmt.Errorf("waiting for close code %d: %w", code, err)
		}
		return errEnd
	}
}

// Ping sends a WebSocket ping.
func Ping() Step {
	return func(c *Conn) error {
		c.ws.SetPongHandler(func(string) error {
			c.ponged = true
			return nil
		})
		return c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience))
	}
}

// Ponged checks that the pong came before the last request.
func Ponged() Step {
	return func(c *Conn) error {
		if !c.ponged {
			return errors.New("the ping wasn't answered")
		}
		return nil
	}
}

// Refuse answers the upgrade with an HTTP status instead. The client need not read all of the body.
func Refuse(status int, header map[string]string, body string) Step {
	return func(c *Conn) error {
		for name, value := range header {
			c.w.Header().Set(name, value)
		}
		c.w.WriteHeader(status)
		_, err := c.w.Write([]byte(body))
		if err != nil && !errors.Is(err, http.ErrBodyNotAllowed) && hangUp(err) != nil {
			return err
		}
		return errEnd
	}
}

// Hang neither reads nor writes until the test ends, also before the upgrade. A client that writes
// on is stuck after a megabyte or so.
func Hang() Step {
	return func(c *Conn) error {
		if c.ws != nil {
			if tcp, ok := c.ws.NetConn().(*net.TCPConn); ok {
				_ = tcp.SetReadBuffer(4 << 10) // else the client is stuck later
			}
		}
		<-c.peer.over
		return errEnd
	}
}

// Await waits until the test closes the channel.
func Await(signal <-chan struct{}) Step {
	return func(*Conn) error {
		select {
		case <-signal:
			return nil
		case <-time.After(patience):
			return errors.New("the test didn't give the signal")
		}
	}
}

// Quiet checks that the client sends nothing for 50 ms. It can't prove that nothing is under way:
// it may let a fault pass on a slow machine, but never fails a good client.
func Quiet() Step {
	return func(c *Conn) error {
		raw := c.ws.NetConn()
		if err := raw.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			return err
		}
		n, err := raw.Read(make([]byte, 1))
		var timeout net.Error
		if n > 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
			return fmt.Errorf("the client isn't quiet: %d bytes, %w", n, err)
		}
		return nil
	}
}

// Tell closes a channel, to let the test know how far the script is.
func Tell(signal chan<- struct{}) Step {
	return func(*Conn) error {
		close(signal)
		return nil
	}
}

// Serve answers whatever comes with the result that answer gives for it, until the client hangs up.
func Serve(answer func(Request) any) Step {
	return func(c *Conn) error {
		for {
			r, err := c.read()
			if err != nil {
				if err := hangUp(err); err != nil {
					return err
				}
				return errEnd
			}
			c.requests = c.requests[:0]
			if err := c.answer(r.ID, answer(r)); err != nil {
				return errEnd // the client is gone: what it misses is its own business
			}
		}
	}
}

// ServeRaw answers whatever comes with one result, at the least cost: for benchmarks. It checks the
// requests less than the other steps do.
func ServeRaw(result []byte) Step {
	return func(c *Conn) error {
		var reply []byte
		for {
			_, data, err := c.ws.ReadMessage()
			if err != nil {
				return errEnd
			}
			_, rest, _ := bytes.Cut(data, []byte(`"id":`))
			id, _, ok := bytes.Cut(rest, []byte(","))
			if !ok {
				return fmt.Errorf("the client sent a wrong request: %.200q", data)
			}
			reply = append(append(reply[:0], `{"jsonrpc":"2.0","id":`...), id...)
			reply = append(append(append(reply, `,"result":`...), result...), '}')
			if err := c.write(reply); err != nil {
				return errEnd // the client is gone
			}
		}
	}
}

// Doc is the result of OpenDoc for an app: handle 1.
func Doc(appID string) any { return Handle("Doc", 1, appID) }

// Handle is the result of a call that returns a handle.
func Handle(kind string, handle int, id string) any {
	return map[string]any{"qReturn": map[string]any{"qType": kind, "qHandle": handle, "qGenericId": id}}
}

// NullHandle is the result of a call that finds nothing.
func NullHandle() any {
	return map[string]any{"qReturn": map[string]any{"qType": nil, "qHandle": nil}}
}
