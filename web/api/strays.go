package api

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

type straysKey struct{}

// lookForStrays notes the query parameters that an operation doesn't have or doesn't take twice, so that they are told
// together with whatever else is wrong with a request.
func lookForStrays(ctx huma.Context, next func(huma.Context)) {
	address := ctx.URL()
	asked, err := url.ParseQuery(address.RawQuery)
	found := straysOf(asked, ctx.Operation().Parameters)
	if err != nil {
		found = append(found, catalog.FieldError{
			In: "query", Message: "a part of it can't be read: " + err.Error(),
			Cure: "Write & between parameters, and percent-encode the values: %25 for a percent sign, %26 for &, %3B for a semicolon.",
		})
	}
	next(withStrays(ctx, found))
}

func straysOf(asked url.Values, known []*huma.Param) catalog.FieldErrors {
	var found catalog.FieldErrors
	for name, values := range asked {
		stray := catalog.FieldError{In: "query", Path: catalog.Step(name)}
		at := slices.IndexFunc(known, func(p *huma.Param) bool { return p.In == "query" && p.Name == name })
		switch {
		case at < 0:
			stray.Message, stray.Cure = "unknown query parameter", unknownCure(name, known)
		case len(values) > 1 && !repeats(known[at]):
			stray.Message, stray.Cure = fmt.Sprintf("is there %d times", len(values)), "Give it once; where it is a list, with commas."
		default:
			continue
		}
		found = append(found, stray)
	}
	slices.SortFunc(found, func(a, b catalog.FieldError) int { return cmp.Compare(a.Path, b.Path) })
	return found
}

// repeats tells whether a parameter may be given more than once.
func repeats(p *huma.Param) bool {
	return p.Schema != nil && p.Schema.Type == huma.TypeArray && (p.Explode == nil || *p.Explode)
}

func unknownCure(name string, known []*huma.Param) string {
	var names []string
	for _, p := range known {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return "Leave it out: this takes none."
	}
	return "Leave it out. " + catalog.OneOf(name, names)
}

// withStrays notes more that is wrong with a request.
func withStrays(hc huma.Context, found catalog.FieldErrors) huma.Context {
	if len(found) == 0 {
		return hc
	}
	return huma.WithValue(hc, straysKey{}, append(slices.Clone(strays(hc.Context())), found...))
}

// strays are what is wrong with a request besides what its operation looks at: parameters that it has too many.
func strays(ctx context.Context) catalog.FieldErrors {
	found, _ := ctx.Value(straysKey{}).(catalog.FieldErrors)
	return found
}
