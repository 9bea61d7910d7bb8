package pgtest

import (
	"bytes"
	"context"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

// Open returns a catalog of the test's own: migrated, empty, with a master key. It is closed and
// dropped at the end of the test. Tests may do this in parallel.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), config(URL(t)))
	if err != nil {
		t.Fatalf("open the test's catalog: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// URL returns the URL of a catalog like Open's, for what opens the database itself. Everything must
// have left it when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	c := need(t)
	if err := c.migrated(); err != nil {
		t.Fatalf("migrate the template database: %v", err)
	}
	return c.create(t, templateName)
}

const templateName = "template_catalog"

// migrateTemplate makes the database that the tests' databases are clones of.
func (c *cluster) migrateTemplate() error {
	if err := c.exec("create database " + templateName + " template template0" + c.strategy); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := postgres.Open(ctx, config(c.url(templateName)))
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

func config(url string) postgres.Config {
	return postgres.Config{URL: url, MasterKey: bytes.Repeat([]byte{7}, 32)}
}
