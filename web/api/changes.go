package api

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// changesInput asks for the history of everything, or of one thing.
type changesInput struct {
	ListParams
	Key string `query:"key" maxLength:"2700" doc:"Only what happened to the thing with this key, and to what stands under it."`
}

func (a *API) changes() {
	list(a, op{
		ID: "changes", Path: "/changes", Tag: "catalog", Summary: "What crawls found changed, the newest first", Role: auth.Viewer, KeyParam: "key",
		Description: "Of a long text, old and new have the beginning. Credentials are masked.", List: catalog.ListChanges, Queries: a.Catalog,
	},
		func(ctx context.Context, in *changesInput, q catalog.Query) (catalog.Page[catalog.ChangeRow], error) {
			if in.Key != "" {
				q.Filters = append(q.Filters, catalog.Filter{Column: "key", Op: catalog.Contains, Values: []string{in.Key}})
			}
			return a.Catalog.Changes(ctx, q)
		})
}

func (a *API) gaps() {
	list(a, op{
		ID: "gaps", Path: "/gaps", Tag: "catalog", Summary: "What could not be read, why, and since when", Role: auth.Viewer, List: catalog.ListGaps, Queries: a.Catalog,
	},
		func(ctx context.Context, _ *ListParams, q catalog.Query) (catalog.Page[catalog.GapRow], error) {
			return a.Catalog.Gaps(ctx, q)
		})
}
