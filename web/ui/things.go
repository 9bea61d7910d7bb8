package ui

import (
	"net/http"
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
