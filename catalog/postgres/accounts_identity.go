package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// identityColumns are what an account a may do, whatever its credential allows.
const identityColumns = `
	a.name, coalesce(a.display_name, ''), a.role, a.all_connections, a.password is not null, a.version, a.created_at,
	array(select g.connection from qlikcrawler.account_grant g where g.account = a.name order by 1),
	array(select c.code from qlikcrawler.connection c where exists (
		select from json_array_elements_text(case json_typeof(c.settings #> '{admins,integration}')
			when 'array' then c.settings #> '{admins,integration}' else '[]' end) n where lower(n) = a.name) order by 1),
	array(select c.code from qlikcrawler.connection c where exists (
		select from json_array_elements_text(case json_typeof(c.settings #> '{admins,security}')
			when 'array' then c.settings #> '{admins,security}' else '[]' end) n where lower(n) = a.name) order by 1)`

// SessionIdentity finds whose session has that hash, and notes that it was used, once a minute.
// CodeNotFound if there is none, it is over, or its user is disabled.
func (db *DB) SessionIdentity(ctx context.Context, hash []byte, idle time.Duration) (catalog.Identity, error) {
	id, err := db.identity(ctx, "session", `
		select s.id, s.created_at, s.seen_at, s.expires_at, null, null, `+identityColumns+`
		from qlikcrawler.session s join qlikcrawler.account a on a.name = s.account
		where s.hash = $1 and not a.disabled and s.expires_at > now() and s.seen_at > now() - $2::interval`, hash, idle)
	if err == nil && time.Since(id.Credential.SeenAt) > time.Minute {
		_, err = db.pool.Exec(ctx, "update qlikcrawler.session set seen_at = now() where id = $1", id.Credential.ID)
	}
	return id, fail("look up the session", "", err)
}

// TokenIdentity finds whose token has that hash, and notes that it was used, once a minute.
// CodeNotFound if there is none, it is revoked or expired, or its user is disabled.
func (db *DB) TokenIdentity(ctx context.Context, hash []byte) (catalog.Identity, error) {
	id, err := db.identity(ctx, "token", `
		select t.id, t.created_at, t.used_at, t.expires_at, t.role, t.connections, `+identityColumns+`
		from qlikcrawler.api_token t join qlikcrawler.account a on a.name = t.account
		where t.hash = $1 and not a.disabled and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())`, hash)
	if err == nil && time.Since(id.Credential.SeenAt) > time.Minute {
		_, err = db.pool.Exec(ctx, "update qlikcrawler.api_token set used_at = now() where id = $1", id.Credential.ID)
	}
	return id, fail("look up the token", "", err)
}

func (db *DB) identity(ctx context.Context, kind, sql string, args ...any) (catalog.Identity, error) {
	id := catalog.Identity{Credential: catalog.Credential{Kind: kind}}
	var seen, expires *time.Time
	var role *catalog.Role
	u := &id.User
	err := db.pool.QueryRow(ctx, sql, args...).Scan(
		&id.Credential.ID, &id.Credential.CreatedAt, &seen, &expires, &role, &id.TokenConnections,
		&u.Name, &u.DisplayName, &u.Role, &u.AllConnections, &u.HasPassword, &u.Version, &u.CreatedAt,
		&u.Connections, &id.IntegrationAdminOf, &id.SecurityAdminOf)
	id.Credential.SeenAt, id.Credential.ExpiresAt, id.TokenRole = value(seen), value(expires), value(role)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, &catalog.Error{Code: catalog.CodeNotFound, Op: "look up the " + kind, Err: errors.New("there is none that is valid")}
	}
	return id, err
}

// AddSession starts a session of a user, who has just logged in: its secret has that hash, it ends after
// lifetime whatever happens, and the session with the hash old, if there is one, ends now.
func (db *DB) AddSession(ctx context.Context, user string, hash, old []byte, address string, lifetime time.Duration) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "delete from qlikcrawler.session where hash = $1 or expires_at < now()", old); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			insert into qlikcrawler.session (hash, account, address, expires_at)
			values ($1, $2, $3, now() + $4::interval)`, hash, user, text(address), lifetime); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "update qlikcrawler.account set last_login_at = now() where name = $1", user)
		return err
	})
	return fail("start a session", "", err)
}

// EndSession ends a session. One that has ended is no error.
func (db *DB) EndSession(ctx context.Context, id int64) error {
	_, err := db.pool.Exec(ctx, "delete from qlikcrawler.session where id = $1", id)
	return fail("end the session", "", err)
}

// PasswordHash gives the hash of the password of a user who may log in; "" for everybody else.
func (db *DB) PasswordHash(ctx context.Context, user string) (string, error) {
	var hash string
	err := db.pool.QueryRow(ctx,
		"select coalesce(password, '') from qlikcrawler.account where name = $1 and not disabled", user).Scan(&hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return hash, fail("look up the user", "", err)
}
