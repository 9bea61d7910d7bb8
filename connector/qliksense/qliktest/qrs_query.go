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

// find answers a query. The rows never change; what is not readable is simply not there (facts B.1).
func (s *Server) find(q query) (found []row) {
	if q.entity.path == "app/object" && s.has("", ObjectsHidden) {
		return nil
	}
	const keep = 64 // results between two edits: paging asks for the same again and again
	s.view(func(*Site) {
		s.rows.mu.Lock()
		defer s.rows.mu.Unlock()
		g := s.rows.current(s)
		key := q.key()
		rows, ok := s.rows.results[key]
		if !ok {
			rows = q.run(g)
			if len(s.rows.results) >= keep {
				clear(s.rows.results)
			}
			s.rows.results[key] = rows
		}
		found = rows
	})
	return found
}

// run answers a query from the entities of a site.
func (q query) run(g *graph) []row {
	rows := []row{}
	for _, r := range q.entity.rows(g, q.pinnedApps()) {
		switch {
		case q.only != nil && !containsFold(q.only, r.id()):
		case q.entity.hub && !r.hub(q.user), !r.see(q.user):
		case q.filter != nil && !q.filter.matches(r.record):
		default:
			rows = append(rows, r)
		}
	}
	if q.sort != nil {
		sortRows(rows, q.sort, q.descending)
	}
	return rows
}

// sortRows orders rows by a path; equal ones stay as they were.
func sortRows(rows []row, path []string, descending bool) {
	type keyed struct {
		key any
		row row
	}
	list := make([]keyed, len(rows))
	for i, r := range rows {
		list[i] = keyed{first(r.record, path), r}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		if descending {
			a, b = b, a
		}
		return compareValues(a.key, b.key)
	})
	for i := range list {
		rows[i] = list[i].row
	}
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
