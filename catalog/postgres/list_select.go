package postgres

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A selection is one query of a list on its way to Postgres. It collects all that is wrong with it.
type selection[T any] struct {
	of     *list[T]
	read   []*listColumn[T]
	long   bool // read long columns too, where none are named
	where  []string
	order  []term
	args   []any
	faults catalog.QueryFaults
}

// A term is one of the things that rows are sorted by.
type term struct {
	name    string // of the column
	sql     string
	typ     *columnType
	notNull bool
	desc    bool
}

// selection prepares a query; with defaults, the list's own filters hold too.
func (l *list[T]) selection(q catalog.Query, defaults bool) *selection[T] {
	s := &selection[T]{of: l}
	s.scoped(q.Scope)
	s.fields(q.Fields)
	for i, f := range q.Filters {
		s.filter(i, f)
	}
	for _, f := range l.unless {
		if defaults && !slices.ContainsFunc(q.Filters, func(g catalog.Filter) bool {
			return g.Column == f.Column || l.lifts[g.Column] == f.Column
		}) {
			s.filter(len(q.Filters), f)
		}
	}
	s.sort(q.Sort)
	return s
}

func (s *selection[T]) refuse(f catalog.QueryFault) { s.faults = append(s.faults, f) }

// arg adds an argument and gives its place.
func (s *selection[T]) arg(v any, cast string) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d::%s", len(s.args), cast)
}

// scoped is the one place where it is decided which connections' rows a query may see.
func (s *selection[T]) scoped(scope catalog.Scope) {
	if s.of.scope == ofNoConnection && s.of.scopes == "" || scope.All {
		return
	}
	codes := scope.Connections
	if codes == nil {
		codes = []string{}
	}
	if s.of.scopes != "" {
		s.where = append(s.where, fmt.Sprintf(s.of.scopes, s.arg(codes, "text[]")))
		return
	}
	s.where = append(s.where, fmt.Sprintf("%s = any(%s)", s.of.scope, s.arg(codes, "text[]")))
}

func (s *selection[T]) fields(names []string) {
	for i, name := range names {
		c := s.of.column(name)
		if c == nil || !c.readable() {
			s.refuse(catalog.QueryFault{
				Parameter: "fields", Index: i, Why: fmt.Sprintf("the %s have no column %q", s.of.name, name),
				Cure: catalog.OneOf(name, s.of.names((*listColumn[T]).readable)),
			})
			continue
		}
		if !slices.Contains(s.read, c) {
			s.read = append(s.read, c)
		}
	}
}

// chosen are the columns to be read.
func (s *selection[T]) chosen() []*listColumn[T] {
	if len(s.read) > 0 {
		return s.read
	}
	var all []*listColumn[T]
	for i := range s.of.columns {
		if c := &s.of.columns[i]; c.readable() && (!c.long || s.long) {
			all = append(all, c)
		}
	}
	return all
}

func (s *selection[T]) sort(by []catalog.Order) {
	if len(by) == 0 {
		by = s.of.order
	}
	desc := false
	for i, o := range by {
		c := s.of.column(o.Column)
		switch {
		case c == nil || !c.sortable():
			s.refuse(catalog.QueryFault{
				Parameter: "sort", Index: i, Why: fmt.Sprintf("the %s can't be sorted by %q", s.of.name, o.Column),
				Cure: catalog.OneOf(o.Column, s.of.names((*listColumn[T]).sortable)),
			})
		case s.sortedBy(o.Column):
			s.refuse(catalog.QueryFault{Parameter: "sort", Index: i, Why: fmt.Sprintf("%q is there twice", o.Column), Cure: "Name each column once."})
		default:
			s.term(c, o.Descending)
		}
		desc = o.Descending
	}
	for _, name := range s.of.unique {
		if !s.sortedBy(name) {
			s.term(s.of.column(name), desc)
		}
	}
}

func (s *selection[T]) term(c *listColumn[T], desc bool) {
	sql, notNull := c.sorted()
	s.order = append(s.order, term{c.name, sql, c.typ, notNull, desc})
}

func (s *selection[T]) sortedBy(column string) bool {
	return slices.ContainsFunc(s.order, func(t term) bool { return t.name == column })
}

// ordering is the order as text: "-modified_at,key".
func (s *selection[T]) ordering() string {
	var terms []string
	for _, t := range s.order {
		if t.desc {
			terms = append(terms, "-"+t.name)
		} else {
			terms = append(terms, t.name)
		}
	}
	return strings.Join(terms, ",")
}

// A cursor is where a page ended. It says which list and order it is of, and is checked like all that
// comes from outside: a forged one gets nothing that a filter wouldn't.
type cursor struct {
	List  string    `json:"l"`
	Order string    `json:"o"`
	Row   []*string `json:"r"` // what the last row was sorted by; nil: null
}

func (s *selection[T]) cursor(row []*string) string {
	doc, _ := json.Marshal(cursor{string(s.of.name), s.ordering(), row}) // texts can always be written
	return base64.RawURLEncoding.EncodeToString(doc)
}

// paged starts the selection behind a cursor. Which order it is of can be told only where the order is known.
func (s *selection[T]) paged(text string) {
	if text == "" {
		return
	}
	const first = "Leave it out for the first page, and take each next one from the answer before."
	var c cursor
	doc, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(doc, &c) != nil || len(c.Row) == 0 {
		s.refuse(catalog.QueryFault{Parameter: "cursor", Why: "this is no cursor", Cure: first})
		return
	}
	if slices.ContainsFunc(s.faults, func(f catalog.QueryFault) bool { return f.Parameter == "sort" && !f.Filter }) {
		return
	}
	if c.List != string(s.of.name) || c.Order != s.ordering() || len(c.Row) != len(s.order) {
		s.refuse(catalog.QueryFault{Parameter: "cursor", Why: "it was given for another list or order than this one", Cure: first})
		return
	}
	for i, v := range c.Row {
		read := s.order[i].typ.read
		if v == nil && !s.order[i].notNull {
			continue
		}
		if v == nil {
			err = errors.New("there is no value")
		} else {
			*v, err = read(*v)
		}
		if err != nil {
			s.refuse(catalog.QueryFault{Parameter: "cursor", Why: "this is no cursor", Cure: first})
			return
		}
	}
	s.where = append(s.where, s.behind(c.Row))
}

// behind tells which rows come after one. Where all terms run in one direction and have no nulls it is a
// comparison of rows, which an index answers; else it is spelled out, term by term.
func (s *selection[T]) behind(row []*string) string {
	plain := true
	for _, t := range s.order {
		plain = plain && t.notNull && t.desc == s.order[0].desc
	}
	if !plain {
		return s.behindFrom(0, row)
	}
	var left, right []string
	for i, t := range s.order {
		left, right = append(left, t.sql), append(right, s.value(t, *row[i]))
	}
	return fmt.Sprintf("(%s) %s (%s)", strings.Join(left, ", "), s.order[0].sign(), strings.Join(right, ", "))
}

func (t term) sign() string {
	if t.desc {
		return "<"
	}
	return ">"
}

func (s *selection[T]) value(t term, text string) string {
	if t.typ.cast == "text" || t.typ == aKey {
		return s.arg(text, "text")
	}
	return s.arg(text, "text") + "::" + t.typ.cast
}

// behindFrom takes null as greater than everything, as Postgres' order does.
func (s *selection[T]) behindFrom(i int, row []*string) string {
	t := s.order[i]
	var beyond, same string
	switch {
	case row[i] == nil && t.desc:
		beyond, same = t.sql+" is not null", t.sql+" is null"
	case row[i] == nil:
		beyond, same = "false", t.sql+" is null"
	default:
		v := s.value(t, *row[i])
		beyond, same = fmt.Sprintf("%s %s %s", t.sql, t.sign(), v), fmt.Sprintf("%s = %s", t.sql, v)
		if !t.desc && !t.notNull {
			beyond = fmt.Sprintf("(%s or %s is null)", beyond, t.sql)
		}
	}
	if i == len(s.order)-1 {
		return beyond
	}
	return fmt.Sprintf("(%s or (%s and %s))", beyond, same, s.behindFrom(i+1, row))
}

// statement is the SQL of the whole.
func (s *selection[T]) statement() string {
	var read, order []string
	for _, c := range s.chosen() {
		read = append(read, c.sql)
	}
	for _, t := range s.order {
		read = append(read, t.sql)
		if t.desc {
			order = append(order, t.sql+" desc")
		} else {
			order = append(order, t.sql)
		}
	}
	sql := fmt.Sprintf("select %s from %s", strings.Join(read, ", "), s.of.from)
	if len(s.where) > 0 {
		sql += " where " + strings.Join(s.where, " and ")
	}
	return sql + " order by " + strings.Join(order, ", ")
}

// each runs the selection and gives its rows with what each is sorted by. Plans are made for the
// values at hand: which index is best depends on them.
func (s *selection[T]) each(ctx context.Context, db querier, limit string, fn func(T, []*string) error) error {
	op := "list the " + string(s.of.name)
	if len(s.faults) > 0 {
		return &catalog.Error{Code: catalog.CodeInvalid, Op: op, Err: s.faults}
	}
	rows, err := db.Query(ctx, s.statement()+limit, append([]any{pgx.QueryExecModeCacheDescribe}, s.args...)...)
	if err != nil {
		return fail(op, "", err)
	}
	defer rows.Close()
	columns := s.chosen()
	for rows.Next() {
		var item T
		targets := make([]any, 0, len(columns)+len(s.order))
		for _, c := range columns {
			targets = append(targets, target(c.to(&item)))
		}
		texts := make([]func() *string, len(s.order))
		for i, t := range s.order {
			var into any
			into, texts[i] = t.typ.write()
			targets = append(targets, into)
		}
		if err := rows.Scan(targets...); err != nil {
			return fail(op, "", err)
		}
		if s.of.after != nil {
			s.of.after(&item)
		}
		order := make([]*string, len(texts))
		for i, text := range texts {
			order[i] = text()
		}
		if err := fn(item, order); err != nil {
			return err
		}
	}
	return fail(op, "", rows.Err())
}
