package ui

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A tree is the catalog from report groups down to fields and scripts. Only what is open is read.
type tree struct {
	Connection string
	Branches   []branch
	Lists      []listKind
}

// A branch is a thing in the tree, or a part of an app.
type branch struct {
	URL, Name, Icon string
	Sub             string // a quieter word behind the name
	When            template.HTML
	Opens           string // the tree with this branch open; "" for what has nothing below it
	Open, Here      bool
	Below           []branch
}

// treeLimit is how many things a branch shows; a list shows the rest.
const treeLimit = 300

// The parts of an app that stand in the tree beside its sheets.
const (
	partItems = "items" // master items and variables
	partModel = "model"
)

// catalogTree shows the tree, open down to one thing if the address names it.
func (u *UI) catalogTree(w http.ResponseWriter, r *http.Request) error {
	t := tree{Connection: r.URL.Query().Get("connection"), Lists: listKinds}
	roots, err := u.roots(r, t.Connection)
	if err != nil {
		return err
	}
	t.Branches = roots
	if open := r.URL.Query().Get("open"); open != "" {
		if err := u.unfold(r, t.Branches, catalog.Key(open), r.URL.Query().Get("part")); err != nil {
			return err
		}
	}
	return u.show(w, r, page{Template: "catalog", Title: "Catalog", Nav: "catalog", Data: t})
}

// catalogBranch is what stands below one thing, for the tree's module.
func (u *UI) catalogBranch(w http.ResponseWriter, r *http.Request) error {
	key := catalog.Key(r.URL.Query().Get("open"))
	names, err := u.Catalog.Names(r.Context(), scopeOf(r), []catalog.Key{key})
	if err != nil {
		return err
	}
	below, err := u.below(r, names[key].Kind, key, r.URL.Query().Get("part"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return u.fragment(w, "catalog", "branches", below)
}

// roots are streams and people, and apps whose group isn't read.
func (u *UI) roots(r *http.Request, connection string) ([]branch, error) {
	q := filtering{catalog.Query{Scope: scopeOf(r), Limit: treeLimit, Sort: []catalog.Order{{Column: "connection"}, {Column: "kind", Descending: true}, {Column: "name"}}}}
	if connection != "" {
		q = q.with("connection", catalog.Equals, connection)
	}
	groups, err := u.Catalog.ReportGroups(r.Context(), q.with("kind", catalog.Equals, "stream", "personal").Query)
	if err != nil {
		return nil, err
	}
	var all []branch
	for _, g := range groups.Items {
		b := branch{URL: pageFor(string(g.Kind), g.Key), Name: g.Name, Icon: string(g.Kind), Opens: treeURL(g.Key, ""), Sub: g.Owner}
		if connection == "" {
			b.Sub = g.Connection
		}
		all = append(all, b)
	}
	if groups.Next != "" {
		all = append(all, rest("/catalog/groups?connection="+url.QueryEscape(connection)))
	}
	return u.withLoners(r, q, all)
}

// withLoners adds the apps that are in no group.
func (u *UI) withLoners(r *http.Request, q filtering, all []branch) ([]branch, error) {
	homes, err := u.Catalog.ReportGroups(r.Context(), q.with("kind", catalog.Equals, "app").with("parent_key", catalog.IsNull, "true").Query)
	if err != nil {
		return nil, err
	}
	for _, h := range homes.Items {
		all = append(all, branch{URL: pageFor("app", appOfHome(h.Key)), Name: h.Name, Icon: "app", Opens: treeURL(appOfHome(h.Key), ""), Sub: "in no group that is read"})
	}
	if homes.Next != "" {
		all = append(all, rest("/catalog/apps"))
	}
	return all, nil
}

// appOfHome is the app whose group a key is: CODE/app/ID is the group of CODE/ID.
func appOfHome(group catalog.Key) catalog.Key {
	code := group.Connection()
	return catalog.Key(code) + group[len(code)+len("/app"):]
}

func rest(to string) branch { return branch{URL: to, Name: "There are more: the list has all of them"} }

func treeURL(key catalog.Key, part string) string {
	to := "/catalog?open=" + url.QueryEscape(string(key))
	if part != "" {
		to += "&part=" + part
	}
	return to
}

// unfold opens the branches on the way to a thing, and its own.
func (u *UI) unfold(r *http.Request, branches []branch, key catalog.Key, part string) error {
	way, err := u.way(r, key)
	if err != nil {
		return err
	}
	level := branches
	for _, k := range way {
		at, err := u.openBranch(r, level, k, "")
		if err != nil || at == nil {
			return err
		}
		level = at.Below
		if k == key {
			at.Here = true
		}
	}
	if part != "" {
		_, err = u.openBranch(r, level, key, part)
	}
	return err
}

// openBranch opens one of some branches; nil if it isn't among them.
func (u *UI) openBranch(r *http.Request, level []branch, key catalog.Key, part string) (*branch, error) {
	for i := range level {
		b := &level[i]
		if b.Opens != treeURL(key, part) {
			continue
		}
		names, err := u.Catalog.Names(r.Context(), scopeOf(r), []catalog.Key{key})
		if err != nil {
			return nil, err
		}
		b.Below, err = u.below(r, names[key].Kind, key, part)
		b.Open = true
		return b, err
	}
	return nil, nil
}

// way are the groups, apps, sheets and charts down to a thing, itself the last.
func (u *UI) way(r *http.Request, key catalog.Key) ([]catalog.Key, error) {
	names, err := u.Catalog.Names(r.Context(), scopeOf(r), []catalog.Key{key})
	if err != nil {
		return nil, err
	}
	var around catalog.Around
	switch names[key].Kind {
	case "stream", "personal":
	case "app", "sheet", "cell":
		d, err := u.Catalog.Report(r.Context(), scopeOf(r), key)
		if err != nil {
			return nil, err
		}
		around = d.Around
	default:
		return nil, nil
	}
	var way []catalog.Key
	for _, c := range around.Path {
		if c.Kind != "connection" {
			way = append(way, c.Key)
		}
	}
	return append(way, key), nil
}
