package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Rotation is what Rotate did.
type Rotation struct {
	Secrets     int // that are sealed with the new key now, those included that were before
	Connections int // that they belong to
}

// Rotate seals all stored secrets with another master key, and retires the keys they were sealed with:
// no program seals with those any more. It is one transaction: all of it happens, or nothing. After an
// error that leaves open which (the connection broke at the commit) it may be called again.
//
// CodeUnreadable: some secrets can't be opened; nothing was changed. CodeInvalid: next is no key.
func (db *DB) Rotate(ctx context.Context, next []byte) (Rotation, error) {
	const op = "rotate the master key"
	seal, err := newSealer(next)
	if err != nil {
		return Rotation{}, err
	}
	if seal == nil {
		return Rotation{}, &catalog.Error{Code: catalog.CodeInvalid, Op: op, Err: errNoKey}
	}
	var r Rotation
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "lock table qlikcrawler.secret in exclusive mode"); err != nil {
			return err
		}
		var old [][]byte
		if r, old, err = db.reseal(ctx, tx, seal); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			with new as (delete from qlikcrawler.retired_key where id = $1)
			insert into qlikcrawler.retired_key (id) select distinct unnest($2::bytea[]) on conflict do nothing`, seal.id, old)
		return err
	})
	if err != nil {
		return Rotation{}, fail(op, "", err)
	}
	return r, db.keys.set(Keys{next})
}

// reseal gives also the ids of the keys that are replaced.
func (db *DB) reseal(ctx context.Context, tx pgx.Tx, next *sealer) (Rotation, [][]byte, error) {
	stored, err := storedSecrets(ctx, tx)
	if err != nil {
		return Rotation{}, nil, err
	}
	r := Rotation{Secrets: len(stored)}
	var old [][]byte
	for _, s := range db.keys.all() {
		if !slices.Equal(s.id, next.id) {
			old = append(old, s.id)
		}
	}
	var lost, codes []string
	batch := &pgx.Batch{}
	for _, s := range stored {
		codes = append(codes, s.connection)
		if _, err := next.open(s.connection, s.path, s.sealed); err == nil {
			continue // by a rotation that came this far before
		}
		value, err := db.keys.open(s.connection, s.path, s.sealed)
		if err != nil {
			lost = append(lost, s.path+" of "+s.connection)
			continue
		}
		sealed, err := next.close(s.connection, s.path, value)
		if err != nil {
			return r, nil, err
		}
		old = append(old, s.sealed[:keyIDSize])
		batch.Queue("update qlikcrawler.secret set sealed = $3 where connection = $1 and path = $2", s.connection, s.path, sealed)
	}
	if len(lost) > 0 {
		return r, nil, &catalog.Error{
			Code: catalog.CodeUnreadable, Op: "rotate the master key",
			Err:  fmt.Errorf("nothing was changed, because these secrets can't be opened: %s", strings.Join(lost, ", ")),
			Cure: "Enter them again with connection edit, or set QLIKCRAWLER_MASTER_KEY (or …_FILE) to the key that they were sealed with.",
		}
	}
	r.Connections = len(slices.Compact(codes))
	if batch.Len() == 0 {
		return r, old, nil
	}
	return r, old, tx.SendBatch(ctx, batch).Close()
}
