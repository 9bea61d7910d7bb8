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
}

// Resolve keeps the address of the request, which the Link to the next page is made of.
func (l *ListParams) Resolve(ctx huma.Context) []error {
	l.address = ctx.URL()
	return nil
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
// answer with rows outside of it. o.Columns, if given, are checked here; otherwise the store does.
func list[I, T any, P lister[I]](a *API, o op, handle func(context.Context, P, catalog.Query) (catalog.Page[T], error)) {
	o.Method = http.MethodGet
	keys := jsonKeys(reflect.TypeFor[T]())
	register(a, o, func(ctx context.Context, in *I) (*listOutput[T], error) {
		l := P(in).list()
		q, err := l.query(o.Columns, keys)
		if err != nil {
			return nil, err
		}
		q.Scope = auth.From(ctx).Scope()
		page, err := handle(ctx, in, q)
		if err != nil {
			return nil, l.placed(err)
		}
		out := &listOutput[T]{Body: listBody[T]{Items: page.Items, Next: page.Next, only: l.Fields}}
		if page.Next != "" {
			out.Link = l.linkTo(page.Next)
		}
		return out, nil
	})
	a.tellColumns(o, keys)
}

// tellColumns writes into the OpenAPI document what a list can be sorted and filtered by, and the keys
// of its rows.
func (a *API) tellColumns(o op, keys []string) {
	for _, p := range a.huma.OpenAPI().Paths[o.Path].Get.Parameters {
		switch {
		case p.Name == "fields":
			p.Description += " Of: " + strings.Join(keys, ", ") + "."
		case (p.Name == "sort" || p.Name == "filter") && len(o.Columns) > 0:
			p.Description += " Columns: " + strings.Join(o.Columns, ", ") + "."
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

// query puts the parameters into the catalog's words, or says all that is wrong with them.
func (l *ListParams) query(columns, keys []string) (catalog.Query, error) {
	q := catalog.Query{Limit: l.Limit, Cursor: l.Cursor, Fields: l.Fields}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	var errs catalog.FieldErrors
	for i, s := range l.Sort {
		column, descending := strings.CutPrefix(s, "-")
		if !known(columns, column) {
			errs = append(errs, queryError("sort", i, "there is no column "+strconv.Quote(column), columns))
			continue
		}
		q.Sort = append(q.Sort, catalog.Order{Column: column, Descending: descending})
	}
	for i, f := range l.Fields {
		if !slices.Contains(keys, f) {
			errs = append(errs, queryError("fields", i, "there is no key "+strconv.Quote(f), keys))
		}
	}
	for i, f := range l.Filter {
		filter, bad := parseFilter(f, i, columns)
		if bad != nil {
			errs = append(errs, *bad)
			continue
		}
		q.Filters = addFilter(q.Filters, filter)
	}
	return q, errs.OrNil()
}

// placed says of which parameter the faults are that a store found in a query.
func (l *ListParams) placed(err error) error {
	var faults catalog.QueryFaults
	if !errors.As(err, &faults) {
		return err
	}
	var errs catalog.FieldErrors
	for _, f := range faults {
		path := f.Parameter
		for i, text := range l.Filter {
			if strings.HasPrefix(text, f.Parameter+":") {
				path = index("filter", i)
			}
		}
		errs = append(errs, catalog.FieldError{In: "query", Path: path, Message: f.Why})
	}
	return errs
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

func parseFilter(text string, i int, columns []string) (catalog.Filter, *catalog.FieldError) {
	parts := strings.SplitN(text, ":", 3)
	bad := func(message, cure string) *catalog.FieldError {
		return &catalog.FieldError{In: "query", Path: index("filter", i), Message: message, Cure: cure}
	}
	if len(parts) < 3 {
		return catalog.Filter{}, bad("a filter is column:operator:value", "Write it like name:contains:sales.")
	}
	f := catalog.Filter{Column: parts[0], Op: catalog.Op(parts[1]), Values: []string{parts[2]}}
	switch {
	case !known(columns, f.Column):
		e := queryError("filter", i, "there is no column "+strconv.Quote(f.Column), columns)
		return f, &e
	case !slices.Contains(operators, f.Op):
		return f, bad("there is no operator "+strconv.Quote(parts[1]), "Use one of eq, ne, lt, le, gt, ge, contains, null.")
	case f.Op == catalog.IsNull && parts[2] != "true" && parts[2] != "false":
		return f, bad("null compares with true or false", "Write "+f.Column+":null:true or "+f.Column+":null:false.")
	}
	return f, nil
}

func index(parameter string, i int) string { return parameter + "[" + strconv.Itoa(i) + "]" }

func known(columns []string, column string) bool {
	return len(columns) == 0 && column != "" || slices.Contains(columns, column)
}

func queryError(parameter string, i int, message string, choice []string) catalog.FieldError {
	e := catalog.FieldError{In: "query", Path: index(parameter, i), Message: message}
	if len(choice) > 0 {
		e.Cure = "Use one of " + strings.Join(choice, ", ") + "."
	}
	return e
}

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
