package main

import "github.com/qlikcrawler/qlikcrawler/web/ui"

// pages tells the pages what to read with.
func (a *app) pages(db *database) *ui.Deps {
	return &ui.Deps{Audit: db.DB, Catalog: db.DB, Lineage: db.DB}
}
