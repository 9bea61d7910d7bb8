package crawler

import (
	"context"
	"sync"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// An ahead makes the lineage of apps that were stored while others are still being read: the source is what a
// crawl waits for. What it leaves undone is due, and made at the end of the crawl. A nil one does nothing.
type ahead struct {
	lineage *Lineage
	run     catalog.RunID
	apps    chan catalog.Key
	workers sync.WaitGroup

	connections []catalog.DataConnection

	mu  sync.Mutex
	sum catalog.LineageTally
}

// aheadAtMost is how many apps wait for their lineage; more are left to the end.
const aheadAtMost = 1000

// lookAhead starts making lineage for a run.
func (c *Crawler) lookAhead(ctx context.Context, run catalog.Run) *ahead {
	if c.Lineage == nil {
		return nil
	}
	connections, err := c.Lineage.Store.DataConnections(ctx, run.Connection)
	if err != nil {
		return nil // the end of the crawl asks again, and tells
	}
	a := &ahead{lineage: c.Lineage, run: run.ID, apps: make(chan catalog.Key, aheadAtMost), connections: connections}
	for range max(c.Lineage.Workers, 2) {
		a.workers.Go(func() { a.work(ctx) })
	}
	return a
}

func (a *ahead) work(ctx context.Context) {
	for app := range a.apps {
		one, err := a.lineage.one(ctx, a.run, app, a.connections, nil)
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
	select {
	case a.apps <- o.Unit.Key:
	default:
	}
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
