package crawler_test

import (
	"context"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// slowStore takes its time for each unit.
type slowStore struct {
	*memory
	saving func(ctx context.Context, unit catalog.Key)
}

func (s slowStore) Save(ctx context.Context, run catalog.RunID, x *catalog.Snapshot, began time.Time) (catalog.Outcome, error) {
	s.saving(ctx, x.Unit.Key)
	return s.memory.Save(ctx, run, x, began)
}

// patience is how long something that happens at once may take on a busy machine.
const patience = time.Minute

func TestTheNextUnitIsReadWhileOneIsStored(t *testing.T) {
	t.Parallel()
	readB := make(chan struct{})
	src := &site{units: listed("a", "b")}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		if l.Unit.Key == "c/b" {
			close(readB)
		}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	store := slowStore{newMemory(nil), func(_ context.Context, unit catalog.Key) {
		if unit != "c/a" {
			return
		}
		select {
		case <-readB:
		case <-time.After(patience):
			t.Error("b isn't read before a is stored")
		}
	}}
	if _, err := (&crawler.Crawler{Store: store, Workers: 1}).Crawl(t.Context(), run(catalog.Full), src); err != nil {
		t.Fatal(err)
	}
}

// A slow catalog holds the source up: what has been read and waits to be stored is in memory.
func TestFewUnitsWaitToBeStored(t *testing.T) {
	t.Parallel()
	const workers = 2
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := make(chan struct{}, 100)
	store := slowStore{newMemory(nil), func(ctx context.Context, _ catalog.Key) {
		begun <- struct{}{}
		<-ctx.Done()
	}}
	src := &site{units: listed("a", "b", "d", "e", "f", "g", "h", "i", "j", "k")}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = (&crawler.Crawler{Store: store, Workers: workers}).Crawl(ctx, run(catalog.Full), src) // is canceled
	}()
	for range 2 * workers {
		select {
		case <-begun:
		case <-time.After(patience):
			t.Fatal("the crawl stands still")
		}
	}
	cancel()
	<-done
	if n := len(src.fetched); n != 2*workers {
		t.Errorf("%d units were read while none was stored, want %d", n, 2*workers)
	}
}
