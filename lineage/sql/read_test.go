package sql_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/lineage/sql"
)

func TestReadTellsWhereColumnsComeFrom(t *testing.T) {
	t.Parallel()
	for _, s := range statements {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(s.want, show(sql.Read(s.sql))); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", s.sql, diff)
			}
		})
	}
}

func TestLookupFindsColumnsAsDriversNameThem(t *testing.T) {
	t.Parallel()
	const text = "SELECT o.ID, o.Amount AS amount, COUNT( * ), sum(o.x), c.* EXCLUDE (secret), 1 AS one FROM orders o JOIN c ON c.i = o.i"
	for _, tt := range []struct {
		name, query, field, want string
		found                    bool
	}{
		{"exact", text, "ID", "orders.ID", true},
		{"folded", text, "AMOUNT", "orders.Amount", true},
		{"text of the expression", text, "COUNT(*)", "", true},
		{"name of the function", text, "sum", "orders.x", true},
		{"star", text, "City", "c.City", true},
		{"left out of the star", text, "secret", "", false},
		{"constant", text, "one", "", true},
		{"no star to come from", "SELECT a FROM t", "b", "", false},
		{"two stars", "SELECT * FROM a, b", "x", "a.x?, b.x?", true},
		{"a union of stars", "SELECT * FROM a UNION SELECT * FROM b", "x", "a.x, b.x", true},
		{"two levels of a REST answer", `SELECT "id", (SELECT "id" FROM "l" FK "f") FROM JSON "root" PK "p"`, "id", "#root.id, #root/l.id", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from, found := sql.Read(tt.query).Lookup(tt.field)
			if got := origins(from); got != tt.want || found != tt.found {
				t.Errorf("Lookup(%q) = %q, %v; want %q, %v", tt.field, got, found, tt.want, tt.found)
			}
		})
	}
}

func TestReadKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	const text = `SELECT "a" FROM JSON (wrap on) "root" PK "__KEY" WITH CONNECTION (URL "https://me:hunter2@x.com/v1?apikey=hunter2",
		HTTPHEADER "Authorization" "Bearer hunter2", BODY "password=hunter2")`
	if got := show(sql.Read(text)); strings.Contains(got, "hunter2") {
		t.Errorf("a secret is kept:\n%s", got)
	}
}

// Each of these would take for ever, or all memory, if it were followed to its end.
func TestReadIsBoundedForHostileStatements(t *testing.T) {
	t.Parallel()
	doubling := "WITH c0 AS (SELECT * FROM t JOIN u ON t.i = u.i)"
	for i := range 60 {
		doubling += fmt.Sprintf(", c%d AS (SELECT a.*, b.* FROM c%d a, c%d b)", i+1, i, i)
	}
	tables := "SELECT " + strings.Repeat("a + b,", 20_000) + "c FROM t0"
	for i := range 20_000 {
		tables += fmt.Sprintf(", t%d", i)
	}
	for _, tt := range []struct{ name, text string }{
		{"stars that double", doubling + " SELECT * FROM c60"},
		{"many columns of many tables", tables},
		{"parentheses", strings.Repeat("(", 1_000_000)},
		{"sub-queries", strings.Repeat("SELECT (", 300_000) + "1"},
		{"derived tables", strings.Repeat("SELECT a FROM (", 300_000)},
		{"joins in parentheses", "SELECT a FROM " + strings.Repeat("(", 1_000_000) + "t"},
		{"closing parentheses", strings.Repeat(")", 1_000_000)},
		{"quotes", strings.Repeat("'\"[", 500_000)},
		{"OPENQUERY within one another", strings.Repeat("SELECT a FROM OPENQUERY(s, '", 10_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			q := sql.Read(tt.text)
			if took := time.Since(began); took > time.Minute {
				t.Errorf("took %v", took)
			}
			if len(q.Columns) > 200_000 || len(q.Diagnostics) > 100 {
				t.Errorf("%d columns, %d diagnostics", len(q.Columns), len(q.Diagnostics))
			}
		})
	}
}
