package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

type showFlags struct {
	direction string
	depth     int
	columns   bool
	all       bool
	to        string
}

// mostShown is how many nodes are told of.
const mostShown = 20_000

func newLineageShow(a *app) *cobra.Command {
	var f showFlags
	cmd := &cobra.Command{
		Use:   "show KEY",
		Short: "Tell where something comes from and what depends on it",
		Long: `Tell what feeds a chart, a measure, a field or an app (upstream), and what breaks if a column, a file or
a database goes (downstream). No source is contacted.

KEY is a key of the catalog (catalog.lineage_node has all), the start of dataset keys up to a slash
(dataset:mssql://erp.example.com:1433 is a whole server), or CODE/connection/NAME for a data connection.

Only real sources are shown; --all also shows the tables and fields of load scripts in between. --columns
follows columns rather than tables; so does whatever is as fine as a column. --to shows the shortest way
to another key.`,
		Example: "  qlikcrawler lineage show qlik-prod/43fbdabb-e378-43ca-b853-39ce562bf07a\n" +
			"  qlikcrawler lineage show 'dataset:mssql://erp.example.com:1433/ERP.dbo.Orders#Amount' --direction downstream",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.showLineage(cmd, catalog.Key(args[0]), f) },
	}
	cmd.Flags().StringVar(&f.direction, "direction", string(catalog.Both), "upstream, downstream or both")
	cmd.Flags().IntVar(&f.depth, "depth", 0, "steps at most; 0: all the way")
	cmd.Flags().BoolVar(&f.columns, "columns", false, "follow columns rather than tables")
	cmd.Flags().BoolVar(&f.all, "all", false, "also show the tables and fields of load scripts")
	cmd.Flags().StringVar(&f.to, "to", "", "show the shortest way to this key")
	return cmd
}

func (a *app) showLineage(cmd *cobra.Command, key catalog.Key, f showFlags) error {
	if f.depth < 0 {
		return wrongUse("--depth %d: want 0 or more", f.depth)
	}
	ctx := cmd.Context()
	return a.withDatabase(ctx, func(db *database) error {
		q := catalog.LineageQuery{
			Scope: catalog.Scope{All: true}, Key: key, Direction: catalog.Direction(f.direction), Depth: f.depth, Columns: f.columns, All: f.all,
		}
		var g *catalog.LineageGraph
		var err error
		if f.to != "" {
			g, err = db.LineagePath(ctx, q, catalog.Key(f.to))
		} else {
			q.Limit = mostShown
			g, err = db.Lineage(ctx, q)
		}
		if catalog.CodeOf(err) == catalog.CodeNotFound {
			return nearMisses(cmd, db, err)
		}
		if err != nil {
			return err
		}
		if a.json {
			return printJSON(cmd.OutOrStdout(), g)
		}
		printLineage(cmd.OutOrStdout(), g)
		return nil
	})
}

// nearMisses adds the keys that look like one that there isn't.
func nearMisses(cmd *cobra.Command, db *database, err error) error {
	var missing *catalog.Error
	if !errors.As(err, &missing) {
		return err
	}
	near, nearErr := db.LineageNear(cmd.Context(), catalog.Scope{All: true}, string(missing.Key))
	if nearErr != nil || len(near) == 0 || slices.Contains(near, missing.Key) {
		return err
	}
	list := make([]string, len(near))
	for i, k := range near {
		list[i] = "    " + string(k)
	}
	return &catalog.Error{
		Code: missing.Code, Op: missing.Op, Key: missing.Key, Err: missing.Err,
		Cure: "Did you mean one of these?\n" + strings.Join(list, "\n"),
	}
}

// A tree prints a graph from its start in one direction. What was printed before is only named again.
type tree struct {
	w       io.Writer
	nodes   map[catalog.Key]catalog.GraphNode
	next    map[catalog.Key][]catalog.LineageEdge
	way     catalog.Direction
	printed map[catalog.Key]bool
}

func printLineage(w io.Writer, g *catalog.LineageGraph) {
	nodes := map[catalog.Key]catalog.GraphNode{}
	for _, n := range g.Nodes {
		nodes[n.Key] = n
	}
	root := nodes[g.Key]
	if root.Key == "" && len(g.Nodes) > 0 {
		root = g.Nodes[0]
	}
	fmt.Fprintf(w, "%s\n%s\n", title(root), root.Key)
	for _, way := range []catalog.Direction{catalog.Upstream, catalog.Downstream} {
		if g.Direction == way || g.Direction == catalog.Both {
			t := tree{w: w, nodes: nodes, next: map[catalog.Key][]catalog.LineageEdge{}, way: way, printed: map[catalog.Key]bool{root.Key: true}}
			t.print(g, root)
		}
	}
	if g.Truncated {
		fmt.Fprintln(w, "\nThere is more, beyond the depth or the limit.")
	}
}

var headings = map[catalog.Direction]string{catalog.Upstream: "comes from", catalog.Downstream: "is used by"}

func (t *tree) print(g *catalog.LineageGraph, root catalog.GraphNode) {
	for _, e := range g.Edges {
		near, far := e.To, e.From
		if t.way == catalog.Downstream {
			near, far = e.From, e.To
		}
		if n := t.nodes[far]; n.Side == t.way || n.Side == "" {
			t.next[near] = append(t.next[near], e)
		}
	}
	fmt.Fprintf(t.w, "\n%s\n", headings[t.way])
	if len(t.next[root.Key]) == 0 {
		fmt.Fprintln(t.w, "  nothing that the catalog knows of")
		return
	}
	t.branches(root.Key, "")
}

func (t *tree) branches(key catalog.Key, indent string) {
	edges := t.next[key]
	for i, e := range edges {
		far := e.From
		if t.way == catalog.Downstream {
			far = e.To
		}
		branch, deeper := "├─ ", "│  "
		if i == len(edges)-1 {
			branch, deeper = "└─ ", "   "
		}
		n := t.nodes[far]
		fmt.Fprintf(t.w, "%s%s%s%s\n", indent, branch, title(n), remarks(e))
		if t.printed[far] {
			if len(t.next[far]) > 0 {
				fmt.Fprintf(t.w, "%s%s   (see above)\n", indent, deeper)
			}
			continue
		}
		t.printed[far] = true
		fmt.Fprintf(t.w, "%s%s   %s\n", indent, deeper, n.Key)
		if s := statementOf(e); s != "" {
			fmt.Fprintf(t.w, "%s%s   %s\n", indent, deeper, s)
		}
		t.branches(far, indent+deeper)
	}
}

// title is what a person calls a node.
func title(n catalog.GraphNode) string {
	kind := strings.ReplaceAll(string(n.Kind), "_", " ")
	if typ, ok := n.Attributes["type"].(string); ok {
		kind += " (" + typ + ")"
	}
	return fmt.Sprintf("%s  %s", cmp.Or(n.Name, string(n.Key)), kind)
}

// remarks are what is out of the ordinary about an edge.
func remarks(e catalog.LineageEdge) string {
	var out []string
	if e.How == catalog.Indirect {
		out = append(out, "indirect")
	}
	if e.Confidence < 1 {
		out = append(out, fmt.Sprintf("confidence %.3g", e.Confidence))
	}
	if e.Origin == catalog.FromPerson {
		out = append(out, fmt.Sprintf("said by %s: %s", e.Author, e.Reason))
	}
	if len(out) == 0 {
		return ""
	}
	return "  [" + strings.Join(out, ", ") + "]"
}

// statementOf is the beginning of an edge's statement, with its place.
func statementOf(e catalog.LineageEdge) string {
	s := strings.Join(strings.Fields(e.Statement), " ")
	if s == "" {
		return ""
	}
	const most = 100
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	if e.Line > 0 && e.Origin == catalog.FromScript {
		where := fmt.Sprintf("line %d", e.Line)
		if e.Tab != "" {
			where = e.Tab + ", " + where
		}
		return fmt.Sprintf("%s: %s", where, s)
	}
	return s
}
