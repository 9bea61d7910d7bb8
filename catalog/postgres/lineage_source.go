package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// lineageDue are the live units of a connection whose lineage isn't made from what the catalog has now,
// or by another reader. $1 is the connection's code, $2 the reader's version, $3 true for all of them,
// $4 true when scripts that include files must be read again. Apps name the same data connections, so that their digest is
// made once for each list of names; digestPlaces makes the same.
const lineageDue = `
	with made as (select * from qlikcrawler.lineage_unit where unit >= $1 || '/' and unit < $1 || '0'),
		place as materialized (select uses, coalesce((select string_agg(d.hash, ',' order by d.hash)
			from qlikcrawler.data_connection d where d.connection = $1 and d.folded_name = any(uses)), '') as hash
			from (select distinct uses from made) named)
	select u.key from qlikcrawler.unit u left join made l on l.unit = u.key left join place on place.uses = l.uses
	where u.key >= $1 || '/' and u.key < $1 || '0' and u.retired_at is null
		and ($3 or l.unit is null or l.content <> u.content or l.reader <> $2 or l.includes and $4 or l.places <> place.hash)
	order by u.key`

// LineageDue gives the apps of a connection whose lineage must be made: their rows or their data
// connections changed, they never had it, or another version of the reader made it. With all, it gives
// every app; with includes, also those whose script includes files, which may have changed. CodeNotFound
// if there is no such connection.
func (db *DB) LineageDue(ctx context.Context, code string, reader int, all, includes bool) ([]catalog.Key, error) {
	var due []catalog.Key
	b := &pgx.Batch{}
	b.Queue("select true from qlikcrawler.connection where code = $1", code).QueryRow(func(row pgx.Row) error {
		var exists bool
		err := row.Scan(&exists)
		if errors.Is(err, pgx.ErrNoRows) {
			return noConnection("build the lineage of", code)
		}
		return err
	})
	b.Queue(lineageDue, code, reader, all, includes).Query(func(rows pgx.Rows) (err error) {
		due, err = pgx.CollectRows(rows, pgx.RowTo[catalog.Key])
		return err
	})
	err := db.pool.SendBatch(ctx, b).Close()
	return due, fail("list the apps without lineage of", catalog.Key(code), err)
}

// LineageSource gives the live rows of an app, as far as lineage is made of them, read at one moment.
// CodeNotFound if the catalog hasn't the app, or it is retired.
func (db *DB) LineageSource(ctx context.Context, app catalog.Key) (*catalog.LineageSource, error) {
	s := &catalog.LineageSource{}
	s.Snapshot.Unit.Key = app
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, db.pool, options, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue("select content from qlikcrawler.unit where key = $1 and retired_at is null", app).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&s.Content)
			if errors.Is(err, pgx.ErrNoRows) {
				return &catalog.Error{Code: catalog.CodeNotFound, Op: "read app", Key: app, Err: errors.New("the catalog has no such app")}
			}
			return err
		})
		queueSource(b, string(app), &s.Snapshot)
		return tx.SendBatch(ctx, b).Close()
	})
	return s, fail("read for lineage", app, err)
}

// underUnit tells the live rows of a unit: $1 is its key, $2 and $3 the range of those under it.
const underUnit = " where (key = $1 or key >= $2 and key < $3) and retired_at is null order by key"

func queueSource(b *pgx.Batch, unit string, s *catalog.Snapshot) {
	queue := func(sql string, scan func(pgx.Rows) error) {
		b.Queue(sql+underUnit, unit, unit+"/", unit+"0").Query(func(rows pgx.Rows) error {
			defer rows.Close()
			for rows.Next() {
				if err := scan(rows); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	queue(`select key, coalesce(parent_key, ''), kind, coalesce(type, ''), coalesce(name, ''), attributes
		from qlikcrawler.report`, func(rows pgx.Rows) error {
		var r catalog.Report
		err := rows.Scan(&r.Key, &r.Parent, &r.Kind, &r.Type, &r.Name, (*attributes)(&r.Attributes))
		s.Reports = append(s.Reports, r)
		return err
	})
	queue(`select key, coalesce(report_key, ''), type, origin, coalesce(name, ''), coalesce(label, ''), coalesce(formula, ''),
		coalesce(master_key, ''), attributes from qlikcrawler.report_field`, func(rows pgx.Rows) error {
		var f catalog.ReportField
		err := rows.Scan(&f.Key, &f.Report, &f.Type, &f.Origin, &f.Name, &f.Label, &f.Formula, &f.Master, (*attributes)(&f.Attributes))
		s.Fields = append(s.Fields, f)
		return err
	})
	queue(`select key, coalesce(report_key, ''), coalesce(name, ''), coalesce(code, '') from qlikcrawler.source_code`, func(rows pgx.Rows) error {
		var c catalog.SourceCode
		err := rows.Scan(&c.Key, &c.Report, &c.Name, &c.Code)
		s.Sources = append(s.Sources, c)
		return err
	})
	queue(`select key, coalesce(name, '') from qlikcrawler.model_table`, func(rows pgx.Rows) error {
		var t catalog.ModelTable
		err := rows.Scan(&t.Key, &t.Name)
		s.Tables = append(s.Tables, t)
		return err
	})
	queue(`select key, coalesce(name, ''), tables, is_key, is_hidden from qlikcrawler.model_field`, func(rows pgx.Rows) error {
		var f catalog.ModelField
		err := rows.Scan(&f.Key, &f.Name, &f.Tables, &f.IsKey, &f.IsHidden)
		s.Columns = append(s.Columns, f)
		return err
	})
}

// attributes read a jsonb column; null leaves them nil.
type attributes catalog.Attributes

// Scan reads what the driver gives for jsonb.
func (a *attributes) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), (*map[string]any)(a))
	case []byte:
		return json.Unmarshal(v, (*map[string]any)(a))
	default:
		return fmt.Errorf("attributes came as %T", v)
	}
}
