package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// retiring gives a shared run of prod at its last stage, and the claim of the worker who has it.
func (b *bench) retiring(worker string) catalog.Claim {
	b.t.Helper()
	ctx, limit := b.t.Context(), catalog.Limit{Workers: 2, Sessions: 2}
	var run catalog.Run
	b.must(b.InTx(ctx, func(tx pgx.Tx) (err error) {
		run, err = b.OpenRun(ctx, tx, catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByAPI})
		return err
	}))
	claim := b.claim(run.ID, worker)
	b.must(b.InTx(ctx, func(tx pgx.Tx) error {
		_, err := b.PlanRun(ctx, tx, claim, catalog.Draft{Tally: catalog.Tally{Listed: 3, Skipped: 3}}, 1, limit)
		return err
	}))
	return claim
}

func (b *bench) claim(run catalog.RunID, worker string) catalog.Claim {
	b.t.Helper()
	var s catalog.SharedRun
	b.must(b.InTx(b.t.Context(), func(tx pgx.Tx) (err error) {
		s, _, err = b.ClaimRun(b.t.Context(), tx, run, worker, catalog.Limit{Workers: 2, Sessions: 2})
		return err
	}))
	if s.Attempt == 0 {
		b.t.Fatalf("%s doesn't get run %d", worker, run)
	}
	return s.Claim
}

func TestTheTallyOfASharedRunTellsTheLineageThatEachProcessMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	one := b.retiring("one")
	b.must(b.As(one).NoteLineage(ctx, catalog.LineageTally{Apps: 2, Changed: 1, Columns: 10, Unresolved: 3}))
	b.must(b.InTx(ctx, func(tx pgx.Tx) error {
		_, err := b.FreeRun(ctx, tx, one)
		return err
	}))
	two := b.claim(one.Run, "two")
	wantCode(t, b.As(one).NoteLineage(ctx, catalog.LineageTally{Apps: 100}), catalog.CodeConflict)
	b.must(b.As(two).NoteLineage(ctx, catalog.LineageTally{Apps: 1, Columns: 4, Gaps: 7}))
	want := catalog.LineageTally{Apps: 3, Changed: 1, Columns: 14, Unresolved: 3, Gaps: 7}
	look := func(when string) {
		t.Helper()
		run, err := b.Run(ctx, one.Run)
		b.must(err)
		if run.Tally.Lineage != want || run.Tally.Listed != 3 || run.Tally.Unchanged != 3 {
			t.Errorf("%s the tally is %+v, want lineage %+v", when, run.Tally, want)
		}
	}
	look("while it runs")
	b.must(b.InTx(ctx, func(tx pgx.Tx) error { return b.EndRun(ctx, tx, two, catalog.Done, "") }))
	look("at its end")
	wantCode(t, b.As(two).NoteLineage(ctx, catalog.LineageTally{Apps: 100}), catalog.CodeConflict)
	look("after its end")
}

func TestABeatThatComesLateTakesNothingFromWhatARunCost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	claim := b.retiring("one")
	note := func(u catalog.Usage) {
		t.Helper()
		b.must(b.InTx(ctx, func(tx pgx.Tx) error { return b.NoteUsage(ctx, tx, claim.Run, "two", u) }))
	}
	note(catalog.Usage{Opens: 4, Calls: 90})
	note(catalog.Usage{Opens: 5, Calls: 100})
	_, err := b.Beat(ctx, "two", map[catalog.RunID]catalog.Usage{claim.Run: {Opens: 4, Calls: 99}})
	b.must(err)
	b.must(b.InTx(ctx, func(tx pgx.Tx) error { return b.EndRun(ctx, tx, claim, catalog.Done, "") }))
	run, err := b.Run(ctx, claim.Run)
	b.must(err)
	if want := (catalog.Usage{Opens: 5, Calls: 100}); run.Tally.Usage != want {
		t.Errorf("it cost %+v, want %+v", run.Tally.Usage, want)
	}
}
