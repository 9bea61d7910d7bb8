package postgres

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres keeps, for each table, the most common lexemes of its rows and how common they are (ANALYZE,
// which autovacuum runs). Searches look there before they ask an index: what is rare is asked of all
// shelves at once, what is common is never collected whole.

// wordStats are what was last read of that.
type wordStats struct {
	mu     sync.Mutex
	readAt time.Time
	tables *[tableCount]tableStats // nil: not known
}

// tableStats are those of one table.
type tableStats struct {
	pages, rows float64
	words       []string // sorted
	shares      []float64
	least       float64 // the least share of a word that is listed
}

// statsAge is how long statistics are believed.
const statsAge = 10 * time.Minute

// wordStats gives the statistics, read anew now and then; nil if there are none.
func (db *DB) wordStats(ctx context.Context) *[tableCount]tableStats {
	db.stats.mu.Lock()
	defer db.stats.mu.Unlock()
	if time.Since(db.stats.readAt) < statsAge {
		return db.stats.tables
	}
	if fresh, err := db.readWordStats(ctx); err == nil { // else the old ones, or none, do
		db.stats.tables, db.stats.readAt = fresh, time.Now()
	}
	return db.stats.tables
}

func (db *DB) readWordStats(ctx context.Context) (*[tableCount]tableStats, error) {
	rows, err := db.pool.Query(ctx, `
		select c.relname, c.relpages, c.reltuples, s.most_common_elems::text::text[], s.most_common_elem_freqs
		from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'qlikcrawler'
		join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = 'search'
		where c.reltuples > 0`)
	if err != nil {
		return nil, err
	}
	all := &[tableCount]tableStats{}
	var name string
	var t tableStats
	_, err = pgx.ForEachRow(rows, []any{&name, &t.pages, &t.rows, &t.words, &t.shares}, func() error {
		for i := range tables {
			if tables[i].name == name {
				all[i] = sortedStats(t)
			}
		}
		t.words, t.shares = nil, nil
		return nil
	})
	return all, err
}

// sortedStats orders the words, and finds the least share: behind the shares stand two or three sums of
// Postgres' own.
func sortedStats(t tableStats) tableStats {
	at := make([]int, len(t.words))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int { return strings.Compare(t.words[a], t.words[b]) })
	s := tableStats{pages: t.pages, rows: t.rows, least: 1}
	for _, i := range at {
		s.words, s.shares = append(s.words, t.words[i]), append(s.shares, t.shares[i])
		s.least = min(s.least, t.shares[i])
	}
	return s
}

// share is about the share of rows that have a lexeme, or one that begins with it.
func (t *tableStats) share(lexeme string, open bool) float64 {
	sum := t.least / 2
	at, _ := slices.BinarySearch(t.words, lexeme)
	for ; at < len(t.words) && strings.HasPrefix(t.words[at], lexeme); at++ {
		if t.words[at] != lexeme && !open {
			break
		}
		sum += t.shares[at]
		if !open {
			return t.shares[at]
		}
	}
	return min(sum, 1)
}

// clauseShare is about the share of a table's rows for which a clause holds.
func (t *tableStats) clauseShare(c clause) float64 {
	sum := 0.0
	for _, l := range c.lexemes {
		sum += t.share(l.text, l.open)
	}
	return min(sum, 1)
}

// tierShare is about the share of a table's rows that a tier finds, at most: that of its rarest clause.
func (t *tableStats) tierShare(tier []clause) float64 {
	share := 1.0
	for _, c := range tier {
		if len(c.lexemes) > 0 {
			share = min(share, t.clauseShare(c))
		}
	}
	return share
}

// rowsOf is about how many rows of all tables a tier finds at most; false if nobody knows.
func (f *finder) rowsOf(tier []clause) (float64, bool) {
	if f.stats == nil {
		return 0, false
	}
	sum := 0.0
	for i := range f.stats {
		sum += f.stats[i].rows * f.stats[i].tierShare(tier)
	}
	return sum, true
}
