package crawler

import (
	"context"
	"sync"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvd"
)

// QVDs is a folder of QVD files whose headers lineage reads. The folder is listed, and a header read, when it
// is first asked for: make a new one for each crawl or build.
type QVDs struct {
	dir string

	mu     sync.Mutex
	folder *qvd.Folder
	err    error
}

// NewQVDs makes one of a folder.
func NewQVDs(dir string) *QVDs { return &QVDs{dir: dir} }

// open lists the folder, once. Of being stopped nothing is kept.
func (q *QVDs) open(ctx context.Context) (*qvd.Folder, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.folder == nil && q.err == nil {
		folder, err := qvd.Open(ctx, q.dir)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		q.folder, q.err = folder, err
	}
	return q.folder, q.err
}

// there reports whether the folder can be read and has files. While it can't, what lineage has of its headers stays.
func (q *QVDs) there(ctx context.Context) bool {
	if q == nil {
		return false
	}
	folder, err := q.open(ctx)
	return err == nil && !folder.Empty()
}

// header finds a file and reads its header: see lineage.QVDs.
func (q *QVDs) header(ctx context.Context, nameIsEnough bool, names []string) (*qvd.Header, error) {
	folder, err := q.open(ctx)
	if err != nil {
		return nil, err
	}
	file, err := folder.Find(nameIsEnough, names...)
	if err != nil {
		return nil, err
	}
	return folder.Header(file)
}

// producers are what the scripts of apps store, as far as QVD files name the apps.
type producers struct {
	mu   sync.Mutex
	apps map[catalog.Key]func() producer
}

type producer struct {
	known  bool // the catalog has the app
	stores map[catalog.Key]bool
}

// of is an app; read is called once for each.
func (p *producers) of(app catalog.Key, read func() producer) producer {
	p.mu.Lock()
	if p.apps == nil {
		p.apps = map[catalog.Key]func() producer{}
	}
	if p.apps[app] == nil {
		p.apps[app] = sync.OnceValue(read)
	}
	one := p.apps[app]
	p.mu.Unlock()
	return one()
}

// headers are the QVD files as the lineage of an app asks for them; nil: there is no folder. Who wrote a file is
// asked only when all apps are stored, which is when there are producers.
func (b *Lineage) headers(ctx context.Context, connections []catalog.DataConnection, p *producers) *lineage.QVDs {
	if b.QVDs == nil {
		return nil
	}
	q := &lineage.QVDs{Header: func(nameIsEnough bool, names ...string) (*qvd.Header, error) {
		return b.QVDs.header(ctx, nameIsEnough, names)
	}}
	if p != nil {
		q.Hidden = func(app, dataset catalog.Key) bool {
			one := p.of(app, func() producer { return b.producer(ctx, app, connections) })
			return one.known && !one.stores[dataset]
		}
	}
	return q
}

// producer reads the script of an app. One that can't be read counts as unknown.
func (b *Lineage) producer(ctx context.Context, app catalog.Key, connections []catalog.DataConnection) producer {
	src, err := b.Store.LineageSource(ctx, app)
	if err != nil {
		return producer{}
	}
	return producer{known: true, stores: lineage.Stores(lineage.Input{App: &src.Snapshot, Connections: connections, Include: b.Include})}
}
