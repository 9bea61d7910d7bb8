package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A list is something that pages are read of, as a catalog.Query asks: a table or view, and what its
// columns are called, hold and may be used for. All lists of the program are made of one, so that
// filters, sorting, cursors and scopes are the same everywhere.
//
// A page starts behind the values that its predecessor's last row was sorted by; rows are never counted
// off. What is added or retired in between is not repeated, and makes no other row be left out.
type list[T any] struct {
	name    catalog.ListName // what its rows are, for errors: "reports"
	from    string           // SQL after "from"
	columns []listColumn[T]
	// unique names the columns that no two rows have alike. They are never null, and end every order.
	unique []string
	order  []catalog.Order // the list's own; then by unique
	// unless are the filters that hold until a query filters by their column, or by one that lifts them.
	unless []catalog.Filter
	lifts  map[string]string // column → the column of unless: retired_at → retired
	// scope is the SQL of the code of the connection that a row belongs to; ofNoConnection where rows
	// belong to none, and who may read them is decided before the store is asked.
	scope string
	// scopes, if not "", is the SQL of whether a row may be seen, instead of scope, where rows touch several connections: %[1]s is
	// the array of the codes that may be.
	scopes string
	after  func(*T) // what is done to each row that was read; nil: nothing
	limit  int      // rows of a page that doesn't say; 0: defaultLimit
}

const (
	ofNoConnection = ""
	defaultLimit   = 100
	mostLimit      = 1000
)

// A listColumn is a column that can be read, sorted by or filtered by.
type listColumn[T any] struct {
	name string
	sql  string // its value, by the names of the list's from
	typ  *columnType
	// to is where its value goes: a pointer to text, number, flag, time, list, map or Key; null leaves the
	// zero value. nil: the column is there to filter by only.
	to       func(*T) any
	notNull  bool
	unsorted bool // not to be sorted by
	long     bool // read only when a query names it
	// unfiltered: not to be filtered by. What is masked is not, or it could be guessed letter by letter.
	unfiltered bool
	// inner: for filters of this program, not for those that people write.
	inner bool
	// within is the SQL of Equals where the value itself would be slow to compare: %s is the array of values.
	within string
}

// A querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// page reads a page. Whatever is wrong with the query is told at once, with CodeInvalid.
func (l *list[T]) page(ctx context.Context, db querier, q catalog.Query) (catalog.Page[T], error) {
	limit := cmp.Or(q.Limit, l.limit, defaultLimit)
	s := l.asked(q)
	page := catalog.Page[T]{Items: []T{}}
	var last []*string
	more := false
	err := s.each(ctx, db, fmt.Sprint(" limit ", limit+1), func(item T, order []*string) error {
		if len(page.Items) == limit {
			more = true
			return nil
		}
		page.Items, last = append(page.Items, item), order
		return nil
	})
	if err != nil {
		return catalog.Page[T]{}, err
	}
	if more {
		page.Next = s.cursor(last)
	}
	return page, nil
}

// asked prepares a query of a page, with all that is wrong with it.
func (l *list[T]) asked(q catalog.Query) *selection[T] {
	s := l.selection(q, true)
	if limit := cmp.Or(q.Limit, l.limit, defaultLimit); limit < 0 || limit > mostLimit {
		s.refuse(catalog.QueryFault{
			Parameter: "limit", Why: fmt.Sprintf("a page has from 1 to %d rows, not %d", mostLimit, q.Limit), Cure: "Ask for less, and for the next page then.",
		})
	}
	s.paged(q.Cursor)
	return s
}

// one reads the row whose column has that value, retired or not. CodeNotFound if there is none, or none
// that the scope may see: the two can't be told apart.
func (l *list[T]) one(ctx context.Context, db querier, scope catalog.Scope, column, value string) (T, error) {
	var found T
	n := 0
	s := l.selection(catalog.Query{Scope: scope, Filters: []catalog.Filter{
		{Column: column, Op: catalog.Equals, Values: []string{value}},
	}}, false)
	s.long = true
	err := s.each(ctx, db, " limit 1", func(item T, _ []*string) error {
		found, n = item, n+1
		return nil
	})
	if err == nil && n == 0 {
		err = &catalog.Error{
			Code: catalog.CodeNotFound, Op: "find among the " + string(l.name), Key: catalog.Key(clean(value)),
			Err: errors.New("there is none"),
		}
	}
	return found, err
}

func (l *list[T]) column(name string) *listColumn[T] {
	for i := range l.columns {
		if l.columns[i].name == name {
			return &l.columns[i]
		}
	}
	return nil
}

// names lists the columns of which a condition holds.
func (l *list[T]) names(which func(*listColumn[T]) bool) []string {
	var names []string
	for i := range l.columns {
		if which(&l.columns[i]) {
			names = append(names, l.columns[i].name)
		}
	}
	return names
}

func (c *listColumn[T]) readable() bool   { return c.to != nil }
func (c *listColumn[T]) filterable() bool { return len(c.typ.ops) > 0 && !c.unfiltered }
func (c *listColumn[T]) sortable() bool   { return c.typ.sorts && !c.unsorted }

// sorted is what the column is sorted by. A text is sorted without case and by its start only, so that an
// index can hold it; a missing one as if it were empty.
func (c *listColumn[T]) sorted() (sql string, notNull bool) {
	if c.typ == aText && !c.notNull {
		return "lower(left(coalesce(" + c.sql + ", ''), 200))", true
	}
	return c.sql, c.notNull
}

// target is where Postgres' value of a column goes; null gives the zero value.
func target(to any) any {
	switch to := to.(type) {
	case *string:
		return (*zeronull.Text)(to)
	case *catalog.Key:
		return (*zeronull.Text)(to)
	case *int64:
		return (*zeronull.Int8)(to)
	case *float64:
		return (*zeronull.Float8)(to)
	case *time.Time:
		return (*zeronull.Timestamptz)(to)
	default: // a slice, a map, a pointer: nil by itself
		return to
	}
}
