package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

func newToken(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "token",
		Short:   "Look after the API tokens of programs",
		Example: "  qlikcrawler token list",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenCreate(a), newTokenList(a), newTokenRevoke(a))
	return cmd
}

func newTokenCreate(a *app) *cobra.Command {
	var t catalog.Token
	var role string
	var days int
	cmd := &cobra.Command{
		Use:   "create NAME --user USER",
		Short: "Make an API token and print it, once",
		Long: `Make an API token and print it. It is not shown again: the database has only a hash of it.
A token never may do more than its user.`,
		Example: "  qlikcrawler token create nightly --user ann --role integration_admin --days 365",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t.Name, t.Role, t.CreatedBy, t.User = args[0], catalog.Role(role), "(cli)", auth.FoldName(t.User)
			if err := checkRole(t.Role); err != nil {
				return err
			}
			if days < 0 {
				return wrongUse("--days %d: want 1 or more, or 0 for a token that never expires", days)
			}
			if days > 0 {
				t.ExpiresAt = time.Now().AddDate(0, 0, days)
			}
			return a.createToken(cmd, t)
		},
	}
	cmd.Flags().StringVar(&t.User, "user", "", "whose token it is")
	cmd.Flags().StringVar(&role, "role", string(catalog.RoleViewer), "what it may at most: viewer, connector_creator, integration_admin, security_admin or admin")
	cmd.Flags().StringArrayVar(&t.Connections, "connection", nil, "code of a connection that it may see; may be repeated (default: all of its user)")
	cmd.Flags().IntVar(&days, "days", 90, "days until it expires; 0: never")
	_ = cmd.MarkFlagRequired("user") // fails for a flag that isn't there
	return cmd
}

func (a *app) createToken(cmd *cobra.Command, t catalog.Token) error {
	return a.withDatabase(cmd.Context(), func(db *database) error {
		for _, code := range t.Connections {
			if _, err := db.Connection(cmd.Context(), code); err != nil {
				return err
			}
		}
		secret, hash := auth.NewSecret(auth.TokenPrefix)
		id, err := db.AddToken(cmd.Context(), t, hash)
		if err != nil {
			return err
		}
		if err := audited(cmd.Context(), db, "create-token", fmt.Sprintf("token %d of %s: role %s", id, t.User, t.Role)); err != nil {
			return err
		}
		if a.json {
			return printJSON(cmd.OutOrStdout(), map[string]any{"id": id, "user": t.User, "name": t.Name, "role": t.Role, "token": secret})
		}
		fmt.Fprintln(cmd.OutOrStdout(), secret)
		fmt.Fprintf(cmd.ErrOrStderr(), "token %d of %s; it is shown only now\n", id, t.User)
		return nil
	})
}

func newTokenList(a *app) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the API tokens, without their secrets",
		Example: "  qlikcrawler token list --user ann",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				var q catalog.Query
				if user != "" {
					q.Filters = []catalog.Filter{{Column: "user", Op: catalog.Equals, Values: []string{auth.FoldName(user)}}}
				}
				tokens, err := everyPage(cmd.Context(), q, db.Tokens)
				if err != nil {
					return err
				}
				return a.printTokens(cmd, tokens)
			})
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "only those of this user")
	return cmd
}

// tokenJSON is a token as --json prints it, with the API's names.
type tokenJSON struct {
	ID          int64        `json:"id"`
	User        string       `json:"user"`
	Name        string       `json:"name"`
	Role        catalog.Role `json:"role"`
	Connections []string     `json:"connections,omitempty"`
	CreatedAt   time.Time    `json:"created_at"`
	CreatedBy   string       `json:"created_by"`
	ExpiresAt   time.Time    `json:"expires_at,omitzero"`
	LastUsedAt  time.Time    `json:"last_used_at,omitzero"`
	RevokedAt   time.Time    `json:"revoked_at,omitzero"`
}

func (a *app) printTokens(cmd *cobra.Command, tokens []catalog.Token) error {
	if a.json {
		out := make([]tokenJSON, len(tokens))
		for i, t := range tokens {
			out[i] = tokenJSON(t)
		}
		return printJSON(cmd.OutOrStdout(), out)
	}
	table := newTable(cmd.OutOrStdout(), "ID", "USER", "NAME", "ROLE", "CONNECTIONS", "EXPIRES", "LAST USED", "")
	for _, t := range tokens {
		connections, note := "all of its user", ""
		if t.Connections != nil {
			connections = strings.Join(t.Connections, " ")
		}
		if !t.RevokedAt.IsZero() {
			note = "revoked"
		}
		table.AppendRow([]any{t.ID, t.User, t.Name, t.Role, connections, day(t.ExpiresAt, "never"), day(t.LastUsedAt, "never"), note})
	}
	table.Render()
	return nil
}

func newTokenRevoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "revoke ID",
		Short:   "Make an API token worthless",
		Example: "  qlikcrawler token revoke 12",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return wrongUse("token %q: want the number that token list shows", args[0])
			}
			return a.withDatabase(cmd.Context(), func(db *database) error {
				if err := db.RevokeToken(cmd.Context(), id); err != nil {
					return err
				}
				if err := audited(cmd.Context(), db, "revoke-token", fmt.Sprintf("token %d", id)); err != nil {
					return err
				}
				if a.json {
					return printJSON(cmd.OutOrStdout(), map[string]any{"id": id, "done": "revoked"})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "token %d revoked\n", id)
				return nil
			})
		},
	}
}
