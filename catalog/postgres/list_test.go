package postgres_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

var everything = catalog.Scope{All: true}

// shelf is an app whose reports differ in every way that a list can be sorted and filtered by: texts that
// are missing, alike, in other cases; times that are missing; lists.
func shelf(b *bench) catalog.Key {
	b.t.Helper()
	app := catalog.AppKey("prod", "app")
	s := &catalog.Snapshot{Unit: catalog.Unit{Key: app, Name: "Shelf"}, Version: "1"}
	add := func(n int, r catalog.Report) {
		r.Key, r.Parent, r.Kind, r.Type = catalog.SheetKey(app, fmt.Sprintf("s%02d", n)), app, catalog.ReportSheet, catalog.TypeSheet
		s.Reports = append(s.Reports, r)
	}
	s.Reports = append(s.Reports, catalog.Report{Key: app, Kind: catalog.ReportApp, Type: catalog.TypeApp, Name: "Shelf"})
	add(1, catalog.Report{Name: "beta", ModifiedAt: at(3), Published: ptr(true), Tags: []string{"a", "b"}})
	add(2, catalog.Report{Name: "Alpha", ModifiedAt: at(1), Published: ptr(false), Tags: []string{"b"}})
	add(3, catalog.Report{Name: "", ModifiedAt: at(2)})
	add(4, catalog.Report{Name: "alpha", Published: ptr(true)})
	add(5, catalog.Report{Name: "100% sure", Owner: `ACME\ada`, ModifiedAt: at(3)})
	add(6, catalog.Report{Name: "1000 sure", Owner: `ACME\bob`})
	add(7, catalog.Report{Name: "", Owner: `ACME\ada`})
	add(8, catalog.Report{Name: "Äpfel", Published: ptr(false), ModifiedAt: at(4)})
	b.crawl(s)
	return app
}

func sheets(f ...catalog.Filter) catalog.Query {
	return catalog.Query{Scope: everything, Filters: append(f, catalog.Filter{Column: "kind", Op: catalog.Equals, Values: []string{"sheet"}})}
}

func where(column string, op catalog.Op, values ...string) catalog.Filter {
	return catalog.Filter{Column: column, Op: op, Values: values}
}

// ids are the last parts of keys.
func ids(rows []catalog.ReportRow) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, string(r.Key[strings.LastIndex(string(r.Key), "/")+1:]))
	}
	return out
}

// pages reads a whole list in pages of some rows.
func (b *bench) pages(q catalog.Query, limit int) []string {
	b.t.Helper()
	q.Limit = limit
	out := []string{}
	for {
		page, err := b.Reports(b.t.Context(), q)
		b.must(err)
		if len(page.Items) > limit {
			b.t.Fatalf("a page of %d has %d rows", limit, len(page.Items))
		}
		out = append(out, ids(page.Items)...)
		if page.Next == "" {
			return out
		}
		if len(page.Items) < limit {
			b.t.Fatal("a page that isn't the last isn't full")
		}
		q.Cursor = page.Next
	}
}

func TestListsAreSortedAndPagedWithoutLossOrRepetition(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shelf(b)
	for _, c := range []struct {
		sort []catalog.Order
		want string
	}{
		{nil, "s01 s02 s03 s04 s05 s06 s07 s08"},
		{[]catalog.Order{{Column: "key", Descending: true}}, "s08 s07 s06 s05 s04 s03 s02 s01"},
		{[]catalog.Order{{Column: "name"}}, "s03 s07 s05 s06 s02 s04 s01 s08"},
		{[]catalog.Order{{Column: "name", Descending: true}}, "s08 s01 s04 s02 s06 s05 s07 s03"},
		{[]catalog.Order{{Column: "modified_at"}}, "s02 s03 s01 s05 s08 s04 s06 s07"},
		{[]catalog.Order{{Column: "modified_at", Descending: true}}, "s07 s06 s04 s08 s05 s01 s03 s02"},
		{[]catalog.Order{{Column: "published"}, {Column: "name", Descending: true}}, "s08 s02 s01 s04 s06 s05 s07 s03"},
		{[]catalog.Order{{Column: "owner", Descending: true}, {Column: "modified_at"}, {Column: "key"}}, "s06 s05 s07 s02 s03 s01 s08 s04"},
	} {
		for _, limit := range []int{1, 2, 3, 8, 100} {
			q := sheets()
			q.Sort = c.sort
			if got := strings.Join(b.pages(q, limit), " "); got != c.want {
				t.Errorf("sorted by %v in pages of %d: %s, want %s", c.sort, limit, got, c.want)
			}
		}
	}
}

func TestFiltersKeepWhatTheySay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := shelf(b)
	for _, c := range []struct {
		filter catalog.Filter
		want   string
	}{
		{where("name", catalog.Equals, "alpha"), "s04"},
		{where("name", catalog.Equals, "alpha", "Alpha"), "s02 s04"},
		{where("name", catalog.Differs, "alpha", "Alpha"), "s01 s03 s05 s06 s07 s08"},
		{where("name", catalog.Contains, "ALPH"), "s02 s04"},
		{where("name", catalog.Contains, "100%"), "s05"},
		{where("name", catalog.Contains, "ÄP", "bet"), "s01 s08"},
		{where("name", catalog.IsNull, "true"), "s03 s07"},
		{where("name", catalog.IsNull, "false"), "s01 s02 s04 s05 s06 s08"},
		{where("owner", catalog.Equals, `ACME\ada`), "s05 s07"},
		{where("published", catalog.Equals, "true"), "s01 s04"},
		{where("published", catalog.Differs, "true"), "s02 s03 s05 s06 s07 s08"},
		{where("tags", catalog.Contains, "b"), "s01 s02"},
		{where("tags", catalog.Equals, "a"), "s01"},
		{where("tags", catalog.Differs, "a"), "s02 s03 s04 s05 s06 s07 s08"},
		{where("modified_at", catalog.AtLeast, at(3).Format(time.RFC3339)), "s01 s05 s08"},
		{where("modified_at", catalog.Greater, at(3).Format(time.RFC3339Nano)), "s08"},
		{where("modified_at", catalog.Less, at(2).Format(time.RFC3339Nano)), "s02"},
		{where("modified_at", catalog.AtMost, "1999-12-31"), ""},
		{where("parent_key", catalog.Equals, string(app)), "s01 s02 s03 s04 s05 s06 s07 s08"},
		{where("key", catalog.Contains, string(app)), "s01 s02 s03 s04 s05 s06 s07 s08"},
		{where("key", catalog.Contains, string(app)+"/s03", string(app)+"/s04"), "s03 s04"},
		{where("key", catalog.Contains, string(app)+"/s"), ""},
		{where("connection", catalog.Equals, "other"), ""},
		{where("name", catalog.Equals, "'; drop table qlikcrawler.report; --"), ""},
	} {
		t.Run(fmt.Sprintf("%s %s %v", c.filter.Column, c.filter.Op, c.filter.Values), func(t *testing.T) {
			if got := strings.Join(b.pages(sheets(c.filter), 100), " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestRowsThatComeAndGoBetweenPagesDisturbNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := shelf(b)
	q := sheets()
	q.Sort, q.Limit = []catalog.Order{{Column: "name"}}, 3
	first, err := b.Reports(t.Context(), q)
	b.must(err)
	// Before and behind the cursor (…, s06 | s02): one goes and one comes.
	b.crawl(&catalog.Snapshot{Unit: catalog.Unit{Key: app}, Version: "2", Reports: []catalog.Report{
		{Key: app, Kind: catalog.ReportApp, Name: "Shelf"},
		{Key: app + "/s01", Kind: catalog.ReportSheet, Name: "beta"},
		{Key: app + "/s04", Kind: catalog.ReportSheet, Name: "alpha"},
		{Key: app + "/s06", Kind: catalog.ReportSheet, Name: "1000 sure"},
		{Key: app + "/s08", Kind: catalog.ReportSheet, Name: "Äpfel"},
		{Key: app + "/n01", Kind: catalog.ReportSheet, Name: "000"},
		{Key: app + "/n02", Kind: catalog.ReportSheet, Name: "apple"},
	}})
	q.Limit, q.Cursor = 100, first.Next
	second, err := b.Reports(t.Context(), q)
	b.must(err)
	if got, want := ids(first.Items), []string{"s03", "s07", "s05"}; !slices.Equal(got, want) {
		t.Fatalf("the first page is %v, want %v", got, want)
	}
	if got, want := ids(second.Items), []string{"s06", "s04", "n02", "s01", "s08"}; !slices.Equal(got, want) {
		t.Errorf("the second page is %v, want %v", got, want)
	}
}

func TestRetiredRowsAreLeftOutUntilAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := shelf(b)
	b.crawl(&catalog.Snapshot{Unit: catalog.Unit{Key: app}, Version: "2", Reports: []catalog.Report{
		{Key: app, Kind: catalog.ReportApp, Name: "Shelf"}, {Key: app + "/s01", Kind: catalog.ReportSheet, Name: "beta"},
	}})
	for _, c := range []struct {
		name    string
		filters []catalog.Filter
		want    int
	}{
		{"not asked", nil, 1},
		{"live", []catalog.Filter{where("retired", catalog.Equals, "false")}, 1},
		{"retired", []catalog.Filter{where("retired", catalog.Equals, "true")}, 7},
		{"both", []catalog.Filter{where("retired", catalog.Equals, "true", "false")}, 8},
		{"since", []catalog.Filter{where("retired_at", catalog.AtLeast, "2020-01-01")}, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := b.pages(sheets(c.filters...), 3); len(got) != c.want {
				t.Errorf("got %d rows, want %d", len(got), c.want)
			}
		})
	}
}

func TestAScopeSeesItsConnectionsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shelf(b)
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "test", Name: "Test", Type: "qlik-sense"}))
	for _, c := range []struct {
		name  string
		scope catalog.Scope
		want  int
	}{
		{"nobody", catalog.Scope{}, 0},
		{"other", catalog.Scope{Connections: []string{"test"}}, 0},
		{"this", catalog.Scope{Connections: []string{"test", "prod"}}, 9},
		{"all", everything, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := b.Reports(t.Context(), catalog.Query{Scope: c.scope})
			b.must(err)
			if len(page.Items) != c.want {
				t.Errorf("sees %d rows, want %d", len(page.Items), c.want)
			}
		})
	}
}

func TestSparseFieldsReadWhatIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shelf(b)
	q := sheets(where("name", catalog.Equals, "beta"))
	q.Fields = []string{"name", "tags"}
	page, err := b.Reports(t.Context(), q)
	b.must(err)
	want := []catalog.ReportRow{{Name: "beta", Tags: []string{"a", "b"}}}
	if d := cmp.Diff(want, page.Items); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestAllThatIsWrongWithAQueryIsToldAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Reports(t.Context(), catalog.Query{
		Limit:  5000,
		Fields: []string{"name", "colour"},
		Sort:   []catalog.Order{{Column: "attributes"}, {Column: "name"}, {Column: "name"}},
		Filters: []catalog.Filter{
			where("size", catalog.Equals, "1"), where("name", catalog.Less, "x"), where("published", catalog.Equals, "yes"),
			where("modified_at", catalog.Less, "yesterday"), where("kind", catalog.Equals), where("position", catalog.IsNull, "true"),
		},
	})
	wantCode(t, err, catalog.CodeInvalid)
	var faults catalog.QueryFaults
	if !errors.As(err, &faults) {
		t.Fatalf("%v has no faults", err)
	}
	var got []string
	for _, f := range faults {
		got = append(got, f.Parameter)
	}
	want := []string{"fields", "size", "name", "published", "modified_at", "kind", "position", "sort", "sort", "limit"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s\n%v", d, err)
	}
	for _, known := range []string{"source_description", "have no column \"colour\"", "can't be sorted by \"attributes\""} {
		if !strings.Contains(err.Error(), known) {
			t.Errorf("%v doesn't tell %q", err, known)
		}
	}
}

func TestACursorOfAnotherListOrOrderIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shelf(b)
	q := sheets()
	q.Limit, q.Sort = 2, []catalog.Order{{Column: "modified_at"}}
	page, err := b.Reports(t.Context(), q)
	b.must(err)
	doc, err := base64.RawURLEncoding.DecodeString(page.Next)
	b.must(err)
	forge := func(old, new string) string {
		if !strings.Contains(string(doc), old) {
			t.Fatalf("%s has no %s", doc, old)
		}
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(doc), old, new, 1)))
	}
	for name, cursor := range map[string]string{
		"no base64":     "%%%",
		"no JSON":       base64.RawURLEncoding.EncodeToString([]byte("hello")),
		"empty":         base64.RawURLEncoding.EncodeToString([]byte("{}")),
		"other list":    forge(`"reports"`, `"gaps"`),
		"other order":   forge(`"modified_at,key"`, `"name,key"`),
		"no time":       forge(`"2`, `"x2`),
		"null as a key": forge(`"prod/app/`, `null,"`),
	} {
		t.Run(name, func(t *testing.T) {
			q := q
			q.Cursor = cursor
			_, err := b.Reports(t.Context(), q)
			wantCode(t, err, catalog.CodeInvalid)
		})
	}
}
