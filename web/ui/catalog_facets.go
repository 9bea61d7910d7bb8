package ui

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A listFacet is a way to narrow a list: a parameter of the address, and the column that it is of.
type listFacet struct {
	Param, Title, column string
	labels               map[string]string // of values that aren't names
	named                bool              // values are keys, shown by their names
}

var yesNo = map[string]string{"true": "yes", "false": "no"}

// The facets that lists have in common.
var (
	byConnection = listFacet{Param: "connection", Title: "Connection", column: "connection"}
	byStream     = listFacet{Param: "stream", Title: "Stream", column: "stream", named: true}
	byOwner      = listFacet{Param: "owner_is", Title: "Owner", column: "owner"}
	byTag        = listFacet{Param: "tag", Title: "Tag", column: "tags"}
	byType       = listFacet{Param: "type", Title: "Type", column: "type"}
	byPublished  = listFacet{Param: "published", Title: "Published", column: "published", labels: yesNo}
	byLineage    = listFacet{Param: "has_lineage", Title: "Has lineage", column: "has_lineage", labels: yesNo}
	byFreshness  = listFacet{Param: "freshness", Title: "Data reloaded", column: "freshness", labels: map[string]string{
		"day": "in the last day", "week": "in the last 7 days", "month": "in the last 30 days", "year": "in the last year", "older": "longer ago", "never": "never",
	}}
)

// CatalogFacets count what lists have. *postgres.DB is one.
type CatalogFacets interface {
	ReportGroupFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
	ReportFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
	ReportFieldFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
	SourceCodeFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
	ModelTableFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
	ModelFieldFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
	GapFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
}

// listFacets are the ways to narrow a list as it is now, and how many rows it has, in words.
func (u *UI) listFacets(r *http.Request, k listKind, q catalog.Query) ([]facetGroup, string, error) {
	var columns []string
	for _, f := range k.facets {
		columns = append(columns, f.column)
	}
	counted, err := k.count(u, r.Context(), q, columns)
	if err != nil {
		return nil, "", err
	}
	names, err := u.namesOfFacets(r, k.facets, counted)
	if err != nil {
		return nil, "", err
	}
	var groups []facetGroup
	for _, f := range k.facets {
		g := facetGroup{Title: f.Title}
		chosen := r.URL.Query().Get(f.Param)
		values := counted.By[f.column]
		if chosen != "" && !slices.ContainsFunc(values, func(v catalog.Facet) bool { return v.Value == chosen }) {
			values = append([]catalog.Facet{{Value: chosen}}, values...)
		}
		for _, v := range values {
			link := facetLinkTo(r.URL, f, v, chosen, names)
			if counted.More {
				link.Bound = catalog.CountAtLeast
			}
			g.Facets = append(g.Facets, link)
		}
		if len(g.Facets) > 1 || chosen != "" || len(g.Facets) == 1 && counted.Missing[f.column] > 0 {
			groups = append(groups, g)
		}
	}
	count := plural(counted.Rows, "row")
	switch {
	case counted.More && counted.Rows == 0:
		count = ""
	case counted.More:
		count = "more than " + count + "; the counts beside are of the first " + number(counted.Rows)
	}
	return groups, count, nil
}

// facetLinkTo leads to the list with a value, or, if it is the chosen one, without it.
func facetLinkTo(at *url.URL, f listFacet, v catalog.Facet, chosen string, names map[catalog.Key]catalog.Name) facetLink {
	label := v.Value
	switch {
	case f.named:
		if n := names[catalog.Key(v.Value)].Name; n != "" {
			label = n
		}
	case f.labels[v.Value] != "":
		label = f.labels[v.Value]
	case f.column == "error_code" || f.column == "part":
		label = strings.ReplaceAll(label, "_", " ")
	}
	link := facetLink{Label: label, Count: v.Count, Bound: v.Bound, Chosen: v.Value == chosen, URL: changed(at, f.Param, v.Value, "cursor", "", "columns", "")}
	if link.Chosen {
		link.URL = changed(at, f.Param, "", "cursor", "", "columns", "")
	}
	return link
}

func (u *UI) namesOfFacets(r *http.Request, facets []listFacet, counted *catalog.ListFacets) (map[catalog.Key]catalog.Name, error) {
	var keys []catalog.Key
	for _, f := range facets {
		if !f.named {
			continue
		}
		for _, v := range counted.By[f.column] {
			keys = append(keys, catalog.Key(v.Value))
		}
		if chosen := r.URL.Query().Get(f.Param); chosen != "" {
			keys = append(keys, catalog.Key(chosen))
		}
	}
	return u.Catalog.Names(r.Context(), scopeOf(r), keys)
}

// A facetGroup is one way to narrow a list or a search.
type facetGroup struct {
	Title  string
	Facets []facetLink
}

// A facetLink leads to what has one value; if it is chosen, to what has any.
type facetLink struct {
	Label, URL string
	Count      int
	Bound      catalog.Bound
	Chosen     bool
}
