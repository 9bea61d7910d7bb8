package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/export"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/secret"
	"github.com/qlikcrawler/qlikcrawler/lineage/openlineage"
)

func newExport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the catalog out for other programs",
		Long: `Write out what the catalog has of a connection. Credentials in scripts, formulas and statements
are masked. Nothing is read from the site. See docs/how-to/export.md.`,
		Example: "  qlikcrawler export csv qlik-prod -o /srv/export\n  qlikcrawler export openlineage qlik-prod --to http://marquez.example.com:5000",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newExportOpenLineage(a), newExportViews(a, export.JSON), newExportViews(a, export.CSV))
	return cmd
}

func newExportViews(a *app, format export.Format) *cobra.Command {
	dir := ""
	what, name := "JSON lines: an object for each row", "NAME.jsonl"
	if format == export.CSV {
		what, name = "CSV (RFC 4180), with a header", "NAME.csv"
	}
	cmd := &cobra.Command{
		Use:     string(format) + " CODE",
		Short:   "Write the views of the catalog as " + what,
		Long:    "Write all rows of a connection, one file " + name + " for each view of schema catalog, all of one moment.",
		Example: "  qlikcrawler export " + string(format) + " qlik-prod -o /srv/export",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				written, err := exportViews(cmd.Context(), db, args[0], dir, format)
				if err != nil {
					return err
				}
				if a.json {
					return printJSON(cmd.OutOrStdout(), written)
				}
				t := newTable(cmd.OutOrStdout(), "VIEW", "ROWS", "FILE")
				for _, w := range written {
					t.AppendRow([]any{w.View, w.Rows, w.File})
				}
				t.Render()
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", ".", "`folder` of the files; made if it isn't there")
	return cmd
}

func exportViews(ctx context.Context, db *database, code, dir string, format export.Format) ([]export.Written, error) {
	if _, err := db.Connection(ctx, code); err != nil {
		return nil, err // before a folder is made
	}
	views, err := export.NewViews(dir, format)
	if err != nil {
		return nil, err
	}
	defer views.Abort()
	if err := db.Export(ctx, code, views.Begin, views.Row); err != nil {
		return nil, err
	}
	return views.Finish()
}

// openLineageFlags are those of export openlineage.
type openLineageFlags struct{ dir, to, token string }

// openLineageFile is the name of the file of events.
const openLineageFile = "openlineage.jsonl"

// apiKey is OpenLineage's own name of the variable with the token.
const apiKey = "OPENLINEAGE_API_KEY"

func newExportOpenLineage(a *app) *cobra.Command {
	var f openLineageFlags
	cmd := &cobra.Command{
		Use:   "openlineage CODE",
		Short: "Write lineage as events of OpenLineage, to a file or an HTTP endpoint",
		Long: `Write the lineage of a connection's apps as run events of OpenLineage 2-0-2: reloads and sheets as
jobs; databases, files, apps and charts as datasets, with column lineage. They go to DIR/` + openLineageFile + `, one a line
(-o - is standard output), or, with --to, to an endpoint such as Marquez or DataHub; with both to both.`,
		Example: `  qlikcrawler export openlineage qlik-prod -o /srv/export
  qlikcrawler export openlineage qlik-prod --to http://marquez.example.com:5000
  qlikcrawler export openlineage qlik-prod --to https://datahub.example.com/openapi/openlineage/api/v1/lineage --token env:DATAHUB_TOKEN`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.to == "" && f.dir == "" {
				f.dir = "."
			}
			return a.exportOpenLineage(cmd, args[0], f)
		},
	}
	cmd.Flags().StringVarP(&f.dir, "output", "o", "", "`folder` of the file; made if it isn't there; - is standard output (default: this folder, if there is no --to)")
	cmd.Flags().StringVar(&f.to, "to", "", "`URL` to send each event to; without a path it gets /api/v1/lineage")
	cmd.Flags().StringVar(&f.token, "token", "", "`reference` to the bearer token, such as env:NAME or file:PATH (default: the variable "+apiKey+")")
	return cmd
}

// An openLineageSummary is what export openlineage tells.
type openLineageSummary struct {
	Apps   int    `json:"apps"`
	Events int    `json:"events"`
	File   string `json:"file,omitempty"`
	Sent   int    `json:"sent"`
	To     string `json:"to,omitempty"` // the host
}

func (a *app) exportOpenLineage(cmd *cobra.Command, code string, f openLineageFlags) error {
	ctx := cmd.Context()
	endpoint, err := a.endpoint(ctx, f)
	if err != nil {
		return err
	}
	return a.withDatabase(ctx, func(db *database) (err error) {
		if _, err := db.Connection(ctx, code); err != nil {
			return err
		}
		x := &eventWriter{producer: producer(), endpoint: endpoint}
		switch f.dir {
		case "":
		case "-":
			x.out = cmd.OutOrStdout()
		default:
			if err := x.create(f.dir); err != nil {
				return err
			}
			defer x.abort()
		}
		if err := db.ExportLineage(ctx, code, func(l *catalog.AppLineage) error { return x.app(ctx, l) }); err != nil {
			return err
		}
		return x.finish(a, cmd, f)
	})
}

// endpoint is where --to says; nil without it.
func (a *app) endpoint(ctx context.Context, f openLineageFlags) (*export.Endpoint, error) {
	if f.to == "" {
		if f.token != "" {
			return nil, wrongUse("--token goes with --to")
		}
		return nil, nil
	}
	u, err := export.ParseEndpoint(f.to)
	if err != nil {
		return nil, err
	}
	e := &export.Endpoint{URL: u, Token: a.env.Getenv(apiKey)}
	if f.token == "" {
		return e, nil
	}
	if _, ok := connector.SecretReference(f.token); !ok {
		return nil, wrongUse("--token: everybody on this machine can read a token on a command line; give a reference, such as env:NAME or file:PATH")
	}
	ref, err := connector.ParseReference(f.token)
	if err != nil {
		return nil, wrongUse("--token: %w", err)
	}
	e.Token, err = secret.Resolver{Getenv: a.env.Getenv}.Resolve(ctx, ref)
	return e, err
}

// producer is the URI of this program and its version.
func producer() string {
	return "https://github.com/qlikcrawler/qlikcrawler/tree/" + url.PathEscape(currentVersion().Version)
}

// An eventWriter writes the events of one app after the other.
type eventWriter struct {
	producer string
	endpoint *export.Endpoint // nil: not sent
	file     *export.File
	out      io.Writer // nil: not written
	summary  openLineageSummary
}

func (x *eventWriter) create(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	x.summary.File = filepath.Join(dir, openLineageFile)
	file, err := export.Create(x.summary.File)
	if err != nil {
		return err
	}
	x.file, x.out = file, file
	return nil
}

func (x *eventWriter) abort() {
	if x.file != nil {
		x.file.Abort()
	}
}

func (x *eventWriter) app(ctx context.Context, l *catalog.AppLineage) error {
	x.summary.Apps++
	for _, e := range openlineage.Events(l, x.producer) {
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("write an event of %s: %w", l.App, err)
		}
		x.summary.Events++
		if x.out != nil {
			if _, err := x.out.Write(line.Bytes()); err != nil {
				return err
			}
		}
		if x.endpoint != nil {
			if err := x.endpoint.Send(ctx, bytes.TrimSpace(line.Bytes())); err != nil {
				return err
			}
			x.summary.Sent++
		}
	}
	return nil
}

func (x *eventWriter) finish(a *app, cmd *cobra.Command, f openLineageFlags) error {
	if x.file != nil {
		file := x.file
		x.file = nil
		if err := file.Finish(); err != nil {
			return err
		}
	}
	if x.endpoint != nil {
		x.summary.To = x.endpoint.URL.Host
	}
	if f.dir == "-" {
		return nil
	}
	if a.json {
		return printJSON(cmd.OutOrStdout(), x.summary)
	}
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s of %s", count(x.summary.Events, "event"), count(x.summary.Apps, "app"))
	if x.summary.File != "" {
		fmt.Fprintf(w, ", in %s", x.summary.File)
	}
	if x.summary.To != "" {
		fmt.Fprintf(w, ", sent to %s", x.summary.To)
	}
	fmt.Fprintln(w)
	return nil
}
