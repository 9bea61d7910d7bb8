package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/unbuilt"
)

type simulateFlags struct {
	listen  string
	apps    int
	seed    int64
	from    []string
	latency time.Duration // of a REST request and an Engine call
	opening time.Duration // of an OpenDoc
	faults  []string
}

func newSimulate(a *app) *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Run the simulated Qlik Sense site alone",
		Long: `Run the simulated Qlik Sense site alone, until Ctrl-C. The first line of standard output is one
JSON object with every URL, credential and certificate path that a client needs.

Without --apps and --from it is the demo site. --apps N generates a site of N apps; --from DIR serves
the apps of unbuilt app folders (the layout that "qlik app unbuild" writes).`,
		Example: "  qlikcrawler simulate --apps 200 --latency 2ms\n  qlikcrawler simulate --from ./my-app-unbuild --fault script-denied=*",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			site, err := f.site()
			if err != nil {
				return err
			}
			return a.simulate(cmd, site, f)
		},
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "address of the proxy; the direct ports take free ones")
	cmd.Flags().IntVar(&f.apps, "apps", 0, "generate a site of so many apps")
	cmd.Flags().Int64Var(&f.seed, "seed", 1, "seed of the generated site")
	cmd.Flags().StringArrayVar(&f.from, "from", nil, "serve the unbuilt app in this folder, or those in its folders; may be repeated")
	cmd.Flags().DurationVar(&f.latency, "latency", 0, "time that every REST request and Engine call takes")
	cmd.Flags().DurationVar(&f.opening, "open-latency", 0, "time that opening an app takes")
	cmd.Flags().StringArrayVar(&f.faults, "fault", nil, "a fault, NAME or NAME=APP (id, or * for all); may be repeated. Names: "+strings.Join(faultNames(), ", "))
	return cmd
}

func (f simulateFlags) site() (*qliktest.Site, error) {
	switch {
	case f.apps < 0:
		return nil, wrongUse("--apps %d: want a number of apps, 1 or more", f.apps)
	case f.apps > 0 && len(f.from) > 0:
		return nil, wrongUse("--apps and --from don't go together")
	case len(f.from) > 0:
		site, err := unbuilt.Site(f.from...)
		if err != nil {
			return nil, wrongUse("--from: %w", err)
		}
		return site, nil
	case f.apps > 0:
		return qliktest.Generate(qliktest.GenerateOptions{Apps: f.apps, Seed: f.seed}), nil
	default:
		return demo.Site(), nil
	}
}

func (a *app) simulate(cmd *cobra.Command, site *qliktest.Site, f simulateFlags) error {
	srv, err := qliktest.Start(site, qliktest.Options{
		Listen: f.listen, Latency: qliktest.Latency{REST: f.latency, Call: f.latency, Open: f.opening},
	})
	if err != nil {
		return err
	}
	defer srv.Close()
	if err := setFaults(srv, site, f.faults); err != nil {
		return err
	}
	info, err := srv.Info()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(cmd.OutOrStdout()).Encode(info); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	a.log.Info("the simulated site is up; Ctrl-C ends it", "url", srv.URL, "apps", len(site.Apps))
	<-cmd.Context().Done()
	return nil
}

func faultNames() []string {
	var names []string
	for _, f := range qliktest.Faults() {
		names = append(names, string(f))
	}
	return names
}

// setFaults switches on the faults of the command line: NAME for the site, NAME=APP for an app.
func setFaults(srv *qliktest.Server, site *qliktest.Site, faults []string) error {
	for _, text := range faults {
		name, appID, _ := strings.Cut(text, "=")
		if !slices.Contains(qliktest.Faults(), qliktest.Fault(name)) {
			return wrongUse("--fault %s: no such fault; there are: %s", name, strings.Join(faultNames(), ", "))
		}
		if appID == "*" {
			appID = ""
		}
		if appID != "" && site.FindApp(appID) == nil {
			return wrongUse("--fault %s: the site has no app %s", text, appID)
		}
		srv.Fail(appID, qliktest.Fault(name))
	}
	return nil
}
