package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A searchPage is what templates/search.html shows.
type searchPage struct {
	Text        string
	Asked       bool
	Result      *catalog.SearchResult
	Groups      []hitGroup
	Others      []hitGroup // without hits: of kinds that have none among the best of an overview
	Facets      []facetGroup
	Kept        []pair // what the form keeps of the address: how the search is narrowed down
	Wider       string // the same words, not narrowed down; "" if they aren't
	Next, First string
	Retired     bool
}

// A hitGroup is what was found of one kind.
type hitGroup struct {
	Kind, Title string
	Hits        []catalog.Hit
	Count       facetLink // how many there are in all
	All         string    // where all of them are; "" if they are here
}

// kindTitles are what people call many things of a kind of hits.
var kindTitles = map[string]string{
	"app": "Apps", "stream": "Streams", "personal": "People's own apps", "sheet": "Sheets", "measure": "Measures", "dimension": "Dimensions",
	"master_object": "Master objects", "variable": "Variables", "table": "Tables", "field": "Fields", "cell": "Charts", "script": "Scripts",
}

// How many hits a page of the search has: an overview of all kinds shows the best few of each, a list shows all.
const (
	overviewLimit = 100
	overviewEach  = 6
	searchedLimit = 30
)

// search finds things by their words. Of several kinds, it shows the best few of each; each kind leads to a list.
func (u *UI) search(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	s, narrow := searchOf(r)
	d := searchPage{Text: s.Text, Retired: s.Retired, Kept: keptOf(q), Asked: s.Text != "" || narrow}
	overview := len(s.Kinds) == 0 && s.Cursor == ""
	if overview {
		s.Limit = overviewLimit
	}
	if d.Asked {
		var err error
		if d.Result, err = u.Catalog.Search(r.Context(), s); err != nil {
			return err
		}
		if d.Facets, err = u.searchFacets(r, s, d.Result.Facets); err != nil {
			return err
		}
		d.Groups, d.Others = groupsOf(r.URL, d.Result, overview)
		if d.Result.Next != "" && !overview {
			d.Next = changed(r.URL, "cursor", d.Result.Next)
		}
		if s.Cursor != "" {
			d.First = changed(r.URL, "cursor", "")
		}
		if narrow && s.Text != "" {
			d.Wider = "/search?" + url.Values{"q": {s.Text}}.Encode()
		}
	}
	title := "Search"
	if d.Text != "" {
		title = "Search: " + short(60, d.Text)
	}
	return u.show(w, r, page{Template: "search", Title: title, Nav: "catalog", Data: d})
}

// searchOf is the search that an address asks for, and whether it is narrowed down by more than words.
func searchOf(r *http.Request) (s catalog.Search, narrow bool) {
	q := r.URL.Query()
	s = catalog.Search{
		Scope: scopeOf(r), Text: strings.TrimSpace(q.Get("q")), Kinds: q["kind"], Connections: q["connection"], Types: q["type"],
		Owners: q["owner"], Tags: q["tag"], Retired: q.Get("retired") != "", Facets: true, Limit: searchedLimit, Cursor: q.Get("cursor"),
	}
	for _, k := range q["stream"] {
		s.Streams = append(s.Streams, catalog.Key(k))
	}
	for _, k := range q["app"] {
		s.Apps = append(s.Apps, catalog.Key(k))
	}
	return s, len(keptOf(q)) > 0
}

// keptOf are the parameters of an address that narrow a search down.
func keptOf(q url.Values) []pair {
	var kept []pair
	for _, f := range waysToNarrow {
		for _, v := range q[f.Param] {
			kept = append(kept, pair{f.Param, v})
		}
	}
	return kept
}

// groupsOf puts hits of a kind together, the kind of the best hit first, and tells how many there are of each. An
// overview has the best few of each, and leads to the others: kinds whose hits are all behind those of other kinds.
func groupsOf(at *url.URL, found *catalog.SearchResult, overview bool) (groups, others []hitGroup) {
	groups = groupHits(found.Hits)
	for _, k := range found.Facets.Kinds {
		count := facetLink{Count: k.Count, Bound: k.Bound}
		i := slices.IndexFunc(groups, func(g hitGroup) bool { return g.Kind == k.Value })
		switch {
		case i >= 0:
			groups[i].Count = count
		case overview && k.Count > 0:
			others = append(others, hitGroup{Kind: k.Value, Title: kindTitles[k.Value], Count: count, All: changed(at, "kind", k.Value, "cursor", "")})
		}
	}
	for i := range groups {
		if overview {
			groups[i].cut(at)
		}
	}
	return groups, others
}

// cut leaves the best few hits, and leads to the others. Equal report fields count each.
func (g *hitGroup) cut(at *url.URL) {
	shown, all := 0, len(g.Hits)
	g.Hits = g.Hits[:min(all, overviewEach)]
	for _, h := range g.Hits {
		shown += max(1, h.Same)
	}
	if all > overviewEach || g.Count.Count > shown {
		g.All = changed(at, "kind", g.Kind, "cursor", "")
	}
}

// groupHits puts hits of a kind together, the kind of the first hit first.
func groupHits(hits []catalog.Hit) []hitGroup {
	var groups []hitGroup
	at := map[string]int{}
	for _, h := range hits {
		i, ok := at[h.Kind]
		if !ok {
			i = len(groups)
			at[h.Kind] = i
			groups = append(groups, hitGroup{Kind: h.Kind, Title: kindTitles[h.Kind]})
		}
		groups[i].Hits = append(groups[i].Hits, h)
	}
	return groups
}

// suggest gives the best few hits as HTML, for the field that every page has.
func (u *UI) suggest(w http.ResponseWriter, r *http.Request) error {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	found, err := u.Catalog.Search(r.Context(), catalog.Search{Scope: scopeOf(r), Text: text, Limit: 12})
	if err != nil {
		return err
	}
	return u.fragment(w, "search", "suggestions", struct {
		Text   string
		Groups []hitGroup
	}{text, groupHits(found.Hits)})
}
