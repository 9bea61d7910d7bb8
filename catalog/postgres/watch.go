package postgres

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A RunWatch tells when the rows of runs change, over one database connection for all who watch.
type RunWatch struct {
	db *DB

	mu       sync.Mutex
	watchers map[catalog.RunID]map[chan struct{}]bool
}

// WatchRuns makes a RunWatch. It tells nothing until Listen runs, and may miss something: watchers
// must look for themselves now and then.
func (db *DB) WatchRuns() *RunWatch {
	return &RunWatch{db: db, watchers: map[catalog.RunID]map[chan struct{}]bool{}}
}

// Watch gives a channel that has something when the run may have changed since it was last received
// from. stop must be called once.
func (w *RunWatch) Watch(run catalog.RunID) (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers[run] == nil {
		w.watchers[run] = map[chan struct{}]bool{}
	}
	w.watchers[run][ch] = true
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers[run], ch)
		if len(w.watchers[run]) == 0 {
			delete(w.watchers, run)
		}
	}
}

func (w *RunWatch) tell(run catalog.RunID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.watchers[run] {
		select {
		case ch <- struct{}{}:
		default: // it has one already
		}
	}
}

func (w *RunWatch) tellAll() {
	w.mu.Lock()
	runs := make([]catalog.RunID, 0, len(w.watchers))
	for run := range w.watchers {
		runs = append(runs, run)
	}
	w.mu.Unlock()
	for _, run := range runs {
		w.tell(run)
	}
}

// listenAgain is how long a lost connection stays lost.
const listenAgain = 2 * time.Second

// Listen hears what the database says until ctx ends. A lost connection is made again.
func (w *RunWatch) Listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.listen(ctx)
		w.tellAll() // something may have been missed
		if ctx.Err() != nil {
			return
		}
		w.db.log.WarnContext(ctx, "lost the connection that tells of changes in runs; watchers look by themselves until it is back", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

func (w *RunWatch) listen(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, w.db.pool.Config().ConnConfig.Copy())
	if err != nil {
		return err
	}
	defer closeSoon(conn)
	if _, err := conn.Exec(ctx, "listen qlikcrawler_run"); err != nil {
		return err
	}
	w.tellAll()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if id, err := strconv.ParseInt(n.Payload, 10, 64); err == nil {
			w.tell(catalog.RunID(id))
		}
	}
}
