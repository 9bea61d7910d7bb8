package ui

import "net/http"

// home is the first page.
func (u *UI) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/lineage", http.StatusSeeOther)
	return nil
}
