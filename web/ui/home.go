package ui

import "net/http"

// home is the first page: the connectors, where there are any pages of them.
func (u *UI) home(w http.ResponseWriter, r *http.Request) error {
	if u.Register != nil && u.Connections != nil {
		return u.connectors(w, r)
	}
	http.Redirect(w, r, "/lineage", http.StatusSeeOther)
	return nil
}
