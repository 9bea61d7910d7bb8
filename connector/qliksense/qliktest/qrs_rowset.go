package qliktest

import (
	"encoding/hex"
	"slices"
	"sort"
	"strings"
)

// A rowSet is all rows of one type on a site. Those of a big site are made when they are looked at, and
// asking for an id, or whether somebody may see a row, is cheap. Its callers hold the locks of rowCache.current.
type rowSet interface {
	size() int
	id(i int) string
	see(i int, u *User) bool
	row(i int) row
}

// plainRows are rows that have been made.
type plainRows []row

func (s plainRows) size() int               { return len(s) }
func (s plainRows) id(i int) string         { return s[i].id() }
func (s plainRows) see(i int, u *User) bool { return s[i].see(u) }
func (s plainRows) row(i int) row           { return s[i] }

// appSet are the apps. The hub shows what is published in the user's streams and his own work,
// whatever else he may administer (facts B.2).
type appSet struct{ *graph }

func (s appSet) size() int               { return len(s.site.Apps) }
func (s appSet) id(i int) string         { return s.site.Apps[i].ID }
func (s appSet) see(i int, u *User) bool { return s.site.Can(u, Read, s.site.Apps[i]) }

func (s appSet) row(i int) row {
	a := s.site.Apps[i]
	see := func(u *User) bool { return s.site.Can(u, Read, a) }
	hub := func(u *User) bool { return see(u) && (a.Published() || a.Owner == u) }
	return row{record: s.app(a), see: see, hub: hub, full: owned(a.Owner)}
}

// objectSet are the app objects of some apps. Rows of generated apps are made one by one and not kept.
type objectSet struct {
	g    *graph
	apps []*App
	ends []int // where each app's rows end
	last *int  // the app that was found last: most questions are in order
}

// objects are the app objects of all apps, or of those that only names (nil: all).
func (g *graph) objects(only []string) rowSet {
	s := objectSet{g: g, last: new(int)}
	end := 0
	for _, a := range g.site.Apps {
		if only != nil && !containsFold(only, a.ID) {
			continue
		}
		if m := a.lazy(); m != nil {
			end += m.rows()
		} else {
			end += len(g.insideOf(a))
		}
		s.apps, s.ends = append(s.apps, a), append(s.ends, end)
	}
	return s
}

// lazy makes the rows of an app of which nothing was changed; nil for others.
func (a *App) lazy() *appMaker {
	if a.made == nil || a.kept.Load() != nil {
		return nil
	}
	return a.made.maker(a)
}

func (s objectSet) size() int {
	if len(s.ends) == 0 {
		return 0
	}
	return s.ends[len(s.ends)-1]
}

// find tells which app row i is of, and the how many-th of it.
func (s objectSet) find(i int) (a *App, k int) {
	n := *s.last
	if i >= s.ends[n] || n > 0 && i < s.ends[n-1] {
		n = sort.SearchInts(s.ends, i+1)
		*s.last = n
	}
	if n > 0 {
		i -= s.ends[n-1]
	}
	return s.apps[n], i
}

func (s objectSet) id(i int) string {
	a, k := s.find(i)
	if m := a.lazy(); m != nil {
		return m.rowID(k)
	}
	return s.g.insideOf(a)[k].id()
}

func (s objectSet) see(i int, u *User) bool {
	a, k := s.find(i)
	m := a.lazy()
	switch {
	case m == nil:
		return s.g.insideOf(a)[k].see(u)
	case u.Admin():
		return s.g.site.Can(u, Read, a) // scripts too: he may reload
	default:
		return s.g.canSeeObject(u, a, m.row(k))
	}
}

func (s objectSet) row(i int) row {
	a, k := s.find(i)
	if m := a.lazy(); m != nil {
		return s.g.objectRow(a, m.row(k))
	}
	return s.g.insideOf(a)[k]
}

// A found is what a query found: some rows of a set in some order.
type found struct {
	set   rowSet
	order []int32
	lasts bool // it is the same after an edit of an app's own members
}

// rows makes the rows from one place to another.
func (f found) rows(from, to int) []row {
	rows := make([]row, 0, to-from)
	for _, i := range f.order[from:to] {
		rows = append(rows, f.set.row(int(i)))
	}
	return rows
}

// sortByID orders rows by id, as compareValues does, without making them. It reports whether all ids are GUIDs: if not,
// nothing is sorted.
func (f found) sortByID(descending bool) bool {
	type keyed struct {
		key [16]byte
		i   int32
	}
	list := make([]keyed, len(f.order))
	for n, i := range f.order {
		id := f.set.id(int(i))
		raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
		if err != nil || !isGUID(id) {
			return false
		}
		list[n] = keyed{[16]byte(raw), i}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		if descending {
			a, b = b, a
		}
		return slices.Compare(a.key[:], b.key[:])
	})
	for n := range list {
		f.order[n] = list[n].i
	}
	return true
}

// sortBy orders rows by a path; equal ones stay as they were.
func (f found) sortBy(path []string, descending bool) {
	if len(path) == 1 && strings.EqualFold(path[0], "id") && f.sortByID(descending) {
		return
	}
	type keyed struct {
		key any
		i   int32
	}
	list := make([]keyed, len(f.order))
	for n, i := range f.order {
		list[n] = keyed{first(f.set.row(int(i)).record, path), i}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		if descending {
			a, b = b, a
		}
		return compareValues(a.key, b.key)
	})
	for n := range list {
		f.order[n] = list[n].i
	}
}
