package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newMigrate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "migrate",
		Short:   "Bring the database to this version's schema",
		Long:    "Bring the database to this version's schema. Every command that uses the database does it too,\nunder a lock, so that two may start at once.",
		Example: "  QLIKCRAWLER_DATABASE_URL=postgres://qlik@db.example.com/catalog qlikcrawler migrate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withDatabase(cmd.Context(), func(*database) error {
				// withDatabase has migrated it; a newer schema would have been an error.
				if a.json {
					return printJSON(cmd.OutOrStdout(), map[string]bool{"migrated": true})
				}
				fmt.Fprintln(cmd.OutOrStdout(), "the database has this version's schema")
				return nil
			})
		},
	}
}
