package qliktest

import (
	"bytes"
	"encoding/json"
)

// A rpcError is the error member of a reply (facts C.3).
type rpcError struct {
	code      int
	parameter string
	message   string
}

// invalidHandle is the answer to a wrong or closed handle (facts C.3).
func invalidHandle() *rpcError {
	return &rpcError{-32602, "Invalid handle", "Invalid Params"}
}

func invalidParam(name string) *rpcError { return &rpcError{-32602, name, "Invalid Params"} }

func noMethod(name string) *rpcError { return &rpcError{-32601, name, "Method not found"} }

// accessDenied is the answer when the user lacks the privilege that a method needs (facts C.6).
func accessDenied(what string) *rpcError { return &rpcError{5, what, "Access denied"} }

func notFound(what string) *rpcError { return &rpcError{2, what, "The resource could not be found."} }

func aborted() *rpcError { return &rpcError{15, "", "Request aborted"} }

// A rpcRequest is one JSON-RPC request (facts C.3). Members that it doesn't know are ignored.
type rpcRequest struct {
	id     int64
	handle int
	method string
	params json.RawMessage // an array, an object or nothing
	delta  bool
	full   bool // return_empty
}

// parseRequest reads a frame. The id is meaningful when the error is nil or haveID is true.
func parseRequest(frame []byte) (r rpcRequest, haveID bool, fault *rpcError) {
	if !json.Valid(frame) {
		return r, false, &rpcError{-32700, "", "Parse error"}
	}
	invalid := func(what string) *rpcError { return &rpcError{-32600, what, "Invalid Request"} }
	ms := membersOf(bytes.TrimSpace(frame))
	if ms == nil {
		return r, false, invalid("")
	}
	m := make(map[string]json.RawMessage, len(ms))
	for _, one := range ms {
		m[one.name] = one.value
	}
	if json.Unmarshal(m["id"], &r.id) != nil || string(m["id"]) == "null" {
		return r, false, invalid("id")
	}
	if v, ok := m["jsonrpc"]; ok && string(v) != `"2.0"` {
		return r, true, invalid("jsonrpc")
	}
	if r.method = asText(m["method"]); r.method == "" {
		return r, true, invalid("method")
	}
	if json.Unmarshal(m["handle"], &r.handle) != nil || string(m["handle"]) == "null" {
		return r, true, invalid("handle")
	}
	if p := m["params"]; len(p) > 0 && string(p) != "null" {
		if p[0] != '{' && p[0] != '[' {
			return r, true, invalid("params")
		}
		r.params = p
	}
	r.delta, r.full = string(m["delta"]) == "true", string(m["return_empty"]) == "true"
	return r, true, nil
}

// A method is a call that the Engine knows. params are its parameters in order; those with a "?" may be
// missing.
type method struct {
	params []string
	call   func(*call) (structure, *rpcError)
	needs  Action // privilege on the app; "" for none
	whole  bool   // never a delta reply
}

// A handleKind is what a handle stands for.
type handleKind string

// The kinds, named as qType has them (facts C.5).
const (
	kindGlobal    handleKind = "Global"
	kindDoc       handleKind = "Doc"
	kindObject    handleKind = "GenericObject"
	kindDimension handleKind = "GenericDimension"
	kindMeasure   handleKind = "GenericMeasure"
	kindBookmark  handleKind = "GenericBookmark"
	kindVariable  handleKind = "GenericVariable"
)

// A methodTable has the methods of each kind of handle.
type methodTable map[handleKind]map[string]method

func newMethods() methodTable {
	return methodTable{
		kindGlobal:    globalMethods(),
		kindDoc:       docMethods(),
		kindObject:    objectMethods(),
		kindDimension: libraryMethods("GetDimension", "qDim"),
		kindMeasure:   libraryMethods("GetMeasure", "qMeasure"),
		kindBookmark:  libraryMethods("", ""),
		kindVariable:  variableMethods(),
	}
}

// A call is a request that is being computed.
type call struct {
	rpcRequest
	peer    *peer
	session *engineSession
	site    *Site
	doc     *doc  // nil for Global
	node    *node // nil for Global and Doc
	args    map[string]json.RawMessage
	app     string // id of the app that it is about: the open one, else the one of the path

	opens   []int  // handles that become valid with the reply
	changed []int  // handles for the reply's change list
	closed  []int  // … and for its close list
	silent  bool   // is never answered
	undo    func() // takes the call back when it is canceled; may be nil
	after   func() // is done when the site is no longer locked; may be nil
}

// bind gives the parameters their names: params is an array (by position) or an object (by name).
func (c *call) bind(m method) *rpcError {
	c.args = make(map[string]json.RawMessage, len(m.params))
	items, named := itemsOf(c.params), membersOf(c.params)
	for i, name := range m.params {
		plain, optional := bytes.CutSuffix([]byte(name), []byte("?"))
		key := string(plain)
		if i < len(items) {
			c.args[key] = items[i]
		}
		for _, n := range named {
			if n.name == key {
				c.args[key] = n.value
			}
		}
		if _, ok := c.args[key]; !ok && !optional {
			return invalidParam(key)
		}
	}
	return nil
}

// str gives a parameter that must be a string.
func (c *call) str(name string) (string, *rpcError) {
	raw := c.args[name]
	if len(raw) == 0 || raw[0] != '"' {
		return "", invalidParam(name)
	}
	return unquote(raw), nil
}

// flag gives a parameter that must be true or false; false when it is missing.
func (c *call) flag(name string) (bool, *rpcError) {
	switch string(c.args[name]) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, invalidParam(name)
}

// number gives a parameter that must be a whole number; 0 when it is missing.
func (c *call) number(name string) (int64, *rpcError) {
	var n int64
	if raw, ok := c.args[name]; ok && json.Unmarshal(raw, &n) != nil {
		return 0, invalidParam(name)
	}
	return n, nil
}

// obj gives a parameter that must be an object.
func (c *call) obj(name string) (json.RawMessage, *rpcError) {
	raw := c.args[name]
	if len(raw) == 0 || raw[0] != '{' {
		return nil, invalidParam(name)
	}
	return raw, nil
}

// errorReply is the frame of a failed call.
func errorReply(id any, err *rpcError, c *call) []byte {
	reply := document{
		{"jsonrpc", "2.0"},
		{"id", id},
		{"error", document{{"code", err.code}, {"parameter", err.parameter}, {"message", err.message}}},
	}
	return render(c.lists(reply), true)
}

// lists adds the change and close lists, which may also ride on a reply to another request.
func (c *call) lists(reply document) document {
	if c == nil {
		return reply
	}
	for _, l := range []struct {
		name    string
		handles []int
	}{{"change", c.changed}, {"close", c.closed}} {
		if len(l.handles) > 0 {
			items := make(list, len(l.handles))
			for i, h := range l.handles {
				items[i] = h
			}
			reply = append(reply, entry{l.name, items})
		}
	}
	return reply
}

// resultReply is the frame of a call that worked: every member of the result is encoded on its own,
// so that a delta can be told from it.
func (c *call) resultReply(m method, result structure) []byte {
	e := encoder{full: c.full, nan: c.has(NotANumber)}
	out := make(document, 0, len(result))
	delta := c.delta && !m.whole
	for _, r := range result {
		e.buf = nil
		e.value(r.value)
		value := e.buf
		if delta {
			value = c.peer.deltas.patch(deltaKey{c.handle, c.method, r.name}, value)
		}
		out = append(out, entry{r.name, compact(value)})
	}
	reply := c.lists(document{{"jsonrpc", "2.0"}, {"id", c.id}, {"result", out}})
	if delta {
		reply = append(reply, entry{"delta", true})
	}
	return render(reply, true)
}
