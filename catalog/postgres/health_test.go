package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// due makes all health checks due.
func (b *bench) due() {
	b.t.Helper()
	_, err := b.ClaimHealthChecks(b.t.Context(), time.Hour, 100) // makes the rows
	b.must(err)
	_, err = b.sql.Exec(b.t.Context(), "update qlikcrawler.health_check set due_at = now() - interval '1 second'")
	b.must(err)
}

func (b *bench) claimed() []catalog.Connection {
	b.t.Helper()
	list, err := b.ClaimHealthChecks(b.t.Context(), time.Hour, 100)
	b.must(err)
	return list
}

func TestAHealthCheckIsTakenOnceOverAllProcesses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	b.due()
	var mu sync.Mutex
	taken := map[string]int{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			list, err := b.ClaimHealthChecks(t.Context(), time.Hour, 1)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			for _, c := range list {
				taken[c.Code]++
			}
		})
	}
	all.Wait()
	for _, c := range b.claimed() { // who skipped a locked row may have left one
		taken[c.Code]++
	}
	if taken["prod"] != 1 || taken["jwt"] != 1 {
		t.Errorf("taken %v, want each once", taken)
	}
}

func TestHealthIsNotCheckedDuringACrawlOrARemoval(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	b.due()
	if got := b.claimed(); len(got) > 0 {
		t.Errorf("%v is checked while it is crawled", got[0].Code)
	}
	b.done(run)
	if got := b.claimed(); len(got) != 1 {
		t.Errorf("%d are checked after the crawl, want 1", len(got))
	}
	b.must(b.BeginRemoval(t.Context(), "prod"))
	b.due()
	if got := b.claimed(); len(got) > 0 {
		t.Error("it is checked while it is removed")
	}
}

func TestARefusedLoginIsNotTriedAgainUntilTheSettingsChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.due()
	c := b.claimed()[0]
	b.must(b.SaveHealth(t.Context(), "prod", c.Revision, catalog.HealthResult{Reason: "the password is wrong", Halt: true}))
	b.due()
	if got := b.claimed(); len(got) > 0 {
		t.Fatal("a refused login is tried again")
	}
	now, err := b.Connection(t.Context(), "prod")
	b.must(err)
	if now.Health != catalog.Red || now.HealthReason != "the password is wrong" || !now.CheckHalted || now.CheckedAt.IsZero() {
		t.Errorf("%s because %q, halted %t", now.Health, now.HealthReason, now.CheckHalted)
	}
	b.must(b.EditConnection(t.Context(), now, nil))
	if got := b.claimed(); len(got) != 1 {
		t.Error("the new settings are not checked")
	}
	b.must(b.SaveHealth(t.Context(), "prod", c.Revision, catalog.HealthResult{})) // of the old settings: no news
	if now, err = b.Connection(t.Context(), "prod"); err != nil || now.Health != catalog.Red {
		t.Errorf("%s, %v: an outdated check counted", now.Health, err)
	}
	since := now.HealthSince
	b.must(b.SaveHealth(t.Context(), "prod", now.Revision, catalog.HealthResult{}))
	if now, err = b.Connection(t.Context(), "prod"); err != nil || now.Health != catalog.Green || now.HealthReason != "" || !now.HealthSince.After(since) {
		t.Errorf("%s because %q since %s (before %s), %v", now.Health, now.HealthReason, now.HealthSince, since, err)
	}
}

func TestWhatACrawlFoundWrongOutlastsAGoodCheck(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	b.must(b.FinishRun(t.Context(), run, catalog.Failed, catalog.Tally{}, "most apps would retire"))
	b.due()
	c := b.claimed()[0]
	for _, reason := range []string{"", "the site is away", ""} {
		b.must(b.SaveHealth(t.Context(), "prod", c.Revision, catalog.HealthResult{Reason: reason}))
		now, err := b.Connection(t.Context(), "prod")
		b.must(err)
		if now.Health != catalog.Red || now.HealthReason != "most apps would retire" {
			t.Errorf("%s because %q after a check that said %q", now.Health, now.HealthReason, reason)
		}
	}
	b.crawl()
	b.must(b.SaveHealth(t.Context(), "prod", c.Revision, catalog.HealthResult{Reason: "the site is away"}))
	b.must(b.SaveHealth(t.Context(), "prod", c.Revision, catalog.HealthResult{}))
	if now, err := b.Connection(t.Context(), "prod"); err != nil || now.Health != catalog.Green {
		t.Errorf("%s, %v: what a check found is taken back by a check", now.Health, err)
	}
}
