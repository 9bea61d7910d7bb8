package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func newCoverage(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "coverage CODE",
		Short: "Tell how many apps could be read, and per app why not",
		Long: `Tell how many of the listed apps could be opened and gave their load script and data model in the
last crawl, which have section access, and per app what is missing and why. Nothing is read from the site.`,
		Example: "  qlikcrawler coverage qlik-prod\n  qlikcrawler coverage qlik-prod --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				c, err := db.Coverage(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if a.json {
					return printJSON(cmd.OutOrStdout(), c)
				}
				printCoverage(cmd.OutOrStdout(), c)
				return nil
			})
		},
	}
}

func printCoverage(w io.Writer, c *catalog.Coverage) {
	if c.CrawledAt.IsZero() {
		fmt.Fprintf(w, "%s has no complete crawl yet\n", c.Connection)
	} else {
		fmt.Fprintf(w, "%s, crawled %s\n", c.Connection, c.CrawledAt.Local().Format(time.DateTime))
	}
	fmt.Fprintln(w)
	lineage := "not made yet"
	if c.Lineage != nil {
		lineage = share(*c.Lineage, c.Listed)
	}
	for _, x := range []struct{ name, value string }{
		{"apps listed", fmt.Sprint(c.Listed)},
		{"opened", share(c.Opened, c.Listed)},
		{"load script", share(c.Script, c.Listed)},
		{"lineage", lineage},
		{"data model", share(c.DataModel, c.Listed)},
		{"section access", share(c.SectionAccess, c.Listed)},
	} {
		fmt.Fprintf(w, "  %-15s %s\n", x.name, x.value)
	}
	printUntraced(w, c)
	printMissing(w, c)
}

// printUntraced tells how many columns of the data models lineage couldn't trace.
func printUntraced(w io.Writer, c *catalog.Coverage) {
	columns, unresolved := 0, 0
	for _, app := range c.Apps {
		columns, unresolved = columns+app.Columns, unresolved+app.Unresolved
	}
	if columns > 0 {
		fmt.Fprintf(w, "  %-15s %s of %s\n", "untraced", share(unresolved, columns), count(columns, "column"))
	}
}

func share(n, of int) string {
	if of == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%-6d %3d%%", n, 100*n/of)
}

// printMissing lists the apps that didn't give everything, with a line for each reason.
func printMissing(w io.Writer, c *catalog.Coverage) {
	t := newTable(w, "APP", "OPENED", "SCRIPT", "MODEL", "MISSING", "WHY")
	cures := map[string]bool{}
	var order []string
	for _, app := range c.Apps {
		if app.Opened && app.Script && app.DataModel && len(app.Missing) == 0 {
			continue
		}
		row := []any{app.Name + flag(app), yes(app.Opened), yes(app.Script), yes(app.DataModel)}
		if len(app.Missing) == 0 {
			t.AppendRow(append(row, "", "it has none, or it was not asked for"))
		}
		for i, m := range app.Missing {
			if i > 0 {
				row = []any{"", "", "", ""}
			}
			t.AppendRow(append(row, what(app, m), fmt.Sprintf("%s: %s", m.Code, text.Trim(m.Error, 110))))
			if m.Cure != "" && !cures[m.Cure] {
				cures[m.Cure] = true
				order = append(order, m.Cure)
			}
		}
	}
	if t.Length() == 0 {
		return
	}
	fmt.Fprintln(w)
	t.Render()
	if len(order) > 0 {
		fmt.Fprintln(w)
	}
	for _, cure := range order {
		fmt.Fprintln(w, "→", cure)
	}
}

func flag(a catalog.AppCoverage) string {
	if a.SectionAccess {
		return " (section access)"
	}
	return ""
}

// what names a missing part, with its key inside the app.
func what(a catalog.AppCoverage, m catalog.GapCause) string {
	part := strings.ReplaceAll(string(m.Part), "_", " ")
	if inside, ok := strings.CutPrefix(string(m.Key), string(a.Key)+"/"); ok && inside != "script" {
		part += " " + inside
	}
	return part
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
