package main

import (
	"context"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/register"
	"github.com/qlikcrawler/qlikcrawler/connector/secret"
	"github.com/qlikcrawler/qlikcrawler/crawler/runlog"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
	"github.com/qlikcrawler/qlikcrawler/web/api"
)

// newRegister makes the register of connections; start starts a new connection's first crawl.
func (a *app) newRegister(db *database, start register.StartFunc) *register.Register {
	return register.New(register.Deps{
		Store: db.DB, Sources: sources(), Policy: a.config.policy, Resolve: secret.Resolver{Getenv: a.env.Getenv}.Resolve,
		Start: start, Log: a.log,
	})
}

// starter starts crawls through the scheduler: on whichever process has time.
func starter(crawls *scheduler.Scheduler) register.StartFunc {
	return func(ctx context.Context, run catalog.Run) (catalog.RunID, error) {
		asked, err := crawls.Request(ctx, run)
		return asked.ID, err
	}
}

// connectionDeps are what the API needs for connections.
func connectionDeps(d *api.Deps, db *database, r *register.Register) {
	d.Register, d.Connections = r, db.DB
	d.Logs = runlog.Files{Catalog: db.DB, Version: currentVersion().Version}
	d.JWT = newTokenMaker()
}

// How often the rounds are made, and how much each does.
const (
	healthEvery  = 5 * time.Minute // of one connection
	healthRound  = 10 * time.Second
	healthBatch  = 4
	removalRound = 5 * time.Second
)

// rounds are what the service looks after all the time: the connections' health, and those that are to go.
func (a *app) rounds(r *register.Register) []part {
	return []part{
		a.round("check the health of connections", healthRound, func(ctx context.Context) error { return r.CheckHealth(ctx, healthEvery, healthBatch) }),
		a.round("remove connections", removalRound, r.FinishRemovals),
	}
}

// round does something now and again until ctx ends. What fails is logged, and done again the next time.
func (a *app) round(what string, every time.Duration, do func(context.Context) error) part {
	return func(ctx context.Context) error {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "could not "+what, "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}
}
