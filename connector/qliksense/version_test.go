package qliksense

import (
	"reflect"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

func TestWhichAppsOpeningWouldUpgrade(t *testing.T) {
	t.Parallel()
	type app struct{ version, hash string }
	for _, c := range []struct {
		name string
		site []app
		hash string
		want bool
	}{
		{"the newest app's hash", []app{{"12.9.0", "old"}, {"12.10.0", "new"}}, "new", false},
		{"another hash", []app{{"12.9.0", "old"}, {"12.10.0", "new"}}, "old", true},
		{"an older version with the newest's hash", []app{{"12.9.0", "new"}, {"12.10.0", "new"}}, "new", false},
		{"no hash", []app{{"12.9.0", "old"}, {"12.10.0", "new"}}, "", false},
		{"versions are numbers, not texts", []app{{"12.1000.0", "new"}, {"12.999.9", "old"}}, "old", true},
		{"the newest app has no hash: the newest that has one counts", []app{{"12.9.0", "old"}, {"12.10.0", ""}}, "old", false},
		{"two hashes of the newest version", []app{{"12.10.0", "a"}, {"12.10.0", "b"}}, "a", false},
		{"no versions at all", []app{{"", "a"}}, "a", false},
	} {
		var g generation
		for _, a := range c.site {
			g.see(a.version, a.hash)
		}
		if got := g.outdated(c.hash); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAnObjectsDigestDoesNotDependOnOrderAndSeesEveryChange(t *testing.T) {
	t.Parallel()
	a, b := qrs.ObjectMark{ID: "1", ContentHash: "x"}, qrs.ObjectMark{ID: "2", ContentHash: "y", Published: true}
	digest := func(rows ...qrs.ObjectMark) (d objectsDigest) {
		for _, r := range rows {
			d.add(r)
		}
		return d
	}
	whole := digest(a, b)
	if !reflect.DeepEqual(digest(b, a), whole) {
		t.Error("the order counts")
	}
	changed := b
	changed.ContentHash = "z"
	hidden := b
	hidden.Published = false
	owned, dated := b, b
	owned.Owner.ID = "o"
	dated.Modified = qrs.Time{Time: time.Unix(1, 0)}
	swapped1, swapped2 := a, b
	swapped1.ContentHash, swapped2.ContentHash = b.ContentHash, a.ContentHash
	for name, d := range map[string]objectsDigest{
		"content": digest(a, changed), "state": digest(a, hidden), "owner": digest(a, owned), "date": digest(a, dated), "one less": digest(a), "one twice": digest(a, b, b), "swapped": digest(swapped1, swapped2),
	} {
		if reflect.DeepEqual(d, whole) {
			t.Errorf("a change isn't seen: %s", name)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	sales := qixmap.AppRow{ID: "id-1", Name: "Sales / EMEA", StreamID: "st-1", StreamName: "Finance"}
	draft := qixmap.AppRow{ID: "id-2", Name: "Draft"}
	for _, c := range []struct {
		name         string
		options      options
		sales, draft bool
	}{
		{"all", options{}, true, true},
		{"no unpublished apps", options{ExcludeUnpublishedApps: true}, true, false},
		{"by name, without case", options{IncludeApps: []string{"sales*"}}, true, false},
		{"by id", options{IncludeApps: []string{"id-2"}}, false, true},
		{"the whole name", options{IncludeApps: []string{"Sale"}}, false, false},
		{"excluded wins", options{IncludeApps: []string{"*"}, ExcludeApps: []string{"D?aft"}}, true, false},
		{"a stream by name", options{IncludeStreams: []string{"Fin[ae]nce"}}, true, false},
		{"a stream excluded by id", options{ExcludeStreams: []string{"st-?"}}, false, true},
		{"signs are only signs", options{IncludeApps: []string{"Sales . EMEA", "(Draft|x)"}}, false, false},
	} {
		f, err := newFilter(c.options)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f.app(sales) != c.sales || f.app(draft) != c.draft {
			t.Errorf("%s: published %v, unpublished %v", c.name, f.app(sales), f.app(draft))
		}
	}
	if _, err := newFilter(options{IncludeApps: []string{"[z"}}); err == nil {
		t.Error("a broken glob is taken")
	}
}
