package qliksense

import (
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// crowd lets apps through a gate, workers at a time, before an Engine that serves so many at its best; with more
// each call takes as many times longer. It gives how many were inside on average during the last half.
func crowd(t *testing.T, g *gate, apps, workers, hands int, call time.Duration) (mean float64, peak int) {
	t.Helper()
	var mu sync.Mutex
	inside, sum, seen := 0, 0, 0
	var all sync.WaitGroup
	queue := make(chan int)
	for range workers {
		all.Go(func() {
			for n := range queue {
				ticket, err := g.enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				inside++
				peak = max(peak, inside)
				if n > apps/2 {
					sum, seen = sum+inside, seen+1
				}
				took := call * time.Duration(max(hands, inside)) / time.Duration(hands)
				mu.Unlock()
				time.Sleep(took * time.Duration(20+n*7%60)) // apps are of many sizes
				mu.Lock()
				inside--
				mu.Unlock()
				g.answered(took)
				g.leave(ticket, nil)
			}
		})
	}
	for n := range apps {
		queue <- n
	}
	close(queue)
	all.Wait()
	return float64(sum) / float64(max(seen, 1)), peak
}

func TestTheCrawlFindsHowManyAppsAtATimeAreWorthIt(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name           string
		workers, hands int
		low, high      float64
	}{
		{"few hands, many workers", 32, 4, 3, 8},
		{"more hands", 32, 12, 9, 18},
		{"one hand", 16, 1, 1, 3},
		{"hands for all", 16, 100, 15, 16},
		{"never above the connection's workers", 3, 100, 2.5, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGate(usualPace(tc.workers), slog.New(slog.DiscardHandler))
				mean, peak := crowd(t, g, 1500, tc.workers, tc.hands, 100*time.Millisecond)
				if mean < tc.low || mean > tc.high || peak > tc.workers {
					t.Errorf("%.1f apps at a time, %d at most; want %.1f to %.1f, %d at most", mean, peak, tc.low, tc.high, tc.workers)
				}
			})
		})
	}
}

func TestTheLevelComesBackWhenTheCrowdHasGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(usualPace(16), slog.New(slog.DiscardHandler))
		if mean, _ := crowd(t, g, 800, 16, 2, 100*time.Millisecond); mean > 5 {
			t.Errorf("%.1f apps at a time before an Engine with two hands", mean)
		}
		if mean, _ := crowd(t, g, 1500, 16, 100, 100*time.Millisecond); mean < 13 {
			t.Errorf("%.1f apps at a time when it has hands for all, want 16", mean)
		}
	})
}

// TestACrawlSettlesNearTheKneeOfASite reads apps of a simulated site whose latency rises with parallelism.
func TestACrawlSettlesNearTheKneeOfASite(t *testing.T) {
	t.Parallel()
	const workers, hands, apps = 24, 4, 160
	server := qliktest.New(t, qliktest.Generate(qliktest.GenerateOptions{Apps: apps, Seed: 1}), qliktest.Options{
		Latency: qliktest.Latency{Call: 25 * time.Millisecond, Open: 25 * time.Millisecond, Knee: hands},
	})
	c := openSite(t, server, map[string]any{"options": map[string]any{"workers": workers}}, nil)
	defer c.Close()
	listed, err := connector.Collect(c.Units(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	read := func(some []connector.Listed) {
		var all sync.WaitGroup
		queue := make(chan connector.Listed)
		for range workers {
			all.Go(func() {
				for l := range queue {
					if _, err := c.Fetch(t.Context(), l); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for _, l := range some {
			queue <- l
		}
		close(queue)
		all.Wait()
	}
	read(listed[:apps/2])
	server.ResetCounters()
	read(listed[apps/2:])
	n := server.Counters()
	if n.Sockets.Peak < hands-1 || n.Sockets.Peak > 3*hands {
		t.Errorf("%d sockets at a time at a site that serves %d at its best, with %d workers", n.Sockets.Peak, hands, workers)
	}
	if n.OpensWithoutData != apps/2 {
		t.Errorf("%d opens of %d apps", n.OpensWithoutData, apps/2)
	}
}
