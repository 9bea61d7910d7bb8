// Package ui is the pages of the program: HTML made on the server, that works without JavaScript; the
// modules in static/ make it livelier. One file a page, one list of routes.
//
// # Adding a page
//
// Write a file named after it. Declare the small interface that the page reads with, add a field of it to
// Deps, write a handler, and register it in routes:
//
//	type crawlReader interface { // *postgres.DB has it; cmd connects them
//		Run(ctx context.Context, id catalog.RunID) (catalog.Run, error)
//	}
//
//	func (u *UI) crawl(w http.ResponseWriter, r *http.Request) error {
//		run, err := u.Crawls.Run(r.Context(), …)
//		if err != nil {
//			return err // fail makes a page of it: not found, forbidden, or an error with its request's number
//		}
//		return u.show(w, r, page{Template: "crawl", Title: "Crawl 12", Nav: "crawls", Crumbs: …, Data: run})
//	}
//
// Its template stands in templates/crawl.html and defines "main"; templates/parts.html has what pages share.
// A handler is given only to those who may: routes says which role each needs.
package ui

import (
	"cmp"
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// Deps are what the pages call. The pages of a nil field aren't there, and nothing leads to them.
type Deps struct {
	Log     *slog.Logger
	Version string
	Now     func() time.Time // nil: time.Now

	Guard *auth.Guard

	// RequestID gives what the log knows a request by.
	RequestID func(*http.Request) string
	// Audit keeps who changed what.
	Audit interface {
		AddAudit(ctx context.Context, e catalog.AuditEntry) error
	}

	Catalog Catalog
	Lineage Lineage

	LineageBuilder LineageBuilder

	Register    ConnectionRegister // the connectors' pages; with Connections
	Connections ConnectionReader
	Logs        LogReader

	Crawls     Crawls // the pages of crawls; with CrawlStore
	CrawlStore CrawlStore
	Schedules  Schedules // with Crawls

	Users    UserStore // the administration; with Connections
	Tokens   TokenStore
	AuditLog AuditReader
	JWT      TokenMaker
	Facts    func(context.Context) ([]Fact, error) // about the program
}

// A UI has registered its pages on a mux.
type UI struct {
	Deps
	templates map[string]*template.Template
	static    staticFiles
}

// Pages are the patterns of http.ServeMux under which this program's pages are read, in the order of routes.
func (u *UI) Pages() []string {
	var all []string
	for _, rt := range u.routes() {
		if strings.HasPrefix(rt.pattern, "GET ") {
			all = append(all, rt.pattern)
		}
	}
	return all
}

// New registers the pages. Requests must come with their principal in the context (auth.With).
func New(mux *http.ServeMux, d Deps) (*UI, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	u := &UI{Deps: d}
	var err error
	if u.static, err = loadStatic(); err != nil {
		return nil, err
	}
	if u.templates, err = u.parse(); err != nil {
		return nil, err
	}
	mux.Handle("GET /static/", u.static)
	for _, rt := range u.routes() {
		mux.Handle(rt.pattern, u.handle(rt))
	}
	mux.HandleFunc("/", u.nothing(mux))
	return u, nil
}

// nothing answers what no route of the whole program is for: another path, or another method of one.
func (u *UI) nothing(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r = withTrail(r)
		allowed := allowedAt(mux, r)
		if len(allowed) == 0 {
			u.fail(w, r, &catalog.Error{Code: catalog.CodeNotFound, Op: "find the page"})
			return
		}
		methods := strings.Join(allowed, ", ")
		w.Header().Set("Allow", methods)
		u.showFailure(w, r, failure{
			Status: http.StatusMethodNotAllowed, Title: "That isn't done here", Text: r.Method + " is no method of this address.", Cure: "Use " + methods + ".",
		})
	}
}

// allowedAt are the methods that a path has.
func allowedAt(mux *http.ServeMux, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := mux.Handler(probe); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// A route is one page, or one form's target.
type route struct {
	pattern string    // of http.ServeMux
	role    auth.Role // that the reader needs, on any connection; auth.Anyone: no login needed
	handler func(http.ResponseWriter, *http.Request) error
}

// handle gives a route its guard and its error page. Who isn't signed in is sent to sign in, and comes back.
func (u *UI) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := auth.From(r.Context())
		r = withTrail(r)
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		switch {
		case rt.role != auth.Anyone && !p.Known():
			toSignIn(w, r)
		case rt.role != auth.Anyone && !p.MaySomewhere(rt.role):
			u.fail(w, r, forbidden(rt.role))
		default:
			err := r.ParseForm()
			if err != nil {
				err = &catalog.Error{Code: catalog.CodeInvalid, Op: "read the form", Err: err}
			} else {
				err = rt.handler(w, r)
			}
			u.audit(r, rt, err)
			if err != nil {
				u.fail(w, r, err)
			}
		}
	})
}

// maxForm is how long a form may be, in bytes.
const maxForm = 1 << 20

// audit keeps that a form was sent, by whom, and whether it was taken. The API's calls have their own rows.
func (u *UI) audit(r *http.Request, rt route, failed error) {
	if r.Method == http.MethodGet || u.Audit == nil || rt.role == auth.Anyone {
		return
	}
	p, t := auth.From(r.Context()), trailOf(r)
	e := catalog.AuditEntry{
		User: p.Name(), Via: p.Via(), Address: auth.Address(r.Context()), Action: rt.pattern, Method: r.Method, Path: r.URL.Path,
		Connection: cmp.Or(r.PathValue("code"), t.connection), Status: int64(cmp.Or(t.status, http.StatusOK)), Detail: strings.Join(t.words, "; "),
	}
	if u.RequestID != nil {
		e.RequestID = u.RequestID(r)
	}
	if failed != nil {
		e.Status, e.Detail = http.StatusUnprocessableEntity, "refused: "+string(catalog.CodeOf(failed))
	}
	if err := u.Audit.AddAudit(context.WithoutCancel(r.Context()), e); err != nil {
		u.Log.ErrorContext(r.Context(), "the audit row of a form could not be written", "action", rt.pattern, "error", err)
	}
}
