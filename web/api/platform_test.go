package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

func fixture(t *testing.T) (*site, func() catalog.Query) {
	t.Helper()
	mux := http.NewServeMux()
	asked := make(chan catalog.Query, 1)
	api.Fixture(mux, api.Deps{}, func(q catalog.Query) { asked <- q })
	return serve(t, mux), func() catalog.Query { return <-asked }
}

func TestRolesAndConnectionsAreEnforcedForEveryKindOfOperation(t *testing.T) {
	t.Parallel()
	s, _ := fixture(t)
	viewer, creator := someone("v", auth.Viewer), someone("c", auth.ConnectorCreator)
	integrator, granted := someone("i", auth.IntegrationAdmin), someoneOn("g", auth.IntegrationAdmin, "prod")
	own := someoneOn("o", auth.Viewer)
	own.IntegrationAdminOf = []string{"prod"}
	token := someone("t", auth.Admin)
	token.TokenRole, token.TokenConnections = auth.Viewer, []string{"prod"}
	for _, c := range []struct {
		name, method, path string
		who                auth.Principal
		want               int
	}{
		{"nobody", "GET", "/things", auth.Principal{}, 401},
		{"nobody on a connection", "POST", "/connections/prod/things", auth.Principal{}, 401},
		{"a viewer may not write", "POST", "/connections/prod/things", viewer, 403},
		{"a creator may not crawl", "POST", "/connections/prod/things", creator, 403},
		{"an integrator may", "POST", "/connections/prod/things", integrator, 201},
		{"one granted may", "POST", "/connections/prod/things", granted, 201},
		{"one not granted doesn't see it", "POST", "/connections/test/things", granted, 404},
		{"the connection's own admin may", "POST", "/connections/prod/things", own, 201},
		{"but not on others", "POST", "/connections/test/things", own, 404},
		{"a token is limited to its role", "POST", "/connections/prod/things", token, 403},
		{"a key on a connection that is seen", "GET", "/thing?key=prod/a/b", token, 200},
		{"a key on another", "GET", "/thing?key=test/a/b", token, 404},
		{"later: on the connection", "GET", "/things/1", granted, 200},
		{"later: on another", "GET", "/things/1", someoneOn("x", auth.IntegrationAdmin, "test"), 404},
		{"later: no role anywhere", "GET", "/things/1", viewer, 403},
		{"later: a handler that forgets to ask", "GET", "/things/0", integrator, 500},
		{"what belongs to no connection needs all of them", "PUT", "/thing", someoneOn("s", auth.SecurityAdmin, "prod"), 403},
		{"and the role", "PUT", "/thing", integrator, 403},
		{"with both", "PUT", "/thing", someone("s", auth.SecurityAdmin), 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := ""
			if c.method != "GET" {
				body = `{"name":"pump"}`
			}
			if status, _, answer := s.by(c.who).send(c.method, c.path, body); status != c.want {
				t.Errorf("status %d, want %d: %s", status, c.want, answer)
			}
		})
	}
}

func TestAllFaultsOfARequestComeAtOnceAndWithoutItsValues(t *testing.T) {
	t.Parallel()
	s, _ := fixture(t)
	status, header, body := s.send("POST", "/connections/prod/things?color=red", `{"name":"p","password":"hunter2","size":3}`)
	if status != 422 || header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s", status, header.Get("Content-Type"))
	}
	if p := decode[api.Problem](t, body); len(p.Errors) != 4 || p.Errors[3].In != "query" || p.Errors[3].Pointer != "/color" {
		t.Errorf("query and body: %s", body)
	}
	if _, _, body := s.send("POST", "/connections/prod/things?color=red&size=1", `{"name":"pump"}`); len(decode[api.Problem](t, body).Errors) != 2 {
		t.Errorf("query alone: %s", body)
	}
	_, _, body = s.send("POST", "/connections/prod/things", `{"name":"p","password":"hunter2","size":3}`)
	p := decode[api.Problem](t, body)
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.In+e.Pointer)
		if e.Cure == "" || e.Detail == "" {
			t.Errorf("%s has no detail or no cure", e.Pointer)
		}
	}
	if diff := cmp.Diff([]string{"body/name", "body/password", "body/size"}, got); diff != "" {
		t.Error(diff)
	}
	if p.Code != catalog.CodeInvalid || p.RequestID != "test-request" || strings.Contains(body, "hunter2") {
		t.Errorf("answer: %s", body)
	}
}

func TestListsAreAskedInOneWay(t *testing.T) {
	t.Parallel()
	s, asked := fixture(t)
	status, header, body := s.get("/things?limit=2&cursor=c&sort=-version,name&fields=name&filter=name:eq:a:b&filter=version:ge:3&filter=name:eq:z")
	if status != 200 || body != `{"items":[{"name":"a"},{"name":"b"}],"next":"more"}`+"\n" {
		t.Fatalf("%d %s", status, body)
	}
	if link := header.Get("Link"); !strings.HasSuffix(link, `; rel="next"`) || !strings.Contains(link, "cursor=more&") || !strings.Contains(link, "limit=2") {
		t.Errorf("Link: %s", link)
	}
	want := catalog.Query{
		Scope: catalog.Scope{All: true}, Limit: 2, Cursor: "c", Fields: []string{"name"},
		Sort: []catalog.Order{{Column: "version", Descending: true}, {Column: "name"}},
		Filters: []catalog.Filter{
			{Column: "name", Op: catalog.Equals, Values: []string{"a:b", "z"}},
			{Column: "version", Op: catalog.AtLeast, Values: []string{"3"}},
		},
	}
	if diff := cmp.Diff(want, asked()); diff != "" {
		t.Error(diff)
	}
	if s.by(someoneOn("v", auth.Viewer, "prod")).get("/things"); !cmp.Equal(asked().Scope, catalog.Scope{Connections: []string{"prod"}}) {
		t.Error("the scope is not the principal's")
	}
}

func TestWrongListParametersAreNamed(t *testing.T) {
	t.Parallel()
	s, _ := fixture(t)
	status, _, body := s.get("/things?sort=color&fields=size&filter=color:eq:1&filter=name:like:x&filter=name&filter=name:null:maybe")
	var got []string
	for _, e := range decode[api.Problem](t, body).Errors {
		got = append(got, e.Pointer)
	}
	slices.Sort(got)
	if want := []string{"/fields/0", "/filter/0", "/filter/1", "/filter/2", "/filter/3", "/sort/0"}; status != 422 || !cmp.Equal(want, got) {
		t.Errorf("%d %v: %s", status, got, body)
	}
	for _, path := range []string{"/things?limit=0", "/things?limit=1001", "/things?limit=x"} {
		if status, _, body := s.get(path); status != 422 || decode[api.Problem](t, body).Errors[0].Pointer != "/limit" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestAnEditOfWhatHasChangedIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := fixture(t)
	_, header, _ := s.send("PUT", "/thing", `{"name":"a"}`)
	status, header, body := s.send("PUT", "/thing", `{"name":"a"}`, "If-Match", header.Get("ETag"))
	if status != 412 || header.Get("ETag") == "" {
		t.Fatalf("%d %s", status, body)
	}
	if status, _, body := s.send("PUT", "/thing", `{"name":"a"}`, "If-Match", header.Get("ETag")); status != 200 {
		t.Errorf("with the ETag of the refusal: %d %s", status, body)
	}
}

func TestEveryCodeHasAStatusAndInternalsStayInside(t *testing.T) {
	t.Parallel()
	s, _ := fixture(t)
	want := map[catalog.Code]int{
		catalog.CodeInvalid: 422, catalog.CodeNotFound: 404, catalog.CodeConflict: 409, catalog.CodeUnauthorized: 502,
		catalog.CodeForbidden: 403, catalog.CodeSectionAccess: 403, catalog.CodeWouldMigrate: 409, catalog.CodeSessionLimit: 503,
		catalog.CodeUnreachable: 503, catalog.CodeThrottled: 503, catalog.CodeTimeout: 504, catalog.CodeTooLarge: 413,
		catalog.CodeUnreadable: 502, catalog.CodeInternal: 500,
	}
	inside := []catalog.Code{catalog.CodeUnauthorized, catalog.CodeForbidden, catalog.CodeUnreachable, catalog.CodeThrottled, catalog.CodeTimeout, catalog.CodeUnreadable, catalog.CodeInternal}
	for _, code := range catalog.Codes {
		status, _, body := s.get("/things/" + string(code))
		p := decode[api.Problem](t, body)
		if status != want[code] || p.Status != status || p.Code != code || p.Cure != "Wait." || p.RequestID == "" {
			t.Errorf("%s: %d, want %d: %s", code, status, want[code], body)
		}
		told := strings.Contains(body, "/secret/socket")
		for _, c := range inside {
			if c == code && told {
				t.Errorf("%s tells internals: %s", code, body)
			}
		}
	}
	if status, _, body := s.get("/things/2"); status != 422 || len(decode[api.Problem](t, body).Errors) != 2 {
		t.Errorf("field errors of a handler: %d %s", status, body)
	}
}

func TestACallMayTakeLongerThanItsBody(t *testing.T) {
	t.Parallel()
	s, _ := fixture(t)
	for _, sent := range []string{"", `{"name":"a"}`} {
		if status, _, body := s.send("POST", "/slow", sent); status != 200 {
			t.Errorf("%q: %d %s", sent, status, body)
		}
	}
}
