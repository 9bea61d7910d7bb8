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
	apps, err := u.Catalog.Reports(r.Context(), filtering{under(r, "stream", d.Key, someRows, "name")}.with("kind", catalog.Equals, "app").Query)
	if err != nil {
		return err
	}
	return u.show(w, r, page{Template: "group", Title: d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: struct {
		Thing
		Apps []catalog.ReportRow
		More string // where all of them are
	}{t, apps.Items, moreIf(apps.Next, "/catalog/apps?stream="+url.QueryEscape(string(d.Key)))}})
}

// moreIf is where the rest of a list is, if a page has a next one.
func moreIf(next, to string) string {
	if next == "" {
		return ""
	}
	return to
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
