package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// What of a catalog is compared.
const (
	withHistory = true  // all rows, retired ones too, and all changes
	liveOnly    = false // what a first full crawl of the same site gives, too
)

// sameCatalog checks that two databases hold the same, row for row. Only numbers of runs and the times
// at which something was seen may differ.
func sameCatalog(t *testing.T, what, wantURL, gotURL string, history bool) {
	t.Helper()
	want, got := catalogRows(t, wantURL, history), catalogRows(t, gotURL, history)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: the catalogs differ (-want +got):\n%s", what, diff)
	}
	if len(want["catalog.report"]) == 0 {
		t.Errorf("%s: the catalog is empty", what)
	}
}

// catalogRows gives the rows of every view as JSON, by view.
func catalogRows(t *testing.T, url string, history bool) map[string][]string {
	t.Helper()
	conn := connect(t, url)
	sources := []string{
		"catalog.connection", "catalog.report_group", "catalog.report", "catalog.report_field", "catalog.source_code",
		"catalog.model_table", "catalog.model_field", "catalog.gap", "catalog.lineage_node", "catalog.lineage_edge",
		"catalog.lineage_gap", "qlikcrawler.unit",
	}
	if history {
		sources = append(sources, "catalog.change")
	}
	all := map[string][]string{}
	for _, source := range sources {
		rows, err := conn.Query(t.Context(), `
			select (r - array['first_seen_at', 'last_seen_at', 'retired_at', 'run', 'at', 'since', 'health_since',
				'last_success_at', 'created', 'modified', 'content']
				|| jsonb_build_object('retired', coalesce(r ->> 'retired_at', '') <> ''))::text
			from (select to_jsonb(v) as r from `+source+` v) x
			where $1 or coalesce(r ->> 'retired_at', '') = '' order by 1`, history)
		if err != nil {
			t.Fatal(err)
		}
		if all[source], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// connect gives a connection to a test's database, which is closed with the test.
func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// texts gives the first column of a query's rows.
func texts(t testing.TB, conn *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}
