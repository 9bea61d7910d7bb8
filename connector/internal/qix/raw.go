package qix

import (
	"context"
	"encoding/json"
)

// ObjectEntry reads the property tree of an object by its id as the Engine sent it: what ObjectTree
// decodes. An unknown or forbidden id is a *NullHandleError.
func (d *Doc) ObjectEntry(ctx context.Context, id string) *Reply[json.RawMessage] {
	return twoSteps[json.RawMessage](ctx, d, "GetObject", id, "GetFullPropertyTree", "qPropEntry")
}

// SessionLayout makes an object that lives as long as the session, such as a list, and reads its
// layout. Two requests, the second sent by itself.
func (d *Doc) SessionLayout(ctx context.Context, props any) *Reply[json.RawMessage] {
	return twoSteps[json.RawMessage](ctx, d, "CreateSessionObject", props, "GetLayout", "qLayout")
}
