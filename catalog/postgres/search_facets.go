package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

const (
	// mostCounted is how many rows of each shelf facets count one by one.
	mostCounted = 500
	// sampledFrom is the share of a table's rows that a question must find for them to be estimated from a
	// sample of the table, of so many pages, and how many of the sample it must find.
	sampledFrom  = 0.02
	samplePages  = 250
	leastSampled = 40
)

// facets counts what the widest way in which was looked finds. What is rare is counted row by row, as far as
// mostCounted; what a good part of a table has is estimated from a sample of its pages, always the same ones:
// to collect hundreds of thousands of rows, only to say that they are many, would take the longest time of all.
func (f *finder) facets(ctx context.Context) (*catalog.Facets, error) {
	way := try{catalog.MatchText, f.widest.open}
	switch {
	case len(f.used) > 0:
		way = f.widest
	case f.widest.match == catalog.MatchNear: // to no avail
		way.open = allOpen
	}
	tier := f.question.tier(way)
	t := facetTally{kinds: map[string]count{}, connections: map[string]count{}, types: map[string]count{}}
	exact, sampled := f.sampled(tier)
	for _, table := range sampled {
		enough, err := f.countSample(ctx, tier, table, &t)
		if err != nil {
			return nil, err
		}
		if !enough { // filters leave little of it
			for _, s := range f.shelves {
				if s.table == table {
					exact = append(exact, s)
				}
			}
		}
	}
	if err := f.countRows(ctx, tier, exact, &t); err != nil {
		return nil, err
	}
	return &catalog.Facets{Kinds: facetsOf(t.kinds), Connections: facetsOf(t.connections), Types: facetsOf(t.types), More: t.more}, nil
}

// sampled parts the shelves into those that are counted row by row and the tables of the others.
func (f *finder) sampled(tier []clause) (exact []shelf, large []int) {
	for _, s := range f.shelves {
		if f.stats != nil && len(f.question.words) > 0 {
			if st := &f.stats[s.table]; s.table != sources && st.pages > 4*samplePages && st.tierShare(tier) >= sampledFrom {
				if !slices.Contains(large, s.table) {
					large = append(large, s.table)
				}
				continue
			}
		}
		exact = append(exact, s)
	}
	return exact, large
}

// A count is how many things have a value, and how that is known.
type count struct {
	n     float64
	bound catalog.Bound
}

type facetTally struct {
	kinds, connections, types map[string]count
	more                      bool
}

func (t *facetTally) add(name class, connection, typ string, n float64, bound catalog.Bound) {
	for _, x := range []struct {
		to    map[string]count
		value string
	}{{t.kinds, placeOfClass(name).kind}, {t.connections, connection}, {t.types, typ}} {
		if x.value == "" {
			continue
		}
		c := x.to[x.value]
		c.n += n
		if c.bound != catalog.CountAbout && bound != "" {
			c.bound = bound
		}
		x.to[x.value] = c
	}
	t.more = t.more || bound == catalog.CountAtLeast
}

// classOfRow and typeOfRow are SQL of a row's class and type, by table.
var (
	classOfRow = map[int]string{groups: "t.kind", reports: "t.kind", fields: fieldClass, modelTables: "'table'", modelFields: "'field'"}
	typeOfRow  = map[int]string{reports: "t.type", fields: "t.type"}
)

func typeSQL(table int) string {
	if sql := typeOfRow[table]; sql != "" {
		return sql
	}
	return "null"
}

// countSample estimates a table's part from some of its pages; false if too few rows of them are found.
func (f *finder) countSample(ctx context.Context, tier []clause, table int, t *facetTally) (enough bool, err error) {
	percent := 100 * samplePages / f.stats[table].pages
	sql := fmt.Sprintf(`
		select (%s)::text, t.connection, %s::text, count(*) from (
			select * from qlikcrawler.%s tablesample system (%f) repeatable (1)) t
		where ts_match_vq(t.search, $1::tsquery)%s group by 1, 2, 3`,
		classOfRow[table], typeSQL(table), tables[table].name, percent, f.limits())
	type part struct {
		name            class
		connection, typ string
		n               int
	}
	rows, err := f.tx.Query(ctx, sql, f.args(f.question.queryOf(tier), "")...)
	if err != nil {
		return false, err
	}
	sum := 0
	parts, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (p part, err error) {
		err = r.Scan(&p.name, &p.connection, (*zeronull.Text)(&p.typ), &p.n)
		sum += p.n
		return p, err
	})
	if err != nil || sum < leastSampled {
		return false, err
	}
	for _, p := range parts {
		t.add(p.name, p.connection, p.typ, float64(p.n)*100/percent, catalog.CountAbout)
	}
	return true, nil
}

// countRows counts what some shelves have.
func (f *finder) countRows(ctx context.Context, tier []clause, list []shelf, t *facetTally) error {
	if len(list) == 0 {
		return nil
	}
	query, check := f.split(tier)
	and := ""
	if check != "" {
		and = fmt.Sprintf(" and ts_match_vq(t.search, $%d::tsquery)", len(f.args("", check)))
	}
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = fmt.Sprintf(`(select %d, class, connection, typ, count(*) from (
			select (%s)::text as class, t.connection, %s::text as typ from qlikcrawler.%s t where %s%s limit %d) x group by 2, 3, 4)`,
			i, s.class, typeSQL(s.table), tables[s.table].name, f.condition(s), and, mostCounted)
	}
	rows, err := f.tx.Query(ctx, strings.Join(parts, " union all "), f.args(query, check)...)
	if err != nil {
		return err
	}
	type part struct {
		at              int
		name            class
		connection, typ string
		n               int
	}
	all := map[int]int{}
	found, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (p part, err error) {
		err = r.Scan(&p.at, &p.name, &p.connection, (*zeronull.Text)(&p.typ), &p.n)
		all[p.at] += p.n
		return p, err
	})
	for _, p := range found {
		var bound catalog.Bound
		if all[p.at] >= mostCounted {
			bound = catalog.CountAtLeast
		}
		t.add(p.name, p.connection, p.typ, float64(p.n), bound)
	}
	return err
}

// facetsOf are counts, the greatest first; estimates are rounded.
func facetsOf(counts map[string]count) []catalog.Facet {
	list := make([]catalog.Facet, 0, len(counts))
	for v, c := range counts {
		f := catalog.Facet{Value: v, Count: int(math.Round(c.n)), Bound: c.bound}
		if c.bound == catalog.CountAbout {
			f.Count = rounded(c.n)
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b catalog.Facet) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Value, b.Value)
	})
	return list
}

// rounded is a number with two digits that mean something.
func rounded(n float64) int {
	unit := math.Pow(10, max(0, math.Floor(math.Log10(max(n, 1)))-1))
	return int(math.Round(n/unit) * unit)
}
