package qliktest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A query asks for entities of one type that a user may read.
type query struct {
	entity     entityType
	user       *User
	filter     condition // nil: all
	filterText string
	only       []string // ids of a selection; nil: no selection
	sort       []string // path; nil: in the site's order
	descending bool
}

func (q query) key() string {
	return fmt.Sprintf("%q", []string{
		q.entity.path, q.user.Account(), q.filterText, strings.Join(q.only, " "), fmt.Sprint(q.only == nil),
		strings.Join(q.sort, "."), fmt.Sprint(q.descending),
	})
}

// find answers a query with all rows. They never change; what is not readable is simply not there (facts B.1).
func (s *Server) find(q query) (rows []row) {
	s.lookUp(q, func(f found) { rows = f.rows(0, len(f.order)) })
	return rows
}

// some answers a query with rows from one place on, most of them at the most, and tells how many there are.
func (s *Server) some(q query, from, most int) (rows []row, total int) {
	s.lookUp(q, func(f found) {
		total = len(f.order)
		from := min(from, total)
		rows = f.rows(from, from+min(most, total-from))
	})
	return rows, total
}

// lookUp runs a query, or remembers what it found: paging asks for the same again and again. use must keep no more
// than rows of it: the site may be changed afterwards.
func (s *Server) lookUp(q query, use func(found)) {
	if q.entity.path == "app/object" && s.has("", ObjectsHidden) {
		use(found{})
		return
	}
	const queries, places = 64, 4 << 20 // kept between two edits, at the most
	s.view(func(*Site) {
		s.rows.mu.Lock()
		defer s.rows.mu.Unlock()
		g := s.rows.current(s)
		key := q.key()
		f, ok := s.rows.results[key]
		if !ok {
			f = q.run(g)
			if s.rows.places += len(f.order); len(s.rows.results) >= queries || s.rows.places > places {
				clear(s.rows.results)
				s.rows.places = len(f.order)
			}
			s.rows.results[key] = f
		}
		use(f)
	})
}

// run answers a query from the entities of a site.
func (q query) run(g *graph) found {
	f := found{set: q.entity.rows(g, q.pinnedApps()), lasts: q.lasts()}
	for i := range f.set.size() {
		switch {
		case q.only != nil && !containsFold(q.only, f.set.id(i)):
		case !f.set.see(i, q.user):
		case q.entity.hub && !f.set.row(i).hub(q.user):
		case q.filter != nil && !q.filter.matches(f.set.row(i).record):
		default:
			f.order = append(f.order, int32(i))
		}
	}
	if q.sort != nil {
		f.sortBy(q.sort, q.descending)
	}
	return f
}

// lasts reports whether a query for app objects finds the same ones, in the same order, after an edit of an app's own members: it
// looks at none of them.
func (q query) lasts() bool {
	return q.entity.path == "app/object" && q.filter == nil && (q.sort == nil || len(q.sort) == 1 && strings.EqualFold(q.sort[0], "id"))
}

// pinnedApps are the apps that the filter asks for by id; nil: any. Only their insides are looked at.
func (q query) pinnedApps() []string {
	if q.filter == nil {
		return nil
	}
	return q.filter.pinned("app.id")
}

// first is the first value of a path, nil without one.
func first(o *record, path []string) any {
	if values := follow(o, path); len(values) > 0 {
		return values[0]
	}
	return nil
}

// compareValues orders two values of the same path; nothing comes first, texts without case.
func compareValues(a, b any) int {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return -1
	case string:
		y, _ := b.(string)
		return strings.Compare(strings.ToLower(x), strings.ToLower(y))
	case guid:
		y, _ := b.(guid)
		return strings.Compare(strings.ToLower(string(x)), strings.ToLower(string(y)))
	case int64:
		y, _ := b.(int64)
		return cmp.Compare(x, y)
	case enum:
		y, _ := b.(enum)
		return cmp.Compare(x.number, y.number)
	case date:
		y, _ := b.(date)
		return x.value().Compare(y.value())
	case bool:
		y, _ := b.(bool)
		return cmp.Compare(bit(x), bit(y))
	default:
		return 0
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}
