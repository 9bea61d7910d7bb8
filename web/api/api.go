// Package api is the HTTP API of contract §5, under /api/v1: one file a resource, described by an
// OpenAPI document that is made from the handlers.
//
// # Adding a resource
//
// Write a file named after it. Declare the small interface that it calls, add a field of it to Deps,
// write a method that registers its operations, and call that in New:
//
//	type crawlReader interface { // implemented by *postgres.DB or the scheduler; cmd connects them
//		Crawls(ctx context.Context, q catalog.Query) (catalog.Page[catalog.Run], error)
//	}
//
//	type crawl struct { // what goes out: JSON names are those of the contract's columns
//		ID    int64  `json:"id" doc:"Numbers the crawls of all connections."`
//		State string `json:"state" enum:"queued,running,done" doc:"Where it stands."`
//	}
//
//	func (a *API) crawls() {
//		list(a, op{ID: "list-crawls", Method: "GET", Path: "/crawls", Summary: "List crawls", Tag: "crawls",
//			Role: auth.Viewer, List: catalog.ListRuns, Queries: a.CrawlStore},
//			func(ctx context.Context, in *ListParams, q catalog.Query) (catalog.Page[crawl], error) { … })
//		register(a, op{ID: "start-crawl", Method: "POST", Path: "/connections/{code}/crawls", Status: 202,
//			Summary: "Start a crawl", Tag: "crawls", Role: auth.IntegrationAdmin, ConnectionParam: "code"},
//			func(ctx context.Context, in *startCrawl) (*started, error) { … auth.From(ctx).Name() … })
//	}
//
// # What the platform does for every operation
//
//   - Authorization, by op.Role and by the connection that op.ConnectionParam (a path parameter) or
//     op.KeyParam (a query parameter with a catalog key) names. A connection that the principal may not
//     see is 404, a missing role 403. Where only the handler knows the connection (a crawl's number),
//     set op.ConnectionLater, and call allow(ctx, role, code) before anything is told or done: an
//     answer without it is a 500. What belongs to no connection needs its role on everything
//     (security_admin, admin) or as the user's own (others). Lists: put Query's Scope to use.
//   - Bad input is told all at once, each fault with its place and its cure. huma's tags validate
//     (minLength, enum, pattern …); unknown keys and query parameters are refused; what else can be
//     wrong the input's Resolve tells, as catalog.FieldErrors; see faults.go.
//   - Errors: return a *catalog.Error, or whatever wraps one; problem.go has the one table of codes
//     and statuses. Text of internal errors goes to the log only.
//   - GET lists: ?limit= &cursor= &sort=-a,b &fields=a,b &filter=column:op:value; see list.go.
//   - Edits: embed IfMatch in the input and an ETag header in the output; see conditional.go. A GET
//     with an ETag answers 304 to If-None-Match by itself.
//   - Mutating calls (all but GET): Idempotency-Key, an audit row, body limit (op.MaxBody, 1 MB).
//     annotate(ctx, "…") adds words to the audit row. Never a secret.
//   - A time limit (op.Timeout, 30 s): the context ends. op.Stream lifts it, and the write deadline.
//
// Tests: see newSite in site_test.go, which serves Deps to principals of your choice.
package api

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// Prefix is where the API is.
const Prefix = "/api/v1"

// Deps are what the API calls. A nil field leaves its resource out.
type Deps struct {
	Log     *slog.Logger // nil: discard
	Version string       // of the program
	// Stopping is closed when the service stops: what streams ends then. nil: never.
	Stopping <-chan struct{}

	Guard  *auth.Guard // logs people in; nil: no users, tokens and sessions
	Users  UserStore
	Tokens TokenStore
	Audit  AuditStore // also keeps a row for every mutating call
	Calls  CallStore  // nil: Idempotency-Key is not looked at

	Register    ConnectionRegister // connections by their keys; with Connections
	Connections ConnectionReader
	Logs        LogReader
	JWT         TokenMaker

	Crawls     Crawls
	CrawlStore CrawlStore
	CrawlWatch CrawlWatch // nil: streams look by themselves
	Schedules  Schedules

	Catalog        CatalogStore // what was crawled
	Lineage        LineageStore
	LineageBuilder LineageBuilder
	Export         ExportStore
}

// An API has registered its operations on a mux.
type API struct {
	Deps
	huma huma.API
	mux  *routes
}

// routes remembers what is registered on a mux, which doesn't tell.
type routes struct {
	mux      *http.ServeMux
	patterns []string
}

func (r *routes) HandleFunc(pattern string, handle func(http.ResponseWriter, *http.Request)) {
	r.patterns = append(r.patterns, pattern)
	r.mux.HandleFunc(pattern, handle)
}

func (r *routes) ServeHTTP(w http.ResponseWriter, q *http.Request) { r.mux.ServeHTTP(w, q) }

// Patterns are all routes of the API, as they are on the mux.
func (a *API) Patterns() []string { return a.mux.patterns }

// OpenAPI is the description of the API.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// New registers the API's operations under Prefix. Requests must come with their principal in the
// context (auth.With); none means somebody unknown.
func New(mux *http.ServeMux, d Deps) *API {
	settle()
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{Deps: d, mux: &routes{mux: mux}}
	a.huma = humago.NewWithPrefix(a.mux, Prefix, a.config())
	a.routes()
	return a
}

// routes is the list of all resources.
func (a *API) routes() {
	if a.Guard != nil {
		a.session()
		a.users()
		a.tokens()
	}
	if a.Audit != nil {
		a.audit()
	}
	a.connections()
	a.jwt()
	a.crawls()
	a.schedules()
	if a.Catalog != nil {
		a.catalog()
	}
	if a.Lineage != nil {
		a.lineageReads()
		a.lineageWrites()
	}
	if a.Export != nil {
		a.export()
	}
	a.document()
}

// settle sets what huma keeps in globals. It is the same for every API of the process.
var settle = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return invalidRequest(nil, status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		for _, stray := range strays(ctx.Context()) {
			errs = append(errs, stray)
		}
		return invalidRequest(ctx, status, message, errs)
	}
})

func (a *API) config() huma.Config {
	c := huma.DefaultConfig("qlikcrawler", a.Version)
	c.Info.Description = apiDescription
	c.CreateHooks = nil // no $schema fields
	c.DocsPath, c.OpenAPIPath, c.SchemasPath = "", "", ""
	c.RejectUnknownQueryParameters = false // lookForStrays tells them, with all else that is wrong
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer":  {Type: "http", Scheme: "bearer", Description: "An API token, for programs."},
		"session": {Type: "apiKey", In: "cookie", Name: "qlikcrawler", Description: "A session's cookie, for people; over https its name is __Host-qlikcrawler."},
	}
	return c
}

const apiDescription = `The catalog of Qlik Sense sites: connections, crawls, reports, lineage.`
