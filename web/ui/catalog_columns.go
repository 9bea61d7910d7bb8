package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Which columns of a list are shown, the reader chooses: the address says it once, then the browser's
// cookie does.

// columnCookie is the name of the cookie of a list; its value names the columns that are shown.
func columnCookie(k listKind) string { return "columns_" + k.Path }

// columnsFor are the titles of the columns that are shown of a list. A choice in the address is kept.
func columnsFor(w http.ResponseWriter, r *http.Request, k listKind) []string {
	if in := r.URL.Query(); in.Has("columns") {
		var shown []string
		for _, c := range k.columns[1:] {
			if slices.Contains(in["columns"], c.Title) {
				shown = append(shown, c.Title)
			}
		}
		http.SetCookie(w, &http.Cookie{
			Name: columnCookie(k), Value: url.QueryEscape(strings.Join(shown, ",")), Path: "/catalog", MaxAge: year,
			SameSite: http.SameSiteLaxMode, HttpOnly: true,
		})
		return shown
	}
	if c, err := r.Cookie(columnCookie(k)); err == nil {
		if titles, err := url.QueryUnescape(c.Value); err == nil {
			return strings.Split(titles, ",")
		}
	}
	var shown []string
	for _, c := range k.columns[1:] {
		if !c.Hidden {
			shown = append(shown, c.Title)
		}
	}
	return shown
}

// choose leaves the columns that are shown; the first one always is.
func (d *listPage) choose(titles []string) {
	columns := []sortedColumn{d.Columns[0]}
	var places []int
	for i, c := range d.Columns[1:] {
		shown := slices.Contains(titles, c.Title)
		d.Choice = append(d.Choice, columnChoice{c.Title, shown})
		if shown {
			columns, places = append(columns, c), append(places, i)
		}
	}
	d.Columns = columns
	for n, row := range d.Rows {
		cells := make([]any, len(places))
		for i, at := range places {
			cells[i] = row.Cells[at]
		}
		d.Rows[n].Cells = cells
	}
	for name, values := range d.Chosen {
		if name != "columns" {
			for _, v := range values {
				d.Kept = append(d.Kept, place{name, v})
			}
		}
	}
	slices.SortFunc(d.Kept, func(a, b place) int { return strings.Compare(a.Label, b.Label) })
}
