package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// Crawls asks for crawls and ends them: the scheduler.
type Crawls interface {
	// Request queues a crawl, and gives it as it was stored. CodeConflict with a *catalog.InFlight when
	// a sweep of the connection stands in its way.
	Request(ctx context.Context, r catalog.Run) (catalog.Run, error)
	Cancel(ctx context.Context, id catalog.RunID, why string) error
}

// CrawlStore reads crawls.
type CrawlStore interface {
	catalog.QueryChecker
	RunRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.RunRow], error)
	RunRow(ctx context.Context, id catalog.RunID) (catalog.RunRow, error)
	OutcomeRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.OutcomeRow], error)
	OutcomesSince(ctx context.Context, run catalog.RunID, mark int64, over bool) ([]catalog.FedOutcome, error)
	RowChanges(ctx context.Context, run catalog.RunID, apps []catalog.Key) (map[catalog.Key]catalog.RowChanges, error)
}

type startCrawl struct {
	Code string `path:"code" doc:"The connection's code."`
	Body startCrawlBody
}

type startCrawlBody struct {
	Mode            string        `json:"mode,omitempty" enum:"full,delta,selected" doc:"How much is read: everything, what changed (the usual), or the apps and groups named here. The first crawl of a connection is a full one."`
	Apps            []string      `json:"apps,omitempty" maxItems:"1000" doc:"Ids, keys or names of apps to read: a selected crawl."`
	Groups          []catalog.Key `json:"groups,omitempty" maxItems:"1000" doc:"Keys of report groups whose apps are read: a selected crawl."`
	AllowMassRetire bool          `json:"allow_mass_retire,omitempty" doc:"What is gone from the site may be retired even if it is most of the catalog."`
	Trigger         string        `json:"trigger,omitempty" enum:"api,ui,cli" doc:"What is asking, for the list of crawls; left out: api."`
}

// run is the crawl that is asked for.
func (b startCrawlBody) run(code, who string) (catalog.Run, error) {
	return catalog.CrawlRequest{
		Mode: catalog.Mode(b.Mode), Apps: b.Apps, Groups: b.Groups, AllowMassRetire: b.AllowMassRetire, Trigger: catalog.Trigger(b.Trigger),
	}.Run(code, who)
}

// Resolve tells what is wrong with the request.
func (in *startCrawl) Resolve(hc huma.Context) []error {
	_, err := in.Body.run(in.Code, auth.From(hc.Context()).Name())
	return faultsOf(err)
}

type startedCrawl struct {
	Location string `header:"Location" doc:"Where the crawl can be followed."`
	Body     catalog.RunRow
}

type oneCrawl struct {
	ID int64 `path:"id" minimum:"1" doc:"The crawl's number."`
}

type crawlOutput struct {
	Body catalog.RunRow
}

// crawls registers what concerns crawls on demand.
func (a *API) crawls() {
	if a.CrawlStore == nil || a.Crawls == nil {
		return
	}
	list(a, op{ID: "list-crawls", Path: "/crawls", Summary: "List crawls", Tag: "crawls", Role: auth.Viewer, List: catalog.ListRuns, Queries: a.CrawlStore},
		func(ctx context.Context, _ *ListParams, q catalog.Query) (catalog.Page[catalog.RunRow], error) {
			q.Fields = nil // all of a row is one read
			return a.CrawlStore.RunRows(ctx, q)
		})
	register(a, op{
		ID: "start-crawl", Method: http.MethodPost, Path: "/connections/{code}/crawls", Status: http.StatusAccepted, Tag: "crawls",
		Summary: "Start a crawl", Role: auth.IntegrationAdmin, ConnectionParam: "code",
		Description: "Queues a crawl for whichever process has time. While another sweep (full or delta) of the connection is in flight, " +
			"the answer is 409, with that crawl in Location and in conflicts. To try failed apps again, name them in apps.",
	}, a.startCrawl)
	register(a, op{
		ID: "read-crawl", Method: http.MethodGet, Path: "/crawls/{id}", Summary: "Read a crawl", Tag: "crawls", Role: auth.Viewer, ConnectionLater: true,
	}, func(ctx context.Context, in *oneCrawl) (*crawlOutput, error) {
		row, err := a.crawlFor(ctx, auth.Viewer, in.ID)
		return &crawlOutput{row}, err
	})
	register(a, op{
		ID: "cancel-crawl", Method: http.MethodDelete, Path: "/crawls/{id}", Summary: "Cancel a crawl", Tag: "crawls",
		Role: auth.IntegrationAdmin, ConnectionLater: true, Status: http.StatusNoContent,
		Description: "Nothing is written for it from now on; the processes that work on it notice within two seconds. What it has stored stays.",
	}, a.cancelCrawl)
	a.outcomes()
	a.crawlEvents()
}

func (a *API) startCrawl(ctx context.Context, in *startCrawl) (*startedCrawl, error) {
	run, err := in.Body.run(in.Code, auth.From(ctx).Name())
	if err != nil {
		return nil, err
	}
	run, err = a.Crawls.Request(ctx, run)
	var other *catalog.InFlight
	switch {
	case errors.As(err, &other):
		p := conflict(fmt.Sprintf("%s.", other), "Wait until it ends, or cancel it with DELETE on it.", crawlPath(int64(other.Run)))
		p.headers.Set("Location", crawlPath(int64(other.Run)))
		return nil, p
	case err != nil:
		return nil, unfoundConnection(err, in.Code)
	}
	annotate(ctx, fmt.Sprintf("crawl %d, %s", run.ID, run.Mode))
	row, err := a.CrawlStore.RunRow(ctx, run.ID)
	return &startedCrawl{Location: crawlPath(int64(run.ID)), Body: row}, err
}

func crawlPath(id int64) string { return Prefix + "/crawls/" + strconv.FormatInt(id, 10) }

func (a *API) cancelCrawl(ctx context.Context, in *oneCrawl) (*struct{}, error) {
	row, err := a.crawlFor(ctx, auth.IntegrationAdmin, in.ID)
	if err != nil {
		return nil, err
	}
	aboutConnection(ctx, row.Connection)
	annotate(ctx, fmt.Sprintf("crawl %d", in.ID))
	return &struct{}{}, a.Crawls.Cancel(ctx, catalog.RunID(in.ID), "cancelled by "+auth.From(ctx).Name())
}

// crawlFor reads a crawl for somebody who needs that role on its connection. One that isn't there and one
// that he may not see can't be told apart.
func (a *API) crawlFor(ctx context.Context, need auth.Role, id int64) (catalog.RunRow, error) {
	row, err := a.CrawlStore.RunRow(ctx, catalog.RunID(id))
	refused := allow(ctx, need, row.Connection)
	switch {
	case catalog.CodeOf(err) == catalog.CodeNotFound, err == nil && !auth.From(ctx).Scope().Allows(row.Connection):
		return catalog.RunRow{}, missing(fmt.Sprintf("crawl %d", id), "List the crawls that you may see with GET "+Prefix+"/crawls.")
	case err != nil:
		return catalog.RunRow{}, err
	case refused != nil:
		return catalog.RunRow{}, refused
	}
	return row, nil
}

type outcomeParams struct {
	ListParams
	ID int64 `path:"id" minimum:"1" doc:"The crawl's number."`
}

// outcomes lists what became of the apps of a crawl.
func (a *API) outcomes() {
	list(a, op{
		ID: "list-outcomes", Path: "/crawls/{id}/outcomes", Summary: "List what became of the apps of a crawl", Tag: "crawls",
		Role: auth.Viewer, ConnectionLater: true, List: catalog.ListOutcomes, Queries: a.CrawlStore,
	}, func(ctx context.Context, in *outcomeParams, q catalog.Query) (catalog.Page[catalog.OutcomeRow], error) {
		if _, err := a.crawlFor(ctx, auth.Viewer, in.ID); err != nil {
			return catalog.Page[catalog.OutcomeRow]{}, err
		}
		q.Fields = nil
		q.Filters = append(q.Filters, catalog.Filter{Column: "run", Op: catalog.Equals, Values: []string{strconv.FormatInt(in.ID, 10)}})
		page, err := a.CrawlStore.OutcomeRows(ctx, q)
		if err != nil {
			return page, err
		}
		return page, a.countRows(ctx, catalog.RunID(in.ID), page.Items)
	})
}

// countRows tells how many rows changed in the apps of outcomes.
func (a *API) countRows(ctx context.Context, run catalog.RunID, list []catalog.OutcomeRow) error {
	apps := make([]catalog.Key, len(list))
	for i, o := range list {
		apps[i] = o.AppKey
	}
	changes, err := a.CrawlStore.RowChanges(ctx, run, apps)
	for i := range list {
		if c, any := changes[list[i].AppKey]; any {
			list[i].Rows = &c
		}
	}
	return err
}
