package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// crawlFlags are what the person says of a crawl.
type crawlFlags struct {
	file            string
	mode            string
	apps, groups    []string
	allowMassRetire bool
	server, token   string
}

func newCrawl(a *app) *cobra.Command {
	var f crawlFlags
	cmd := &cobra.Command{
		Use:   "crawl CODE | crawl -f FILE",
		Short: "Crawl a connection now, in this process or on a running server",
		Long: `Crawl a connection now, in this process, with a progress bar.

A delta crawl reads the apps that changed; the first crawl of a connection is a full one.
--app and --group make a selected crawl, which reads only those and retires nothing.
-f adds the connection in FILE, or updates it, and crawls it.
--server asks a running server for the crawl and follows it; Ctrl-C then ends the following, not the crawl.

Apps that fail or are read in part are listed with the reason and what to do; the exit status is then 3.`,
		Example: "  qlikcrawler crawl qlik-prod\n  qlikcrawler crawl -f sense.yaml --mode full\n  qlikcrawler crawl qlik-prod --app 43fbdabb-e378-43ca-b853-39ce562bf07a\n" +
			"  qlikcrawler crawl qlik-prod --server https://qlikcrawler.example.com --token TOKEN",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.crawl(cmd, args, f) },
	}
	cmd.Flags().StringVarP(&f.file, "file", "f", "", "connection file (YAML) to add or update first; - is standard input")
	cmd.Flags().StringVar(&f.mode, "mode", string(catalog.Delta), "full or delta")
	cmd.Flags().StringSliceVar(&f.apps, "app", nil, "read only this app (id or name); may be repeated")
	cmd.Flags().StringSliceVar(&f.groups, "group", nil, "read only the apps of this report group (its key); may be repeated")
	cmd.Flags().BoolVar(&f.allowMassRetire, "allow-mass-retire", false, "retire what is gone even if it is most of the catalog")
	cmd.Flags().StringVar(&f.server, "server", "", "ask the server at this address instead, and follow the crawl")
	cmd.Flags().StringVar(&f.token, "token", "", "API token for --server (QLIKCRAWLER_TOKEN)")
	return cmd
}

func (a *app) crawl(cmd *cobra.Command, args []string, f crawlFlags) error {
	run, err := f.run(cmd.Flags().Changed("mode"))
	if err != nil {
		return err
	}
	if (len(args) == 1) == (f.file != "") {
		return wrongUse("name a connection, or give one with -f FILE (see qlikcrawler crawl --help)")
	}
	if f.server != "" || f.token != "" {
		return a.crawlOnServer(cmd, args, f, run)
	}
	return a.withDatabase(cmd.Context(), func(db *database) error {
		conn, err := a.connectionToCrawl(cmd, db, args, f.file)
		if err != nil {
			return err
		}
		run.Connection = conn.Code
		result, err := a.crawlNow(cmd.Context(), db, conn, run)
		if err != nil && result == nil {
			return err
		}
		if err := a.printCrawl(cmd.OutOrStdout(), result); err != nil {
			return err
		}
		return exitOf(result, err)
	})
}

// crawlOnServer is crawl with --server.
func (a *app) crawlOnServer(cmd *cobra.Command, args []string, f crawlFlags, run catalog.Run) error {
	if len(args) != 1 {
		return wrongUse("--server crawls a connection that the server has: name it instead of a file")
	}
	r, err := newRemote(f.server, f.token, a.env.Getenv)
	if err != nil {
		return err
	}
	run.Connection = args[0]
	result, err := a.crawlThere(cmd.Context(), r, run)
	if err != nil && result == nil {
		return err
	}
	if err := a.printCrawl(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	return exitOf(result, err)
}

func (f crawlFlags) run(modeGiven bool) (catalog.Run, error) {
	run := catalog.Run{Mode: catalog.Mode(f.mode), Trigger: catalog.ByCLI, Apps: f.apps, AllowMassRetire: f.allowMassRetire}
	for _, g := range f.groups {
		run.Groups = append(run.Groups, catalog.Key(g))
	}
	if len(run.Apps)+len(run.Groups) > 0 {
		if modeGiven {
			return run, wrongUse("--mode doesn't go with --app and --group: a selected crawl reads those in full")
		}
		run.Mode = catalog.Selected
	}
	if run.Mode != catalog.Full && run.Mode != catalog.Delta && run.Mode != catalog.Selected || run.Mode == catalog.Selected && modeGiven {
		return run, wrongUse("--mode %s: say full or delta", f.mode)
	}
	return run, nil
}

// connectionToCrawl is the one named, or the one of the file, added or updated.
func (a *app) connectionToCrawl(cmd *cobra.Command, db *database, args []string, file string) (catalog.Connection, error) {
	ctx := cmd.Context()
	if len(args) == 1 {
		return db.Connection(ctx, args[0])
	}
	conn, err := readConnection(file, cmd.InOrStdin(), sources(), catalog.Connection{})
	if err != nil {
		return conn, err
	}
	return conn, putConnection(ctx, db, conn)
}

// exitOf is the exit status of a crawl (contract §1); its words have been printed.
func exitOf(r *crawlResult, err error) error {
	switch {
	case err != nil:
		return err
	case r.Tally.Failed+r.Tally.Partial > 0:
		return &exitError{Status: exitPartly}
	default:
		return nil
	}
}

// finishState is what a run becomes by the error that ended it.
func finishState(ctx context.Context, err error) (catalog.State, string) {
	switch {
	case err == nil:
		return catalog.Done, ""
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return catalog.Cancelled, "interrupted"
	default:
		text := err.Error()
		if cure := catalog.CureOf(err); cure != "" {
			text = fmt.Sprintf("%s; %s", text, cure)
		}
		return catalog.Failed, text
	}
}
