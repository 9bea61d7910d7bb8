package ui

import (
	"net/http"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A tree is the catalog as groups with what is in them. Without a connection: the connections.
type tree struct {
	Connection string
	Groups     []branch
	More       bool // there are more groups than are shown
	Lists      []listKind
}

// A branch is a group with its apps.
type branch struct {
	catalog.GroupRow
	Apps []catalog.ReportRow
}

// treeLimit is how many groups or apps a tree shows; a list shows the rest.
const treeLimit = 1000

// catalogTree shows streams and people with their apps.
func (u *UI) catalogTree(w http.ResponseWriter, r *http.Request) error {
	t := tree{Connection: r.URL.Query().Get("connection"), Lists: listKinds}
	q := filtering{catalog.Query{Scope: scopeOf(r), Limit: treeLimit, Sort: []catalog.Order{{Column: "connection"}, {Column: "kind", Descending: true}, {Column: "name"}}}}
	apps := filtering{catalog.Query{Scope: scopeOf(r), Limit: treeLimit, Sort: []catalog.Order{{Column: "name"}}}}.with("kind", catalog.Equals, "app")
	if t.Connection != "" {
		q, apps = q.with("connection", catalog.Equals, t.Connection), apps.with("connection", catalog.Equals, t.Connection)
	}
	groups, err := u.Catalog.ReportGroups(r.Context(), q.with("kind", catalog.Equals, "stream", "personal").Query)
	if err != nil {
		return err
	}
	homes, err := u.Catalog.ReportGroups(r.Context(), q.with("kind", catalog.Equals, "app").Query)
	if err != nil {
		return err
	}
	reports, err := u.Catalog.Reports(r.Context(), apps.Query)
	if err != nil {
		return err
	}
	t.Groups, t.More = grow(groups.Items, homes.Items, reports.Items), groups.Next != "" || reports.Next != ""
	return u.show(w, r, page{Template: "catalog", Title: "Catalog", Nav: "catalog", Data: t})
}

// grow puts apps under the groups that their own groups stand in. Apps without one come last.
func grow(groups, homes []catalog.GroupRow, apps []catalog.ReportRow) []branch {
	parent := map[catalog.Key]catalog.Key{}
	for _, h := range homes {
		parent[h.Key] = h.Parent
	}
	var tree []branch
	at := map[catalog.Key]int{}
	for _, g := range groups {
		at[g.Key] = len(tree)
		tree = append(tree, branch{GroupRow: g})
	}
	var rest branch
	for _, a := range apps {
		if i, ok := at[parent[a.Group]]; ok {
			tree[i].Apps = append(tree[i].Apps, a)
		} else {
			rest.Apps = append(rest.Apps, a)
		}
	}
	if len(rest.Apps) > 0 {
		rest.Name = "Apps in no group that is read"
		tree = append(tree, rest)
	}
	return tree
}
