package ui

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A ConnectionRegister reads, saves, checks and removes connections by their keys (contract §2).
type ConnectionRegister interface {
	Types() []catalog.ConnectionType
	Read(ctx context.Context, code string) (catalog.ConnectionDocument, error)
	Create(ctx context.Context, req catalog.SaveRequest) (catalog.SavedConnection, error)
	Replace(ctx context.Context, code string, req catalog.SaveRequest) (catalog.SavedConnection, error)
	Remove(ctx context.Context, code string) error
	// Check gives each step as it ends: code alone is a saved connection, keys alone one that isn't saved,
	// both a saved one as an edit would make it.
	Check(ctx context.Context, code string, req catalog.SaveRequest) (iter.Seq[catalog.CheckStep], error)
}

// A ConnectionReader reads what crawls made of connections. *postgres.DB is one.
type ConnectionReader interface {
	ConnectionRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ConnectionRow], error)
	// Stats has counts as RecentCounts gives them.
	Stats(ctx context.Context, scope catalog.Scope) (*catalog.Stats, error)
	// StatsSoFar has counts as CountsSoFar gives them.
	StatsSoFar(ctx context.Context, scope catalog.Scope) (*catalog.Stats, error)
	// RecentCounts tells what a connection had a moment ago, and when that was counted.
	RecentCounts(ctx context.Context, code string) (catalog.Counts, time.Time, error)
	// CountsSoFar is RecentCounts without a long wait: the zero time says that there are no counts yet.
	CountsSoFar(ctx context.Context, code string) (catalog.Counts, time.Time, error)
	// RemovalUses tells what would keep a connection from being removed.
	RemovalUses(ctx context.Context, code string) ([]catalog.Use, error)
	// LastRuns gives the newest crawl of each connection, by code.
	LastRuns(ctx context.Context, scope catalog.Scope) (map[string]catalog.RunRow, error)
	// SecretFaults tells why stored secrets of a connection can't be opened, by path.
	SecretFaults(ctx context.Context, code string) (map[string]*catalog.Error, error)
	// HealthHistory gives what a connection's health was, the newest first.
	HealthHistory(ctx context.Context, code string, limit int) ([]catalog.HealthChange, error)
}

func (u *UI) connectionRoutes() []route {
	all := []route{
		{"GET /connections/new", auth.ConnectorCreator, u.newConnection},
		{"POST /connections", auth.ConnectorCreator, u.createConnection},
		{"POST /connections/check", auth.ConnectorCreator, u.checkNewConnection},
		{"GET /connections/{code}", auth.Viewer, u.connection},
		{"GET /connections/{code}/edit", auth.ConnectorCreator, u.askConnection},
		{"POST /connections/{code}/edit", auth.ConnectorCreator, u.editConnection},
		{"GET /connections/{code}/settings", auth.ConnectorCreator, u.askSettings},
		{"POST /connections/{code}/settings", auth.ConnectorCreator, u.editSettings},
		{"GET /connections/{code}/check", auth.ConnectorCreator, u.askCheck},
		{"POST /connections/{code}/check", auth.ConnectorCreator, u.checkConnection},
		{"GET /connections/{code}/remove", auth.ConnectorCreator, u.askRemoval},
		{"POST /connections/{code}/remove", auth.ConnectorCreator, u.removeConnection},
	}
	if u.Logs != nil {
		all = append(all, route{"GET /connections/{code}/log", auth.Viewer, u.connectionLog})
	}
	return all
}

// codeFor is the code of the connection in the path, for somebody who needs a role on it. One that isn't
// there and one that he may not see can't be told apart.
func codeFor(r *http.Request, need auth.Role) (string, error) {
	code := r.PathValue("code")
	return code, mayOn(r, need, code)
}

// document is the connection in the path with all its keys, for somebody who needs a role on it; see codeFor.
func (u *UI) document(r *http.Request, need auth.Role) (catalog.ConnectionDocument, error) {
	code, err := codeFor(r, need)
	if err != nil {
		return catalog.ConnectionDocument{}, err
	}
	return u.Register.Read(r.Context(), code)
}

func mayOn(r *http.Request, need auth.Role, code string) error {
	p := auth.From(r.Context())
	if !p.Scope().Allows(code) {
		return &catalog.Error{Code: catalog.CodeNotFound, Op: "find connection", Key: catalog.Key(code), Err: errors.New("it isn't there, or you may not see it")}
	}
	if !p.MayOn(need, code) {
		return forbidden(need)
	}
	return nil
}

// rights are what the reader may do with one connection.
type rights struct{ Edit, Crawl, Grant bool }

func rightsOn(r *http.Request, code string) rights {
	p := auth.From(r.Context())
	return rights{p.MayOn(auth.ConnectorCreator, code), p.MayOn(auth.IntegrationAdmin, code), p.MayOn(auth.SecurityAdmin, code)}
}

// A connectorRow is one line of the first page.
type connectorRow struct {
	catalog.ConnectionRow
	Counts  catalog.Counts
	Counted bool           // false: the counts aren't there yet
	LastRun catalog.RunRow // ID 0: it was never crawled
	May     rights
	HasLog  bool // pages of crawls and logs are there
	Crawls  bool
}

// connectorsShown is how many connections one page lists.
const connectorsShown = 50

type connectorsPage struct {
	Rows        []connectorRow
	Find        string
	MayCreate   bool
	Next, First string
	Total       catalog.Counts
	Counted     bool // false: the counts aren't there yet
	Any         bool // there is a connection at all
}

// connectors is the first page: what is connected, and how it is.
func (u *UI) connectors(w http.ResponseWriter, r *http.Request) error {
	p, in := auth.From(r.Context()), r.URL.Query()
	d := connectorsPage{Find: in.Get("find"), MayCreate: p.MayItself(auth.ConnectorCreator)}
	q := catalog.Query{Scope: p.Scope(), Limit: connectorsShown, Cursor: in.Get("cursor"), Sort: []catalog.Order{{Column: "name"}}}
	if d.Find != "" {
		q.Filters = []catalog.Filter{{Column: "text", Op: catalog.Contains, Values: []string{d.Find}}}
	}
	rows, err := u.Connections.ConnectionRows(r.Context(), q)
	if err != nil {
		return err
	}
	stats, err := u.Connections.StatsSoFar(r.Context(), p.Scope())
	if err != nil {
		return err
	}
	runs, err := u.Connections.LastRuns(r.Context(), p.Scope())
	if err != nil {
		return err
	}
	of := map[string]catalog.ConnectionStats{}
	for _, c := range stats.Connections {
		of[c.Code] = c
	}
	for _, c := range rows.Items {
		d.Rows = append(d.Rows, connectorRow{c, of[c.Code].Counts, of[c.Code].Counted, runs[c.Code], rightsOn(r, c.Code), u.Logs != nil, u.Crawls != nil})
	}
	d.Total, d.Any = stats.Total, len(stats.Connections) > 0
	d.Counted = !d.Any || !stats.CountedAt.IsZero()
	if rows.Next != "" {
		d.Next = "/?" + url.Values{"find": {d.Find}, "cursor": {rows.Next}}.Encode()
	}
	if q.Cursor != "" {
		d.First = "/?" + url.Values{"find": {d.Find}}.Encode()
	}
	return u.show(w, r, page{Template: "connectors", Title: "Connectors", Nav: "connectors", Data: d})
}
