package postgres

import (
	"context"
	"maps"
	"slices"
	"strings"

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
// changed since it was last done. run is as in SaveLineage.
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
		var newest *int64
		if err := tx.QueryRow(ctx, "select max(ticket) from qlikcrawler.lineage_unlinked").Scan(&newest); err != nil || newest == nil {
			return err
		}
		l, err := readLinker(ctx, tx)
		if err != nil {
			return err
		}
		l.work()
		if err := l.write(ctx, tx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "delete from qlikcrawler.lineage_unlinked where ticket <= $1", *newest)
		return err
	})
	return fail("link the lineage", "", err)
}

// A linker finds what follows from several apps.
type linker struct {
	stars    map[string][]star          // by the dataset that is stored
	matches  map[string][]string        // files by mask
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
}

func columnKey(dataset, column string) string {
	return string(catalog.ColumnKey(catalog.Key(dataset), column))
}

// work follows each known column of each dataset that matters to where it must come from.
func (l *linker) work() {
	for d, columns := range l.columns {
		for c := range columns {
			l.todo = append(l.todo, [2]string{d, c})
		}
	}
	for mask, files := range l.matches {
		for _, f := range files {
			l.link(f, mask, catalog.TableLevel, maskConfidence)
		}
	}
	for len(l.todo) > 0 {
		last := len(l.todo) - 1
		d, c := l.todo[last][0], l.todo[last][1]
		l.todo = l.todo[:last]
		l.behindMask(d, c)
		l.behindStar(d, c)
		if c != "*" && l.columns[d]["*"] {
			l.link(columnKey(d, c), columnKey(d, "*"), catalog.ColumnLevel, starConfidence)
		}
	}
}

// behindMask links a column of a mask with those of the files.
func (l *linker) behindMask(mask, c string) {
	for _, f := range l.matches[mask] {
		if c == "*" {
			for other := range l.columns[f] {
				l.link(columnKey(f, other), columnKey(mask, c), catalog.ColumnLevel, maskConfidence)
			}
			continue
		}
		if l.columns[f][c] || l.stars[f] != nil {
			l.need(f, c)
			l.link(columnKey(f, c), columnKey(mask, c), catalog.ColumnLevel, maskConfidence)
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
		l.link(columnKey(s.from, c), columnKey(d, c), catalog.ColumnLevel, starConfidence)
	}
}

// need makes sure that a dataset has a column.
func (l *linker) need(d, c string) {
	if l.columns[d][c] {
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

func (l *linker) link(from, to string, level catalog.Level, confidence float64) {
	l.links[[2]string{from, to}] = linkedness{level, confidence}
}

func readLinker(ctx context.Context, tx pgx.Tx) (*linker, error) {
	l := &linker{
		stars: map[string][]star{}, matches: map[string][]string{}, columns: map[string]map[string]bool{},
		explicit: map[string]map[string]bool{}, made: map[string]map[string]bool{}, links: map[[2]string]linkedness{},
	}
	for _, read := range []func(context.Context, pgx.Tx) error{l.readStars, l.readMasks, l.readColumns, l.readExplicit} {
		if err := read(ctx, tx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *linker) matter(dataset string) {
	if l.columns[dataset] == nil {
		l.columns[dataset] = map[string]bool{}
	}
}

func (l *linker) readStars(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, "select unit, from_dataset, to_dataset from qlikcrawler.lineage_star")
	if err != nil {
		return err
	}
	var s star
	var to string
	_, err = pgx.ForEachRow(rows, []any{&s.unit, &s.from, &to}, func() error {
		l.stars[to] = append(l.stars[to], s)
		l.matter(s.from)
		l.matter(to)
		return nil
	})
	if err != nil {
		return err
	}
	rows, err = tx.Query(ctx, "select distinct parent_key from qlikcrawler.lineage_node where kind = 'dataset_column' and name = '*' and unit <> ''")
	if err != nil {
		return err
	}
	var d string
	_, err = pgx.ForEachRow(rows, []any{&d}, func() error {
		l.matter(d)
		return nil
	})
	return err
}

// readMasks finds the files of each mask. All its keys start with what stands before the first * or ?.
func (l *linker) readMasks(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, "select distinct key, mask from qlikcrawler.lineage_node where mask is not null and unit <> ''")
	if err != nil {
		return err
	}
	var keys, masks, starts []string
	var key, mask string
	_, err = pgx.ForEachRow(rows, []any{&key, &mask}, func() error {
		keys, masks, starts = append(keys, key), append(masks, mask), append(starts, key[:strings.IndexAny(key+"*", "*?")])
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	rows, err = tx.Query(ctx, `
		select distinct m.key, n.key from unnest($1::text[], $2::text[], $3::text[]) as m(key, mask, start)
		join qlikcrawler.lineage_node n on n.key >= m.start collate "C" and n.key < (m.start || chr(1114111)) collate "C"
			and n.kind = 'dataset' and n.mask is null and n.key ~ m.mask`, keys, masks, starts)
	if err != nil {
		return err
	}
	var file string
	_, err = pgx.ForEachRow(rows, []any{&key, &file}, func() error {
		l.matches[key] = append(l.matches[key], file)
		l.matter(key)
		l.matter(file)
		return nil
	})
	return err
}

func (l *linker) readColumns(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `select distinct parent_key, name from qlikcrawler.lineage_node
		where parent_key = any($1) and kind = 'dataset_column' and unit <> '' and name is not null`, slices.Collect(maps.Keys(l.columns)))
	if err != nil {
		return err
	}
	var d, c string
	_, err = pgx.ForEachRow(rows, []any{&d, &c}, func() error {
		l.columns[d][c] = true
		return nil
	})
	return err
}

// readExplicit finds which units store columns by name in datasets that they also store stars in.
func (l *linker) readExplicit(ctx context.Context, tx pgx.Tx) error {
	var units, keys []string
	for d, stars := range l.stars {
		for c := range l.columns[d] {
			for _, s := range stars {
				units, keys = append(units, s.unit), append(keys, columnKey(d, c))
			}
		}
	}
	rows, err := tx.Query(ctx, `select distinct e.unit, e.to_key from unnest($1::text[], $2::text[]) as x(unit, key)
		join qlikcrawler.lineage_edge e on e.to_key = x.key and e.unit = x.unit and e.level = 'column'`, units, keys)
	if err != nil {
		return err
	}
	var unit, key string
	_, err = pgx.ForEachRow(rows, []any{&unit, &key}, func() error {
		if l.explicit[key] == nil {
			l.explicit[key] = map[string]bool{}
		}
		l.explicit[key][unit] = true
		return nil
	})
	return err
}

// write makes the stored links and columns those that were found; what is there already isn't touched.
func (l *linker) write(ctx context.Context, tx pgx.Tx) error {
	gone, err := l.stored(ctx, tx)
	if err != nil {
		return err
	}
	links := newColumnar(3, 1, 0)
	for pair, how := range l.links {
		links.text(pair[0], pair[1], string(how.level))
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
	b.Queue(`insert into qlikcrawler.lineage_link (from_key, to_key, level, confidence)
		select * from unnest($1::text[], $2::text[], $3::text[], $4::float8[])`, links.args()...)
	b.Queue(`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name, parent_key)
		select f.key, '', (select d.connection from qlikcrawler.lineage_node d where d.key = f.parent_key limit 1), 'dataset_column', f.name, f.parent_key
		from unnest($1::text[], $2::text[], $3::text[]) as f(key, parent_key, name)`, nodes.args()...)
	return tx.SendBatch(ctx, b).Close()
}

// stored reads the links and columns of the last time. What was found again is taken off what is to be
// written; the others are gone: from and to of links, and keys of columns.
func (l *linker) stored(ctx context.Context, tx pgx.Tx) (columnar, error) {
	gone := newColumnar(3, 0, 0)
	rows, err := tx.Query(ctx, "select from_key, to_key, level, confidence from qlikcrawler.lineage_link")
	if err != nil {
		return gone, err
	}
	var pair [2]string
	var was linkedness
	_, err = pgx.ForEachRow(rows, []any{&pair[0], &pair[1], &was.level, &was.confidence}, func() error {
		if l.links[pair] == was {
			delete(l.links, pair)
			return nil
		}
		from, to := pair[0], pair[1]
		gone.texts[0], gone.texts[1] = append(gone.texts[0], &from), append(gone.texts[1], &to)
		return nil
	})
	if err != nil {
		return gone, err
	}
	rows, err = tx.Query(ctx, "select key, parent_key, name from qlikcrawler.lineage_node where unit = ''")
	if err != nil {
		return gone, err
	}
	var key, d, c string
	_, err = pgx.ForEachRow(rows, []any{&key, &d, &c}, func() error {
		if l.made[d][c] {
			delete(l.made[d], c)
			return nil
		}
		k := key
		gone.texts[2] = append(gone.texts[2], &k)
		return nil
	})
	return gone, err
}
