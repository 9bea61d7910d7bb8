package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

func TestLifeOfAConnectionThroughTheAPI(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	a := o.want(201, "POST", "/connections", o.keys("prod"))
	if a.header.Get("Location") != api.Prefix+"/connections/prod" || a.header.Get("ETag") == "" || a.state()["first_crawl"] != 77.0 {
		t.Errorf("%v %s", a.header, a.text)
	}
	if len(o.runs) != 1 || o.runs[0].Trigger != catalog.ByCreation || o.runs[0].Mode != catalog.Full || o.runs[0].Connection != "prod" {
		t.Errorf("first crawls: %+v", o.runs)
	}
	o.want(409, "POST", "/connections", o.keys("prod"))
	tag := o.want(200, "GET", "/connections/prod", nil).header.Get("ETag")

	before := o.site.Counters().RequestTotal()
	b := o.want(200, "PATCH", "/connections/prod", map[string]any{"description": "finance", "options": map[string]any{"workers": 3}}, "If-Match", tag)
	if b.body["description"] != "finance" || b.header.Get("ETag") == tag || len(o.runs) != 1 || o.site.Counters().RequestTotal() != before {
		t.Errorf("an edit of words asked the site, or started a crawl: %s", b.text)
	}
	o.want(412, "PATCH", "/connections/prod", map[string]any{"description": "x"}, "If-Match", tag)
	if p := o.want(422, "PATCH", "/connections/prod", map[string]any{"code": "other"}); !strings.Contains(p.text, "never changes") {
		t.Errorf("a changed code: %s", p.text)
	}

	again := o.keys("prod")
	again["jwt"] = map[string]any{"prefix": o.info.Prefix, "token": ""}
	again["state"] = map[string]any{"whatever": 1}
	c := o.want(200, "PUT", "/connections/prod", again)
	if c.body["description"] != nil || len(c.state()["secrets_set"].([]any)) != 1 {
		t.Errorf("after a PUT without the secret: %s", c.text)
	}
	if got, err := o.db.Secret(t.Context(), "prod", "jwt.token"); err != nil || got != o.info.Token {
		t.Errorf("the token is %q, %v", got, err)
	}
	if p := o.want(422, "PATCH", "/connections/prod", map[string]any{"jwt": map[string]any{"token": nil}}); p.pointers()[0] != "/jwt/token" {
		t.Errorf("a login without a token: %s", p.text)
	}
	if strings.Contains(o.heard.String(), o.info.Token) {
		t.Error("an answer shows the token")
	}
}

func TestWhatTheAPIMayNotNameIsToldByField(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{"PATH": "/bin"})
	wrong := o.keys("prod")
	wrong["url"] = "http://169.254.169.254/latest"
	wrong["jwt"] = map[string]any{"prefix": "jwt", "token": "env:PATH"}
	wrong["tls"] = map[string]any{"ca_file": "/etc/passwd"}
	wrong["colour"] = "red"
	wrong["options"] = map[string]any{"workers": 100.0, "qvds_path": "/etc"}
	wrong["notify"] = map[string]any{"recipients": []any{"nobody"}, "webhooks": []any{"file:/etc/passwd"}}
	a := o.want(422, "POST", "/connections", wrong)
	got := strings.Join(a.pointers(), " ")
	for _, want := range []string{"/url", "/jwt/token", "/tls/ca_file", "/colour", "/options/workers", "/options/qvds_path", "/notify/recipients/0", "/notify/webhooks/0"} {
		if !strings.Contains(got+" ", want+" ") {
			t.Errorf("%s isn't told: %s", want, got)
		}
	}
}

func TestWhatIsWrongWithAKeyIsToldOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	wrong := o.keys("prod")
	wrong["jwt"] = "x"
	wrong["options"] = map[string]any{"logs_path": "/var/log/qlik", "qvds_path": "/etc"}
	a := o.want(422, "POST", "/connections", wrong)
	got := a.pointers()
	slices.Sort(got)
	if diff := cmp.Diff([]string{"/jwt", "/options/logs_path", "/options/qvds_path"}, got); diff != "" {
		t.Errorf("%s%s", diff, a.text)
	}
	if !strings.Contains(a.text, "not in this version") {
		t.Errorf("the answer is %s", a.text)
	}
}

func TestAStoredSecretGoesToNoOtherServer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.want(201, "POST", "/connections", o.keys("prod"))
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other server was asked") }))
	t.Cleanup(elsewhere.Close)
	moved := o.keys("prod")
	moved["url"] = elsewhere.URL
	delete(moved["jwt"].(map[string]any), "token")
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"PATCH", "/connections/prod", map[string]any{"url": elsewhere.URL}},
		{"PATCH", "/connections/prod?save_anyway=true", map[string]any{"url": elsewhere.URL}},
		{"PUT", "/connections/prod?save_anyway=true", moved},
		{"PATCH", "/connections/prod?save_anyway=true", map[string]any{"tls": map[string]any{"insecure_skip_verify": true}}},
		{"PATCH", "/connections/prod?save_anyway=true", map[string]any{"proxy": map[string]any{"url": "http://127.0.0.1:9"}}},
		{"POST", "/connections/prod/check", moved},
	} {
		a := o.want(422, c.method, c.path, c.body)
		if got := a.pointers(); len(got) != 1 || got[0] != "/jwt/token" || !strings.Contains(a.text, "Give it, or put") {
			t.Errorf("%s %s: %s", c.method, c.path, a.text)
		}
	}
	moved["jwt"].(map[string]any)["token"] = "another"
	o.want(200, "PUT", "/connections/prod?save_anyway=true", moved)
}

func TestWhoAdministersAConnectionIsForSecurityAdmins(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.want(201, "POST", "/connections", o.keys("prod"))
	o.as(principal("carl", auth.ConnectorCreator))
	grab := map[string]any{"admins": map[string]any{"security": []any{"carl"}}}
	if a := o.want(422, "PATCH", "/connections/prod", grab); a.pointers()[0] != "/admins" {
		t.Errorf("%s", a.text)
	}
	o.want(403, "PUT", "/connections/prod/admins", map[string]any{"integration": []any{}, "security": []any{"carl"}})
	o.want(422, "PATCH", "/connections/prod/settings", map[string]any{"url": "https://elsewhere"})
	o.as(principal("sue", auth.SecurityAdmin))
	o.want(200, "PUT", "/connections/prod/admins", map[string]any{"integration": []any{"ida"}, "security": []any{}})
	o.want(403, "PATCH", "/connections/prod/settings", map[string]any{"access_instructions": "x"})
	o.as(principal("carl", auth.ConnectorCreator))
	o.want(200, "PATCH", "/connections/prod/settings", map[string]any{"access_instructions": "ask Ida", "notify": map[string]any{"recipients": []any{"ida@example.com"}}})
	o.as(principal("vic", auth.Viewer))
	a := o.want(200, "GET", "/connections/prod", nil)
	if a.body["access_instructions"] != "ask Ida" || a.body["notify"] != nil {
		t.Errorf("a viewer reads %s", a.text)
	}
	o.want(403, "POST", "/connections/prod/check", nil)
}

func TestRemovalThroughTheAPI(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.want(201, "POST", "/connections", o.keys("prod"))
	run, err := o.db.StartRun(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
	if err != nil {
		t.Fatal(err)
	}
	a := o.want(409, "DELETE", "/connections/prod", nil)
	if list, _ := a.body["conflicts"].([]any); len(list) != 1 || !strings.Contains(list[0].(string), "Run 1") {
		t.Errorf("in use: %s", a.text)
	}
	if err := o.db.FinishRun(t.Context(), run, catalog.Done, catalog.Tally{}, ""); err != nil {
		t.Fatal(err)
	}
	o.want(202, "DELETE", "/connections/prod", nil)
	o.want(202, "DELETE", "/connections/prod", nil)
	if s := o.want(200, "GET", "/connections/prod", nil).state(); s["removal"] == nil {
		t.Errorf("its state while it goes: %v", s)
	}
	o.want(409, "PATCH", "/connections/prod", map[string]any{"description": "x"})
	if err := o.register.FinishRemovals(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.want(404, "GET", "/connections/prod", nil)
}

func TestConnectionsAreFoundAndTheirKeysDescribed(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	for _, code := range []string{"one", "two"} {
		o.want(201, "POST", "/connections?save_anyway=true", o.keys(code))
	}
	a := o.want(200, "GET", "/connections?q=SENSE+TWO&fields=code,health", nil)
	if items := a.body["items"].([]any); len(items) != 1 || items[0].(map[string]any)["code"] != "two" || len(items[0].(map[string]any)) != 2 {
		t.Errorf("%s", a.text)
	}
	if types := o.want(200, "GET", "/connection-types", nil); !strings.Contains(types.text, `"path":"jwt.token"`) {
		t.Errorf("%.300s", types.text)
	}
	if log := o.want(200, "GET", "/connections/one/log", nil); !strings.Contains(log.text, "has not been refreshed yet") || log.header.Get("Content-Disposition") != "" {
		t.Errorf("%v %s", log.header, log.text)
	}
	o.want(404, "GET", "/connections/three/log", nil)
	if c := o.want(200, "GET", "/connections/one/coverage", nil); c.body["listed"] != 0.0 {
		t.Errorf("%s", c.text)
	}
}

func TestKeysAndTokensThroughTheAPI(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	pair := o.want(200, "POST", "/jwt/keypair", map[string]any{"bits": 2048, "days": 30}, "Idempotency-Key", "once")
	if again := o.want(409, "POST", "/jwt/keypair", map[string]any{"bits": 2048, "days": 30}, "Idempotency-Key", "once"); strings.Contains(again.text, "PRIVATE") {
		t.Errorf("a private key is shown twice")
	}
	if pair.header.Get("Cache-Control") != "no-store" || !strings.Contains(pair.body["certificate"].(string), "BEGIN CERTIFICATE") || len(pair.body["steps"].([]any)) < 5 {
		t.Errorf("%v %.200s", pair.header, pair.text)
	}
	spec := map[string]any{"private_key": pair.body["private_key"], "user_id": "svc", "user_directory": "ACME", "lifetime": "30d", "groups": []any{"g"}}
	token := o.want(200, "POST", "/jwt/sign", spec).body["token"]
	found := o.want(200, "POST", "/jwt/inspect", map[string]any{"token": token})
	if len(found.body["refusals"].([]any)) > 0 || found.body["claims"].(map[string]any)["userid"] != "svc" {
		t.Errorf("%s", found.text)
	}
	spec["private_key"], spec["lifetime"], spec["claims"] = "hunter2", "soon", map[string]any{"exp": 1}
	a := o.want(422, "POST", "/jwt/sign", spec)
	if got := strings.Join(a.pointers(), " "); got != "/private_key /lifetime /claims/exp" || strings.Contains(a.text, "hunter2") {
		t.Errorf("%s: %s", got, a.text)
	}
	o.want(422, "POST", "/jwt/inspect", map[string]any{"token": "none"})
}

func TestTheLogOfTheLastRefreshIsDownloaded(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.want(201, "POST", "/connections", o.keys("prod"))
	o.site.Fail(demo.Site().Apps[0].ID, qliktest.AccessDenied4000)
	conn, err := o.db.Connection(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	result, err := o.app.crawlNow(t.Context(), o.db, conn, catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
	if err != nil {
		t.Fatal(err)
	}
	a := o.want(200, "GET", "/connections/prod/log", nil)
	if got := a.header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename="qlikcrawler_prod_\d{8}_\d{6}\.log"$`).MatchString(got) {
		t.Errorf("%s", got)
	}
	for _, want := range []string{"qlikcrawler ", "Sense prod", o.site.URL, "listing streams and apps", "app ", ": added in ", "state       done", fmt.Sprintf("%d listed", result.Tally.Listed), "partial "} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the log lacks %q:\n%s", want, a.text)
		}
	}
	if strings.Contains(a.text, o.info.Token) {
		t.Error("the log shows the token")
	}
	if s := o.want(200, "GET", "/connections/prod", nil).state(); s["health"] != "green" || !strings.Contains(s["last_refresh"].(string), "It was last refreshed at 20") {
		t.Errorf("the state after a crawl: %v", s)
	}
}

func TestWhenAConnectionIsCrawledIsForIntegrationAdmins(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	keys := o.keys("prod")
	keys["schedule"] = map[string]any{"cron": "0 2 * * *", "time_zone": "Europe/Paris"}
	o.as(principal("carl", auth.ConnectorCreator))
	if a := o.want(422, "POST", "/connections?save_anyway=true", keys); a.pointers()[0] != "/schedule" {
		t.Errorf("%s", a.text)
	}
	o.as(principal("ida", auth.IntegrationAdmin))
	a := o.want(201, "POST", "/connections?save_anyway=true", keys)
	next := a.state()["next_run_at"]
	if s, _ := a.body["schedule"].(map[string]any); s["mode"] != "delta" || s["enabled"] != true || next == nil {
		t.Errorf("%s", a.text)
	}
	o.as(principal("carl", auth.ConnectorCreator))
	delete(a.body, "state")
	b := o.want(200, "PUT", "/connections/prod", a.body) // what was read, unchanged
	if b.body["schedule"] == nil || b.state()["next_run_at"] != next {
		t.Errorf("%s", b.text)
	}
	delete(a.body, "schedule")
	if b = o.want(200, "PUT", "/connections/prod", a.body); b.body["schedule"] == nil {
		t.Errorf("left out, and gone: %s", b.text)
	}
	o.want(422, "PATCH", "/connections/prod", map[string]any{"schedule": nil})
	o.want(422, "PATCH", "/connections/prod", map[string]any{"schedule": map[string]any{"cron": "* * * * *"}})
	o.as(principal("ida", auth.IntegrationAdmin))
	if b = o.want(409, "DELETE", "/connections/prod", nil); !strings.Contains(b.text, "schedule is enabled") {
		t.Errorf("%s", b.text)
	}
	if b = o.want(200, "PATCH", "/connections/prod", map[string]any{"schedule": nil}); b.body["schedule"] != nil || b.state()["next_run_at"] != nil {
		t.Errorf("%s", b.text)
	}
}

func TestWhoMakesAConnectionMaySeeIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	carl := catalog.User{Name: "carl", Role: auth.ConnectorCreator}
	if err := o.db.AddUser(t.Context(), carl, ""); err != nil {
		t.Fatal(err)
	}
	o.as(auth.Principal{Identity: catalog.Identity{User: carl}})
	o.want(201, "POST", "/connections?save_anyway=true", o.keys("his"))
	stored, err := o.db.User(t.Context(), "carl")
	if err != nil {
		t.Fatal(err)
	}
	o.as(auth.Principal{Identity: catalog.Identity{User: stored}})
	o.want(200, "GET", "/connections/his", nil)
	o.want(202, "DELETE", "/connections/his", nil)
	if err := o.register.FinishRemovals(t.Context()); err != nil {
		t.Fatal(err)
	}
}
