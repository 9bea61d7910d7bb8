package postgres_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

var update = flag.Bool("update", false, "write the expected outputs anew")

const viewsPage = "../../docs/reference/views.md"

const viewsIntro = `# Views

Other programs read the catalog through these views, in schema ` + "`catalog`" + `. They only ever gain columns, at their ends; the
tables behind them are private. Absent values are null, never ''. A row with ` + "`retired_at`" + ` is no longer in the source.
[Mapping](../explanation/mapping.md) says what of Qlik becomes which row and has the shape of keys.

This page is made from the comments in the database: ` + "`\\d+ catalog.report`" + ` in psql shows the same.
`

// TestGoldenPageOfTheViews holds docs/reference/views.md to what the database says of its views.
func TestGoldenPageOfTheViews(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rows, err := b.sql.Query(t.Context(), `
		select c.relname::text, coalesce(obj_description(c.oid), ''), a.attname::text, format_type(a.atttypid, a.atttypmod),
			coalesce(col_description(c.oid, a.attnum), '')
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relnamespace = 'catalog'::regnamespace and c.relkind = 'v'
		order by array_position('{connection,report_group,report,report_field,source_code,model_table,model_field,gap,lineage_node,
			lineage_edge,lineage_gap,crawl_run,crawl_outcome,change}', c.relname::text), c.relname, a.attnum`)
	b.must(err)
	var page strings.Builder
	page.WriteString(viewsIntro)
	var view, meaning, column, kind, comment, last string
	_, err = pgx.ForEachRow(rows, []any{&view, &meaning, &column, &kind, &comment}, func() error {
		if view != last {
			fmt.Fprintf(&page, "\n## catalog.%s\n\n%s\n\n| column | type | |\n|---|---|---|\n", view, meaning)
			last = view
		}
		if meaning == "" || comment == "" {
			t.Errorf("catalog.%s, column %s: no comment says what it means", view, column)
		}
		kind = strings.Replace(kind, "timestamp with time zone", "timestamptz", 1)
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", column, kind, comment)
		return nil
	})
	b.must(err)
	if *update {
		b.must(os.WriteFile(viewsPage, []byte(page.String()), 0o644))
	}
	want, err := os.ReadFile(viewsPage)
	b.must(err)
	if diff := cmp.Diff(string(want), page.String()); diff != "" {
		t.Errorf("docs/reference/views.md (make golden writes it anew):\n%s", diff)
	}
}
