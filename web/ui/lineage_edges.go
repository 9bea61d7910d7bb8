package ui

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// manualEdges lists what people said, and how it contradicts what the program reads.
func (u *UI) manualEdges(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	edges, err := u.Lineage.ManualEdges(r.Context(), auth.From(r.Context()).Scope(), catalog.Key(q.Get("key")))
	if err != nil {
		return err
	}
	return u.show(w, r, page{
		Template: "lineage-edges", Title: "Edges drawn by people", Nav: "lineage", Crumbs: []crumb{{"Lineage", "/lineage"}},
		Data: struct {
			Key, From, To string
			Edges         []catalog.ManualEdge
			MayEdit       bool
		}{q.Get("key"), q.Get("from"), q.Get("to"), edges, auth.From(r.Context()).MaySomewhere(auth.IntegrationAdmin)},
	})
}

// putEdge takes an edge, or the word that there is none.
func (u *UI) putEdge(w http.ResponseWriter, r *http.Request) error {
	e := catalog.ManualEdge{
		From: catalog.Key(strings.TrimSpace(r.FormValue("from"))), To: catalog.Key(strings.TrimSpace(r.FormValue("to"))),
		Denied: r.FormValue("denied") != "", How: catalog.How(r.FormValue("how")),
		Reason: strings.TrimSpace(r.FormValue("reason")), Author: auth.From(r.Context()).Name(), Confidence: 1,
	}
	if text := r.FormValue("confidence"); text != "" {
		c, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return invalid("confidence", "is a number from 0 to 1")
		}
		e.Confidence = c
	}
	if err := allowedEdge(r, e.From, e.To); err != nil {
		return err
	}
	if _, err := u.Lineage.PutManualEdges(r.Context(), []catalog.ManualEdge{e}); err != nil {
		return err
	}
	return done(w, r, edgesURL(e.To), "The edge is kept. It stays through every crawl and every build.")
}

// removeEdge forgets what a person said.
func (u *UI) removeEdge(w http.ResponseWriter, r *http.Request) error {
	from, to := catalog.Key(r.FormValue("from")), catalog.Key(r.FormValue("to"))
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
