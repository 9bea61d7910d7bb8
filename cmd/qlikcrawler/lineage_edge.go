package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func newLineageEdge(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "edge",
		Short: "Say what the program can't read: that an edge is there, or isn't",
		Long: `Say that data flows from one thing to another, or that it doesn't. What a person says lives apart from
what the program reads: it survives every crawl and build, and wins where the two differ. list tells where
they do.`,
		Example: "  qlikcrawler lineage edge add 'dataset:file://files/a.csv' 'qlik-prod/APP/field/Region' --reason 'loaded by hand'\n" +
			"  qlikcrawler lineage edge list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEdgeAdd(a), newEdgeRemove(a), newEdgeList(a), newEdgeImport(a), newEdgeExport(a))
	return cmd
}

func newEdgeAdd(a *app) *cobra.Command {
	var e catalog.ManualEdge
	var level, how string
	cmd := &cobra.Command{
		Use:   "add FROM TO --reason TEXT",
		Short: "Say that data flows from one key to another (--not: that it doesn't)",
		Example: "  qlikcrawler lineage edge add dataset:s3://lake/orders.parquet qlik-prod/43fb… --author ada --reason 'loaded by a plugin'\n" +
			"  qlikcrawler lineage edge add 'dataset:mssql://erp:1433/ERP.dbo.Orders#Old' qlik-prod/43fb…/field/Amount --not --author ada --reason 'a dead branch'",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			e.From, e.To, e.Level, e.How = catalog.Key(args[0]), catalog.Key(args[1]), catalog.Level(level), catalog.How(how)
			e.Author = cmp.Or(e.Author, a.env.Getenv("USER"), a.env.Getenv("USERNAME"))
			return a.putEdges(cmd, []catalog.ManualEdge{e})
		},
	}
	cmd.Flags().BoolVar(&e.Denied, "not", false, "there is no such edge, whatever the program reads")
	cmd.Flags().StringVar(&e.Author, "author", "", "who says so (default: the user's name)")
	cmd.Flags().StringVar(&e.Reason, "reason", "", "why")
	cmd.Flags().StringVar(&level, "level", "", "table or column (default: by the keys)")
	cmd.Flags().StringVar(&how, "how", "", "direct or indirect (default direct)")
	cmd.Flags().Float64Var(&e.Confidence, "confidence", 1, "how sure it is, above 0 and up to 1")
	return cmd
}

// An edgesResult is what add and import print.
type edgesResult struct {
	Edges   int `json:"edges"`
	Changed int `json:"changed"`
}

func (a *app) putEdges(cmd *cobra.Command, edges []catalog.ManualEdge) error {
	return a.withDatabase(cmd.Context(), func(db *database) error {
		n, err := db.PutManualEdges(cmd.Context(), edges)
		if err != nil {
			return err
		}
		if a.json {
			return printJSON(cmd.OutOrStdout(), edgesResult{len(edges), n})
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s, %d new or changed\n", count(len(edges), "edge"), n)
		return nil
	})
}

func newEdgeRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "remove FROM TO",
		Short:   "Take back what was said of an edge",
		Example: "  qlikcrawler lineage edge remove dataset:s3://lake/orders.parquet qlik-prod/43fb…",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				return db.RemoveManualEdge(cmd.Context(), catalog.Key(args[0]), catalog.Key(args[1]))
			})
		},
	}
}

func newEdgeList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list [CODE]",
		Short:   "List what people said of edges, and where the program reads something else",
		Example: "  qlikcrawler lineage edge list\n  qlikcrawler lineage edge list qlik-prod --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withEdges(cmd, args, func(edges []catalog.ManualEdge) error {
				if a.json {
					return printJSON(cmd.OutOrStdout(), edges)
				}
				t := newTable(cmd.OutOrStdout(), "FROM", "TO", "SAYS", "AUTHOR", "SINCE", "REASON", "CONFLICT")
				for _, e := range edges {
					says := string(e.Level) + " " + string(e.How)
					if e.Denied {
						says = "no edge"
					}
					t.AppendRow([]any{e.From, e.To, says, e.Author, e.CreatedAt.Local().Format(time.DateOnly), e.Reason, e.Conflict})
				}
				t.Render()
				return nil
			})
		},
	}
}

// withEdges reads the manual edges of a connection, or all.
func (a *app) withEdges(cmd *cobra.Command, args []string, use func([]catalog.ManualEdge) error) error {
	return a.withDatabase(cmd.Context(), func(db *database) error {
		prefix := catalog.Key("")
		if len(args) > 0 && args[0] != "" {
			if _, err := db.Connection(cmd.Context(), args[0]); err != nil {
				return err
			}
			prefix = catalog.Key(args[0] + "/")
		}
		edges, err := db.ManualEdges(cmd.Context(), catalog.Scope{All: true}, prefix)
		if err != nil {
			return err
		}
		return use(edges)
	})
}

func newEdgeImport(a *app) *cobra.Command {
	var format, author, reason string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Read edges from a CSV or JSON file, all or none of them",
		Long: `Read edges from a CSV or JSON file (- is standard input), all or none of them. An edge of the same two keys
is replaced; others stay. The columns are those that export writes; from_key and to_key are enough when
--author and --reason say the rest.`,
		Example: "  qlikcrawler lineage edge import edges.csv\n  qlikcrawler lineage edge import - --format json < edges.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			edges, err := readEdges(args[0], cmd.InOrStdin(), format)
			if err != nil {
				return err
			}
			for i := range edges {
				edges[i].Author, edges[i].Reason = cmp.Or(edges[i].Author, author), cmp.Or(edges[i].Reason, reason)
			}
			return a.putEdges(cmd, edges)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "csv or json (default: by the file's name, else csv)")
	cmd.Flags().StringVar(&author, "author", "", "the author of edges without one")
	cmd.Flags().StringVar(&reason, "reason", "", "the reason of edges without one")
	return cmd
}

func newEdgeExport(a *app) *cobra.Command {
	var format, file string
	cmd := &cobra.Command{
		Use:     "export [CODE]",
		Short:   "Write what people said of edges as CSV or JSON",
		Example: "  qlikcrawler lineage edge export > edges.csv\n  qlikcrawler lineage edge export qlik-prod -o edges.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.json {
				format = "json"
			}
			form, err := edgeFormat(file, format)
			if err != nil {
				return err
			}
			return a.withEdges(cmd, args, func(edges []catalog.ManualEdge) error {
				for i := range edges {
					edges[i].Conflict = ""
				}
				if file == "" || file == "-" {
					return writeEdges(cmd.OutOrStdout(), form, edges)
				}
				f, err := os.Create(file)
				if err != nil {
					return fmt.Errorf("write edges: %w", err)
				}
				return errors.Join(writeEdges(f, form, edges), f.Close())
			})
		},
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "file to write (default: standard output)")
	cmd.Flags().StringVar(&format, "format", "", "csv or json (default: by the file's name, else csv)")
	return cmd
}

func edgeFormat(file, format string) (string, error) {
	switch {
	case format == "csv" || format == "json":
		return format, nil
	case format != "":
		return "", wrongUse("--format %s: say csv or json", format)
	case strings.HasSuffix(strings.ToLower(file), ".json"):
		return "json", nil
	default:
		return "csv", nil
	}
}

// edgeColumns are the columns of the CSV, named as in the JSON.
var edgeColumns = []string{"from_key", "to_key", "denied", "level", "how", "confidence", "author", "reason", "created_at"}

func writeEdges(w io.Writer, format string, edges []catalog.ManualEdge) error {
	if edges == nil {
		edges = []catalog.ManualEdge{}
	}
	if format == "json" {
		return printJSON(w, edges)
	}
	c := csv.NewWriter(w)
	_ = c.Write(edgeColumns) // Error tells
	for _, e := range edges {
		_ = c.Write([]string{
			string(e.From), string(e.To), strconv.FormatBool(e.Denied), string(e.Level), string(e.How),
			strconv.FormatFloat(e.Confidence, 'g', -1, 64), e.Author, e.Reason, e.CreatedAt.UTC().Format(time.RFC3339Nano),
		})
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("write edges: %w", err)
	}
	return nil
}

func readEdges(file string, stdin io.Reader, format string) ([]catalog.ManualEdge, error) {
	form, err := edgeFormat(file, format)
	if err != nil {
		return nil, err
	}
	r := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, wrongUse("read edges: %w", err)
		}
		defer func() { _ = f.Close() }()
		r = f
	}
	if form == "csv" {
		return readEdgesCSV(r)
	}
	var edges []catalog.ManualEdge
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&edges); err != nil {
		return nil, wrongUse("%s is no JSON list of edges: %w", file, err)
	}
	return edges, nil
}

func readEdgesCSV(r io.Reader) ([]catalog.ManualEdge, error) {
	c := csv.NewReader(r)
	header, err := c.Read()
	if err != nil {
		return nil, wrongUse("the CSV has no header: %w", err)
	}
	for i := range header {
		header[i] = strings.TrimSpace(strings.TrimPrefix(header[i], "\ufeff"))
		if !slices.Contains(edgeColumns, header[i]) {
			return nil, wrongUse("the CSV has a column %q; the columns are %s", header[i], strings.Join(edgeColumns, ", "))
		}
	}
	var edges []catalog.ManualEdge
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return edges, nil
		}
		if err != nil {
			return nil, wrongUse("read the CSV: %w", err)
		}
		e, err := edgeOf(header, row)
		if err != nil {
			line, _ := c.FieldPos(0)
			return nil, wrongUse("line %d: %w", line, err)
		}
		edges = append(edges, e)
	}
}

func edgeOf(header, row []string) (e catalog.ManualEdge, err error) {
	for i, value := range row {
		if value == "" {
			continue
		}
		switch header[i] {
		case "from_key":
			e.From = catalog.Key(value)
		case "to_key":
			e.To = catalog.Key(value)
		case "denied":
			e.Denied, err = strconv.ParseBool(value)
		case "level":
			e.Level = catalog.Level(value)
		case "how":
			e.How = catalog.How(value)
		case "confidence":
			e.Confidence, err = strconv.ParseFloat(value, 64)
		case "author":
			e.Author = value
		case "reason":
			e.Reason = value
		case "created_at":
			e.CreatedAt, err = time.Parse(time.RFC3339Nano, value)
		}
		if err != nil {
			return e, fmt.Errorf("%s: %w", header[i], err)
		}
	}
	return e, nil
}
