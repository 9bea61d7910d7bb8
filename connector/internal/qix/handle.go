package qix

import (
	"context"
	"encoding/json"
)

// A Handle is how a session refers to an object of the Engine. It is good on its session only.
type Handle struct {
	ID          int    // 0 for a null handle
	Type        string // Doc, GenericObject, GenericDimension, …
	GenericType string // the object's own type, such as sheet
	GenericID   string

	session *Session
}

// Null says that there is no such object, or not for this user: the Engine answers an unknown id
// with a null handle, not with an error (facts C.5).
func (h Handle) Null() bool { return h.ID == 0 }

// Session is what the handle is good on; nil for the zero Handle.
func (h Handle) Session() *Session { return h.session }

// decodeHandle reads the member qReturn of a result.
func decodeHandle(s *Session, method string, result []byte) (Handle, error) {
	type wire struct {
		Handle      Number `json:"qHandle"`
		Type        Text   `json:"qType"`
		GenericType Text   `json:"qGenericType"`
		GenericID   Text   `json:"qGenericId"`
	}
	w, err := decodeMember[wire]("qReturn")(result)
	if err != nil {
		return Handle{}, s.decodeError(method, result, err)
	}
	return Handle{
		ID: max(w.Handle.Int(), 0), Type: string(w.Type), GenericType: string(w.GenericType), GenericID: string(w.GenericID), session: s,
	}, nil
}

// sendHandle sends a call that returns a handle.
func sendHandle(ctx context.Context, s *Session, handle int, method string, params ...any) *Reply[Handle] {
	return send(ctx, s, request{handle: handle, method: method, params: params}, func(result []byte) (Handle, error) {
		return decodeHandle(s, method, result)
	})
}

// GetProperties reads what is stored of an object.
func (h Handle) GetProperties(ctx context.Context) *Reply[json.RawMessage] {
	return onHandle[json.RawMessage](ctx, h, "GetProperties", "qProp")
}

// GetEffectiveProperties reads the properties with soft patches and, of an instance of a master
// object, with the master's merged in (facts C.5, C.8).
func (h Handle) GetEffectiveProperties(ctx context.Context) *Reply[json.RawMessage] {
	return onHandle[json.RawMessage](ctx, h, "GetEffectiveProperties", "qProp")
}

// GetLayout reads the evaluated object. The Engine leaves out whatever is empty or a default.
func (h Handle) GetLayout(ctx context.Context) *Reply[json.RawMessage] {
	return onHandle[json.RawMessage](ctx, h, "GetLayout", "qLayout")
}

// GetFullPropertyTree reads the properties of an object and of all below it in one answer.
func (h Handle) GetFullPropertyTree(ctx context.Context) *Reply[PropertyTree] {
	if h.Null() {
		return failed[PropertyTree](h.session, "GetFullPropertyTree", &NullHandleError{Method: "GetFullPropertyTree"})
	}
	return send(ctx, h.session, request{handle: h.ID, method: "GetFullPropertyTree"}, decodeTreeResult)
}

// onHandle calls a method without parameters on a handle.
func onHandle[T any](ctx context.Context, h Handle, method string, path ...string) *Reply[T] {
	if h.Null() {
		return failed[T](h.session, method, &NullHandleError{Method: method})
	}
	return send(ctx, h.session, request{handle: h.ID, method: method}, decodeMember[T](path...))
}
