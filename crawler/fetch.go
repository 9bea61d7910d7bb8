package crawler

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// fetchAll reads the planned units, some at a time. A unit that has been read leaves its place to the
// next one while it is stored, so that the source needn't wait for the catalog; no more than that many
// are being stored. What was listed of a unit is let go of when the unit is read: a site has very many. It
// returns an error only when going on is pointless. Units are stored once the listing is.
func (c *Crawler) fetchAll(
	ctx context.Context, run catalog.Run, src connector.Connector, plan Plan, p *progress, at beside,
) error {
	if err := c.noteMissing(ctx, run, plan.Missing, p); err != nil {
		return err
	}
	var held error
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * c.workers())
	places := make(chan struct{}, c.workers())
	for i := range plan.Fetch {
		l := plan.Fetch[i]
		plan.Fetch[i] = connector.Listed{}
		select {
		case places <- struct{}{}:
		case <-gctx.Done():
		}
		if gctx.Err() != nil {
			break
		}
		if held = c.wait(gctx); held != nil {
			break
		}
		g.Go(func() error { return c.fetchOne(gctx, run, src, l, p, turns{at, func() { <-places }}) })
	}
	if at.whole {
		at.lineage.lastBegun(ctx) // it may go on when the last one has been read
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return held
}

// noteMissing notes what a selected crawl was asked for and didn't find.
func (c *Crawler) noteMissing(ctx context.Context, run catalog.Run, missing []string, p *progress) error {
	for _, what := range missing {
		o := catalog.Outcome{Run: run.ID, Unit: catalog.Unit{Key: catalog.Key(what), Name: what}, Change: catalog.FailedUnit, Err: notListed(what)}
		if err := c.note(ctx, o, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *Crawler) wait(ctx context.Context) error {
	if c.Wait == nil {
		return nil
	}
	return c.Wait(ctx)
}

// A beside is what goes on beside the reading.
type beside struct {
	listing *settling // nil: it is stored
	storing lanes
	lineage *ahead // nil: lineage is made later
	whole   bool   // all units of the run are read, and not a part of them
}

// turns are what the units that one call of fetchAll reads have to wait for.
type turns struct {
	beside
	next func() // lets another one be read
}

// fetchOne reads and stores one unit, and lets another be read when this one has been. One that fails is an
// outcome, not an error.
func (c *Crawler) fetchOne(
	ctx context.Context, run catalog.Run, src connector.Connector, l connector.Listed, p *progress, turn turns,
) error {
	if ctx.Err() != nil {
		return context.Cause(ctx) // it waited for its turn while another found that going on is pointless
	}
	began := time.Now()
	p.reading(l.Unit)
	s, err := fetch(ctx, src, l)
	away := p.fetched(err)
	if err != nil {
		why := err
		if err = c.failed(ctx, run, l, why, began, p); err == nil && away >= awayLimit {
			err = outOfReach(away, why)
		}
		if err == nil {
			turn.next() // not before it is known that going on makes sense
		}
		return err
	}
	turn.next()
	if err := turn.listing.wait(ctx); err != nil {
		return err
	}
	o, err := c.save(ctx, run, s, began, turn.storing)
	if err == nil {
		turn.lineage.stored(o)
		p.outcome(o)
		return nil
	}
	if err = fmt.Errorf("save app %s: %w", l.Unit.Name, err); isConflict(err) {
		return err // the run is no longer ours
	}
	return c.failed(ctx, run, l, err, began, p)
}

// save stores one unit.
func (c *Crawler) save(ctx context.Context, run catalog.Run, s *catalog.Snapshot, began time.Time, storing lanes) (catalog.Outcome, error) {
	leave, err := storing.enter(ctx)
	if err != nil {
		return catalog.Outcome{}, err
	}
	defer leave()
	return c.Store.Save(ctx, run.ID, s, began)
}

// lanes are where units are stored and their lineage is made: few at a time, for more connections make the
// catalog no faster, and each has its price at first.
type lanes chan struct{}

func (c *Crawler) lanes() lanes { return make(lanes, max(2, c.workers()/2)) }

func (l lanes) enter(ctx context.Context) (leave func(), err error) {
	select {
	case l <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if ctx.Err() != nil { // a turn came up at the same moment
		<-l
		return nil, context.Cause(ctx)
	}
	return func() { <-l }, nil
}

// fetch reads one unit. A panic, which is a fault of the program that some odd app brings to light, is that
// app's error: the other apps are read, and the crawl logs out at its end.
func fetch(ctx context.Context, src connector.Connector, l connector.Listed) (s *catalog.Snapshot, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, &catalog.Error{
				Code: catalog.CodeInternal, Op: "read app", Key: l.Unit.Key, Err: fmt.Errorf("a fault of this program, %v, in %s", p, panicked()),
				Cure: "Report it with this text; the other apps are not concerned.",
			}
		}
	}()
	return src.Fetch(ctx, l)
}

// panicked names the function and line that a recovered panic comes from.
func panicked() string {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(0, pc)])
	for seen := false; ; {
		f, more := frames.Next()
		if seen && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s, line %d", f.Function, f.Line)
		}
		seen = seen || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}

// failed notes that a unit couldn't be read or stored. An error means that going on is pointless.
func (c *Crawler) failed(ctx context.Context, run catalog.Run, l connector.Listed, why error, began time.Time, p *progress) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	o := catalog.Outcome{Run: run.ID, Unit: l.Unit, Change: catalog.FailedUnit, Err: why, Duration: time.Since(began)}
	if err := c.note(ctx, o, p); err != nil {
		return err
	}
	if hopeless(why) {
		return fmt.Errorf("app %s: %w", l.Unit.Name, why)
	}
	return nil
}

// awayLimit is how many units in a row may fail because the whole source is out of reach, listing and all.
// Then the crawl fails: each further one would only cost its timeouts, and what the catalog has stays as it is.
const awayLimit = 10

func outOfReach(apps int, why error) error {
	return &catalog.Error{
		Code: catalog.CodeUnreachable, Op: "read apps", Cure: catalog.CureOf(why),
		Err: fmt.Errorf("the site was out of reach for %d apps in a row; the crawl ends early, nothing is retired, and the next one goes on: %w", apps, why),
	}
}

func (c *Crawler) note(ctx context.Context, o catalog.Outcome, p *progress) error {
	if err := c.Store.Note(ctx, o.Run, o); err != nil {
		return fmt.Errorf("note what became of %s: %w", o.Unit.Key, err)
	}
	p.outcome(o)
	return nil
}

// hopeless tells the errors of a source after which every other unit would fail in the same way: the
// login is refused, or Qlik's session limit is reached.
func hopeless(err error) bool {
	code := catalog.CodeOf(err)
	return code == catalog.CodeUnauthorized || code == catalog.CodeSessionLimit
}
