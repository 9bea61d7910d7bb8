package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Guesses at passwords are slowed down, for every process together:
//
//   - a user from one address: after 5 failures 1 s, 2 s, 4 s … 5 minutes each
//   - an address: after 20 failures, likewise
//   - a user from addresses that they never logged in from: after 20 failures, likewise
//
// A user who is guessed at from elsewhere still gets in from where they have been before, and the
// command `user passwd` forgets all failures: nobody is locked out for good. A quarter of an hour
// without a failure forgets them too.
//
// An attempt counts as a failure before its password is looked at, and no more when it was right: of any
// number of guesses at the same time no more get through than of guesses one after another.
const (
	freeOfPair    = 5
	freeOfAddress = 20
	freeOfUser    = 20
	longestWait   = 5 * time.Minute
)

// A TooSoonError is a login that must wait.
type TooSoonError struct{ Wait time.Duration }

func (e *TooSoonError) Error() string {
	return fmt.Sprintf("too many failed logins: wait %s", e.Wait.Round(time.Second))
}

// ErrWrongLogin is a login with a wrong name or password; which one isn't told.
var ErrWrongLogin = errors.New("the user name or the password is wrong")

// Login checks a password and starts a session, whose secret it returns for the cookie. old is the
// secret of the session that the browser had, which ends: a session never outlives a login.
// ErrWrongLogin, *TooSoonError, or an error of the store.
func (g *Guard) Login(ctx context.Context, user, password, old string) (secret string, err error) {
	user = FoldName(user)
	if err := g.Confirm(ctx, user, password); err != nil {
		return "", err
	}
	secret, hash := NewSecret("")
	return secret, g.Store.AddSession(ctx, user, hash, hashOf(old), Address(ctx), g.Lifetime)
}

// Confirm checks a password as a login does, guesses slowed down, and starts no session: for what a
// session alone is not enough for. ErrWrongLogin, *TooSoonError, or an error of the store.
func (g *Guard) Confirm(ctx context.Context, user, password string) error {
	user = FoldName(user)
	address := network(Address(ctx))
	subjects, err := g.subjects(ctx, user, address)
	if err != nil {
		return err
	}
	names, err := g.mayTry(ctx, subjects)
	if err != nil {
		return err
	}
	ok, err := g.check(ctx, user, password)
	if err != nil {
		return err // and it stays a failure: who breaks off a guess has made it
	}
	if !ok {
		return ErrWrongLogin
	}
	return g.Store.NoteLogin(ctx, user, address, names, []string{pairSubject(user, address)})
}

// Session is the principal of a session's secret.
func (g *Guard) Session(ctx context.Context, secret string) (Principal, error) {
	return known(g.Store.SessionIdentity(ctx, hashOf(secret), g.Idle))
}

// FoldName is a user's name as it is stored: names are compared without case.
func FoldName(user string) string { return strings.ToLower(strings.TrimSpace(user)) }

// check compares a password with a user's, in the same time whether there is such a user or not.
func (g *Guard) check(ctx context.Context, user, password string) (ok bool, err error) {
	hash, err := g.Store.PasswordHash(ctx, user)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPassword {
		return false, nil
	}
	compare, exists := hash, hash != ""
	if !exists {
		compare = g.dummy
	}
	var matches, old bool
	var fresh string
	err = g.hasher.bounded(ctx, func() {
		if matches, old = g.hasher.matches(password, compare); matches && exists && old {
			fresh = g.hasher.hash(password)
		}
	})
	if err != nil || !matches || !exists {
		return false, err
	}
	if fresh != "" {
		return true, g.Store.SetPasswordHash(ctx, user, fresh, keepAll)
	}
	return true, nil
}

// keepAll, in place of a session to keep, makes a new hash of the same password end no session.
const keepAll = -1

// A subject is what failures are counted for, and how many are free.
type subject struct {
	name string
	free int
}

func pairSubject(user, address string) string { return "user " + user + " from " + address }

func (g *Guard) subjects(ctx context.Context, user, address string) ([]subject, error) {
	list := []subject{{pairSubject(user, address), freeOfPair}, {"address " + address, freeOfAddress}}
	known, err := g.Store.KnowsAddress(ctx, user, address)
	if err != nil || known {
		return list, err
	}
	return append(list, subject{"user " + user, freeOfUser}), nil
}

// mayTry counts an attempt and gives the names that it is counted for; it is a *TooSoonError while one of
// the subjects has to wait.
func (g *Guard) mayTry(ctx context.Context, subjects []subject) (names []string, err error) {
	for _, s := range subjects {
		names = append(names, s.name)
	}
	wait, err := g.Store.CountLogin(ctx, names, func(failures map[string]catalog.Failures) time.Duration {
		var longest time.Duration
		for _, s := range subjects {
			f := failures[s.name]
			longest = max(longest, pause(f.Count-s.free)-f.Since)
		}
		return longest
	})
	if err == nil && wait > 0 {
		err = &TooSoonError{wait}
	}
	return names, err
}

// pause is how long to wait after so many failures more than are free.
func pause(over int) time.Duration {
	switch {
	case over < 0:
		return 0
	case over > 8:
		return longestWait
	default:
		return min(longestWait, time.Second<<over)
	}
}

// network is the address itself, or the /64 of an IPv6 address, of which one machine has them all.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() || ip.Is4In6() {
		return address
	}
	if prefix, err := ip.Prefix(64); err == nil {
		return prefix.String()
	}
	return address
}

// Logout ends the session that a request came with.
func (g *Guard) Logout(ctx context.Context, p Principal) error {
	if p.Credential.Kind != "session" {
		return &catalog.Error{
			Code: catalog.CodeInvalid, Op: "log out", Err: errors.New("a token isn't a session"),
			Cure: "Revoke the token with DELETE /api/v1/tokens/{id}.",
		}
	}
	return g.Store.EndSession(ctx, p.Credential.ID)
}

// SetPassword gives a user a password. Their sessions end, but for the one with that id; failed logins
// are forgotten.
func (g *Guard) SetPassword(ctx context.Context, user, password string, keepSession int64) error {
	hash, err := g.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return g.Store.SetPasswordHash(ctx, user, hash, keepSession)
}

// HashPassword gives the hash of a password that a user wants to have; CheckPassword has seen it.
func (g *Guard) HashPassword(ctx context.Context, password string) (hash string, err error) {
	err = g.hasher.bounded(ctx, func() { hash = g.hasher.hash(password) })
	return hash, err
}
