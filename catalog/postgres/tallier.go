package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// To count millions of rows takes seconds, and nobody waits that long for a page.
const (
	countedFor  = 30 * time.Second      // how long counts are taken as they are, unless a crawl began or ended
	countWait   = 50 * time.Millisecond // how long a reader who could have older counts waits for new ones
	countAtMost = time.Minute           // how long a count may take
)

// crawlMark is the SQL of a text that changes when a crawl of connection c begins or ends.
const crawlMark = `coalesce((select string_agg(r.id || r.state, ' ') from (
	select id, state from qlikcrawler.crawl_run where connection = c.code order by id desc limit 5) r), '')`

// A tallier remembers the counts of connections. Its methods may be called from several goroutines.
type tallier struct {
	mu   sync.Mutex
	of   map[string]*tally
	turn sync.Mutex // held while rows are counted, so that counts take no more than one connection of the pool
}

// A tally is what was last counted of a connection.
type tally struct {
	counts catalog.Counts
	at     time.Time // when the count began; zero: there is none yet
	mark   string    // crawlMark then
	err    error     // of the count that ended last

	underWay chan struct{} // closed when the count that is under way has ended; nil: none is
}

// RecentCounts gives what a connection has, and when that was counted. It is counted anew after half a minute, and once
// a crawl has begun or ended; a reader waits a moment for that, and gets the older counts if it takes longer. Only the
// first reader of all waits to the end. Counts gives what there is just now.
func (db *DB) RecentCounts(ctx context.Context, code string) (catalog.Counts, time.Time, error) {
	return db.lookAt(ctx, code, false)
}

// CountsSoFar is RecentCounts for who waits no longer for the first counts than for later ones: the zero time says that
// there are none yet.
func (db *DB) CountsSoFar(ctx context.Context, code string) (catalog.Counts, time.Time, error) {
	return db.lookAt(ctx, code, true)
}

func (db *DB) lookAt(ctx context.Context, code string, soFar bool) (catalog.Counts, time.Time, error) {
	mark := ""
	err := db.pool.QueryRow(ctx, "select "+crawlMark+" from (select $1::text as code) c", code).Scan(&mark)
	if err != nil {
		return catalog.Counts{}, time.Time{}, fail("look for the crawls of", catalog.Key(code), err)
	}
	patience := time.NewTimer(countWait)
	defer patience.Stop()
	return db.counted(ctx, code, mark, patience, soFar)
}

// counted is RecentCounts for a mark that the caller has read. Where there are counts, new ones are waited for until
// patience ends; soFar: where there are none, too.
func (db *DB) counted(ctx context.Context, code, mark string, patience *time.Timer, soFar bool) (catalog.Counts, time.Time, error) {
	t := &db.tallies
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of[code]
	if c == nil {
		c = &tally{}
		if t.of == nil {
			t.of = map[string]*tally{}
		}
		t.of[code] = c
	}
	if c.at.IsZero() || c.mark != mark || time.Since(c.at) >= countedFor {
		if c.underWay == nil {
			c.underWay = make(chan struct{})
			go db.count(context.WithoutCancel(ctx), code, mark, c)
		}
		if err := c.wait(ctx, &t.mu, patience, soFar); err != nil {
			return catalog.Counts{}, time.Time{}, err
		}
	}
	return c.counts, c.at, nil
}

// wait waits for the count under way, without the lock that the caller holds: until patience ends, if there are older
// counts, or soFar.
func (c *tally) wait(ctx context.Context, mu *sync.Mutex, patience *time.Timer, soFar bool) error {
	ended, known := c.underWay, !c.at.IsZero()
	mu.Unlock()
	defer mu.Lock()
	var enough <-chan time.Time
	if known || soFar {
		enough = patience.C
	}
	select {
	case <-ended:
	case <-enough:
		patience.Reset(0) // for the next connection there is none left
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	mu.Lock()
	defer mu.Unlock()
	if known {
		return nil // they do, if the new count failed
	}
	return c.err
}

// count counts the rows of a connection, and tells those who wait.
func (db *DB) count(ctx context.Context, code, mark string, c *tally) {
	t := &db.tallies
	t.turn.Lock()
	defer t.turn.Unlock()
	ctx, stop := context.WithTimeout(ctx, countAtMost)
	defer stop()
	at := time.Now()
	counts, err := db.Counts(ctx, code)
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.err = err; err == nil {
		c.counts, c.at, c.mark = counts, at, mark
	}
	close(c.underWay)
	c.underWay = nil
}
