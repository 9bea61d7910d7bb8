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
	order             string // what it is sorted by if nobody says; "": by the first column
	facets            []listFacet
	hasRetired        bool
	// read gives a page's rows.
	read func(u *UI, ctx context.Context, q catalog.Query) ([]listRow, string, error)
	// count counts the rows by columns.
	count func(u *UI, ctx context.Context, q catalog.Query, columns []string) (*catalog.ListFacets, error)
}

// A listColumn is a column of a list; Sort names what it is sorted by, "" for nothing.
type listColumn struct {
	Title, Sort string
	Number      bool
	Hidden      bool // until the reader asks for it
}

// A listRow is a row of a list.
type listRow struct {
	URL, Name string
	App       catalog.Key // whose name stands in its column "App"
	Retired   bool
	Cells     []any // behind the name: texts, numbers, times (template.HTML), place, formula, inApp
}

// A place is a text that leads somewhere.
type place struct{ Label, URL string }

// inApp stands where the name of the row's app goes.
type inApp struct{}

// A listPage is what templates/list.html shows.
type listPage struct {
	listKind
	Lists   []listKind
	Rows    []listRow
	Chosen  url.Values
	Columns []sortedColumn
	Choice  []columnChoice
	Kept    []place // what the form of the columns keeps of the address: names and values
	Next    string
	First   string
	Filters []listFilter
	Facets  []facetGroup
	Count   string // how many rows there are, in words
}

type sortedColumn struct {
	listColumn
	URL, Sorted string // "ascending", "descending" or ""
}

// A columnChoice is a column that may be shown.
type columnChoice struct {
	Title string
	Shown bool
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
	if err := u.nameApps(r, d.Rows); err != nil {
		return err
	}
	if d.Facets, d.Count, err = u.listFacets(r, d.listKind, q); err != nil {
		return err
	}
	if next != "" {
		d.Next = changed(r.URL, "cursor", next)
	}
	if d.Chosen.Get("cursor") != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	d.Columns, d.Filters = d.sorted(r.URL), filtersOf(d.listKind, d.Chosen)
	d.choose(columnsFor(w, r, d.listKind))
	return u.show(w, r, page{Template: "list", Title: d.Title, Nav: "catalog", Crumbs: []crumb{{"Catalog", "/catalog"}}, Data: d})
}

// filterable are the filters of an address, with the columns that they are of and how they compare.
var filterable = []struct {
	param, column string
	op            catalog.Op
}{
	{"connection", "connection", catalog.Equals},
	{"type", "type", catalog.Equals},
	{"kind", "kind", catalog.Equals},
	{"name", "name", catalog.Contains},
	{"owner", "owner", catalog.Contains},
	{"owner_is", "owner", catalog.Equals},
	{"tags", "tags", catalog.Contains},
	{"tag", "tags", catalog.Equals},
	{"published", "published", catalog.Equals},
	{"retired", "retired", catalog.Equals},
	{"origin", "origin", catalog.Equals},
	{"stream", "stream", catalog.Equals},
	{"freshness", "freshness", catalog.Equals},
	{"has_lineage", "has_lineage", catalog.Equals},
	{"used", "used", catalog.Equals},
	{"group_key", "group_key", catalog.Equals},
	{"report_key", "report_key", catalog.Equals},
	{"app", "key", catalog.Contains},
	{"parent_key", "parent_key", catalog.Equals},
	{"master_key", "master_key", catalog.Equals},
	{"part", "part", catalog.Equals},
	{"error_code", "error_code", catalog.Equals},
	{"is_key", "is_key", catalog.Equals},
}

func (d listPage) query(r *http.Request) catalog.Query {
	q := catalog.Query{Scope: scopeOf(r), Limit: listLimit, Cursor: d.Chosen.Get("cursor"), Filters: slices.Clone(d.filters)}
	for _, f := range filterable {
		if v := strings.TrimSpace(d.Chosen.Get(f.param)); v != "" {
			q.Filters = append(q.Filters, catalog.Filter{Column: f.column, Op: f.op, Values: []string{v}})
		}
	}
	by, descending := strings.CutPrefix(d.sortedBy(), "-")
	q.Sort = []catalog.Order{{Column: by, Descending: descending}}
	return q
}

// sortedBy is the order that the address asks for, or the list's own.
func (d listPage) sortedBy() string {
	switch {
	case d.Chosen.Get("sort") != "":
		return d.Chosen.Get("sort")
	case d.order != "":
		return d.order
	}
	return d.columns[0].Sort
}

// sorted are the columns, with where a click on their title leads.
func (d listPage) sorted(at *url.URL) []sortedColumn {
	current := d.sortedBy()
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
	if len(q) == 0 {
		return at.Path
	}
	return at.Path + "?" + q.Encode()
}

// nameApps puts the names of apps where rows want them.
func (u *UI) nameApps(r *http.Request, rows []listRow) error {
	var apps []catalog.Key
	for _, row := range rows {
		if row.App != "" && !slices.Contains(apps, row.App) {
			apps = append(apps, row.App)
		}
	}
	names, err := u.Catalog.Names(r.Context(), scopeOf(r), apps)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for i, cell := range row.Cells {
			if _, is := cell.(inApp); is {
				row.Cells[i] = place{names[row.App].Name, pageFor("app", row.App)}
			}
		}
	}
	return nil
}

// filtersOf are the fields above a list: what facets don't offer.
func filtersOf(k listKind, chosen url.Values) []listFilter {
	var all []listFilter
	has := func(column string) bool {
		return slices.ContainsFunc(k.columns, func(c listColumn) bool { return c.Sort == column })
	}
	if has("name") {
		all = append(all, listFilter{Name: "name", Label: "Name has"})
	}
	if has("owner") {
		all = append(all, listFilter{Name: "owner", Label: "Owner has"})
	}
	if k.hasRetired {
		all = append(all, listFilter{Name: "retired", Label: "Retired", Choices: []choice{{"", "no"}, {"true", "yes"}}})
	}
	for i := range all {
		all[i].Value = chosen.Get(all[i].Name)
	}
	return all
}
