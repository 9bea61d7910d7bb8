package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// forgetFailures is after how long without another one failed logins are forgotten.
const forgetFailures = "15 minutes"

// LoginFailures counts the failed logins lately of subjects; those without any are left out.
func (db *DB) LoginFailures(ctx context.Context, subjects []string) (map[string]catalog.Failures, error) {
	found := map[string]catalog.Failures{}
	rows, err := db.pool.Query(ctx, `
		select subject, failures, now() - last_at from qlikcrawler.login_failure
		where subject = any($1) and last_at > now() - interval '`+forgetFailures+`'`, subjects)
	if err != nil {
		return nil, fail("look up failed logins", "", err)
	}
	var subject string
	var f catalog.Failures
	_, err = pgx.ForEachRow(rows, []any{&subject, &f.Count, &f.Since}, func() error {
		found[subject] = f
		return nil
	})
	return found, fail("look up failed logins", "", err)
}

// NoteLogin notes how a login ended: the subjects failed have one failure more, the subjects forget have
// none any more, and the user, unless it is "", has logged in from the address.
func (db *DB) NoteLogin(ctx context.Context, user, address string, failed, forget []string) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			insert into qlikcrawler.login_failure as f (subject, failures, last_at)
			select s, 1, now() from unnest($1::text[]) s order by s
			on conflict (subject) do update set last_at = now(), failures =
				case when f.last_at > now() - interval '`+forgetFailures+`' then f.failures + 1 else 1 end`, failed); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			delete from qlikcrawler.login_failure
			where subject = any($1) or last_at < now() - interval '1 hour'`, forget); err != nil {
			return err
		}
		if user == "" {
			return nil
		}
		if _, err := tx.Exec(ctx, `
			insert into qlikcrawler.login_address (account, address, last_at) values ($1, $2, now())
			on conflict (account, address) do update set last_at = now()`, user, address); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "delete from qlikcrawler.login_address where account = $1 and last_at < now() - $2::interval", user, knownFor)
		return err
	})
	return fail("note the login", "", err)
}

// knownFor is how long an address is remembered that a user has logged in from.
const knownFor = 90 * 24 * time.Hour

// KnowsAddress tells whether a user has logged in from an address.
func (db *DB) KnowsAddress(ctx context.Context, user, address string) (bool, error) {
	var known bool
	err := db.pool.QueryRow(ctx, `
		select exists (select from qlikcrawler.login_address
			where account = $1 and address = $2 and last_at > now() - $3::interval)`, user, address, knownFor).Scan(&known)
	return known, fail("look up the user's addresses", "", err)
}

// SetPasswordHash gives a user another password, forgets the user's failed logins, and ends all sessions
// of theirs but keepSession; if that is negative none is ended.
func (db *DB) SetPasswordHash(ctx context.Context, user, hash string, keepSession int64) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "update qlikcrawler.account set password = $2, version = version + 1 where name = $1", user, hash)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return noUser("set the password", user)
		}
		if _, err := tx.Exec(ctx, "delete from qlikcrawler.session where account = $1 and $2 >= 0 and id <> $2", user, keepSession); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "delete from qlikcrawler.login_failure where subject = 'user ' || $1 or starts_with(subject, 'user ' || $1 || ' from ')", user)
		return err
	})
	return fail("set the password", catalog.Key(user), err)
}
