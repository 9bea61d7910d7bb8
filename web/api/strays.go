package api

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

type straysKey struct{}

// lookForStrays notes the query parameters that an operation doesn't have, so that they are told together with
// whatever else is wrong with a request.
func lookForStrays(ctx huma.Context, next func(huma.Context)) {
	address := ctx.URL()
	if found := straysOf(address.Query(), ctx.Operation().Parameters); len(found) > 0 {
		ctx = huma.WithValue(ctx, straysKey{}, found)
	}
	next(ctx)
}

func straysOf(asked url.Values, known []*huma.Param) catalog.FieldErrors {
	var found catalog.FieldErrors
	for name := range asked {
		if !slices.ContainsFunc(known, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }) {
			const message = "unknown query parameter"
			found = append(found, catalog.FieldError{In: "query", Path: name, Message: message, Cure: cureOf(message)})
		}
	}
	slices.SortFunc(found, func(a, b catalog.FieldError) int { return cmp.Compare(a.Path, b.Path) })
	return found
}

// strays are the parameters that a request has too many.
func strays(ctx context.Context) catalog.FieldErrors {
	found, _ := ctx.Value(straysKey{}).(catalog.FieldErrors)
	return found
}
