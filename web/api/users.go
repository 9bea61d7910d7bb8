package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A UserStore keeps the users.
type UserStore interface {
	catalog.QueryChecker
	Users(ctx context.Context, q catalog.Query) (catalog.Page[catalog.User], error)
	User(ctx context.Context, name string) (catalog.User, error)
	AddUser(ctx context.Context, u catalog.User, passwordHash string) error
	EditUser(ctx context.Context, u catalog.User, version int64) error
	RemoveUser(ctx context.Context, name string, version int64) error
}

// user is a user as it goes out.
type user struct {
	Name           string     `json:"name" doc:"Unique, in lower case; never changes."`
	DisplayName    string     `json:"display_name,omitempty" doc:"How people call the user."`
	Role           auth.Role  `json:"role,omitempty" enum:"viewer,connector_creator,integration_admin,security_admin,admin" doc:"What the user may do."`
	AllConnections bool       `json:"all_connections" doc:"The role holds on every connection."`
	Connections    []string   `json:"connections" doc:"Without all_connections: the codes of the connections that the role holds on; no others are seen."`
	Disabled       bool       `json:"disabled" doc:"May not log in, and tokens don't work."`
	HasPassword    bool       `json:"has_password" doc:"Can log in; a user without a password works with tokens only."`
	CreatedAt      *time.Time `json:"created_at,omitempty" doc:"When the user was made."`
	LastLoginAt    *time.Time `json:"last_login_at,omitempty" doc:"Absent: never."`
}

func userOut(u catalog.User) user {
	return user{
		Name: u.Name, DisplayName: u.DisplayName, Role: u.Role, AllConnections: u.AllConnections, Connections: orEmpty(u.Connections),
		Disabled: u.Disabled, HasPassword: u.HasPassword, CreatedAt: orAbsent(u.CreatedAt), LastLoginAt: orAbsent(u.LastLoginAt),
	}
}

type userOutput struct {
	ETag     string `header:"ETag" doc:"Changes with the user: for If-Match."`
	Location string `header:"Location" doc:"Where the user is."`
	Body     user
}

func userAnswer(u catalog.User) *userOutput {
	return &userOutput{ETag: etag(u.Version), Location: Prefix + "/users/" + url.PathEscape(u.Name), Body: userOut(u)}
}

type addUserInput struct {
	Body struct {
		Name           string    `json:"name" pattern:"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$" patternDescription:"letters, digits, dots, dashes, underscores and @, 64 at most" doc:"Kept in lower case."`
		DisplayName    string    `json:"display_name,omitempty" maxLength:"200" doc:"How people call the user."`
		Role           auth.Role `json:"role,omitempty" enum:"viewer,connector_creator,integration_admin,security_admin,admin" default:"viewer" doc:"What the user may do."`
		AllConnections *bool     `json:"all_connections,omitempty" doc:"The role holds on every connection. Left out: true, unless connections are given."`
		Connections    []string  `json:"connections,omitempty" maxItems:"1000" doc:"The codes of the connections that the role holds on."`
		Password       string    `json:"password,omitempty" maxLength:"1024" writeOnly:"true" doc:"12 characters or more. Left out: the user can't log in, and works with tokens only."`
	}
}

type editUserInput struct {
	IfMatch
	Name string `path:"name" maxLength:"64" doc:"The user's name."`
	Body struct {
		DisplayName    *string    `json:"display_name,omitempty" maxLength:"200" doc:"How people call the user."`
		Role           *auth.Role `json:"role,omitempty" enum:"viewer,connector_creator,integration_admin,security_admin,admin" doc:"What the user may do."`
		AllConnections *bool      `json:"all_connections,omitempty" doc:"The role holds on every connection."`
		Connections    *[]string  `json:"connections,omitempty" maxItems:"1000" doc:"The codes of the connections that the role holds on, all of them."`
		Disabled       *bool      `json:"disabled,omitempty" doc:"May not log in; ends all sessions."`
	}
}

type userName struct {
	Name string `path:"name" maxLength:"64" doc:"The user's name."`
}

type removeUserInput struct {
	IfMatch
	Name string `path:"name" maxLength:"64" doc:"The user's name."`
}

type setPasswordInput struct {
	Name string `path:"name" maxLength:"64" doc:"The user's name."`
	Body struct {
		Password string `json:"password" maxLength:"1024" writeOnly:"true" doc:"12 characters or more."`
	}
}

// users are for security admins. Only an admin makes, edits or removes an admin, and nobody changes
// their own rights: a security admin can't become an admin, nor an admin be locked out by one.
func (a *API) users() {
	const tag, role = "users", auth.SecurityAdmin
	list(a, op{ID: "list-users", Path: "/users", Summary: "List users", Tag: tag, Role: role, List: catalog.ListUsers, Queries: a.Users},
		func(ctx context.Context, _ *ListParams, q catalog.Query) (catalog.Page[user], error) {
			page, err := a.Users.Users(ctx, q)
			return mapPage(page, userOut), err
		})
	register(a, op{ID: "read-user", Method: http.MethodGet, Path: "/users/{name}", Summary: "Read a user", Tag: tag, Role: role},
		func(ctx context.Context, in *userName) (*userOutput, error) {
			u, err := a.Users.User(ctx, auth.FoldName(in.Name))
			return userAnswer(u), unfoundUser(err, in.Name)
		})
	register(a, op{ID: "create-user", Method: http.MethodPost, Path: "/users", Summary: "Make a user", Tag: tag, Role: role, Status: http.StatusCreated}, a.addUser)
	register(a, op{
		ID: "edit-user", Method: http.MethodPatch, Path: "/users/{name}", Summary: "Edit a user", Tag: tag, Role: role,
		Description: "Changes what is given and leaves the rest. Role, grants and disabling take effect with the user's next request.",
	}, a.editUser)
	register(a, op{ID: "remove-user", Method: http.MethodDelete, Path: "/users/{name}", Summary: "Remove a user, with sessions and tokens", Tag: tag, Role: role}, a.removeUser)
	register(a, op{
		ID: "set-password", Method: http.MethodPut, Path: "/users/{name}/password", Summary: "Give a user another password", Tag: tag, Role: role,
		Description: "Ends the user's sessions, and forgets failed logins.",
	}, a.setPassword)
}

// mapPage turns the items of a page into what goes out.
func mapPage[F, T any](p catalog.Page[F], out func(F) T) catalog.Page[T] {
	items := make([]T, len(p.Items))
	for i, f := range p.Items {
		items[i] = out(f)
	}
	return catalog.Page[T]{Items: items, Next: p.Next}
}

func (in *addUserInput) user() auth.NewUser {
	b := in.Body
	return auth.NewUser{
		Name: b.Name, DisplayName: b.DisplayName, Role: cmp.Or(b.Role, auth.Viewer), AllConnections: b.AllConnections, Connections: b.Connections, Password: b.Password,
	}
}

// Resolve tells what is wrong with the user.
func (in *addUserInput) Resolve(hc huma.Context) []error {
	errs := append(in.user().Faults(), apiOf(hc).unknownConnections(hc.Context(), in.Body.Connections)...)
	return faultsOf(errs.OrNil())
}

// Resolve tells what is wrong with the edit.
func (in *editUserInput) Resolve(hc huma.Context) []error {
	if in.Body.Connections == nil {
		return nil
	}
	return faultsOf(apiOf(hc).unknownConnections(hc.Context(), *in.Body.Connections).OrNil())
}

// Resolve tells what is wrong with the password.
func (in *setPasswordInput) Resolve(huma.Context) []error {
	return faultsOf(auth.PasswordErrors("password", auth.FoldName(in.Name), in.Body.Password).OrNil())
}

// unknownConnections are the codes in a body's connections that no connection has. They are told to who may see
// all connections only.
func (a *API) unknownConnections(ctx context.Context, codes []string) catalog.FieldErrors {
	if len(codes) == 0 || a.Connections == nil || !auth.From(ctx).Scope().All {
		return nil
	}
	page, err := a.Connections.ConnectionRows(ctx, catalog.Query{
		Scope: catalog.Scope{All: true}, Limit: MaxLimit, Fields: []string{"code"},
		Filters: []catalog.Filter{{Column: "code", Op: catalog.Equals, Values: codes}},
	})
	if err != nil {
		return nil // the handler will meet it
	}
	var errs catalog.FieldErrors
	for i, code := range codes {
		if !slices.ContainsFunc(page.Items, func(c catalog.ConnectionRow) bool { return c.Code == code }) {
			errs = append(errs, catalog.FieldError{Path: index("connections", i), Message: "is no connection", Cure: "Use codes that GET " + Prefix + "/connections lists."})
		}
	}
	return errs
}

func (a *API) addUser(ctx context.Context, in *addUserInput) (*userOutput, error) {
	b := in.Body
	u, err := in.user().User(auth.From(ctx))
	if err != nil {
		return nil, err
	}
	var hash string
	if b.Password != "" {
		if hash, err = a.Guard.HashPassword(ctx, b.Password); err != nil {
			return nil, err
		}
	}
	if err := a.Users.AddUser(ctx, u, hash); err != nil {
		return nil, err
	}
	annotate(ctx, "user "+u.Name+": "+auth.Rights(u))
	u, err = a.Users.User(ctx, u.Name)
	return userAnswer(u), err
}

func (a *API) editUser(ctx context.Context, in *editUserInput) (*userOutput, error) {
	old, err := a.managed(ctx, in.Name, in.IfMatch)
	if err != nil {
		return nil, err
	}
	u, err := auth.UserEdit(in.Body).Apply(auth.From(ctx), old)
	if err != nil {
		return nil, err
	}
	if now, before := auth.Rights(u), auth.Rights(old); now != before {
		annotate(ctx, "user "+u.Name+": "+before+" → "+now)
	}
	if err := a.Users.EditUser(ctx, u, old.Version); err != nil {
		return nil, err
	}
	u, err = a.Users.User(ctx, u.Name)
	return userAnswer(u), err
}

func (a *API) removeUser(ctx context.Context, in *removeUserInput) (*struct{}, error) {
	u, err := a.managed(ctx, in.Name, in.IfMatch)
	if err != nil {
		return nil, err
	}
	if err := auth.MayRemove(auth.From(ctx), u); err != nil {
		return nil, err
	}
	annotate(ctx, "user "+u.Name+" had "+auth.Rights(u))
	return nil, a.Users.RemoveUser(ctx, u.Name, u.Version)
}

func (a *API) setPassword(ctx context.Context, in *setPasswordInput) (*struct{}, error) {
	u, err := a.managed(ctx, in.Name, IfMatch{})
	if err != nil {
		return nil, err
	}
	return nil, a.Guard.SetPassword(ctx, u.Name, in.Body.Password, 0)
}

func unfoundUser(err error, name string) error {
	if catalog.CodeOf(err) != catalog.CodeNotFound {
		return err
	}
	return newProblem(http.StatusNotFound, catalog.CodeNotFound, fmt.Sprintf("There is no user %q.", name), "List the users with GET "+Prefix+"/users.")
}

// managed is a user whom the principal may change.
func (a *API) managed(ctx context.Context, name string, m IfMatch) (catalog.User, error) {
	u, err := a.Users.User(ctx, auth.FoldName(name))
	if err != nil {
		return u, unfoundUser(err, name)
	}
	if err := auth.MayManage(auth.From(ctx), u); err != nil {
		return u, err
	}
	return u, m.unless(etag(u.Version))
}
