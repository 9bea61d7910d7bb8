package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// An edgesPage is what templates/lineage-edges.html shows.
type edgesPage struct {
	Key     string
	Edges   []catalog.ManualEdge
	MayEdit bool

	Form  catalog.ManualEdge // what the form begins with
	Known bool               // the form changes an edge that there is
	Wrong string             // why it wasn't taken
}

// manualEdges lists what people said, and how it contradicts what the program reads. The address may say what the
// form begins with.
func (u *UI) manualEdges(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	form := catalog.ManualEdge{From: catalog.Key(q.Get("from")), To: catalog.Key(q.Get("to")), Denied: q.Get("denied") != "", Confidence: 1}
	return u.showEdges(w, r, edgesPage{Key: q.Get("key"), Form: form})
}

func (u *UI) showEdges(w http.ResponseWriter, r *http.Request, d edgesPage) error {
	p := auth.From(r.Context())
	edges, err := u.Lineage.ManualEdges(r.Context(), p.Scope(), catalog.Key(d.Key))
	if err != nil {
		return err
	}
	d.Edges, d.MayEdit = edges, p.MaySomewhere(auth.IntegrationAdmin)
	i := slices.IndexFunc(edges, func(e catalog.ManualEdge) bool { return e.From == d.Form.From && e.To == d.Form.To })
	status := 0
	switch d.Known = i >= 0; {
	case d.Wrong != "":
		status = http.StatusUnprocessableEntity
	case d.Known:
		denied := d.Form.Denied
		d.Form = edges[i]
		d.Form.Denied = d.Form.Denied || denied
	}
	return u.show(w, r, page{
		Template: "lineage-edges", Title: "Edges drawn by people", Nav: "lineage", Crumbs: []crumb{{"Lineage", "/lineage"}}, Status: status, Data: d,
	})
}

// putEdge takes an edge, or the word that there is none.
func (u *UI) putEdge(w http.ResponseWriter, r *http.Request) error {
	e := catalog.ManualEdge{
		From: catalog.Key(strings.TrimSpace(r.PostFormValue("from"))), To: catalog.Key(strings.TrimSpace(r.PostFormValue("to"))),
		Denied: r.PostFormValue("denied") != "", How: catalog.How(r.PostFormValue("how")),
		Reason: strings.TrimSpace(r.PostFormValue("reason")), Author: auth.From(r.Context()).Name(), Confidence: 1,
	}
	if text := r.PostFormValue("confidence"); text != "" {
		c, err := strconv.ParseFloat(text, 64)
		if err != nil || !(c > 0 && c <= 1) { // NaN is neither
			return u.showEdges(w, r, edgesPage{Form: e, Wrong: "The confidence is a number above 0 and up to 1."})
		}
		e.Confidence = c
	}
	if err := allowedEdge(r, e.From, e.To); err != nil {
		return err
	}
	_, err := u.Lineage.PutManualEdges(r.Context(), []catalog.ManualEdge{e})
	if catalog.CodeOf(err) == catalog.CodeInvalid {
		return u.showEdges(w, r, edgesPage{Form: e, Wrong: err.Error() + ". " + catalog.CureOf(err)})
	}
	if err != nil {
		return err
	}
	return done(w, r, edgesURL(e.To), "The edge is kept. It stays through every crawl and every build.")
}

// removeEdge forgets what a person said.
func (u *UI) removeEdge(w http.ResponseWriter, r *http.Request) error {
	from, to := catalog.Key(r.PostFormValue("from")), catalog.Key(r.PostFormValue("to"))
	if err := allowedEdge(r, from, to); err != nil {
		return err
	}
	if err := u.Lineage.RemoveManualEdge(r.Context(), from, to); err != nil {
		return err
	}
	return done(w, r, edgesURL(""), "The edge is removed. What the program reads by itself shows again.")
}

// allowedEdge needs the role at both ends that belong to a connection.
func allowedEdge(r *http.Request, ends ...catalog.Key) error {
	for _, k := range ends {
		if !auth.From(r.Context()).MayTrace(k) {
			return forbidden(auth.IntegrationAdmin)
		}
	}
	return nil
}

func edgesURL(k catalog.Key) string {
	if k == "" {
		return "/lineage/edges"
	}
	return "/lineage/edges?key=" + url.QueryEscape(string(k))
}
