package qrs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// A strictSite is a Repository that accepts nothing but what the fact book says, under a base path.
// before may answer a request in its place, or change the site before it is answered.
type strictSite struct {
	tb  testing.TB
	url string

	mu       sync.Mutex
	rows     map[string][]map[string]any // by path: "app", "app/object"
	requests []string                    // "GET /qrs/about"
	queries  []url.Values
	before   func(w http.ResponseWriter, r *http.Request, path string) (answered bool)
}

func newSite(tb testing.TB) *strictSite {
	s := &strictSite{tb: tb, rows: map[string][]map[string]any{}}
	srv := httptest.NewServer(http.StripPrefix("/vp/x", s))
	tb.Cleanup(srv.Close)
	s.url = srv.URL + "/vp/x"
	return s
}

// client makes a client that doesn't wait long before it tries again.
func (s *strictSite) client(change ...func(*qrs.Config)) *qrs.Client {
	base, err := url.Parse(s.url)
	if err != nil {
		s.tb.Fatal(err)
	}
	cfg := qrs.Config{Base: base, RetryPause: time.Millisecond, RetryLimit: 3 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	return qrs.New(cfg)
}

func (s *strictSite) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// times counts the requests that hold part.
func (s *strictSite) times(part string) (n int) {
	for _, r := range s.seen() {
		if strings.Contains(r, part) {
			n++
		}
	}
	return n
}

func (s *strictSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	s.queries = append(s.queries, r.URL.Query())
	before := s.before
	s.mu.Unlock()
	if before != nil && before(w, r, r.URL.Path) {
		return
	}
	key := r.URL.Query().Get("xrfkey")
	if len(key) != 16 || r.Header.Get("X-Qlik-Xrfkey") != key {
		http.Error(w, "XSRF prevention check failed. Possible XSRF discovered.", http.StatusForbidden)
		return
	}
	switch kind, what := splitLast(strings.TrimPrefix(r.URL.Path, "/qrs/")); {
	case r.URL.Path == "/qrs/about":
		s.json(w, 200, map[string]any{"buildVersion": "31.62.0.0", "schemaPath": "About"})
	case what == "count" && r.Method == http.MethodGet:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.json(w, 200, map[string]any{"value": len(s.filtered(kind, r.URL.Query().Get("filter")))})
	case what == "table" && r.Method == http.MethodPost:
		s.table(w, r, kind)
	case what == "full" && r.Method == http.MethodGet:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.json(w, 200, s.filtered(kind, r.URL.Query().Get("filter")))
	default:
		http.Error(w, "Not Found", http.StatusNotFound)
	}
}

func splitLast(path string) (before, last string) {
	i := strings.LastIndex(path, "/")
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

func (s *strictSite) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone needs none
}

// filtered knows "a.b eq X [or …]", which is all that these tests send.
func (s *strictSite) filtered(kind, filter string) []map[string]any {
	if filter == "" {
		return s.rows[kind]
	}
	out := []map[string]any{}
	for _, row := range s.rows[kind] {
		for clause := range strings.SplitSeq(filter, " or ") {
			property, value, ok := strings.Cut(clause, " eq ")
			if !ok {
				s.tb.Errorf("filter %q", filter)
			}
			if fmt.Sprint(property1(row, property)) == strings.Trim(value, "'") {
				out = append(out, row)
			}
		}
	}
	return out
}

func property1(row map[string]any, dotted string) any {
	var x any = row
	for part := range strings.SplitSeq(dotted, ".") {
		m, ok := x.(map[string]any)
		if !ok {
			return nil
		}
		x = m[part]
	}
	return x
}

type tableBody struct {
	Entity  string
	Columns []struct {
		Name, ColumnType, Definition string
		List                         []struct{ Name, ColumnType, Definition string }
	}
}

func (s *strictSite) table(w http.ResponseWriter, r *http.Request, kind string) {
	q := r.URL.Query()
	skip, err1 := strconv.Atoi(q.Get("skip"))
	take, err2 := strconv.Atoi(q.Get("take"))
	var body tableBody
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil || err1 != nil || err2 != nil {
		s.tb.Errorf("table request: %v %v %v", err, err1, err2)
	}
	if q.Get("sortColumn") != "id" || q.Get("orderAscending") != "true" {
		s.tb.Errorf("page without a sort by id: %v", q)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.Clone(s.filtered(kind, q.Get("filter")))
	slices.SortFunc(rows, func(a, b map[string]any) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
	rows = rows[min(skip, len(rows)):min(skip+take, len(rows))]
	out := map[string]any{"id": "t", "type": body.Entity, "schemaPath": "Table"}
	var names []string
	cells := make([][]any, 0, len(rows))
	for _, c := range body.Columns {
		if strings.Contains(c.Name, " ") {
			s.tb.Errorf("column name %q", c.Name)
		}
		names = append(names, c.Name)
	}
	for _, row := range rows {
		line := make([]any, 0, len(names))
		for _, c := range body.Columns {
			if c.ColumnType == "Property" {
				line = append(line, property1(row, c.Definition))
				continue
			}
			inner := make([][]any, 0, 2)
			list, _ := row[c.Definition].([]map[string]any)
			for _, item := range list {
				var l []any
				for _, p := range c.List {
					l = append(l, property1(item, p.Definition))
				}
				inner = append(inner, l)
			}
			line = append(line, map[string]any{"columnNames": []string{}, "rows": inner})
		}
		cells = append(cells, line)
	}
	out["columnNames"], out["rows"] = names, cells
	s.json(w, http.StatusCreated, out)
}

// guid makes ids that sort like their number.
func guid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", n) }

// apps makes n rows as the Repository has them.
func apps(n int) []map[string]any {
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = map[string]any{
			"id": guid(i), "name": fmt.Sprintf("App %d", i), "published": false, "fileSize": 10, "availabilityStatus": 0,
			"publishTime": "1753-01-01T00:00:00.000Z", "modifiedDate": "2024-05-01T10:00:00.5Z",
		}
	}
	return rows
}

// collect reads a sequence to its end or its error.
func collect[T any](seq func(func(T, error) bool)) ([]T, error) {
	var all []T
	for v, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}
