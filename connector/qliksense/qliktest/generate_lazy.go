package qliktest

import (
	"sync"
	"sync/atomic"
	"time"
)

// A generated app is one that needn't be held: what is in it is made of its number whenever it is asked for.
// The content depends on some of the app's row too, as that was when the site was started.
type generated struct {
	by     *generator
	number int
	row    atomic.Pointer[bornAs]
}

// bornAs is what of an app's row goes into its content.
type bornAs struct {
	id, name, migrationHash, productVersion, thumbnail string
	created, modified, publishTime, lastReload         time.Time
	staticByteSize                                     int64
	published                                          bool
}

func birthOf(a *App) *bornAs {
	return &bornAs{
		id: a.ID, name: a.Name, migrationHash: a.MigrationHash, productVersion: a.SavedInProductVersion, thumbnail: a.Thumbnail,
		created: a.Created, modified: a.Modified, publishTime: a.PublishTime, lastReload: a.LastReload,
		staticByteSize: a.StaticByteSize, published: a.Published(),
	}
}

// settle keeps the app's row as it is: edits of it don't change what is in the app.
func (x *generated) settle(a *App) {
	if x.row.Load() == nil {
		x.row.CompareAndSwap(nil, birthOf(a))
	}
}

func (x *generated) maker(a *App) *appMaker {
	born := x.row.Load()
	if born == nil {
		born = birthOf(a)
	}
	return &appMaker{by: x.by, o: x.by.o, app: born, number: x.number, users: x.by.site.Users}
}

// content makes the app's content, for the caller alone.
func (x *generated) content(a *App) *Content { return x.maker(a).content() }

// lately is the app's content, for reading; that of apps asked for lately is still there.
func (x *generated) lately(a *App) *Content {
	place := &x.by.recent[x.number%len(x.by.recent)]
	place.mu.Lock()
	defer place.mu.Unlock()
	if place.content == nil || place.of != x || place.row != x.row.Load() {
		place.of, place.row, place.content = x, x.row.Load(), x.content(a)
	}
	return place.content
}

// recentContents have a place for some apps, which an app shares with others.
type recentContents [128]struct {
	mu      sync.Mutex
	of      *generated
	row     *bornAs
	content *Content
}
