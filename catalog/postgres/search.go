package postgres

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

const (
	searchLimit     = 20   // hits of a page that doesn't say
	mostSearchLimit = 100  // hits of a page
	deepest         = 1000 // hits that can be reached by paging: beyond, a person asks otherwise
	candidates      = 400  // rows of each shelf that a try looks at
)

// beginSearch keeps searches to the indexes of words: the planner doesn't know how rare a word is, and to
// look through a table for a rare one would take seconds. Plans are made once: there is only one good one,
// and to make it anew for each question takes longer than to run it.
const beginSearch = `begin read only; set local enable_seqscan = off; set local enable_indexscan = off;
	set local enable_indexonlyscan = off; set local plan_cache_mode = force_generic_plan`

// Search finds things by their words: see catalog.Search. A question without words and filters is
// CodeInvalid.
//
// It looks for the whole name first, then for its beginning, for words in it, for words anywhere, and for
// words with one slip in them, and stops when the page is full. Of each kind of things it looks at a
// limited number of rows in each way, so that a word that half of the catalog has takes no longer than
// a rare one.
func (db *DB) Search(ctx context.Context, s catalog.Search) (*catalog.SearchResult, error) {
	limit, skip, err := searchPage(s)
	if err != nil {
		return nil, err
	}
	result := &catalog.SearchResult{Hits: []catalog.Hit{}}
	stats := db.wordStats(ctx)
	err = pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: beginSearch}, func(tx pgx.Tx) error {
		q := newQuestion(s.Text)
		list := q.narrow(s)
		f := &finder{tx: tx, search: s, question: q, shelves: list, stats: stats, want: skip + limit + 1, same: map[string]*found{}, seen: map[string]bool{}}
		if err := f.find(ctx); err != nil {
			return err
		}
		page := f.list[min(skip, len(f.list)):min(skip+limit, len(f.list))]
		if len(f.list) > skip+limit && skip+limit < deepest {
			result.Next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(skip + limit)))
		}
		result.Instead = f.used
		if result.Hits, err = f.hits(ctx, page); err != nil {
			return err
		}
		if s.Facets {
			result.Facets, err = f.facets(ctx)
		}
		return err
	})
	if err != nil {
		return nil, fail("search", "", err)
	}
	return result, nil
}

// CheckSearch says all that is wrong with a search, without asking the database: CodeInvalid with
// catalog.QueryFaults, as Search would.
func (db *DB) CheckSearch(s catalog.Search) error {
	_, _, err := searchPage(s)
	return err
}

// searchPage checks a search and gives the place of its page.
func searchPage(s catalog.Search) (limit, skip int, err error) {
	var faults catalog.QueryFaults
	refuse := func(parameter string, i int, why, cure string) {
		faults = append(faults, catalog.QueryFault{Parameter: parameter, Index: i, Why: why, Cure: cure})
	}
	limit = s.Limit
	if limit == 0 {
		limit = searchLimit
	}
	if limit < 0 || limit > mostSearchLimit {
		refuse("limit", 0, fmt.Sprintf("a page has from 1 to %d hits, not %d", mostSearchLimit, s.Limit), "Ask for less, and for the next page then.")
	}
	if s.Cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(s.Cursor)
		skip, _ = strconv.Atoi(string(text))
		if err != nil || skip <= 0 || skip > deepest {
			refuse("cursor", 0, "this is no cursor", "Leave it out for the first page, and take each next one from the answer before.")
		}
	}
	for i, k := range s.Kinds {
		if !slices.Contains(catalog.HitKinds, k) {
			refuse("kind", i, fmt.Sprintf("there is no kind %q", k), catalog.OneOf(k, catalog.HitKinds))
		}
	}
	if strings.TrimSpace(s.Text) == "" &&
		len(s.Kinds)+len(s.Connections)+len(s.Types)+len(s.Streams)+len(s.Apps)+len(s.Owners)+len(s.Tags) == 0 {
		refuse("q", 0, "a word or a filter is needed", "Write what you look for, or choose a connection, a kind, a stream, a tag.")
	}
	if len(faults) > 0 {
		return 0, 0, &catalog.Error{Code: catalog.CodeInvalid, Op: "search", Err: faults}
	}
	return limit, skip, nil
}

// narrow makes the filters of a search part of the question, and gives the shelves that are left.
func (q *question) narrow(s catalog.Search) []shelf {
	list, only := shelvesOf(s.Kinds)
	filters := []string{only}
	if len(s.Connections) > 0 {
		filters = append(filters, or(each(s.Connections, func(c string) string { return lexeme(markConnection, c) })))
	}
	if !s.Scope.All { // the rows are asked too; this makes it quick
		filters = append(filters, or(each(s.Scope.Connections, func(c string) string { return lexeme(markConnection, c) })))
	}
	if len(s.Types) > 0 {
		filters = append(filters, or(ofTypes(s.Types)))
	}
	if len(s.Tags) > 0 {
		filters = append(filters, or(each(s.Tags, func(t string) string { return lexeme(markTag, fold(t, longestName)) })))
	}
	if len(s.Apps) > 0 {
		filters = append(filters, or(each(s.Apps, func(k catalog.Key) string { return lexeme(markApp, clean(string(k))) })))
	}
	if len(s.Streams) > 0 {
		filters = append(filters, or(each(s.Streams, func(k catalog.Key) string { return lexeme(markStream, clean(string(k))) })))
	}
	if len(s.Owners) > 0 {
		filters = append(filters, or(each(s.Owners, func(o string) string { return lexeme(markOwner, fold(clean(o), longestName)) })))
	}
	q.filter = and(filters...)
	return list
}

func each[A, B any](list []A, fn func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = fn(a)
	}
	return out
}

// A finder collects what a search finds.
type finder struct {
	tx       pgx.Tx
	search   catalog.Search
	question question
	shelves  []shelf
	stats    *[tableCount]tableStats // nil: nothing is known
	want     int                     // hits that are enough
	widest   try                     // the last that was made
	list     []*found
	seen     map[string]bool   // keys
	same     map[string]*found // the first of equal fields
	used     map[string][]string
}

// A found is a row that may become a hit.
type found struct {
	table int
	place classPlace
	way   catalog.Match
	key   string
	name  string
	same  string // of a field: equal to others that say the same under one name
}

func (f *finder) find(ctx context.Context) error {
	asked := map[string]bool{}
	for _, t := range tries {
		if len(f.list) >= f.want {
			return nil
		}
		if t.match == catalog.MatchNear {
			if err := f.respell(ctx); err != nil {
				return err
			}
		}
		tier := f.question.tier(t)
		query := f.question.queryOf(tier)
		if query == "" || asked[query] {
			continue
		}
		asked[query], f.widest = true, t
		index, check := f.split(tier)
		for _, list := range f.stages(tier) {
			if len(f.list) >= f.want {
				return nil
			}
			if err := f.look(ctx, t.match, index, check, list); err != nil {
				return err
			}
		}
	}
	return nil
}

// rare is how many rows can be looked through at once, whatever they are.
const rare = 300

// stages are the shelves in the order in which a tier looks through them: at once what is rare.
func (f *finder) stages(tier []clause) [][]shelf {
	if n, known := f.rowsOf(tier); known && n < rare {
		return [][]shelf{f.shelves}
	}
	var all [][]shelf
	for stage := range lastStage + 1 {
		list := slices.DeleteFunc(slices.Clone(f.shelves), func(s shelf) bool { return s.stage != stage })
		if len(list) > 0 {
			all = append(all, list)
		}
	}
	return all
}

// common is how many rows a beginning may have before collecting them all takes too long.
const common = 20_000

// split makes two tsqueries of a tier: the index is asked the one, and of the rows that it finds the other,
// "" for none, must hold. The index collects all that begins with something before it looks for what else
// there must be: beginnings that are common are left to the rows that have a rarer word.
func (f *finder) split(tier []clause) (index, check string) {
	var first, second []clause
	for _, c := range tier {
		n, known := f.rowsOf([]clause{c})
		if known && n > common && len(c.lexemes) > 0 && c.lexemes[0].open {
			second = append(second, c)
		} else {
			first = append(first, c)
		}
	}
	if len(first) == 0 {
		return f.question.queryOf(tier), ""
	}
	return f.question.queryOf(first), and(each(second, func(c clause) string { return c.query })...)
}

// look takes what some shelves have.
func (f *finder) look(ctx context.Context, way catalog.Match, query, check string, list []shelf) error {
	batch, err := f.try(ctx, way, query, check, list)
	if err != nil {
		return err
	}
	if way == catalog.MatchNear && len(batch) > 0 {
		f.used = f.question.instead
	}
	slices.SortFunc(batch, func(a, b *found) int {
		return cmp.Or(cmp.Compare(a.place.weight, b.place.weight), cmp.Compare(len(a.name), len(b.name)),
			cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key))
	})
	f.list = append(f.list, batch...)
	return nil
}

// mostRounds is how often a way is tried anew without the fields that filled the last round.
const mostRounds = 4

// try finds in one way. Where equal fields take all the room, it looks again for others.
func (f *finder) try(ctx context.Context, way catalog.Match, query, check string, list []shelf) ([]*found, error) {
	var batch []*found
	for round := 0; round < mostRounds && len(list) > 0; round++ {
		rows, err := f.tx.Query(ctx, f.candidatesSQL(list, check), f.args(query, check)...)
		if err != nil {
			return nil, err
		}
		full, fresh := map[int]int{}, 0
		var without []string
		var c found
		var name class
		var at int
		_, err = pgx.ForEachRow(rows, []any{&at, &name, &c.key, &c.name, &c.same}, func() error {
			full[at]++
			if f.seen[c.key] {
				return nil
			}
			f.seen[c.key] = true
			if c.same != "" && f.same[c.same] != nil {
				return nil
			}
			one := c
			one.way, one.table, one.place = way, list[at].table, placeOfClass(name)
			if c.same != "" {
				f.same[c.same] = &one
				without = append(without, "!"+lexeme(markSame, c.same))
			}
			batch, fresh = append(batch, &one), fresh+1
			return nil
		})
		if err != nil {
			return nil, err
		}
		if fresh == 0 || len(f.list)+len(batch) >= f.want {
			break
		}
		var left []shelf
		for i, s := range list {
			if s.table == fields && full[i] >= f.most() {
				left = append(left, s)
			}
		}
		list, query = left, and(append([]string{"(" + query + ")"}, without...)...)
	}
	return batch, nil
}

// most is how many rows of a shelf are looked at.
func (f *finder) most() int { return max(candidates, f.want) }

// sameSQL is sameness of a report field t, which isn't masked.
const sameSQL = "left(encode(sha256(convert_to(t.type || E'\\x01' || coalesce(t.name, '') || E'\\x01' || coalesce(t.formula, ''), 'UTF8')), 'hex'), 16)"

// candidatesSQL looks through shelves. Its parameters are those of condition, and then check, a tsquery that
// holds of the rows that the index finds, unless it is ""; written as a function it is never asked of the
// index.
func (f *finder) candidatesSQL(list []shelf, check string) string {
	parts := make([]string, len(list))
	and := ""
	if check != "" {
		and = fmt.Sprintf(" and ts_match_vq(t.search, $%d::tsquery)", len(f.args("", check)))
	}
	for i, s := range list {
		same := "''"
		if s.table == fields {
			same = sameSQL
		}
		parts[i] = fmt.Sprintf("(select %d, (%s)::text, t.key, coalesce(t.name, ''), %s from qlikcrawler.%s t where %s%s limit %d)",
			i, s.class, same, tables[s.table].name, f.condition(s), and, f.most())
	}
	return strings.Join(parts, " union all ")
}

// condition says which rows of a shelf are found. $1 is the tsquery, $2 the connections that may be seen.
// Reports of one kind are told by their lexeme too: the index has other kinds.
func (f *finder) condition(s shelf) string {
	sql := s.where + " and t.search @@ $1::tsquery"
	if s.table == reports && s.stage == 0 {
		sql = fmt.Sprintf("%s and t.search @@ ($1::tsquery && '''%s%s'''::tsquery)", s.where, markClass, s.classes[0])
	}
	return sql + f.limits()
}

// limits says which rows of any table may be found. $2 are the connections that may be seen.
func (f *finder) limits() string {
	sql := ""
	if !f.search.Scope.All {
		sql += " and t.connection = any($2::text[])"
	}
	if !f.search.Retired {
		sql += " and t.retired_at is null"
	}
	return sql
}

// args are those of condition, and check, unless it is "".
func (f *finder) args(query, check string) []any {
	args := []any{query}
	if !f.search.Scope.All {
		codes := f.search.Scope.Connections
		if codes == nil {
			codes = []string{}
		}
		args = append(args, codes)
	}
	if check != "" {
		args = append(args, check)
	}
	return args
}
