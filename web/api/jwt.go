package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A TokenMaker makes keys and tokens of a JWT virtual proxy. It stores nothing.
type TokenMaker interface {
	KeyPair(ctx context.Context, bits, days int) (JWTKeyPair, error)
	Sign(ctx context.Context, s JWTSpec) (string, error)
	// CheckSpec tells all that is wrong with what Sign is to sign; it never shows the key.
	CheckSpec(s JWTSpec) catalog.FieldErrors
	Inspect(ctx context.Context, q JWTQuestion) (JWTFindings, error)
}

// A JWTKeyPair is a new key, shown once.
type JWTKeyPair struct {
	PrivateKey  string    `json:"private_key" doc:"PEM. It is shown this once and stored nowhere."`
	Certificate string    `json:"certificate" doc:"PEM: paste it into the virtual proxy's field JWT certificate."`
	ExpiresAt   time.Time `json:"expires_at" doc:"When the certificate ends."`
	Steps       []string  `json:"steps" doc:"What to do in the QMC."`
}

// A JWTSpec says what a token is to say.
type JWTSpec struct {
	PrivateKey         string         `json:"private_key" minLength:"1" maxLength:"65536" doc:"RSA key in PEM form, without a passphrase. It is used once and not stored."`
	Algorithm          string         `json:"algorithm,omitempty" enum:"RS256,RS384,RS512" doc:"Left out: RS256."`
	KeyID              string         `json:"key_id,omitempty" maxLength:"200" doc:"The token's kid."`
	UserID             string         `json:"user_id" minLength:"1" maxLength:"500" doc:"Whom it names."`
	UserDirectory      string         `json:"user_directory" minLength:"1" maxLength:"500" doc:"The directory of that user."`
	UserIDClaim        string         `json:"user_id_claim,omitempty" maxLength:"200" doc:"Left out: userid."`
	UserDirectoryClaim string         `json:"user_directory_claim,omitempty" maxLength:"200" doc:"Left out: userdirectory."`
	Name               string         `json:"name,omitempty" maxLength:"500"`
	Email              string         `json:"email,omitempty" maxLength:"500"`
	Groups             []string       `json:"groups,omitempty" maxItems:"500"`
	Audience           string         `json:"audience,omitempty" maxLength:"500"`
	Lifetime           string         `json:"lifetime,omitempty" maxLength:"20" doc:"Such as 30d; left out: 365d." example:"30d"`
	Claims             map[string]any `json:"claims,omitempty" doc:"Further claims."`
}

// A JWTQuestion asks what a token says.
type JWTQuestion struct {
	Token              string `json:"token" minLength:"1" maxLength:"65536" doc:"It is read and not stored; its signature isn't verified."`
	UserIDClaim        string `json:"user_id_claim,omitempty" maxLength:"200" doc:"As the virtual proxy has it."`
	UserDirectoryClaim string `json:"user_directory_claim,omitempty" maxLength:"200" doc:"As the virtual proxy has it."`
}

// JWTFindings are what a token says, and why a virtual proxy would refuse it.
type JWTFindings struct {
	Algorithm string         `json:"algorithm"`
	KeyID     string         `json:"key_id,omitempty"`
	IssuedAt  time.Time      `json:"issued_at,omitzero"`
	NotBefore time.Time      `json:"not_before,omitzero"`
	ExpiresAt time.Time      `json:"expires_at,omitzero"`
	Claims    map[string]any `json:"claims"`
	Refusals  []string       `json:"refusals" doc:"Why a virtual proxy would refuse it; empty: nothing in it speaks against it."`
}

// jwt are the operations on keys and tokens of a JWT virtual proxy.
func (a *API) jwt() {
	if a.JWT == nil {
		return
	}
	const tag = "jwt"
	register(a, op{
		ID: "make-jwt-keypair", Method: "POST", Path: "/jwt/keypair", Summary: "Make a key pair for a JWT virtual proxy", Tag: tag, Role: auth.ConnectorCreator, Timeout: time.Minute, Unkept: true,
		Description: "The private key is in the answer, this once, and nowhere else.",
	}, a.makeKeyPair)
	register(a, op{ID: "sign-jwt", Method: "POST", Path: "/jwt/sign", Summary: "Sign a token", Tag: tag, Role: auth.ConnectorCreator, Unkept: true}, a.signToken)
	register(a, op{ID: "inspect-jwt", Method: "POST", Path: "/jwt/inspect", Summary: "Tell what a token says, and why a virtual proxy would refuse it", Tag: tag, Role: auth.ConnectorCreator, Unkept: true}, a.inspectToken)
}

type keyPairParams struct {
	Body struct {
		Bits int `json:"bits,omitempty" minimum:"2048" maximum:"8192" default:"4096" doc:"Length of the RSA key."`
		Days int `json:"days,omitempty" minimum:"1" maximum:"36500" default:"1825" doc:"How long the certificate is valid."`
	} `required:"false"`
}

type keyPairOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         JWTKeyPair
}

func (a *API) makeKeyPair(ctx context.Context, in *keyPairParams) (*keyPairOutput, error) {
	bits, days := in.Body.Bits, in.Body.Days
	if bits == 0 {
		bits = 4096
	}
	if days == 0 {
		days = 1825
	}
	pair, err := a.JWT.KeyPair(ctx, bits, days)
	return &keyPairOutput{"no-store", pair}, err
}

type tokenOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Token string `json:"token"`
	}
}

type signInput struct{ Body JWTSpec }

// Resolve tells what is wrong with the token.
func (in *signInput) Resolve(hc huma.Context) []error {
	return faultsOf(apiOf(hc).JWT.CheckSpec(in.Body).OrNil())
}

func (a *API) signToken(ctx context.Context, in *signInput) (*tokenOutput, error) {
	token, err := a.JWT.Sign(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out := &tokenOutput{CacheControl: "no-store"}
	out.Body.Token = token
	return out, nil
}

type findingsOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         JWTFindings
}

type inspectInput struct{ Body JWTQuestion }

// Resolve tells what is wrong with the token: it is read, and nothing is made of it.
func (in *inspectInput) Resolve(hc huma.Context) []error {
	_, err := apiOf(hc).JWT.Inspect(hc.Context(), in.Body)
	return faultsOf(err)
}

func (a *API) inspectToken(ctx context.Context, in *inspectInput) (*findingsOutput, error) {
	found, err := a.JWT.Inspect(ctx, in.Body)
	return &findingsOutput{"no-store", found}, err
}
