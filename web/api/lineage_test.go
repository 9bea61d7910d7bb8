package api_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

func TestLineageIsFollowedOverHTTP(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	from, to := "dataset:postgres://db:5432/sales.public.orders", ""
	page, err := db.Reports(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Limit: 1, Filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"app"}}}})
	must(t, err)
	to = string(page.Items[0].Key)
	stored(t, db, catalog.Key(from), catalog.Key(to))
	must(t, put(t, db, from, "dataset:file/other.csv"))
	s := newSite(t, api.Deps{Lineage: db})
	status, _, body := s.get("/lineage?direction=upstream&depth=1&key=" + url.QueryEscape(to))
	g := decode[catalog.LineageGraph](t, body)
	if status != 200 || len(g.Edges) != 1 || string(g.Edges[0].From) != from {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := s.get("/lineage?direction=sideways&key=" + url.QueryEscape(to)); status != 422 {
		t.Errorf("a direction that there isn't: %d %s", status, body)
	}
	if status, _, body := s.get("/lineage?key=" + url.QueryEscape("dataset:x/sales.public.Orders")); status != 404 || !strings.Contains(body, "Did you mean "+from) {
		t.Errorf("a key that is almost right: %d %s", status, body)
	}
	status, _, body = s.get("/lineage/edges?key=" + url.QueryEscape(from))
	if status != 200 || !strings.Contains(body, `"author":"ada"`) {
		t.Errorf("edges: %d %s", status, body)
	}
	if status, _, body := s.get("/lineage/gaps?key=demo"); status != 200 || !strings.Contains(body, `"items":`) {
		t.Errorf("gaps: %d %s", status, body)
	}
	other := s.by(someoneOn("x", auth.Viewer, "other"))
	if status, _, _ := other.get("/lineage?key=" + url.QueryEscape(to)); status != 404 {
		t.Errorf("others get %d", status)
	}
	if _, _, body := other.get("/lineage/edges"); strings.Contains(body, "ada") {
		t.Errorf("others see %s", body)
	}
}

func TestWhatPeopleSayOfLineageIsKeptOverHTTP(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	page, err := db.Reports(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Limit: 1, Filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"app"}}}})
	must(t, err)
	app := string(page.Items[0].Key)
	builder := &asked{}
	s := newSite(t, api.Deps{Lineage: db, LineageBuilder: builder})
	edge := `{"from_key":"dataset:file/plan.csv","to_key":"` + app + `","reason":"loaded by hand"}`
	if status, _, body := s.send("POST", "/lineage/edges", edge); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	if status, _, body := s.get("/lineage/edges?key=" + url.QueryEscape(app)); status != 200 || !strings.Contains(body, "loaded by hand") {
		t.Errorf("%d %s", status, body)
	}
	for who, want := range map[string]int{"viewer": 403, "elsewhere": 404} {
		by := s.by(someoneOn("v", auth.Viewer, "demo"))
		if who == "elsewhere" {
			by = s.by(someoneOn("e", auth.IntegrationAdmin, "other"))
		}
		if status, _, body := by.send("POST", "/lineage/edges", edge); status != want {
			t.Errorf("%s: %d %s", who, status, body)
		}
	}
	if status, _, body := s.send("DELETE", "/lineage/edges?from_key=dataset%3Afile%2Fplan.csv&to_key="+url.QueryEscape(app), ""); status != 204 {
		t.Errorf("%d %s", status, body)
	}
	if edges, err := db.ManualEdges(t.Context(), catalog.Scope{All: true}, ""); err != nil || len(edges) != 0 {
		t.Errorf("left are %v %v", edges, err)
	}
	if status, _, body := s.send("POST", "/connections/demo/lineage/build", ""); status != 202 || builder.code != "demo" {
		t.Errorf("%d %s, asked for %q", status, body, builder.code)
	}
}

func TestLineageListsArePagedSortedAndFilteredLikeAllLists(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	page, err := db.Reports(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Limit: 2, Filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"app"}}}})
	must(t, err)
	var apps []string
	for i, r := range page.Items {
		app := catalog.Key(r.Key)
		apps = append(apps, string(app))
		must(t, put(t, db, "dataset:file/"+string(rune('a'+i))+".csv", string(app)))
		source, err := db.LineageSource(t.Context(), app)
		must(t, err)
		l := catalog.Lineage{App: app}
		for line := range 3 {
			l.Gaps = append(l.Gaps, catalog.LineageGap{App: app, Source: app + "/script", Line: 3 - line, What: "CONNECT TO 'x;PWD=hunter2'", Why: []string{"variable", "file", "variable"}[line]})
		}
		_, err = db.SaveLineage(t.Context(), 0, &catalog.LineageStored{Lineage: l, Content: source.Content, Reader: 1})
		must(t, err)
	}
	slices.Sort(apps)
	s := newSite(t, api.Deps{Lineage: db})
	read := func(path string) (rows []map[string]any, link string) {
		for link = path; link != ""; {
			status, header, body := s.get(link)
			if status != 200 {
				t.Fatalf("%s: %d %s", link, status, body)
			}
			list := decode[struct{ Items []map[string]any }](t, body)
			rows = append(rows, list.Items...)
			link, _, _ = strings.Cut(strings.TrimPrefix(header.Get("Link"), "</api/v1"), ">")
		}
		return rows, link
	}
	keys := func(path, key string) string {
		rows, _ := read(path)
		var list []string
		for _, r := range rows {
			list = append(list, fmt.Sprint(r[key]))
		}
		return strings.Join(list, " ")
	}
	for path, want := range map[string]string{
		"/lineage/gaps?key=demo&limit=1":                                         "1 2 3 1 2 3",
		"/lineage/gaps?limit=4":                                                  "1 2 3 1 2 3",
		"/lineage/gaps?limit=2&sort=-line":                                       "3 3 2 2 1 1",
		"/lineage/gaps?filter=why:eq:file&fields=line":                           "2 2",
		"/lineage/gaps?limit=1&filter=line:gt:1&key=" + url.QueryEscape(apps[1]): "2 3",
	} {
		if got := keys(path, "line"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/lineage/edges?limit=1":                                      "dataset:file/a.csv dataset:file/b.csv",
		"/lineage/edges?limit=1&sort=-from_key":                       "dataset:file/b.csv dataset:file/a.csv",
		"/lineage/edges?filter=connection:eq:demo&fields=from_key":    "dataset:file/a.csv dataset:file/b.csv",
		"/lineage/edges?limit=1&filter=author:eq:bob":                 "",
		"/lineage/edges?key=" + url.QueryEscape("dataset:file/b"):     "dataset:file/b.csv",
		"/lineage/edges?filter=to_key:eq:" + url.QueryEscape(apps[0]): map[bool]string{true: "dataset:file/a.csv", false: "dataset:file/b.csv"}[apps[0] == string(page.Items[0].Key)],
	} {
		if got := keys(path, "from_key"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if rows, _ := read("/lineage/gaps?fields=line&limit=1000"); len(rows[0]) != 1 {
		t.Errorf("fields weren't kept to: %v", rows[0])
	}
	for _, path := range []string{"/lineage/gaps?sort=what", "/lineage/gaps?filter=what:contains:hunter", "/lineage/edges?filter=end:eq:x", "/lineage/edges?cursor=zz", "/lineage/gaps?limit=0"} {
		if status, _, body := s.get(path); status != 422 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, _, body := s.get("/lineage/gaps"); strings.Contains(body, "hunter2") {
		t.Errorf("a password is told: %s", body)
	}
	other := s.by(someoneOn("x", auth.Viewer, "other"))
	for _, path := range []string{"/lineage/gaps", "/lineage/edges"} {
		if status, _, body := other.get(path); status != 200 || strings.Contains(body, "key") {
			t.Errorf("others see %d %s", status, body)
		}
	}
}

// asked remembers what was to be built.
type asked struct{ code string }

func (a *asked) BuildLineage(_ context.Context, code string) error {
	a.code = code
	return nil
}

func put(t *testing.T, db *postgres.DB, from, to string) error {
	t.Helper()
	_, err := db.PutManualEdges(t.Context(), []catalog.ManualEdge{{From: catalog.Key(from), To: catalog.Key(to), Author: "ada", Reason: "I know it"}})
	return err
}

// stored is an app's lineage of one table.
func stored(t *testing.T, db *postgres.DB, from, app catalog.Key) {
	t.Helper()
	source, err := db.LineageSource(t.Context(), app)
	must(t, err)
	_, err = db.SaveLineage(t.Context(), 0, &catalog.LineageStored{
		Lineage: catalog.Lineage{
			App:   app,
			Nodes: []catalog.LineageNode{{Key: from, Kind: catalog.NodeDataset, Name: "orders"}, {Key: app, Connection: "demo", Kind: catalog.NodeApp, Name: "App"}},
			Edges: []catalog.LineageEdge{{From: from, To: app, Level: catalog.TableLevel, How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1}},
		},
		Content: source.Content, Reader: 1,
	})
	must(t, err)
}
