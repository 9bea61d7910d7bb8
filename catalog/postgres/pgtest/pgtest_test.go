package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

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
