package postgres_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

// released is the newest migration of the last release. What stands before it never changes again.
const released = "00007"

// The files are databases that released programs filled with their demo (tools/released-schema).
func TestEveryReleasedSchemaComesUpWithAllItHolds(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/released/*.sql.gz")
	if err != nil || len(files) < 2 {
		t.Fatalf("the databases of releases: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sql.gz"), func(t *testing.T) {
			t.Parallel()
			url := pgtest.Blank(t)
			restore(t, url, file)
			before := rowsOfViews(t, url)
			for _, view := range []string{"connection", "report_group", "report", "report_field", "source_code", "model_table", "model_field", "crawl_run"} {
				if before[view] == 0 {
					t.Errorf("the released database has nothing in catalog.%s", view)
				}
			}
			db := open(t, url)
			if current, err := db.Migrated(t.Context()); current || err != nil {
				t.Fatalf("before: %v, %v", current, err)
			}
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			after := rowsOfViews(t, url)
			for view, n := range before {
				if after[view] != n {
					t.Errorf("catalog.%s had %d rows and has %d", view, n, after[view])
				}
			}
			works(t, db, pathsOfSecrets(t, url))
		})
	}
}

// works tells whether a program gets along with an upgraded database: it reads, opens secrets, finds and crawls.
func works(t *testing.T, db *postgres.DB, paths []string) {
	t.Helper()
	ctx := t.Context()
	list, err := db.Connections(ctx)
	if err != nil || len(list) != 1 {
		t.Fatalf("the connections: %v, %v", list, err)
	}
	code := list[0].Code
	for _, path := range paths {
		if _, err := db.Secret(ctx, code, path); err != nil {
			t.Errorf("secret %s: %v", path, err)
		}
	}
	run, err := db.StartRun(ctx, catalog.Run{Connection: code, Mode: catalog.Full, Trigger: catalog.ByCLI})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.FinishRun(ctx, run, catalog.Done, catalog.Tally{}, ""); err != nil {
		t.Error(err)
	}
}

func pathsOfSecrets(t *testing.T, url string) []string {
	t.Helper()
	rows, err := connect(t, url).Query(t.Context(), "select path from qlikcrawler.secret")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(paths) == 0 {
		t.Fatalf("the secrets are %q, %v", paths, err)
	}
	return paths
}

// restore runs the statements of a dump.
func restore(t *testing.T, url, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	if _, err := conn.PgConn().Exec(t.Context(), string(text)).ReadAll(); err != nil {
		t.Fatalf("restore %s: %v", file, err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// rowsOfViews reads every view whole, so that each of its columns is computed, and counts the rows.
func rowsOfViews(t *testing.T, url string) map[string]int {
	t.Helper()
	conn := connect(t, url)
	rows, err := conn.Query(t.Context(), "select viewname from pg_views where schemaname = 'catalog'")
	if err != nil {
		t.Fatal(err)
	}
	views, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, view := range views {
		var n int
		query := fmt.Sprintf("select count(v::text) from catalog.%s v", view)
		if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
			t.Errorf("catalog.%s: %v", view, err)
		}
		counts[view] = n
	}
	return counts
}

// contracting are statements that a program of the version before may not survive, while both run: whatever takes
// something away, names it anew, or refuses what was taken before.
var contracting = []struct{ what, pattern string }{
	{"drops a table, schema, sequence, type or function", `\bdrop\s+(table|schema|sequence|type|function|extension)\b`},
	{"drops a column or a default", `\bdrop\s+(column\b|default\b|not\s+null\s*,)`},
	{"renames", `\brename\b`},
	{"changes a column's type", `\balter\s+(column\s+)?"?\w+"?\s+(set\s+data\s+)?type\b`},
	{"forbids null", `\bset\s+not\s+null\b`},
	{"adds a check or a foreign key", `\balter\s+table\b[^;]*\badd\s+(constraint\s+\w+\s+)?(check|foreign\s+key|unique|primary\s+key)\b`},
	{"empties a table", `\b(truncate|delete\s+from)\b`},
	{"adds a unique index to a table that was there", `\bcreate\s+unique\s+index\b`},
}

// contractions tells what in a migration takes something away from the program before it. Views may be made
// anew, but not be gone; what a migration makes it may also shape.
func contractions(sql string, old func(table string) bool) []string {
	sql = strings.ToLower(regexp.MustCompile(`--[^\n]*|\$\$[\s\S]*?\$\$`).ReplaceAllString(sql, " "))
	var found []string
	for statement := range strings.SplitSeq(sql, ";") {
		for _, c := range contracting {
			if !regexp.MustCompile(c.pattern).MatchString(statement) {
				continue
			}
			table := regexp.MustCompile(`qlikcrawler\.\w+`).FindString(statement)
			if table == "" || old(table) {
				found = append(found, c.what+": "+strings.Join(strings.Fields(statement), " "))
			}
		}
		for _, column := range regexp.MustCompile(`\badd\s+column\b[^,]*`).FindAllString(statement, -1) {
			if strings.Contains(column, "not null") && !strings.Contains(column, "default") {
				found = append(found, "adds a column that old inserts leave empty: "+column)
			}
		}
		for _, view := range regexp.MustCompile(`catalog\.\w+`).FindAllString(dropped(statement), -1) {
			if !regexp.MustCompile(`create\s+(or\s+replace\s+)?view\s+` + regexp.QuoteMeta(view) + `\b`).MatchString(sql) {
				found = append(found, "drops a view for good: "+view)
			}
		}
	}
	return found
}

// dropped is what follows "drop view" in a statement.
func dropped(statement string) string {
	_, rest, _ := strings.Cut(statement, "drop view")
	return rest
}

// Two versions may run beside each other on one database, as long as migrations only add: first expand,
// and contract when no program needs the old any more, in a new line (the next hundred of numbers).
func TestMigrationsSinceTheReleaseOnlyAdd(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var before strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		number, _, _ := strings.Cut(filepath.Base(file), "_")
		firstOfLine := strings.HasSuffix(number, "00")
		if number > released && !firstOfLine {
			old := func(table string) bool {
				return regexp.MustCompile(`create table ` + regexp.QuoteMeta(table) + `\b`).MatchString(before.String())
			}
			for _, c := range contractions(string(text), old) {
				t.Errorf("%s %s", file, c)
			}
		}
		before.Write(text)
	}
}

func TestWhatTakesAwayIsSeen(t *testing.T) {
	t.Parallel()
	old := func(table string) bool { return table == "qlikcrawler.unit" }
	for sql, bad := range map[string]bool{
		"alter table qlikcrawler.unit drop column name;":                                                   true,
		"alter table qlikcrawler.unit rename column name to title;":                                        true,
		"ALTER TABLE qlikcrawler.unit ALTER COLUMN name TYPE int;":                                         true,
		"alter table qlikcrawler.unit alter name set not null;":                                            true,
		"alter table qlikcrawler.unit add column a text not null;":                                         true,
		"alter table qlikcrawler.unit add constraint c check (name <> '');":                                true,
		"drop table qlikcrawler.unit;":                                                                     true,
		"create unique index u on qlikcrawler.unit (name);":                                                true,
		"drop view catalog.report;":                                                                        true,
		"drop view catalog.report; create view catalog.report as select 1;":                                false,
		"alter table qlikcrawler.unit add column a text not null default '', add column b text;":           false,
		"create table qlikcrawler.fresh (a text not null); create unique index u on qlikcrawler.fresh(a);": false,
		"-- drop table qlikcrawler.unit;\ncreate index i on qlikcrawler.unit (name);":                      false,
	} {
		if got := contractions(sql, old); (len(got) > 0) != bad {
			t.Errorf("%s: %q", sql, got)
		}
	}
}

// A program goes on with the schema of the next version of its line, and leaves a new line alone.
func TestANewerSchemaOfTheSameLineIsGoodEnough(t *testing.T) {
	t.Parallel()
	for version, good := range map[int]bool{99: true, 100: false, 99999: false} {
		b := setup(t)
		_, err := b.sql.Exec(t.Context(), "insert into qlikcrawler.schema_version (version_id, is_applied) values ($1, true)", version)
		b.must(err)
		current, err := b.Migrated(t.Context())
		if current != good || (err == nil) != good {
			t.Errorf("schema %d: %v, %v", version, current, err)
		}
		if !good {
			wantCode(t, err, catalog.CodeConflict)
			continue
		}
		b.must(b.Migrate(t.Context()))
		b.done(b.start())
	}
}
