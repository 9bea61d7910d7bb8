package crawler_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func run(mode catalog.Mode) catalog.Run { return catalog.Run{ID: 7, Connection: "c", Mode: mode} }

func TestFullCrawlReadsEveryUnitAndRetiresWhatIsGone(t *testing.T) {
	t.Parallel()
	store := newMemory(map[catalog.Key]string{"c/a": "v1", "c/b": "v1", "c/gone": "v1"})
	tally, err := (&crawler.Crawler{Store: store}).Crawl(t.Context(), run(catalog.Full), &site{units: listed("a", "b", "d")})
	if err != nil {
		t.Fatal(err)
	}
	want := catalog.Tally{Listed: 3, Planned: 3, Added: 1, Updated: 2, Retired: 1, Usage: catalog.Usage{Opens: 3}}
	if diff := cmp.Diff(want, tally); diff != "" {
		t.Errorf("tally (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]catalog.Key{"c/gone"}, store.retired); diff != "" {
		t.Errorf("retired (-want +got):\n%s", diff)
	}
	if len(store.groups) != 1 {
		t.Errorf("saved %d report groups, want 1", len(store.groups))
	}
}

func TestDeltaReadsOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	store := newMemory(map[catalog.Key]string{"c/same": "v1", "c/changed": "v0", "c/partial": ""})
	src := &site{units: listed("same", "changed", "partial", "new")}
	tally, err := (&crawler.Crawler{Store: store, Workers: 1}).Crawl(t.Context(), run(catalog.Delta), src)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]catalog.Key{"c/changed", "c/partial", "c/new"}, src.fetched); diff != "" {
		t.Errorf("fetched (-want +got):\n%s", diff)
	}
	if tally.Unchanged != 1 || tally.Read() != 3 || tally.Planned != 3 {
		t.Errorf("tally %+v: want 1 unchanged and 3 read of 3 planned", tally)
	}
}

func TestAFullCrawlGoesOnWhereOneEndedEarly(t *testing.T) {
	t.Parallel()
	store := newMemory(map[catalog.Key]string{"c/read": "v1", "c/changed": "v0", "c/partial": "", "c/old": "v1", "c/gone": "v1"})
	store.finished = map[catalog.Key]bool{"c/read": true, "c/changed": true, "c/partial": true, "c/gone": true}
	for _, tc := range []struct {
		mode catalog.Mode
		want []catalog.Key
	}{
		{catalog.Full, []catalog.Key{"c/changed", "c/partial", "c/old", "c/new"}},
		{catalog.Delta, []catalog.Key{"c/changed", "c/partial", "c/new"}},
	} {
		past := crawler.Past{Known: store.known, Finished: store.finished}
		p, err := crawler.MakePlan(run(tc.mode), listed("read", "changed", "partial", "old", "new"), past, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		var got []catalog.Key
		for _, l := range p.Fetch {
			got = append(got, l.Unit.Key)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: to be read (-want +got):\n%s", tc.mode, diff)
		}
		if len(p.Retire) != 1 {
			t.Errorf("%s: retires %v, want c/gone", tc.mode, p.Retire)
		}
	}
	src := &site{units: listed("read", "changed", "partial", "old", "new")}
	tally, err := (&crawler.Crawler{Store: store, Workers: 1}).Crawl(t.Context(), run(catalog.Full), src)
	if err != nil || tally.Planned != 4 || tally.Skipped != 1 {
		t.Errorf("%+v, %v: want 4 planned and 1 skipped", tally, err)
	}
}

func TestSelectedReadsWhatWasAskedForAndRetiresNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		run     catalog.Run
		want    []catalog.Key
		missing []string
	}{
		"by id, whatever its case": {catalog.Run{Apps: []string{"A"}}, []catalog.Key{"c/a"}, nil},
		"by name":                  {catalog.Run{Apps: []string{"App b"}}, []catalog.Key{"c/b"}, nil},
		"by key":                   {catalog.Run{Apps: []string{"c/b"}}, []catalog.Key{"c/b"}, nil},
		"by report group":          {catalog.Run{Groups: []catalog.Key{"c/stream/s"}}, []catalog.Key{"c/a", "c/b"}, nil},
		"not listed":               {catalog.Run{Apps: []string{"a", "z"}, Groups: []catalog.Key{"c/stream/x"}}, []catalog.Key{"c/a"}, []string{"z", "c/stream/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newMemory(map[catalog.Key]string{"c/gone": "v1"})
			src := &site{units: listed("a", "b")}
			r := tc.run
			r.ID, r.Connection, r.Mode = 7, "c", catalog.Selected
			tally, err := (&crawler.Crawler{Store: store, Workers: 1}).Crawl(t.Context(), r, src)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, src.fetched); diff != "" {
				t.Errorf("fetched (-want +got):\n%s", diff)
			}
			if store.retired != nil {
				t.Errorf("retired %v, want nothing", store.retired)
			}
			var missing []string
			for _, o := range store.noted {
				missing = append(missing, o.Unit.Name)
				if catalog.CodeOf(o.Err) != catalog.CodeNotFound {
					t.Errorf("%s: %v, want not_found", o.Unit.Name, o.Err)
				}
			}
			if diff := cmp.Diff(tc.missing, missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			if tally.Failed != len(tc.missing) {
				t.Errorf("%d failed, want %d", tally.Failed, len(tc.missing))
			}
		})
	}
}

func TestOneBadUnitStaysOneBadUnit(t *testing.T) {
	t.Parallel()
	store := newMemory(nil)
	store.saveErr["c/unsavable"] = errors.New("disk full")
	src := &site{units: listed("a", "bad", "unsavable", "partial", "z")}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		s := &catalog.Snapshot{Unit: l.Unit, Version: l.Version}
		switch l.Unit.Key {
		case "c/bad":
			return nil, &catalog.Error{Code: catalog.CodeUnreachable, Op: "open app", Err: errors.New("connection reset")}
		case "c/partial":
			s.Gaps = []catalog.Gap{{Part: catalog.PartScript, Key: "c/partial/script", Err: &catalog.Error{Code: catalog.CodeForbidden}}}
		}
		return s, nil
	}
	tally, err := (&crawler.Crawler{Store: store}).Crawl(t.Context(), run(catalog.Full), src)
	if err != nil {
		t.Fatal(err)
	}
	if tally.Added != 2 || tally.Failed != 2 || tally.Partial != 1 {
		t.Errorf("tally %+v: want 2 added, 2 failed, 1 partial", tally)
	}
	if len(store.noted) != 2 {
		t.Errorf("noted %d outcomes, want the 2 failed ones", len(store.noted))
	}
}

func TestAPanicOverOneUnitStaysThatUnits(t *testing.T) {
	t.Parallel()
	store, src := newMemory(nil), &site{units: listed("a", "odd", "z")}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		if l.Unit.Key == "c/odd" {
			panic("an odd app")
		}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	tally, err := (&crawler.Crawler{Store: store}).Crawl(t.Context(), run(catalog.Full), src)
	if err != nil || tally.Added != 2 || tally.Failed != 1 {
		t.Fatalf("tally %+v, error %v: want 2 added, 1 failed", tally, err)
	}
	why := store.noted[0].Err
	if catalog.CodeOf(why) != catalog.CodeInternal || !strings.Contains(why.Error(), "an odd app") || !strings.Contains(why.Error(), "TestAPanic") {
		t.Errorf("the outcome says %v: want what happened and where", why)
	}
}

func TestGoesOnNoFurtherWhenItIsPointless(t *testing.T) {
	t.Parallel()
	for _, code := range []catalog.Code{catalog.CodeUnauthorized, catalog.CodeSessionLimit} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			store := newMemory(map[catalog.Key]string{"c/gone": "v1", "c/a": "v1", "c/b": "v1"})
			src := &site{units: listed("a", "b", "d")}
			src.fetch = func(context.Context, connector.Listed) (*catalog.Snapshot, error) {
				return nil, &catalog.Error{Code: code, Op: "open app"}
			}
			_, err := (&crawler.Crawler{Store: store, Workers: 1}).Crawl(t.Context(), run(catalog.Full), src)
			if catalog.CodeOf(err) != code {
				t.Errorf("error %v, want code %s", err, code)
			}
			if len(src.fetched) != 1 || store.retired != nil {
				t.Errorf("fetched %v, retired %v: want one fetch and no retirement", src.fetched, store.retired)
			}
		})
	}
}

func TestASiteOutOfReachEndsTheCrawlEarly(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprint(i))
	}
	for name, tc := range map[string]struct {
		bad   func(i int) bool
		ended bool
	}{
		"for good":             {func(int) bool { return true }, true},
		"nine in a row":        {func(i int) bool { return i%10 != 9 }, false},
		"from the middle on":   {func(i int) bool { return i >= 50 }, true},
		"only one and another": {func(i int) bool { return i%2 == 0 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newMemory(map[catalog.Key]string{"c/gone": "v1"})
			src := &site{units: listed(names...)}
			n := 0
			src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
				n++
				if tc.bad(n - 1) {
					return nil, &catalog.Error{Code: catalog.CodeUnreachable, Op: "open app", Err: errors.New("connection refused"), Cure: "Start it."}
				}
				return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
			}
			r := run(catalog.Full)
			r.AllowMassRetire = true
			_, err := (&crawler.Crawler{Store: store, Workers: 1}).Crawl(t.Context(), r, src)
			if ended := catalog.CodeOf(err) == catalog.CodeUnreachable && catalog.CureOf(err) != ""; ended != tc.ended {
				t.Fatalf("error %v, want it to end early: %t", err, tc.ended)
			}
			if tc.ended && (store.retired != nil || n > 60) {
				t.Errorf("retired %v after %d units", store.retired, n)
			}
		})
	}
}

func TestASaveForARunThatIsNoLongerOursEndsTheCrawl(t *testing.T) {
	t.Parallel()
	store := newMemory(map[catalog.Key]string{"c/gone": "v1", "c/a": "v1"})
	store.lost = true
	_, err := (&crawler.Crawler{Store: store, Beat: time.Hour}).Crawl(t.Context(), run(catalog.Full), &site{units: listed("a", "b")})
	if catalog.CodeOf(err) != catalog.CodeConflict || store.retired != nil || len(store.noted) != 0 {
		t.Errorf("error %v, retired %v, noted %v: want a conflict and nothing written", err, store.retired, store.noted)
	}
}

func TestATruncatedListingRetiresNothing(t *testing.T) {
	t.Parallel()
	store := newMemory(map[catalog.Key]string{"c/a": "v1", "c/b": "v1"})
	_, err := (&crawler.Crawler{Store: store}).Crawl(t.Context(), run(catalog.Full), &site{units: listed("a"), listErr: errors.New("page 2 failed")})
	if err == nil || store.retired != nil || len(store.saved) != 0 {
		t.Errorf("error %v, retired %v, saved %v: want an error and nothing touched", err, store.retired, store.saved)
	}
}

func TestMassRetireNeedsAWord(t *testing.T) {
	t.Parallel()
	known := map[catalog.Key]string{}
	for i := range 10 {
		known[catalog.AppKey("c", fmt.Sprint(i))] = "v1"
	}
	units := listed("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
	for name, tc := range map[string]struct {
		left    int
		allowed bool
		limit   float64
		refused bool
	}{
		"half may go":                    {left: 5, limit: 0.5},
		"more than half":                 {left: 4, limit: 0.5, refused: true},
		"an empty listing":               {left: 0, limit: 0.5, refused: true},
		"more than half, allowed":        {left: 4, limit: 0.5, allowed: true},
		"a limit of the person's own":    {left: 8, limit: 0.1, refused: true},
		"nine of ten by the limit 100%":  {left: 1, limit: 1},
		"an empty listing, limit 100%":   {left: 0, limit: 1, refused: true},
		"an empty listing, and it is so": {left: 0, limit: 0.5, allowed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(catalog.Delta)
			r.AllowMassRetire = tc.allowed
			p, err := crawler.MakePlan(r, units[:tc.left], crawler.Past{Known: known}, tc.limit)
			if got := catalog.CodeOf(err) == catalog.CodeConflict; got != tc.refused {
				t.Errorf("error %v, want refused: %v", err, tc.refused)
			}
			if !tc.refused && len(p.Retire) != 10-tc.left {
				t.Errorf("retires %d, want %d", len(p.Retire), 10-tc.left)
			}
			if tc.refused && catalog.CureOf(err) == "" {
				t.Error("the refusal has no cure")
			}
		})
	}
}

func TestACancelledCrawlRetiresNothingAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	store := newMemory(map[catalog.Key]string{"c/gone": "v1", "c/a": "v1"})
	src := &site{units: listed("a", "b", "d", "e", "f")}
	src.fetch = func(ctx context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := (&crawler.Crawler{Store: store, Workers: 2}).Crawl(ctx, run(catalog.Full), src)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if store.retired != nil || len(store.noted) != 0 {
		t.Errorf("retired %v, noted %v: want nothing", store.retired, store.noted)
	}
}

func TestARunThatWasTakenOverStopsByItself(t *testing.T) {
	t.Parallel()
	store := newMemory(nil)
	store.lost, store.beats = true, make(chan struct{})
	src := &site{units: listed("a")}
	src.fetch = func(ctx context.Context, _ connector.Listed) (*catalog.Snapshot, error) {
		<-ctx.Done() // the beat that finds the run lost ends it
		return nil, ctx.Err()
	}
	_, err := (&crawler.Crawler{Store: store, Beat: time.Millisecond}).Crawl(t.Context(), run(catalog.Full), src)
	if catalog.CodeOf(err) != catalog.CodeConflict {
		t.Errorf("error %v, want conflict", err)
	}
}

func TestWorkersBoundTheParallelism(t *testing.T) {
	t.Parallel()
	src := &site{units: listed("a", "b", "d", "e", "f", "g")}
	both := make(chan struct{}, 6)
	src.fetch = func(ctx context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		both <- struct{}{}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	if _, err := (&crawler.Crawler{Store: newMemory(nil), Workers: 2}).Crawl(t.Context(), run(catalog.Full), src); err != nil {
		t.Fatal(err)
	}
	if src.peak > 2 || len(both) != 6 {
		t.Errorf("%d at a time, %d read; want at most 2, and 6", src.peak, len(both))
	}
}

func TestObserverHearsOfEveryUnit(t *testing.T) {
	t.Parallel()
	var stages []crawler.Stage
	outcomes := 0
	c := &crawler.Crawler{Store: newMemory(map[catalog.Key]string{"c/gone": "v", "c/a": "v", "c/b": "v"}), Observe: func(e crawler.Event) {
		if len(stages) == 0 || stages[len(stages)-1] != e.Stage {
			stages = append(stages, e.Stage)
		}
		if e.Outcome != nil {
			outcomes++
		}
	}}
	if _, err := c.Crawl(t.Context(), run(catalog.Full), &site{units: listed("a", "b")}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]crawler.Stage{crawler.Listing, crawler.Reading, crawler.Retiring}, stages); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if outcomes != 3 {
		t.Errorf("%d outcomes, want 3", outcomes)
	}
}
