package api

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

type statsOutput struct {
	Body *catalog.Stats
}

func (a *API) stats() {
	register(a, op{
		ID: "stats", Method: "GET", Path: "/stats", Tag: "catalog", Summary: "The catalog in numbers, and the newest crawls", Role: auth.Viewer,
		Description: "Rows are counted anew after half a minute, or once a crawl has begun or ended; `counted_at` tells when.",
	},
		func(ctx context.Context, _ *struct{}) (*statsOutput, error) {
			s, err := a.Catalog.Stats(ctx, auth.From(ctx).Scope())
			return &statsOutput{s}, err
		})
}
