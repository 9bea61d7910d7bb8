package main

import (
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/ui"
)

// pages tells the pages what to read with: what they share with the API is the same.
func (a *app) pages(db *database) *ui.Deps {
	return &ui.Deps{Audit: db.DB, Catalog: db.DB, Lineage: db.DB}
}

// pageDeps are what the pages of connections and crawls need.
func pageDeps(d *ui.Deps, db *database, with api.Deps) {
	d.Register, d.Connections, d.Logs = with.Register, db.DB, with.Logs
	d.Crawls, d.CrawlStore, d.Schedules = with.Crawls, db.DB, with.Schedules
}
