package crawler_test

import (
	"fmt"
	"testing"

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
			all, err := part.Read(ctx, store, list, func() bool { return true })
			if err == nil && !all {
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
