package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// How sure the links are.
const (
	maskConfidence = 0.9 // a file matches a mask
	starConfidence = 0.8 // a column is among all columns
)

// LinkLineage joins what apps say: files that match a mask with the mask, columns that one app takes from a
// dataset with those behind the star that another one stored. It does nothing unless some app's lineage has
// changed since it was last done, and then only what follows from the datasets of which something else is
// said. run is as in SaveLineage.
func (db *DB) LinkLineage(ctx context.Context, run catalog.RunID) error {
	return db.linkLineage(ctx, catalog.Claim{Run: run})
}

func (db *DB) linkLineage(ctx context.Context, c catalog.Claim) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		m, err := readMark(ctx, tx, c)
		if err != nil || len(m.units) == 0 {
			return err
		}
		l, err := readLinker(ctx, tx, m)
		if err != nil {
			return err
		}
		l.follow()
		if err := l.write(ctx, tx); err != nil {
			return err
		}
		return m.clear(ctx, tx)
	})
	return fail("link the lineage", "", err)
}

// A linker finds what follows from several apps, all of it or what comes from the datasets of its scope. It holds the
// columns, of which links are made some at a time: a site has very many.
type linker struct {
	scope    map[string]bool            // nil: all datasets
	behind   map[string][]star          // by the dataset that is stored
	storedIn map[string][]star          // by the dataset it is stored from
	matches  map[string][]string        // files by mask
	masks    map[string][]string        // masks by file
	columns  map[string]map[string]bool // of the datasets that matter: names, "*" too
	explicit map[saying]bool            // columns that units store by name
	made     map[string]map[string]bool // columns that follow
	todo     [][2]string                // dataset and column
	texts    map[string]string          // each text once
}

// A star is a dataset that a unit stores with all columns of another one.
type star struct{ unit, from, to string }

type saying struct{ unit, dataset, column string }

func newLinker() *linker {
	return &linker{
		behind: map[string][]star{}, storedIn: map[string][]star{}, matches: map[string][]string{}, masks: map[string][]string{},
		columns: map[string]map[string]bool{}, explicit: map[saying]bool{}, made: map[string]map[string]bool{}, texts: map[string]string{},
	}
}

func columnKey(dataset, column string) string {
	return string(catalog.ColumnKey(catalog.Key(dataset), column))
}

// inScope reports whether links that come from a dataset are to be found.
func (l *linker) inScope(dataset string) bool { return l.scope == nil || l.scope[dataset] }

// follow follows each known column of each dataset that matters to where it must come from.
func (l *linker) follow() {
	for d, columns := range l.columns {
		for c := range columns {
			l.todo = append(l.todo, [2]string{d, c})
		}
	}
	for len(l.todo) > 0 {
		last := len(l.todo) - 1
		d, c := l.todo[last][0], l.todo[last][1]
		l.todo = l.todo[:last]
		if c == "*" {
			continue // the app's own edges say so
		}
		for _, f := range l.matches[d] {
			if l.behind[f] != nil { // not all of its columns are known
				l.need(f, c)
			}
		}
		for _, s := range l.behind[d] {
			if l.passes(s, c) {
				l.need(s.from, c)
			}
		}
	}
}

// passes reports whether a column comes by way of a star.
func (l *linker) passes(s star, column string) bool {
	return column != "*" && s.from != s.to && !l.explicit[saying{s.unit, s.to, column}]
}

// need makes sure that a dataset has a column.
func (l *linker) need(d, c string) {
	if l.columns[d][c] || !l.inScope(d) {
		return
	}
	for _, m := range []map[string]map[string]bool{l.columns, l.made} {
		if m[d] == nil {
			m[d] = map[string]bool{}
		}
		m[d][c] = true
	}
	l.todo = append(l.todo, [2]string{d, c})
}
