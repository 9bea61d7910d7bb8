package main

import (
	"context"
	"os"
	"time"

	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/ui"
)

// pages tells the pages what to read with: what they share with the API is the same.
func (a *app) pages(db *database) *ui.Deps {
	return &ui.Deps{Audit: db.DB, Catalog: db.DB, Lineage: db.DB}
}

// pageDeps are what the pages of connections, crawls and the administration need.
func pageDeps(d *ui.Deps, db *database, with api.Deps) {
	d.Register, d.Connections, d.Logs = with.Register, db.DB, with.Logs
	d.Crawls, d.CrawlStore, d.Schedules = with.Crawls, db.DB, with.Schedules
	d.LineageBuilder = with.LineageBuilder
	d.Users, d.Tokens, d.AuditLog = db.DB, db.DB, db.DB
	d.JWT = pageTokens{with.JWT}
	d.Facts = facts(db, time.Now())
}

// pageTokens gives the pages what the API has for keys and tokens.
type pageTokens struct{ api.TokenMaker }

func (t pageTokens) KeyPair(ctx context.Context, bits, days int) (ui.JWTKeyPair, error) {
	pair, err := t.TokenMaker.KeyPair(ctx, bits, days)
	return ui.JWTKeyPair(pair), err
}

func (t pageTokens) Sign(ctx context.Context, s ui.JWTSpec) (string, error) {
	return t.TokenMaker.Sign(ctx, api.JWTSpec(s))
}

func (t pageTokens) Inspect(ctx context.Context, q ui.JWTQuestion) (ui.JWTFindings, error) {
	found, err := t.TokenMaker.Inspect(ctx, api.JWTQuestion(q))
	return ui.JWTFindings(found), err
}

// facts tell what runs here. They hold no secret and no address of the database.
func facts(db *database, started time.Time) func(context.Context) ([]ui.Fact, error) {
	return func(ctx context.Context) ([]ui.Fact, error) {
		v := currentVersion()
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		database := "given by QLIKCRAWLER_DATABASE_URL"
		if db.server != nil {
			database = "embedded Postgres"
		}
		state := "reachable, and of this program's version"
		if err := db.ready(ctx); err != nil {
			state = "not ready: the log says why"
		}
		return []ui.Fact{
			{Name: "Version", Value: v.Version},
			{Name: "Commit", Value: v.Commit},
			{Name: "Built with", Value: v.Go + ", for " + v.OS + "/" + v.Arch},
			{Name: "Machine", Value: host},
			{Name: "Running since", Value: started.UTC().Format("2006-01-02 15:04:05 UTC")},
			{Name: "Database", Value: database},
			{Name: "State of the database", Value: state},
		}, nil
	}
}
