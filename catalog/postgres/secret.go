package postgres

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A sealer seals secrets with AES-256-GCM under a key made of the master key. What it makes is
//
//	id of the key (8 bytes) ‖ nonce ‖ ciphertext and tag
//
// and holds only for the connection and path it was made for: a sealed value copied to another row
// can't be opened.
type sealer struct {
	id   []byte
	aead cipher.AEAD
}

const keyIDSize = 8

// keyCure says what a person can do about a secret that can't be opened.
const keyCure = "Set QLIKCRAWLER_MASTER_KEY (or …_FILE) to the key that was in use when the secret was stored, after secrets rotate to the new one; " +
	"if it is lost, enter the secret again with connection edit."

var (
	errNoKey    = errors.New("there is no master key")
	errOtherKey = errors.New("it was sealed with another master key")
	errRetired  = errors.New("the master key was replaced by secrets rotate")
)

// newSealer returns nil without a master key.
func newSealer(master []byte) (*sealer, error) {
	if len(master) == 0 {
		return nil, nil
	}
	invalid := func(err error) error {
		return &catalog.Error{Code: catalog.CodeInvalid, Op: "read the master key", Err: err}
	}
	if len(master) < 16 {
		return nil, invalid(fmt.Errorf("it has %d bytes, and needs 16 or more", len(master)))
	}
	key, err := hkdf.Key(sha256.New, master, nil, "qlikcrawler secrets", 32)
	if err != nil {
		return nil, invalid(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, invalid(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, invalid(err)
	}
	sum := sha256.Sum256(key)
	return &sealer{id: sum[:keyIDSize], aead: aead}, nil
}

func (s *sealer) close(code, path, value string) ([]byte, error) {
	if s == nil {
		return nil, errNoKey
	}
	return s.aead.Seal(slices.Clone(s.id), nil, []byte(value), sealedFor(code, path)), nil
}

func (s *sealer) open(code, path string, sealed []byte) (string, error) {
	switch {
	case s == nil:
		return "", errNoKey
	case len(sealed) < keyIDSize:
		return "", errors.New("what is stored is too short")
	case !slices.Equal(sealed[:keyIDSize], s.id):
		return "", errOtherKey
	}
	value, err := s.aead.Open(nil, nil, sealed[keyIDSize:], sealedFor(code, path))
	if err != nil {
		return "", errors.New("what is stored was changed, or made for another connection or key")
	}
	return string(value), nil
}

// sealedFor binds a sealed value to its row. A code has no slash.
func sealedFor(code, path string) []byte { return []byte(code + "/" + path) }

// Secret opens one stored secret. CodeNotFound: the connection has no secret of that path.
// CodeUnreadable: the master key is missing or another one; the error's cure says what to do.
func (db *DB) Secret(ctx context.Context, code, path string) (string, error) {
	var sealed []byte
	err := db.pool.QueryRow(ctx,
		"select sealed from qlikcrawler.secret where connection = $1 and path = $2", code, path).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", &catalog.Error{
			Code: catalog.CodeNotFound, Op: openSecret(path), Key: catalog.Key(code),
			Err: errors.New("no such secret is stored"),
		}
	}
	if err != nil {
		return "", fail(openSecret(path), catalog.Key(code), err)
	}
	value, err := db.keys.open(code, path, sealed)
	if err != nil {
		return "", unreadable(code, path, err)
	}
	return value, nil
}

func openSecret(path string) string { return "open secret " + path + " of" }

func unreadable(code, path string, err error) *catalog.Error {
	return &catalog.Error{Code: catalog.CodeUnreadable, Op: openSecret(path), Key: catalog.Key(code), Err: err, Cure: keyCure}
}

// An UnreadableSecret is a stored secret that no key of this program opens.
type UnreadableSecret struct {
	Connection, Path string
	Err              *catalog.Error // as Secret gives it, with a cure
}

// UnreadableSecrets tries all stored secrets and gives those that can't be opened, by connection and path.
func (db *DB) UnreadableSecrets(ctx context.Context) ([]UnreadableSecret, error) {
	stored, err := storedSecrets(ctx, db.pool)
	if err != nil {
		return nil, fail("try the stored secrets", "", err)
	}
	var lost []UnreadableSecret
	for _, s := range stored {
		if _, err := db.keys.open(s.connection, s.path, s.sealed); err != nil {
			lost = append(lost, UnreadableSecret{s.connection, s.path, unreadable(s.connection, s.path, err)})
		}
	}
	return lost, nil
}

type storedSecret struct {
	connection, path string
	sealed           []byte
}

func storedSecrets(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) ([]storedSecret, error) {
	rows, err := q.Query(ctx, "select connection, path, sealed from qlikcrawler.secret order by connection, path")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (storedSecret, error) {
		var s storedSecret
		return s, row.Scan(&s.connection, &s.path, &s.sealed)
	})
}

// saveSecrets seals and stores secrets, replacing those of the same paths. It waits for a rotation in
// progress, and never seals with a key that a rotation has replaced.
func (db *DB) saveSecrets(ctx context.Context, tx pgx.Tx, code string, secrets catalog.Secrets) error {
	if len(secrets) == 0 {
		return nil
	}
	seal, err := db.sealerFor(ctx, tx)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(secrets)) {
		sealed, err := seal.close(code, path, secrets[path].Reveal())
		if err != nil {
			return &catalog.Error{
				Code: catalog.CodeInvalid, Op: "seal secret " + path + " of",
				Key: catalog.Key(code), Err: err,
				Cure: "Set QLIKCRAWLER_MASTER_KEY, or use a reference such as env:NAME or file:PATH.",
			}
		}
		_, err = tx.Exec(ctx, `
			insert into qlikcrawler.secret (connection, path, sealed) values ($1, $2, $3)
			on conflict (connection, path) do update set sealed = excluded.sealed`, code, path, sealed)
		if err != nil {
			return err
		}
	}
	return nil
}

// sealerFor gives the sealer that is in force until tx ends: the first whose key no rotation has
// replaced; nil without a master key.
func (db *DB) sealerFor(ctx context.Context, tx pgx.Tx) (*sealer, error) {
	if _, err := tx.Exec(ctx, "lock table qlikcrawler.secret in row exclusive mode"); err != nil {
		return nil, err
	}
	for range 2 { // once more with the keys that are there now
		sealers := db.keys.all()
		if len(sealers) == 0 {
			return nil, nil
		}
		for _, s := range sealers {
			var retired bool
			err := tx.QueryRow(ctx, "select exists (select from qlikcrawler.retired_key where id = $1)", s.id).Scan(&retired)
			if err != nil || !retired {
				return s, err
			}
		}
		if !db.keys.reread() {
			break
		}
	}
	return nil, &catalog.Error{
		Code: catalog.CodeConflict, Op: "seal secrets", Err: errRetired,
		Cure: "Set QLIKCRAWLER_MASTER_KEY (or …_FILE) to the new key, and start this program again.",
	}
}
