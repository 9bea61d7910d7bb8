package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRightsOfUsersTakeEffectAtOnce(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	root, ann := s.root(), s.user("ann", "")
	ann.want(403, "GET", "/api/v1/users", "")
	got := root.want(200, "GET", "/api/v1/users/ANN", "")
	root.want(412, "PATCH", "/api/v1/users/ann", `{"role":"security_admin"}`, "If-Match", `"stale"`)
	edited := root.want(200, "PATCH", "/api/v1/users/ann", `{"role":"security_admin","display_name":"Ann A."}`, "If-Match", got.header.Get("ETag"))
	root.want(412, "PATCH", "/api/v1/users/ann", `{"role":"admin"}`, "If-Match", got.header.Get("ETag"))
	if edited.header.Get("ETag") == got.header.Get("ETag") {
		t.Error("the ETag of a user that was edited is the old one")
	}
	ann.want(200, "GET", "/api/v1/users", "")
	root.want(200, "PATCH", "/api/v1/users/ann", `{"all_connections":false,"connections":["prod"]}`)
	ann.want(403, "GET", "/api/v1/users", "")
	root.want(422, "PATCH", "/api/v1/users/ann", `{"connections":["prod","nowhere"]}`)
	who := into[map[string]any](t, ann.want(200, "GET", "/api/v1/session", ""))
	if who["display_name"] != "Ann A." || who["all_connections"] != false || fmt.Sprint(who["connections"]) != "[prod]" {
		t.Errorf("who am I: %v", who)
	}
	root.want(204, "DELETE", "/api/v1/users/ann", "")
	ann.want(401, "GET", "/api/v1/session", "")
	root.want(404, "GET", "/api/v1/users/ann", "")
}

func TestNobodyRisesAboveThemselves(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	sec, viewer := s.user("sec", `,"role":"security_admin"`), s.user("vic", "")
	for _, c := range []struct {
		name               string
		who                *ask
		method, path, body string
		want               int
	}{
		{"a security admin makes no admin", sec, "POST", "/users", `{"name":"x","role":"admin"}`, 403},
		{"nor makes one of a user", sec, "PATCH", "/users/vic", `{"role":"admin"}`, 403},
		{"nor edits one", sec, "PATCH", "/users/root", `{"disabled":true}`, 403},
		{"nor sets one's password", sec, "PUT", "/users/root/password", `{"password":"mine from now on"}`, 403},
		{"nor removes one", sec, "DELETE", "/users/root", "", 403},
		{"nor has a token of one", sec, "POST", "/tokens", `{"name":"x","user":"root"}`, 403},
		{"nor raises himself", sec, "PATCH", "/users/sec", `{"role":"integration_admin"}`, 403},
		{"nor removes himself", sec, "DELETE", "/users/sec", "", 403},
		{"but may call himself what he likes", sec, "PATCH", "/users/sec", `{"display_name":"Chief"}`, 200},
		{"and makes integration admins", sec, "PATCH", "/users/vic", `{"role":"integration_admin"}`, 200},
		{"and viewers again", sec, "PATCH", "/users/vic", `{"role":"viewer"}`, 200},
		{"a viewer makes no token for others", viewer, "POST", "/tokens", `{"name":"x","user":"sec"}`, 403},
		{"nor one that may more", viewer, "POST", "/tokens", `{"name":"x","role":"integration_admin"}`, 422},
		{"but one of his own", viewer, "POST", "/tokens", `{"name":"x"}`, 201},
		{"which may not see what doesn't exist", viewer, "POST", "/tokens", `{"name":"x","connections":["nowhere"]}`, 201},
		{"a token changes no password", viewer, "PUT", "/session/password", `{"old":"x","new":"something much longer"}`, 403},
		{"a token can't log out", viewer, "DELETE", "/session", "", 422},
		{"the last admin stays", s.root(), "PATCH", "/users/root", `{"display_name":"R"}`, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.who.do(c.method, "/api/v1"+c.path, c.body); got.status != c.want {
				t.Errorf("status %d, want %d: %s", got.status, c.want, got.body)
			}
		})
	}
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	s.root().want(201, "POST", "/api/v1/users", `{"name":"two","role":"admin"}`) // can't log in: no password
	two := s.root().want(201, "POST", "/api/v1/tokens", `{"name":"t","user":"two","role":"admin"}`)
	who := s.as("Authorization", "Bearer "+into[struct{ Token string }](t, two).Token)
	for _, c := range []struct{ method, body string }{{"PATCH", `{"role":"viewer"}`}, {"PATCH", `{"disabled":true}`}, {"PATCH", `{"all_connections":false}`}, {"DELETE", ""}} {
		got := who.want(409, c.method, "/api/v1/users/root", c.body)
		if !strings.Contains(got.body, "no admin would be left") {
			t.Errorf("%s %s: %s", c.method, c.body, got.body)
		}
	}
}

func TestATokenIsShownOnceAndMayNoMoreThanItSays(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	root := s.root()
	made := root.want(201, "POST", "/api/v1/tokens", `{"name":"nightly","role":"security_admin","expires_at":"2999-01-01T00:00:00Z"}`)
	token := into[struct {
		Token string
		ID    int64
	}](t, made)
	if !strings.HasPrefix(token.Token, "qct_") || made.header.Get("Location") != fmt.Sprintf("/api/v1/tokens/%d", token.ID) {
		t.Errorf("%s %s", made.header.Get("Location"), made.body)
	}
	program := s.as("Authorization", "Bearer "+token.Token)
	program.want(200, "GET", "/api/v1/users", "")
	program.want(403, "POST", "/api/v1/users", `{"name":"x","role":"admin"}`)
	program.want(422, "POST", "/api/v1/tokens", `{"name":"x","role":"admin"}`)
	program.want(422, "POST", "/api/v1/tokens", `{"name":"x","role":"integration_admin"}`)
	child := program.want(201, "POST", "/api/v1/tokens", `{"name":"child","no_expiry":true}`)
	if into[map[string]any](t, child)["expires_at"] != "2999-01-01T00:00:00Z" {
		t.Errorf("a token outlives the token that it was made with: %s", child.body)
	}
	for _, path := range []string{"/api/v1/tokens", fmt.Sprintf("/api/v1/tokens/%d", token.ID), "/api/v1/audit"} {
		if got := program.want(200, "GET", path, ""); strings.Contains(got.body, token.Token) {
			t.Errorf("%s shows the token", path)
		}
	}
	if strings.Contains(s.log.String(), token.Token) {
		t.Error("the log shows the token")
	}

	narrow := root.want(201, "POST", "/api/v1/tokens", `{"name":"narrow","role":"admin","connections":["prod"]}`)
	one := s.as("Authorization", "Bearer "+into[struct{ Token string }](t, narrow).Token)
	one.want(403, "GET", "/api/v1/users", "")
	if got := one.want(201, "POST", "/api/v1/tokens", `{"name":"x"}`); fmt.Sprint(into[map[string]any](t, got)["connections"]) != "[prod]" {
		t.Errorf("a token of one connection makes one of more: %s", got.body)
	}
	one.want(422, "POST", "/api/v1/tokens", `{"name":"x","connections":["prod","test"]}`)

	program.want(204, "DELETE", fmt.Sprintf("/api/v1/tokens/%d", token.ID), "")
	program.want(401, "GET", "/api/v1/users", "")
	one.want(200, "GET", "/api/v1/session", "")
	s.exec("update qlikcrawler.api_token set expires_at = now() where name = 'narrow'")
	one.want(401, "GET", "/api/v1/session", "")
	for _, header := range []string{"Bearer qct_nonsense", "Bearer", "Basic cm9vdDpyb290", "Bearer " + token.Token[4:]} {
		s.as("Authorization", header).want(401, "GET", "/api/v1/session", "")
	}
}

func TestTokensOfOthersAreForSecurityAdmins(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	ann, bob := s.user("ann", ""), s.user("bob", "")
	names := func(a answer) []string {
		var list []string
		for _, item := range into[struct{ Items []map[string]any }](t, a).Items {
			list = append(list, fmt.Sprint(item["user"]))
		}
		return list
	}
	if got := names(ann.want(200, "GET", "/api/v1/tokens?filter=user:eq:bob", "")); len(got) != 0 {
		t.Errorf("ann sees %v", got)
	}
	if diff := cmp.Diff([]string{"ann"}, names(ann.want(200, "GET", "/api/v1/tokens", ""))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bob", "ann"}, names(s.root().want(200, "GET", "/api/v1/tokens?sort=-user", ""))); diff != "" {
		t.Error(diff)
	}
	bobs := into[struct{ Items []struct{ ID int64 } }](t, bob.want(200, "GET", "/api/v1/tokens?fields=id", "")).Items[0].ID
	ann.want(404, "GET", fmt.Sprintf("/api/v1/tokens/%d", bobs), "")
	ann.want(404, "DELETE", fmt.Sprintf("/api/v1/tokens/%d", bobs), "")
	bob.want(200, "GET", "/api/v1/session", "")
	s.root().want(204, "DELETE", fmt.Sprintf("/api/v1/tokens/%d", bobs), "")
	bob.want(401, "GET", "/api/v1/session", "")
}

func TestAdminsOfAConnectionAreNamedByIt(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	olga := s.user("olga", `,"all_connections":false`)
	who := into[map[string]any](t, olga.want(200, "GET", "/api/v1/session", ""))
	if fmt.Sprint(who["integration_admin_of"], who["connections"], who["security_admin_of"]) != "[prod] [prod] []" {
		t.Errorf("%v", who)
	}
}
