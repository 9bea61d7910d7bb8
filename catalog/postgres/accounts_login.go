package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// forgetFailures is after how long without another one failed logins are forgotten.
const forgetFailures = "15 minutes"

// CountLogin counts an attempt to log in as a failure of subjects, before the password is looked at, unless
// wait, which is told of their failures so far, says how long to wait first. All subjects stay locked
// meanwhile: of attempts at the same time, on whatever process, each knows of those before it.
func (db *DB) CountLogin(
	ctx context.Context, subjects []string, wait func(map[string]catalog.Failures) time.Duration,
) (longest time.Duration, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			insert into qlikcrawler.login_failure as f (subject, failures, last_at)
			select s, 0, clock_timestamp() from unnest($1::text[]) s order by s
			on conflict (subject) do update set failures =
				case when f.last_at > clock_timestamp() - interval '`+forgetFailures+`' then f.failures else 0 end
			returning subject, failures, clock_timestamp() - last_at`, subjects)
		if err != nil {
			return err
		}
		so, subject, f := map[string]catalog.Failures{}, "", catalog.Failures{}
		if _, err := pgx.ForEachRow(rows, []any{&subject, &f.Count, &f.Since}, func() error {
			so[subject] = f
			return nil
		}); err != nil {
			return err
		}
		if longest = wait(so); longest > 0 {
			return nil
		}
		_, err = tx.Exec(ctx, `update qlikcrawler.login_failure set failures = failures + 1, last_at = clock_timestamp()
			where subject = any($1)`, subjects)
		return err
	})
	return longest, fail("count the login", "", err)
}

// NoteLogin notes that a login went well: it was no failure of the subjects that it was counted for, those
// to forget have none any more, and the user has logged in from the address.
func (db *DB) NoteLogin(ctx context.Context, user, address string, counted, forget []string) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		// Locked in the order in which CountLogin locks.
		if _, err := tx.Exec(ctx, `
			update qlikcrawler.login_failure set failures = greatest(failures - 1, 0) where subject in (
				select subject from qlikcrawler.login_failure where subject = any($1) order by subject for update)`, counted); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			delete from qlikcrawler.login_failure where subject = any($1) or subject in (
				select subject from qlikcrawler.login_failure where last_at < now() - interval '1 hour' limit 1000 for update skip locked)`,
			forget); err != nil {
			return err
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
