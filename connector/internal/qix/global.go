package qix

import (
	"context"
	"fmt"
)

// EngineVersion asks for the Engine's version, such as 12.2056.15.
func (s *Session) EngineVersion(ctx context.Context) *Reply[string] {
	return send(ctx, s, request{handle: globalHandle, method: "EngineVersion"},
		decodeMember[string]("qVersion", "qComponentVersion"))
}

// OpenDoc opens an app and waits for it; noData leaves its data on disk, which is fast and costs
// the server next to no memory (facts C.4). An app that is open in the other mode is error 1009,
// one that is open already 1002.
func (s *Session) OpenDoc(ctx context.Context, appID string, noData bool) (*Doc, error) {
	s.meter.opens.Add(1)
	if !noData {
		s.meter.opensWithData.Add(1)
	}
	return s.doc(ctx, sendHandle(ctx, s, globalHandle, "OpenDoc", appID, "", "", "", noData))
}

// GetActiveDoc returns the app that the session has open; error 1007 if none. On a session that
// was attached it may be another app than the caller thinks: compare ID.
func (s *Session) GetActiveDoc(ctx context.Context) (*Doc, error) {
	return s.doc(ctx, sendHandle(ctx, s, globalHandle, "GetActiveDoc"))
}

func (s *Session) doc(ctx context.Context, reply *Reply[Handle]) (*Doc, error) {
	h, err := reply.Get(ctx)
	if err != nil {
		return nil, err
	}
	if h.Null() {
		return nil, fmt.Errorf("open app: %w", &NullHandleError{Method: reply.name})
	}
	return &Doc{Handle: h}, nil
}
