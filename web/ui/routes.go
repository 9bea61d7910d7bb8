package ui

import "github.com/qlikcrawler/qlikcrawler/web/auth"

// routes is the list of all pages.
func (u *UI) routes() []route {
	all := []route{
		{"GET /{$}", auth.Viewer, u.home},
		{"POST /theme", auth.Anyone, u.theme},
		{"GET /sign-in", auth.Anyone, u.askSignIn},
		{"POST /sign-in", auth.Anyone, u.signIn},
		{"POST /sign-out", auth.Anyone, u.signOut},
		{"GET /account", auth.Viewer, u.account},
		{"POST /account/password", auth.Viewer, u.changePassword},
	}
	if u.Catalog != nil {
		all = append(all, u.catalogRoutes()...)
	}
	if u.Lineage != nil {
		all = append(all,
			route{"GET /lineage", auth.Viewer, u.lineage},
			route{"GET /lineage/picture", auth.Viewer, u.lineagePicture},
			route{"GET /lineage/data", auth.Viewer, u.lineageData},
			route{"GET /lineage/gaps", auth.Viewer, u.lineageGaps},
			route{"GET /lineage/edges", auth.Viewer, u.manualEdges},
			route{"POST /lineage/edges", auth.IntegrationAdmin, u.putEdge},
			route{"POST /lineage/edges/remove", auth.IntegrationAdmin, u.removeEdge},
		)
	}
	if u.Register != nil && u.Connections != nil {
		all = append(all, u.connectionRoutes()...)
	}
	if u.Crawls != nil && u.CrawlStore != nil {
		all = append(all, u.crawlRoutes()...)
	}
	if u.Connections != nil {
		all = append(all, u.adminRoutes()...)
	}
	return all
}
