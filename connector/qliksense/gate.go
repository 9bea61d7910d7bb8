package qliksense

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// A gate stands before the Engine and lets in as many apps at a time as the Engine bears: fewer, after a
// pause, when it is busy or short of memory; one, as a probe, when several apps in a row found it out of
// reach; and none any more when the probes found it so too. Then the rest of a crawl's apps are gaps, told
// in words and without waiting, while the Repository still tells what it knows of each.
type gate struct {
	pace pace
	log  *slog.Logger

	mu      sync.Mutex
	moved   chan struct{} // closed and made anew when waiting apps should look again
	most    int           // apps inside at a time, at present
	inside  int
	calm    int       // apps that went well since most was lowered
	until   time.Time // nobody enters before
	slowed  int       // pauses in a row because the Engine was busy
	away    int       // apps in a row that found it out of reach
	probes  int       // … of them sent alone, after a pause
	ordinal int       // of the last pause: apps that entered before it say nothing new
	dead    error

	knee knee // how many at a time are worth it
}

// A pace says how patient a gate is.
type pace struct {
	workers   int           // apps at a time when all is well
	tries     int           // how often an app is read when that may help
	appPause  time.Duration // before an app is read again because the connection broke; then doubling
	busyPause time.Duration // when the Engine is busy; then doubling
	awayLimit int           // apps in a row out of reach, then the Engine is probed
	awayPause time.Duration // before a probe; then doubling
	probes    int           // in vain, then the Engine is left alone
	dataPause time.Duration // between two apps that are opened with their data (facts G 36)
	longest   time.Duration // pause
}

func usualPace(workers int) pace {
	return pace{
		workers: workers, tries: 3, appPause: 300 * time.Millisecond, busyPause: 5 * time.Second,
		awayLimit: 5, awayPause: 10 * time.Second, probes: 3, dataPause: time.Second, longest: 2 * time.Minute,
	}
}

// calmApps must go well before one more app is let in at a time again.
const calmApps = 8

func newGate(p pace, log *slog.Logger) *gate {
	return &gate{pace: p, log: log, moved: make(chan struct{}), most: p.workers, knee: newKnee(p.workers)}
}

// backOff is the n-th pause in a row, counted from 0: doubling, with up to half of it left to chance, so that
// crawls that were stopped together don't come back together.
func (p pace) backOff(first time.Duration, n int) time.Duration {
	full := p.longest
	if n < 16 {
		full = min(first<<n, p.longest)
	}
	return full/2 + rand.N(full/2+1)
}

// enter waits until an app may use the Engine. ticket goes to leave. An error is the end of ctx, or tells that
// the Engine is left alone.
func (g *gate) enter(ctx context.Context) (ticket int, err error) {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		switch {
		case g.dead != nil:
			defer g.mu.Unlock()
			return 0, g.dead
		case wait <= 0 && g.inside < min(g.most, g.knee.level):
			defer g.mu.Unlock()
			g.inside++
			return g.ordinal, nil
		case wait <= 0:
			wait = time.Hour // until somebody leaves
		}
		moved := g.moved
		g.mu.Unlock()
		if err := pause(ctx, wait, moved); err != nil {
			return 0, err
		}
	}
}

// pause waits for a while, or less when woken. It ends with ctx.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// answered tells how long the Engine took for the smallest call of an app.
func (g *gate) answered(took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.knee.level
	if g.knee.sample(took, g.inside); g.knee.level < before && g.knee.back == 0 {
		g.log.Info("the Engine answers more slowly with so many apps at a time: the crawl goes on with fewer",
			"apps_at_a_time", g.knee.level, "smallest_call", took.Round(time.Millisecond), "at_its_best", g.knee.best().Round(time.Millisecond))
	}
}

// leave tells how it went.
func (g *gate) leave(ticket int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	asked, isBusy := busy(err)
	switch {
	case isBusy:
		g.away = 0
		if ticket == g.ordinal {
			g.slowDown(asked, err)
		}
	case outOfReach(err):
		if ticket == g.ordinal {
			g.missed(err)
		}
	default:
		g.went()
	}
	close(g.moved)
	g.moved = make(chan struct{})
}

// slowDown halves how many apps are read at a time, after a pause; asked is what the server wants at least.
func (g *gate) slowDown(asked time.Duration, why error) {
	rest := max(g.pace.backOff(g.pace.busyPause, g.slowed), min(asked, g.pace.longest))
	g.slowed++
	g.ordinal++
	g.calm = 0
	g.most = max(1, g.most/2)
	g.until = time.Now().Add(rest)
	g.log.Warn("the Engine is busy or short of memory: the crawl pauses and goes on more slowly",
		"pause", rest.Round(time.Millisecond), "apps_at_a_time", g.most, "error", why)
}

// missed counts an app that found the Engine out of reach.
func (g *gate) missed(why error) {
	g.away++
	switch {
	case g.away < g.pace.awayLimit:
		return
	case g.probes == g.pace.probes:
		g.dead = &catalog.Error{
			Code: catalog.CodeUnreachable, Op: "open app", Cure: cureEngine,
			Err: fmt.Errorf("the Engine was out of reach for %d apps in a row, each probe after a longer pause; it isn't asked again in this crawl: %w", g.away, cause(why)),
		}
		g.log.Error("the Engine stays out of reach: the rest of the apps are not opened in this crawl", "apps_in_a_row", g.away, "error", why)
		return
	}
	rest := g.pace.backOff(g.pace.awayPause, g.probes)
	g.probes++
	g.ordinal++
	g.most = 1
	g.until = time.Now().Add(rest)
	g.log.Warn("the Engine is out of reach for several apps in a row: the crawl pauses, then probes it with one app",
		"apps_in_a_row", g.away, "pause", rest.Round(time.Millisecond), "error", why)
}

// went counts an app that the Engine answered for, be it with a refusal.
func (g *gate) went() {
	if g.probes > 0 {
		g.log.Info("the Engine answers again")
		g.most = g.pace.workers
	}
	g.away, g.probes = 0, 0
	if g.most == g.pace.workers {
		g.slowed = 0
		return
	}
	if g.calm++; g.calm >= calmApps {
		g.calm = 0
		g.most++
	}
}

// busy reports whether an error says that the Engine or what stands before it has too much to do (facts
// C.3: memory, limits, a reload that runs), and how long it asks to be left alone.
func busy(err error) (asked time.Duration, is bool) {
	var refusal *qix.EngineError
	if errors.As(err, &refusal) {
		switch refusal.Code {
		case 6, 19, 7002, 7003, qix.CodeReloading:
			return 0, true
		}
		return 0, false
	}
	var rest *qrs.Error
	if errors.As(err, &rest) {
		asked = rest.RetryAfter
	}
	return asked, catalog.CodeOf(err) == catalog.CodeThrottled
}

func outOfReach(err error) bool {
	code := catalog.CodeOf(err)
	return code == catalog.CodeUnreachable || code == catalog.CodeTimeout
}
