package ui

import (
	"net/http"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

type crawlStartPage struct {
	Code, Name string
	Never      bool // it was never crawled whole
	Groups     []catalog.GroupRow
	More       bool // there are more groups than are listed
	Errors     catalog.FieldErrors
	Mode       string
	Apps       string
	Picked     []string
	MassRetire bool
}

// groupsOffered is how many report groups can be picked from a list.
const groupsOffered = 500

// askCrawl asks how much is to be read.
func (u *UI) askCrawl(w http.ResponseWriter, r *http.Request) error {
	return u.showCrawlStart(w, r, nil)
}

func (u *UI) showCrawlStart(w http.ResponseWriter, r *http.Request, wrong catalog.FieldErrors) error {
	doc, err := u.document(r, auth.IntegrationAdmin)
	if err != nil {
		return err
	}
	code := doc.Connection.Code
	d := crawlStartPage{
		Code: code, Name: doc.Connection.Name, Never: doc.Connection.LastSuccessAt.IsZero(), Errors: wrong,
		Mode: r.FormValue("mode"), Apps: r.FormValue("apps"), Picked: r.Form["groups"], MassRetire: r.FormValue("mass_retire") != "",
	}
	if d.Mode == "" {
		d.Mode = string(catalog.Delta)
		if d.Never {
			d.Mode = string(catalog.Full)
		}
	}
	if u.Catalog != nil {
		groups, err := u.Catalog.ReportGroups(r.Context(), catalog.Query{
			Scope: catalog.Scope{Connections: []string{code}}, Limit: groupsOffered, Sort: []catalog.Order{{Column: "kind", Descending: true}, {Column: "name"}},
			Filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{string(catalog.GroupStream), string(catalog.GroupPersonal)}}},
		})
		if err != nil {
			return err
		}
		d.Groups, d.More = groups.Items, groups.Next != ""
	}
	status := 0
	if wrong != nil {
		status = http.StatusUnprocessableEntity
	}
	return u.show(w, r, page{
		Template: "crawl-start", Title: "Crawl " + d.Name, Nav: "connectors", Status: status, Data: d,
		Crumbs: []crumb{{"Connectors", "/"}, {d.Name, "/connections/" + code}},
	})
}

// startCrawl asks for a crawl.
func (u *UI) startCrawl(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.IntegrationAdmin)
	if err != nil {
		return err
	}
	q := catalog.CrawlRequest{Mode: catalog.Mode(r.PostFormValue("mode")), Trigger: catalog.ByUI, AllowMassRetire: r.PostFormValue("mass_retire") != ""}
	if q.Mode == catalog.Selected { // boxes that another choice hides mean nothing
		q.AllowMassRetire = false
		for line := range strings.Lines(r.PostFormValue("apps")) {
			if line = strings.TrimSpace(line); line != "" {
				q.Apps = append(q.Apps, line)
			}
		}
		for _, k := range r.PostForm["groups"] {
			q.Groups = append(q.Groups, catalog.Key(k))
		}
	}
	if _, err := q.Run(code, ""); err != nil {
		return u.showCrawlStart(w, r, fieldErrors(err))
	}
	return u.request(w, r, code, q)
}
