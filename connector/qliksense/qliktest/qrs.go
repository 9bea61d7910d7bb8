package qliktest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// serveQRS answers one request to the Repository, whichever port it came through; path begins with
// /qrs and its letters may be of any case (facts B.1).
func (s *Server) serveQRS(w http.ResponseWriter, r *http.Request, u *User, path string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if !strings.EqualFold(parts[0], "qrs") || len(parts) == 1 {
		s.note(r, "/{unknown}")
		plain(w, http.StatusNotFound, "Not Found")
		return
	}
	q := request{server: s, w: w, r: r, user: u, parts: parts[1:]}
	q.entity, q.rest, q.known = findEntity(q.parts)
	s.note(r, q.endpoint())
	pause(r.Context(), s.options.Latency.REST)
	if s.strike(w, r, q.appID()) {
		return
	}
	if !xrfkeyOK(w, r) {
		return
	}
	if s.inactive(u) {
		plain(w, http.StatusForbidden, "Your account is inactive. Contact your administrator to activate it.")
		return
	}
	if !q.readParameters() {
		return
	}
	q.answer()
}

func (s *Server) inactive(u *User) (inactive bool) {
	s.view(func(*Site) { inactive = u.Inactive })
	return inactive
}

// A request is one request to the Repository.
type request struct {
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	user   *User
	parts  []string // of the path behind /qrs

	known  bool       // the path begins with the path of entity, and
	entity entityType // rest is what comes behind
	rest   []string

	parameters map[string]string // names in lower case
	only       []string          // ids of a selection; nil: none
}

// endpoint names the request for the counters.
func (q *request) endpoint() string {
	switch {
	case !q.known && !strings.EqualFold(q.parts[0], "about") && !strings.EqualFold(q.parts[0], "selection"):
		return "/qrs/{unknown}"
	case !q.known:
		return "/qrs/" + strings.ToLower(q.parts[0])
	case len(q.rest) == 1 && isGUID(q.rest[0]):
		return "/qrs/" + q.entity.path + "/{id}"
	default:
		return "/" + strings.Join(append([]string{"qrs", q.entity.path}, lower(q.rest)...), "/")
	}
}

func lower(list []string) []string {
	low := make([]string, len(list))
	for i, s := range list {
		low[i] = strings.ToLower(s)
	}
	return low
}

// appID is the app that the request is about, for faults.
func (q *request) appID() string {
	if q.known && q.entity.path == "app" && len(q.rest) == 1 {
		return q.rest[0]
	}
	if q.known && (q.entity.path == "app" || q.entity.path == "app/object") {
		if one := ofOneApp().FindStringSubmatch(q.r.URL.Query().Get("filter")); one != nil {
			return one[1]
		}
	}
	return ""
}

// ofOneApp matches a filter that asks for one app or for what is in it.
func ofOneApp() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:app\.)?id eq '?([0-9a-f-]{36})'?(?: and |$)`)
}

// readParameters takes the query apart. A piece without "=" comes from a raw & in a value (facts
// B.1).
func (q *request) readParameters() bool {
	q.parameters = map[string]string{}
	for piece := range strings.SplitSeq(q.r.URL.RawQuery, "&") {
		name, value, ok := strings.Cut(piece, "=")
		if !ok && piece != "" {
			plain(q.w, http.StatusBadRequest, "Missing parameter value(s)")
			return false
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			plain(q.w, http.StatusBadRequest, "Bad Request")
			return false
		}
		q.parameters[strings.ToLower(name)] = value
	}
	return true
}

// answer finds the kind of request by its path.
func (q *request) answer() {
	verb := ""
	if len(q.rest) > 0 {
		verb = strings.ToLower(q.rest[0])
	}
	get, post := q.r.Method == http.MethodGet, q.r.Method == http.MethodPost
	switch {
	case !q.known && strings.EqualFold(q.parts[0], "about"):
		q.about()
	case !q.known && strings.EqualFold(q.parts[0], "selection"):
		q.selection()
	case !q.known || len(q.rest) > 1:
		q.notFound()
	case get && verb == "":
		q.list(q.entity.condensed)
	case get && verb == "full":
		q.list(nil)
	case get && verb == "count":
		q.count()
	case post && verb == "table":
		q.table()
	case get && isGUID(verb):
		q.one(verb)
	case get:
		q.notFound()
	default: // the site is for reading
		plain(q.w, http.StatusForbidden, "Forbidden")
	}
}

func (q *request) notFound() { plain(q.w, http.StatusNotFound, "Not Found") }

// query makes the query that the parameters ask for; false when it has answered with 400.
func (q *request) query() (query, bool) {
	sample := q.entity.sample()
	filter, err := parseFilter(q.parameters["filter"], sample)
	if err != nil {
		plain(q.w, http.StatusBadRequest, err.Error())
		return query{}, false
	}
	x := query{entity: q.entity, user: q.user, filter: filter, filterText: q.parameters["filter"], only: q.only}
	if by := q.parameters["orderby"]; by != "" {
		x.sort = strings.Split(by, ".")
		if len(follow(sample, x.sort)) == 0 {
			plain(q.w, http.StatusBadRequest, "Cannot parse the expression: "+by)
			return query{}, false
		}
	}
	return x, true
}

// list answers with an array of objects; shown limits their members (nil: full). It is the only kind
// of answer that MaxRecordLimit cuts.
func (q *request) list(shown []string) {
	x, ok := q.query()
	if !ok {
		return
	}
	const atATime = 5000 // of very many rows: what is sent needn't all be in memory
	rows, total := q.server.some(x, 0, atATime)
	if limit := q.server.options.MaxRecordLimit; limit > 0 && total > limit {
		rows, total = rows[:min(limit, len(rows))], limit
	}
	w := q.begin(http.StatusOK)
	b := []byte{'['}
	for sent := 0; ; {
		for _, o := range q.withPrivileges(rows) {
			if sent++; sent > 1 {
				b = append(b, ',')
			}
			b = appendRecord(b, o, shown)
		}
		if sent >= total || len(rows) == 0 {
			_, _ = w.Write(append(b, ']'))
			return
		}
		_, _ = w.Write(b)
		b = b[:0]
		rows, _ = q.server.some(x, sent, min(atATime, total-sent))
	}
}

// withPrivileges gives the rows' objects, with privileges when they are asked for (facts B.1).
func (q *request) withPrivileges(rows []row) []*record {
	objects := make([]*record, len(rows))
	for i, r := range rows {
		objects[i] = r.record
	}
	if !strings.EqualFold(q.parameters["privileges"], "true") {
		return objects
	}
	q.server.view(func(*Site) {
		for i, r := range rows {
			objects[i] = objects[i].with("privileges", privileges(r, q.user))
		}
	})
	return objects
}

func privileges(r row, u *User) []string {
	if !r.full(u) {
		return []string{"read"}
	}
	if r.schema == "App" {
		return []string{"read", "update", "delete", "export", "publish", "exportdata", "offlineaccess", "duplicate"}
	}
	return []string{"read", "update", "delete"}
}

func (q *request) count() {
	if x, ok := q.query(); ok {
		_, total := q.server.some(x, 0, 0)
		q.send(http.StatusOK, fmt.Appendf(nil, `{"value":%d}`, total))
	}
}

// one answers with a full object; what the user may not read is as unknown as any other id.
func (q *request) one(id string) {
	rows := q.server.find(query{entity: q.entity, user: q.user, only: []string{id}})
	if len(rows) == 0 {
		q.notFound()
		return
	}
	q.send(http.StatusOK, appendRecord(nil, q.withPrivileges(rows)[0], nil))
}

func (q *request) send(status int, body []byte) { _, _ = q.begin(status).Write(body) }

// begin sends the head of a JSON answer; the body is written to what it gives.
func (q *request) begin(status int) http.ResponseWriter {
	q.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	q.w.WriteHeader(status)
	return q.server.body(q.w, q.r, q.appID())
}

// about is what the site says of itself; the build date is text as an American reads it (facts B.2).
func (q *request) about() {
	if len(q.parts) > 1 || q.r.Method != http.MethodGet {
		q.notFound()
		return
	}
	var body []byte
	q.server.view(func(site *Site) {
		body = appendRecord(nil, &record{members: []member{
			{"buildVersion", site.BuildVersion},
			{"buildDate", "5/8/2026 10:00:00 AM"},
			{"databaseProvider", "Devart.Data.PostgreSql"},
			{"nodeType", int64(1)},
			{"sharedPersistence", true},
			{"requiresBootstrap", false},
			{"singleNodeOnly", false},
			{"schemaPath", "About"},
		}}, nil)
	})
	q.send(http.StatusOK, body)
}
