package ui

import "github.com/qlikcrawler/qlikcrawler/web/auth"

// routes is the list of all pages.
func (u *UI) routes() []route {
	return []route{
		{"POST /theme", auth.Anyone, u.theme},
	}
}
