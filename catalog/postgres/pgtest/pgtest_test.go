package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

func TestBlankDatabasesAreApartAndEmpty(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"first", "second", "third"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := pgx.Connect(t.Context(), pgtest.Blank(t))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), "create table mine (id int)"); err != nil {
				t.Errorf("the database is not the test's own: %v", err)
			}
		})
	}
}

func TestCatalogsAreMigratedAndApart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.Open(t)
			current, err := db.Migrated(t.Context())
			if err != nil || !current {
				t.Fatalf("Migrated() = %v, %v; want a migrated catalog", current, err)
			}
			connection := catalog.Connection{Code: "only-one", Name: "Only one", Type: "qlik-sense"}
			if err := db.AddConnection(t.Context(), connection); err != nil {
				t.Errorf("the catalog is not the test's own: %v", err)
			}
		})
	}
}
