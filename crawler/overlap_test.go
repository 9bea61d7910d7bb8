package crawler_test

import (
	"context"
	"strings"
	"sync/atomic"
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
	const workers, storing = 8, 4
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := make(chan struct{}, 100)
	var saves atomic.Int64
	store := slowStore{newMemory(nil), func(ctx context.Context, _ catalog.Key) {
		saves.Add(1)
		<-ctx.Done()
	}}
	src := &site{units: listed(strings.Split("a b d e f g h i j k l m n o p q r s t u v w x y z", " ")...)}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		begun <- struct{}{}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
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
	if n := saves.Load(); n > storing {
		t.Errorf("%d units were being stored at a time, want %d at most", n, storing)
	}
}

// lineageStore has lineage to be made of what was saved.
type lineageStore struct {
	*memory
	made chan catalog.Key
	due  []catalog.Key
	link func() // nil: nothing
}

func (s lineageStore) LineageDue(context.Context, string, int, bool, bool) ([]catalog.Key, error) {
	return s.due, nil
}

func (s lineageStore) LineageSource(_ context.Context, app catalog.Key) (*catalog.LineageSource, error) {
	return &catalog.LineageSource{Snapshot: catalog.Snapshot{Unit: catalog.Unit{Key: app}}}, nil
}

func (s lineageStore) DataConnections(context.Context, string) ([]catalog.DataConnection, error) {
	return nil, nil
}

func (s lineageStore) SaveDataConnections(context.Context, catalog.RunID, []catalog.DataConnection) error {
	return nil
}

func (s lineageStore) SaveLineage(_ context.Context, _ catalog.RunID, l *catalog.LineageStored) (bool, error) {
	s.made <- l.App
	return true, nil
}

func (s lineageStore) LinkLineage(context.Context, catalog.RunID) error {
	if s.link != nil {
		s.link()
	}
	return nil
}

func TestLineageIsMadeWhileOtherAppsAreRead(t *testing.T) {
	t.Parallel()
	store := lineageStore{newMemory(nil), make(chan catalog.Key, 10), []catalog.Key{"c/due"}, nil}
	src := &site{units: listed("a", "b")}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		if l.Unit.Key == "c/b" {
			select {
			case app := <-store.made:
				if app != "c/a" {
					t.Errorf("lineage of %s was made, want that of a", app)
				}
			case <-time.After(patience):
				t.Error("the lineage of a isn't made while b is read")
			}
		}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	tally, err := (&crawler.Crawler{Store: store, Workers: 1, Lineage: &crawler.Lineage{Store: store}}).Crawl(t.Context(), run(catalog.Full), src)
	if err != nil {
		t.Fatal(err)
	}
	if tally.Lineage.Apps != 3 {
		t.Errorf("the lineage of %d apps was made, want that of a, b and the one that was due", tally.Lineage.Apps)
	}
}

func TestLineageIsLinkedWhileTheLastAppsAreRead(t *testing.T) {
	t.Parallel()
	linked := make(chan struct{}, 10)
	store := lineageStore{newMemory(nil), make(chan catalog.Key, 10), nil, func() { linked <- struct{}{} }}
	src := &site{units: listed("a", "b", "d")}
	wait := func(what string, c <-chan struct{}) {
		select {
		case <-c:
		case <-time.After(patience):
			t.Error(what)
		}
	}
	madeA := make(chan struct{})
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		switch l.Unit.Key {
		case "c/b":
			go func() { <-store.made; close(madeA) }()
			wait("the lineage of a isn't made while b is read", madeA)
		case "c/d":
			wait("what was made isn't linked while the last app is read", linked)
		}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	if _, err := (&crawler.Crawler{Store: store, Workers: 1, Lineage: &crawler.Lineage{Store: store}}).Crawl(t.Context(), run(catalog.Full), src); err != nil {
		t.Fatal(err)
	}
	wait("what the last apps say isn't linked at the end", linked)
}
