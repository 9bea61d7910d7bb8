package foreign_test

import (
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

func TestSerializeAppReadsWholeApps(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	for _, name := range []string{"Sales Overview 📈", "Profit & Loss"} {
		t.Run(name, func(t *testing.T) {
			app := find(t, site, name)
			var got struct {
				Properties, Private                      object
				LoadScript                               string
				Sheets, Stories, MasterObjects, AppProps []qliktest.Tree
				Dimensions, Measures, Variables          []object
				Bookmarks, DataConnections               []object
			}
			run(t, srv, "serialize.mjs", task{"app": app.ID, "user": "UserDirectory=INTERNAL; UserId=sa_repository"}, &got)

			c := app.Content()
			admin := &qliktest.User{Directory: "INTERNAL", Name: "sa_repository", Roles: []string{"RootAdmin"}}
			objects := visible(site, admin, app, c.Objects)
			for typ, trees := range map[string][]qliktest.Tree{
				"sheet": got.Sheets, "story": got.Stories, "masterobject": got.MasterObjects, "appprops": got.AppProps,
			} {
				same(t, typ, treesOf(objects, typ), byID(trees))
			}
			same(t, "dimensions", properties(c.Dimensions), propertiesByID(got.Dimensions))
			same(t, "measures", properties(c.Measures), propertiesByID(got.Measures))
			if got.LoadScript != c.Script || got.Properties["qTitle"] != app.Name {
				t.Errorf("title %v, script of %d bytes, want %d", got.Properties["qTitle"], len(got.LoadScript), len(c.Script))
			}
			if len(got.Variables) != len(c.Variables) || len(got.Bookmarks) != len(c.Bookmarks) || len(got.DataConnections) != len(site.DataConnections) {
				t.Errorf("%d variables, %d bookmarks, %d data connections", len(got.Variables), len(got.Bookmarks), len(got.DataConnections))
			}
		})
	}
}

func treesOf(items []qliktest.Item, typ string) map[string]qliktest.Tree {
	m := map[string]qliktest.Tree{}
	for _, it := range items {
		if id, itemType := it.Tree.Info(); itemType == typ {
			m[id] = it.Tree
		}
	}
	return m
}

func byID(trees []qliktest.Tree) map[string]qliktest.Tree {
	m := map[string]qliktest.Tree{}
	for _, t := range trees {
		id, _ := t.Info()
		m[id] = t
	}
	return m
}

func propertiesByID(list []object) map[string]object {
	m := map[string]object{}
	for _, p := range list {
		info, _ := p["qInfo"].(object)
		id, _ := info["qId"].(string)
		m[id] = p
	}
	return m
}
