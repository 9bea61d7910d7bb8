package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/embedded"
)

// A database is the catalog, and the embedded Postgres under it if no other is configured.
type database struct {
	*postgres.DB
	server *embedded.Server // nil: somebody else's Postgres
	role   embedded.Role
	url    string
}

// openDatabase opens the catalog and brings it to this version's schema.
// Only the demo may fetch server binaries.
func (a *app) openDatabase(ctx context.Context, role embedded.Role, fetch bool) (*database, error) {
	d := &database{url: a.config.DatabaseURL, role: role}
	if d.url == "" {
		if err := d.startServer(ctx, a, role, fetch); err != nil {
			return nil, err
		}
	}
	if file := a.config.MasterKeyFile; file != "" {
		if _, err := os.Stat(file); err != nil {
			a.log.Warn("the file of QLIKCRAWLER_MASTER_KEY_FILE can't be read: stored secrets can't be opened", "file", file, "error", err)
		}
	}
	var err error
	d.DB, err = postgres.Open(ctx, postgres.Config{URL: d.url, Keys: a.config.masterKeys, Log: a.log})
	if err == nil {
		err = d.Migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	return d, nil
}

// startServer starts the embedded Postgres, or joins the one that runs.
func (d *database) startServer(ctx context.Context, a *app, role embedded.Role, fetch bool) error {
	if err := os.MkdirAll(a.config.DataDir, 0o711); err != nil {
		return fmt.Errorf("make the data folder (--data-dir or QLIKCRAWLER_DATA_DIR names another): %w", err)
	}
	server, err := embedded.Open(ctx, embedded.Config{
		Dir: filepath.Join(a.config.DataDir, "postgres"), Role: role, Fetch: fetch, Log: a.log,
	})
	if err != nil {
		return err
	}
	d.server, d.url = server, server.URL()
	return nil
}

// stopTimeout is how long a server's embedded Postgres may take to stop, joined commands included.
const stopTimeout = 20 * time.Second

// close closes what openDatabase opened. A command that owns the embedded Postgres waits for the
// commands that have joined it, until Ctrl-C. A server ends by Ctrl-C, which cancels ctx, and has a
// deadline of its own.
func (d *database) close(ctx context.Context) error {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.server == nil {
		return nil
	}
	if d.role == embedded.RoleServer {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		ctx = own
	}
	return d.server.Close(ctx)
}

// withDatabase runs a command's work on the catalog and closes it after.
func (a *app) withDatabase(ctx context.Context, work func(*database) error) (err error) {
	db, err := a.openDatabase(ctx, embedded.RoleCommand, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close(ctx)) }()
	return work(db)
}
