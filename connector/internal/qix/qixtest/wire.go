package qixtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// A Request is one call of the client.
type Request struct {
	ID     int64
	Handle int
	Method string
	Params json.RawMessage
}

// read takes the client's next request and checks what holds for all: version, positional
// parameters, no delta, a number that wasn't used before.
func (c *Conn) read() (Request, error) {
	if err := c.upgrade(); err != nil {
		return Request{}, err
	}
	if err := c.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return Request{}, err
	}
	_, data, err := c.ws.ReadMessage()
	if err != nil {
		return Request{}, err
	}
	var body struct {
		Version string          `json:"jsonrpc"`
		ID      *int64          `json:"id"`
		Handle  *int            `json:"handle"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
		Delta   json.RawMessage `json:"delta"`
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return Request{}, fmt.Errorf("the client sent %.200q: %w", data, err)
	}
	switch {
	case body.Version != "2.0", body.ID == nil, body.Handle == nil, body.Method == "",
		len(body.Params) == 0, body.Params[0] != '[', body.Delta != nil:
		return Request{}, fmt.Errorf("the client sent a wrong request: %.200q", data)
	case c.ids[*body.ID]:
		return Request{}, fmt.Errorf("the client used number %d again: %.200q", *body.ID, data)
	}
	c.ids[*body.ID] = true
	r := Request{ID: *body.ID, Handle: *body.Handle, Method: body.Method, Params: body.Params}
	c.requests = append(c.requests, r)
	return r, nil
}

// write sends one message.
func (c *Conn) write(data []byte) error {
	if err := c.upgrade(); err != nil {
		return err
	}
	if err := c.ws.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, data)
}

// answer writes a reply whose result is given.
func (c *Conn) answer(id int64, result any) error {
	data, err := json.Marshal(struct {
		Version string `json:"jsonrpc"`
		ID      int64  `json:"id"`
		Result  any    `json:"result"`
	}{"2.0", id, result})
	if err != nil {
		return err
	}
	return c.write(data)
}

// refuse writes a reply that is an error.
func (c *Conn) refuse(id int64, code int, parameter, text string) error {
	data, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": id,
		"error": map[string]any{"code": code, "parameter": parameter, "message": text},
	})
	if err != nil {
		return err
	}
	return c.write(data)
}

// awaitHangUp waits for the client to close; a request is a mistake.
func (c *Conn) awaitHangUp() error {
	r, err := c.read()
	if err == nil {
		return fmt.Errorf("unexpected %s%s on handle %d", r.Method, r.Params, r.Handle)
	}
	return hangUp(err)
}

// hangUp is nil if err says that the client closed, in whatever way.
func hangUp(err error) error {
	var closed *websocket.CloseError
	var timeout net.Error
	switch {
	case errors.As(err, &closed), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("the client didn't hang up")
	case errors.As(err, new(*net.OpError)): // reset
		return nil
	}
	return err
}
