package ui

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// date is a fact that is a time; none for the zero time.
func (u *UI) date(label string, t time.Time) fact {
	if t.IsZero() {
		return fact{label, nil}
	}
	return fact{label, u.when(t)}
}

// group shows a stream, or a person's own apps.
func (u *UI) group(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.ReportGroup(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	t := Thing{
		Kind: string(d.Kind), Icon: string(d.Kind), Key: d.Key, Name: d.Name, Description: d.Description, Retired: !d.RetiredAt.IsZero(),
		Tags: d.Tags, Around: d.Around, MayGovern: mayGovern(r, d.Connection),
		Facts: facts(fact{"Owner", d.Owner}, u.date("Modified", d.ModifiedAt), u.date("Created", d.CreatedAt), u.date("First seen here", d.FirstSeenAt), u.date("Retired", d.RetiredAt)),
	}
	t.spread(d.Attributes)
	homes, err := items(u.Catalog.ReportGroups(r.Context(), under(r, "parent_key", d.Key, someRows, "name")))
	if err != nil {
		return err
	}
	var apps []catalog.ReportRow
	if len(homes) > 0 {
		var keys []string
		for _, h := range homes {
			keys = append(keys, string(h.Key))
		}
		q := catalog.Query{Scope: scopeOf(r), Limit: someRows, Sort: []catalog.Order{{Column: "name"}}, Filters: []catalog.Filter{
			{Column: "group_key", Op: catalog.Equals, Values: keys}, {Column: "kind", Op: catalog.Equals, Values: []string{"app"}},
		}}
		if apps, err = items(u.Catalog.Reports(r.Context(), q)); err != nil {
			return err
		}
	}
	return u.show(w, r, page{Template: "group", Title: d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: struct {
		Thing
		Apps []catalog.ReportRow
	}{t, apps}})
}

// changesOf are the last changes of a thing itself.
func (u *UI) changesOf(r *http.Request, key catalog.Key) ([]catalog.ChangeRow, error) {
	q := under(r, "key", key, 200)
	q.Sort = []catalog.Order{{Column: "id", Descending: true}}
	return items(u.Catalog.Changes(r.Context(), q))
}

// changes lists what crawls found changed, the newest first.
func (u *UI) changes(w http.ResponseWriter, r *http.Request) error {
	chosen := r.URL.Query()
	q := catalog.Query{Scope: scopeOf(r), Limit: listLimit, Cursor: chosen.Get("cursor"), Sort: []catalog.Order{{Column: "id", Descending: true}}}
	for _, name := range []string{"connection", "what", "run", "column_name"} {
		if v := strings.TrimSpace(chosen.Get(name)); v != "" {
			q.Filters = append(q.Filters, catalog.Filter{Column: name, Op: catalog.Equals, Values: []string{v}})
		}
	}
	if key := chosen.Get("key"); key != "" { // and what stands under it
		q.Filters = append(q.Filters, catalog.Filter{Column: "key", Op: catalog.Contains, Values: []string{key}})
	}
	p, err := u.Catalog.Changes(r.Context(), q)
	if err != nil {
		return err
	}
	var keys []catalog.Key
	for _, c := range p.Items {
		keys = append(keys, c.Key)
	}
	names, err := u.Catalog.Names(r.Context(), scopeOf(r), keys)
	if err != nil {
		return err
	}
	d := struct {
		Changes     []catalog.ChangeRow
		Names       map[catalog.Key]catalog.Name
		Chosen      url.Values
		Next, First string
	}{Changes: p.Items, Names: names, Chosen: chosen}
	if p.Next != "" {
		d.Next = changed(r.URL, "cursor", p.Next)
	}
	if chosen.Get("cursor") != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	return u.show(w, r, page{Template: "changes", Title: "Changes", Nav: "changes", Data: d})
}

// setGovernance says who answers for a thing.
func (u *UI) setGovernance(w http.ResponseWriter, r *http.Request) error {
	key := catalog.Key(r.FormValue("key"))
	code, _, _ := strings.Cut(string(key), "/")
	if !mayGovern(r, code) {
		return forbidden(auth.SecurityAdmin)
	}
	e := catalog.GovernanceEdit{Owner: strings.TrimSpace(r.FormValue("owner")), Steward: strings.TrimSpace(r.FormValue("steward")), Custodian: strings.TrimSpace(r.FormValue("custodian"))}
	if err := u.Catalog.SetGovernance(r.Context(), key, e, nil, auth.From(r.Context()).Name()); err != nil {
		return err
	}
	return done(w, r, localPath(r.FormValue("to")), "Who answers for it is kept.")
}
