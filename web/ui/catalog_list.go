package ui

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A listKind is one of the catalog's lists, with the columns that it shows.
type listKind struct {
	Path, Title, Icon string
	filters           []catalog.Filter // that make it what it is
	columns           []listColumn
	// read gives a page's rows.
	read func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error)
}

// A listColumn is a column of a list; sort names what it is sorted by, "" for nothing.
type listColumn struct {
	Title, Sort string
	Number      bool
}

// A listRow is a row of a list.
type listRow struct {
	URL, Name string
	Retired   bool
	Cells     []any // texts, numbers, times (template.HTML)
}

// A listPage is what templates/list.html shows.
type listPage struct {
	listKind
	Lists   []listKind
	Rows    []listRow
	Chosen  url.Values
	Columns []sortedColumn
	Next    string
	First   string
	Filters []listFilter
}

type sortedColumn struct {
	listColumn
	URL, Sorted string // "ascending", "descending" or ""
}

// A listFilter is a field above the list.
type listFilter struct {
	Name, Label, Value string
	Choices            []choice // none: a text
}

type choice struct{ Value, Label string }

const listLimit = 100

// catalogList shows one of the lists, filtered and sorted as the address says.
func (u *UI) catalogList(w http.ResponseWriter, r *http.Request) error {
	i := slices.IndexFunc(listKinds, func(k listKind) bool { return k.Path == r.PathValue("list") })
	if i < 0 {
		return &catalog.Error{Code: catalog.CodeNotFound, Op: "open the list", Err: errors.New("there is no such list")}
	}
	d := listPage{listKind: listKinds[i], Lists: listKinds, Chosen: r.URL.Query()}
	q := d.query(r)
	rows, next, err := d.read(u, r.Context(), q)
	if err != nil {
		return err
	}
	d.Rows = rows
	if next != "" {
		d.Next = changed(r.URL, "cursor", next)
	}
	if d.Chosen.Get("cursor") != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	d.Columns, d.Filters = d.sorted(r.URL), filtersOf(d.listKind, d.Chosen)
	return u.show(w, r, page{Template: "list", Title: d.Title, Nav: "catalog", Crumbs: []crumb{{"Catalog", "/catalog"}}, Data: d})
}

// filterable are the filters of an address, with how they compare.
var filterable = map[string]catalog.Op{
	"connection": catalog.Equals, "type": catalog.Equals, "name": catalog.Contains, "owner": catalog.Contains, "tags": catalog.Contains,
	"published": catalog.Equals, "retired": catalog.Equals, "origin": catalog.Equals, "group_key": catalog.Equals, "report_key": catalog.Equals,
	"parent_key": catalog.Equals, "master_key": catalog.Equals, "error_code": catalog.Equals, "is_key": catalog.Equals,
}

func (d listPage) query(r *http.Request) catalog.Query {
	q := catalog.Query{Scope: scopeOf(r), Limit: listLimit, Cursor: d.Chosen.Get("cursor"), Filters: slices.Clone(d.filters)}
	for name, op := range filterable {
		if v := strings.TrimSpace(d.Chosen.Get(name)); v != "" {
			q.Filters = append(q.Filters, catalog.Filter{Column: name, Op: op, Values: []string{v}})
		}
	}
	by, descending := strings.CutPrefix(d.Chosen.Get("sort"), "-")
	if by == "" {
		by = d.columns[0].Sort
	}
	q.Sort = []catalog.Order{{Column: by, Descending: descending}}
	return q
}

// sorted are the columns, with where a click on their title leads.
func (d listPage) sorted(at *url.URL) []sortedColumn {
	current := at.Query().Get("sort")
	if current == "" {
		current = d.columns[0].Sort
	}
	var all []sortedColumn
	for _, c := range d.columns {
		s := sortedColumn{listColumn: c}
		switch {
		case c.Sort == "":
		case current == c.Sort:
			s.Sorted, s.URL = "ascending", changed(at, "sort", "-"+c.Sort, "cursor", "")
		case current == "-"+c.Sort:
			s.Sorted, s.URL = "descending", changed(at, "sort", c.Sort, "cursor", "")
		default:
			s.URL = changed(at, "sort", c.Sort, "cursor", "")
		}
		all = append(all, s)
	}
	return all
}

// changed is an address with other parameters: pairs of names and values, "" for none.
func changed(at *url.URL, pairs ...string) string {
	q := at.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return at.Path + "?" + q.Encode()
}

func filtersOf(k listKind, chosen url.Values) []listFilter {
	yesNo := []choice{{"", "any"}, {"true", "yes"}, {"false", "no"}}
	all := []listFilter{{Name: "connection", Label: "Connection"}}
	has := func(column string) bool {
		return slices.ContainsFunc(k.columns, func(c listColumn) bool { return c.Sort == column })
	}
	if has("name") {
		all = append(all, listFilter{Name: "name", Label: "Name has"})
	}
	if has("owner") {
		all = append(all, listFilter{Name: "owner", Label: "Owner has"})
	}
	if slices.ContainsFunc(k.columns, func(c listColumn) bool { return c.Title == "Tags" }) {
		all = append(all, listFilter{Name: "tags", Label: "Tag"})
	}
	if has("published") {
		all = append(all, listFilter{Name: "published", Label: "Published", Choices: yesNo})
	}
	if has("origin") {
		all = append(all, listFilter{Name: "origin", Label: "Origin", Choices: []choice{{"", "any"}, {"master", "master"}, {"inline", "in a chart"}, {"script", "script"}}})
	}
	if k.Path != "gaps" {
		all = append(all, listFilter{Name: "retired", Label: "Retired", Choices: []choice{{"", "no"}, {"true", "yes"}}})
	}
	for i := range all {
		all[i].Value = chosen.Get(all[i].Name)
	}
	return all
}
