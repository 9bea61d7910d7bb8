package foreign_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/unbuilt"
)

// A walk is what enigma.js found in an app (node/walk.mjs).
type walk struct {
	Version, User, Active string
	Docs, Pushed          []string
	Infos                 []infoEntry
	Lists                 map[string][]struct {
		Info          infoEntry `json:"qInfo"`
		Meta          object    `json:"qMeta"`
		Data          object    `json:"qData"`
		Name          string    `json:"qName"`
		Definition    string    `json:"qDefinition"`
		ScriptCreated bool      `json:"qIsScriptCreated"`
		Reserved      bool      `json:"qIsReserved"`
		Config        bool      `json:"qIsConfig"`
	}
	Properties, Layouts map[string]object
	Trees               map[string]qliktest.Tree
	Children            map[string][]string
	Variables           map[string]struct{ Name, ID, Layout object }
	AppLayout           object `json:"appLayout"`
	AppProperties       object `json:"appProperties"`
	Objects             []struct {
		Info infoEntry `json:"qInfo"`
	}
	Script, PlainScript string
	Lineage             []qliktest.LineageItem
	Connections         []object
	Tables              []any
	Logout              int
}

func TestEnigmaJSReadsAppsThroughTheProxy(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	for _, name := range []string{"Sales Overview 📈", "Verkauf DACH – Übersicht", "売上ダッシュボード", "Store Map 🗺", "Anna’s playground"} {
		t.Run(name, func(t *testing.T) {
			app := find(t, site, name)
			got := runWalk(t, srv, task{"app": app.ID})
			check(t, site, site.Users[0], app, got)
			if want := []string{"OnAuthenticationInformation", "OnConnected"}; !slices.Equal(got.Pushed, want) {
				t.Errorf("the proxy pushed %v, want %v (facts C.2)", got.Pushed, want)
			}
			if got.Logout != 204 && got.Logout != 200 {
				t.Errorf("logout gave %d", got.Logout)
			}
		})
	}
	if n := srv.Counters(); n.OpensWithData != 0 || n.Migrations != 0 || n.Sessions.Now != 0 || n.Logins != 5 {
		t.Errorf("%d opens with data, %d migrations, %d sessions left, %d logins", n.OpensWithData, n.Migrations, n.Sessions.Now, n.Logins)
	}
}

func TestEnigmaJSReadsAppsWithCertificates(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	for _, name := range []string{"Sales Overview 📈", "Customer 360°", "Profit & Loss", "01 Extract ERP"} {
		t.Run(name, func(t *testing.T) {
			app := find(t, site, name)
			got := runWalk(t, srv, task{"app": app.ID, "user": "UserDirectory=INTERNAL; UserId=sa_api"})
			admin := &qliktest.User{Directory: "INTERNAL", Name: "sa_api", Roles: []string{"RootAdmin"}}
			check(t, site, admin, app, got)
			if want := []string{"OnConnected"}; !slices.Equal(got.Pushed, want) {
				t.Errorf("the Engine pushed %v, want %v (facts C.2)", got.Pushed, want)
			}
		})
	}
}

func TestEnigmaJSReadsUnbuiltApps(t *testing.T) {
	t.Parallel()
	dirs := []string{filepath.Join("..", "unbuilt", "testdata")}
	if real := os.Getenv("QLIKCRAWLER_REAL_APPS"); real != "" {
		dirs = append(dirs, real)
	}
	site, err := unbuilt.Site(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	srv := qliktest.New(t, site, qliktest.Options{})
	for _, app := range site.Apps {
		t.Run(app.Name, func(t *testing.T) {
			check(t, site, site.Users[0], app, runWalk(t, srv, task{"app": app.ID}))
		})
	}
}

func TestEnigmaJSReadsGeneratedApps(t *testing.T) {
	t.Parallel()
	site := qliktest.Generate(qliktest.GenerateOptions{Apps: 10, Seed: 3})
	srv := qliktest.New(t, site, qliktest.Options{NoCSRF: true})
	for _, i := range []int{0, 3, 9} { // an extract app, a report with a private sheet, an unpublished app
		t.Run(site.Apps[i].Name, func(t *testing.T) {
			check(t, site, site.Users[0], site.Apps[i], runWalk(t, srv, task{"app": site.Apps[i].ID}))
		})
	}
}

func runWalk(t *testing.T, srv *qliktest.Server, todo task) walk {
	t.Helper()
	var got walk
	run(t, srv, "walk.mjs", todo, &got)
	return got
}

// check compares what a client found with what the site has.
func check(t *testing.T, site *qliktest.Site, u *qliktest.User, app *qliktest.App, got walk) {
	t.Helper()
	c := app.Content()
	objects := visible(site, u, app, c.Objects)
	dimensions, measures, bookmarks := visible(site, u, app, c.Dimensions), visible(site, u, app, c.Measures), visible(site, u, app, c.Bookmarks)
	all := slices.Concat(objects, dimensions, measures, bookmarks)

	if got.Version != site.EngineVersion || got.Active != app.ID {
		t.Errorf("version %s, active doc %s", got.Version, got.Active)
	}
	if want := "UserDirectory=" + u.Directory + "; UserId=" + u.Name; got.User != want {
		t.Errorf("the user is %q, want %q", got.User, want)
	}
	sameSet(t, "GetAllInfos", ids(entries(all)), ids(got.Infos))
	sameSet(t, "GetObjects", slices.Concat(ids(top(objects), "sheet"), ids(top(objects), "masterobject")), listed(got.Objects))
	for id, want := range properties(all) {
		same(t, "GetProperties of "+id, want, got.Properties[id])
		if len(got.Layouts[id]) == 0 {
			t.Errorf("%s has no layout", id)
		}
	}
	for _, it := range objects {
		id, _ := it.Tree.Info()
		same(t, "GetFullPropertyTree of "+id, it.Tree, got.Trees[id])
		var children []string
		for _, child := range it.Tree.Children {
			childID, _ := child.Info()
			children = append(children, childID)
		}
		sameSet(t, "GetChildInfos of "+id, children, got.Children[id])
	}
	checkLists(t, got, map[string][]qliktest.Item{
		"sheet": objects, "masterobject": objects, "story": objects, "appprops": objects, "LoadModel": objects,
		"dimension": dimensions, "measure": measures, "bookmark": bookmarks,
	})
	checkVariables(t, c, got)
	checkApp(t, site, u, app, got)
}

func top(items []qliktest.Item) []infoEntry {
	var list []infoEntry
	for _, it := range items {
		id, typ := it.Tree.Info()
		list = append(list, infoEntry{id, typ})
	}
	return list
}

func listed(items []struct {
	Info infoEntry `json:"qInfo"`
},
) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.Info.ID)
	}
	return out
}

// checkLists compares the list objects: what they list, titles and rows of the Repository.
func checkLists(t *testing.T, got walk, want map[string][]qliktest.Item) {
	t.Helper()
	for typ, items := range want {
		byID := map[string]qliktest.Item{}
		for _, it := range items {
			if id, itemType := it.Tree.Info(); itemType == typ {
				byID[id] = it
			}
		}
		var found []string
		for _, entry := range got.Lists[typ] {
			found = append(found, entry.Info.ID)
			it := byID[entry.Info.ID]
			var p struct {
				Meta struct{ Title string } `json:"qMetaDef"`
			}
			_ = json.Unmarshal(it.Tree.Property, &p) // empty for an id that isn't wanted, which the sets tell
			if p.Meta.Title != "" && (entry.Meta["title"] != p.Meta.Title || entry.Data["title"] != p.Meta.Title) {
				t.Errorf("%s %s: titles %v and %v in the list, want %s", typ, entry.Info.ID, entry.Meta["title"], entry.Data["title"], p.Meta.Title)
			}
			if flag, _ := entry.Meta["published"].(bool); flag != it.Published {
				t.Errorf("%s %s: published %v, want %v", typ, entry.Info.ID, flag, it.Published)
			}
		}
		sameSet(t, "list of "+typ, slices.Collect(maps.Keys(byID)), found)
	}
}

func checkVariables(t *testing.T, c *qliktest.Content, got walk) {
	t.Helper()
	want := map[string]qliktest.Variable{}
	for _, v := range c.Variables {
		var p struct {
			Name string `json:"qName"`
		}
		if err := json.Unmarshal(v.Properties, &p); err != nil {
			t.Fatal(err)
		}
		want[p.Name] = v
		same(t, "variable by name "+p.Name, v.Properties, got.Variables[p.Name].Name)
		same(t, "variable by id "+p.Name, v.Properties, got.Variables[p.Name].ID)
	}
	if len(got.Lists["variable"]) != len(c.Variables) {
		t.Errorf("%d variables in the list, want %d", len(got.Lists["variable"]), len(c.Variables))
	}
	for _, entry := range got.Lists["variable"] {
		v := want[entry.Name]
		if entry.ScriptCreated != v.ScriptCreated || entry.Reserved != v.Reserved || entry.Config != v.Config {
			t.Errorf("variable %s: script-created %v, reserved %v, config %v", entry.Name, entry.ScriptCreated, entry.Reserved, entry.Config)
		}
	}
}

func checkApp(t *testing.T, site *qliktest.Site, u *qliktest.User, app *qliktest.App, got walk) {
	t.Helper()
	c := app.Content()
	if got.Script != c.Script || got.PlainScript != c.Script {
		t.Errorf("script is %q and %q, want %q", got.Script, got.PlainScript, c.Script)
	}
	same(t, "GetLineage", c.Lineage, got.Lineage)
	if len(got.Tables) != 0 {
		t.Errorf("an app without data has tables: %v (facts C.10)", got.Tables)
	}
	var docs []string
	for _, a := range site.Apps {
		if site.Can(u, qliktest.Read, a) {
			docs = append(docs, a.ID)
		}
	}
	sameSet(t, "GetDocList", docs, got.Docs)
	if got.AppLayout["qTitle"] != app.Name || got.AppProperties["qTitle"] != app.Name {
		t.Errorf("titles %v and %v, want %s", got.AppLayout["qTitle"], got.AppProperties["qTitle"], app.Name)
	}
	if flag, _ := got.AppProperties["published"].(bool); flag != app.Published() {
		t.Errorf("published is %v in the app's properties, want %v", flag, app.Published())
	}
}
