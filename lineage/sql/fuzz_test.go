package sql_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qlikcrawler/qlikcrawler/lineage/sql"
)

// FuzzRead promises that no text makes the reader panic or grow without bounds, and that what it says is
// consistent: origins name tables of the query, diagnostics stand within the text.
func FuzzRead(f *testing.F) {
	for _, s := range statements {
		f.Add(s.sql)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := sql.Read(text)
		tables := map[string]bool{}
		for _, table := range q.Tables {
			tables[table.Name] = true
		}
		bound := 300*len(text) + 200_000
		check := func(list []sql.Origin) {
			bound -= len(list)
			for _, o := range list {
				if !tables[o.Table] {
					t.Fatalf("origin %+v is of no table of %v", o, q.Tables)
				}
			}
		}
		for _, c := range q.Columns {
			check(c.From)
		}
		check(q.Filters)
		if bound < 0 {
			t.Errorf("%d bytes of text gave too many origins", len(text))
		}
		for _, d := range q.Diagnostics {
			if d.Offset < 0 || d.Offset > len(text) {
				t.Errorf("diagnostic at %d of %d bytes", d.Offset, len(text))
			}
			if utf8.ValidString(text) && !utf8.ValidString(d.What) {
				t.Errorf("diagnostic cuts a rune: %q", d.What)
			}
		}
		if q.Kind == "" {
			t.Error("no kind")
		}
		for _, field := range []string{"id", "*", ""} {
			q.Lookup(field)
		}
		_ = strings.ToLower(text)
	})
}
