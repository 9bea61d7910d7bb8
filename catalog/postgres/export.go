package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// An exported is a view, and which of its rows belong to a connection, $1.
type exported struct {
	view, where, order string
	masked             []string // columns with texts of people's, in which credentials may stand
}

// outside are the datasets that a connection's apps name, and those that people tie to what is its own.
const outside = `(select n.key from qlikcrawler.lineage_node n where n.unit >= $1 || '/' and n.unit < $1 || '0'
	union select unnest(array[e.from_key, e.to_key]) from catalog.lineage_edge e where e.connection = $1 and e.origin = 'manual')`

// exports are the views of contract §4, in its order.
var exports = []exported{
	{view: "connection", where: "v.code = $1", order: "v.code"},
	{view: "report_group", where: "v.connection = $1", order: "v.key"},
	{view: "report", where: "v.connection = $1", order: "v.key"},
	{view: "report_field", where: "v.connection = $1", order: "v.key", masked: []string{"formula"}},
	{view: "source_code", where: "v.connection = $1", order: "v.key", masked: []string{"code"}},
	{view: "model_table", where: "v.connection = $1", order: "v.key"},
	{view: "model_field", where: "v.connection = $1", order: "v.key"},
	{view: "gap", where: "v.connection = $1", order: "v.app_key, v.part, v.key, v.error_code, v.error"},
	{
		view: "lineage_node", order: "v.key",
		where: "v.connection = $1 or v.key in " + outside + ` or v.key in (
			select e.from_key from catalog.lineage_edge e where e.connection is null and e.to_key in ` + outside + ")",
	},
	{
		view: "lineage_edge", where: "v.connection = $1 or v.connection is null and v.to_key in " + outside,
		order:  `v.from_key, v.to_key, v.level, v.how, v.origin, v.source_key, v.line, v."column", v.statement, v.confidence, v.author`,
		masked: []string{"statement"},
	},
	{view: "lineage_gap", where: "v.connection = $1", order: `v.app_key, v.source_key, v.line, v."column", v.what, v.why`, masked: []string{"what"}},
	{view: "crawl_run", where: "v.connection = $1", order: "v.id"},
	{view: "crawl_outcome", where: "v.run in (select id from catalog.crawl_run where connection = $1)", order: "v.run, v.app_key"},
	{
		view: "change", where: "v.run in (select id from catalog.crawl_run where connection = $1)",
		order: "v.run, v.key, v.what, v.column_name, v.at, v.old, v.new", masked: []string{"old", "new"},
	},
}

// Export reads all rows of a connection from the views of contract §4, at one moment, and hands them out one
// after the other: begin is called for each view before its rows, row with the values of a row in the order
// of the view's columns, as JSON. Credentials in scripts, formulas and statements are masked. An error of
// either ends it and is returned. Memory doesn't grow with the rows. CodeNotFound if there is no such
// connection.
func (db *DB) Export(ctx context.Context, code string, begin func(catalog.ExportView) error, row func([]json.RawMessage) error) error {
	return db.ExportOnly(ctx, code, nil, begin, row)
}

// ExportOnly is Export of some of the views only; none means all. CodeInvalid for a name that none has.
func (db *DB) ExportOnly(ctx context.Context, code string, only []string, begin func(catalog.ExportView) error, row func([]json.RawMessage) error) error {
	for _, name := range only {
		if !slices.ContainsFunc(exports, func(e exported) bool { return e.view == name }) {
			return &catalog.Error{Code: catalog.CodeInvalid, Op: "export", Key: catalog.Key(code), Err: fmt.Errorf("there is no view %q", name)}
		}
	}
	err := db.reading(ctx, func(tx pgx.Tx) error {
		if err := mustExist(ctx, tx, "export", code); err != nil {
			return err
		}
		for _, e := range exports {
			if len(only) > 0 && !slices.Contains(only, e.view) {
				continue
			}
			if err := e.write(ctx, tx, code, begin, row); err != nil {
				return err
			}
		}
		return nil
	})
	return fail("export", catalog.Key(code), err)
}

func (e exported) write(ctx context.Context, tx pgx.Tx, code string, begin func(catalog.ExportView) error, row func([]json.RawMessage) error) error {
	columns, err := viewColumns(ctx, tx, e.view)
	if err != nil {
		return err
	}
	if err := begin(catalog.ExportView{Name: e.view, Columns: columns}); err != nil {
		return err
	}
	var list []string
	masked := map[int]bool{}
	for i, c := range columns {
		list = append(list, "v."+pgx.Identifier{c}.Sanitize())
		for _, m := range e.masked {
			masked[i] = masked[i] || m == c
		}
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("select json_build_array(%s)::text from catalog.%s v where %s order by %s",
		strings.Join(list, ", "), e.view, e.where, e.order), code)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := exportedRow(rows, masked)
		if err != nil {
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

func exportedRow(rows pgx.Rows, masked map[int]bool) ([]json.RawMessage, error) {
	var values []json.RawMessage
	raw := rows.RawValues()[0]
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, err
	}
	for i := range values {
		var text string
		if !masked[i] || json.Unmarshal(values[i], &text) != nil {
			continue
		}
		if safe := catalog.Mask(text); safe != text {
			hidden, err := json.Marshal(safe)
			if err != nil {
				return nil, err
			}
			values[i] = hidden
		}
	}
	return values, nil
}

func viewColumns(ctx context.Context, tx pgx.Tx, view string) ([]string, error) {
	rows, err := tx.Query(ctx, "select * from catalog."+view+" limit 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for _, f := range rows.FieldDescriptions() {
		names = append(names, f.Name)
	}
	rows.Close()
	return names, rows.Err()
}
