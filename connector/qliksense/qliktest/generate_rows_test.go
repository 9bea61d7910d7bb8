package qliktest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRowsAreThoseOfTheContent: the Repository lists the same of a generated app whether its rows are made alone or
// from what is in the app.
func TestRowsAreThoseOfTheContent(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]GenerateOptions{
		"as usual": {Apps: 50, Seed: 3},
		"empty":    {Apps: 12, Dimensions: -1, Measures: -1, MasterObjects: -1, Sheets: -1, Variables: -1},
		"big":      {Apps: 12, Dimensions: 31, Measures: 17, MasterObjects: 14, Sheets: 9, Variables: 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := Generate(o)
			site.settle()
			list := func() (rows, ids []string, seen []bool) {
				g := newGraph(site, map[*byte]itemTitle{})
				set := g.objects(nil)
				for i := range set.size() {
					r := set.row(i)
					rows, ids = append(rows, string(appendRecord(nil, r.record, nil))), append(ids, set.id(i))
					for _, u := range site.Users {
						if seen = append(seen, set.see(i, u)); r.see(u) != set.see(i, u) {
							t.Fatalf("row %d: %s may or may not see it", i, u.Name)
						}
					}
					if set.id(i) != r.id() {
						t.Fatalf("row %d has the id %s and %s", i, set.id(i), r.id())
					}
				}
				return rows, ids, seen
			}
			rows, ids, seen := list()
			for _, a := range site.Apps {
				if a.lazy() == nil {
					t.Fatal("the rows aren't made alone")
				}
				a.Content()
				if a.lazy() != nil {
					t.Fatal("the rows aren't made of the content")
				}
			}
			rowsOfContent, idsOfContent, seenOfContent := list()
			if diff := cmp.Diff(rowsOfContent, rows); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(idsOfContent, ids); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(seenOfContent, seen); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatIsReadOfAGeneratedAppIsNotKept: a site of very many apps holds few of their contents, and none of them changes
// when the app's row is edited.
func TestWhatIsReadOfAGeneratedAppIsNotKept(t *testing.T) {
	t.Parallel()
	site := Generate(GenerateOptions{Apps: 200})
	server := New(t, site, Options{})
	a := site.Apps[0]
	before := a.inside()
	if again := a.inside(); again != before {
		t.Error("an app that was asked for lately is made anew")
	}
	server.TouchApp(a.ID)
	server.DeleteStream(a.Stream.ID)
	for _, other := range site.Apps {
		other.inside()
	}
	after := a.inside()
	if after == before {
		t.Error("the content of every app is kept")
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	server.EditScript(a.ID, "LOAD 1 AS x AUTOGENERATE 1;")
	for _, other := range site.Apps {
		other.inside()
	}
	if a.inside().Script != "LOAD 1 AS x AUTOGENERATE 1;" || a.Content() != a.inside() {
		t.Error("an edit is lost")
	}
}

// TestAVeryLongListIsWhole: it is sent in pieces.
func TestAVeryLongListIsWhole(t *testing.T) {
	t.Parallel()
	site := Generate(GenerateOptions{Apps: 400})
	server := New(t, site, Options{})
	list := func(limit int) int {
		server.options.MaxRecordLimit = limit
		r := httptest.NewRequest(http.MethodGet, "/qrs/app/object?xrfkey=0123456789abcdef", nil)
		r.Header.Set("X-Qlik-Xrfkey", "0123456789abcdef")
		w := httptest.NewRecorder()
		server.serveQRS(w, r, site.Users[0], r.URL.Path)
		var rows []struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, row := range rows {
			ids[row.ID] = true
		}
		return len(ids)
	}
	want := 0
	for _, a := range site.Apps {
		want += a.lazy().rows()
	}
	if want < 10_000 {
		t.Fatalf("only %d rows: that is no long list", want)
	}
	for _, limit := range []int{0, 1, 5000, 5001, 7000, want + 1} {
		expected := want
		if limit > 0 {
			expected = min(limit, want)
		}
		if got := list(limit); got != expected {
			t.Errorf("%d of %d rows with the limit %d", got, want, limit)
		}
	}
}

// TestAListingIsUpToDateAfterEachEdit: what the Repository remembers of a listing of objects tells nothing of before.
func TestAListingIsUpToDateAfterEachEdit(t *testing.T) {
	t.Parallel()
	site := Generate(GenerateOptions{Apps: 60})
	server := New(t, site, Options{})
	entity, _, ok := findEntity([]string{"app", "object"})
	if !ok {
		t.Fatal("no app objects")
	}
	list := func() (rows []string) {
		for _, r := range server.find(query{entity: entity, user: site.Users[0], sort: []string{"id"}}) {
			rows = append(rows, string(appendRecord(nil, r.record, nil)))
		}
		return rows
	}
	for _, edit := range []struct {
		what string
		do   func(app string) bool
	}{
		{"touched", server.TouchApp},
		{"renamed", func(app string) bool { return server.RenameApp(app, "Renamed in between") }},
		{"published", func(app string) bool { return server.PublishApp(app, site.Streams[0]) }},
		{"deleted", server.DeleteApp},
	} {
		before := list()
		if !edit.do(site.Apps[3].ID) {
			t.Fatalf("not %s", edit.what)
		}
		after := list()
		server.Edit(func(*Site) {}) // nothing is remembered
		if diff := cmp.Diff(list(), after); diff != "" {
			t.Errorf("after the app was %s, listed anew (-) and remembered (+):\n%s", edit.what, diff)
		}
		if edit.what != "touched" && cmp.Equal(before, after) {
			t.Errorf("that the app was %s shows nowhere", edit.what)
		}
	}
}
