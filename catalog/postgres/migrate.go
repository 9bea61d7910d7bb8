package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable remembers which migrations a database has had.
const versionTable = "qlikcrawler.schema_version"

// migrationLock is any number that no other program's advisory lock has.
const migrationLock = 0x716c696b6372 // "qlikcr"

// Migrate brings the database to this program's schema. It may be called at once by several
// processes: one does it, the others wait. A database that a newer program has migrated is left alone: within
// a line that is no error (Migrated).
func (db *DB) Migrate(ctx context.Context) error {
	if current, err := db.Migrated(ctx); err != nil || current {
		if err == nil {
			err = fail("make the words for search", "", db.reindex(ctx))
		}
		return err
	}
	if err := db.createSchema(ctx); err != nil {
		return fail("create the schema", "", err)
	}
	p, done, err := db.migrator()
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	defer done()
	results, err := p.Up(ctx)
	if err != nil {
		return fail("migrate the database", "", err)
	}
	for _, r := range results {
		db.log.InfoContext(ctx, "database migrated", "migration", r.Source.Path, "took", r.Duration)
	}
	return fail("make the words for search", "", db.reindex(ctx))
}

// createSchema makes the schema that the version table stands in. "If not exists" alone fails when
// two do it at once.
func (db *DB) createSchema(ctx context.Context) error {
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockExclusive, "schema"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "create schema if not exists qlikcrawler")
		return err
	})
}

func (db *DB) migrator() (*goose.Provider, func(), error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(migrationLock), lock.WithLockTimeout(1, 600))
	if err != nil {
		return nil, nil, err
	}
	conns := stdlib.OpenDBFromPool(db.pool)
	p, err := goose.NewProvider(database.DialectPostgres, conns, files,
		goose.WithTableName(versionTable), goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, nil, err
	}
	return p, func() {
		if err := conns.Close(); err != nil {
			db.log.Warn("close the migrator", slog.Any("error", err))
		}
	}, nil
}

// A line is the migrations of one hundred: 1 to 99, 100 to 199. Within a line migrations only add, so that a
// program works on the schema of any later program of its line: both run while one replaces the other. What
// takes something away begins a new line.
const line = 100

// Migrated tells whether the database has this program's schema, or a newer one of its line. False without
// an error means that it is empty or older: Migrate is due. One of a newer line is an error with CodeConflict.
func (db *DB) Migrated(ctx context.Context) (bool, error) {
	want, err := newestMigration()
	if err != nil {
		return false, err
	}
	have, err := db.schemaVersion(ctx)
	if err != nil {
		return false, fail("read the schema's version", "", err)
	}
	if have/line > want/line {
		return false, &catalog.Error{
			Code: catalog.CodeConflict, Op: "read the schema's version",
			Err: fmt.Errorf("the database has schema %d, this program knows schemas up to %d: "+
				"a newer program has migrated it", have, want/line*line+line-1),
			Cure: "Use the newer program, or another database.",
		}
	}
	return have >= want, nil
}

func (db *DB) schemaVersion(ctx context.Context) (int64, error) {
	var exists bool
	err := db.pool.QueryRow(ctx, "select to_regclass($1) is not null", versionTable).Scan(&exists)
	if err != nil || !exists {
		return 0, err
	}
	var v int64
	err = db.pool.QueryRow(ctx,
		"select coalesce(max(version_id), 0) from "+versionTable+" where is_applied").Scan(&v)
	return v, err
}

// newestMigration is the number that the last embedded file starts with.
func newestMigration() (int64, error) {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s has no number: %w", f.Name(), err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}
