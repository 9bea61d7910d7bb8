package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestAFullRunKnowsWhatTheOnesThatEndedEarlyFinished(t *testing.T) {
	t.Parallel()
	for _, state := range []catalog.State{catalog.Interrupted, catalog.Failed, catalog.Cancelled} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			first, second := b.start(), catalog.RunID(0)
			b.save(first, rich("a1"), catalog.Added)
			partial := rich("a2")
			partial.Gaps = []catalog.Gap{{Part: catalog.PartScript, Key: "prod/a2/script", Err: &catalog.Error{Code: catalog.CodeForbidden}}}
			b.save(first, partial, catalog.Partial)
			b.must(b.FinishRun(t.Context(), first, state, catalog.Tally{}, ""))
			second = b.start()
			b.finished(second, "prod/a1")
			b.save(second, rich("a3"), catalog.Added)
			b.must(b.FinishRun(t.Context(), second, state, catalog.Tally{}, ""))
			third := b.start()
			b.finished(third, "prod/a1", "prod/a3") // of both
			b.done(third)
			b.finished(b.start()) // a complete run lies between
		})
	}
}

func TestWhatEndedEarlyLongAgoIsReadAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	b.save(run, rich("a1"), catalog.Added)
	b.must(b.FinishRun(t.Context(), run, catalog.Interrupted, catalog.Tally{}, ""))
	_, err := b.sql.Exec(t.Context(), "update qlikcrawler.crawl_run set started_at = now() - interval '25 hours' where id = $1", run)
	b.must(err)
	b.finished(b.start())
}

func TestOtherModesFinishNothingForAFullRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run, err := b.StartRun(t.Context(), sweep(catalog.Delta))
	b.must(err)
	_, err = b.Save(t.Context(), run, rich("a1"), time.Now())
	b.must(err)
	b.must(b.FinishRun(t.Context(), run, catalog.Interrupted, catalog.Tally{}, ""))
	b.finished(b.start())
}

// finished checks what a run needn't read again.
func (b *bench) finished(run catalog.RunID, want ...catalog.Key) {
	b.t.Helper()
	got, err := b.Finished(b.t.Context(), run)
	b.must(err)
	all := map[catalog.Key]bool{}
	for _, k := range want {
		all[k] = true
	}
	if d := cmp.Diff(all, got); d != "" {
		b.t.Errorf("finished before run %d (-want +got):\n%s", run, d)
	}
}
