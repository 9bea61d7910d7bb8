package crawler

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/lineage"
)

// LineageStore is what building lineage needs of the catalog. Every write for a run checks that the run
// is still running; run 0 is on demand.
type LineageStore interface {
	LineageDue(ctx context.Context, code string, reader int, all, includes bool) ([]catalog.Key, error)
	LineageSource(ctx context.Context, app catalog.Key) (*catalog.LineageSource, error)
	DataConnections(ctx context.Context, code string) ([]catalog.DataConnection, error)
	SaveDataConnections(ctx context.Context, run catalog.RunID, list []catalog.DataConnection) error
	SaveLineage(ctx context.Context, run catalog.RunID, l *catalog.LineageStored) (changed bool, err error)
	LinkLineage(ctx context.Context, run catalog.RunID) error
}

// Lineage builds the lineage of a connection's apps from what the catalog has of them.
type Lineage struct {
	Store   LineageStore
	Workers int // apps at a time; 2 at the least
	// Include gives a file that scripts include; nil: they can't be read.
	Include func(path string) (string, error)
	QVDs    *QVDs // nil: headers of QVD files can't be read
	// Observe is told how many of how many apps are done, one call at a time; nil: nobody watches.
	Observe func(done, of int)
}

// Build makes the lineage of the apps of a connection for which it is due, or of all of them, and joins
// it with that of all other apps. run is the crawl that asks for it, 0 for nobody's. An app that changes
// meanwhile is left to whoever changed it.
func (b *Lineage) Build(ctx context.Context, run catalog.RunID, code string, all bool) (catalog.LineageTally, error) {
	due, err := b.Store.LineageDue(ctx, code, lineage.Reader, all, b.Include != nil || b.QVDs.there(ctx))
	if err != nil {
		return catalog.LineageTally{}, err
	}
	var r catalog.LineageTally
	if len(due) > 0 {
		connections, err := b.Store.DataConnections(ctx, code)
		if err != nil {
			return r, err
		}
		if r, err = b.build(ctx, run, due, connections); err != nil {
			return r, err
		}
	}
	return r, b.Store.LinkLineage(ctx, run)
}

func (b *Lineage) build(ctx context.Context, run catalog.RunID, due []catalog.Key, connections []catalog.DataConnection) (catalog.LineageTally, error) {
	var mu sync.Mutex
	var sum catalog.LineageTally
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(b.Workers, 2))
	wrote := &producers{}
	for _, app := range due {
		g.Go(func() error {
			one, err := b.one(gctx, run, app, connections, wrote)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Add(one)
			if b.Observe != nil {
				b.Observe(sum.Apps, len(due))
			}
			return nil
		})
	}
	err := g.Wait()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return sum, err
}

// one makes the lineage of one app. wrote is nil while apps are being read. One that has gone or changed meanwhile is none.
func (b *Lineage) one(ctx context.Context, run catalog.RunID, app catalog.Key, connections []catalog.DataConnection, wrote *producers) (catalog.LineageTally, error) {
	if ctx.Err() != nil {
		return catalog.LineageTally{}, context.Cause(ctx)
	}
	src, err := b.Store.LineageSource(ctx, app)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return catalog.LineageTally{}, nil
	}
	if err != nil {
		return catalog.LineageTally{}, err
	}
	l := b.read(&src.Snapshot, connections, b.headers(ctx, connections, wrote))
	if ctx.Err() != nil {
		return catalog.LineageTally{}, context.Cause(ctx)
	}
	changed, err := b.Store.SaveLineage(ctx, run, &catalog.LineageStored{
		Lineage: l, Content: src.Content, Reader: lineage.Reader, Connections: connections,
	})
	if errors.Is(err, catalog.ErrAppChanged) {
		return catalog.LineageTally{}, nil
	}
	r := catalog.LineageTally{Apps: 1, Columns: l.Columns, Unresolved: l.Unresolved, Gaps: len(l.Gaps)}
	if changed {
		r.Changed = 1
	}
	return r, err
}

// read makes an app's lineage. A reader that breaks on a script, which none should, costs that app's
// lineage and no crawl.
func (b *Lineage) read(app *catalog.Snapshot, connections []catalog.DataConnection, qvds *lineage.QVDs) (l catalog.Lineage) {
	defer func() {
		if broken := recover(); broken != nil {
			l = catalog.Lineage{App: app.Unit.Key, Gaps: []catalog.LineageGap{{
				App: app.Unit.Key, Source: catalog.ScriptKey(app.Unit.Key), What: "the whole app",
				Why: "the reader of scripts and expressions broke; please report it",
			}}}
		}
	}()
	return lineage.Build(lineage.Input{App: app, Connections: connections, Include: b.Include, QVDs: qvds})
}

// SaveDataConnections stores what scripts connect with, if the source can tell. Each crawl does, if it reads no
// app as well: a connection that is renamed, or leads elsewhere, changes the lineage of the apps that use it,
// which then is made anew of what is stored. It costs one listing, and no write when all are as they were. A source that refuses
// leaves what the catalog has: the crawl has done what it is for.
func SaveDataConnections(ctx context.Context, store LineageStore, run catalog.RunID, src connector.Connector) error {
	lister, ok := src.(connector.DataConnectionLister)
	if !ok {
		return nil
	}
	list, err := lister.DataConnections(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return nil // lineage is made with those that the catalog has; a gap tells which are missing
	}
	return store.SaveDataConnections(ctx, run, list)
}
