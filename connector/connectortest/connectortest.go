// Package connectortest is the suite that every source passes: what connector.Connector promises, as
// tests. A source's own test says how to make a connector and how to change its world, and calls Run.
package connectortest

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A Probe is a source with a world of its own, which the suite changes. The world needs at least four
// units that can be read in full.
type Probe struct {
	// Open makes a new connector that logs to the given logger; the suite closes it.
	Open func(tb testing.TB, log *slog.Logger) connector.Connector

	Change func(tb testing.TB, u catalog.Unit) // edits something inside a unit
	Remove func(tb testing.TB, u catalog.Unit) // takes a unit away
	Deny   func(tb testing.TB, u catalog.Unit) // makes the source refuse to give what is inside a unit
	Hang   func(tb testing.TB, u catalog.Unit) // makes reading a unit never end; nil: the source can't

	Secrets []string // must not be in errors, logs or rows
}

// limit is how long any one step may take.
const limit = 30 * time.Second

// Run runs the suite. Its tests run one after another: they share the probe's world.
func Run(t *testing.T, p Probe) {
	s := &suite{Probe: p, log: &safeBuffer{}}
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"lists twice alike", s.listsTwiceAlike},
		{"parents come before their children", s.parentsFirst},
		{"a check passes, with the same steps each time", s.checks},
		{"data connections are told without secrets", s.listsDataConnections},
		{"breaks early and leaves nothing", s.breaksEarly},
		{"ends within a second of a cancel", s.endsWithinASecond},
		{"fetches all that it lists, with unique and stable keys", s.fetchesAll},
		{"another connector reads what one listed and packed", s.packs},
		{"the version changes when and only when something did", s.versionFollowsChanges},
		{"a denied unit doesn't spoil the rest", s.deniedDoesntSpoil},
		{"what is gone is not found", s.notFound},
		{"a foreign unit is refused", s.foreignUnit},
		{"closes twice and counts its cost", s.closesTwice},
		{"no secret in errors, logs or rows", s.noSecret},
	} {
		if !t.Run(test.name, test.run) {
			return // later tests rely on the same world
		}
	}
}

type suite struct {
	Probe
	log  *safeBuffer // of all connectors
	said []string    // errors and rows, for the search for secrets
}

// open makes a connector that is closed when the test ends; then nothing of it may run any more.
func (s *suite) open(t *testing.T) (context.Context, connector.Connector) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := s.Open(t, log)
	t.Cleanup(func() {
		cancel()
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		noGoroutineLeft(t, before)
	})
	return ctx, c
}

// noGoroutineLeft waits for what the world's own side must still notice.
func noGoroutineLeft(t *testing.T, before goleak.Option) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if err = goleak.Find(before); err == nil {
			return
		}
	}
	t.Errorf("goroutines are left after Close: %v", err)
}

// units lists, without errors.
func (s *suite) units(ctx context.Context, t *testing.T, c connector.Connector) []connector.Listed {
	t.Helper()
	all, err := connector.Collect(c.Units(ctx))
	if err != nil {
		t.Fatalf("list units: %v", err)
	}
	return all
}

// victim picks a unit that no earlier test has spoiled, counted from the end of the listing.
func (s *suite) victim(ctx context.Context, t *testing.T, c connector.Connector) connector.Listed {
	t.Helper()
	all := s.units(ctx, t, c)
	if len(all) == 0 {
		t.Fatal("the probe's world has too few units")
	}
	return all[len(all)-1]
}

// A safeBuffer is a buffer for several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
