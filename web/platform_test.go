package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/web"
	"github.com/qlikcrawler/qlikcrawler/web/ui"
)

func TestACallThatIsSentAgainIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	other := s.process(nil) // another process on the same database
	root := s.root()
	body := `{"name":"nightly"}`
	first := root.want(201, "POST", "/api/v1/tokens", body, "Idempotency-Key", "k1")
	again := root.want(201, "POST", other+"/api/v1/tokens", body, "Idempotency-Key", "k1")
	if again.body != first.body || again.header.Get("Location") != first.header.Get("Location") ||
		again.header.Get("Content-Type") != first.header.Get("Content-Type") || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("another answer:\n%s %v\n%s %v", first.body, first.header, again.body, again.header)
	}
	if n := s.count("select count(*) from qlikcrawler.api_token"); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
	secret := into[struct{ Token string }](t, first).Token
	if n := s.count("select count(*) from qlikcrawler.idempotency i where position($1::bytea in i.answer) > 0 or i::text like '%' || $2 || '%'", []byte(secret), secret); n != 0 {
		t.Error("the database has the token's secret")
	}
	root.want(422, "POST", "/api/v1/tokens", `{"name":"other"}`, "Idempotency-Key", "k1")
	root.want(422, "POST", "/api/v1/tokens", body, "Idempotency-Key", strings.Repeat("k", 256))
	root.want(201, "POST", "/api/v1/tokens", body, "Idempotency-Key", "k2")

	// A key belongs to the session that it came with.
	s.root().want(201, "POST", "/api/v1/tokens", body, "Idempotency-Key", "k1")

	// What was refused for want of a right may be sent again with more rights; a fault of the request stays one.
	ann := s.user("ann", "")
	ann.want(403, "POST", "/api/v1/users", `{"name":"x"}`, "Idempotency-Key", "k")
	root.want(200, "PATCH", "/api/v1/users/ann", `{"role":"security_admin"}`)
	ann.want(201, "POST", "/api/v1/users", `{"name":"x"}`, "Idempotency-Key", "k")
	ann.want(422, "POST", "/api/v1/users", `{"name":"?"}`, "Idempotency-Key", "bad")
	if got := ann.want(422, "POST", "/api/v1/users", `{"name":"?"}`, "Idempotency-Key", "bad"); got.header.Get("Idempotency-Replayed") != "true" {
		t.Error("a fault of the request was looked for twice")
	}

	// A call that is being made, or whose process died.
	s.exec("update qlikcrawler.idempotency set status = null where credential like 'session%'")
	if got := root.want(409, "POST", "/api/v1/tokens", body, "Idempotency-Key", "k1"); got.header.Get("Retry-After") == "" {
		t.Error("no word of when to try again")
	}
	s.exec("update qlikcrawler.idempotency set started_at = now() - interval '16 minutes'")
	root.want(201, "POST", "/api/v1/tokens", body, "Idempotency-Key", "k1")
}

func TestTheSameCallAtOnceIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	root := s.root()
	var wg sync.WaitGroup
	statuses := make(chan int, 8)
	for range 8 {
		wg.Go(func() {
			got := root.do("POST", "/api/v1/tokens", `{"name":"x"}`, "Idempotency-Key", "once")
			statuses <- got.status
		})
	}
	wg.Wait()
	close(statuses)
	for status := range statuses {
		if status != 201 && status != 409 {
			t.Errorf("status %d", status)
		}
	}
	if n := s.count("select count(*) from qlikcrawler.api_token"); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
}

func TestEveryCallThatChangesSomethingLeavesARow(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	root := s.root()
	root.want(201, "POST", "/api/v1/users", `{"name":"ann","password":"words of a sentence"}`, "X-Request-Id", "req-1")
	root.want(200, "PATCH", "/api/v1/users/ann", `{"role":"security_admin"}`)
	root.want(422, "PATCH", "/api/v1/users/ann", `{"role":"emperor"}`)
	s.as("X-Forwarded-For", "203.0.113.9").want(401, "POST", "/api/v1/session", `{"user":"root","password":"a guess of it"}`)
	s.as().want(401, "DELETE", "/api/v1/users/ann", "")
	s.user("bob", "").want(403, "DELETE", "/api/v1/users/ann", "")
	root.want(200, "GET", "/api/v1/users", "")

	type row struct {
		User, Via, Address, Action, Method, Path, Detail string
		Status                                           int
		RequestID                                        string `json:"request_id"`
	}
	got := root.want(200, "GET", "/api/v1/audit?sort=id", "")
	var rows []string
	for _, r := range into[struct{ Items []row }](t, got).Items {
		via, _, _ := strings.Cut(r.Via, " ")
		rows = append(rows, fmt.Sprintf("%s|%s|%s|%s|%s %s|%d|%s", r.User, via, r.Address, r.Action, r.Method, r.Path, r.Status, r.Detail))
		if r.RequestID == "" {
			t.Error("a row without a request id")
		}
	}
	want := []string{
		"root||192.0.2.1|login|POST /api/v1/session|200|",
		"root|session|192.0.2.1|create-user|POST /api/v1/users|201|user ann: viewer on all connections",
		"root|session|192.0.2.1|edit-user|PATCH /api/v1/users/ann|200|user ann: viewer on all connections → security_admin on all connections",
		"root|session|192.0.2.1|edit-user|PATCH /api/v1/users/ann|422|",
		"root||203.0.113.9|login|POST /api/v1/session|401|",
		"root||192.0.2.1|login|POST /api/v1/session|200|",
		"root|session|192.0.2.1|create-user|POST /api/v1/users|201|user bob: viewer on all connections",
		"root|session|192.0.2.1|create-token|POST /api/v1/tokens|201|token 1 of bob: role admin",
		"bob|token|127.0.0.1|remove-user|DELETE /api/v1/users/ann|403|",
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	for _, secret := range []string{"words of a sentence", "a guess of it", rootPassword} {
		if strings.Contains(got.body, secret) || strings.Contains(s.log.String(), secret) {
			t.Errorf("the audit log or the log has %q", secret)
		}
	}
	if n := s.count("select count(*) from qlikcrawler.audit where request_id = 'req-1' and action = 'create-user'"); n != 1 {
		t.Error("the client's request id isn't in the row")
	}
}

func TestRequestsHaveIdsAndLimitsAndProblems(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	root := s.root()
	got := root.want(200, "GET", "/api/v1/session", "", "X-Request-Id", "mine-1")
	if got.header.Get("X-Request-Id") != "mine-1" {
		t.Error("the client's id is not taken over")
	}
	for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy"} {
		if got.header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if got.header.Get("Strict-Transport-Security") != "" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", got.header)
	}
	if root.do("GET", "/healthz", "", "X-Forwarded-Proto", "https").header.Get("Strict-Transport-Security") == "" {
		t.Error("https isn't insisted on")
	}
	if id := root.want(200, "GET", "/api/v1/session", "", "X-Request-Id", "no spaces allowed").header.Get("X-Request-Id"); id == "" || strings.Contains(id, " ") {
		t.Errorf("id %q", id)
	}
	for _, c := range []struct {
		name, method, path, body string
		want                     int
		code                     string
	}{
		{"no such path", "GET", "/api/v1/nothing", "", 404, "not_found"},
		{"no such method", "DELETE", "/api/v1/users", "", 405, "invalid"},
		{"no JSON", "POST", "/api/v1/users", "{", 400, "invalid"},
		{"too long", "POST", "/api/v1/users", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large"},
		{"too long with a key", "POST", "/api/v1/users?key", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large"},
		{"empty", "POST", "/api/v1/users", "", 400, "invalid"},
	} {
		var headers []string
		if strings.HasSuffix(c.path, "?key") {
			c.path, headers = strings.TrimSuffix(c.path, "?key"), []string{"Idempotency-Key", "k"}
		}
		got := root.do(c.method, c.path, c.body, headers...)
		p := into[struct {
			Code      string
			Status    int
			RequestID string `json:"request_id"`
		}](t, got)
		if got.status != c.want || p.Code != c.code || p.Status != c.want || p.RequestID == "" || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s: %.300s", c.name, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
	if allow := root.do("DELETE", "/api/v1/users", "").header.Get("Allow"); allow != "GET, POST" {
		t.Errorf("Allow: %q", allow)
	}
	if got := root.do("POST", "/api/v1/users", "name=eve", "Content-Type", "application/x-www-form-urlencoded"); got.status != 415 {
		t.Errorf("a form: %d %s", got.status, got.body)
	}
}

func TestWhoAsksTooMuchHasToWait(t *testing.T) {
	t.Parallel()
	s := newService(t, func(d *web.Deps) { d.Limits = web.Limits{PerAddress: 1, PerPrincipal: 2} })
	root := s.root()
	var last answer
	for range 10 {
		if last = root.do("GET", "/api/v1/session", ""); last.status == 429 {
			break
		}
	}
	if last.status != 429 || last.header.Get("Retry-After") == "" || !strings.Contains(last.body, "throttled") {
		t.Fatalf("nobody stopped root: %d %s", last.status, last.body)
	}
	s.as("X-Forwarded-For", "192.0.2.200").want(401, "GET", "/api/v1/session", "")
	for range 10 {
		last = s.as("X-Forwarded-For", "192.0.2.201").do("GET", "/api/v1/session", "")
	}
	if last.status != 429 {
		t.Errorf("an address may ask without end: %d", last.status)
	}
	for range 10 {
		s.as("X-Forwarded-For", "192.0.2.201").want(200, "GET", "/healthz", "")
	}
}

func TestAnotherMethodOfAnAddressIsToldWhichItHas(t *testing.T) {
	t.Parallel()
	s := newService(t, func(d *web.Deps) {
		db := d.API.Users.(*postgres.DB)
		d.Metrics = http.NotFoundHandler()
		d.Pages = &ui.Deps{Catalog: db, Lineage: db}
	})
	for path, allow := range map[string]string{
		"/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/metrics": "GET, HEAD", "/": "GET, HEAD", "/search?q=x": "GET, HEAD", "/static/app.css": "GET, HEAD",
		"/sign-in": "GET, HEAD, POST", "/sign-out": "POST", "/lineage/edges": "GET, HEAD, POST",
	} {
		if got := s.as().want(405, "DELETE", path, ""); got.header.Get("Allow") != allow || !strings.Contains(got.body, "Use "+allow) {
			t.Errorf("DELETE %s: Allow %q, want %q", path, got.header.Get("Allow"), allow)
		}
	}
	s.as().want(405, "GET", "/sign-out", "")
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if got := s.as().want(404, method, "/nowhere", ""); got.header.Get("Allow") != "" {
			t.Errorf("%s of nothing allows %s", method, got.header.Get("Allow"))
		}
	}
	without := newService(t, nil)
	if got := without.as().want(405, "DELETE", "/healthz", ""); got.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("without pages: Allow %q", got.header.Get("Allow"))
	}
}

func TestReadyMeansThatTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	s.as().want(200, "GET", "/readyz", "")
	s.db.Close()
	if got := s.as().want(503, "GET", "/readyz", ""); strings.Contains(got.body, "pool") {
		t.Errorf("internals: %s", got.body)
	}
	s.as().want(200, "GET", "/healthz", "")
	got := s.as("Authorization", "Bearer qct_x").do("GET", "/api/v1/session", "")
	if got.status < 500 || strings.Contains(got.body, "pool") {
		t.Errorf("a token that can't be looked up: %d %s", got.status, got.body)
	}
}

func TestAPanicIsAnAnswerThatTheLogExplains(t *testing.T) {
	t.Parallel()
	s := newService(t, func(d *web.Deps) {
		d.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the handler's fault") })
	})
	got := s.as().want(500, "GET", "/metrics", "", "X-Request-Id", "crash-1")
	if p := into[map[string]any](t, got); p["code"] != "internal" || p["request_id"] != "crash-1" || strings.Contains(got.body, "fault") {
		t.Errorf("%s", got.body)
	}
	if log := s.log.String(); !strings.Contains(log, "the handler's fault") || !strings.Contains(log, "crash-1") {
		t.Error("the log doesn't explain it")
	}
}

func TestMetricsAreForThisMachineOrATokenOnly(t *testing.T) {
	t.Parallel()
	s := newService(t, func(d *web.Deps) {
		d.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "up 1") })
	})
	s.as().want(200, "GET", "/metrics", "")
	s.as("X-Forwarded-For", "192.0.2.4").want(401, "GET", "/metrics", "")
	s.root().want(200, "GET", "/metrics", "")
}

func TestWhatStandsAroundTheServiceIsToldRouteAndStatus(t *testing.T) {
	t.Parallel()
	var deps web.Deps
	var told []web.Answer
	newService(t, func(d *web.Deps) {
		d.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) // as an export of nothing
		d.Answered = func(a web.Answer) { told = append(told, a) }
		deps = *d
	})
	site, err := web.New(deps)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	r.RemoteAddr = "127.0.0.1:4"
	site.ServeHTTP(httptest.NewRecorder(), r)
	if r.Pattern != "GET /metrics" {
		t.Errorf("who traces the request sees the route %q", r.Pattern)
	}
	if len(told) != 1 || told[0].Route != "GET /metrics" || told[0].Status != http.StatusOK {
		t.Errorf("an answer without a body is counted as %+v", told)
	}
}

func TestTheApiDescribesItself(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	got := s.as().want(200, "GET", "/api/v1/openapi.json", "")
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			XRole       string `json:"x-role"`
			Security    []map[string][]string
			Parameters  []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || strings.Contains(got.body, `"$schema"`) || strings.Contains(got.body, `"null"`) {
		t.Errorf("OpenAPI %s, with $schema or nullable arrays", doc.OpenAPI)
	}
	page := s.as().want(200, "GET", "/api/v1/", "").body
	for path, methods := range doc.Paths {
		for method, o := range methods {
			if !strings.Contains(page, `id="`+o.OperationID+`"`) {
				t.Errorf("the page lacks %s", o.OperationID)
			}
			keyed := false
			for _, p := range o.Parameters {
				keyed = keyed || p.Name == "Idempotency-Key"
			}
			if want := method != "get" && o.XRole != "anyone"; keyed != want {
				t.Errorf("%s %s: takes an Idempotency-Key: %v", method, path, keyed)
			}
			if anyone := o.XRole == "anyone"; anyone != (len(o.Security) == 0) {
				t.Errorf("%s %s: role %s, security %v", method, path, o.XRole, o.Security)
			}
		}
	}
	if strings.Contains(page, "https://") || strings.Contains(page, "<script") {
		t.Error("the page loads something")
	}
}
