package main

import (
	"context"
	"net"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
	"github.com/qlikcrawler/qlikcrawler/connector/register"
	"github.com/qlikcrawler/qlikcrawler/connector/secret"
	"github.com/qlikcrawler/qlikcrawler/crawler/runlog"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
	"github.com/qlikcrawler/qlikcrawler/scheduler/notify"
	"github.com/qlikcrawler/qlikcrawler/web/api"
)

// newRegister makes the register of connections; start starts a new connection's first crawl.
func (a *app) newRegister(db *database, start register.StartFunc) *register.Register {
	return register.New(register.Deps{
		Store: db.DB, Sources: sources(), Policy: a.config.policy, Resolve: secret.Resolver{Getenv: a.env.Getenv}.Resolve,
		CheckSchedule: checkSchedule, Start: start, Log: a.log,
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

// newSender makes what tells people and programs of crawls.
func (a *app) newSender(db *database, publicURL string) (*notify.Sender, error) {
	links := notify.Links{Base: publicURL}
	d := notify.Deps{Outbox: db.DB, Wanted: document.NotifyOf, Log: a.log}
	var err error
	if a.config.SMTPURL != "" {
		if d.Mail, err = notify.NewMailer(notify.MailDeps{URL: a.config.SMTPURL, Dial: (&net.Dialer{Timeout: mailDialLimit}).DialContext, Links: links}); err != nil {
			return nil, wrongUse("QLIKCRAWLER_SMTP_URL: %w", err)
		}
	}
	d.Hooks, err = notify.NewHooks(notify.HookDeps{
		Secret: a.config.WebhookSecret, Dial: a.config.policy.Network.DialContext, Links: links, Version: currentVersion().Version, Resolve: a.resolveText,
	})
	if err != nil {
		return nil, wrongUse("QLIKCRAWLER_WEBHOOK_SECRET: %w", err)
	}
	return notify.New(d), nil
}

// mailDialLimit is how long connecting to the mail server may take. Its address is the operator's: it isn't
// guarded.
const mailDialLimit = 20 * time.Second

// resolveText gives a text, or what it refers to.
func (a *app) resolveText(ctx context.Context, text string) (string, error) {
	if _, ok := connector.SecretReference(text); !ok {
		return text, nil
	}
	ref, err := connector.ParseReference(text)
	if err != nil {
		return "", err
	}
	return secret.Resolver{Getenv: a.env.Getenv}.Resolve(ctx, ref)
}

// How often the rounds are made, and how much each does.
const (
	notifyRound  = 10 * time.Second
	healthEvery  = 5 * time.Minute // of one connection
	healthRound  = 10 * time.Second
	healthBatch  = 4
	removalRound = 5 * time.Second
)

// rounds are what the service looks after all the time: what crawls have to tell, the connections' health,
// and those that are to go.
func (a *app) rounds(r *register.Register, told *notify.Sender) []part {
	return []part{
		a.round("tell what crawls did", notifyRound, told.Deliver),
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
