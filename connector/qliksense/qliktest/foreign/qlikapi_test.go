package foreign_test

import (
	"encoding/json"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// TestQlikAPIReadsAnApp runs Qlik's own client. In Node.js it sends no Origin, which is why the site
// is in its mild setting (facts G.2).
func TestQlikAPIReadsAnApp(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{Mild: true})
	app := find(t, site, "Sales Overview 📈")
	type item struct {
		Info infoEntry `json:"qInfo"`
		Name string    `json:"qName"`
	}
	var got struct {
		Sheets, Dimensions, Measures, Variables, Masters []item
		Layout                                           object
		Trees                                            map[string]qliktest.Tree
		Metadata                                         any
		Lineage                                          []struct{ Discriminator, Statement string }
	}
	run(t, srv, "qlik-api.mjs", task{"app": app.ID}, &got)

	c := app.Content()
	names := func(items []item) []string {
		var out []string
		for _, it := range items {
			out = append(out, it.Info.ID)
		}
		return out
	}
	sameSet(t, "sheets", ids(top(c.Objects), "sheet"), names(got.Sheets))
	sameSet(t, "master objects", ids(top(c.Objects), "masterobject"), names(got.Masters))
	sameSet(t, "dimensions", ids(top(c.Dimensions)), names(got.Dimensions))
	sameSet(t, "measures", ids(top(c.Measures)), names(got.Measures))
	if len(got.Variables) == 0 || got.Layout["qTitle"] != app.Name {
		t.Errorf("%d variables, title %v", len(got.Variables), got.Layout["qTitle"])
	}
	for _, it := range c.Objects {
		if id, typ := it.Tree.Info(); typ == "sheet" {
			same(t, "tree of "+id, it.Tree, got.Trees[id])
		}
	}
	same(t, "metadata", json.RawMessage(c.Metadata), got.Metadata)
	var lineage []qliktest.LineageItem
	for _, it := range got.Lineage {
		lineage = append(lineage, qliktest.LineageItem(it))
	}
	same(t, "lineage", c.Lineage, lineage)
	if n := srv.Counters(); n.OpensWithData != 0 || n.OpensWithoutData != 1 {
		t.Errorf("%d opens with data, %d without", n.OpensWithData, n.OpensWithoutData)
	}
}
