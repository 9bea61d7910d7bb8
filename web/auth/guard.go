package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Store keeps users, sessions and tokens. *postgres.DB is one.
type Store interface {
	SessionIdentity(ctx context.Context, hash []byte, idle time.Duration) (catalog.Identity, error)
	TokenIdentity(ctx context.Context, hash []byte) (catalog.Identity, error)
	AddSession(ctx context.Context, user string, hash, old []byte, address string, lifetime time.Duration) error
	EndSession(ctx context.Context, id int64) error
	PasswordHash(ctx context.Context, user string) (string, error)
	SetPasswordHash(ctx context.Context, user, hash string, keepSession int64) error
	CountLogin(ctx context.Context, subjects []string, wait func(map[string]catalog.Failures) time.Duration) (time.Duration, error)
	NoteLogin(ctx context.Context, user, address string, counted, forget []string) error
	KnowsAddress(ctx context.Context, user, address string) (bool, error)
}

// Deps are what New needs.
type Deps struct {
	Store Store
	Log   *slog.Logger // nil: discard
	// Idle is how long a session lives unused, Lifetime how long at all. Zero: 12 hours, 7 days.
	Idle, Lifetime time.Duration
	// Cheap makes password hashing quick, for tests.
	Cheap bool
}

// A Guard finds out who is asking, and lets people in. Its methods may be called from several goroutines.
type Guard struct {
	Deps
	hasher *hasher
	dummy  string // the hash that guesses at unknown users are compared with
	now    func() time.Time
}

// New makes a Guard.
func New(d Deps) *Guard {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Idle == 0 {
		d.Idle = 12 * time.Hour
	}
	if d.Lifetime == 0 {
		d.Lifetime = 7 * 24 * time.Hour
	}
	h := newHasher(d.Cheap)
	return &Guard{Deps: d, hasher: h, dummy: h.hash(rand.Text()), now: time.Now}
}

// TokenPrefix begins every API token, so that scanners of repositories know one when they see it.
const TokenPrefix = "qct_"

// NewSecret makes the secret of a token or session, and the hash by which the store knows it.
func NewSecret(prefix string) (secret string, hash []byte) {
	secret = prefix + rand.Text() + rand.Text()
	return secret, hashOf(secret)
}

// hashOf needs no salt and no work: the secret is 256 bits of chance.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Authenticate says who sent a request. Nobody, and who comes with a credential that isn't valid any
// more, is the zero Principal; an error means that it couldn't be looked up. The request's context says
// where it comes from (WithAddress).
func (g *Guard) Authenticate(r *http.Request) (Principal, error) {
	ctx := r.Context()
	if r.Header.Get("Authorization") != "" {
		token := bearer(r)
		if !strings.HasPrefix(token, TokenPrefix) {
			return Principal{}, nil
		}
		return known(g.Store.TokenIdentity(ctx, hashOf(token)))
	}
	if secret := SessionSecret(r); secret != "" {
		return known(g.Store.SessionIdentity(ctx, hashOf(secret), g.Idle))
	}
	return Principal{}, nil
}

// bearer is the token that a request came with, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// CredentialOf is the secret that a request came with: its token, or its session's. Never log it.
func CredentialOf(r *http.Request) string {
	if token := bearer(r); token != "" {
		return token
	}
	return SessionSecret(r)
}

func known(id catalog.Identity, err error) (Principal, error) {
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return Principal{}, nil
	}
	if err != nil {
		return Principal{}, err
	}
	return Principal{Identity: id}, nil
}

type originKey struct{}

type origin struct {
	address string
	secure  bool
}

// WithAddress puts into a context where a request comes from, and whether it came by https.
func WithAddress(ctx context.Context, address string, secure bool) context.Context {
	return context.WithValue(ctx, originKey{}, origin{address, secure})
}

// Address is the address that a request comes from, or "".
func Address(ctx context.Context) string {
	o, _ := ctx.Value(originKey{}).(origin)
	return o.address
}

// Secure reports whether a request came by https, to us or to the proxy before us.
func Secure(ctx context.Context) bool {
	o, _ := ctx.Value(originKey{}).(origin)
	return o.secure
}
