package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// InTx shows inTx to tests.
func (db *DB) InTx(ctx context.Context, fn func(pgx.Tx) error) error { return db.inTx(ctx, fn) }
