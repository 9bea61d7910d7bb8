package crawler_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// A heavySite lists units with much behind them, and doesn't keep it.
type heavySite struct {
	site
	first weak.Pointer[[1 << 16]byte]
}

func (s *heavySite) Units(context.Context) iter.Seq2[connector.Listed, error] {
	return func(yield func(connector.Listed, error) bool) {
		for i := range 20 {
			l := listed(fmt.Sprint(i))[0]
			much := new([1 << 16]byte)
			if i == 0 {
				s.first = weak.Make(much)
			}
			l.Source = much
			if !yield(l, nil) {
				return
			}
		}
	}
}

// TestACrawlLetsGoOfWhatItHasRead: what a listing says of an app is needed until the app is read, and a site has very
// many apps.
func TestACrawlLetsGoOfWhatItHasRead(t *testing.T) {
	t.Parallel()
	src := &heavySite{}
	src.fetch = func(_ context.Context, l connector.Listed) (*catalog.Snapshot, error) {
		if l.Unit.Key == "c/19" {
			for ends := time.Now().Add(10 * time.Second); src.first.Value() != nil && time.Now().Before(ends); {
				runtime.GC()
			}
			if src.first.Value() != nil {
				t.Error("the first unit is kept until the last is read")
			}
		}
		return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
	}
	tally, err := (&crawler.Crawler{Store: newMemory(nil), Workers: 1}).Crawl(t.Context(), run(catalog.Full), src)
	if err != nil || tally.Added != 20 {
		t.Fatal(tally, err)
	}
}
