package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A ConnectionChecker goes to a connection's site step by step.
type ConnectionChecker interface {
	// Check gives each step as it ends. code alone is a saved connection, keys alone one that isn't
	// saved, both a saved one as an edit would make it. What it gives must be ranged over.
	Check(ctx context.Context, code string, req catalog.SaveRequest) (iter.Seq[catalog.CheckStep], error)
}

// connectionChecks registers the checks.
func (a *API) connectionChecks() {
	const how = "Goes to the site step by step: address, network, TLS, virtual proxy, login, who the server takes us for, session, and every right that a crawl needs. " +
		"Each step that failed says which setting to change. With `Accept: text/event-stream` each step comes as it ends, as an event `step`, and then one event `result`; otherwise all of it is one document. " +
		"A few checks may run at a time."
	register(a, op{ID: "check-new-connection", Method: "POST", Path: "/connections/check", Summary: "Check a connection that isn't saved", Description: how, Tag: "connections", Role: auth.ConnectorCreator, Stream: true, OwnFaults: true}, a.checkNew)
	register(a, op{
		ID: "check-connection", Method: "POST", Path: "/connections/{code}/check", Summary: "Check a connection", Tag: "connections", Role: auth.ConnectorCreator, ConnectionParam: "code", Stream: true, OwnFaults: true,
		Description: how + " Without a body it is the saved connection; with one it is what an edit with this body would make of it: secrets that it leaves out are the saved ones.",
	}, a.checkSaved)
	for _, path := range []string{"/connections/check", "/connections/{code}/check"} {
		a.huma.OpenAPI().Paths[path].Post.Responses["200"] = checkResponse(a.huma)
	}
}

// A checkResult is a check as one document.
type checkResult struct {
	Connection string              `json:"connection,omitempty" doc:"The connection's code."`
	OK         bool                `json:"ok" doc:"No step failed."`
	Steps      []catalog.CheckStep `json:"steps" doc:"All steps, always in the same order."`
}

func checkResponse(api huma.API) *huma.Response {
	return &huma.Response{
		Description: "What each step found.",
		Content: map[string]*huma.MediaType{
			"application/json":  {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, reflect.TypeFor[checkResult]())},
			"text/event-stream": {Schema: &huma.Schema{Type: "string", Description: "Events step, then one result."}},
		},
	}
}

type checkNewParams struct {
	Accept string `header:"Accept" doc:"text/event-stream to see each step as it ends."`
	Body   connectionKeys
}

type checkSavedParams struct {
	Accept string          `header:"Accept" doc:"text/event-stream to see each step as it ends."`
	Code   string          `path:"code" doc:"The connection's code."`
	Body   *connectionKeys `required:"false"`
}

// Resolve tells what is wrong with the keys.
func (in *checkNewParams) Resolve(hc huma.Context) []error {
	_, err := apiOf(hc).Register.Check(hc.Context(), "", catalog.SaveRequest{Keys: written(in.Body), MayGrant: true, MaySchedule: true, DryRun: true})
	return keyFaults(err)
}

// Resolve tells what is wrong with the keys.
func (in *checkSavedParams) Resolve(hc huma.Context) []error {
	req := in.request()
	req.DryRun = true
	_, err := apiOf(hc).Register.Check(hc.Context(), in.Code, req)
	return keyFaults(err)
}

func (in *checkSavedParams) request() catalog.SaveRequest {
	req := catalog.SaveRequest{MayGrant: true, MaySchedule: true} // nothing is saved
	if in.Body != nil && len(*in.Body) > 0 {
		req.Keys = written(*in.Body)
	}
	return req
}

func (a *API) checkNew(ctx context.Context, in *checkNewParams) (*huma.StreamResponse, error) {
	code, _ := in.Body["code"].(string)
	req := catalog.SaveRequest{Keys: written(in.Body), MayGrant: true, MaySchedule: true} // nothing is saved
	return a.check(ctx, in.Accept, code, func(ctx context.Context) (iter.Seq[catalog.CheckStep], error) {
		return a.Register.Check(ctx, "", req)
	})
}

func (a *API) checkSaved(ctx context.Context, in *checkSavedParams) (*huma.StreamResponse, error) {
	req := in.request()
	return a.check(ctx, in.Accept, in.Code, func(ctx context.Context) (iter.Seq[catalog.CheckStep], error) {
		return a.Register.Check(ctx, in.Code, req)
	})
}

// check runs a check and answers as the client wants it.
func (a *API) check(ctx context.Context, accept, code string, run func(context.Context) (iter.Seq[catalog.CheckStep], error)) (*huma.StreamResponse, error) {
	steps, err := run(ctx)
	if err != nil {
		return nil, unfoundConnection(err, code)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		if strings.Contains(accept, "text/event-stream") {
			streamCheck(hc, code, steps)
			return
		}
		result := checkResult{Connection: code, OK: true, Steps: []catalog.CheckStep{}}
		for s := range steps {
			result.add(s)
		}
		if hc.Context().Err() != nil {
			return // nobody waits for it
		}
		result.end()
		hc.SetHeader("Content-Type", "application/json")
		hc.SetHeader("Cache-Control", "no-store")
		if err := json.NewEncoder(hc.BodyWriter()).Encode(result); err != nil {
			a.Log.Debug("a check could not be sent", "error", err)
		}
	}}, nil
}

func (r *checkResult) add(s catalog.CheckStep) {
	r.Steps = append(r.Steps, s)
	r.OK = r.OK && s.Status != "failed"
}

// end is the verdict: a check that stopped before its first step proved nothing.
func (r *checkResult) end() { r.OK = r.OK && len(r.Steps) > 0 }

// streamCheck sends each step as an event.
func streamCheck(hc huma.Context, code string, steps iter.Seq[catalog.CheckStep]) {
	hc.SetHeader("Content-Type", "text/event-stream")
	hc.SetHeader("Cache-Control", "no-store")
	hc.SetHeader("X-Accel-Buffering", "no") // proxies are not to collect it
	result := checkResult{Connection: code, OK: true, Steps: []catalog.CheckStep{}}
	n := 0
	send := func(event string, data any) bool {
		text, err := json.Marshal(data)
		if err != nil {
			return false
		}
		n++
		if _, err := fmt.Fprintf(hc.BodyWriter(), "event: %s\nid: %d\ndata: %s\n\n", event, n, text); err != nil {
			return false
		}
		if f, ok := hc.BodyWriter().(http.Flusher); ok {
			f.Flush()
		}
		return true
	}
	for s := range steps {
		result.add(s)
		if !send("step", s) {
			return
		}
	}
	if hc.Context().Err() == nil {
		result.end()
		send("result", result)
	}
}
