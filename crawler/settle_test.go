package crawler_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// groupStore does something before it stores the groups of a listing.
type groupStore struct {
	*memory
	before func(ctx context.Context) error
	stored atomic.Bool
	early  atomic.Int64 // units that were stored before the groups
}

func (s *groupStore) SaveGroups(ctx context.Context, run catalog.RunID, groups []catalog.ReportGroup) error {
	if err := s.before(ctx); err != nil {
		return err
	}
	s.stored.Store(true)
	return s.memory.SaveGroups(ctx, run, groups)
}

func (s *groupStore) Save(ctx context.Context, run catalog.RunID, x *catalog.Snapshot, began time.Time) (catalog.Outcome, error) {
	if !s.stored.Load() {
		s.early.Add(1)
	}
	return s.memory.Save(ctx, run, x, began)
}

// The source is asked while the groups are being stored, but what it says waits for them.
func TestUnitsAreReadWhileGroupsAreStoredAndStoredAfterThem(t *testing.T) {
	t.Parallel()
	read := make(chan struct{}, 2)
	src := &site{units: listed("a", "b")}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		read <- struct{}{}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	store := &groupStore{memory: newMemory(nil), before: func(context.Context) error {
		for range 2 {
			select {
			case <-read:
			case <-time.After(patience):
				t.Error("no unit is read before the groups are stored")
			}
		}
		return nil
	}}
	tally, err := (&crawler.Crawler{Store: store, Workers: 2}).Crawl(t.Context(), run(catalog.Full), src)
	if err != nil || tally.Added != 2 {
		t.Fatalf("%+v, %v", tally, err)
	}
	if n := store.early.Load(); n != 0 {
		t.Errorf("%d units were stored before their groups", n)
	}
}

func TestGroupsThatCantBeStoredEndTheCrawlAndNothingElseIs(t *testing.T) {
	t.Parallel()
	store := &groupStore{memory: newMemory(nil), before: func(context.Context) error { return errors.New("the disk is full") }}
	src := &site{units: listed("a", "b", "d")}
	tally, err := (&crawler.Crawler{Store: store, Workers: 1}).Crawl(t.Context(), run(catalog.Full), src)
	if err == nil || strings.Count(err.Error(), "save report groups: the disk is full") != 1 {
		t.Errorf("it ended with %v", err)
	}
	if n := store.early.Load(); n != 0 || tally.Added+tally.Failed+tally.Retired != 0 {
		t.Errorf("%d units were stored; %+v", n, tally)
	}
}
