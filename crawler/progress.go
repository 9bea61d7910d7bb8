package crawler

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Stage is where a crawl stands.
type Stage string

// The stages of a crawl, in order.
const (
	Listing    Stage = "listing"
	Reading    Stage = "reading"
	Retiring   Stage = "retiring"
	Explaining Stage = "lineage"
)

// An Event tells an observer what just happened: a stage was entered, a plan was made, a unit is being
// read (Reading is set), or has an outcome (Outcome is set).
type Event struct {
	Stage   Stage
	Tally   catalog.Tally
	Reading *catalog.Unit
	Outcome *catalog.Outcome
}

// An Observer is told what happens, one event at a time, from several goroutines. It must not block,
// and nothing it does can fail a crawl.
type Observer func(Event)

// progress counts what happens in one run, and tells the observer.
type progress struct {
	run     catalog.RunID
	observe Observer
	usage   func() catalog.Usage

	mu    sync.Mutex
	stage Stage
	count catalog.Tally
	away  int // units in a row that couldn't be read because the source was out of reach
}

func newProgress(run catalog.RunID, observe Observer, usage func() catalog.Usage) *progress {
	return &progress{run: run, observe: observe, usage: usage}
}

func (p *progress) tell(change func(*Event)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var e Event
	change(&e)
	if p.observe == nil {
		return
	}
	p.count.Usage = p.usage()
	e.Stage, e.Tally = p.stage, p.count
	p.observe(e)
}

func (p *progress) enter(s Stage) { p.tell(func(*Event) { p.stage = s }) }

func (p *progress) explained(done, _ int) { p.tell(func(*Event) { p.count.Lineage.Apps = done }) }

func (p *progress) reading(u catalog.Unit) { p.tell(func(e *Event) { e.Reading = &u }) }

func (p *progress) planned(plan Plan, listed int) {
	p.tell(func(*Event) {
		p.count.Listed = listed
		p.count.Planned = len(plan.Fetch) + len(plan.Missing)
		p.count.Unchanged = plan.Unchanged
		p.count.Skipped = plan.Unchanged
	})
}

func (p *progress) outcome(o catalog.Outcome) {
	p.tell(func(e *Event) {
		p.count.Count(o.Change)
		e.Outcome = &o
	})
}

// fetched notes how reading a unit ended, and gives how many in a row found the source out of reach.
func (p *progress) fetched(err error) (away int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away++
	if code := catalog.CodeOf(err); code != catalog.CodeUnreachable && code != catalog.CodeTimeout {
		p.away = 0
	}
	return p.away
}

func (p *progress) tally() catalog.Tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Usage = p.usage()
	return p.count
}

// keepAlive stores the run's progress again and again until stop. When the store says that the run is
// no longer ours (it was cancelled, or taken over), the context it returns ends with that error.
func (c *Crawler) keepAlive(ctx context.Context, p *progress) (alive context.Context, stop func()) {
	alive, cancel := context.WithCancelCause(ctx)
	every := c.Beat
	if every <= 0 {
		every = time.Second
	}
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-alive.Done():
				return
			case <-tick.C:
			}
			// A beat that fails for another reason is no news: the next Save will say it.
			if err := c.Store.Progress(alive, p.run, p.tally()); isConflict(err) {
				cancel(err)
			}
		}
	})
	return alive, func() {
		cancel(nil)
		done.Wait()
	}
}

func isConflict(err error) bool {
	return slices.Contains([]catalog.Code{catalog.CodeConflict, catalog.CodeNotFound}, catalog.CodeOf(err))
}
