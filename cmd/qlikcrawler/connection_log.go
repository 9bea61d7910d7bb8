package main

import (
	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/crawler/runlog"
)

func newConnectionLog(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "log CODE",
		Short: "Print the log of a connection's last refresh",
		Long: `Print the log of a connection's last refresh, whichever process crawled: what was done, what failed and
what to do about it. Nothing is read from the site.`,
		Example: "  qlikcrawler connection log qlik-prod > qlik-prod.log",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				log, err := runlog.Files{Catalog: db.DB, Version: currentVersion().Version}.Log(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return log.Write(cmd.Context(), cmd.OutOrStdout())
			})
		},
	}
}
