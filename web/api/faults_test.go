package api_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// pointers are the places that a problem names, each with a cure.
func pointers(t *testing.T, body string) []string {
	t.Helper()
	var all []string
	for _, e := range decode[api.Problem](t, body).Errors {
		if e.Cure == "" {
			t.Errorf("%s has no cure: %s", e.Pointer, body)
		}
		all = append(all, e.In+e.Pointer)
	}
	slices.Sort(all)
	return all
}

func TestWhatTheSchemaAndWhatTheOperationRefusesIsToldTogether(t *testing.T) {
	t.Parallel()
	crawls := newCrawlSite(t)
	db := pgtest.Open(t)
	people := newSite(t, api.Deps{Guard: guardOn(db), Users: db, Tokens: db, Audit: db})
	for _, c := range []struct {
		name         string
		site         *site
		method, path string
		body         string
		want         []string
	}{
		{
			"a schedule of a wrong mode, at no time, nowhere", crawls.site, "PUT", "/connections/prod/schedule",
			`{"mode":"weekly","cron":"whenever","time_zone":"Nowhere"}`,
			[]string{"body/cron", "body/mode", "body/time_zone"},
		},
		{"a schedule without its cron, which is told once", crawls.site, "PUT", "/connections/prod/schedule", `{"time_zone":"Nowhere"}`, []string{"body/cron", "body/time_zone"}},
		{"a schedule whose full_every contradicts its mode", crawls.site, "PUT", "/connections/prod/schedule?x=1", `{"cron":"0 2 * * *","mode":"full","full_every":3,"hue":1}`, []string{"body/full_every", "body/hue", "query/x"}},
		{
			"a crawl that contradicts itself", crawls.site, "POST", "/connections/prod/crawls",
			`{"mode":"full","apps":["a",""],"trigger":"whim"}`,
			[]string{"body/apps/1", "body/mode", "body/trigger"},
		},
		{"a selected crawl of nothing", crawls.site, "POST", "/connections/prod/crawls", `{"mode":"selected","allow_mass_retire":true,"hue":1}`, []string{"body/allow_mass_retire", "body/apps", "body/hue"}},
		{"apps of a wrong type are told once", crawls.site, "POST", "/connections/prod/crawls", `{"mode":"selected","apps":[1]}`, []string{"body/apps/0"}},
		{"a user", people, "POST", "/users", `{"name":"b o b","role":"emperor","password":"short","hue":1}`, []string{"body/hue", "body/name", "body/password", "body/role"}},
		{"a user of a wrong type has a role all the same", people, "POST", "/users", `{"name":5,"password":"short"}`, []string{"body/name", "body/password"}},
		{
			"a token", people, "POST", "/tokens",
			`{"name":"","user":"nobody","expires_at":"2001-01-01T00:00:00Z","no_expiry":true,"role":"emperor"}`,
			[]string{"body/name", "body/no_expiry", "body/role", "body/user"},
		},
		{"a password", people, "PUT", "/users/root/password", `{"password":"root","hue":1}`, []string{"body/hue", "body/password"}},
		{"one's own password", people, "PUT", "/session/password", `{"new":"short"}`, []string{"body/new", "body/old"}},
		{"no body, and more", people, "POST", "/users?hue=1", "", []string{"body", "query/hue"}},
		{"what isn't JSON", people, "POST", "/users?hue=1", "{", []string{"body", "query/hue"}},
		{"another kind of JSON", people, "POST", "/users", "[]", []string{"body"}},
		{"a key with signs of its own", people, "POST", "/users", `{"name":"bob","a.b/c":1}`, []string{"body/a.b~1c"}},
		{"a list", people, "GET", "/users?limit=0&sort=connections,nme&fields=nme&filter=role:like:x&filter=created_at:ge:soon&filter=created_at:contains:x&filter=name&cursor=x", "", []string{
			"query/cursor", "query/fields/0", "query/filter/0", "query/filter/1", "query/filter/2", "query/filter/3", "query/limit", "query/sort/0", "query/sort/1",
		}},
		{"a parameter that is there twice", people, "GET", "/users?limit=1&limit=2&filter=role:eq:admin&filter=role:eq:viewer", "", []string{"query/limit"}},
		{"a parameter that is there twice, and wrong", people, "GET", "/users?limit=abc&limit=3", "", []string{"query/limit", "query/limit"}},
		{"a query that can't be read", people, "GET", "/users?filter=name:contains:100%&limit=x", "", []string{"query", "query/limit"}},
		{"outcomes", crawls.site, "GET", "/crawls/x/outcomes?limit=x&sort=hue", "", []string{"path/id", "query/limit", "query/sort/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, _, body := c.site.send(c.method, c.path, c.body)
			if diff := cmp.Diff(c.want, pointers(t, body)); diff != "" || status != 422 && status != 400 {
				t.Errorf("%d (-want +got):\n%s%s", status, diff, body)
			}
			if strings.Contains(body, "short") && c.path == "/users" {
				t.Errorf("the answer has the password: %s", body)
			}
		})
	}
}

func TestATooLongIdempotencyKeyIsToldWithTheRest(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	s := newSite(t, api.Deps{Calls: db, Users: db, Tokens: db, Guard: guardOn(db)})
	_, _, body := s.send("POST", "/users", `{"name":"?"}`, "Idempotency-Key", strings.Repeat("k", 256))
	if diff := cmp.Diff([]string{"body/name", "header/Idempotency-Key"}, pointers(t, body)); diff != "" {
		t.Error(diff)
	}
	if status, _, _ := s.send("POST", "/users", `{"name":"eve"}`, "Idempotency-Key", strings.Repeat("k", 256)); status != 422 {
		t.Errorf("the call was made: %d", status)
	}
	if status, _, _ := s.get("/users/eve"); status != 404 {
		t.Errorf("the user was made: %d", status)
	}
}

func guardOn(db *postgres.DB) *auth.Guard { return auth.New(auth.Deps{Store: db, Cheap: true}) }

func TestAMisspelledNameGetsTheNearestOne(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	s := newSite(t, api.Deps{Guard: guardOn(db), Users: db, Tokens: db, Catalog: db})
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/users?limt=3", "", "Did you mean limit?"},
		{"GET", "/users?sort=nmae", "", "Did you mean name?"},
		{"GET", "/reports?filter=ower:eq:x", "", "Did you mean owner?"},
		{"GET", "/reports?fields=nmae", "", "Did you mean name?"},
		{"GET", "/search?q=x&kind=mesure", "", "Did you mean measure?"},
		{"POST", "/users", `{"name":"bob","pasword":"x"}`, "Did you mean password?"},
	} {
		if status, _, body := s.send(c.method, c.path, c.body); status != 422 || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
}

func TestWhatIsNotThereIsNamedWithWhereToLook(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	crawls := newCrawlSite(t)
	s := newSite(t, api.Deps{Catalog: db, Lineage: db, Export: db, Guard: guardOn(db), Users: db, Tokens: db})
	sha := strings.Repeat("a", 64)
	for _, c := range []struct {
		site               *site
		method, path, what string
	}{
		{s, "GET", "/report-groups?key=demo/stream/x", "report group"},
		{s, "GET", "/reports?key=demo/x", "report"},
		{s, "GET", "/report-fields?key=demo/x/y", "report field"},
		{s, "GET", "/source-codes?key=demo/x/script", "source code"},
		{s, "GET", "/source-codes/version?key=demo/x/script&sha256=" + sha, "version"},
		{s, "GET", "/model/tables?key=demo/x/table/y", "table"},
		{s, "GET", "/model/fields?key=demo/x/field/y", "field"},
		{s, "GET", "/model?key=demo/x", "app"},
		{s, "GET", "/preview?key=demo/x/y", "sheet"},
		{s, "GET", "/preview.svg?key=demo/x/y", "sheet"},
		{s, "GET", "/lineage?key=demo/x/y", "lineage"},
		{s, "GET", "/governance?key=demo/x/y", "report group, report or connection"},
		{s, "PUT", "/governance?key=demo/x/y", "report group, report or connection"},
		{s, "GET", "/export?connection=none", "connection"},
		{s, "DELETE", "/lineage/edges?from_key=demo/x&to_key=demo/y", "edge"},
		{s, "GET", "/users/nobody", "user"},
		{s, "DELETE", "/users/nobody", "user"},
		{s, "GET", "/tokens/999", "token"},
		{s, "GET", "/nothing", "nothing at this address"},
		{crawls.site, "GET", "/crawls/999", "crawl 999"},
		{crawls.site, "GET", "/crawls/999/outcomes", "crawl 999"},
		{crawls.site, "GET", "/crawls/999/events", "crawl 999"},
		{crawls.site, "DELETE", "/crawls/999", "crawl 999"},
		{crawls.site, "GET", "/connections/prod/schedule", `"prod" has no schedule`},
		{crawls.site, "POST", "/connections/none/crawls", `connection "none"`},
		{crawls.site, "PUT", "/connections/none/schedule", `connection "none"`},
	} {
		body := map[string]string{"/governance?key=demo/x/y": `{"owner":"ann"}`, "/connections/none/crawls": "{}", "/connections/none/schedule": `{"cron":"@daily"}`}[c.path]
		if c.method == "GET" {
			body = ""
		}
		status, _, answer := c.site.send(c.method, c.path, body)
		p := decode[api.Problem](t, answer)
		if status != 404 || !strings.Contains(p.Detail, c.what) || !strings.HasPrefix(p.Detail, "The") || !strings.HasSuffix(p.Detail, ".") || !strings.Contains(p.Cure, "/api/v1/") {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, answer)
		}
	}
	for _, path := range []string{"/preview?key=demo/none", "/model?key=demo/none"} {
		if status, _, body := s.get(path); status != 404 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestAnAnswerThatTheClientHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	s := newSite(t, api.Deps{Guard: guardOn(db), Users: db, Tokens: db})
	must(t, db.AddUser(t.Context(), catalog.User{Name: "root", Role: auth.Admin, AllConnections: true}, "$hash$"))
	status, made, body := s.send("POST", "/users", `{"name":"ann"}`)
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	_, header, first := s.get("/users/ann")
	tag := header.Get("ETag")
	if tag == "" || tag != made.Get("ETag") {
		t.Errorf("ETags %q and %q of the same user", made.Get("ETag"), tag)
	}
	for _, have := range []string{tag, `"other", ` + tag, "W/" + tag, "*"} {
		status, header, body := s.send("GET", "/users/ann", "", "If-None-Match", have)
		if status != http.StatusNotModified || body != "" || header.Get("ETag") != tag {
			t.Errorf("%s: %d %q %s", have, status, header.Get("ETag"), body)
		}
	}
	if status, _, again := s.send("GET", "/users/ann", "", "If-None-Match", `"other"`); status != 200 || !bytes.Equal([]byte(first), []byte(again)) {
		t.Errorf("another ETag: %d %s", status, again)
	}

	// What an edit isn't held against changes the answer all the same.
	_, err := db.Pool().Exec(t.Context(), "update qlikcrawler.account set last_login_at = now() where name = 'ann'")
	must(t, err)
	status, header, _ = s.send("GET", "/users/ann", "", "If-None-Match", tag)
	if status != 200 || header.Get("ETag") == tag {
		t.Errorf("an answer that has changed: %d %s", status, header.Get("ETag"))
	}
	if status, _, body := s.send("PATCH", "/users/ann", `{"display_name":"Ann"}`, "If-Match", tag); status != 200 {
		t.Errorf("an edit of the same version: %d %s", status, body)
	}
	if status, _, _ := s.send("PATCH", "/users/ann", `{"display_name":"Anna"}`, "If-Match", tag); status != http.StatusPreconditionFailed {
		t.Errorf("an edit of an old version: %d", status)
	}
}
