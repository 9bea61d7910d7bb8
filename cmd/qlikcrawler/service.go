package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// A serviceHost is what Windows does for services; other systems have none.
type serviceHost interface {
	// install registers the service, its source in the event log and what to do when it fails.
	install(o serviceOptions) error
	// uninstall stops the service and forgets it.
	uninstall(ctx context.Context, name string) error
	start(name string) error
	// stop returns when the service has stopped.
	stop(ctx context.Context, name string) error
	// run is the service itself: Windows starts it. log takes lines of JSON, one a call.
	run(name string, work func(ctx context.Context, log io.Writer) int) error
}

// serviceOptions are what Windows is told of the service.
type serviceOptions struct {
	Name, Account, EnvFile, DataDir string
	Manual                          bool     // started by hand, not with the machine
	Serve                           []string // arguments of serve
	Program                         string   // path of this program
}

// arguments are what Windows starts the program with.
func (o serviceOptions) arguments() []string {
	args := []string{"service", "run", "--name", o.Name, "--data-dir", o.DataDir}
	if o.EnvFile != "" {
		args = append(args, "--env-file", o.EnvFile)
	}
	return append(append(args, "--"), o.Serve...)
}

const defaultServiceName = "qlikcrawler"

func newServiceCommand(a *app) *cobra.Command {
	var o serviceOptions
	cmd := &cobra.Command{
		Use:     "service",
		Short:   "Run as a Windows service",
		Example: `  qlikcrawler service install --env-file C:\ProgramData\qlikcrawler\qlikcrawler.env`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&o.Name, "name", defaultServiceName, "name of the service; several may be installed")
	host := windowsServices()
	cmd.AddCommand(
		newServiceInstall(a, &o, host),
		serviceVerb("uninstall", "Stop the service and remove it; data and settings stay", host, func(ctx context.Context, h serviceHost) error {
			return h.uninstall(ctx, o.Name)
		}),
		serviceVerb("start", "Start the service", host, func(_ context.Context, h serviceHost) error { return h.start(o.Name) }),
		serviceVerb("stop", "Stop the service, and wait until it has", host, func(ctx context.Context, h serviceHost) error {
			return h.stop(ctx, o.Name)
		}),
		newServiceRun(a, &o, host),
	)
	return cmd
}

func serviceVerb(use, short string, host serviceHost, do func(context.Context, serviceHost) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		Example: "  qlikcrawler service " + use,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if host == nil {
				return notWindows()
			}
			return do(cmd.Context(), host)
		},
	}
}

// notWindows says what other systems have instead.
func notWindows() error {
	return wrongUse("service is for Windows; on Linux the packages bring a systemd unit (systemctl enable --now qlikcrawler), " +
		"on macOS let launchd run `qlikcrawler serve`: docs/how-to/install.md")
}

func newServiceInstall(a *app, o *serviceOptions, host serviceHost) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install [-- FLAGS OF SERVE]",
		Short: "Install the service",
		Long: `Install the service, to be started with the machine. It runs as a virtual account of its own
(NT SERVICE\qlikcrawler), which has no rights but those that you give it, and starts again when it fails. What it has to say
goes to the Application event log. Passwords are never written there: set the first one with
qlikcrawler user passwd admin.

The file of --env-file has variables such as QLIKCRAWLER_DATABASE_URL=…, one a line. Let only
administrators and the service's account read it.`,
		Example: "  qlikcrawler service install --env-file C:\\ProgramData\\qlikcrawler\\qlikcrawler.env\n" +
			"  qlikcrawler service install --env-file qlikcrawler.env -- --listen :8443 --tls-cert cert.pem --tls-key key.pem",
		RunE: func(_ *cobra.Command, args []string) error {
			if host == nil {
				return notWindows()
			}
			if err := o.complete(a, args); err != nil {
				return err
			}
			return host.install(*o)
		},
	}
	cmd.Flags().StringVar(&o.Account, "account", "", `account to run as: a group managed one (DOMAIN\name$); default: NT SERVICE\NAME`)
	cmd.Flags().StringVar(&o.EnvFile, "env-file", "", "file of variables, one NAME=VALUE a line")
	cmd.Flags().BoolVar(&o.Manual, "manual", false, "don't start with the machine")
	return cmd
}

// complete fills in what nobody said, makes paths absolute (Windows starts services in a folder of its own), and
// refuses what would fail at the start.
func (o *serviceOptions) complete(a *app, args []string) error {
	o.Serve, o.DataDir = args, a.config.DataDir
	if o.Account == "" {
		o.Account = `NT SERVICE\` + o.Name
	}
	serve := newServe(a)
	if err := serve.ParseFlags(args); err != nil || serve.Flags().NArg() > 0 {
		return wrongUse("the flags of serve are wrong: %w (see qlikcrawler serve --help)", orUnexpected(err, serve.Flags().Args()))
	}
	if o.EnvFile != "" {
		abs, err := filepath.Abs(o.EnvFile)
		if err != nil {
			return wrongUse("--env-file: %w", err)
		}
		if _, err := readEnvFile(abs); err != nil {
			return err
		}
		o.EnvFile = abs
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	o.Program = program
	return nil
}

func orUnexpected(err error, args []string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("unexpected %q", args[0])
}

func newServiceRun(a *app, o *serviceOptions, host serviceHost) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run [-- FLAGS OF SERVE]",
		Short:   "Be the service (Windows calls this)",
		Hidden:  true,
		Example: "  qlikcrawler service run --env-file qlikcrawler.env",
		RunE: func(cmd *cobra.Command, args []string) error {
			if host == nil {
				return notWindows()
			}
			return host.run(o.Name, func(ctx context.Context, log io.Writer) int {
				return a.runAsService(ctx, *o, args, log)
			})
		},
	}
	cmd.Flags().StringVar(&o.EnvFile, "env-file", "", "file of variables")
	return cmd
}

// runAsService runs serve with the variables of the file, which win over the machine's. Its standard output
// goes nowhere, since the password of the first start is told there; everything else is in the log.
func (a *app) runAsService(ctx context.Context, o serviceOptions, args []string, log io.Writer) int {
	env := environment{Getenv: a.env.Getenv, Stdin: a.env.Stdin, Stdout: io.Discard, Stderr: log, Pace: a.env.Pace}
	if o.EnvFile != "" {
		variables, err := readEnvFile(o.EnvFile)
		if err != nil {
			tellError(log, exitUsage, err)
			return exitUsage
		}
		env.Getenv = func(name string) string {
			if v, ok := variables[name]; ok {
				return v
			}
			return a.env.Getenv(name)
		}
	}
	return run(ctx, append([]string{"serve", "--data-dir", a.config.DataDir, "--log-format", "json"}, args...), env)
}
