package qliktest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// A deltaKey is what a client keeps a copy of (facts C.3).
type deltaKey struct {
	handle         int
	method, member string
}

// A deltaCache holds what a socket's client has been sent as a delta, so that the next reply of the
// same call says what differs.
type deltaCache map[deltaKey]json.RawMessage

// patch gives the JSON patch that turns what the client has into now, which is compact JSON. The
// first time it is the whole: [{"op":"add","path":"/","value":…}].
func (d deltaCache) patch(key deltaKey, now json.RawMessage) json.RawMessage {
	old, known := d[key]
	d[key] = now
	ops := list{}
	switch {
	case !known:
		ops = append(ops, patchOp("add", "/", now))
	case !bytes.Equal(old, now):
		ops = diff(ops, "", old, now)
	}
	return render(ops, true)
}

// forget drops what a closed handle had.
func (d deltaCache) forget(handle int) {
	for key := range d {
		if key.handle == handle {
			delete(d, key)
		}
	}
}

func patchOp(op, path string, value json.RawMessage) document {
	if op == "remove" {
		return document{{"op", op}, {"path", path}}
	}
	return document{{"op", op}, {"path", path}, {"value", value}}
}

// diff adds the operations that turn old into now. Objects are compared member by member; anything
// else that differs is replaced, lists too.
func diff(ops list, path string, old, now json.RawMessage) list {
	before, after := membersOf(old), membersOf(now)
	if !patchable(before) || !patchable(after) {
		if path == "" {
			path = "/"
		}
		return append(ops, patchOp("replace", path, now))
	}
	was := make(map[string]json.RawMessage, len(before))
	for _, m := range before {
		was[m.name] = m.value
	}
	for _, m := range after {
		v, ok := was[m.name]
		delete(was, m.name)
		switch {
		case !ok:
			ops = append(ops, patchOp("add", path+"/"+m.name, m.value))
		case !bytes.Equal(v, m.value):
			ops = diff(ops, path+"/"+m.name, v, m.value)
		}
	}
	for _, m := range before {
		if _, gone := was[m.name]; gone {
			ops = append(ops, patchOp("remove", path+"/"+m.name, nil))
		}
	}
	return ops
}

// patchable reports whether a patch may reach into the object: clients split paths at slashes
// without unescaping and take numbers for indexes, and names may be there twice.
func patchable(ms []rawMember) bool {
	seen := make(map[string]bool, len(ms))
	for _, m := range ms {
		_, err := strconv.ParseFloat(m.name, 64)
		if err == nil || m.name == "" || seen[m.name] || strings.ContainsAny(m.name, "/~") {
			return false
		}
		seen[m.name] = true
	}
	return ms != nil
}
