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
	run := c.Run
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		if run != 0 {
			if _, err := fence(ctx, tx, c); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, lockExclusive, "links"); err != nil {
			return err
		}
		m, err := readMark(ctx, tx)
		if err != nil || len(m.units) == 0 {
			return err
		}
		l, err := readLinker(ctx, tx, m)
		if err != nil {
			return err
		}
		l.work()
		if err := l.write(ctx, tx); err != nil {
			return err
		}
		return m.clear(ctx, tx)
	})
	return fail("link the lineage", "", err)
}

// A linker finds what follows from several apps, all of it or what comes from the datasets of its scope.
type linker struct {
	scope    map[string]bool            // nil: all datasets
	stars    map[string][]star          // by the dataset that is stored
	matches  map[string][]string        // files by mask
	masks    map[string][]string        // masks by file
	columns  map[string]map[string]bool // of the datasets that matter: names, "*" too
	explicit map[string]map[string]bool // units that store a column by name, by the column's key
	made     map[string]map[string]bool // columns that follow
	links    map[[2]string]linkedness
	todo     [][2]string // dataset and column
}

type star struct{ unit, from string }

type linkedness struct {
	level      catalog.Level
	confidence float64
	dataset    string // that it comes from
}

func columnKey(dataset, column string) string {
	return string(catalog.ColumnKey(catalog.Key(dataset), column))
}

// inScope reports whether links that come from a dataset are to be found.
func (l *linker) inScope(dataset string) bool { return l.scope == nil || l.scope[dataset] }

// work follows each known column of each dataset that matters to where it must come from.
func (l *linker) work() {
	for d, columns := range l.columns {
		for c := range columns {
			l.todo = append(l.todo, [2]string{d, c})
		}
	}
	for mask, files := range l.matches {
		for _, f := range files {
			l.link(f, f, mask, catalog.TableLevel, maskConfidence)
		}
	}
	for len(l.todo) > 0 {
		last := len(l.todo) - 1
		d, c := l.todo[last][0], l.todo[last][1]
		l.todo = l.todo[:last]
		l.behindMask(d, c)
		l.underMasks(d, c)
		l.behindStar(d, c)
		if c != "*" && l.columns[d]["*"] {
			l.linkColumns(d, c, d, "*", starConfidence)
		}
	}
}

// behindMask makes sure that the files whose columns aren't all known have the column of a mask.
func (l *linker) behindMask(mask, c string) {
	if c == "*" {
		return
	}
	for _, f := range l.matches[mask] {
		if l.stars[f] != nil {
			l.need(f, c)
		}
		if l.columns[f][c] {
			l.linkColumns(f, c, mask, c, maskConfidence)
		}
	}
}

// underMasks links a column of a file with those of the masks that the file matches. It may be one that the file
// turned out to have after the masks' were read.
func (l *linker) underMasks(f, c string) {
	for _, mask := range l.masks[f] {
		if l.columns[mask]["*"] {
			l.linkColumns(f, c, mask, "*", maskConfidence)
		}
		if l.columns[mask][c] {
			l.linkColumns(f, c, mask, c, maskConfidence)
		}
	}
}

// behindStar links a column of a dataset with the same one of the datasets that are stored in it whole.
func (l *linker) behindStar(d, c string) {
	if c == "*" {
		return // the app's own edges say so
	}
	for _, s := range l.stars[d] {
		if s.from == d || l.explicit[columnKey(d, c)][s.unit] {
			continue
		}
		l.need(s.from, c)
		l.linkColumns(s.from, c, d, c, starConfidence)
	}
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

func (l *linker) linkColumns(from, column, to, as string, confidence float64) {
	l.link(from, columnKey(from, column), columnKey(to, as), catalog.ColumnLevel, confidence)
}

// link adds a link. What follows in two ways is as sure as the surer one.
func (l *linker) link(dataset, from, to string, level catalog.Level, confidence float64) {
	pair := [2]string{from, to}
	if l.inScope(dataset) && confidence > l.links[pair].confidence {
		l.links[pair] = linkedness{level, confidence, dataset}
	}
}

// write makes the stored links and columns those that were found; what is there already isn't touched.
func (l *linker) write(ctx context.Context, tx pgx.Tx) error {
	gone, err := l.stored(ctx, tx)
	if err != nil {
		return err
	}
	links := newColumnar(4, 1, 0)
	for pair, how := range l.links {
		links.text(pair[0], pair[1], string(how.level), how.dataset)
		links.reals[0] = append(links.reals[0], how.confidence)
	}
	nodes := newColumnar(3, 0, 0)
	for d, columns := range l.made {
		for c := range columns {
			nodes.text(columnKey(d, c), d, c)
		}
	}
	b := &pgx.Batch{}
	b.Queue(`delete from qlikcrawler.lineage_link l using unnest($1::text[], $2::text[]) as x(f, t)
		where l.from_key = x.f and l.to_key = x.t`, gone.texts[0], gone.texts[1])
	b.Queue(`delete from qlikcrawler.lineage_node where unit = '' and key = any($1)`, gone.texts[2])
	b.Queue(`insert into qlikcrawler.lineage_link (from_key, to_key, level, from_dataset, confidence)
		select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[])`, links.args()...)
	b.Queue(`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name, parent_key)
		select f.key, '', (select min(d.connection) from qlikcrawler.lineage_node d where d.key = f.parent_key), 'dataset_column', f.name, f.parent_key
		from unnest($1::text[], $2::text[], $3::text[]) as f(key, parent_key, name)`, nodes.args()...)
	return tx.SendBatch(ctx, b).Close()
}

// stored reads the links and columns of the last time. What was found again is taken off what is to be
// written; the others are gone: from and to of links, and keys of columns.
func (l *linker) stored(ctx context.Context, tx pgx.Tx) (columnar, error) {
	gone := newColumnar(3, 0, 0)
	where, args := l.where("from_dataset")
	rows, err := tx.Query(ctx, `select from_key, to_key, level, confidence, coalesce(from_dataset, '') from qlikcrawler.lineage_link
		where `+where, args...)
	if err != nil {
		return gone, err
	}
	var pair [2]string
	var was linkedness
	_, err = pgx.ForEachRow(rows, []any{&pair[0], &pair[1], &was.level, &was.confidence, &was.dataset}, func() error {
		if l.links[pair] == was {
			delete(l.links, pair)
			return nil
		}
		gone.texts[0], gone.texts[1] = append(gone.texts[0], pair[0]), append(gone.texts[1], pair[1])
		return nil
	})
	if err != nil {
		return gone, err
	}
	where, args = l.where("parent_key")
	rows, err = tx.Query(ctx, "select key, parent_key, name from qlikcrawler.lineage_node where unit = '' and "+where, args...)
	if err != nil {
		return gone, err
	}
	var key, d, c string
	_, err = pgx.ForEachRow(rows, []any{&key, &d, &c}, func() error {
		if l.made[d][c] {
			delete(l.made[d], c)
			return nil
		}
		gone.texts[2] = append(gone.texts[2], key)
		return nil
	})
	return gone, err
}
