package crawler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A Part is what one process does in a run that several share: it may list and plan, and read units.
// It does what Crawl does, step by step, each under a claim of its own: the store that a step
// takes refuses to write when another process has taken the step over. Nobody but the caller says that
// the run lives. Retire ends such a run. Its methods may be called from several goroutines.
type Part struct {
	crawler  Crawler
	run      catalog.Run
	src      connector.Connector
	packer   connector.Packer
	progress *progress
}

// Part joins a run. The source must be a connector.Packer.
func (c *Crawler) Part(run catalog.Run, src connector.Connector) (*Part, error) {
	packer, ok := src.(connector.Packer)
	if !ok {
		return nil, errors.New("the source can't share a crawl among processes")
	}
	return &Part{crawler: *c, run: run, src: src, packer: packer, progress: newProgress(run.ID, c.Observe, src.Usage)}, nil
}

// with is the crawler under a claim, for one unit at a time. It makes lineage if the store can hold it.
func (p *Part) with(store Store) *Crawler {
	c := p.crawler
	c.Store, c.Workers = store, 1
	holds, ok := store.(LineageStore)
	if c.Lineage == nil || !ok {
		c.Lineage = nil
		return &c
	}
	l := *c.Lineage
	l.Store = holds
	c.Lineage = &l
	return &c
}

// Draft lists the source and plans the run. What a selected run doesn't find has its outcome then.
func (p *Part) Draft(ctx context.Context, store Store) (catalog.Draft, error) {
	c := p.with(store)
	plan, groups, err := c.prepare(ctx, p.run, p.src, p.progress)
	if err != nil {
		return catalog.Draft{}, err
	}
	if err := c.settle(ctx, p.run, p.src, groups); err != nil {
		return catalog.Draft{}, err
	}
	if err := c.noteMissing(ctx, p.run, plan.Missing, p.progress); err != nil {
		return catalog.Draft{}, err
	}
	d := catalog.Draft{Retire: plan.Retire, Tally: p.progress.tally()}
	d.Units = make([]catalog.PackedUnit, 0, len(plan.Fetch))
	for i := range plan.Fetch {
		l := plan.Fetch[i]
		plan.Fetch[i] = connector.Listed{} // let go of, as in fetchAll
		packed, err := p.packer.Pack(l)
		if err != nil {
			if err := c.failed(ctx, p.run, l, fmt.Errorf("share app %s: %w", l.Unit.Name, err), time.Now(), p.progress); err != nil {
				return d, err
			}
			continue
		}
		d.Units = append(d.Units, catalog.PackedUnit{Key: l.Unit.Key, Name: l.Unit.Name, Packed: packed})
	}
	return d, nil
}

// A BatchResult is what became of a batch.
type BatchResult struct {
	All     bool // all units have an outcome
	Lineage catalog.LineageTally
}

// errHanded ends a Read that was asked not to go on.
var errHanded = errors.New("handed back")

// Read reads and stores units, one after another, as long as goOn says so, and makes the lineage of each while the next is
// read. What lineage is left undone is due, and made when the run ends. An error means that going on with the run is pointless,
// or that the claim is lost.
func (p *Part) Read(ctx context.Context, store Store, units []catalog.PackedUnit, goOn func() bool) (r BatchResult, err error) {
	c := p.with(store)
	c.Wait = func(context.Context) error {
		if goOn() {
			return nil
		}
		return errHanded
	}
	var plan Plan
	for _, u := range units {
		l, err := p.packer.Unpack(u.Packed)
		if err != nil {
			l.Unit = catalog.Unit{Key: u.Key}
			if err := c.failed(ctx, p.run, l, err, time.Now(), p.progress); err != nil {
				return r, err
			}
			continue
		}
		plan.Fetch = append(plan.Fetch, l)
	}
	at := beside{storing: c.lanes()}
	at.lineage = c.lookAhead(ctx, p.run, at)
	err = c.fetchAll(ctx, p.run, p.src, plan, p.progress, at)
	r.All, r.Lineage = err == nil, at.lineage.end()
	if errors.Is(err, errHanded) {
		err = nil
	}
	return r, err
}

// Retire retires what the plan of a shared run said. No source is asked.
func (c *Crawler) Retire(ctx context.Context, run catalog.Run, units []catalog.Key) error {
	return c.retire(ctx, run, Plan{Retire: units}, newProgress(run.ID, c.Observe, func() catalog.Usage { return catalog.Usage{} }))
}
