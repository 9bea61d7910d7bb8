package postgres

import (
	"cmp"
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
	mostCounted = 300
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
	var parts []facetPart
	exact, sampled := f.sampled(tier)
	for _, table := range sampled {
		sample, err := f.countSample(ctx, tier, table)
		if err != nil {
			return nil, err
		}
		parts = append(parts, sample...)
		if len(sample) == 0 { // filters leave little of it
			for _, s := range f.shelves {
				if s.table == table {
					exact = append(exact, s)
				}
			}
		}
	}
	counted, err := f.countRows(ctx, tier, exact)
	if err != nil {
		return nil, err
	}
	parts = append(parts, counted...)
	within, err := f.whereaboutsOf(ctx, parts)
	if err != nil {
		return nil, err
	}
	return tallied(parts, within), nil
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

// A facetPart is how many things that are found are alike in all that facets count by.
type facetPart struct {
	at              int // the shelf
	name            class
	connection, typ string
	app, owner      string // "" where there is none
	tags            []string
	n               float64
	bound           catalog.Bound
}

// What a row t says to facets, as SQL by table; null where a table says nothing.
var (
	classOfRow = [tableCount]string{groups: "t.kind", reports: "t.kind", fields: fieldClass, modelTables: "'table'", modelFields: "'field'", sources: "'script'"}
	typeOfRow  = [tableCount]string{reports: "t.type", fields: "t.type"}
	ownerOfRow = [tableCount]string{reports: "t.owner", groups: "t.owner"}
	tagsOfRow  = [tableCount]string{groups: "t.tags", reports: "t.tags", fields: "t.tags", modelFields: "t.tags"}
)

// facetColumns are the columns of a facetPart but for its shelf and number, of rows t of a table.
func facetColumns(table int, class string) string {
	app := "split_part(t.key, '/', 1) || '/' || split_part(t.key, '/', 2)"
	if table == groups {
		app = "null"
	}
	return fmt.Sprintf("(%s)::text as class, t.connection, %s::text as typ, (%s)::text as app, %s::text as owner, %s::text[] as tags",
		class, cmp.Or(typeOfRow[table], "null"), app, cmp.Or(ownerOfRow[table], "null"), cmp.Or(tagsOfRow[table], "null"))
}

// collectParts reads facet parts.
func collectParts(rows pgx.Rows) ([]facetPart, error) {
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (p facetPart, err error) {
		t := func(s *string) any { return (*zeronull.Text)(s) }
		err = r.Scan(&p.at, &p.name, &p.connection, t(&p.typ), t(&p.app), t(&p.owner), &p.tags, &p.n)
		return p, err
	})
}

// countSample estimates a table's part from some of its pages; nothing if too few rows of them are found.
func (f *finder) countSample(ctx context.Context, tier []clause, table int) ([]facetPart, error) {
	percent := 100 * samplePages / f.stats[table].pages
	sql := fmt.Sprintf(`
		select 0, class, connection, typ, app, owner, tags, count(*)::float8 from (select %s from (
			select * from qlikcrawler.%s tablesample system (%f) repeatable (1)) t
		where ts_match_vq(t.search, $1::tsquery)%s) x group by 2, 3, 4, 5, 6, 7`,
		facetColumns(table, classOfRow[table]), tables[table].name, percent, f.limits())
	rows, err := f.tx.Query(ctx, sql, f.args(f.question.queryOf(tier), "")...)
	if err != nil {
		return nil, err
	}
	parts, err := collectParts(rows)
	sum := 0.0
	for i, p := range parts {
		sum += p.n
		parts[i].n, parts[i].bound = p.n*100/percent, catalog.CountAbout
	}
	if err != nil || sum < leastSampled {
		return nil, err
	}
	return parts, nil
}

// countRows counts what some shelves have.
func (f *finder) countRows(ctx context.Context, tier []clause, list []shelf) ([]facetPart, error) {
	if len(list) == 0 {
		return nil, nil
	}
	query, check := f.split(tier)
	and := ""
	if check != "" {
		and = fmt.Sprintf(" and ts_match_vq(t.search, $%d::tsquery)", len(f.args("", check)))
	}
	shelves := make([]string, len(list))
	for i, s := range list {
		shelves[i] = fmt.Sprintf(`(select %d, class, connection, typ, app, owner, tags, count(*)::float8 from (
			select %s from qlikcrawler.%s t where %s%s limit %d) x group by 2, 3, 4, 5, 6, 7)`,
			i, facetColumns(s.table, s.class), tables[s.table].name, f.condition(s), and, mostCounted)
	}
	rows, err := f.tx.Query(ctx, strings.Join(shelves, " union all "), f.args(query, check)...)
	if err != nil {
		return nil, err
	}
	parts, err := collectParts(rows)
	all := map[int]float64{}
	for _, p := range parts {
		all[p.at] += p.n
	}
	for i, p := range parts {
		if all[p.at] >= mostCounted {
			parts[i].bound = catalog.CountAtLeast
		}
	}
	return parts, err
}

// whereaboutsOf tells the stream and the owner of each app that parts are of.
func (f *finder) whereaboutsOf(ctx context.Context, parts []facetPart) (map[string]whereabouts, error) {
	within, apps, groups := map[string]whereabouts{}, []string{}, []string{}
	for _, p := range parts {
		if _, seen := within[p.app]; p.app == "" || seen {
			continue
		}
		connection, app := placeOf(p.app)
		within[p.app] = whereabouts{}
		apps, groups = append(apps, p.app), append(groups, string(catalog.AppGroupKey(connection, app)))
	}
	b := &pgx.Batch{}
	each := func(set func(w *whereabouts, value string)) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			var app, value string
			_, err := pgx.ForEachRow(rows, []any{&app, &value}, func() error {
				w := within[app]
				set(&w, value)
				within[app] = w
				return nil
			})
			return err
		}
	}
	b.Queue("select key, owner from qlikcrawler.report where key = any($1::text[]) and owner is not null", apps).
		Query(each(func(w *whereabouts, owner string) { w.owner = owner }))
	b.Queue(`select u.app, g.parent_key from unnest($1::text[], $2::text[]) as u(app, key)
		join qlikcrawler.report_group g using (key) where g.parent_key is not null and g.key = any($2::text[])`, apps, groups).
		Query(each(func(w *whereabouts, stream string) { w.stream = stream }))
	return within, f.tx.SendBatch(ctx, b).Close()
}

// A count is how many things have a value, and how that is known.
type count struct {
	value string
	n     float64
	bound catalog.Bound
}

// counts are those of one facet, by value; without case, where that doesn't count.
type counts map[string]count

func (c counts) add(value string, p facetPart) { c.folded(value, value, p) }

func (c counts) folded(key, value string, p facetPart) {
	if value == "" {
		return
	}
	x, known := c[key]
	if !known {
		x.value = value
	}
	x.n += p.n
	if x.bound != catalog.CountAbout && p.bound != "" {
		x.bound = p.bound
	}
	c[key] = x
}

// tallied adds parts up.
func tallied(parts []facetPart, within map[string]whereabouts) *catalog.Facets {
	kinds, connections, types, streams, owners, tags := counts{}, counts{}, counts{}, counts{}, counts{}, counts{}
	more := false
	for _, p := range parts {
		kinds.add(placeOfClass(p.name).kind, p)
		connections.add(p.connection, p)
		types.add(p.typ, p)
		w := within[p.app]
		streams.add(w.stream, p)
		own, apps := fold(p.owner, longestName), fold(w.owner, longestName)
		owners.folded(own, p.owner, p)
		if apps != own {
			owners.folded(apps, w.owner, p)
		}
		for i, tag := range p.tags {
			key := fold(tag, longestName)
			if !slices.ContainsFunc(p.tags[:i], func(other string) bool { return fold(other, longestName) == key }) {
				tags.folded(key, tag, p)
			}
		}
		more = more || p.bound == catalog.CountAtLeast
	}
	some := func(c counts) []catalog.Facet {
		list := facetsOf(c)
		return list[:min(len(list), catalog.FacetLimit)]
	}
	return &catalog.Facets{
		Kinds: facetsOf(kinds), Connections: facetsOf(connections), Types: facetsOf(types),
		Streams: some(streams), Owners: some(owners), Tags: some(tags), More: more,
	}
}

// facetsOf are counts, the greatest first; estimates are rounded.
func facetsOf(all counts) []catalog.Facet {
	list := make([]catalog.Facet, 0, len(all))
	for _, c := range all {
		f := catalog.Facet{Value: c.value, Count: int(math.Round(c.n)), Bound: c.bound}
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
