package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
)

func newConnection(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "connection",
		Short:   "Add, list, show, edit and remove connections to Qlik Sense sites",
		Example: "  qlikcrawler connection template > sense.yaml\n  qlikcrawler connection add -f sense.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConnectionAdd(a), newConnectionList(a), newConnectionShow(a), newConnectionEdit(a), newConnectionRemove(a), newConnectionTemplate(a),
		newConnectionLog(a))
	return cmd
}

func newConnectionAdd(a *app) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "add -f FILE",
		Short:   "Add a connection described in a YAML file",
		Long:    "Add a connection described in a YAML file; - is standard input. Nothing is read from the site yet.",
		Example: "  qlikcrawler connection add -f sense.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := readConnection(file, cmd.InOrStdin(), sources(), catalog.Connection{})
			if err != nil {
				return err
			}
			return a.withDatabase(cmd.Context(), func(db *database) error {
				if err := db.AddConnection(cmd.Context(), conn); err != nil {
					return err
				}
				return a.said(cmd, conn.Code, "added", "crawl it with: qlikcrawler crawl "+conn.Code)
			})
		},
	}
	fileFlag(cmd, &file)
	return cmd
}

func newConnectionEdit(a *app) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "edit CODE -f FILE",
		Short: "Replace a connection's settings",
		Long: `Replace a connection's settings by those of a YAML file; - is standard input.
A secret that the file leaves out keeps its value. The code never changes. Nothing is read from the site.`,
		Example: "  qlikcrawler connection show qlik-prod > sense.yaml\n  qlikcrawler connection edit qlik-prod -f sense.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				old, err := db.Connection(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				conn, err := a.readEdited(file, cmd.InOrStdin(), old)
				if err != nil {
					return err
				}
				if err := editConnection(cmd.Context(), db, conn, old); err != nil {
					return err
				}
				return a.said(cmd, conn.Code, "edited", "")
			})
		},
	}
	fileFlag(cmd, &file)
	return cmd
}

func fileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "file", "f", "", "connection file (YAML); - is standard input")
	if err := cmd.MarkFlagRequired("file"); err != nil {
		panic(err) // the flag is defined one line above
	}
}

// said tells the result of a command that changes one connection.
func (a *app) said(cmd *cobra.Command, code, what, next string) error {
	if a.json {
		return printJSON(cmd.OutOrStdout(), map[string]string{"connection": code, "result": what})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "connection %s %s\n", code, what)
	if next != "" {
		fmt.Fprintln(cmd.OutOrStdout(), next)
	}
	return nil
}

func newConnectionRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "remove CODE",
		Short:   "Remove a connection and everything that the catalog has of it",
		Example: "  qlikcrawler connection remove qlik-test",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				if err := db.RemoveConnection(cmd.Context(), args[0]); err != nil {
					return err
				}
				return a.said(cmd, args[0], "removed", "")
			})
		},
	}
}

func newConnectionTemplate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "template [TYPE]",
		Short:   "Print a commented connection file to start from",
		Example: "  qlikcrawler connection template qlik-sense > sense.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all := sources()
			typ := all[0].Type
			if len(args) == 1 {
				typ = args[0]
			}
			source, ok := all.Find(typ)
			if !ok {
				return wrongUse("%q is no type of source; this version reads: %s", typ, typesOf(all))
			}
			_, err := io.WriteString(cmd.OutOrStdout(), source.Template)
			return err
		},
	}
}

func newConnectionList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the connections",
		Example: "  qlikcrawler connection list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error { return a.listConnections(cmd, db) })
		},
	}
}

type connectionRow struct {
	Code          string         `json:"code"`
	Name          string         `json:"name"`
	Type          string         `json:"type"`
	Environment   string         `json:"environment,omitempty"`
	URL           string         `json:"url"`
	Health        catalog.Health `json:"health"`
	HealthReason  string         `json:"health_reason,omitempty"`
	LastSuccessAt *time.Time     `json:"last_success_at"`
	Counts        catalog.Counts `json:"counts"`
	// UnreadableSecrets are those that the master key doesn't open, with why and what to do.
	UnreadableSecrets []unreadableSecret `json:"unreadable_secrets,omitempty"`
}

type unreadableSecret struct {
	Path  string `json:"path"`
	Error string `json:"error"`
	Cure  string `json:"cure"`
}

// unreadableSecrets gives by connection the stored secrets that can't be opened.
func unreadableSecrets(ctx context.Context, db *database) (map[string][]unreadableSecret, error) {
	lost, err := db.UnreadableSecrets(ctx)
	if err != nil {
		return nil, err
	}
	by := map[string][]unreadableSecret{}
	for _, l := range lost {
		by[l.Connection] = append(by[l.Connection], unreadableSecret{l.Path, l.Err.Err.Error(), l.Err.Cure})
	}
	return by, nil
}

func (a *app) listConnections(cmd *cobra.Command, db *database) error {
	all, err := db.Connections(cmd.Context())
	if err != nil {
		return err
	}
	lost, err := unreadableSecrets(cmd.Context(), db)
	if err != nil {
		return err
	}
	rows := make([]connectionRow, 0, len(all))
	for _, c := range all {
		counts, err := db.Counts(cmd.Context(), c.Code)
		if err != nil {
			return err
		}
		rows = append(rows, connectionRow{
			Code: c.Code, Name: c.Name, Type: c.Type, Environment: c.Environment, URL: c.URL, Health: c.Health,
			HealthReason: c.HealthReason, LastSuccessAt: timeOrNil(c.LastSuccessAt), Counts: counts,
			UnreadableSecrets: lost[c.Code],
		})
	}
	if a.json {
		return printJSON(cmd.OutOrStdout(), rows)
	}
	if len(rows) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "no connections yet; start with: qlikcrawler connection template > sense.yaml")
		return nil
	}
	t := newTable(cmd.OutOrStdout(), "CODE", "NAME", "ENVIRONMENT", "URL", "HEALTH", "APPS", "SHEETS", "LAST SUCCESS")
	for i, r := range rows {
		t.AppendRow([]any{r.Code, r.Name, r.Environment, r.URL, r.Health, r.Counts.Apps, r.Counts.Sheets, day(all[i].LastSuccessAt, "never")})
	}
	t.Render()
	for _, r := range rows {
		for _, u := range r.UnreadableSecrets {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s can't be opened: %s\n  → %s\n", r.Code, u.Path, u.Error, u.Cure)
		}
	}
	return nil
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func newConnectionShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show CODE",
		Short:   "Show a connection's settings, without its secrets",
		Long:    "Show a connection's settings in the form that `connection edit` takes. Secrets are left out; editing\nwithout them keeps them.",
		Example: "  qlikcrawler connection show qlik-prod",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				conn, err := db.Connection(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				lost, err := unreadableSecrets(cmd.Context(), db)
				if err != nil {
					return err
				}
				return a.showConnection(cmd.OutOrStdout(), conn, lost[conn.Code])
			})
		},
	}
}

func (a *app) showConnection(w io.Writer, conn catalog.Connection, lost []unreadableSecret) error {
	tree, err := treeOf(conn)
	if err != nil {
		return err
	}
	if a.json {
		doc := map[string]any{}
		for _, item := range tree {
			doc[fmt.Sprint(item.Key)] = item.Value
		}
		tellUnreadable(a.env.Stderr, lost)
		return printJSON(w, doc)
	}
	for _, path := range slices.Sorted(maps.Keys(conn.Secrets)) {
		fmt.Fprintf(w, "# %s is set and not shown\n", path)
	}
	tellUnreadable(w, lost)
	b, err := yaml.Marshal(tree)
	if err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	_, err = w.Write(b)
	return err
}

// tellUnreadable is a comment in a connection file.
func tellUnreadable(w io.Writer, lost []unreadableSecret) {
	for _, u := range lost {
		fmt.Fprintf(w, "# %s can't be opened: %s\n#   → %s\n", u.Path, u.Error, u.Cure)
	}
}

// treeOf is a connection in the order of contract §2, without its secrets.
func treeOf(conn catalog.Connection) (yaml.MapSlice, error) {
	keys, err := document.Tree(conn)
	if err != nil {
		return nil, err
	}
	var tree yaml.MapSlice
	for _, key := range document.Order(keys) {
		tree = append(tree, yaml.MapItem{Key: key, Value: keys[key]})
	}
	return tree, nil
}

// inOrder gives the keys of a map: first those named, then the others by alphabet.
func inOrder(m map[string]any, first ...string) []string {
	var keys []string
	for _, k := range first {
		if _, ok := m[k]; ok {
			keys = append(keys, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(first, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// readEdited reads the file of an edit; secrets that it leaves out are the old ones.
func (a *app) readEdited(file string, stdin io.Reader, old catalog.Connection) (catalog.Connection, error) {
	conn, err := readConnection(file, stdin, sources(), old)
	if err != nil {
		return conn, err
	}
	if conn.Code != old.Code {
		return conn, wrongUse("the code of a connection never changes: it is the first part of every key; the file says %q, the connection is %q. "+
			"Add a second connection instead", conn.Code, old.Code)
	}
	return conn, nil
}
