package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// While rows are counted, readers get what was counted before; then what there is.
func TestNobodyWaitsForCountsThatHaveBeenMadeBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	first, at, err := b.RecentCounts(t.Context(), "prod")
	b.must(err)
	if first.Apps != 1 || at.IsZero() {
		t.Fatalf("the first count finds %d apps, at %s", first.Apps, at)
	}
	again, _, err := b.RecentCounts(t.Context(), "prod")
	b.must(err)
	if again != first {
		t.Errorf("counted again: %+v, was %+v", again, first)
	}
	b.crawl(rich("a1"), rich("a2"))

	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	tx, err := b.sql.BeginTx(ctx, pgx.TxOptions{})
	b.must(err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, err = tx.Exec(ctx, "lock table qlikcrawler.report_field in access exclusive mode") // nobody can count it
	b.must(err)
	old, was, err := b.RecentCounts(ctx, "prod")
	b.must(err)
	if old != first || !was.Equal(at) {
		t.Errorf("while rows are counted: %+v of %s, want %+v of %s", old, was, first, at)
	}
	b.must(tx.Rollback(ctx))
	for old.Apps != 2 {
		if old, _, err = b.RecentCounts(ctx, "prod"); err != nil {
			t.Fatalf("a crawl has ended, and the old counts stay: %v", err)
		}
	}
	exact, err := b.Counts(ctx, "prod")
	b.must(err)
	if old != exact {
		t.Errorf("counted %+v, there is %+v", old, exact)
	}
}

// The first reader of all may do without counts; who asks later has them.
func TestFirstCountsAreWaitedForOnlyByWhoNeedsThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	tx, err := b.sql.BeginTx(ctx, pgx.TxOptions{})
	b.must(err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, err = tx.Exec(ctx, "lock table qlikcrawler.report_field in access exclusive mode") // nobody can count it
	b.must(err)
	none, at, err := b.CountsSoFar(ctx, "prod")
	b.must(err)
	stats, err := b.StatsSoFar(ctx, everything)
	b.must(err)
	if none.Apps != 0 || !at.IsZero() || !stats.CountedAt.IsZero() || stats.Connections[0].Counted {
		t.Errorf("before there are counts: %+v of %s, %+v", none, at, stats)
	}
	b.must(tx.Rollback(ctx))
	for at.IsZero() {
		if none, at, err = b.CountsSoFar(ctx, "prod"); err != nil {
			t.Fatalf("the counts don't come: %v", err)
		}
	}
	stats, err = b.StatsSoFar(ctx, everything)
	b.must(err)
	if none.Apps != 1 || stats.CountedAt.IsZero() || !stats.Connections[0].Counted || stats.Total.Apps != 1 {
		t.Errorf("counted: %+v, %+v", none, stats)
	}
}
