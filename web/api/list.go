package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// MaxLimit is the most rows of one page.
const MaxLimit = 1000

// ListParams are the query parameters of every list. A list with more of them embeds ListParams.
//
//	?limit=50                     so many rows
//	?cursor=…                     the `next` of the page before
//	?sort=-modified_at,name       by these columns; - means descending
//	?fields=key,name              only these keys of each row
//	?filter=column:op:value       repeated: all must hold; eq on one column repeated: any of the values
//
// The operators are those of catalog.Op: eq ne lt le gt ge contains null. A value is taken as it is,
// colons and commas included.
type ListParams struct {
	Limit  int      `query:"limit" minimum:"1" maximum:"1000" doc:"How many rows a page has at most; left out: 100."`
	Cursor string   `query:"cursor" maxLength:"4096" doc:"The next of the page before. It belongs to the same sort."`
	Sort   []string `query:"sort" maxItems:"8" doc:"Columns to sort by, separated by commas; a minus before one turns it round."`
	Fields []string `query:"fields" maxItems:"64" doc:"Keys that each row is to have, separated by commas; left out: all."`
	Filter []string `query:"filter,explode" maxItems:"32" doc:"column:operator:value. All must hold; eq on one column, repeated, means any of its values."`

	address url.URL
	of      *listing
}

// Resolve tells what is wrong with the parameters, and keeps the address of the request, which the Link to the next
// page is made of.
func (l *ListParams) Resolve(hc huma.Context) []error {
	l.keep(hc)
	return faultsOf(l.faults().OrNil())
}

func (l *ListParams) keep(hc huma.Context) {
	l.address = hc.URL()
	l.of, _ = hc.Operation().Metadata[metaList].(*listing)
}

func (l *ListParams) list() *ListParams { return l }

// A lister is the input of a list: it embeds ListParams.
type lister[I any] interface {
	*I
	list() *ListParams
}

// listOutput is the answer of every list.
type listOutput[T any] struct {
	Link string `header:"Link" doc:"The next page, as rel=\"next\"; absent on the last."`
	Body listBody[T]
}

type listBody[T any] struct {
	Items []T    `json:"items" doc:"The rows of this page."`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`

	only []string
}

// MarshalJSON writes the rows with the keys that were asked for.
func (b listBody[T]) MarshalJSON() ([]byte, error) {
	type plain struct {
		Items any    `json:"items"`
		Next  string `json:"next,omitempty"`
	}
	if b.Items == nil {
		b.Items = []T{}
	}
	if len(b.only) == 0 {
		return json.Marshal(plain{b.Items, b.Next})
	}
	rows := make([]map[string]json.RawMessage, len(b.Items))
	for i, item := range b.Items {
		row, err := json.Marshal(item)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(row, &rows[i]); err != nil {
			return nil, err
		}
		for key := range rows[i] {
			if !slices.Contains(b.only, key) {
				delete(rows[i], key)
			}
		}
	}
	return json.Marshal(plain{rows, b.Next})
}

// list adds a list to the API. The query that handle gets has the principal's scope; handle must not
// answer with rows outside of it. What it can be sorted and filtered by o.Queries knows.
func list[I, T any, P lister[I]](a *API, o op, handle func(context.Context, P, catalog.Query) (catalog.Page[T], error)) {
	o.Method = http.MethodGet
	o.listing = newListing(o, jsonKeys(reflect.TypeFor[T]()))
	register(a, o, func(ctx context.Context, in *I) (*listOutput[T], error) {
		l := P(in).list()
		q := l.query(auth.From(ctx).Scope())
		page, err := handle(ctx, in, q)
		if err != nil {
			return nil, err
		}
		out := &listOutput[T]{Body: listBody[T]{Items: page.Items, Next: page.Next, only: l.Fields}}
		if page.Next != "" {
			out.Link = l.linkTo(page.Next)
		}
		return out, nil
	})
	a.tellColumns(o)
}

// A listing is what is known of a list before it is asked.
type listing struct {
	name         catalog.ListName
	queries      catalog.QueryChecker
	sort, filter []string // what it can be sorted and filtered by
	keys         []string // those that rows have
	details      []string // of a keyed list: those that one thing has
}

func newListing(o op, keys []string) *listing {
	l := &listing{name: o.List, queries: o.Queries, keys: keys}
	l.sort, l.filter = o.Queries.QueryColumns(o.List)
	return l
}

// tellColumns writes into the OpenAPI document what a list can be sorted and filtered by, and the keys
// of its rows.
func (a *API) tellColumns(o op) {
	for _, p := range a.registered(o).Parameters {
		switch p.Name {
		case "fields":
			p.Description += " Of: " + strings.Join(o.listing.keys, ", ") + "."
		case "sort":
			p.Description += " Columns: " + strings.Join(o.listing.sort, ", ") + "."
		case "filter":
			p.Description += " Columns: " + strings.Join(o.listing.filter, ", ") + "."
		}
	}
}

// linkTo is the Link header's value for the page that a cursor begins.
func (l *ListParams) linkTo(cursor string) string {
	u := l.address
	values := u.Query()
	values.Set("cursor", cursor)
	return "<" + u.Path + "?" + values.Encode() + `>; rel="next"`
}

// defaultLimit is how many rows a page has when nobody says.
const defaultLimit = 100

// query puts the parameters, which Resolve has found in order, into the catalog's words.
func (l *ListParams) query(scope catalog.Scope) catalog.Query {
	q := catalog.Query{Scope: scope, Limit: l.Limit, Cursor: l.Cursor, Fields: l.Fields, Sort: l.orders()}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	for i, text := range l.Filter {
		if filter, bad := parseFilter(text, i); bad == nil {
			q.Filters = addFilter(q.Filters, filter)
		}
	}
	return q
}

func (l *ListParams) orders() []catalog.Order {
	var orders []catalog.Order
	for _, s := range l.Sort {
		column, descending := strings.CutPrefix(s, "-")
		orders = append(orders, catalog.Order{Column: column, Descending: descending})
	}
	return orders
}

// faults are all that is wrong with the parameters. The limit is the schema's.
func (l *ListParams) faults() catalog.FieldErrors {
	errs := l.unknownKeys(l.of.keys)
	q := catalog.Query{Cursor: l.Cursor, Sort: l.orders()}
	var at []int // which parameter each filter comes from
	for i, text := range l.Filter {
		filter, bad := parseFilter(text, i)
		if bad != nil {
			errs = append(errs, *bad)
			continue
		}
		q.Filters, at = append(q.Filters, filter), append(at, i)
	}
	for _, f := range faultsOfQuery(l.of.queries.CheckQuery(l.of.name, q)) {
		path := f.Parameter
		switch {
		case f.Filter:
			path = index("filter", at[f.Index])
		case f.Parameter == "sort":
			path = index("sort", f.Index)
		}
		errs = append(errs, catalog.FieldError{In: "query", Path: path, Message: f.Why, Cure: f.Cure})
	}
	return errs
}

func (l *ListParams) unknownKeys(known []string) catalog.FieldErrors {
	var errs catalog.FieldErrors
	for i, f := range l.Fields {
		if !slices.Contains(known, f) {
			errs = append(errs, catalog.FieldError{
				In: "query", Path: index("fields", i), Message: "there is no key " + strconv.Quote(f), Cure: catalog.OneOf(f, known),
			})
		}
	}
	return errs
}

// faultsOfQuery are what a store found wrong with a query.
func faultsOfQuery(err error) catalog.QueryFaults {
	var faults catalog.QueryFaults
	errors.As(err, &faults)
	return faults
}

// addFilter adds a filter; eq on a column that has one already means one value more.
func addFilter(have []catalog.Filter, f catalog.Filter) []catalog.Filter {
	if f.Op == catalog.Equals {
		for i := range have {
			if have[i].Op == f.Op && have[i].Column == f.Column {
				have[i].Values = append(have[i].Values, f.Values...)
				return have
			}
		}
	}
	return append(have, f)
}

// operators are what a filter may compare with.
var operators = []catalog.Op{
	catalog.Equals, catalog.Differs, catalog.Less, catalog.AtMost, catalog.Greater, catalog.AtLeast, catalog.Contains, catalog.IsNull,
}

func parseFilter(text string, i int) (catalog.Filter, *catalog.FieldError) {
	bad := func(message, cure string) *catalog.FieldError {
		return &catalog.FieldError{In: "query", Path: index("filter", i), Message: message, Cure: cure}
	}
	parts := strings.SplitN(text, ":", 3)
	if len(parts) < 3 {
		return catalog.Filter{}, bad("a filter is column:operator:value", "Write it like name:contains:sales.")
	}
	f := catalog.Filter{Column: parts[0], Op: catalog.Op(parts[1]), Values: []string{parts[2]}}
	switch {
	case !slices.Contains(operators, f.Op):
		return f, bad("there is no operator "+strconv.Quote(parts[1]), "Use one of eq, ne, lt, le, gt, ge, contains, null.")
	case f.Op == catalog.IsNull && parts[2] != "true" && parts[2] != "false":
		return f, bad("null compares with true or false", "Write "+f.Column+":null:true or "+f.Column+":null:false.")
	}
	return f, nil
}

func index(parameter string, i int) string { return parameter + "[" + strconv.Itoa(i) + "]" }

// jsonKeys are the keys that a row has, embedded structs' included.
func jsonKeys(t reflect.Type) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var keys []string
	if t.Kind() != reflect.Struct {
		return keys
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && name != "-" && name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}
