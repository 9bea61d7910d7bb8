package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A TokenStore keeps the API tokens, by the hashes of their secrets.
type TokenStore interface {
	catalog.QueryChecker
	AddToken(ctx context.Context, t catalog.Token, hash []byte) (int64, error)
	Token(ctx context.Context, id int64) (catalog.Token, error)
	Tokens(ctx context.Context, q catalog.Query) (catalog.Page[catalog.Token], error)
	RevokeToken(ctx context.Context, id int64) error
}

// A Token is an API token as it goes out, without its secret.
type Token struct {
	ID          int64      `json:"id,omitempty" doc:"The token's number."`
	User        string     `json:"user,omitempty" doc:"Whose token it is."`
	Name        string     `json:"name,omitempty" doc:"What it is for."`
	Role        auth.Role  `json:"role,omitempty" enum:"viewer,connector_creator,integration_admin,security_admin,admin" doc:"What it may at most; never more than its user."`
	Connections []string   `json:"connections,omitempty" doc:"The connections that it may see; absent: all that its user may see."`
	CreatedAt   *time.Time `json:"created_at,omitempty" doc:"When it was made."`
	CreatedBy   string     `json:"created_by,omitempty" doc:"Who made it."`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"When it ends; absent: never."`
	LastUsedAt  *time.Time `json:"last_used_at,omitempty" doc:"To the minute; absent: never."`
	RevokedAt   *time.Time `json:"revoked_at,omitempty" doc:"Absent: it isn't revoked."`
}

func tokenOut(t catalog.Token) Token {
	return Token{
		ID: t.ID, User: t.User, Name: t.Name, Role: t.Role, Connections: t.Connections, CreatedAt: orAbsent(t.CreatedAt), CreatedBy: t.CreatedBy,
		ExpiresAt: orAbsent(t.ExpiresAt), LastUsedAt: orAbsent(t.LastUsedAt), RevokedAt: orAbsent(t.RevokedAt),
	}
}

// newToken is a token that was just made: the only answer that ever has the secret.
type newToken struct {
	Token
	Secret string `json:"token" doc:"The secret, to be sent as Authorization: Bearer. It is shown only now."`
}

type addTokenInput struct {
	Body struct {
		Name        string     `json:"name" minLength:"1" maxLength:"200" doc:"What it is for."`
		User        string     `json:"user,omitempty" maxLength:"64" doc:"Whose token it is to be, for security admins. Left out: one's own."`
		Role        auth.Role  `json:"role,omitempty" enum:"viewer,connector_creator,integration_admin,security_admin,admin" default:"viewer" doc:"What it may at most."`
		Connections *[]string  `json:"connections,omitempty" maxItems:"1000" doc:"The connections that it may see. Left out: all that its user may see."`
		ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"When it ends. Left out: in 90 days."`
		NoExpiry    bool       `json:"no_expiry,omitempty" doc:"It never ends."`
	}
}

type tokenID struct {
	ID int64 `path:"id" doc:"The token's number."`
}

// tokens are for everybody: their own. Security admins see, make and revoke those of others, too.
func (a *API) tokens() {
	const tag, role = "tokens", auth.Viewer
	list(a, op{ID: "list-tokens", Path: "/tokens", Summary: "List API tokens: one's own, or everybody's for security admins", Tag: tag, Role: role, List: catalog.ListTokens, Queries: a.Tokens},
		func(ctx context.Context, _ *ListParams, q catalog.Query) (catalog.Page[Token], error) {
			if who := auth.From(ctx); !who.MayAll(auth.SecurityAdmin) {
				q.Filters = append(q.Filters, catalog.Filter{Column: "user", Op: catalog.Equals, Values: []string{who.Name()}})
			}
			page, err := a.Tokens.Tokens(ctx, q)
			return mapPage(page, tokenOut), err
		})
	register(a, op{
		ID: "create-token", Method: http.MethodPost, Path: "/tokens", Summary: "Make an API token", Tag: tag, Role: role, Status: http.StatusCreated,
		Description: "The answer has the token's secret, which is never shown again. A token may never do more than its user, nor more than the token that it was made with.",
	}, a.addToken)
	register(a, op{ID: "read-token", Method: http.MethodGet, Path: "/tokens/{id}", Summary: "Read an API token, without its secret", Tag: tag, Role: role},
		func(ctx context.Context, in *tokenID) (*struct{ Body Token }, error) {
			t, err := a.ownToken(ctx, in.ID)
			return &struct{ Body Token }{tokenOut(t)}, err
		})
	register(a, op{ID: "revoke-token", Method: http.MethodDelete, Path: "/tokens/{id}", Summary: "Revoke an API token", Tag: tag, Role: role},
		func(ctx context.Context, in *tokenID) (*struct{}, error) {
			t, err := a.ownToken(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			annotate(ctx, fmt.Sprintf("token %d of %s", t.ID, t.User))
			return nil, a.Tokens.RevokeToken(ctx, t.ID)
		})
}

// ownToken is a token that the principal may have to do with. Others don't exist for it.
func (a *API) ownToken(ctx context.Context, id int64) (catalog.Token, error) {
	t, err := a.Tokens.Token(ctx, id)
	if catalog.CodeOf(err) == catalog.CodeNotFound || err == nil && !auth.From(ctx).MayHaveToDoWith(t) {
		return catalog.Token{}, newProblem(http.StatusNotFound, catalog.CodeNotFound, fmt.Sprintf("There is no token %d, or it isn't yours.", id),
			"List your tokens with GET "+Prefix+"/tokens.")
	}
	return t, err
}

type newTokenOutput struct {
	Location string `header:"Location" doc:"Where the token is."`
	Body     newToken
}

func (in *addTokenInput) token() auth.NewToken {
	b := in.Body
	return auth.NewToken{
		Name: b.Name, User: b.User, Role: cmp.Or(b.Role, auth.Viewer), Connections: b.Connections, ExpiresAt: b.ExpiresAt, NoExpiry: b.NoExpiry,
	}
}

// Resolve tells what is wrong with the token.
func (in *addTokenInput) Resolve(hc huma.Context) []error {
	a, ctx := apiOf(hc), hc.Context()
	errs := in.token().Faults(ctx, auth.From(ctx), time.Now(), a.Users.User)
	if in.Body.Connections != nil {
		errs = append(errs, a.unknownConnections(ctx, *in.Body.Connections)...)
	}
	return faultsOf(errs.OrNil())
}

func (a *API) addToken(ctx context.Context, in *addTokenInput) (*newTokenOutput, error) {
	t, err := in.token().Token(ctx, auth.From(ctx), time.Now(), a.Users.User)
	if err != nil {
		return nil, err
	}
	secret, hash := auth.NewSecret(auth.TokenPrefix)
	id, err := a.Tokens.AddToken(ctx, t, hash)
	if err != nil {
		return nil, err
	}
	annotate(ctx, fmt.Sprintf("token %d of %s: role %s", id, t.User, t.Role))
	if t, err = a.Tokens.Token(ctx, id); err != nil {
		return nil, err
	}
	return &newTokenOutput{Location: fmt.Sprintf("%s/tokens/%d", Prefix, id), Body: newToken{tokenOut(t), secret}}, nil
}
