package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A LineageStore follows stored lineage.
type LineageStore interface {
	catalog.QueryChecker
	Lineage(ctx context.Context, q catalog.LineageQuery) (*catalog.LineageGraph, error)
	ManualEdgeRows(ctx context.Context, q catalog.Query, prefix catalog.Key) (catalog.Page[catalog.ManualEdge], error)
	LineageGapRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.LineageGap], error)
	LineageNear(ctx context.Context, scope catalog.Scope, key string) ([]catalog.Key, error)
	PutManualEdges(ctx context.Context, edges []catalog.ManualEdge) (changed int, err error)
	RemoveManualEdge(ctx context.Context, from, to catalog.Key) error
}

// A LineageBuilder makes a connection's lineage anew, in the background: the scheduler.
type LineageBuilder interface {
	BuildLineage(ctx context.Context, code string) error
}

type lineageInput struct {
	Key       string            `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"A node, or the beginning of datasets' keys up to a slash: all under it."`
	Direction catalog.Direction `query:"direction" enum:"upstream,downstream,both" default:"both" doc:"Where it comes from, or what depends on it."`
	Depth     int               `query:"depth" minimum:"0" maximum:"1000" doc:"How many steps at most; left out or 0: all the way."`
	Columns   bool              `query:"columns" doc:"Follow columns rather than tables."`
	All       bool              `query:"all" doc:"With the tables and fields that scripts make on the way; else only what is real."`
	Limit     int               `query:"limit" minimum:"1" maximum:"20000" doc:"How many nodes at most, the nearest first; left out: 1000. Whether there are more is told by truncated."`
}

type lineageOutput struct {
	Body *catalog.LineageGraph
}

type lineageEdgesInput struct {
	ListParams
	Key string `query:"key" maxLength:"2700" doc:"Only edges with an end whose key begins so."`
}

type lineageGapsInput struct {
	ListParams
	Key string `query:"key" maxLength:"2700" doc:"Only those of this app, or of the connection with this code."`
}

func (a *API) lineageReads() {
	register(a, op{
		ID: "lineage", Method: "GET", Path: "/lineage", Tag: "lineage", Summary: "What feeds a thing, and what depends on it",
		Role: auth.Viewer, KeyParam: "key",
	}, a.readLineage)
	list(a, op{
		ID: "lineage-edges", Path: "/lineage/edges", Tag: "lineage", Summary: "What people said of lineage", Role: auth.Viewer,
		Description: "Each with how it and what was read contradict each other, if they do.", List: catalog.ListEdges, Queries: a.Lineage,
	}, func(ctx context.Context, in *lineageEdgesInput, q catalog.Query) (catalog.Page[catalog.ManualEdge], error) {
		return a.Lineage.ManualEdgeRows(ctx, q, catalog.Key(in.Key))
	})
	list(a, op{
		ID: "lineage-gaps", Path: "/lineage/gaps", Tag: "lineage", Summary: "What was not understood, so that lineage may be missing",
		Role: auth.Viewer, KeyParam: "key", List: catalog.ListLineageGaps, Queries: a.Lineage,
		Description: "In the order of the scripts, unless it is sorted. Credentials are masked.",
	}, func(ctx context.Context, in *lineageGapsInput, q catalog.Query) (catalog.Page[catalog.LineageGap], error) {
		q.Fields = nil // all of a row is one read
		if in.Key != "" {
			column := "app_key"
			if !strings.Contains(in.Key, "/") {
				column = "connection"
			}
			q.Filters = append(q.Filters, catalog.Filter{Column: column, Op: catalog.Equals, Values: []string{in.Key}})
		}
		return a.Lineage.LineageGapRows(ctx, q)
	})
}

type lineageEdgeInput struct {
	Body struct {
		From       catalog.Key `json:"from_key" minLength:"1" maxLength:"2700" doc:"Where data comes from."`
		To         catalog.Key `json:"to_key" minLength:"1" maxLength:"2700" doc:"Where it goes."`
		Denied     bool        `json:"denied,omitempty" doc:"There is no such edge, whatever the program reads."`
		How        catalog.How `json:"how,omitempty" enum:"direct,indirect" doc:"Values flow, or it only decides which do; left out: direct."`
		Confidence float64     `json:"confidence,omitempty" minimum:"0" maximum:"1" doc:"Left out or 0: 1."`
		Reason     string      `json:"reason" minLength:"1" maxLength:"2000" doc:"Why; your name is kept with it."`
	}
}

func (in *lineageEdgeInput) edge() catalog.ManualEdge {
	b := in.Body
	return catalog.ManualEdge{From: b.From, To: b.To, Denied: b.Denied, How: b.How, Confidence: b.Confidence, Reason: b.Reason}
}

// Resolve tells what is wrong with the edge. It looks at the request alone: whether the ends may be seen isn't known.
func (in *lineageEdgeInput) Resolve(huma.Context) []error {
	e := in.edge()
	var errs catalog.FieldErrors
	add := func(path, message, cure string) {
		errs = append(errs, catalog.FieldError{Path: path, Message: message, Cure: cure})
	}
	for _, end := range []struct {
		path string
		key  catalog.Key
	}{{"from_key", e.From}, {"to_key", e.To}} {
		switch {
		case !strings.Contains(string(end.key), "/"):
			add(end.path, "is no key of a lineage node", "Take the key of an app, a field or a table, or dataset:NAMESPACE/NAME, as GET "+Prefix+"/lineage has them.")
		case len(end.key) > catalog.MaxKey:
			add(end.path, fmt.Sprintf("is longer than %d bytes", catalog.MaxKey), "Take the key as GET "+Prefix+"/lineage has it.")
		}
	}
	if e.From == e.To && strings.Contains(string(e.To), "/") {
		add("to_key", "is the same as from_key", "Give two different keys.")
	}
	if strings.TrimSpace(e.Reason) == "" {
		add("reason", "is empty", "Say in a sentence why.")
	}
	return faultsOf(errs.OrNil())
}

type lineageEdgeRemoval struct {
	From catalog.Key `query:"from_key" required:"true" minLength:"1" maxLength:"2700" doc:"As it was said."`
	To   catalog.Key `query:"to_key" required:"true" minLength:"1" maxLength:"2700" doc:"As it was said."`
}

type lineageBuildInput struct {
	Code string `path:"code" doc:"The connection's code."`
}

// lineageWrites are what people say of edges, and the order to build.
func (a *API) lineageWrites() {
	register(a, op{
		ID: "put-lineage-edge", Method: "POST", Path: "/lineage/edges", Tag: "lineage", Summary: "Say that there is an edge, or none",
		Role: auth.IntegrationAdmin, ConnectionLater: true, Status: http.StatusNoContent,
		Description: "What was said of the same two ends before is replaced. It stays through every crawl and build, and wins over what the program reads.",
	}, a.putEdge)
	register(a, op{
		ID: "remove-lineage-edge", Method: "DELETE", Path: "/lineage/edges", Tag: "lineage", Summary: "Forget what a person said of an edge",
		Role: auth.IntegrationAdmin, ConnectionLater: true, Status: http.StatusNoContent,
	}, func(ctx context.Context, in *lineageEdgeRemoval) (*struct{}, error) {
		if err := mayTrace(ctx, in.From, in.To); err != nil {
			return nil, err
		}
		return nil, unfound(a.Lineage.RemoveManualEdge(ctx, in.From, in.To), fmt.Sprintf("edge from %q to %q that a person spoke of", in.From, in.To),
			"List what people said with GET "+Prefix+"/lineage/edges.")
	})
	if a.LineageBuilder == nil {
		return
	}
	register(a, op{
		ID: "build-lineage", Method: "POST", Path: "/connections/{code}/lineage/build", Tag: "lineage", Summary: "Build a connection's lineage anew",
		Role: auth.IntegrationAdmin, ConnectionParam: "code", Status: http.StatusAccepted,
		Description: "From what is stored: no source is contacted. It is done in the background, by whichever process has time.",
	}, func(ctx context.Context, in *lineageBuildInput) (*struct{}, error) {
		return nil, unfoundConnection(a.LineageBuilder.BuildLineage(ctx, in.Code), in.Code)
	})
}

func (a *API) putEdge(ctx context.Context, in *lineageEdgeInput) (*struct{}, error) {
	e := in.edge()
	if err := mayTrace(ctx, e.From, e.To); err != nil {
		return nil, err
	}
	e.Author = auth.From(ctx).Name()
	_, err := a.Lineage.PutManualEdges(ctx, []catalog.ManualEdge{e})
	return nil, err
}

// mayTrace needs the role at both ends of an edge. A dataset belongs to no connection.
func mayTrace(ctx context.Context, ends ...catalog.Key) error {
	for _, k := range ends {
		code, _, _ := strings.Cut(string(k), "/")
		if strings.HasPrefix(string(k), "dataset:") {
			if !auth.From(ctx).MayTrace(k) {
				return refusalOn(auth.From(ctx), auth.IntegrationAdmin, "")
			}
			allowed(ctx)
			continue
		}
		if err := allow(ctx, auth.IntegrationAdmin, code); err != nil {
			return err
		}
	}
	return nil
}

// readLineage names keys that look alike where there is none: people copy them from elsewhere.
func (a *API) readLineage(ctx context.Context, in *lineageInput) (*lineageOutput, error) {
	scope := auth.From(ctx).Scope()
	g, err := a.Lineage.Lineage(ctx, catalog.LineageQuery{
		Scope: scope, Key: catalog.Key(in.Key), Direction: in.Direction, Depth: in.Depth, Columns: in.Columns, All: in.All, Limit: in.Limit,
	})
	if catalog.CodeOf(err) != catalog.CodeNotFound {
		return &lineageOutput{g}, err
	}
	cure := "Take a key from GET " + Prefix + "/search?q= or GET " + Prefix + "/reports. An app has lineage once it was crawled and its lineage built: POST " +
		Prefix + "/connections/CODE/lineage/build."
	if near, nearErr := a.Lineage.LineageNear(ctx, scope, in.Key); nearErr == nil && len(near) > 0 {
		cure = "Did you mean " + string(near[0])
		for _, k := range near[1:] {
			cure += ", or " + string(k)
		}
		cure += "?"
	}
	return nil, missing(fmt.Sprintf("node of lineage with the key %q", in.Key), cure)
}
