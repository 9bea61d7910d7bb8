package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// AddUser stores a new user, with the hash of a password or "" for none. CodeConflict if the name is
// taken; CodeInvalid if a connection that is granted doesn't exist.
func (db *DB) AddUser(ctx context.Context, u catalog.User, passwordHash string) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into qlikcrawler.account (name, display_name, role, all_connections, disabled, password)
			values ($1, $2, $3, $4, $5, $6)`,
			u.Name, text(u.DisplayName), u.Role, u.AllConnections, u.Disabled, text(passwordHash))
		if err != nil {
			return err
		}
		return saveGrants(ctx, tx, u)
	})
	if violates(err, "account_pkey") {
		return &catalog.Error{
			Code: catalog.CodeConflict, Op: "add user", Key: catalog.Key(u.Name),
			Err: errors.New("there is already a user of this name (names are compared without case)"), Cure: "Choose another name, or edit that user.",
		}
	}
	return fail("add user", catalog.Key(u.Name), err)
}

// firstLock is held by who makes the first user.
const firstLock = "first user"

// AddFirstUser stores a user if there is none yet, and tells whether it did. Of several processes that
// start at once one does it.
func (db *DB) AddFirstUser(ctx context.Context, u catalog.User, passwordHash string) (added bool, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockExclusive, firstLock); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into qlikcrawler.account (name, role, all_connections, password)
			select $1, $2, true, $3 where not exists (select from qlikcrawler.account)`, u.Name, u.Role, passwordHash)
		added = tag.RowsAffected() == 1
		return err
	})
	return added, fail("add the first user", catalog.Key(u.Name), err)
}

// EditUser replaces what can be said of a user, if it still has that version; 0 means whichever. A user
// that is disabled loses all sessions. CodeNotFound; CodeConflict if the version is another one, or if no
// admin would be left who can log in.
func (db *DB) EditUser(ctx context.Context, u catalog.User, version int64) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockUser(ctx, tx, u.Name, version); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			update qlikcrawler.account set display_name = $2, role = $3, all_connections = $4, disabled = $5,
				version = version + 1 where name = $1`,
			u.Name, text(u.DisplayName), u.Role, u.AllConnections, u.Disabled)
		if err != nil {
			return err
		}
		if u.Disabled {
			if _, err := tx.Exec(ctx, "delete from qlikcrawler.session where account = $1", u.Name); err != nil {
				return err
			}
		}
		if err := saveGrants(ctx, tx, u); err != nil {
			return err
		}
		return needAdmin(ctx, tx)
	})
	return fail("edit user", catalog.Key(u.Name), err)
}

// RemoveUser removes a user with their sessions and tokens. The audit log goes on naming them.
// CodeNotFound; CodeConflict as EditUser.
func (db *DB) RemoveUser(ctx context.Context, name string, version int64) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockUser(ctx, tx, name, version); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "delete from qlikcrawler.account where name = $1", name); err != nil {
			return err
		}
		return needAdmin(ctx, tx)
	})
	return fail("remove user", catalog.Key(name), err)
}

// lockUser makes sure that there is a user, of that version, and that no other one is edited meanwhile:
// two admins may not demote each other.
func lockUser(ctx context.Context, tx pgx.Tx, name string, version int64) error {
	if _, err := tx.Exec(ctx, lockExclusive, firstLock); err != nil {
		return err
	}
	var have int64
	err := tx.QueryRow(ctx, "select version from qlikcrawler.account where name = $1 for update", name).Scan(&have)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return noUser("find user", name)
	case err != nil:
		return err
	case version != 0 && version != have:
		return &catalog.Error{
			Code: catalog.CodeConflict, Op: "edit user", Key: catalog.Key(name),
			Err: errors.New("somebody has changed the user since you read it"), Cure: "Read it again, and edit what it is now.",
		}
	}
	return nil
}

// needAdmin refuses what would leave nobody who can give rights.
func needAdmin(ctx context.Context, tx pgx.Tx) error {
	var left bool
	err := tx.QueryRow(ctx, `
		select exists (select from qlikcrawler.account
			where role = 'admin' and all_connections and not disabled and password is not null)`).Scan(&left)
	if err != nil || left {
		return err
	}
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: "edit user", Err: errors.New("no admin would be left who can log in"),
		Cure: "Make another user an admin of all connections first.",
	}
}

func saveGrants(ctx context.Context, tx pgx.Tx, u catalog.User) error {
	if _, err := tx.Exec(ctx, "delete from qlikcrawler.account_grant where account = $1", u.Name); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		insert into qlikcrawler.account_grant (account, connection) select distinct $1, unnest($2::text[])`, u.Name, u.Connections)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "account_grant_connection_fkey" {
		return catalog.FieldErrors{{
			Path: "connections", Message: "one of the connections doesn't exist",
			Cure: "Use codes that GET /api/v1/connections lists.",
		}}
	}
	return err
}

// GrantConnection adds a connection to those of a user who hasn't all: the one that they have made.
func (db *DB) GrantConnection(ctx context.Context, user, connection string) error {
	_, err := db.pool.Exec(ctx, `
		insert into qlikcrawler.account_grant (account, connection)
		select name, $2 from qlikcrawler.account where name = $1 and not all_connections
		on conflict do nothing`, user, connection)
	return fail("grant the connection", catalog.Key(connection), err)
}

func noUser(op, name string) error {
	return &catalog.Error{
		Code: catalog.CodeNotFound, Op: op, Err: fmt.Errorf("there is no user %q", name),
		Cure: "List the users with GET /api/v1/users or with the command user list.",
	}
}

// userList are the users.
var userList = &list[catalog.User]{
	name: catalog.ListUsers, scope: ofNoConnection, unique: []string{"name"},
	from: `(select a.*, password is not null as has_password,
		array(select g.connection::text from qlikcrawler.account_grant g where g.account = a.name order by 1) as connections
		from qlikcrawler.account a) t`,
	columns: []listColumn[catalog.User]{
		{name: "name", sql: "t.name", typ: aWord, to: func(u *catalog.User) any { return &u.Name }, notNull: true},
		{name: "display_name", sql: "t.display_name", typ: aText, to: func(u *catalog.User) any { return &u.DisplayName }},
		{name: "role", sql: "t.role", typ: aWord, to: func(u *catalog.User) any { return (*string)(&u.Role) }, notNull: true},
		{name: "all_connections", sql: "t.all_connections", typ: aFlag, to: func(u *catalog.User) any { return &u.AllConnections }, notNull: true},
		{name: "connections", sql: "t.connections", typ: aList, to: func(u *catalog.User) any { return &u.Connections }},
		{name: "disabled", sql: "t.disabled", typ: aFlag, to: func(u *catalog.User) any { return &u.Disabled }, notNull: true},
		{name: "has_password", sql: "t.has_password", typ: aFlag, to: func(u *catalog.User) any { return &u.HasPassword }, notNull: true},
		{name: "version", sql: "t.version", typ: aNumber, to: func(u *catalog.User) any { return &u.Version }, notNull: true},
		{name: "created_at", sql: "t.created_at", typ: aTime, to: func(u *catalog.User) any { return &u.CreatedAt }, notNull: true},
		{name: "last_login_at", sql: "t.last_login_at", typ: aTime, to: func(u *catalog.User) any { return &u.LastLoginAt }},
	},
}

// Users gives a page of the users.
func (db *DB) Users(ctx context.Context, q catalog.Query) (catalog.Page[catalog.User], error) {
	page, err := userList.page(ctx, db.pool, q)
	return page, fail("list users", "", err)
}

// User gives one user, or CodeNotFound.
func (db *DB) User(ctx context.Context, name string) (catalog.User, error) {
	u, err := userList.one(ctx, db.pool, catalog.Scope{All: true}, "name", name)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return u, noUser("read user", name)
	}
	return u, fail("read user", catalog.Key(name), err)
}
