package ui_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

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
	others   []string            // kinds of which there is no hit on the page
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
		case n.Data == "a" && attr(n.Parent.Parent, "class") == "card others":
			s.others = append(s.others, strings.Join(strings.Fields(textOf(n.Parent)), " "))
			s.all = append(s.all, attr(n, "href"))
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

// TestKindsWithoutAHitAmongTheBestAreLinks: a hundred and more sheets have the word as their name, and push out a script
// that has it in its text.
func TestKindsWithoutAHitAmongTheBestAreLinks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := t.Context()
	run, err := o.db.StartRun(ctx, catalog.Run{Connection: "open", Mode: catalog.Full, Trigger: catalog.ByCLI})
	o.must(err)
	snapshot := hostileApp(90, "Plain", catalog.StreamKey("open", "s1"))
	app, group := snapshot.Unit.Key, snapshot.Groups[0].Key
	for i := range 130 {
		snapshot.Reports = append(snapshot.Reports, catalog.Report{
			Key: catalog.SheetKey(app, fmt.Sprint("z", i)), Group: group, Parent: app, Kind: catalog.ReportSheet, Type: catalog.TypeSheet, Name: fmt.Sprint("Zebra ", i),
		})
	}
	snapshot.Sources[0].Code += "// of every zebra\n"
	_, err = o.db.Save(ctx, run, snapshot, time.Now())
	o.must(err)
	o.must(o.db.FinishRun(ctx, run, catalog.Done, catalog.Tally{}, ""))
	s := o.searched("/search?q=zebra")
	if !slices.Equal(s.headings, []string{"Sheets 130", "Also found"}) || s.hits != 6 {
		t.Errorf("%d hits under %q", s.hits, s.headings)
	}
	if !slices.Equal(s.others, []string{"Scripts 1"}) || len(s.all) != 2 {
		t.Fatalf("also found are %q, and links to all of %q", s.others, s.all)
	}
	if list := o.searched(s.all[1]); list.hits != 1 || !slices.Equal(list.headings, []string{"Scripts 1"}) {
		t.Errorf("%s has %d hits under %q", s.all[1], list.hits, list.headings)
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
