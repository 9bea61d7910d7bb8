package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// whoAmI is who is logged in, and what they may do.
type whoAmI struct {
	User               string     `json:"user" doc:"The user's name."`
	DisplayName        string     `json:"display_name,omitempty" doc:"How people call the user."`
	Role               auth.Role  `json:"role" enum:"viewer,connector_creator,integration_admin,security_admin,admin" doc:"What the user may do."`
	AllConnections     bool       `json:"all_connections" doc:"The role holds on every connection."`
	Connections        []string   `json:"connections" doc:"Without all_connections: the connections that may be seen."`
	IntegrationAdminOf []string   `json:"integration_admin_of" doc:"Connections whose admins.integration name the user."`
	SecurityAdminOf    []string   `json:"security_admin_of" doc:"Connections whose admins.security name the user."`
	Via                string     `json:"via" enum:"session,token" doc:"What the request came with."`
	TokenRole          auth.Role  `json:"token_role,omitempty" enum:"viewer,connector_creator,integration_admin,security_admin,admin" doc:"What the token may at most."`
	Since              time.Time  `json:"since" doc:"When the session began, or the token was made."`
	ExpiresAt          *time.Time `json:"expires_at,omitempty" doc:"When the session or token ends; absent: never."`
}

func whoIs(p auth.Principal) whoAmI {
	scope := p.Scope()
	return whoAmI{
		User: p.User.Name, DisplayName: p.User.DisplayName, Role: p.User.Role, AllConnections: scope.All,
		Connections: orEmpty(scope.Connections), IntegrationAdminOf: orEmpty(p.IntegrationAdminOf), SecurityAdminOf: orEmpty(p.SecurityAdminOf),
		Via: p.Credential.Kind, TokenRole: p.TokenRole, Since: p.Credential.CreatedAt, ExpiresAt: orAbsent(p.Credential.ExpiresAt),
	}
}

// orEmpty makes a list that JSON writes as [].
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// orAbsent is a time that JSON leaves out if it is zero.
func orAbsent(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type loginInput struct {
	Body struct {
		User     string `json:"user" minLength:"1" maxLength:"64" doc:"The user's name, in any case."`
		Password string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true" doc:"The password."`
	}
	request *http.Request
}

// Resolve keeps the request, which may have an older session's cookie.
func (in *loginInput) Resolve(ctx huma.Context) []error {
	in.request, _ = humago.Unwrap(ctx)
	return nil
}

type loginOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      whoAmI
}

type logoutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type passwordInput struct {
	Body struct {
		Old string `json:"old" minLength:"1" maxLength:"1024" writeOnly:"true" doc:"The password that it is now."`
		New string `json:"new" maxLength:"1024" writeOnly:"true" doc:"The password that it is to be: 12 characters or more."`
	}
}

// session is logging in and out, for people.
func (a *API) session() {
	register(a, op{
		ID: "login", Method: http.MethodPost, Path: "/session", Summary: "Log in", Tag: "session", Role: auth.Anyone, Status: http.StatusOK,
		Description: "Starts a session and sets its cookie. A session ends after 12 hours without use, and after 7 days in any case. " +
			"Failed logins are slowed down: the answer is then 429 with Retry-After.",
	}, a.login)
	register(a, op{ID: "who-am-i", Method: http.MethodGet, Path: "/session", Summary: "Who is logged in", Tag: "session", Role: auth.Viewer},
		func(ctx context.Context, _ *struct{}) (*struct{ Body whoAmI }, error) {
			return &struct{ Body whoAmI }{whoIs(auth.From(ctx))}, nil
		})
	register(a, op{ID: "logout", Method: http.MethodDelete, Path: "/session", Summary: "Log out", Tag: "session", Role: auth.Viewer},
		func(ctx context.Context, _ *struct{}) (*logoutOutput, error) {
			err := a.Guard.Logout(ctx, auth.From(ctx))
			return &logoutOutput{SetCookie: a.Guard.Cookie("", auth.Secure(ctx))}, err
		})
	register(a, op{
		ID: "change-password", Method: http.MethodPut, Path: "/session/password", Summary: "Change one's own password", Tag: "session", Role: auth.Viewer,
		Description: "Ends all other sessions of the user. API tokens stay.",
	}, a.changePassword)
}

func (a *API) login(ctx context.Context, in *loginInput) (*loginOutput, error) {
	name := auth.FoldName(in.Body.User)
	// Asked whether there is such a user or not, so that the time doesn't tell.
	if _, err := a.Users.User(ctx, name); err == nil {
		byUser(ctx, name)
	}
	secret, err := a.Guard.Login(ctx, name, in.Body.Password, auth.SessionSecret(in.request))
	if err != nil {
		return nil, loginProblem(err)
	}
	who, err := a.Guard.Session(ctx, secret)
	if err != nil {
		return nil, err
	}
	return &loginOutput{SetCookie: a.Guard.Cookie(secret, auth.Secure(ctx)), Body: whoIs(who)}, nil
}

// loginProblem says why a login or the check of a password failed.
func loginProblem(err error) error {
	var soon *auth.TooSoonError
	switch {
	case errors.As(err, &soon):
		seconds := strconv.Itoa(int(math.Ceil(soon.Wait.Seconds())))
		p := newProblem(http.StatusTooManyRequests, catalog.CodeThrottled, "There were too many failed logins.", "Wait "+seconds+" s, then try again.")
		p.headers.Set("Retry-After", seconds)
		return p
	case errors.Is(err, auth.ErrWrongLogin):
		return newProblem(http.StatusUnauthorized, catalog.CodeUnauthorized, "The user name or the password is wrong.",
			"Try again; a security admin can set another password.")
	default:
		return err
	}
}

func (a *API) changePassword(ctx context.Context, in *passwordInput) (*struct{}, error) {
	who := auth.From(ctx)
	if who.Credential.Kind != "session" {
		return nil, newProblem(http.StatusForbidden, catalog.CodeForbidden, "A token may not change a password.", "Log in with POST "+Prefix+"/session.")
	}
	if err := a.Guard.Confirm(ctx, who.Name(), in.Body.Old); err != nil {
		if errors.Is(err, auth.ErrWrongLogin) {
			return nil, catalog.FieldErrors{{Path: "old", Message: "is not the password", Cure: "Send the password that it is now."}}
		}
		return nil, loginProblem(err)
	}
	return nil, a.Guard.SetPassword(ctx, who.Name(), in.Body.New, who.Credential.ID)
}

// Resolve tells what is wrong with the new password. Whether the old one is right only a try tells, which counts as
// a login: the handler makes it when all else is in order.
func (in *passwordInput) Resolve(hc huma.Context) []error {
	return faultsOf(auth.PasswordErrors("new", auth.From(hc.Context()).Name(), in.Body.New).OrNil())
}
