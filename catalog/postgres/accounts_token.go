package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// AddToken stores a token of a user by the hash of its secret, and gives its number. CodeNotFound if
// there is no such user.
func (db *DB) AddToken(ctx context.Context, t catalog.Token, hash []byte) (int64, error) {
	var expires *time.Time
	if !t.ExpiresAt.IsZero() {
		expires = &t.ExpiresAt
	}
	var id int64
	err := db.pool.QueryRow(ctx, `
		insert into qlikcrawler.api_token (hash, account, name, role, connections, created_by, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7) returning id`,
		hash, t.User, clean(t.Name), t.Role, t.Connections, t.CreatedBy, expires).Scan(&id)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23503" {
		return 0, noUser("add token", t.User)
	}
	return id, fail("add token", catalog.Key(t.User), err)
}

// RevokeToken makes a token worthless. One that is revoked already is no error; CodeNotFound.
func (db *DB) RevokeToken(ctx context.Context, id int64) error {
	tag, err := db.pool.Exec(ctx, "update qlikcrawler.api_token set revoked_at = coalesce(revoked_at, now()) where id = $1", id)
	if err == nil && tag.RowsAffected() == 0 {
		return noToken(id)
	}
	return fail("revoke token", "", err)
}

func noToken(id int64) error {
	return &catalog.Error{
		Code: catalog.CodeNotFound, Op: "find token", Err: fmt.Errorf("there is no token %d", id),
		Cure: "List the tokens with GET /api/v1/tokens or with the command token list.",
	}
}

// tokenList are the tokens, without their secrets.
var tokenList = &list[catalog.Token]{
	name: catalog.ListTokens, from: "qlikcrawler.api_token t", scope: ofNoConnection, unique: []string{"id"},
	columns: []listColumn[catalog.Token]{
		{name: "id", sql: "t.id", typ: aNumber, to: func(r *catalog.Token) any { return &r.ID }, notNull: true},
		{name: "user", sql: "t.account", typ: aWord, to: func(r *catalog.Token) any { return &r.User }, notNull: true},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.Token) any { return &r.Name }, notNull: true},
		{name: "role", sql: "t.role", typ: aWord, to: func(r *catalog.Token) any { return (*string)(&r.Role) }, notNull: true},
		{name: "connections", sql: "t.connections", typ: aList, to: func(r *catalog.Token) any { return &r.Connections }},
		{name: "created_at", sql: "t.created_at", typ: aTime, to: func(r *catalog.Token) any { return &r.CreatedAt }, notNull: true},
		{name: "created_by", sql: "t.created_by", typ: aWord, to: func(r *catalog.Token) any { return &r.CreatedBy }, notNull: true},
		{name: "expires_at", sql: "t.expires_at", typ: aTime, to: func(r *catalog.Token) any { return &r.ExpiresAt }},
		{name: "last_used_at", sql: "t.used_at", typ: aTime, to: func(r *catalog.Token) any { return &r.LastUsedAt }},
		{name: "revoked_at", sql: "t.revoked_at", typ: aTime, to: func(r *catalog.Token) any { return &r.RevokedAt }},
	},
}

// Tokens gives a page of the tokens.
func (db *DB) Tokens(ctx context.Context, q catalog.Query) (catalog.Page[catalog.Token], error) {
	page, err := tokenList.page(ctx, db.pool, q)
	return page, fail("list tokens", "", err)
}

// Token gives one token, or CodeNotFound.
func (db *DB) Token(ctx context.Context, id int64) (catalog.Token, error) {
	t, err := tokenList.one(ctx, db.pool, catalog.Scope{All: true}, "id", fmt.Sprint(id))
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return t, noToken(id)
	}
	return t, fail("read token", "", err)
}

// AddAudit writes a row of the audit log. Its time is the database's.
func (db *DB) AddAudit(ctx context.Context, e catalog.AuditEntry) error {
	_, err := db.pool.Exec(ctx, `
		insert into qlikcrawler.audit (account, via, address, action, method, path, connection, status, request_id, detail)
		values ($1, $2, $3, $4, $5, $6, $7, nullif($8, 0), $9, $10)`,
		text(e.User), text(e.Via), text(e.Address), clean(e.Action), text(e.Method), text(e.Path), text(e.Connection),
		e.Status, text(e.RequestID), text(e.Detail))
	return fail("write the audit log", "", err)
}

// auditList is the audit log, the newest first.
var auditList = &list[catalog.AuditEntry]{
	name: catalog.ListAudit, from: "qlikcrawler.audit t", scope: ofNoConnection, unique: []string{"id"},
	order: []catalog.Order{{Column: "id", Descending: true}},
	columns: []listColumn[catalog.AuditEntry]{
		{name: "id", sql: "t.id", typ: aNumber, to: func(r *catalog.AuditEntry) any { return &r.ID }, notNull: true},
		{name: "at", sql: "t.at", typ: aTime, to: func(r *catalog.AuditEntry) any { return &r.At }, notNull: true},
		{name: "user", sql: "t.account", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.User }},
		{name: "via", sql: "t.via", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.Via }},
		{name: "address", sql: "t.address", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.Address }},
		{name: "action", sql: "t.action", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.Action }, notNull: true},
		{name: "method", sql: "t.method", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.Method }},
		{name: "path", sql: "t.path", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.Path }},
		{name: "connection", sql: "t.connection", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.Connection }},
		{name: "status", sql: "t.status::bigint", typ: aNumber, to: func(r *catalog.AuditEntry) any { return &r.Status }},
		{name: "request_id", sql: "t.request_id", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.RequestID }},
		{name: "detail", sql: "t.detail", typ: aText, to: func(r *catalog.AuditEntry) any { return &r.Detail }, unsorted: true},
	},
}

// Audit gives a page of the audit log, the newest first.
func (db *DB) Audit(ctx context.Context, q catalog.Query) (catalog.Page[catalog.AuditEntry], error) {
	page, err := auditList.page(ctx, db.pool, q)
	return page, fail("list the audit log", "", err)
}
