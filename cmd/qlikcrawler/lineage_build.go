package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

func newLineageBuild(a *app) *cobra.Command {
	var changed bool
	cmd := &cobra.Command{
		Use:   "build CODE",
		Short: "Make a connection's lineage from what is stored",
		Long: `Make the lineage of all apps of a connection from the scripts, expressions and data models that the
catalog has. No source is contacted. Crawls do this for what changed, unless options.auto_lineage is false.
What people said of edges (lineage edge) stays.

Tells how many columns of the apps' data models could not be traced, and where most of them are.`,
		Example: "  qlikcrawler lineage build qlik-prod\n  qlikcrawler lineage build qlik-prod --json",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.buildLineage(cmd, args[0], !changed) },
	}
	cmd.Flags().BoolVar(&changed, "changed", false, "only of the apps that changed since it was last made")
	return cmd
}

// lineage builds lineage as the options say.
func (o runOptions) lineage(store crawler.LineageStore) *crawler.Lineage {
	b := &crawler.Lineage{Store: store}
	if o.QVSPath != "" {
		b.Include = crawler.Includes(o.QVSPath)
	}
	if o.QVDsPath != "" {
		b.QVDs = crawler.NewQVDs(o.QVDsPath)
	}
	return b
}

// A buildResult is what `lineage build` prints.
type buildResult struct {
	Connection string `json:"connection"`
	catalog.LineageTally
	PerApp []catalog.LineageShare `json:"per_app"`
}

func (a *app) buildLineage(cmd *cobra.Command, code string, all bool) error {
	ctx := cmd.Context()
	return a.withDatabase(ctx, func(db *database) error {
		conn, err := db.Connection(ctx, code)
		if err != nil {
			return err
		}
		options, err := crawlOptions(conn)
		if err != nil {
			return err
		}
		r := buildResult{Connection: code}
		if r.LineageTally, err = options.lineage(db.DB).Build(ctx, 0, code, all); err != nil {
			return err
		}
		if r.PerApp, err = db.LineageShares(ctx, code); err != nil {
			return err
		}
		if a.json {
			return printJSON(cmd.OutOrStdout(), r)
		}
		printBuild(cmd.OutOrStdout(), r)
		return nil
	})
}

// mostUntraced is how many apps are listed with columns that could not be traced.
const mostUntraced = 20

func printBuild(w io.Writer, r buildResult) {
	fmt.Fprintf(w, "%s: lineage of %s, %d changed\n", r.Connection, count(r.Apps, "app"), r.Changed)
	printLineageTally(w, r.LineageTally)
	apps := slices.DeleteFunc(slices.Clone(r.PerApp), func(s catalog.LineageShare) bool { return s.Unresolved+s.Gaps == 0 })
	if len(apps) == 0 {
		return
	}
	slices.SortStableFunc(apps, func(x, y catalog.LineageShare) int { return y.Unresolved - x.Unresolved })
	fmt.Fprintln(w)
	t := newTable(w, "APP", "COLUMNS", "UNTRACED", "SHARE", "NOT UNDERSTOOD", "KEY")
	for _, s := range apps[:min(len(apps), mostUntraced)] {
		t.AppendRow([]any{s.Name, s.Columns, s.Unresolved, percent(s.Unresolved, s.Columns), s.Gaps, s.App})
	}
	t.Render()
	if len(apps) > mostUntraced {
		fmt.Fprintf(w, "and %d more (--json lists all)\n", len(apps)-mostUntraced)
	}
	fmt.Fprintln(w, "\nwhat was not understood, and where:  select * from catalog.lineage_gap;")
}

// printLineageTally tells how much of the columns was traced; nothing when no lineage was made.
func printLineageTally(w io.Writer, t catalog.LineageTally) {
	if t.Apps == 0 {
		return
	}
	fmt.Fprintf(w, "  lineage   of %s; %d of %s untraced (%s), %s not understood\n",
		count(t.Apps, "app"), t.Unresolved, count(t.Columns, "column"), percent(t.Unresolved, t.Columns), count(t.Gaps, "thing"))
}

func percent(n, of int) string {
	if of == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.3g %%", 100*float64(n)/float64(of))
}
