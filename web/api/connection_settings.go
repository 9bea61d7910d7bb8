package api

import (
	"context"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// settingKeys are the keys of a connection that say nothing of how to get in: they are edited apart.
var settingKeys = []string{"options", "retention", "access_instructions", "governance", "notify"}

// connectionSettings registers what edits them.
func (a *API) connectionSettings() {
	const tag = "connections"
	register(a, op{
		ID: "read-connection-settings", Method: "GET", Path: "/connections/{code}/settings", Summary: "Read a connection's settings", Tag: tag, Role: auth.ConnectorCreator, ConnectionParam: "code",
		Description: "Options, retention, access instructions, governance and notifications.",
	}, a.readSettings)
	register(a, op{
		ID: "patch-connection-settings", Method: "PATCH", Path: "/connections/{code}/settings", Summary: "Edit a connection's settings", Tag: tag, Role: auth.ConnectorCreator, ConnectionParam: "code",
		Description: "A JSON merge patch (RFC 7396) of options, retention, access_instructions, governance and notify alone. The site isn't asked.",
	}, a.patchSettings)
	register(a, op{ID: "replace-connection-admins", Method: "PUT", Path: "/connections/{code}/admins", Summary: "Say who administers a connection", Tag: tag, Role: auth.SecurityAdmin, ConnectionParam: "code"},
		a.replaceAdmins)
}

func (a *API) readSettings(ctx context.Context, in *codeParam) (*connectionOutput, error) {
	doc, err := a.Register.Read(ctx, in.Code)
	if err != nil {
		return nil, err
	}
	return settingsAnswer(doc), nil
}

func settingsAnswer(doc catalog.ConnectionDocument) *connectionOutput {
	keys := connectionKeys{}
	for _, k := range settingKeys {
		if x, ok := doc.Keys[k]; ok {
			keys[k] = x
		}
	}
	return &connectionOutput{ETag: connectionTag(doc.Connection), Body: keys}
}

type settingsParams struct {
	IfMatch
	Code string `path:"code" doc:"The connection's code."`
	Body connectionKeys
}

func (a *API) patchSettings(ctx context.Context, in *settingsParams) (*connectionOutput, error) {
	keys := written(in.Body)
	var errs catalog.FieldErrors
	for k := range keys {
		if !slices.Contains(settingKeys, k) {
			errs = append(errs, catalog.FieldError{Path: k, Message: "is no setting", Cure: "Edit the connection itself with PATCH " + Prefix + "/connections/" + in.Code + "."})
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	if _, err := a.edited(ctx, in.Code, in.IfMatch, catalog.SaveRequest{Keys: keys}, a.Register.Patch); err != nil {
		return nil, err
	}
	return a.readSettings(ctx, &codeParam{Code: in.Code})
}

type adminsParams struct {
	IfMatch
	Code string `path:"code" doc:"The connection's code."`
	Body catalog.Admins
}

type adminsOutput struct {
	ETag string `header:"ETag"`
	Body catalog.Admins
}

func (a *API) replaceAdmins(ctx context.Context, in *adminsParams) (*adminsOutput, error) {
	keys := map[string]any{"admins": map[string]any{"integration": anyOf(in.Body.Integration), "security": anyOf(in.Body.Security)}}
	out, err := a.edited(ctx, in.Code, in.IfMatch, catalog.SaveRequest{Keys: keys, MayGrant: true}, a.Register.Patch)
	if err != nil {
		return nil, err
	}
	return &adminsOutput{ETag: out.ETag, Body: in.Body}, nil
}

// anyOf is a list as JSON decodes it.
func anyOf(names []string) []any {
	out := make([]any, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}
