package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

func newUser(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "user",
		Short:   "Look after who may log in",
		Example: "  qlikcrawler user list",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserAdd(a), newUserList(a), newUserPasswd(a), newUserRemove(a))
	return cmd
}

func newUserAdd(a *app) *cobra.Command {
	var u catalog.User
	var role string
	var noPassword bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a user",
		Long: `Make a user. The password is asked for on a terminal, and otherwise is the first line of standard
input: never an argument, which everybody on the machine could read.`,
		Example: "  qlikcrawler user add ann --role integration_admin\n  qlikcrawler user add nightly --no-password --connection qlik-prod",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			u.Name, u.Role, u.AllConnections = auth.FoldName(args[0]), catalog.Role(role), len(u.Connections) == 0
			if err := checkUser(u); err != nil {
				return err
			}
			var hash string
			if !noPassword {
				password, err := a.askPassword(u.Name)
				if err != nil {
					return err
				}
				hash = auth.HashPassword(password)
			}
			return a.withDatabase(cmd.Context(), func(db *database) error {
				if err := db.AddUser(cmd.Context(), u, hash); err != nil {
					return err
				}
				return a.userDone(cmd, db, u.Name, "create-user", fmt.Sprintf("user %s: role %s", u.Name, u.Role), "added")
			})
		},
	}
	cmd.Flags().StringVar(&u.DisplayName, "display-name", "", "what people call the user")
	cmd.Flags().StringVar(&role, "role", string(catalog.RoleViewer), "viewer, connector_creator, integration_admin, security_admin or admin")
	cmd.Flags().StringArrayVar(&u.Connections, "connection", nil, "code of a connection that the role holds on; may be repeated (default: all)")
	cmd.Flags().BoolVar(&noPassword, "no-password", false, "can't log in: works with API tokens only")
	return cmd
}

// userName is what names of users look like; they are kept in lower case.
var userName = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,63}$`)

func checkUser(u catalog.User) error {
	if !userName.MatchString(u.Name) {
		return wrongUse("user name %q: want letters, digits, dots, dashes, underscores and @, 64 at most, a letter or digit first", u.Name)
	}
	return checkRole(u.Role)
}

func checkRole(r catalog.Role) error {
	if !slices.Contains(catalog.Roles, r) {
		return wrongUse("--role %q: say viewer, connector_creator, integration_admin, security_admin or admin", r)
	}
	return nil
}

// askPassword asks for a new password, twice on a terminal.
func (a *app) askPassword(name string) (string, error) {
	password, err := a.readPassword("New password for " + name + ": ")
	if err != nil {
		return "", err
	}
	if fault := auth.CheckPassword(name, password); fault != "" {
		return "", wrongUse("%s", fault)
	}
	if f, ok := a.env.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		again, err := a.readPassword("Once more: ")
		if err != nil {
			return "", err
		}
		if again != password {
			return "", wrongUse("the two passwords differ")
		}
	}
	return password, nil
}

// readPassword reads a line: from a terminal without showing it.
func (a *app) readPassword(prompt string) (string, error) {
	if f, ok := a.env.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(a.env.Stderr, prompt)
		line, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.env.Stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(line), nil
	}
	line, err := bufio.NewReader(a.env.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", wrongUse("there is no password on standard input: the first line is the password")
	}
	return line, nil
}

func newUserList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the users",
		Example: "  qlikcrawler user list --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				users, err := everyPage(cmd.Context(), catalog.Query{}, db.Users)
				if err != nil {
					return err
				}
				return a.printUsers(cmd, users)
			})
		},
	}
}

// userJSON is a user as --json prints it, with the API's names.
type userJSON struct {
	Name           string       `json:"name"`
	DisplayName    string       `json:"display_name,omitempty"`
	Role           catalog.Role `json:"role"`
	AllConnections bool         `json:"all_connections"`
	Connections    []string     `json:"connections"`
	Disabled       bool         `json:"disabled"`
	HasPassword    bool         `json:"has_password"`
	CreatedAt      time.Time    `json:"created_at"`
	LastLoginAt    time.Time    `json:"last_login_at,omitzero"`
}

func (a *app) printUsers(cmd *cobra.Command, users []catalog.User) error {
	if a.json {
		out := make([]userJSON, len(users))
		for i, u := range users {
			out[i] = userJSON{u.Name, u.DisplayName, u.Role, u.AllConnections, append([]string{}, u.Connections...), u.Disabled, u.HasPassword, u.CreatedAt, u.LastLoginAt}
		}
		return printJSON(cmd.OutOrStdout(), out)
	}
	t := newTable(cmd.OutOrStdout(), "NAME", "ROLE", "CONNECTIONS", "LAST LOGIN", "")
	for _, u := range users {
		connections, note := "all", ""
		if !u.AllConnections {
			connections = strings.Join(u.Connections, " ")
		}
		switch {
		case u.Disabled:
			note = "disabled"
		case !u.HasPassword:
			note = "no password"
		}
		t.AppendRow([]any{u.Name, u.Role, connections, day(u.LastLoginAt, "never"), note})
	}
	t.Render()
	return nil
}

// day is a time for a table.
func day(at time.Time, none string) string {
	if at.IsZero() {
		return none
	}
	return at.Local().Format("2006-01-02 15:04")
}

func newUserPasswd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "passwd NAME",
		Short: "Give a user another password",
		Long: `Give a user another password. Ends the user's sessions and forgets failed logins.
The password is asked for on a terminal, and otherwise is the first line of standard input.`,
		Example: "  qlikcrawler user passwd admin",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := auth.FoldName(args[0])
			return a.withDatabase(cmd.Context(), func(db *database) error {
				if _, err := db.User(cmd.Context(), name); err != nil {
					return err
				}
				password, err := a.askPassword(name)
				if err != nil {
					return err
				}
				if err := db.SetPasswordHash(cmd.Context(), name, auth.HashPassword(password), 0); err != nil {
					return err
				}
				return a.userDone(cmd, db, name, "set-password", "user "+name, "has a new password")
			})
		},
	}
}

func newUserRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "remove NAME",
		Short:   "Remove a user, with sessions and API tokens",
		Example: "  qlikcrawler user remove ann",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := auth.FoldName(args[0])
			return a.withDatabase(cmd.Context(), func(db *database) error {
				if err := db.RemoveUser(cmd.Context(), name, 0); err != nil {
					return err
				}
				return a.userDone(cmd, db, name, "remove-user", "user "+name, "removed")
			})
		},
	}
}

// userDone notes what was done in the audit log, and tells it.
func (a *app) userDone(cmd *cobra.Command, db *database, name, action, detail, what string) error {
	if err := audited(cmd.Context(), db, action, detail); err != nil {
		return err
	}
	if a.json {
		return printJSON(cmd.OutOrStdout(), map[string]string{"name": name, "done": what})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "user %s %s\n", name, what)
	return nil
}

// audited writes what a command changed into the audit log.
func audited(ctx context.Context, db *database, action, detail string) error {
	via := "cli"
	if u, err := user.Current(); err == nil {
		via += " " + u.Username
	}
	return db.AddAudit(ctx, catalog.AuditEntry{User: "(cli)", Via: via, Action: action, Detail: detail})
}

// everyPage reads all pages of a list.
func everyPage[T any](ctx context.Context, q catalog.Query, page func(context.Context, catalog.Query) (catalog.Page[T], error)) ([]T, error) {
	q.Scope, q.Limit = catalog.Scope{All: true}, 1000
	var all []T
	for {
		p, err := page(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Items...)
		if p.Next == "" {
			return all, nil
		}
		q.Cursor = p.Next
	}
}
