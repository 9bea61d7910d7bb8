package main

import "github.com/spf13/cobra"

// newLineage is the parent of all that concerns lineage: reading one script or expression needs no
// database; building and showing what is stored does.
func newLineage(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lineage",
		Short: "Trace fields from databases and files to charts",
		Example: "  qlikcrawler lineage show 'qlik-prod/APP/SHEET/CHART' --direction upstream\n" +
			"  qlikcrawler lineage script app.qvs",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLineageScript(a), newLineageExpression(a), newLineageBuild(a), newLineageShow(a), newLineageEdge(a))
	return cmd
}
