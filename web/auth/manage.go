package auth

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Refusal says why somebody may not do something to users or tokens. It is the cause of a CodeForbidden.
type Refusal struct{ Reason string }

func (e *Refusal) Error() string { return e.Reason }

func refuse(reason, cure string) error {
	return &catalog.Error{Code: catalog.CodeForbidden, Err: &Refusal{reason}, Cure: cure}
}

// nameForm is what a user's name looks like before it is folded.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// A NewUser is a user whom somebody wants to make.
type NewUser struct {
	Name, DisplayName string
	Role              Role
	AllConnections    *bool // nil: true, unless connections are given
	Connections       []string
	Password          string // "": the user works with tokens only
}

// Faults are what is wrong with the user, whoever makes it.
func (n NewUser) Faults() catalog.FieldErrors {
	var errs catalog.FieldErrors
	if !nameForm.MatchString(strings.TrimSpace(n.Name)) {
		errs = append(errs, catalog.FieldError{Path: "name", Message: "is no user name", Cure: "Use letters, digits, dots, dashes, underscores and @, 64 at most, a letter or digit first."})
	}
	if !slices.Contains(catalog.Roles, n.Role) {
		errs = append(errs, catalog.FieldError{Path: "role", Message: "is none of the roles", Cure: "Use one of " + roleNames() + "."})
	}
	if n.Password != "" {
		errs = append(errs, PasswordErrors("password", FoldName(n.Name), n.Password)...)
	}
	return errs
}

func roleNames() string {
	names := make([]string, len(catalog.Roles))
	for i, r := range catalog.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// User is the user to be made, or why it can't be: catalog.FieldErrors, or a *Refusal.
func (n NewUser) User(who Principal) (catalog.User, error) {
	u := catalog.User{
		Name: FoldName(n.Name), DisplayName: n.DisplayName, Role: n.Role,
		AllConnections: len(n.Connections) == 0, Connections: n.Connections,
	}
	if n.AllConnections != nil {
		u.AllConnections = *n.AllConnections
	}
	if err := MayManage(who, u); err != nil {
		return u, err
	}
	return u, n.Faults().OrNil()
}

// PasswordErrors say what is wrong with a password that a user is to have, as a fault of a field.
func PasswordErrors(field, user, password string) catalog.FieldErrors {
	if fault := CheckPassword(user, password); fault != "" {
		return catalog.FieldErrors{{Path: field, Message: fault, Cure: fmt.Sprintf("Take a few words, without the user's name: %d characters or more, %d bytes or less.", MinPassword, MaxPassword)}}
	}
	return nil
}

// A UserEdit is what somebody wants to change of a user; nil stays.
type UserEdit struct {
	DisplayName    *string
	Role           *Role
	AllConnections *bool
	Connections    *[]string
	Disabled       *bool
}

// Apply is the user as the edit makes it, or a *Refusal: nobody changes their own rights, and only an admin
// has to do with admins.
func (e UserEdit) Apply(who Principal, old catalog.User) (catalog.User, error) {
	if err := MayManage(who, old); err != nil {
		return old, err
	}
	u := old
	set(&u.DisplayName, e.DisplayName)
	set(&u.Role, e.Role)
	set(&u.AllConnections, e.AllConnections)
	set(&u.Connections, e.Connections)
	set(&u.Disabled, e.Disabled)
	if Rights(u) == Rights(old) {
		return u, nil
	}
	if u.Name == who.Name() {
		return u, refuse("Nobody changes their own rights.", "Ask another admin.")
	}
	return u, MayManage(who, u)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// MayRemove is a *Refusal if somebody may not remove a user.
func MayRemove(who Principal, u catalog.User) error {
	if err := MayManage(who, u); err != nil {
		return err
	}
	if u.Name == who.Name() {
		return refuse("Nobody removes themselves.", "Ask another admin.")
	}
	return nil
}

// MayManage refuses to let anybody but an admin have to do with admins.
func MayManage(who Principal, u catalog.User) error {
	if u.Role != Admin || who.MayAll(Admin) {
		return nil
	}
	return refuse("Only an admin makes, edits or removes an admin.", "Ask an admin.")
}

// Rights is what a user may do, in words for the audit log.
func Rights(u catalog.User) string {
	where := "all connections"
	if !u.AllConnections {
		where = fmt.Sprintf("connections [%s]", strings.Join(u.Connections, " "))
	}
	if u.Disabled {
		where += ", disabled"
	}
	return string(u.Role) + " on " + where
}

// TokenDays is how long a token lives when nobody says.
const TokenDays = 90

// A NewToken is a token that somebody wants to have.
type NewToken struct {
	Name        string
	User        string // whose it is to be, for security admins; "": one's own
	Role        Role
	Connections *[]string  // nil: all that its user may see
	ExpiresAt   *time.Time // nil: in TokenDays
	NoExpiry    bool
}

// Faults are what is wrong with the token that a principal wants. user finds a user by name; it is asked only for
// who may know. Refusals are not told here.
func (n NewToken) Faults(ctx context.Context, who Principal, now time.Time, user func(context.Context, string) (catalog.User, error)) catalog.FieldErrors {
	var errs catalog.FieldErrors
	owner := n.owner(who)
	if owner != who.Name() && who.MayAll(SecurityAdmin) {
		if _, err := user(ctx, owner); catalog.CodeOf(err) == catalog.CodeNotFound {
			errs = append(errs, catalog.FieldError{Path: "user", Message: "is no user", Cure: "Use a name that GET /api/v1/users lists, or leave it out to make a token of your own."})
		}
	}
	if who.TokenRole != Anyone && !who.TokenRole.Includes(n.Role) || owner == who.Name() && !who.MaySomewhere(n.Role) {
		errs = append(errs, catalog.FieldError{Path: "role", Message: "is more than what you may do with what you came with", Cure: "Ask for a smaller role."})
	}
	if n.Connections != nil {
		for i, code := range *n.Connections {
			if !who.Scope().Allows(code) {
				errs = append(errs, catalog.FieldError{
					Path: fmt.Sprintf("connections[%d]", i), Message: "is no connection that you may see", Cure: "Use codes that GET /api/v1/connections lists.",
				})
			}
		}
	}
	if _, fault := n.ends(who, now); fault != nil {
		errs = append(errs, *fault)
	}
	return errs
}

// owner is whose token it is to be.
func (n NewToken) owner(who Principal) string {
	if n.User == "" {
		return who.Name()
	}
	return FoldName(n.User)
}

// Token is the token to be made, or why it can't be: nothing that the principal couldn't do with what it
// came with. catalog.FieldErrors, a *Refusal, or an error of user, which finds a user by name.
func (n NewToken) Token(ctx context.Context, who Principal, now time.Time, user func(context.Context, string) (catalog.User, error)) (catalog.Token, error) {
	t := catalog.Token{User: n.owner(who), Name: n.Name, Role: n.Role, CreatedBy: who.Name(), Connections: who.TokenConnections}
	if t.User != who.Name() && !who.MayAll(SecurityAdmin) {
		return t, refuse("Only a security admin makes tokens of others.", "Leave the user out to make one of your own.")
	}
	if errs := n.Faults(ctx, who, now, user); len(errs) > 0 {
		return t, errs
	}
	if t.User != who.Name() {
		u, err := user(ctx, t.User)
		if err == nil {
			err = MayManage(who, u)
		}
		if err != nil {
			return t, err
		}
	}
	if n.Connections != nil {
		t.Connections = append([]string{}, *n.Connections...)
		slices.Sort(t.Connections)
	}
	t.ExpiresAt, _ = n.ends(who, now)
	return t, nil
}

// ends is when the token ends. One that a token makes doesn't outlive it.
func (n NewToken) ends(who Principal, now time.Time) (time.Time, *catalog.FieldError) {
	ends := now.AddDate(0, 0, TokenDays)
	limit := time.Time{}
	if who.Credential.Kind == "token" {
		limit = who.Credential.ExpiresAt
	}
	switch {
	case n.ExpiresAt != nil && n.NoExpiry:
		return ends, &catalog.FieldError{Path: "no_expiry", Message: "contradicts expires_at", Cure: "Give one of them."}
	case n.ExpiresAt != nil && !n.ExpiresAt.After(now):
		return ends, &catalog.FieldError{Path: "expires_at", Message: "is not in the future", Cure: "Give a later time."}
	case n.ExpiresAt != nil:
		ends = *n.ExpiresAt
	case n.NoExpiry:
		ends = time.Time{}
	}
	if !limit.IsZero() && (ends.IsZero() || ends.After(limit)) {
		return limit, nil
	}
	return ends, nil
}

// MayHaveToDoWith reports whether a token is the principal's to see and revoke: its own, or anybody's for
// security admins.
func (p Principal) MayHaveToDoWith(t catalog.Token) bool {
	return t.User == p.Name() || p.MayAll(SecurityAdmin)
}
