package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// AddConnection stores a new connection and seals its secrets. A code or a name (compared without
// case) that another connection has is a CodeConflict.
func (db *DB) AddConnection(ctx context.Context, c catalog.Connection) error {
	args, err := connectionArgs(c)
	if err != nil {
		return fail("add connection", catalog.Key(c.Code), err)
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			insert into qlikcrawler.connection (code, name, type, environment, description, url,
				access_instructions, governance, settings, folded_name)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, args...); err != nil {
			return err
		}
		return db.saveParts(ctx, tx, c)
	})
	return connectionError("add connection", c, err)
}

// EditConnection replaces all that a person can say of the connection that has c's code. Of its
// stored secrets, those in c.Secrets are replaced, those of the paths in drop are forgotten (their
// keys now hold references, or are gone), and all others stay: an edit without secrets keeps them.
// CodeNotFound if there is no connection of that code; CodeConflict if another one has the name, if it is
// being removed, or if c.Revision isn't 0 and not its revision (then catalog.ErrChanged is in the chain).
func (db *DB) EditConnection(ctx context.Context, c catalog.Connection, drop []string) error {
	args, err := connectionArgs(c)
	if err != nil {
		return fail("edit connection", catalog.Key(c.Code), err)
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update qlikcrawler.connection set name = $2, type = $3, environment = $4, description = $5,
				url = $6, access_instructions = $7, governance = $8, settings = $9, folded_name = $10,
				modified_at = now(), revision = revision + 1
			where code = $1 and deleting_at is null and $11::bigint in (0, revision)`, append(args, c.Revision)...)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return notEdited(ctx, tx, c)
		}
		_, err = tx.Exec(ctx,
			"delete from qlikcrawler.secret where connection = $1 and path = any($2)", c.Code, drop)
		if err != nil {
			return err
		}
		return db.saveParts(ctx, tx, c)
	})
	return connectionError("edit connection", c, err)
}

// saveParts stores what of a connection has tables of its own.
func (db *DB) saveParts(ctx context.Context, tx pgx.Tx, c catalog.Connection) error {
	if c.Schedule != nil {
		if err := setSchedule(ctx, tx, c.Code, *c.Schedule); err != nil {
			return err
		}
	}
	return db.saveSecrets(ctx, tx, c.Code, c.Secrets)
}

// notEdited says why an edit found nothing to change.
func notEdited(ctx context.Context, tx pgx.Tx, c catalog.Connection) error {
	var deleting bool
	err := tx.QueryRow(ctx, "select deleting_at is not null from qlikcrawler.connection where code = $1", c.Code).Scan(&deleting)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return noConnection("edit connection", c.Code)
	case err != nil:
		return err
	case deleting:
		return beingRemoved("edit connection", c.Code)
	}
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: "edit connection", Key: catalog.Key(c.Code), Err: catalog.ErrChanged,
		Cure: "Read it again, and make the edit anew.",
	}
}

func connectionArgs(c catalog.Connection) ([]any, error) {
	governance, err := jsonOf(c.Governance)
	if err != nil {
		return nil, err
	}
	settings, err := jsonOf(c.Settings)
	if err != nil {
		return nil, err
	}
	return []any{
		c.Code, clean(c.Name), clean(c.Type), text(c.Environment), text(c.Description), text(c.URL),
		text(c.AccessInstructions), governance, settings, strings.ToLower(clean(c.Name)),
	}, nil
}

// connectionError says in words which of the two unique things is taken.
func connectionError(op string, c catalog.Connection, err error) error {
	var taken string
	switch {
	case violates(err, "connection_pkey"):
		taken = fmt.Sprintf("there is already a connection with the code %q", c.Code)
	case violates(err, "connection_name"):
		taken = fmt.Sprintf("there is already a connection with the name %q (names are compared without case)", c.Name)
	default:
		return fail(op, catalog.Key(c.Code), err)
	}
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: op, Key: catalog.Key(c.Code), Err: errors.New(taken),
		Cure: "Choose another one, or edit the connection that has it.",
	}
}

// mustExist is noConnection unless there is such a connection.
func mustExist(ctx context.Context, tx pgx.Tx, op, code string) error {
	var exists bool
	err := tx.QueryRow(ctx, "select exists (select from qlikcrawler.connection where code = $1)", code).Scan(&exists)
	if err == nil && !exists {
		return noConnection(op, code)
	}
	return err
}

func noConnection(op, code string) error {
	return &catalog.Error{
		Code: catalog.CodeNotFound, Op: op, Key: catalog.Key(code),
		Err:  errors.New("there is no connection with this code"),
		Cure: "List the connections with GET /api/v1/connections or with the command connection list.",
	}
}

const selectConnection = `
	select code, name, type, environment, description, url, access_instructions, governance, settings,
		health, health_reason, health_since, last_success_at, next_run_at, created_at, modified_at,
		revision, deleting_at, removal_total, removal_done, h.checked_at, h.halted_revision is not distinct from c.revision,
		array(select path from qlikcrawler.secret s where s.connection = c.code order by path),
		(select jsonb_build_object('Cron', s.cron, 'TimeZone', s.time_zone, 'Mode', s.mode, 'FullEvery', s.full_every, 'Enabled', s.enabled)
			from qlikcrawler.schedule s where s.connection = c.code)
	from qlikcrawler.connection c left join qlikcrawler.health_check h on h.connection = c.code`

// Connections gives all connections by code. Their Secrets have the stored paths with empty values:
// Secret opens them one by one.
func (db *DB) Connections(ctx context.Context) ([]catalog.Connection, error) {
	rows, err := db.pool.Query(ctx, selectConnection+" order by code")
	if err != nil {
		return nil, fail("list connections", "", err)
	}
	list, err := pgx.CollectRows(rows, scanConnection)
	return list, fail("list connections", "", err)
}

// Connection gives one connection as Connections does, or CodeNotFound.
func (db *DB) Connection(ctx context.Context, code string) (catalog.Connection, error) {
	rows, err := db.pool.Query(ctx, selectConnection+" where code = $1", code)
	if err != nil {
		return catalog.Connection{}, fail("read connection", catalog.Key(code), err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanConnection)
	if errors.Is(err, pgx.ErrNoRows) {
		return catalog.Connection{}, noConnection("read connection", code)
	}
	return c, fail("read connection", catalog.Key(code), err)
}

func scanConnection(row pgx.CollectableRow) (catalog.Connection, error) {
	var c catalog.Connection
	var environment, description, url, access, reason *string
	var governance, settings []byte
	var since, success, next, deleting, checked *time.Time
	var total *int64
	var done int64
	var paths []string
	err := row.Scan(&c.Code, &c.Name, &c.Type, &environment, &description, &url, &access, &governance, &settings,
		&c.Health, &reason, &since, &success, &next, &c.CreatedAt, &c.ModifiedAt,
		&c.Revision, &deleting, &total, &done, &checked, &c.CheckHalted, &paths, &c.Schedule)
	if err != nil {
		return c, err
	}
	c.Environment, c.Description, c.URL = value(environment), value(description), value(url)
	c.AccessInstructions, c.HealthReason = value(access), value(reason)
	c.HealthSince, c.LastSuccessAt = value(since), value(success)
	c.NextRunAt, c.CheckedAt = value(next), value(checked)
	if c.Schedule != nil {
		c.Schedule.Next = c.NextRunAt
	}
	if deleting != nil {
		c.Removal = &catalog.Removal{Since: *deleting, Total: value(total), Done: done}
	}
	c.Settings = settings
	if governance != nil {
		if err := json.Unmarshal(governance, &c.Governance); err != nil {
			return c, fmt.Errorf("governance: %w", err)
		}
	}
	if len(paths) > 0 {
		c.Secrets = catalog.Secrets{}
		for _, p := range paths {
			c.Secrets[p] = catalog.Secret{}
		}
	}
	return c, nil
}

// value gives what p points to, or the zero value for null.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
