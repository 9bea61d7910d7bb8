package crawler_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// A packingSite can share a crawl: a packed unit is its name.
type packingSite struct{ site }

func (*packingSite) Pack(l connector.Listed) ([]byte, error) { return []byte(l.Unit.Name), nil }

func (*packingSite) Unpack(packed []byte) (connector.Listed, error) {
	return connector.Listed{Unit: catalog.Unit{Key: catalog.Key(packed), Name: string(packed)}, Version: "v1"}, nil
}

// TestAPartReadsSeveralBatchesAtATime: none waits for another for ever, and each unit is stored once.
func TestAPartReadsSeveralBatchesAtATime(t *testing.T) {
	t.Parallel()
	store := newMemory(nil)
	part, err := (&crawler.Crawler{}).Part(run(catalog.Full), &packingSite{})
	if err != nil {
		t.Fatal(err)
	}
	g, ctx := errgroup.WithContext(t.Context())
	const batches, units = 8, 25
	for b := range batches {
		g.Go(func() error {
			var list []catalog.PackedUnit
			for i := range units {
				key := fmt.Sprintf("c/%d-%d", b, i)
				list = append(list, catalog.PackedUnit{Key: catalog.Key(key), Packed: []byte(key)})
			}
			r, err := part.Read(ctx, store, list, func() bool { return true })
			if err == nil && !r.All {
				err = fmt.Errorf("batch %d was handed back", b)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for key, n := range store.saved {
		if n != 1 {
			t.Errorf("%s was stored %d times", key, n)
		}
	}
	if len(store.saved) != batches*units {
		t.Errorf("%d units were stored", len(store.saved))
	}
}

// TestAPartMakesLineageOfAnAppWhileItReadsTheNext: nothing is linked before all are read, which a part doesn't know.
func TestAPartMakesLineageOfAnAppWhileItReadsTheNext(t *testing.T) {
	t.Parallel()
	store := lineageStore{newMemory(nil), make(chan catalog.Key, 10), nil, func() { t.Error("a part links") }}
	src := &packingSite{}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		if l.Unit.Key == "c/b" {
			select {
			case <-store.made:
			case <-time.After(patience):
				t.Error("the lineage of a isn't made while b is read")
			}
		}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	none := lineageStore{} // whose claim it is, is known with each batch
	part, err := (&crawler.Crawler{Lineage: &crawler.Lineage{Store: none}}).Part(run(catalog.Full), src)
	if err != nil {
		t.Fatal(err)
	}
	units := []catalog.PackedUnit{{Key: "c/a", Packed: []byte("c/a")}, {Key: "c/b", Packed: []byte("c/b")}}
	r, err := part.Read(t.Context(), store, units, func() bool { return true })
	if err != nil || !r.All || r.Lineage.Apps != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	select {
	case app := <-store.made:
		if app != "c/b" {
			t.Errorf("the lineage of %s was made last", app)
		}
	default:
		t.Error("the batch is over before the lineage of b is made")
	}
}
