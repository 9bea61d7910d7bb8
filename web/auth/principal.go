// Package auth says who is asking and what they may do: roles, sessions, API tokens, passwords, and
// how fast one may guess them.
package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Role says what somebody may do.
type Role = catalog.Role

// The roles, and Anyone for what needs no login.
const (
	Anyone           = catalog.RoleNone
	Viewer           = catalog.RoleViewer
	ConnectorCreator = catalog.RoleConnectorCreator
	IntegrationAdmin = catalog.RoleIntegrationAdmin
	SecurityAdmin    = catalog.RoleSecurityAdmin
	Admin            = catalog.RoleAdmin
)

// A Principal is who is asking. The zero Principal is somebody unknown, who may nothing.
type Principal struct{ catalog.Identity }

// Known reports whether somebody is logged in, or came with a token.
func (p Principal) Known() bool { return p.User.Name != "" }

// Name is the user's name, for rows that say who did something.
func (p Principal) Name() string { return p.User.Name }

// Via says what the request came with: "session 12", "token 3".
func (p Principal) Via() string {
	if !p.Known() {
		return ""
	}
	return fmt.Sprintf("%s %d", p.Credential.Kind, p.Credential.ID)
}

// Scope is the connections whose rows the principal may see: to be put into each Query.
func (p Principal) Scope() catalog.Scope {
	switch {
	case !p.Known():
		return catalog.Scope{}
	case p.User.AllConnections && p.TokenConnections == nil:
		return catalog.Scope{All: true}
	case p.User.AllConnections:
		return catalog.Scope{Connections: p.TokenConnections}
	}
	seen := slices.Concat(p.User.Connections, p.IntegrationAdminOf, p.SecurityAdminOf)
	slices.Sort(seen)
	seen = slices.Compact(seen)
	if p.TokenConnections != nil {
		seen = slices.DeleteFunc(seen, func(c string) bool { return !slices.Contains(p.TokenConnections, c) })
	}
	return catalog.Scope{Connections: seen}
}

// MayOn reports whether the principal may do what needs a role on a connection.
func (p Principal) MayOn(need Role, connection string) bool {
	if !p.Scope().Allows(connection) || !p.limit(need) {
		return false
	}
	if p.User.AllConnections || slices.Contains(p.User.Connections, connection) {
		if p.User.Role.Includes(need) {
			return true
		}
	}
	return slices.Contains(p.IntegrationAdminOf, connection) && IntegrationAdmin.Includes(need) ||
		slices.Contains(p.SecurityAdminOf, connection) && SecurityAdmin.Includes(need)
}

// MayTrace reports whether the principal may say what flows into and out of a thing: who crawls its connection,
// and for a dataset, which belongs to none, who crawls at all.
func (p Principal) MayTrace(k catalog.Key) bool {
	if strings.HasPrefix(string(k), "dataset:") {
		return p.MaySomewhere(IntegrationAdmin)
	}
	code, _, _ := strings.Cut(string(k), "/")
	return p.MayOn(IntegrationAdmin, code)
}

// MaySomewhere reports whether the principal has a role at all: on every connection, on some, or on
// those yet to be made.
func (p Principal) MaySomewhere(need Role) bool {
	if !p.Known() || !p.limit(need) {
		return false
	}
	return p.User.Role.Includes(need) ||
		len(p.IntegrationAdminOf) > 0 && IntegrationAdmin.Includes(need) ||
		len(p.SecurityAdminOf) > 0 && SecurityAdmin.Includes(need)
}

// MayAll reports whether the principal has a role on everything: users, tokens and the audit log
// belong to no connection.
func (p Principal) MayAll(need Role) bool {
	return p.Known() && p.limit(need) && p.User.Role.Includes(need) && p.Scope().All
}

// MayItself reports whether the principal has a role of its own, not by a connection's `admins`: to make
// a connection, for instance.
func (p Principal) MayItself(need Role) bool {
	return p.Known() && p.limit(need) && p.User.Role.Includes(need)
}

// limit reports whether the token, if it came by one, allows what needs a role.
func (p Principal) limit(need Role) bool {
	return p.TokenRole == Anyone || p.TokenRole.Includes(need)
}

type principalKey struct{}

// With puts a principal into a context.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From gives the principal of a context; the zero Principal if it has none.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
