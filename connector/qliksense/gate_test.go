package qliksense

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func engineSays(code int) error { return explain("open app", "q/app/x", &qix.EngineError{Code: code}) }

var errAway = &catalog.Error{Code: catalog.CodeUnreachable, Op: "read app", Key: "q/app/x", Err: errors.New("connection refused")}

// pass lets one app through the gate, and gives how long it waited.
func pass(t *testing.T, g *gate, result error) time.Duration {
	t.Helper()
	began := time.Now()
	ticket, err := g.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waited := time.Since(began)
	g.leave(ticket, result)
	return waited
}

func quietGate(workers int) *gate { return newGate(usualPace(workers), slog.New(slog.DiscardHandler)) }

func TestABusyEngineGetsPausesThatDoubleAndFewerApps(t *testing.T) {
	t.Parallel()
	for _, code := range []int{6, 19, 7002, 7003, 11000} {
		synctest.Test(t, func(t *testing.T) {
			g := quietGate(8)
			for n, most := range []int{4, 2, 1, 1} {
				pass(t, g, engineSays(code))
				full := 5 * time.Second << n
				if rest := time.Until(g.until); rest < full/2 || rest > full || g.most != most {
					t.Errorf("code %d, time %d: pause %s, %d at a time; want up to %s, %d", code, n+1, rest, g.most, full, most)
				}
			}
		})
	}
}

func TestAServerThatAsksForATimeGetsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := quietGate(4)
		pass(t, g, explain("open app", "", &qrs.Error{Kind: qrs.Throttled, RetryAfter: time.Minute}))
		if waited := pass(t, g, nil); waited != time.Minute {
			t.Errorf("waited %s, want the minute that was asked for", waited)
		}
		pass(t, g, explain("open app", "", &qrs.Error{Kind: qrs.Throttled, RetryAfter: 24 * time.Hour}))
		if waited := pass(t, g, nil); waited != 2*time.Minute {
			t.Errorf("waited %s, want no more than the longest pause", waited)
		}
	})
}

func TestOtherRefusalsSlowNothingDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := quietGate(4)
		for _, code := range []int{2, 5, 11, 1003, 1009, 1012, 1015, 4000, 9003} {
			if waited := pass(t, g, engineSays(code)); waited != 0 || g.most != 4 {
				t.Errorf("code %d: %s, %d at a time", code, waited, g.most)
			}
		}
	})
}

func TestASlowedCrawlComesBackToItsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := quietGate(4)
		pass(t, g, engineSays(6))
		for range 2 * calmApps {
			pass(t, g, nil)
		}
		if g.most != 4 {
			t.Errorf("%d at a time after %d good apps, want 4", g.most, 2*calmApps)
		}
	})
}

func TestAppsThatWereInsideTogetherSlowItDownOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := quietGate(8)
		g.knee.level = 8 // the crawl has found that so many are worth it
		var tickets []int
		for range 8 {
			ticket, err := g.enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tickets = append(tickets, ticket)
		}
		for _, ticket := range tickets {
			g.leave(ticket, engineSays(6))
		}
		if g.most != 4 || g.slowed != 1 {
			t.Errorf("%d at a time after %d pauses, want 4 after one", g.most, g.slowed)
		}
	})
}

func TestADeadEngineIsProbedAFewTimesThenLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		g := newGate(usualPace(4), slog.New(slog.NewTextHandler(&log, nil)))
		began, asked := time.Now(), 0
		var mu sync.Mutex
		var crawl sync.WaitGroup
		apps := make(chan int)
		for range 4 {
			crawl.Go(func() {
				for range apps {
					ticket, err := g.enter(t.Context())
					if err != nil {
						if catalog.CodeOf(err) != catalog.CodeUnreachable || catalog.CureOf(err) == "" || !strings.Contains(err.Error(), "isn't asked again") {
							t.Errorf("error %v", err)
						}
						continue
					}
					mu.Lock()
					asked++
					mu.Unlock()
					g.leave(ticket, errAway)
				}
			})
		}
		for i := range 1000 {
			apps <- i
		}
		close(apps)
		crawl.Wait()
		if asked > 5+3+4 {
			t.Errorf("asked %d times for 1000 apps", asked)
		}
		if took := time.Since(began); took < 35*time.Second || took > 70*time.Second {
			t.Errorf("it took %s: want pauses of up to 10, 20 and 40 seconds", took)
		}
		for _, want := range []string{"probes it with one app", "stays out of reach"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log doesn't say %q:\n%s", want, log.String())
			}
		}
	})
}

func TestAnEngineThatComesBackIsReadOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := quietGate(4)
		for range 6 { // five, and a probe in vain
			pass(t, g, errAway)
		}
		pass(t, g, nil)
		if g.most != 4 || g.away != 0 || g.probes != 0 || g.dead != nil {
			t.Errorf("after a probe that went well: %d at a time, %d away, %d probes, %v", g.most, g.away, g.probes, g.dead)
		}
		if waited := pass(t, g, nil); waited != 0 {
			t.Errorf("waited %s", waited)
		}
	})
}

func TestAFewBadAppsAmongGoodOnesPauseNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := quietGate(4)
		for range 20 {
			for range 4 {
				pass(t, g, errAway)
			}
			if waited := pass(t, g, nil); waited != 0 {
				t.Fatalf("waited %s", waited)
			}
		}
	})
}

func TestWaitingAtTheGateEndsWithTheCrawl(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := quietGate(1)
		pass(t, g, engineSays(6))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestABusyAppIsReadAgainAndThenAGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	c := openOptions(t, w.server, nil)
	l := named(t, listAll(t, c), "Sales")
	w.server.Fail(w.sales.ID, qliktest.ReloadRunning)
	s := fetchApp(t, c, l)
	if len(s.Gaps) != 1 || catalog.CodeOf(s.Gaps[0].Err) != catalog.CodeConflict {
		t.Errorf("gaps %+v, want one: conflict", s.Gaps)
	}
	if n := w.server.Counters().EngineCalls["OpenDoc"]; n != 3 {
		t.Errorf("opened %d times, want 3", n)
	}
}

// TestADeadEngineMakesGapsAndNoMoreSockets: the Repository still answers, so that each app is there.
func TestADeadEngineMakesGapsAndNoMoreSockets(t *testing.T) {
	t.Parallel()
	server := qliktest.New(t, qliktest.Generate(qliktest.GenerateOptions{Apps: 30, Sheets: 1, ChartsPerSheet: 1}), qliktest.Options{})
	c := openOptions(t, server, nil)
	all := listAll(t, c)
	server.Fail("", qliktest.SocketFailed)
	for i, l := range all {
		s := fetchApp(t, c, l)
		if len(s.Gaps) == 0 || catalog.CodeOf(s.Gaps[0].Err) != catalog.CodeUnreachable || len(s.Reports) < 2 {
			t.Errorf("app %d: %d reports, gaps %+v", i, len(s.Reports), s.Gaps)
		}
	}
	tries := 3 * (5 + 3)
	if n := server.Counters().Requests["GET /qps/csrftoken"]; n > tries {
		t.Errorf("%d sockets were asked for, want at most %d", n, tries)
	}
}
