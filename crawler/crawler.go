// Package crawler brings a catalog up to date with a source: list, plan, fetch, save, retire.
// It decides; it neither speaks to Qlik nor to Postgres.
package crawler

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A Crawler joins a source and a catalog. One Crawler may run several crawls at once.
type Crawler struct {
	Store   Store
	Observe Observer // nil: nobody watches

	Workers         int      // units read at a time; 0 means 4
	MassRetireLimit *float64 // share of the known units that may go without being asked, 0 to 1; nil means 0.5

	Beat time.Duration // how often a run's progress is stored; 0 means a second

	// Wait is called before each unit is read, one call at a time, and may hold the crawl up; its error
	// ends the crawl. nil: nothing holds it up.
	Wait func(ctx context.Context) error

	Lineage *Lineage // builds the lineage of what changed, at the end of a crawl; nil: it is built on demand only
}

// Crawl is the whole story of a crawl. The run must be running in the store; what becomes of it is
// written there by the caller. A unit that can't be read is an outcome; an error means that going
// on was pointless, and then nothing was retired.
func (c *Crawler) Crawl(ctx context.Context, run catalog.Run, src connector.Connector) (catalog.Tally, error) {
	p := newProgress(run.ID, c.Observe, src.Usage)
	ctx, stop := c.keepAlive(ctx, p)
	defer stop()

	plan, groups, err := c.prepare(ctx, run, src, p)
	if err != nil {
		return p.tally(), err
	}
	ctx, listing := c.settleMeanwhile(ctx, run, src, groups)
	at := beside{listing: listing, storing: c.lanes(), whole: true}
	at.lineage = c.lookAhead(ctx, run, at)
	err = c.fetchAll(ctx, run, src, plan, p, at)
	made := at.lineage.end()
	if settled := listing.end(); err == nil {
		err = settled
	}
	if err != nil {
		return p.tally(), err
	}

	p.enter(Retiring)
	if err := c.retire(ctx, run, plan, p); err != nil {
		return p.tally(), err
	}
	if c.Lineage != nil {
		if err := c.explain(ctx, run, made, p); err != nil {
			return p.tally(), err
		}
	}
	return p.tally(), nil
}

// prepare lists the source, asks the catalog meanwhile what it knows, and plans.
func (c *Crawler) prepare(ctx context.Context, run catalog.Run, src connector.Connector, p *progress) (Plan, []catalog.ReportGroup, error) {
	p.enter(Listing)
	var groups []catalog.ReportGroup
	var listed []connector.Listed
	var past Past
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		groups, listed, err = list(gctx, src)
		return err
	})
	g.Go(func() (err error) {
		past, err = c.past(gctx, run)
		return err
	})
	if err := g.Wait(); err != nil {
		return Plan{}, nil, err
	}
	plan, err := MakePlan(run, listed, past, c.massRetireLimit())
	if err != nil {
		return Plan{}, nil, err
	}
	p.planned(plan, len(listed))

	p.enter(Reading)
	return plan, groups, nil
}

func list(ctx context.Context, src connector.Connector) ([]catalog.ReportGroup, []connector.Listed, error) {
	groups, err := connector.Collect(src.Groups(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("list report groups: %w", err)
	}
	listed, err := connector.Collect(src.Units(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("list apps: %w", err)
	}
	return groups, listed, nil
}

// past is what the catalog knows. What a full run goes on from is Finished; the other modes know it by the versions.
func (c *Crawler) past(ctx context.Context, run catalog.Run) (past Past, err error) {
	if past.Known, err = c.Store.Known(ctx, run.Connection); err != nil {
		return past, fmt.Errorf("read what is known: %w", err)
	}
	if run.Mode != catalog.Full {
		return past, nil
	}
	if past.Finished, err = c.Store.Finished(ctx, run.ID); err != nil {
		return past, fmt.Errorf("read what earlier runs finished: %w", err)
	}
	return past, nil
}

// explain builds the lineage that is still due; some was made already.
func (c *Crawler) explain(ctx context.Context, run catalog.Run, made catalog.LineageTally, p *progress) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.enter(Explaining)
	b := *c.Lineage
	b.Observe = func(done, of int) { p.explained(made.Apps+done, of) }
	tally, err := b.Build(ctx, run.ID, run.Connection, false)
	tally.Add(made)
	p.tell(func(*Event) { p.count.Lineage = tally })
	if err != nil {
		return fmt.Errorf("build lineage: %w", err)
	}
	return nil
}

func (c *Crawler) retire(ctx context.Context, run catalog.Run, plan Plan, p *progress) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx) // a crawl cut short isn't a crawl done: nothing may be retired
	}
	if len(plan.Retire) == 0 {
		return nil
	}
	if err := c.Store.Retire(ctx, run.ID, plan.Retire); err != nil {
		return fmt.Errorf("retire what is gone: %w", err)
	}
	for _, k := range plan.Retire {
		p.outcome(catalog.Outcome{Run: run.ID, Unit: catalog.Unit{Key: k}, Change: catalog.Retired})
	}
	return nil
}

func (c *Crawler) workers() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return 4
}

func (c *Crawler) massRetireLimit() float64 {
	if c.MassRetireLimit != nil {
		return *c.MassRetireLimit
	}
	return 0.5
}
