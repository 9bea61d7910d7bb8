package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Limits of what is drawn: a sheet that a person made has far less.
const (
	mostCells  = 1000
	mostFields = 5000
)

// Preview gives what a sheet looks like; key is a sheet's. A cell's key gives its sheet's.
func (db *DB) Preview(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.Preview, error) {
	report, err := reportList.one(ctx, db.pool, scope, "key", string(key))
	if err != nil {
		return nil, err
	}
	around, err := db.around(ctx, report.Connection, key, key)
	if err != nil {
		return nil, err
	}
	if report.Kind == catalog.ReportCell {
		for _, c := range around.Path {
			if c.Kind == string(catalog.ReportSheet) {
				return db.Preview(ctx, scope, c.Key)
			}
		}
	}
	if report.Kind != catalog.ReportSheet {
		return nil, &catalog.Error{
			Code: catalog.CodeInvalid, Op: "preview", Key: key, Err: errors.New("only sheets have a preview"), Cure: "Give the key of a sheet.",
		}
	}
	p := &catalog.Preview{
		Key: report.Key, Name: report.Name, URL: report.URL, EmbedURL: embedURL(report), Gaps: around.Gaps, RetiredAt: report.RetiredAt,
		Columns: number(report.Attributes["columns"]), Rows: number(report.Attributes["rows"]), Cells: []catalog.PreviewCell{},
	}
	p.Thumbnail, _ = report.Attributes["thumbnail"].(string)
	for _, c := range around.Path {
		if c.Kind == string(catalog.ReportApp) {
			p.App, p.AppName = c.Key, c.Name
		}
	}
	if err := db.drawn(ctx, p, report); err != nil {
		return nil, fail("preview", key, err)
	}
	p.Arrange()
	return p, nil
}

func number(v any) int {
	f, _ := v.(float64)
	if f < 0 || f > 1e6 {
		return 0
	}
	return int(f)
}

// embedURL is the live sheet by Qlik's single integration, beside the address that people open it at:
// BASE/sense/app/APP/sheet/SHEET/state/analysis.
func embedURL(sheet catalog.ReportRow) string {
	base, rest, ok := strings.Cut(sheet.URL, "/sense/app/")
	if !ok {
		return ""
	}
	app, rest, ok := strings.Cut(rest, "/sheet/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	app, errA := url.PathUnescape(app)
	id, errB := url.PathUnescape(id)
	if errA != nil || errB != nil {
		return ""
	}
	return base + "/single/?appid=" + url.QueryEscape(app) + "&sheet=" + url.QueryEscape(id) + "&opt=ctxmenu,currsel"
}

// drawn reads the cells of a sheet with their fields. Of a retired sheet, those that went with it.
func (db *DB) drawn(ctx context.Context, p *catalog.Preview, sheet catalog.ReportRow) error {
	from, to := string(p.Key)+"/", string(p.Key)+"0"
	state := "retired_at is null"
	if !sheet.RetiredAt.IsZero() {
		state = "true"
	}
	var cells []placed
	own := map[catalog.Key]*catalog.PreviewCell{}
	b := &pgx.Batch{}
	b.Queue("select reloaded_at from qlikcrawler.report where key = $1", string(p.App)).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{target(&p.ReloadedAt)}, func() error { return nil })
		return err
	})
	b.Queue(`select key, coalesce(parent_key, ''), coalesce(type, ''), coalesce(name, ''), position, attributes -> 'bounds', attributes -> 'container_bounds'
		from qlikcrawler.report where key >= $1 and key < $2 and kind = 'cell' and `+state+` order by key limit $3`, from, to, mostCells).
		Query(func(rows pgx.Rows) (err error) {
			cells, err = pgx.CollectRows(rows, scanPlaced)
			for i := range cells {
				own[cells[i].Key] = &cells[i].PreviewCell
			}
			return err
		})
	b.Queue(`select key, report_key, type, coalesce(name, ''), coalesce(formula, '') from qlikcrawler.report_field
		where key >= $1 and key < $2 and type in ('Measure', 'Dimension') and `+state+` order by length(key), key limit $3`, from, to, mostFields).
		Query(func(rows pgx.Rows) error {
			var f catalog.PreviewField
			var of catalog.Key
			var typ catalog.FieldType
			_, err := pgx.ForEachRow(rows, []any{&f.Key, &of, &typ, &f.Name, &f.Formula}, func() error {
				c := own[of]
				f.Formula = catalog.Mask(f.Formula)
				switch {
				case c == nil:
				case typ == catalog.Measure:
					c.Measures = append(c.Measures, f)
				default:
					c.Dimensions = append(c.Dimensions, f)
				}
				return nil
			})
			return err
		})
	if err := db.pool.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	p.Cells = append(p.Cells, nested(cells, p.Key, 0)...)
	return nil
}

// A placed is a cell and what it stands in.
type placed struct {
	catalog.PreviewCell
	parent catalog.Key
}

func scanPlaced(row pgx.CollectableRow) (placed, error) {
	var c placed
	var position *catalog.Position
	var bounds, inContainer json.RawMessage
	if err := row.Scan(&c.Key, &c.parent, &c.Type, &c.Name, &position, &bounds, &inContainer); err != nil {
		return c, err
	}
	if position != nil {
		c.Col, c.Row, c.Colspan, c.Rowspan = position.Col, position.Row, position.Colspan, position.Rowspan
	}
	for _, doc := range []json.RawMessage{bounds, inContainer} {
		var box *catalog.Box
		// What isn't a box is none: the source may say anything there.
		if json.Unmarshal(doc, &box) == nil && box != nil {
			c.Bounds = box
		}
	}
	return c, nil
}

// nested gives the cells that stand in one, with those that stand in them.
func nested(cells []placed, parent catalog.Key, level int) []catalog.PreviewCell {
	var list []catalog.PreviewCell
	for _, c := range cells {
		if c.parent == parent && level < mostLevels {
			c.Children = nested(cells, c.Key, level+1)
			list = append(list, c.PreviewCell)
		}
	}
	return list
}
