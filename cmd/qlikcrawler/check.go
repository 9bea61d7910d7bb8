package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

func newCheck(a *app) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check CODE | check -f FILE",
		Short: "Check a connection step by step, and say what to change",
		Long: `Check a connection step by step: address, network, TLS, virtual proxy, login, who the server took
us for, session, and every right that a crawl needs, on a sample. Each step that fails says why, and
which setting in Qlik or in the connection to change. Nothing is changed on the site.

With -f the file is checked as it is: no database is needed or started. Exit status 1 if a step failed.`,
		Example: "  qlikcrawler check -f sense.yaml\n  qlikcrawler check qlik-prod --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (file != "") {
				return wrongUse("name a connection, or give one with -f FILE (see qlikcrawler check --help)")
			}
			if file != "" {
				conn, err := readConnection(file, cmd.InOrStdin(), sources(), catalog.Connection{})
				if err != nil {
					return err
				}
				return a.check(cmd, conn, a.secretsOf(nil, conn))
			}
			return a.withDatabase(cmd.Context(), func(db *database) error {
				conn, err := db.Connection(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return a.check(cmd, conn, a.secretsOf(db, conn))
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "connection file (YAML); - is standard input")
	return cmd
}

// check prints each step as it ends.
func (a *app) check(cmd *cobra.Command, conn catalog.Connection, secret func(context.Context, string) (string, error)) (err error) {
	checker, err := openChecker(cmd.Context(), a, conn, secret)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := checker.Close(); closeErr != nil {
			a.log.Warn("could not log out of Qlik: the session lasts until it idles out", "error", closeErr)
		}
	}()
	report := checkReport{Connection: conn.Code, OK: true, Steps: []stepResult{}}
	for step := range checker.Check(cmd.Context()) {
		report.add(step)
		if !a.json {
			printStep(cmd.OutOrStdout(), step)
		}
	}
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if a.json {
		err = printJSON(cmd.OutOrStdout(), report)
	} else {
		printVerdict(cmd.OutOrStdout(), report)
	}
	if err == nil && !report.OK {
		err = &exitError{Status: exitFailed}
	}
	return err
}

func openChecker(ctx context.Context, a *app, conn catalog.Connection, secret func(context.Context, string) (string, error)) (connector.Checker, error) {
	source, err := knownSource(conn)
	if err != nil {
		return nil, err
	}
	src, err := source.Open(ctx, connector.Env{Connection: conn, Secret: secret, Control: a.config.policy.Network.Control, Log: a.log.With("connection", conn.Code)})
	if err != nil {
		return nil, err
	}
	checker, ok := src.(connector.Checker)
	if !ok {
		return nil, fmt.Errorf("sources of type %s can't be checked: %w", conn.Type, src.Close())
	}
	return checker, nil
}

// A checkReport is a check as one JSON document.
type checkReport struct {
	Connection string       `json:"connection"`
	OK         bool         `json:"ok"`
	Steps      []stepResult `json:"steps"`
}

type stepResult struct {
	Name       string               `json:"name"`
	Title      string               `json:"title"`
	Status     connector.StepStatus `json:"status"`
	Detail     string               `json:"detail,omitempty"`
	ErrorCode  catalog.Code         `json:"error_code,omitempty"`
	Error      string               `json:"error,omitempty"`
	Cure       string               `json:"cure,omitempty"`
	DurationMS int64                `json:"duration_ms"`
}

func (r *checkReport) add(s connector.Step) {
	one := stepResult{Name: s.Name, Title: s.Title, Status: s.Status, Detail: s.Detail, DurationMS: s.Took.Milliseconds()}
	if s.Err != nil {
		one.ErrorCode, one.Error, one.Cure = catalog.CodeOf(s.Err), s.Err.Error(), catalog.CureOf(s.Err)
	}
	if s.Status == connector.StepFailed {
		r.OK = false
	}
	r.Steps = append(r.Steps, one)
}

func printStep(w io.Writer, s connector.Step) {
	mark := map[connector.StepStatus]string{connector.StepOK: "ok     ", connector.StepFailed: "FAILED ", connector.StepSkipped: "skipped"}[s.Status]
	line := fmt.Sprintf("%s  %s", mark, s.Title)
	if s.Detail != "" {
		line += ": " + s.Detail
	}
	if s.Took >= time.Second {
		line += fmt.Sprintf(" (%.1f s)", s.Took.Seconds())
	}
	fmt.Fprintln(w, line)
	if s.Err == nil {
		return
	}
	fmt.Fprintln(w, indented(s.Err.Error()))
	if cure := catalog.CureOf(s.Err); cure != "" {
		fmt.Fprintln(w, indented("→ "+cure))
	}
}

// indented puts a text under its step.
func indented(text string) string {
	const margin = "         "
	return margin + strings.ReplaceAll(text, "\n", "\n"+margin)
}

func printVerdict(w io.Writer, r checkReport) {
	failed := 0
	for _, s := range r.Steps {
		if s.Status == connector.StepFailed {
			failed++
		}
	}
	if failed == 0 {
		fmt.Fprintf(w, "\n%s can be crawled\n", r.Connection)
		return
	}
	fmt.Fprintf(w, "\n%s failed\n", count(failed, "step"))
}
