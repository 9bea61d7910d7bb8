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
const keyCure = "Set QLIKCRAWLER_MASTER_KEY (or …_FILE) to the key that was in use when the secret was stored; " +
	"if it is lost, enter the secret again with connection edit."

var (
	errNoKey    = errors.New("there is no master key")
	errOtherKey = errors.New("it was sealed with another master key")
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
	op := "open secret " + path + " of"
	var sealed []byte
	err := db.pool.QueryRow(ctx,
		"select sealed from qlikcrawler.secret where connection = $1 and path = $2", code, path).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", &catalog.Error{Code: catalog.CodeNotFound, Op: op, Key: catalog.Key(code),
			Err: errors.New("no such secret is stored")}
	}
	if err != nil {
		return "", fail(op, catalog.Key(code), err)
	}
	value, err := db.seal.open(code, path, sealed)
	if err != nil {
		return "", &catalog.Error{Code: catalog.CodeUnreadable, Op: op, Key: catalog.Key(code),
			Err: err, Cure: keyCure}
	}
	return value, nil
}

// saveSecrets seals and stores secrets, replacing those of the same paths.
func (db *DB) saveSecrets(ctx context.Context, tx pgx.Tx, code string, secrets catalog.Secrets) error {
	for _, path := range slices.Sorted(maps.Keys(secrets)) {
		sealed, err := db.seal.close(code, path, secrets[path].Reveal())
		if err != nil {
			return &catalog.Error{Code: catalog.CodeInvalid, Op: "seal secret " + path + " of",
				Key: catalog.Key(code), Err: err,
				Cure: "Set QLIKCRAWLER_MASTER_KEY, or use a reference such as env:NAME or file:PATH."}
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
