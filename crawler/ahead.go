package crawler

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// An ahead makes the lineage of apps that were stored while others are still being read: the source is what a
// crawl waits for. What it leaves undone is due, and made at the end of the crawl. A nil one does nothing.
type ahead struct {
	lineage *Lineage
	run     catalog.RunID
	apps    chan catalog.Key
	lanes   lanes
	workers sync.WaitGroup

	places func() ([]catalog.DataConnection, error) // asked once, when the listing is stored

	some atomic.Bool // apps were stored

	mu  sync.Mutex
	sum catalog.LineageTally
}

// aheadAtMost is how many apps wait for their lineage; more are left to the end.
const aheadAtMost = 1000

// lookAhead starts making lineage for a run.
func (c *Crawler) lookAhead(ctx context.Context, run catalog.Run, at beside) *ahead {
	if c.Lineage == nil {
		return nil
	}
	a := &ahead{lineage: c.Lineage, run: run.ID, apps: make(chan catalog.Key, aheadAtMost), lanes: at.storing}
	a.places = sync.OnceValues(func() ([]catalog.DataConnection, error) {
		if err := at.listing.wait(ctx); err != nil {
			return nil, err
		}
		return c.Lineage.Store.DataConnections(ctx, run.Connection)
	})
	for range max(c.Lineage.Workers, 2) {
		a.workers.Go(func() { a.work(ctx) })
	}
	return a
}

func (a *ahead) work(ctx context.Context) {
	for app := range a.apps {
		connections, err := a.places()
		if err != nil {
			continue // the end of the crawl asks again, and tells
		}
		leave, err := a.lanes.enter(ctx)
		if err != nil {
			continue
		}
		one, err := a.lineage.one(ctx, a.run, app, connections, nil)
		leave()
		if err != nil {
			continue // it stays due
		}
		a.mu.Lock()
		a.sum.Add(one)
		a.mu.Unlock()
	}
}

// stored tells of an app that has been stored.
func (a *ahead) stored(o catalog.Outcome) {
	if a == nil || o.Change == catalog.Unchanged {
		return
	}
	a.some.Store(true)
	select {
	case a.apps <- o.Unit.Key:
	default:
	}
}

// lastBegun tells that the last apps are being read: what was made so far is linked meanwhile, so that little is left
// to the end. What fails here is done there, and told.
func (a *ahead) lastBegun(ctx context.Context) {
	if a == nil || !a.some.Load() {
		return
	}
	a.workers.Go(func() {
		leave, err := a.lanes.enter(ctx)
		if err != nil {
			return
		}
		defer leave()
		_ = a.lineage.Store.LinkLineage(ctx, a.run) // see above
	})
}

// end waits for what was begun, and gives what was made. Nobody calls stored any more.
func (a *ahead) end() catalog.LineageTally {
	if a == nil {
		return catalog.LineageTally{}
	}
	close(a.apps)
	a.workers.Wait()
	return a.sum
}
