package postgres_test

import (
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

func TestADatabaseThatLetsNobodyInIsToldWithACure(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://nobody@127.0.0.1:1/catalog?sslmode=disable"})
	if catalog.CodeOf(err) != catalog.CodeUnreachable || !strings.Contains(catalog.CureOf(err), "QLIKCRAWLER_DATABASE_URL") {
		t.Errorf("%v, cure %q", err, catalog.CureOf(err))
	}
}
