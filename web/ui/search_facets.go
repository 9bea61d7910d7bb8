package ui

import (
	"net/http"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// waysToNarrow are those of a search. An app is none that is counted: pages of apps lead there.
var waysToNarrow = []listFacet{
	{Param: "kind", Title: "Kind", labels: kindTitles},
	{Param: "connection", Title: "Connection"},
	{Param: "stream", Title: "Stream", named: true},
	{Param: "app", Title: "App", named: true},
	{Param: "owner", Title: "Owner"},
	{Param: "tag", Title: "Tag"},
	{Param: "type", Title: "Type"},
}

// mostFacets is how many values of one way to narrow a search are offered.
const mostFacets = 12

// searchFacets are the ways to narrow a search down as it is now. What is chosen is among them, even if nothing of it
// was found.
func (u *UI) searchFacets(r *http.Request, s catalog.Search, f *catalog.Facets) ([]facetGroup, error) {
	counted := map[string][]catalog.Facet{
		"kind": f.Kinds, "connection": f.Connections, "type": f.Types, "stream": f.Streams, "owner": f.Owners, "tag": f.Tags,
	}
	keys := append(slices.Clone(s.Apps), s.Streams...)
	for _, x := range f.Streams {
		keys = append(keys, catalog.Key(x.Value))
	}
	names, err := u.Catalog.Names(r.Context(), s.Scope, keys)
	if err != nil {
		return nil, err
	}
	var groups []facetGroup
	for _, way := range waysToNarrow {
		chosen := r.URL.Query().Get(way.Param)
		values := counted[way.Param]
		i := slices.IndexFunc(values, func(v catalog.Facet) bool { return v.Value == chosen })
		switch {
		case chosen != "" && i >= 0: // it comes first
			values = append([]catalog.Facet{values[i]}, slices.Delete(slices.Clone(values), i, i+1)...)
		case chosen != "":
			values = append([]catalog.Facet{{Value: chosen}}, values...)
		}
		g := facetGroup{Title: way.Title}
		for _, v := range values[:min(len(values), mostFacets)] {
			g.Facets = append(g.Facets, facetLinkTo(r.URL, way, v, chosen, names))
		}
		if len(g.Facets) > 1 || chosen != "" {
			groups = append(groups, g)
		}
	}
	return groups, nil
}
