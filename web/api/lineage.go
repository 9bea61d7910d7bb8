package api

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A LineageStore follows stored lineage.
type LineageStore interface {
	Lineage(ctx context.Context, q catalog.LineageQuery) (*catalog.LineageGraph, error)
	ManualEdges(ctx context.Context, scope catalog.Scope, prefix catalog.Key) ([]catalog.ManualEdge, error)
	LineageGaps(ctx context.Context, scope catalog.Scope, of catalog.Key) ([]catalog.LineageGap, error)
	LineageNear(ctx context.Context, scope catalog.Scope, key string) ([]catalog.Key, error)
}

type lineageInput struct {
	Key       string            `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"A node, or the beginning of datasets' keys up to a slash: all under it."`
	Direction catalog.Direction `query:"direction" enum:"upstream,downstream,both" default:"both" doc:"Where it comes from, or what depends on it."`
	Depth     int               `query:"depth" minimum:"0" maximum:"1000" doc:"How many steps at most; left out or 0: all the way."`
	Columns   bool              `query:"columns" doc:"Follow columns rather than tables."`
	All       bool              `query:"all" doc:"With the tables and fields that scripts make on the way; else only what is real."`
	Limit     int               `query:"limit" minimum:"1" maximum:"20000" doc:"How many nodes at most; left out: 5000."`
}

type lineageOutput struct {
	Body *catalog.LineageGraph
}

type lineageEdgesInput struct {
	Key string `query:"key" maxLength:"2700" doc:"Only edges with an end whose key begins so."`
}

type lineageEdgesOutput struct {
	Body struct {
		Items []catalog.ManualEdge `json:"items" doc:"By key."`
	}
}

type lineageGapsInput struct {
	Key string `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"An app, or a connection's code."`
}

type lineageGapsOutput struct {
	Body struct {
		Items []catalog.LineageGap `json:"items" doc:"In the order of the scripts."`
	}
}

func (a *API) lineageReads() {
	register(a, op{
		ID: "lineage", Method: "GET", Path: "/lineage", Tag: "lineage", Summary: "What feeds a thing, and what depends on it",
		Role: auth.Viewer, KeyParam: "key",
	}, a.readLineage)
	register(a, op{
		ID: "lineage-edges", Method: "GET", Path: "/lineage/edges", Tag: "lineage", Summary: "What people said of lineage", Role: auth.Viewer,
		Description: "Each with how it and what was read contradict each other, if they do.",
	},
		func(ctx context.Context, in *lineageEdgesInput) (*lineageEdgesOutput, error) {
			edges, err := a.Lineage.ManualEdges(ctx, auth.From(ctx).Scope(), catalog.Key(in.Key))
			out := &lineageEdgesOutput{}
			out.Body.Items = orEmpty(edges)
			return out, err
		})
	register(a, op{
		ID: "lineage-gaps", Method: "GET", Path: "/lineage/gaps", Tag: "lineage", Summary: "What was not understood, so that lineage may be missing",
		Role: auth.Viewer, KeyParam: "key",
	},
		func(ctx context.Context, in *lineageGapsInput) (*lineageGapsOutput, error) {
			gaps, err := a.Lineage.LineageGaps(ctx, auth.From(ctx).Scope(), catalog.Key(in.Key))
			out := &lineageGapsOutput{}
			out.Body.Items = orEmpty(gaps)
			return out, err
		})
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
	near, nearErr := a.Lineage.LineageNear(ctx, scope, in.Key)
	if nearErr != nil || len(near) == 0 {
		return nil, err
	}
	cure := "Did you mean " + string(near[0])
	for _, k := range near[1:] {
		cure += ", or " + string(k)
	}
	return nil, &catalog.Error{Code: catalog.CodeNotFound, Op: "follow the lineage of", Key: catalog.Key(in.Key), Err: err, Cure: cure + "?"}
}
