package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// How passwords are hashed: argon2id with OWASP's 19 MiB, two passes, one lane.
const (
	hashMemory = 19 * 1024 // KiB
	hashTime   = 2
	hashLanes  = 1
	saltBytes  = 16
	keyBytes   = 32
)

// Hashing is bounded: each takes its memory and a core for some 20 ms.
const (
	mostHashing = 2
	mostWaiting = 32
)

// What a password may be. Long ones are better than strange ones, so no signs are asked for.
const (
	MinPassword = 12
	MaxPassword = 256
)

// A hasher hashes passwords, a few at a time.
type hasher struct {
	memory, time uint32
	running      chan struct{}
	waiting      chan struct{}
}

func newHasher(cheap bool) *hasher {
	h := &hasher{memory: hashMemory, time: hashTime, running: make(chan struct{}, mostHashing), waiting: make(chan struct{}, mostWaiting)}
	if cheap {
		h.memory, h.time = 64, 1
	}
	return h
}

// bounded runs work when it is its turn.
func (h *hasher) bounded(ctx context.Context, work func()) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return &catalog.Error{
			Code: catalog.CodeThrottled, Op: "check the password",
			Err: errors.New("too many logins at once"), Cure: "Try again in a moment.",
		}
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-ctx.Done():
		return ctx.Err()
	}
	work()
	return nil
}

// hash gives a password's hash in PHC's format.
func (h *hasher) hash(password string) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) //nolint:errcheck // never fails
	key := argon2.IDKey([]byte(password), salt, h.time, h.memory, hashLanes, keyBytes)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, hashLanes, enc.EncodeToString(salt), enc.EncodeToString(key))
}

// HashPassword gives the hash of a password, for commands; a service bounds how many it makes at once, by
// Guard.HashPassword.
func HashPassword(password string) string { return newHasher(false).hash(password) }

// matches tells whether a password has that hash, and whether the hash was made with other settings
// than today's.
func (h *hasher) matches(password, hash string) (ok, old bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || memory > 1<<20 || passes > 100 || lanes == 0 {
		return false, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false, false
	}
	have := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(have, want) == 1, memory != h.memory || passes != h.time || lanes != hashLanes
}

// CheckPassword says what is wrong with a password that a user wants to have, or "".
func CheckPassword(user, password string) string {
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return fmt.Sprintf("a password has %d characters or more", MinPassword)
	case len(password) > MaxPassword:
		return fmt.Sprintf("a password has %d bytes or less", MaxPassword)
	case user != "" && strings.Contains(strings.ToLower(password), strings.ToLower(user)) && n < 2*MinPassword:
		return "a password must not hold the user's name"
	case strings.Count(password, string([]rune(password)[0])) == n:
		return "a password must not be one character only"
	default:
		return ""
	}
}

// NewPassword makes a password that nobody guesses.
func NewPassword() string { return strings.ToLower(rand.Text()) }
