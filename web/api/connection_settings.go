package api

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

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
		ID: "patch-connection-settings", Method: "PATCH", Path: "/connections/{code}/settings", Summary: "Edit a connection's settings", Tag: tag, Role: auth.ConnectorCreator, ConnectionParam: "code", OwnFaults: true,
		Description: "A JSON merge patch (RFC 7396) of options, retention, access_instructions, governance and notify alone. The site isn't asked.",
	}, a.patchSettings)
	register(a, op{ID: "replace-connection-admins", Method: "PUT", Path: "/connections/{code}/admins", Summary: "Say who administers a connection", Tag: tag, Role: auth.SecurityAdmin, ConnectionParam: "code"},
		a.replaceAdmins)
}

func (a *API) readSettings(ctx context.Context, in *codeParam) (*connectionOutput, error) {
	doc, err := a.Register.Read(ctx, in.Code)
	if err != nil {
		return nil, unfoundConnection(err, in.Code)
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

// Resolve tells what is wrong with the settings: what is none, and what is wrong with those that are.
func (in *settingsParams) Resolve(hc huma.Context) []error {
	keys := written(in.Body)
	var errs catalog.FieldErrors
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if slices.Contains(settingKeys, k) {
			continue
		}
		cure := "Settings are " + strings.Join(settingKeys, ", ") + "; edit the connection itself with PATCH " + Prefix + "/connections/" + in.Code + "."
		if like := catalog.Closest(k, settingKeys); like != "" {
			cure = "Did you mean " + like + "? " + cure
		}
		errs = append(errs, catalog.FieldError{Path: catalog.Step(k), Message: "is no setting", Cure: cure})
		delete(keys, k)
	}
	_, err := apiOf(hc).Register.Patch(hc.Context(), in.Code, catalog.SaveRequest{Keys: keys, DryRun: true})
	var others catalog.FieldErrors
	errors.As(err, &others)
	for _, e := range others {
		if !slices.ContainsFunc(errs, func(told catalog.FieldError) bool { return told.Path == e.Path }) {
			errs = append(errs, e)
		}
	}
	return keyFaults(errs.OrNil())
}

func (a *API) patchSettings(ctx context.Context, in *settingsParams) (*connectionOutput, error) {
	if _, err := a.edited(ctx, in.Code, in.IfMatch, catalog.SaveRequest{Keys: written(in.Body)}, a.Register.Patch); err != nil {
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

func (in *adminsParams) request() catalog.SaveRequest {
	keys := map[string]any{"admins": map[string]any{"integration": anyOf(in.Body.Integration), "security": anyOf(in.Body.Security)}}
	return catalog.SaveRequest{Keys: keys, MayGrant: true}
}

// Resolve tells what is wrong with the names, by their places in this body.
func (in *adminsParams) Resolve(hc huma.Context) []error {
	req := in.request()
	req.DryRun = true
	_, err := apiOf(hc).Register.Patch(hc.Context(), in.Code, req)
	var errs, own catalog.FieldErrors
	errors.As(err, &errs)
	for _, e := range errs {
		if path, ok := strings.CutPrefix(e.Path, "admins."); ok {
			e.Path = path
			own = append(own, e)
		}
	}
	return faultsOf(withCure(own, "Give the names of users, each once and without spaces.").OrNil())
}

func (a *API) replaceAdmins(ctx context.Context, in *adminsParams) (*adminsOutput, error) {
	out, err := a.edited(ctx, in.Code, in.IfMatch, in.request(), a.Register.Patch)
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
