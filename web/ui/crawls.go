package ui

import (
	"context"
	"net/http"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// Crawls asks for crawls and ends them: the scheduler.
type Crawls interface {
	// Request queues a crawl, and gives it as it was stored. CodeConflict with a *catalog.InFlight when a
	// sweep of the connection stands in its way.
	Request(ctx context.Context, r catalog.Run) (catalog.Run, error)
	Cancel(ctx context.Context, id catalog.RunID, why string) error
}

// LineageBuilder makes a connection's lineage anew, in the background: the scheduler.
type LineageBuilder interface {
	BuildLineage(ctx context.Context, code string) error
}

// CrawlStore reads crawls. *postgres.DB is one.
type CrawlStore interface {
	RunRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.RunRow], error)
	RunRow(ctx context.Context, id catalog.RunID) (catalog.RunRow, error)
	OutcomeRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.OutcomeRow], error)
	// RunInHand tells which apps are being read just now, some of them by name.
	RunInHand(ctx context.Context, id catalog.RunID, names int) (catalog.InHand, error)
}

func (u *UI) crawlRoutes() []route {
	all := []route{
		{"GET /crawls", auth.Viewer, u.crawls},
		{"GET /crawls/{id}", auth.Viewer, u.crawl},
		{"GET /crawls/{id}/progress", auth.Viewer, u.crawlProgress},
		{"POST /crawls/{id}/cancel", auth.IntegrationAdmin, u.cancelCrawl},
		{"POST /crawls/{id}/retry", auth.IntegrationAdmin, u.retryCrawl},
		{"GET /connections/{code}/crawl", auth.IntegrationAdmin, u.askCrawl},
		{"POST /connections/{code}/crawl", auth.IntegrationAdmin, u.startCrawl},
	}
	if u.LineageBuilder != nil {
		all = append(all, route{"POST /connections/{code}/lineage/build", auth.IntegrationAdmin, u.buildLineage})
	}
	if u.Schedules != nil {
		all = append(all,
			route{"GET /connections/{code}/schedule", auth.Viewer, u.askSchedule},
			route{"POST /connections/{code}/schedule", auth.IntegrationAdmin, u.setSchedule},
			route{"POST /connections/{code}/schedule/remove", auth.IntegrationAdmin, u.removeSchedule},
		)
	}
	return all
}

const crawlsShown = 50

// crawlFilters are what the list of crawls is filtered by, with what they may be.
var crawlFilters = []listFilter{
	{Name: "state", Label: "State", Choices: choices("queued", "running", "done", "failed", "cancelled", "interrupted")},
	{Name: "mode", Label: "Mode", Choices: choices("full", "delta", "selected")},
	{Name: "trigger", Label: "Asked by", Choices: choices("schedule", "ui", "api", "cli", "created")},
}

func choices(values ...string) []choice {
	out := []choice{{"", "any"}}
	for _, v := range values {
		out = append(out, choice{v, v})
	}
	return out
}

type crawlsPage struct {
	Rows        []catalog.RunRow
	Connection  string
	Filters     []listFilter
	Next, First string
	Filtered    bool
}

// crawls lists crawls, the newest first.
func (u *UI) crawls(w http.ResponseWriter, r *http.Request) error {
	in := r.URL.Query()
	d := crawlsPage{Connection: strings.TrimSpace(in.Get("connection"))}
	q := catalog.Query{Scope: auth.From(r.Context()).Scope(), Limit: crawlsShown, Cursor: in.Get("cursor")}
	if d.Connection != "" {
		q.Filters = append(q.Filters, catalog.Filter{Column: "connection", Op: catalog.Equals, Values: []string{d.Connection}})
	}
	for _, f := range crawlFilters {
		if f.Value = in.Get(f.Name); f.Value != "" {
			q.Filters = append(q.Filters, catalog.Filter{Column: f.Name, Op: catalog.Equals, Values: []string{f.Value}})
		}
		d.Filters = append(d.Filters, f)
	}
	d.Filtered = len(q.Filters) > 0
	rows, err := u.CrawlStore.RunRows(r.Context(), q)
	if err != nil {
		return err
	}
	d.Rows = rows.Items
	if rows.Next != "" {
		d.Next = changed(r.URL, "cursor", rows.Next)
	}
	if q.Cursor != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	return u.show(w, r, page{Template: "crawls", Title: "Crawls", Nav: "crawls", Data: d})
}
