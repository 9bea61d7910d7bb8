package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

func typical(n int) *catalog.Snapshot { return pgtest.App(n, 1) }

func huge(n, times int) *catalog.Snapshot { return pgtest.App(n, times) }

func rowsIn(s *catalog.Snapshot) int { return pgtest.Rows(s) }

func report(b *testing.B, rows int) {
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(rows), "rows/app")
}

// BenchmarkSave stores apps that the catalog doesn't have, one at a time and four at a time.
func BenchmarkSave(b *testing.B) {
	for _, workers := range []int{1, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			db := setup(b)
			run := db.start()
			n := atomic.Int64{}
			b.SetParallelism(max(1, workers/2))
			b.ReportAllocs()
			save := func() {
				if _, err := db.Save(context.Background(), run, typical(int(n.Add(1))), time.Now()); err != nil {
					b.Error(err)
				}
			}
			b.ResetTimer()
			if workers == 1 {
				for range b.N {
					save()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						save()
					}
				})
			}
			report(b, rowsIn(typical(0)))
		})
	}
}

// BenchmarkSaveHuge stores apps of some 5,000 rows.
func BenchmarkSaveHuge(b *testing.B) {
	db := setup(b)
	run := db.start()
	n := 0
	for b.Loop() {
		n++
		db.save(run, huge(n, 64), catalog.Added)
	}
	report(b, rowsIn(huge(0, 64)))
}

// BenchmarkSaveUnchanged stores what the catalog has.
func BenchmarkSaveUnchanged(b *testing.B) {
	db := setup(b)
	run := db.start()
	s := typical(1)
	db.save(run, s, catalog.Added)
	b.ReportAllocs()
	for b.Loop() {
		db.save(run, s, catalog.Unchanged)
	}
	report(b, rowsIn(s))
}

// BenchmarkSaveChanged stores apps of which every field has another formula than in the catalog.
func BenchmarkSaveChanged(b *testing.B) {
	db := setup(b)
	run := db.start()
	apps := make([]*catalog.Snapshot, 100)
	for i := range apps {
		apps[i] = typical(i)
		db.save(run, apps[i], catalog.Added)
	}
	n := 0
	for b.Loop() {
		s := apps[n%len(apps)]
		n++
		for i := range s.Fields {
			s.Fields[i].Formula = fmt.Sprint("Sum(Sales) + ", n)
		}
		db.save(run, s, catalog.Updated)
	}
	report(b, len(apps[0].Fields))
}

// BenchmarkBareCopy copies the rows of apps into tables like the catalog's, with the same indexes and
// nothing else: the floor. "app" is a transaction an app, "bulk" a transaction for 100 apps.
func BenchmarkBareCopy(b *testing.B) {
	for _, kind := range []struct {
		name string
		apps int
	}{{"app", 1}, {"bulk", 100}} {
		b.Run(kind.name, func(b *testing.B) {
			db := setup(b)
			run := db.start()
			for i := range kind.apps {
				db.save(run, typical(i), catalog.Added)
			}
			copies := bareTables(db)
			b.ResetTimer()
			for n := range b.N {
				err := pgx.BeginFunc(context.Background(), db.sql, func(tx pgx.Tx) error {
					for _, c := range copies {
						if err := c.copy(tx, n); err != nil {
							return err
						}
					}
					return nil
				})
				db.must(err)
			}
			report(b, kind.apps*rowsIn(typical(0)))
		})
	}
}

type bareCopy struct {
	table   string
	columns []string
	rows    [][]any
	key     int
	keys    []string
}

// bareTables reads the catalog's rows and makes empty tables for them.
func bareTables(db *bench) []bareCopy {
	var out []bareCopy
	for _, name := range []string{"report_group", "report", "report_field", "source_code"} {
		_, err := db.sql.Exec(background(), fmt.Sprintf("create table bare_%s (like qlikcrawler.%[1]s including all)", name))
		db.must(err)
		rows, err := db.sql.Query(background(), "select * from qlikcrawler."+name)
		db.must(err)
		c := bareCopy{table: "bare_" + name}
		for i, f := range rows.FieldDescriptions() {
			c.columns = append(c.columns, f.Name)
			if f.Name == "key" {
				c.key = i
			}
		}
		for rows.Next() {
			v, err := rows.Values()
			db.must(err)
			c.rows, c.keys = append(c.rows, v), append(c.keys, v[c.key].(string))
		}
		db.must(rows.Err())
		out = append(out, c)
	}
	return out
}

func (c bareCopy) copy(tx pgx.Tx, n int) error {
	for i := range c.keys {
		c.rows[i][c.key] = fmt.Sprintf("%s-%d", c.keys[i], n)
	}
	_, err := tx.CopyFrom(context.Background(), pgx.Identifier{c.table}, c.columns, pgx.CopyFromRows(c.rows))
	return err
}
