package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// How long an answer is kept for who asks again, and after how long a call that was never answered,
// since its process died, may be made again.
const (
	keepAnswers = "24 hours"
	abandoned   = "15 minutes"
)

// BeginCall notes that a call with an Idempotency-Key is being made. began is false if that call was made
// before, by whichever process: then kept is what is known of it, and the call must not be made again.
func (db *DB) BeginCall(ctx context.Context, call catalog.KeyedCall) (kept catalog.KeyedCall, began bool, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "delete from qlikcrawler.idempotency where started_at < now() - interval '"+keepAnswers+"'"); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into qlikcrawler.idempotency as i (credential, key_hash, request) values ($1, $2, $3)
			on conflict (credential, key_hash) do update set started_at = now()
			where i.status is null and i.request = excluded.request and i.started_at < now() - interval '`+abandoned+`'`,
			call.Credential, call.Key, call.Request)
		if err != nil || tag.RowsAffected() == 1 {
			began = true
			return err
		}
		kept.Credential, kept.Key = call.Credential, call.Key
		return tx.QueryRow(ctx, `
			select request, coalesce(status, 0), answer from qlikcrawler.idempotency where credential = $1 and key_hash = $2`,
			call.Credential, call.Key).Scan(&kept.Request, &kept.Status, &kept.Answer)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = &catalog.Error{Code: catalog.CodeConflict, Op: "look up the Idempotency-Key", Err: errors.New("its first call ended just now"), Cure: "Send the call again."}
	}
	return kept, began, fail("look up the Idempotency-Key", "", err)
}

// EndCall keeps the answer of a call that BeginCall began; with status 0 the call is forgotten, and may be
// made again.
func (db *DB) EndCall(ctx context.Context, call catalog.KeyedCall) error {
	sql := "update qlikcrawler.idempotency set status = $3, answer = $4 where credential = $1 and key_hash = $2"
	args := []any{call.Credential, call.Key, call.Status, call.Answer}
	if call.Status == 0 {
		sql, args = "delete from qlikcrawler.idempotency where credential = $1 and key_hash = $2", args[:2]
	}
	_, err := db.pool.Exec(ctx, sql, args...)
	return fail("keep the answer", "", err)
}
