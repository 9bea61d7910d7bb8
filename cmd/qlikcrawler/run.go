package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

// An environment is all that the program gets from outside; tests make their own.
type environment struct {
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	Pace scheduler.Pace   // of the service; zero: the usual
	Now  func() time.Time // the service's clock; nil: time.Now
}

// Exit statuses (contract §1).
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3
	exitInterrupted = 130
)

// An exitError ends the program with a status. Err may be nil: then everything has been said.
type exitError struct {
	Status int
	Err    error
}

func (e *exitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}
	return e.Err.Error()
}

func (e *exitError) Unwrap() error { return e.Err }

// wrongUse is an error of the person's command line or configuration: exit status 2.
func wrongUse(format string, args ...any) error {
	return &exitError{Status: exitUsage, Err: fmt.Errorf(format, args...)}
}

// run is the whole program but for signals: it parses args, does the command, tells errors on
// standard error, and returns the exit status.
func run(ctx context.Context, args []string, env environment) int {
	root := newRoot(env)
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	status := statusOf(ctx, err)
	tellError(env.Stderr, status, err)
	return status
}

func statusOf(ctx context.Context, err error) int {
	var exit *exitError
	var fields connector.FieldErrors
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &exit):
		return exit.Status
	case errors.As(err, &fields), catalog.CodeOf(err) == catalog.CodeInvalid:
		return exitUsage
	default:
		return exitFailed
	}
}

// tellError prints an error and its cure for a person. What has no words of its own was told before.
func tellError(w io.Writer, status int, err error) {
	var exit *exitError
	if err == nil || errors.As(err, &exit) && exit.Err == nil {
		return
	}
	if status == exitInterrupted {
		fmt.Fprintln(w, "qlikcrawler: interrupted")
		return
	}
	lines := strings.Split(err.Error(), "\n")
	for _, line := range lines {
		fmt.Fprintln(w, "qlikcrawler:", line)
	}
	if cure := catalog.CureOf(err); cure != "" {
		fmt.Fprintln(w, "  →", cure)
	}
}

// An app is what every command shares.
type app struct {
	env    environment
	config config
	log    *slog.Logger
	json   bool
}

func newRoot(env environment) *cobra.Command {
	a := &app{env: env}
	root := &cobra.Command{
		Use:           "qlikcrawler",
		Short:         "Reads the metadata of Qlik Sense sites into a catalog in Postgres",
		Long:          rootLong,
		Example:       "  qlikcrawler demo\n  qlikcrawler crawl -f sense.yaml",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.configure(cmd)
		},
	}
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print the result as one JSON document")
	a.config.flags(root.PersistentFlags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrongUse("%w (see %s --help)", err, cmd.CommandPath())
	})
	root.AddCommand(
		newDemo(a), newServe(a), newCheck(a), newCoverage(a), newCrawl(a), newConnection(a), newLineage(a), newExport(a), newMigrate(a), newSimulate(a), newJWT(a),
		newSecrets(a), newUser(a), newToken(a), newHealthcheck(a), newServiceCommand(a), newMan(a), newVersion(a),
	)
	explainWrongArgs(root)
	return root
}

const rootLong = `qlikcrawler reads every stream, app, sheet, chart, measure, dimension, master object,
variable, load script and data model of a Qlik Sense Enterprise site (client-managed)
over QRS and the Engine, without opening an app's data, into one catalog in Postgres.

Without QLIKCRAWLER_DATABASE_URL it runs a private Postgres in its data folder.

Exit status: 0 done; 1 failed; 2 wrong use or configuration; 3 done, but some apps
failed or were read in part; 130 interrupted.`

// explainWrongArgs turns cobra's complaints about arguments into wrong use with a pointer to the help.
func explainWrongArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return wrongUse("%w (see %s --help)", err, c.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		explainWrongArgs(sub)
	}
}

// configure reads the environment once the flags are known.
func (a *app) configure(cmd *cobra.Command) error {
	if err := cmd.ValidateRequiredFlags(); err != nil {
		return wrongUse("%w (see %s --help)", err, cmd.CommandPath())
	}
	if err := a.config.load(cmd.Flags(), a.env.Getenv); err != nil {
		return err
	}
	a.log = a.config.logger(a.env.Stderr)
	return nil
}
