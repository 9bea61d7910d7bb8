package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/embedded"
	"github.com/qlikcrawler/qlikcrawler/web"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// serveFlags are what the command line says of the service.
type serveFlags struct {
	demo   bool // of the demo: how to log in is said each time
	noWeb  bool
	noWork bool
	slots  int

	auditFor string // how long the audit log is kept; "": for ever

	web webFlags

	connections string // a folder of connection files; "": none
}

func newServe(a *app) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service: API, pages, schedules, crawls",
		Long: `Run the service until Ctrl-C or SIGTERM: the API and its pages, the schedules, and the crawls.

It listens on this machine only, until --listen says otherwise; beyond it only with TLS, or behind a
proxy that has TLS. The first start makes a user "admin" and prints the password, once.

Any number of these processes may share one database.`,
		Example: "  qlikcrawler serve\n  qlikcrawler serve --listen :8443 --tls-cert cert.pem --tls-key key.pem\n" +
			"  qlikcrawler serve --listen :8080 --behind-proxy",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd, f) },
	}
	f.web.flags(cmd.Flags())
	cmd.Flags().BoolVar(&f.noWeb, "no-web", false, "no API and no pages in this process")
	f.workFlags(cmd.Flags())
	cmd.Flags().StringVar(&f.connections, "connections", "", "folder of connection files (YAML) to apply at the start, when they change, and on SIGHUP")
	return cmd
}

// serve opens the database and runs the service on it until ctx ends.
func (a *app) serve(cmd *cobra.Command, f serveFlags) (err error) {
	ctx := cmd.Context()
	if err := errors.Join(f.web.validate(a.env.Getenv), f.validateWork()); err != nil {
		return err
	}
	db, err := a.openDatabase(ctx, embedded.RoleServer, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close(ctx)) }()
	return a.runService(ctx, db, f, cmd.OutOrStdout())
}

// A part of the service runs until its context ends, and then stops in an orderly way. An error ends the
// whole service.
type part func(ctx context.Context) error

// A wiring is the service with its parts connected.
type wiring struct {
	site     *web.Site
	stopping chan struct{} // closed when the HTTP side stops: streams end then
	parts    []part
	end      func(context.Context) error // sends the traces that are left
}

// newService is the wiring of the service: what there is, and what of it knows what.
func (a *app) newService(ctx context.Context, db *database, f serveFlags) (*wiring, error) {
	s := &wiring{stopping: make(chan struct{})}
	guard := auth.New(auth.Deps{Store: db.DB, Log: a.log})
	measures := newMetrics(db, a.log)
	tracer, endTraces, err := a.tracing(ctx)
	if err != nil {
		return nil, err
	}
	s.end = endTraces
	deps := web.Deps{
		Metrics: measures.handler(), Answered: measures.answered,
		Log: a.log, Guard: guard, Ready: db.ready,
		PublicURL: f.web.publicURL, BehindProxy: f.web.behindProxy, Limits: web.Limits{PerPrincipal: f.web.rate, PerAddress: f.web.rate / 10},
		Pages: a.pages(db),
		API: api.Deps{
			Log: a.log, Version: currentVersion().Version, Stopping: s.stopping,
			Guard: guard, Users: db.DB, Tokens: db.DB, Audit: db.DB, Calls: db.DB,
			Catalog: db.DB, Lineage: db.DB, Export: db.DB,
		},
	}
	sender, err := a.newSender(db, f.web.publicURL)
	if err != nil {
		return nil, err
	}
	crawls, runner, err := a.newScheduler(ctx, db, f, measures, tracer)
	if err != nil {
		return nil, err
	}
	connections := a.newRegister(db, starter(crawls))
	connectionDeps(&deps.API, db, connections)
	watch := db.WatchRuns()
	deps.API.LineageBuilder = crawls
	deps.API.Crawls, deps.API.CrawlStore, deps.API.CrawlWatch, deps.API.Schedules = crawls, db.DB, watch, crawls
	pageDeps(deps.Pages, db, deps.API)
	s.parts = append(s.parts, func(ctx context.Context) error {
		watch.Listen(ctx)
		return nil
	})
	if !f.noWork {
		s.parts = append(s.parts, func(ctx context.Context) error { return a.work(ctx, crawls, runner) })
		s.parts = append(s.parts, a.rounds(connections, sender)...)
	}
	if f.connections != "" {
		folder := &connectionFolder{app: a, db: db, dir: f.connections, start: starter(crawls)}
		s.parts = append(s.parts, folder.keep)
	}
	if s.site, err = web.New(deps); err != nil {
		return nil, err
	}
	s.site.Handler = traced(tracer, s.site.Handler)
	return s, nil
}

// runService tells the configuration, makes the first user if there is none, and runs the service until ctx ends.
func (a *app) runService(ctx context.Context, db *database, f serveFlags, out io.Writer) error {
	a.logConfiguration(ctx, db, f)
	s, err := a.newService(ctx, db, f)
	if err != nil {
		return err
	}
	first, err := a.firstStart(ctx, db, out)
	if err != nil {
		return err
	}
	if f.demo && !first {
		if err := sayWhoLogsIn(ctx, db, out); err != nil {
			return err
		}
	}
	if !f.noWeb {
		p, err := a.webPart(ctx, s, f.web, out)
		if err != nil {
			return err
		}
		s.parts = append(s.parts, p)
	}
	err = runParts(ctx, s.parts)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if traces := s.end(stop); traces != nil {
		a.log.Warn("the last traces could not be sent", "error", traces)
	}
	return err
}

// runParts runs all parts until ctx ends or one of them fails, and waits until all have stopped.
func runParts(ctx context.Context, parts []part) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(parts))
	for _, p := range parts {
		go func() {
			ended <- p(ctx)
			cancel()
		}()
	}
	var errs []error
	for range parts {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// sayWhoLogsIn says how to get into a service that isn't new.
func sayWhoLogsIn(ctx context.Context, db *database, out io.Writer) error {
	_, err := db.User(ctx, firstUser)
	switch {
	case catalog.CodeOf(err) == catalog.CodeNotFound:
		fmt.Fprintln(out, "Log in as one of the users that `qlikcrawler user list` shows; `qlikcrawler user add NAME --role admin` makes another one.")
		return nil
	case err != nil:
		return err
	}
	fmt.Fprintf(out, "Log in as %q with the password of the first start; `qlikcrawler user passwd %s` sets another one.\n", firstUser, firstUser)
	return nil
}

// firstUser is the user that the first start makes.
const firstUser = "admin"

// firstStart makes the first user, and tells the password: on standard output, so that it isn't in the
// log, and never again.
func (a *app) firstStart(ctx context.Context, db *database, out io.Writer) (first bool, err error) {
	password := auth.NewPassword()
	added, err := db.AddFirstUser(ctx, catalog.User{Name: firstUser, Role: catalog.RoleAdmin}, auth.HashPassword(password))
	if err != nil || !added {
		return false, err
	}
	fmt.Fprintf(out, "This is the first start. Log in as %q with the password %s\n", firstUser, password)
	fmt.Fprintln(out, "It is shown only now; `qlikcrawler user passwd admin` sets another one.")
	entry := catalog.AuditEntry{User: firstUser, Via: "first start", Action: "create-user", Detail: "user admin: role admin"}
	return true, db.AddAudit(ctx, entry)
}
