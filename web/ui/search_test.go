package ui_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A searched is a page of the search as a reader sees it.
type searched struct {
	headings []string            // of the groups of hits
	hits     int                 // on the page
	facets   map[string][]string // the links of the ways to narrow it down, by heading
	kept     url.Values          // hidden fields of its form
	all      []string            // links to all of a kind
}

func (o *office) searched(path string) searched {
	o.t.Helper()
	w := o.get(somebody(auth.Viewer), path, nil)
	if w.Code != 200 {
		o.t.Fatalf("%s gives %d", path, w.Code)
	}
	doc, err := html.Parse(w.Body)
	o.must(err)
	s, facet := searched{facets: map[string][]string{}, kept: url.Values{}}, ""
	inFacets := func(n *html.Node) bool {
		for ; n != nil; n = n.Parent {
			if n.Data == "aside" {
				return true
			}
		}
		return false
	}
	for n := range doc.Descendants() {
		switch {
		case n.Data == "h2" && inFacets(n):
			facet = textOf(n)
		case n.Data == "h2" && strings.HasPrefix(attr(n, "id"), "found-"):
			s.headings = append(s.headings, strings.Join(strings.Fields(textOf(n)), " "))
		case n.Data == "a" && inFacets(n):
			s.facets[facet] = append(s.facets[facet], attr(n, "href"))
		case n.Data == "li" && strings.HasPrefix(attr(n, "class"), "hit"):
			s.hits++
		case n.Data == "input" && attr(n, "type") == "hidden" && attr(n.Parent, "action") == "/search":
			s.kept.Add(attr(n, "name"), attr(n, "value"))
		case n.Data == "a" && attr(n.Parent, "class") == "all":
			s.all = append(s.all, attr(n, "href"))
		}
	}
	return s
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return text.String()
}

func TestASearchShowsTheBestOfEachKindAndLeadsToAll(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := o.searched("/search?connection=open")
	for _, want := range []string{"Apps 5", "Streams 1", "Sheets 5", "Measures 10", "Variables 5", "Tables 10", "Fields 10", "Charts 5", "Scripts 5"} {
		if !slices.Contains(s.headings, want) {
			t.Errorf("no heading says %q: %q", want, s.headings)
		}
	}
	if want := 5 + 1 + 5 + 6 + 5 + 6 + 6 + 5 + 5; s.hits != want {
		t.Errorf("%d hits, want %d: six of a kind at most", s.hits, want)
	}
	if len(s.all) != 3 {
		t.Fatalf("three kinds have more than six: %q", s.all)
	}
	for _, path := range s.all {
		if list := o.searched(path); list.hits != 10 || len(list.headings) != 1 || list.kept.Get("connection") != "open" || list.kept.Get("kind") == "" {
			t.Errorf("%s has %d hits under %q and keeps %v", path, list.hits, list.headings, list.kept)
		}
	}
}

// TestEveryWayToNarrowASearchFinds follows each of them, and the way back.
func TestEveryWayToNarrowASearchFinds(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const path = "/search?q=lang&connection=open"
	s := o.searched("/search?connection=open")
	for _, facet := range []string{"Kind", "Connection", "Owner", "Tag", "Type"} {
		if len(s.facets[facet]) == 0 {
			t.Errorf("no way to narrow by %s", facet)
		}
		for _, narrower := range s.facets[facet] {
			found := o.searched(narrower)
			if facet == "Connection" { // it is chosen: the link takes it away, and with it all that was asked for
				continue
			}
			if found.hits == 0 {
				t.Errorf("%s finds nothing", narrower)
			}
			if len(found.facets[facet]) == 0 || !slices.Contains(found.facets[facet], "/search?connection=open") {
				t.Errorf("%s doesn't lead back: %q", narrower, found.facets[facet])
			}
		}
	}
	stream := path + "&stream=" + url.QueryEscape(string(catalog.StreamKey("open", "s1")))
	if found := o.searched(stream); found.hits == 0 || len(found.facets["Stream"]) != 1 {
		t.Errorf("in a stream: %+v", found)
	}
	none := o.get(somebody(auth.Viewer), path+"&tag=none", nil).Body.String()
	if !strings.Contains(none, "Look everywhere") || !strings.Contains(none, `href="/search?q=lang"`) {
		t.Error("a search that is narrowed to nothing doesn't lead back")
	}
}
