// Package runlog keeps the log of a crawl where everybody can read it: in the catalog, whichever process
// wrote it. What is logged of a crawl still goes where the program logs; it is noted here besides.
//
// It never slows a crawl: lines wait in memory, and are stored some at a time. When the catalog is out of
// reach they are dropped and counted.
package runlog

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// Store is what a log needs of the catalog.
type Store interface {
	AppendRunLog(ctx context.Context, run catalog.RunID, lines []catalog.LogLine) error
}

// Bounds on what waits in memory.
const (
	mostLines = 5000
	longest   = 4000 // bytes of one line
	batch     = 500
	flushEach = 2 * time.Second
	endLimit  = 10 * time.Second
)

// A Desk has the logs of the runs that this process works on. Its methods may be called from several
// goroutines.
type Desk struct {
	store   Store
	version string
	next    *slog.Logger // the program's own

	mu   sync.Mutex
	logs map[catalog.RunID]*Log
	all  sync.WaitGroup
}

// NewDesk makes a desk without logs. version is the program's.
func NewDesk(store Store, version string, next *slog.Logger) *Desk {
	return &Desk{store: store, version: version, next: next, logs: map[catalog.RunID]*Log{}}
}

// Logger logs as the program does, and notes what is worth it (information, warnings and errors) in the
// logs of the runs of a connection that are open at that moment.
func (d *Desk) Logger(connection string) *slog.Logger {
	return slog.New(&tee{desk: d, connection: connection, next: d.next.Handler()})
}

// Open begins to note the log of a run, or gives the one that is open.
func (d *Desk) Open(run catalog.Run, conn catalog.Connection) *Log {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l, ok := d.logs[run.ID]; ok {
		return l
	}
	l := &Log{
		run: run.ID, connection: conn.Code, store: d.store, next: d.next, wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	l.add(catalog.LogLine{At: time.Now(), Text: fmt.Sprintf("INFO  qlikcrawler %s begins to work on run %d: %s crawl of %s (%s)", d.version, run.ID, run.Mode, conn.Code, withURL(conn.Name, conn))})
	d.logs[run.ID] = l
	d.all.Go(l.keepStoring)
	return l
}

// withURL adds the address of a connection to a text; folders of apps have none.
func withURL(text string, conn catalog.Connection) string {
	if conn.URL == "" {
		return text
	}
	return text + ", " + conn.URL
}

// End closes the log of a run that has ended here. It doesn't wait until all of it is stored.
func (d *Desk) End(run catalog.RunID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l, ok := d.logs[run]; ok {
		close(l.stop)
		delete(d.logs, run)
	}
}

// Close closes all logs, and waits a few seconds at most until they are stored.
func (d *Desk) Close() {
	d.mu.Lock()
	for id, l := range d.logs {
		close(l.stop)
		delete(d.logs, id)
	}
	d.mu.Unlock()
	d.all.Wait()
}

// note adds a line to the open logs of a connection's runs.
func (d *Desk) note(connection string, line catalog.LogLine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.logs {
		if l.connection == connection {
			l.add(line)
		}
	}
}

// A Log notes the log of one run. Its methods may be called from several goroutines.
type Log struct {
	run        catalog.RunID
	connection string
	store      Store
	next       *slog.Logger

	mu      sync.Mutex
	waiting []catalog.LogLine
	dropped int
	stage   crawler.Stage // the last that was noted

	wake chan struct{}
	stop chan struct{} // closed at the end
}

// add makes a line wait. It never blocks.
func (l *Log) add(line catalog.LogLine) {
	if len(line.Text) > longest {
		line.Text = line.Text[:longest] + "…"
	}
	l.mu.Lock()
	if len(l.waiting) >= mostLines {
		l.dropped++
	} else {
		l.waiting = append(l.waiting, line)
	}
	full := len(l.waiting) >= batch
	l.mu.Unlock()
	if full {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (l *Log) keepStoring() {
	tick := time.NewTicker(flushEach)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			l.flush()
			l.flush() // says what the first couldn't store
			return
		case <-tick.C:
		case <-l.wake:
		}
		l.flush()
	}
}

// flush stores what waits. What can't be stored is dropped: a crawl isn't to fill the memory.
func (l *Log) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), endLimit)
	defer cancel()
	for {
		l.mu.Lock()
		n := min(len(l.waiting), batch)
		lines := l.waiting[:n:n]
		l.waiting = l.waiting[n:]
		if l.dropped > 0 && n < batch {
			lines = append(lines, catalog.LogLine{At: time.Now(), Text: fmt.Sprintf("WARN  %d lines of this log could not be stored", l.dropped)})
			l.dropped = 0
		}
		l.mu.Unlock()
		if len(lines) == 0 {
			return
		}
		if err := l.store.AppendRunLog(ctx, l.run, lines); err != nil {
			l.mu.Lock()
			l.dropped += len(lines)
			l.mu.Unlock()
			l.next.Debug("the log of a run could not be stored", "run", l.run, "error", err)
			return
		}
	}
}

// Observe notes what happens to each app and in each stage: it is a crawler.Observer.
func (l *Log) Observe(e crawler.Event) {
	switch {
	case e.Outcome != nil:
		l.outcome(*e.Outcome)
	case e.Stage == crawler.Listing && e.Tally.Listed > 0:
		l.add(catalog.LogLine{At: time.Now(), Text: fmt.Sprintf("INFO  apps listed: %d, to be read: %d", e.Tally.Listed, e.Tally.Planned)})
	default:
		l.enter(e.Stage)
	}
}

// enter notes a stage when it begins. A process that only reads for others enters none.
func (l *Log) enter(s crawler.Stage) {
	text, known := stages[s]
	l.mu.Lock()
	begins := known && s != l.stage
	if begins {
		l.stage = s
	}
	l.mu.Unlock()
	if begins {
		l.add(catalog.LogLine{At: time.Now(), Text: "INFO  " + text})
	}
}

var stages = map[crawler.Stage]string{
	crawler.Listing: "listing streams and apps", crawler.Reading: "reading apps", crawler.Retiring: "retiring what is gone",
	crawler.Explaining: "making the lineage of what changed",
}

func (l *Log) outcome(o catalog.Outcome) {
	if o.Change == catalog.Unchanged && o.Duration == 0 {
		return // it wasn't opened
	}
	name := string(o.Unit.Key)
	if o.Unit.Name != "" {
		name = fmt.Sprintf("%s (%s)", o.Unit.Name, o.Unit.Key)
	}
	text := fmt.Sprintf("INFO  app %s: %s in %s", name, o.Change, o.Duration.Round(time.Millisecond))
	if o.Err != nil {
		level := "WARN "
		if o.Change == catalog.FailedUnit {
			level = "ERROR"
		}
		text = fmt.Sprintf("%s app %s: %s: %v", level, name, o.Change, o.Err)
		if cure := catalog.CureOf(o.Err); cure != "" {
			text += " → " + cure
		}
	}
	l.add(catalog.LogLine{At: time.Now(), Text: text})
}

// A tee hands records on, and notes them.
type tee struct {
	desk       *Desk
	connection string
	next       slog.Handler
	attrs      []slog.Attr
	group      string
}

func (t *tee) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || t.next.Enabled(ctx, level)
}

func (t *tee) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo {
		t.desk.note(t.connection, catalog.LogLine{At: r.Time, Text: t.text(r)})
	}
	if !t.next.Enabled(ctx, r.Level) {
		return nil
	}
	return t.next.Handle(ctx, r)
}

// text writes a record as the program's text log does, without the time.
func (t *tee) text(r slog.Record) string {
	var b bytes.Buffer
	h := slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	rest := slog.NewRecord(time.Time{}, r.Level, "", 0)
	r.Attrs(func(a slog.Attr) bool {
		rest.AddAttrs(a)
		return true
	})
	var full slog.Handler = h.WithAttrs(t.attrs)
	if t.group != "" {
		full = full.WithGroup(t.group)
	}
	_ = full.Handle(context.Background(), rest) // a buffer takes everything
	return fmt.Sprintf("%-5s %s %s", r.Level, r.Message, bytes.TrimSpace(b.Bytes()))
}

func (t *tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *t
	c.next, c.attrs = t.next.WithAttrs(attrs), append(t.attrs[:len(t.attrs):len(t.attrs)], attrs...)
	return &c
}

func (t *tee) WithGroup(name string) slog.Handler {
	c := *t
	c.next, c.group = t.next.WithGroup(name), name
	return &c
}
