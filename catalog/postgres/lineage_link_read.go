package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// literal is what the key of a mask m starts with: what stands before its first * or ?. So do the keys of all its files.
const literal = "split_part(translate(m.key, '?', '*'), '*', 1)"

// filesOf are the files n that match masks m.
const filesOf = `n.key >= ` + literal + ` collate "C" and n.key < (` + literal + ` || chr(1114111)) collate "C"
	and n.kind = 'dataset' and n.mask is null and n.key ~ m.mask`

// readLinker reads what a linker needs: everything, or what lies around the datasets that were touched.
func readLinker(ctx context.Context, tx pgx.Tx, m *mark) (*linker, error) {
	l := &linker{
		stars: map[string][]star{}, matches: map[string][]string{}, masks: map[string][]string{}, columns: map[string]map[string]bool{},
		explicit: map[string]map[string]bool{}, made: map[string]map[string]bool{}, links: map[[2]string]linkedness{},
	}
	if !m.all {
		if err := l.readScope(ctx, tx, m.datasets); err != nil {
			return nil, err
		}
	}
	for _, read := range []func(context.Context, pgx.Tx) error{l.readStars, l.readMasks, l.readColumns, l.readExplicit} {
		if err := read(ctx, tx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// where limits a query to the scope, by its column of datasets.
func (l *linker) where(column string) (condition string, args []any) {
	if l.scope == nil {
		return "true", nil
	}
	return column + " = any($1)", []any{l.datasets()}
}

func (l *linker) datasets() []string {
	return slices.AppendSeq(make([]string, 0, len(l.scope)), maps.Keys(l.scope))
}

// readScope finds the datasets whose columns depend on those that were touched: what is stored in them whole, the files
// of masks, now or when links were made last, and so on. The others' columns are what they were.
func (l *linker) readScope(ctx context.Context, tx pgx.Tx, touched []string) error {
	l.scope = map[string]bool{}
	next := touched
	for len(next) > 0 {
		var added []string
		for _, d := range next {
			if !l.scope[d] {
				l.scope[d] = true
				l.matter(d)
				added = append(added, d)
			}
		}
		rows, err := tx.Query(ctx, `
			select from_dataset from qlikcrawler.lineage_star where to_dataset = any($1)
			union select from_dataset from qlikcrawler.lineage_link where to_key = any($1) and level = 'table'
			union select n.key from (select distinct key, mask from qlikcrawler.lineage_node where key = any($1) and mask is not null and unit <> '') m
				join qlikcrawler.lineage_node n on `+filesOf, added)
		if err != nil {
			return err
		}
		if next, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
	}
	return nil
}

func (l *linker) matter(dataset string) {
	if l.columns[dataset] == nil {
		l.columns[dataset] = map[string]bool{}
	}
}

func (l *linker) readStars(ctx context.Context, tx pgx.Tx) error {
	query, args := "select unit, from_dataset, to_dataset from qlikcrawler.lineage_star", []any(nil)
	if l.scope != nil {
		query, args = query+" where from_dataset = any($1) or to_dataset = any($1)", []any{l.datasets()}
	}
	rows, err := tx.Query(ctx, query, args...)
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
	if err != nil || l.scope != nil {
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

// readMasks finds the files of each mask: of all, or of those that are in the scope or match a file of it.
func (l *linker) readMasks(ctx context.Context, tx pgx.Tx) error {
	const masks = "(select distinct key, mask from qlikcrawler.lineage_node where mask is not null and unit <> ''"
	query, args := "select distinct m.key, n.key from "+masks+") m join qlikcrawler.lineage_node n on "+filesOf, []any(nil)
	if l.scope != nil {
		args = []any{l.datasets()}
		query = "select distinct m.key, n.key from " + masks + " and key = any($1)) m join qlikcrawler.lineage_node n on " + filesOf + `
			union select m.key, f from ` + masks + `) m cross join unnest($1::text[]) f
				where case when starts_with(f, ` + literal + `) then f ~ m.mask else false end
					and exists (select from qlikcrawler.lineage_node n where n.key = f and n.kind = 'dataset' and n.mask is null)`
	}
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	var mask, file string
	_, err = pgx.ForEachRow(rows, []any{&mask, &file}, func() error {
		l.matches[mask] = append(l.matches[mask], file)
		l.masks[file] = append(l.masks[file], mask)
		l.matter(mask)
		l.matter(file)
		return nil
	})
	return err
}

// readColumns reads the columns that apps name and, of datasets outside of the scope, those that follow.
func (l *linker) readColumns(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `select distinct parent_key, name, unit = '' from qlikcrawler.lineage_node
		where parent_key = any($1) and kind = 'dataset_column' and name is not null`, slices.Collect(maps.Keys(l.columns)))
	if err != nil {
		return err
	}
	var d, c string
	var follows bool
	_, err = pgx.ForEachRow(rows, []any{&d, &c, &follows}, func() error {
		if !follows || !l.inScope(d) {
			l.columns[d][c] = true
		}
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
	if len(units) == 0 {
		return nil
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
