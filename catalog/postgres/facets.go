package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// What facets cost is bounded twice: by the rows that are counted, and, for filters that find few rows among
// many, by time.
const (
	facetRows   = 3000
	facetValues = 15 // of a column
	facetTime   = "200ms"
)

const queryCanceled = "57014" // SQLSTATE

// ReportGroupFacets counts the report groups that a query finds by columns; the query's order and limit don't
// count. Values of columns are texts as filters take them. The same holds for the functions below.
func (db *DB) ReportGroupFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return groupList.facets(ctx, db, q, columns)
}

// ReportFacets counts apps, sheets and cells.
func (db *DB) ReportFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return reportList.facets(ctx, db, q, columns)
}

// ReportFieldFacets counts measures, dimensions, master objects and variables.
func (db *DB) ReportFieldFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return fieldList.facets(ctx, db, q, columns)
}

// SourceCodeFacets counts load scripts.
func (db *DB) SourceCodeFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return sourceList.facets(ctx, db, q, columns)
}

// ModelTableFacets counts tables of data models.
func (db *DB) ModelTableFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return tableList.facets(ctx, db, q, columns)
}

// ModelFieldFacets counts fields of data models.
func (db *DB) ModelFieldFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return columnList.facets(ctx, db, q, columns)
}

// GapFacets counts what could not be read.
func (db *DB) GapFacets(ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	return gapList.facets(ctx, db, q, columns)
}

func (l *list[T]) facets(ctx context.Context, db *DB, q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	op := "count the " + string(l.name)
	q.Sort, q.Fields = nil, nil
	s := l.selection(q, true)
	sql := s.facetSQL(columns)
	if len(s.faults) > 0 {
		return nil, &catalog.Error{Code: catalog.CodeInvalid, Op: op, Err: s.faults}
	}
	f := &catalog.ListFacets{By: map[string][]catalog.Facet{}, Missing: map[string]int{}}
	done, err := db.inTime(ctx, facetTime, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, s.args...)...)
		if err != nil {
			return err
		}
		var column int
		var v *string
		var n int
		_, err = pgx.ForEachRow(rows, []any{&column, &v, &n}, func() error {
			switch {
			case column < 0:
				f.Rows, f.More = min(n, facetRows), n > facetRows
			case v == nil:
				f.Missing[columns[column]] = n
			default:
				f.By[columns[column]] = append(f.By[columns[column]], catalog.Facet{Value: *v, Count: n})
			}
			return nil
		})
		return err
	})
	if !done && err == nil {
		return &catalog.ListFacets{More: true}, nil
	}
	return f, fail(op, "", err)
}

// inTime reads in a transaction whose statements may take so long, as Postgres writes it; false if one took
// longer.
func (db *DB) inTime(ctx context.Context, most string, read func(pgx.Tx) error) (bool, error) {
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local statement_timeout = '"+most+"'"); err != nil {
			return err
		}
		return read(tx)
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == queryCanceled && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// facetSQL reads the rows once, and counts them by each column. One row more than are counted tells that
// there are more.
func (s *selection[T]) facetSQL(columns []string) string {
	var read, count []string
	for i, name := range columns {
		c := s.of.column(name)
		if c == nil || !c.filterable() {
			s.refuse(catalog.QueryFault{
				Parameter: "facets", Index: i, Why: fmt.Sprintf("the %s can't be counted by %q", s.of.name, name),
				Cure: catalog.OneOf(name, s.of.names((*listColumn[T]).filterable)),
			})
			continue
		}
		read = append(read, fmt.Sprintf("%s as f%d", c.sql, i))
		value := fmt.Sprintf("f%d::text", i)
		from := "r"
		if c.typ == aList {
			from, value = fmt.Sprintf("r left join lateral unnest(f%d) as u(v) on true", i), "u.v"
		}
		count = append(count, fmt.Sprintf("(select %d, %s, count(*) from %s group by 2 order by 3 desc, 2 limit %d)", i, value, from, facetValues+1))
	}
	sql := "with r as materialized (select " + strings.Join(append(read, "1"), ", ") + " from " + s.of.from
	if len(s.where) > 0 {
		sql += " where " + strings.Join(s.where, " and ")
	}
	sql += fmt.Sprintf(" limit %d) ", facetRows+1)
	return sql + strings.Join(append(count, "(select -1, null, count(*) from r)"), " union all ")
}
