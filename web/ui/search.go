package ui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A searchPage is what templates/search.html shows.
type searchPage struct {
	Text    string
	Asked   bool
	Result  *catalog.SearchResult
	Facets  []facetGroup
	Next    string
	Retired bool
}

// A facetGroup is one way to narrow a search.
type facetGroup struct {
	Title  string
	Facets []facetLink
}

type facetLink struct {
	Label, URL string
	Count      int
	Bound      catalog.Bound
	Chosen     bool
}

// search finds things by their words.
func (u *UI) search(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	d := searchPage{Text: strings.TrimSpace(q.Get("q")), Retired: q.Get("retired") != ""}
	s := catalog.Search{
		Scope: scopeOf(r), Text: d.Text, Kinds: q["kind"], Connections: q["connection"], Types: q["type"], Owners: q["owner"], Tags: q["tag"],
		Retired: d.Retired, Facets: true, Limit: 30, Cursor: q.Get("cursor"),
	}
	for _, k := range q["stream"] {
		s.Streams = append(s.Streams, catalog.Key(k))
	}
	for _, k := range q["app"] {
		s.Apps = append(s.Apps, catalog.Key(k))
	}
	d.Asked = d.Text != "" || len(s.Kinds)+len(s.Types)+len(s.Owners)+len(s.Tags)+len(s.Streams)+len(s.Apps)+len(s.Connections) > 0
	if d.Asked {
		var err error
		if d.Result, err = u.Catalog.Search(r.Context(), s); err != nil {
			return err
		}
		d.Facets = facetsOf(r.URL, d.Result.Facets)
		if d.Result.Next != "" {
			d.Next = changed(r.URL, "cursor", d.Result.Next)
		}
	}
	title := "Search"
	if d.Text != "" {
		title = "Search: " + short(60, d.Text)
	}
	return u.show(w, r, page{Template: "search", Title: title, Nav: "catalog", Data: d})
}

func facetsOf(at *url.URL, f *catalog.Facets) []facetGroup {
	if f == nil {
		return nil
	}
	var all []facetGroup
	for _, g := range []struct {
		title, name string
		facets      []catalog.Facet
	}{{"Kind", "kind", f.Kinds}, {"Connection", "connection", f.Connections}, {"Type", "type", f.Types}} {
		group := facetGroup{Title: g.title}
		chosen := at.Query().Get(g.name)
		for _, x := range g.facets {
			link := facetLink{Label: strings.ReplaceAll(x.Value, "_", " "), Count: x.Count, Bound: x.Bound, Chosen: x.Value == chosen, URL: changed(at, g.name, x.Value, "cursor", "")}
			if link.Chosen {
				link.URL = changed(at, g.name, "", "cursor", "")
			}
			group.Facets = append(group.Facets, link)
		}
		if len(group.Facets) > 0 {
			all = append(all, group)
		}
	}
	return all
}

// suggest gives the best few hits as HTML, for the field that every page has.
func (u *UI) suggest(w http.ResponseWriter, r *http.Request) error {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	found, err := u.Catalog.Search(r.Context(), catalog.Search{Scope: scopeOf(r), Text: text, Limit: 12})
	if err != nil {
		return err
	}
	groups, at := []suggestions{}, map[string]int{}
	for _, h := range found.Hits {
		i, ok := at[h.Kind]
		if !ok {
			i = len(groups)
			at[h.Kind] = i
			groups = append(groups, suggestions{Kind: h.Kind})
		}
		groups[i].Hits = append(groups[i].Hits, h)
	}
	return u.fragment(w, "search", "suggestions", struct {
		Text   string
		Groups []suggestions
	}{text, groups})
}

type suggestions struct {
	Kind string
	Hits []catalog.Hit
}
