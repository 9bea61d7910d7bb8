package qrs

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// A table describes a listing made by POST /qrs/<type>/table (facts B.6).
type table[T any] struct {
	op      string      // "list apps"
	path    string      // "app/object"
	entity  string      // "App.Object"
	columns []column[T] // the first is the id
	id      func(*T) string
	size    int // rows a page; 0: pageSize
}

// A column is one column of a table: what is asked, and where in a row's value the answer goes.
type column[T any] struct {
	name string
	def  string                  // a property, maybe dotted: "app.id"; or a list's definition
	list []string                // the properties of a List column; nil: it is a Property column
	into func(row *T) (dest any) // a pointer that encoding/json can fill

	common bool // a text that many rows have
}

// pageSize is what clients use with success on real sites (facts B.6). A page asks for one row more, the
// first of the next page: when that begins with another one, rows moved between the two requests and some
// may be missing.
const pageSize = 500

// passes is how often a listing that doesn't add up is read in all.
const passes = 3

// rows reads the whole listing: the count first, then pages sorted by id, several at a time, yielded in
// order. When the pages don't join, or rows and count don't agree — somebody added or deleted meanwhile
// (facts G 17), or the server cuts pages short (facts B.1) — the listing is read anew, up to three
// times. Rows come out as they arrive, each id once; a sequence that ends without an error has them all.
func (t table[T]) rows(ctx context.Context, c *Client, filter string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		p := pass[T]{table: t, client: c, filter: filter, size: cmp.Or(t.size, pageSize), seen: map[rowID]uint8{}}
		want, err := c.count(ctx, t.op, t.path, filter)
		for n := 1; err == nil && n <= passes; n++ {
			if err = p.run(ctx, want, yield); p.tooSlow(ctx, err) {
				err = nil
				continue
			}
			if err != nil || p.stopped {
				break
			}
			if p.joined && p.got == want {
				return
			}
			// A row more or less is fine if the server now counts what came.
			if want, err = c.count(ctx, t.op, t.path, filter); err == nil && p.joined && p.got == want {
				return
			}
		}
		switch {
		case p.stopped:
		case err != nil:
			yield(none, err)
		default:
			yield(none, &Error{
				Op: t.op, Method: http.MethodPost, Path: "/qrs/" + t.path + "/table", Kind: Changing,
				Err: fmt.Errorf("the server counts %d rows and gave %d; the listing was read %d times and never held still", want, p.got, passes),
			})
		}
	}
}

// fewRows are so few that no server leaves any out of the first page.
const fewRows = 100

// few lists an entity of which most sites have few: where one page shows that, nothing is counted, and the listing
// is one request. Else it is counted, and read again as any other when rows are missing.
func (t table[T]) few(ctx context.Context, c *Client) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		rows, err := t.page(ctx, c, "", 0, pageSize)
		want := len(rows)
		if err == nil && want >= fewRows {
			want, err = c.count(ctx, t.op, t.path, "")
		}
		switch {
		case err != nil:
			var none T
			yield(none, err)
		case want != len(rows):
			t.rows(ctx, c, "")(yield)
		default:
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// A pass reads all pages once. It keeps between passes which ids have been yielded.
type pass[T any] struct {
	table[T]
	client *Client
	filter string
	size   int // rows from the start of a page to the start of the next

	seen    map[rowID]uint8 // by which pass, counted from 1
	number  uint8
	got     int  // different ids in this pass
	joined  bool // each page of this pass began where the one before ended
	stopped bool // the consumer had enough
}

func (p *pass[T]) run(ctx context.Context, want int, yield func(T, error) bool) error {
	p.number++
	p.got, p.joined = 0, true
	size, short := p.size, math.MaxInt
	pages := min(want, 1)
	if want > size+1 {
		pages = (want - 1 + size - 1) / size
	}
	last := ""
	err := inOrder(ctx, pages, func(ctx context.Context, n int) ([]T, error) {
		return p.page(ctx, p.client, p.filter, n*size, size+1)
	}, func(n int, rows []T) bool {
		if n > 0 && (len(rows) == 0 || p.id(&rows[0]) != last) {
			p.joined = false
		}
		if len(rows) > 0 {
			last = p.id(&rows[len(rows)-1])
		}
		if cut := n < pages-1 || pages == 1 && len(rows) < want; cut && len(rows) > 1 && len(rows) <= size {
			short = min(short, len(rows)-1)
		}
		return p.take(ctx, rows, yield)
	})
	if err == nil && !p.stopped {
		err = ended(ctx, p.op)
	}
	if short < size {
		p.size = short // the server gives no more at a time than that
	}
	return err
}

// tooSlow reports whether the server took too long for a page and smaller ones are left to try.
func (p *pass[T]) tooSlow(ctx context.Context, err error) bool {
	var late net.Error
	if err == nil || ctx.Err() != nil || p.size <= pageSize || !errors.As(err, &late) || !late.Timeout() {
		return false
	}
	p.size = pageSize
	return true
}

// ended is the error of a listing whose context ended; nil when it didn't.
func ended(ctx context.Context, op string) error {
	if ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, context.Cause(ctx))
}

// take yields the rows that are new; false ends the pass.
func (p *pass[T]) take(ctx context.Context, rows []T, yield func(T, error) bool) bool {
	for i := range rows {
		if ctx.Err() != nil {
			return false
		}
		id := asRowID(p.id(&rows[i]))
		before := p.seen[id]
		if before == p.number {
			continue // the same row on two pages: the listing moved under us
		}
		p.seen[id] = p.number
		p.got++
		if before == 0 && !yield(rows[i], nil) {
			p.stopped = true
			return false
		}
	}
	return true
}

// count asks how many there are.
func (c *Client) count(ctx context.Context, op, path, filter string) (int, error) {
	var out struct {
		Value *int `json:"value"`
	}
	k := call{op: op, path: "/qrs/" + path + "/count", query: withFilter(nil, filter)}
	if err := c.json(ctx, k, &out); err != nil {
		return 0, err
	}
	if out.Value == nil || *out.Value < 0 {
		return 0, c.failed(k, http.StatusOK, BadAnswer, errors.New("the answer holds no count"))
	}
	return *out.Value, nil
}

func withFilter(q url.Values, filter string) url.Values {
	if q == nil {
		q = url.Values{}
	}
	if filter != "" {
		q.Set("filter", filter)
	}
	return q
}

// page reads one page of rows.
func (t table[T]) page(ctx context.Context, c *Client, filter string, skip, take int) ([]T, error) {
	k := call{op: t.op, method: http.MethodPost, path: "/qrs/" + t.path + "/table", body: t.request()}
	k.query = withFilter(url.Values{
		"skip": {strconv.Itoa(skip)}, "take": {strconv.Itoa(take)}, "sortColumn": {"id"}, "orderAscending": {"true"},
	}, filter)
	a, err := c.do(ctx, k)
	if err == nil {
		err = c.checkJSON(k, a)
	}
	if err != nil {
		return nil, err
	}
	rows, err := t.decode(a.body, take)
	if err != nil {
		return nil, c.failed(k, a.status, BadAnswer, err)
	}
	return rows, nil
}

// decode reads a page, of most rows at the most as far as anybody knows. Rows are decoded where they stand;
// only when a server sends them before the columns' names they are gone over twice.
func (t table[T]) decode(page []byte, most int) (rows []T, err error) {
	s := scanner{b: page}
	named, early := false, -1
	err = s.members(func(name []byte) error {
		switch {
		case bytes.EqualFold(name, []byte(`"columnNames"`)):
			raw, err := s.value()
			if err != nil {
				return err
			}
			var names []string
			if err := json.Unmarshal(raw, &names); err != nil {
				return shortJSON(err)
			}
			named = true
			return t.checkNames(names)
		case bytes.EqualFold(name, []byte(`"rows"`)) && named:
			rows, err = t.decodeRows(&s, most)
			return err
		case bytes.EqualFold(name, []byte(`"rows"`)):
			s.peek()
			early = s.i
		}
		_, err := s.value()
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case s.peek() != 0 || s.i < len(page):
		return nil, errNotJSON
	case !named:
		return nil, t.checkNames(nil)
	case early >= 0:
		return t.decodeRows(&scanner{b: page, i: early}, most)
	}
	return rows, nil
}

// decodeRows reads a list of rows, or null.
func (t table[T]) decodeRows(s *scanner, most int) ([]T, error) {
	if s.peek() == 'n' {
		_, err := s.value()
		return nil, err
	}
	rows := make([]T, 0, min(most, 2*objectPage))
	common := commonTexts{}
	err := s.each('[', ']', func() error {
		var row T
		if err := t.scan(s, &row, common); err != nil {
			return fmt.Errorf("row %d of the page: %w", len(rows)+1, err)
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func (t table[T]) checkNames(names []string) error {
	if len(names) != len(t.columns) {
		return fmt.Errorf("%d columns instead of %d", len(names), len(t.columns))
	}
	for i, col := range t.columns {
		if names[i] != col.name {
			return fmt.Errorf("column %d is %.50q instead of %s", i+1, names[i], col.name)
		}
	}
	return nil
}

// scan decodes one row, a list of cells, straight into its value.
func (t table[T]) scan(s *scanner, row *T, common commonTexts) error {
	if s.peek() != '[' {
		return errors.New("it is not a list")
	}
	n := 0
	err := s.each('[', ']', func() error {
		raw, err := s.value()
		switch {
		case err != nil:
			return err
		case n == len(t.columns):
			return errors.New("it has more cells than columns")
		}
		col := t.columns[n]
		n++
		dest := col.into(row)
		if text, ok := dest.(*string); ok && col.common {
			err = common.fill(raw, text)
		} else {
			err = fill(raw, dest)
		}
		if err != nil {
			err = fmt.Errorf("column %s: %w", col.name, shortJSON(err))
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case n < len(t.columns):
		return fmt.Errorf("it ends before column %s", t.columns[n].name)
	case t.id(row) == "":
		return errors.New("it has no id")
	}
	return nil
}

// A tableRequest is the body of a table call.
type tableRequest struct {
	Entity  string         `json:"entity"`
	Columns []columnClause `json:"columns"`
}

type columnClause struct {
	Name       string         `json:"name"`
	ColumnType string         `json:"columnType"`
	Definition string         `json:"definition"`
	List       []columnClause `json:"list,omitempty"`
}

func (t table[T]) request() tableRequest {
	req := tableRequest{Entity: t.entity, Columns: make([]columnClause, len(t.columns))}
	for i, col := range t.columns {
		clause := columnClause{Name: col.name, ColumnType: "Property", Definition: col.def}
		if col.list != nil {
			clause.ColumnType = "List"
			for n, def := range col.list {
				clause.List = append(clause.List, columnClause{Name: "c" + strconv.Itoa(n), ColumnType: "Property", Definition: def})
			}
		}
		req.Columns[i] = clause
	}
	return req
}
