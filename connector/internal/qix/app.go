package qix

import (
	"context"
	"encoding/json"
)

// A Doc is an open app. Every method sends at once and returns the reply to wait for; call many,
// then Get. Those that take two requests (object, then its properties; list, then its layout)
// send the second by themselves as soon as the first is answered.
type Doc struct {
	Handle
}

// AppID is the app that the Engine says is open.
func (d *Doc) AppID() string { return d.GenericID }

// GetObjects lists the objects of the given types with their qInfo and qMeta.
func (d *Doc) GetObjects(ctx context.Context, types ...string) *Reply[[]ObjectEntry] {
	options := struct {
		Types   []string `json:"qTypes"`
		Session bool     `json:"qIncludeSessionObjects"`
		Data    struct{} `json:"qData"`
	}{Types: types}
	return docCall[[]ObjectEntry](ctx, d, "GetObjects", []any{options}, "qList")
}

// GetAllInfos lists every object, measure, dimension and bookmark that the user may read.
func (d *Doc) GetAllInfos(ctx context.Context) *Reply[[]Info] {
	return docCall[[]Info](ctx, d, "GetAllInfos", nil, "qInfos")
}

// GetObject returns an object's handle, a null one if the id is unknown or forbidden.
func (d *Doc) GetObject(ctx context.Context, id string) *Reply[Handle] {
	return sendHandle(ctx, d.session, d.ID, "GetObject", id)
}

// GetDimension returns a master dimension's handle, as GetObject does.
func (d *Doc) GetDimension(ctx context.Context, id string) *Reply[Handle] {
	return sendHandle(ctx, d.session, d.ID, "GetDimension", id)
}

// GetMeasure returns a master measure's handle, as GetObject does.
func (d *Doc) GetMeasure(ctx context.Context, id string) *Reply[Handle] {
	return sendHandle(ctx, d.session, d.ID, "GetMeasure", id)
}

// GetVariableByID returns a variable's handle, as GetObject does.
func (d *Doc) GetVariableByID(ctx context.Context, id string) *Reply[Handle] {
	return sendHandle(ctx, d.session, d.ID, "GetVariableById", id)
}

// CreateSessionObject makes an object that lives as long as the session, such as a list.
func (d *Doc) CreateSessionObject(ctx context.Context, props any) *Reply[Handle] {
	return sendHandle(ctx, d.session, d.ID, "CreateSessionObject", props)
}

// ObjectTree reads the property tree of an object by its id: GetObject, then GetFullPropertyTree.
// An unknown or forbidden id is a *NullHandleError.
func (d *Doc) ObjectTree(ctx context.Context, id string) *Reply[PropertyTree] {
	r := request{handle: d.ID, method: "GetObject", params: []any{id}, second: "GetFullPropertyTree"}
	return send(ctx, d.session, r, decodeTreeResult)
}

// ObjectLayout reads the layout of an object by its id.
func (d *Doc) ObjectLayout(ctx context.Context, id string) *Reply[json.RawMessage] {
	return twoSteps[json.RawMessage](ctx, d, "GetObject", id, "GetLayout", "qLayout")
}

// ObjectEffectiveProperties reads the effective properties of an object by its id.
func (d *Doc) ObjectEffectiveProperties(ctx context.Context, id string) *Reply[json.RawMessage] {
	return twoSteps[json.RawMessage](ctx, d, "GetObject", id, "GetEffectiveProperties", "qProp")
}

// DimensionProperties reads the properties of a master dimension by its id.
func (d *Doc) DimensionProperties(ctx context.Context, id string) *Reply[json.RawMessage] {
	return twoSteps[json.RawMessage](ctx, d, "GetDimension", id, "GetProperties", "qProp")
}

// MeasureProperties reads the properties of a master measure by its id.
func (d *Doc) MeasureProperties(ctx context.Context, id string) *Reply[json.RawMessage] {
	return twoSteps[json.RawMessage](ctx, d, "GetMeasure", id, "GetProperties", "qProp")
}

// VariableProperties reads the properties of a variable by its id.
func (d *Doc) VariableProperties(ctx context.Context, id string) *Reply[json.RawMessage] {
	return twoSteps[json.RawMessage](ctx, d, "GetVariableById", id, "GetProperties", "qProp")
}

// GetVariables lists the variables; the Engine's reserved and configuration ones only if asked for.
func (d *Doc) GetVariables(ctx context.Context, showReserved, showConfig bool) *Reply[[]VariableEntry] {
	options := struct {
		Type         string   `json:"qType"`
		ShowReserved bool     `json:"qShowReserved"`
		ShowConfig   bool     `json:"qShowConfig"`
		Data         struct{} `json:"qData"`
	}{Type: "variable", ShowReserved: showReserved, ShowConfig: showConfig}
	return docCall[[]VariableEntry](ctx, d, "GetVariables", []any{options}, "qList")
}

// GetAppLayout reads what the Engine says about the app.
func (d *Doc) GetAppLayout(ctx context.Context) *Reply[AppLayout] {
	return docCall[AppLayout](ctx, d, "GetAppLayout", nil, "qLayout")
}

// GetAppProperties reads what is stored about the app, the members of its qMeta among it.
func (d *Doc) GetAppProperties(ctx context.Context) *Reply[json.RawMessage] {
	return docCall[json.RawMessage](ctx, d, "GetAppProperties", nil, "qProp")
}

// GetScriptEx reads the load script; the right to read the app is enough (facts C.6).
func (d *Doc) GetScriptEx(ctx context.Context) *Reply[ScriptEx] {
	return docCall[ScriptEx](ctx, d, "GetScriptEx", nil, "qScript")
}

// GetScript reads the load script; needs the right to reload (facts C.6).
func (d *Doc) GetScript(ctx context.Context) *Reply[string] {
	return docCall[string](ctx, d, "GetScript", nil, "qScript")
}

// GetLineage reads what the last reload loaded and stored; needs the right to reload (facts C.9).
func (d *Doc) GetLineage(ctx context.Context) *Reply[[]LineageEntry] {
	return docCall[[]LineageEntry](ctx, d, "GetLineage", nil, "qLineage")
}

// GetConnections lists the data connections that the user may use in the whole site, not only
// those of the app; needs the right to reload (facts C.10).
func (d *Doc) GetConnections(ctx context.Context) *Reply[[]Connection] {
	return docCall[[]Connection](ctx, d, "GetConnections", nil, "qConnections")
}

// GetTablesAndKeys reads the data model. A session without data gets an empty one and no error
// (facts C.10). syntheticMode shows synthetic tables instead of the source's.
func (d *Doc) GetTablesAndKeys(ctx context.Context, syntheticMode, systemVars bool) *Reply[TablesAndKeys] {
	type size struct {
		X int `json:"qcx"`
		Y int `json:"qcy"`
	}
	params := []any{size{1000, 1000}, size{0, 0}, 30, syntheticMode, systemVars}
	return docCall[TablesAndKeys](ctx, d, "GetTablesAndKeys", params)
}

// docCall calls a method of the app.
func docCall[T any](ctx context.Context, d *Doc, method string, params []any, path ...string) *Reply[T] {
	return send(ctx, d.session, request{handle: d.ID, method: method, params: params}, decodeMember[T](path...))
}

// twoSteps calls a method of the app that returns a handle, then one of that handle.
func twoSteps[T any](ctx context.Context, d *Doc, first string, param any, second string, path ...string) *Reply[T] {
	r := request{handle: d.ID, method: first, params: []any{param}, second: second}
	return send(ctx, d.session, r, decodeMember[T](path...))
}
