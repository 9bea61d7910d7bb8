package ui

import (
	"net/http"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A conflictsPage is what templates/conflicts.html shows.
type conflictsPage struct {
	Lists       []listKind
	Type        catalog.FieldType
	Types       []choice
	Conflicts   []catalog.Conflict
	Done        bool // else there is too much to compare at once
	Next, First string
}

// conflicts lists names that master items go by whose formulas differ: reports that don't show the same under
// one name.
func (u *UI) conflicts(w http.ResponseWriter, r *http.Request) error {
	in := r.URL.Query()
	d := conflictsPage{Lists: listKinds, Type: catalog.Measure, Types: []choice{{"measure", "Measures"}, {"dimension", "Dimensions"}, {"variable", "Variables"}}}
	switch in.Get("type") {
	case "dimension":
		d.Type = catalog.Dimension
	case "variable":
		d.Type = catalog.Variable
	}
	var err error
	var next string
	d.Conflicts, next, d.Done, err = u.Catalog.Conflicts(r.Context(), scopeOf(r), d.Type, in.Get("behind"), listLimit)
	if err != nil {
		return err
	}
	if next != "" {
		d.Next = changed(r.URL, "behind", next)
	}
	if in.Get("behind") != "" {
		d.First = changed(r.URL, "behind", "")
	}
	return u.show(w, r, page{Template: "conflicts", Title: "Several definitions", Nav: "catalog", Crumbs: []crumb{{"Catalog", "/catalog"}}, Data: d})
}
