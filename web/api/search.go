package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

type searchInput struct {
	Text        string   `query:"q" maxLength:"500" doc:"Words. Each must be found, as the beginning of a word in a name, a description, a formula or a script; a word with one slip in it is found too."`
	Kinds       []string `query:"kind,explode" maxItems:"20" doc:"Only these kinds of things: app, stream, personal, sheet, measure, dimension, master_object, variable, table, field, cell, script. Repeated: any of them; so are all filters."`
	Connections []string `query:"connection,explode" maxItems:"100" doc:"Only these connections, by code."`
	Types       []string `query:"type,explode" maxItems:"100" doc:"Only these types: Measure, Sheet, barchart."`
	Streams     []string `query:"stream,explode" maxItems:"100" doc:"Only what is in apps of these streams or people, by the report group's key."`
	Apps        []string `query:"app,explode" maxItems:"100" doc:"Only what is in these apps, by key."`
	Owners      []string `query:"owner,explode" maxItems:"100" doc:"Only what these users own, or what is in their apps: DIRECTORY\\user, without case."`
	Tags        []string `query:"tag,explode" maxItems:"100" doc:"Only what has one of these tags, without case."`
	Retired     bool     `query:"retired" doc:"Retired things too."`
	Facets      bool     `query:"facets" doc:"Count what is found by kind, connection, type, stream, owner and tag (of the last three, the 20 most common). A long count ends early (bound: at_least) or is estimated from a sample (bound: about)."`
	Limit       int      `query:"limit" minimum:"1" maximum:"100" doc:"How many hits a page has at most; left out: 20."`
	Cursor      string   `query:"cursor" maxLength:"100" doc:"The next of the page before."`
}

type searchOutput struct {
	Body *catalog.SearchResult
}

func (a *API) search() {
	register(a, op{
		ID: "search", Method: "GET", Path: "/search", Tag: "catalog", Summary: "Search names, descriptions, formulas and scripts", Role: auth.Viewer,
		Description: "The best hits come first: the whole name, its beginning, words of it, words anywhere, words with a slip in them; apps before sheets, library items before charts. Report fields with equal name and formula are one hit.",
	},
		func(ctx context.Context, in *searchInput) (*searchOutput, error) {
			s := in.search()
			s.Scope = auth.From(ctx).Scope()
			r, err := a.Catalog.Search(ctx, s)
			return &searchOutput{r}, err
		})
}

func (in *searchInput) search() catalog.Search {
	return catalog.Search{
		Text: in.Text, Kinds: in.Kinds, Connections: in.Connections, Types: in.Types,
		Streams: keys(in.Streams), Apps: keys(in.Apps), Owners: in.Owners, Tags: in.Tags,
		Retired: in.Retired, Facets: in.Facets, Limit: in.Limit, Cursor: in.Cursor,
	}
}

// Resolve tells what is wrong with the parameters. The limit is the schema's.
func (in *searchInput) Resolve(hc huma.Context) []error {
	s := in.search()
	s.Limit = 0
	var errs catalog.FieldErrors
	for _, f := range faultsOfQuery(apiOf(hc).Catalog.CheckSearch(s)) {
		path := f.Parameter
		if path == "kind" {
			path = index(path, f.Index)
		}
		errs = append(errs, catalog.FieldError{In: "query", Path: path, Message: f.Why, Cure: f.Cure})
	}
	return faultsOf(errs.OrNil())
}

func keys(texts []string) []catalog.Key {
	list := make([]catalog.Key, len(texts))
	for i, t := range texts {
		list[i] = catalog.Key(t)
	}
	return list
}
