package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// BenchmarkSaveAgainstCopy stores an app, then copies the same rows into bare tables with the same
// indexes, in turn, so that a noisy machine slows both. "copy-ratio" is the median of the ratios of
// neighbors. Save does more than COPY: it locks, compares with what is there, and notes the outcome.
func BenchmarkSaveAgainstCopy(b *testing.B) {
	for _, size := range []struct {
		name  string
		times int
	}{{"typical", 1}, {"huge", 64}} {
		b.Run(size.name, func(b *testing.B) {
			db := setup(b)
			run := db.start()
			db.save(run, huge(0, size.times), catalog.Added)
			copies := bareTables(db)
			var ratios, saved, copied []float64
			n := 0
			for b.Loop() {
				n++
				snapshot := huge(n, size.times)
				began := time.Now()
				db.save(run, snapshot, catalog.Added)
				save := time.Since(began)
				began = time.Now()
				db.must(copyAll(db, copies, n))
				bare := time.Since(began)
				ratios = append(ratios, save.Seconds()/bare.Seconds())
				saved, copied = append(saved, save.Seconds()), append(copied, bare.Seconds())
			}
			rows := float64(rowsIn(huge(0, size.times)))
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(middle(ratios), "copy-ratio")
			b.ReportMetric(rows/middle(saved), "rows/s")
			b.ReportMetric(rows/middle(copied), "copy-rows/s")
			b.ReportMetric(rows, "rows/app")
		})
	}
}

// copyAll is a transaction that commits as Save's does, without waiting for the disk.
func copyAll(db *bench, copies []bareCopy, n int) error {
	return pgx.BeginTxFunc(context.Background(), db.sql, pgx.TxOptions{BeginQuery: "begin; set local synchronous_commit = off"}, func(tx pgx.Tx) error {
		for _, c := range copies {
			if err := c.copy(tx, n); err != nil {
				return fmt.Errorf("copy into %s: %w", c.table, err)
			}
		}
		return nil
	})
}

// middle is the median.
func middle(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
