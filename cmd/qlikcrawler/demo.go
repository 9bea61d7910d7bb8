package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/embedded"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

type demoFlags struct {
	once   bool
	listen string
	apps   int
}

func newDemo(a *app) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: a simulated Qlik Sense site, crawled into a real Postgres",
		Long: `See it work, with nothing but this program: starts a private Postgres and a simulated Qlik Sense
site, adds a connection "demo", crawls the site over real sockets, and says where to look.
Then it serves the API and its pages until Ctrl-C. What it makes stays in the data folder.`,
		Example: "  qlikcrawler demo\n  qlikcrawler demo --once --apps 200",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd, f) },
	}
	cmd.Flags().BoolVar(&f.once, "once", false, "end after the summary")
	cmd.Flags().StringVar(&f.listen, "listen", "", "address of the service (QLIKCRAWLER_LISTEN, default "+defaultListen+")")
	cmd.Flags().IntVar(&f.apps, "apps", 0, "so many generated apps beside the demo site's own")
	return cmd
}

// validate tells what is wrong before anything is started, and gives what serves after the crawl.
func (f demoFlags) validate(getenv func(string) string) (serveFlags, error) {
	serve := serveFlags{demo: true, slots: scheduler.DefaultSlots}
	if f.apps < 0 {
		return serve, wrongUse("--apps %d: want 0 or more", f.apps)
	}
	if f.once {
		return serve, nil
	}
	serve.web = webFlags{listen: f.listen, anyPort: f.listen == "" && getenv("QLIKCRAWLER_LISTEN") == ""}
	err := serve.web.validate(getenv)
	if local, unknown := onLoopback(serve.web.listen); unknown == nil && !local {
		return serve, wrongUse("--listen %s is reached from other machines: the demo is for this one; name an address such as %s", serve.web.listen, defaultListen)
	}
	return serve, err
}

// demo is the main job on nothing but this program.
func (a *app) demo(cmd *cobra.Command, f demoFlags) (err error) {
	ctx := cmd.Context()
	serve, err := f.validate(a.env.Getenv)
	if err != nil {
		return err
	}
	role := embedded.RoleServer
	if f.once {
		role = embedded.RoleCommand
	}
	a.tell("starting Postgres")
	db, err := a.openDatabase(ctx, role, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close(ctx)) }()

	a.tell("starting the simulated Qlik Sense site")
	srv, err := startDemoSite(ctx, db, f.apps)
	if err != nil {
		return err
	}
	defer srv.Close()

	conn, err := a.demoConnection(ctx, db, srv)
	if err != nil {
		return err
	}
	a.tell("crawling " + conn.URL)
	result, err := a.crawlNow(ctx, db, conn, catalog.Run{Connection: conn.Code, Mode: catalog.Full, Trigger: catalog.ByCLI})
	if err != nil {
		return err
	}
	if err := a.printCrawl(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if a.json {
		w = cmd.ErrOrStderr() // standard output is one JSON document
	} else {
		whereToLook(w, db, f.once)
	}
	if !f.once {
		if err := a.runService(ctx, db, serve, w); err != nil {
			return err
		}
	}
	return exitOf(result, nil)
}

// tell says on standard error what is being done.
func (a *app) tell(what string) { fmt.Fprintln(a.env.Stderr, "demo:", what) }

// demoCode is the code of the demo's connection.
const demoCode = "demo"

// demoSeed makes the generated apps of the demo the same each time.
const demoSeed = 1

// startDemoSite starts the site where the last demo had it, if it can, so that the URLs in the catalog
// stay what they are.
func startDemoSite(ctx context.Context, db *database, extra int) (*qliktest.Server, error) {
	site := demo.WithGenerated(extra, demoSeed)
	if old, err := db.Connection(ctx, demoCode); err == nil {
		if u, err := url.Parse(old.URL); err == nil {
			if srv, err := qliktest.Start(site, qliktest.Options{Listen: "127.0.0.1:" + u.Port()}); err == nil {
				return srv, nil
			}
		}
	}
	return qliktest.Start(site, qliktest.Options{})
}

// demoConnection adds the connection "demo", or brings it up to the simulated site's new address and
// certificate.
func (a *app) demoConnection(ctx context.Context, db *database, srv *qliktest.Server) (catalog.Connection, error) {
	dir := filepath.Join(a.config.DataDir, "demo")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return catalog.Connection{}, fmt.Errorf("make the demo's folder: %w", err)
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, srv.CAPEM(), 0o600); err != nil {
		return catalog.Connection{}, fmt.Errorf("write the simulated site's certificate: %w", err)
	}
	info, err := srv.Info()
	if err != nil {
		return catalog.Connection{}, err
	}
	settings, err := json.Marshal(map[string]any{
		"authentication": "jwt",
		"jwt":            map[string]any{"prefix": info.Prefix},
		"tls":            map[string]any{"ca_file": ca},
	})
	if err != nil {
		return catalog.Connection{}, fmt.Errorf("write the demo's settings: %w", err)
	}
	conn := catalog.Connection{
		Code: demoCode, Name: "Demo", Type: "qlik-sense", Environment: "DEMO", URL: srv.URL,
		Description: "The simulated Qlik Sense site of `qlikcrawler demo`",
		Settings:    settings,
		Secrets:     catalog.Secrets{"jwt.token": catalog.NewSecret(info.Token)},
	}
	return conn, putConnection(ctx, db, conn)
}

// whereToLook says how to look at what the demo made; ends: its private Postgres ends with this command.
func whereToLook(w io.Writer, db *database, ends bool) {
	fmt.Fprintln(w, "\nWhere to look")
	switch {
	case db.server != nil && ends:
		fmt.Fprintln(w, "  the pages:         qlikcrawler demo, or qlikcrawler serve")
		fmt.Fprintln(w, "  while that runs:   psql "+quoted(db.url))
	case db.server != nil:
		fmt.Fprintln(w, "  while this runs:   psql "+quoted(db.url))
	}
	fmt.Fprintln(w, "  every view:        \\dv catalog.*")
	fmt.Fprintln(w, "  reports:           select kind, type, name, owner, url from catalog.report order by key;")
	fmt.Fprintln(w, "  report fields:     select type, name, formula from catalog.report_field where formula is not null;")
	fmt.Fprintln(w, "  load scripts:      select name, lines, code from catalog.source_code;")
	fmt.Fprintln(w, "  your own site:     qlikcrawler connection template > sense.yaml")
}

func quoted(s string) string { return "'" + s + "'" }
