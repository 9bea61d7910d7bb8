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
	l := newLinker()
	b := &pgx.Batch{}
	if m.all {
		l.queueAll(b)
	} else {
		if err := l.readScope(ctx, tx, m.datasets); err != nil {
			return nil, err
		}
		l.queueScope(b)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	if err := l.readColumns(ctx, tx); err != nil {
		return nil, err
	}
	return l, l.readExplicit(ctx, tx)
}

// datasets are those of the scope.
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
		if len(added) == 0 {
			return nil
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
		l.columns[l.text(dataset)] = map[string]bool{}
	}
}

// text is a text that is held once, however often it is read.
func (l *linker) text(s string) string {
	if held, ok := l.texts[s]; ok {
		return held
	}
	l.texts[s] = s
	return s
}

// someMasks are the masks that apps speak of; a condition may follow.
const someMasks = "(select distinct key, mask from qlikcrawler.lineage_node where mask is not null and unit <> ''"

// queueAll asks for all stars and masks, and for the datasets that matter besides: some of their columns aren't known, or something
// was linked with them the last time.
func (l *linker) queueAll(b *pgx.Batch) {
	b.Queue("select unit, from_dataset, to_dataset from qlikcrawler.lineage_star").Query(l.takeStars)
	b.Queue("select distinct m.key, n.key from " + someMasks + ") m join qlikcrawler.lineage_node n on " + filesOf).Query(l.takeMasks)
	b.Queue(`select parent_key from qlikcrawler.lineage_node
			where kind = 'dataset_column' and parent_key is not null and (name = '*' and unit <> '' or unit = '')
		union select from_dataset from qlikcrawler.lineage_link where from_dataset is not null`).Query(func(rows pgx.Rows) error {
		var d string
		_, err := pgx.ForEachRow(rows, []any{&d}, func() error {
			l.matter(d)
			return nil
		})
		return err
	})
}

// queueScope asks for the stars that are stored from or in datasets of the scope, and for the masks that are in it or match a file of it.
func (l *linker) queueScope(b *pgx.Batch) {
	b.Queue(`select unit, from_dataset, to_dataset from qlikcrawler.lineage_star
		where from_dataset = any($1) or to_dataset = any($1)`, l.datasets()).Query(l.takeStars)
	b.Queue("select distinct m.key, n.key from "+someMasks+" and key = any($1)) m join qlikcrawler.lineage_node n on "+filesOf+`
		union select m.key, f from `+someMasks+`) m cross join unnest($1::text[]) f
			where case when starts_with(f, `+literal+`) then f ~ m.mask else false end
				and exists (select from qlikcrawler.lineage_node n where n.key = f and n.kind = 'dataset' and n.mask is null)`,
		l.datasets()).Query(l.takeMasks)
}

func (l *linker) takeStars(rows pgx.Rows) error {
	var s star
	_, err := pgx.ForEachRow(rows, []any{&s.unit, &s.from, &s.to}, func() error {
		one := star{l.text(s.unit), l.text(s.from), l.text(s.to)}
		l.behind[one.to] = append(l.behind[one.to], one)
		l.storedIn[one.from] = append(l.storedIn[one.from], one)
		l.matter(one.from)
		l.matter(one.to)
		return nil
	})
	return err
}

func (l *linker) takeMasks(rows pgx.Rows) error {
	var mask, file string
	_, err := pgx.ForEachRow(rows, []any{&mask, &file}, func() error {
		m, f := l.text(mask), l.text(file)
		l.matches[m] = append(l.matches[m], f)
		l.masks[f] = append(l.masks[f], m)
		l.matter(m)
		l.matter(f)
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
			l.columns[d][l.text(c)] = true
		}
		return nil
	})
	return err
}

// sayingsAtATime is how many columns are asked for at a time whether units store them by name.
const sayingsAtATime = 5000

// readExplicit finds which units store columns by name in datasets that they also store stars in.
func (l *linker) readExplicit(ctx context.Context, tx pgx.Tx) error {
	var asked []saying
	for d, stars := range l.behind {
		for c := range l.columns[d] {
			for _, s := range stars {
				asked = append(asked, saying{s.unit, d, c})
			}
			if len(asked) < sayingsAtATime {
				continue
			}
			if err := l.readSaid(ctx, tx, asked); err != nil {
				return err
			}
			asked = asked[:0]
		}
	}
	return l.readSaid(ctx, tx, asked)
}

// readSaid keeps those that are said.
func (l *linker) readSaid(ctx context.Context, tx pgx.Tx, asked []saying) error {
	if len(asked) == 0 {
		return nil
	}
	units, keys := make([]string, len(asked)), make([]string, len(asked))
	for i, a := range asked {
		units[i], keys[i] = a.unit, columnKey(a.dataset, a.column)
	}
	rows, err := tx.Query(ctx, `select distinct x.n from unnest($1::text[], $2::text[]) with ordinality as x(unit, key, n)
		join qlikcrawler.lineage_edge e on e.to_key = x.key and e.unit = x.unit and e.level = 'column'`, units, keys)
	if err != nil {
		return err
	}
	var n int
	_, err = pgx.ForEachRow(rows, []any{&n}, func() error {
		l.explicit[asked[n-1]] = true
		return nil
	})
	return err
}
