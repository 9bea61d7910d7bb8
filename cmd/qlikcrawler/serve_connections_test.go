package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/connector/register"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// An office is the API of connections on a database of its own, beside a simulated site.
type office struct {
	t        testing.TB
	app      *app
	db       *database
	register *register.Register
	site     *qliktest.Server
	info     qliktest.Info
	url      string
	database string           // its URL
	heard    *strings.Builder // everything that was answered

	mu   sync.Mutex
	who  auth.Principal
	runs []catalog.Run
}

func newOffice(t testing.TB, env map[string]string) *office {
	t.Helper()
	o := &office{t: t, site: qliktest.New(t, demo.Site(), qliktest.Options{}), heard: &strings.Builder{}, who: principal("root", auth.Admin)}
	var err error
	if o.info, err = o.site.Info(); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"QLIKCRAWLER_FILE_ROOTS": filepath.Dir(o.info.CAFile), "QLIKCRAWLER_DATA_DIR": t.TempDir()}
	maps.Copy(vars, env)
	o.app = &app{env: environment{Getenv: func(k string) string { return vars[k] }, Stderr: io.Discard}, log: slog.New(slog.DiscardHandler)}
	if err := o.app.config.load(pflag.NewFlagSet("", pflag.ContinueOnError), o.app.env.Getenv); err != nil {
		t.Fatal(err)
	}
	o.database = pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: o.database, MasterKey: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	o.db = &database{DB: db}
	o.register = o.app.newRegister(o.db, func(_ context.Context, r catalog.Run) (catalog.RunID, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.runs = append(o.runs, r)
		return 77, nil
	})
	deps := api.Deps{Log: o.app.log, Audit: db, Calls: db}
	connectionDeps(&deps, o.db, o.register)
	mux := http.NewServeMux()
	api.New(mux, deps)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		who := o.who
		o.mu.Unlock()
		mux.ServeHTTP(w, r.WithContext(auth.With(r.Context(), who)))
	}))
	t.Cleanup(srv.Close)
	o.url = srv.URL + api.Prefix
	return o
}

func principal(name string, role auth.Role) auth.Principal {
	return auth.Principal{Identity: catalog.Identity{User: catalog.User{Name: name, Role: role, AllConnections: true}}}
}

func (o *office) as(p auth.Principal) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.who = p
}

// An answer is one of the API.
type apiAnswer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// call calls the API; headers are name, value.
func (o *office) call(method, path string, body any, headers ...string) apiAnswer {
	o.t.Helper()
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			o.t.Fatal(err)
		}
		text = string(b)
	}
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.url+path, strings.NewReader(text))
	if err != nil {
		o.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	a := apiAnswer{status: res.StatusCode, header: res.Header, text: string(b)}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(b, &a.body); err != nil {
			o.t.Fatalf("%s %s: %v\n%s", method, path, err, b)
		}
	}
	o.heard.Write(b)
	return a
}

// want calls the API and expects a status.
func (o *office) want(status int, method, path string, body any, headers ...string) apiAnswer {
	o.t.Helper()
	a := o.call(method, path, body, headers...)
	if a.status != status {
		o.t.Fatalf("%s %s: %d, want %d\n%s", method, path, a.status, status, a.text)
	}
	return a
}

// keys are a connection that works.
func (o *office) keys(code string) map[string]any {
	return map[string]any{
		"name": "Sense " + code, "code": code, "type": "qlik-sense", "url": o.site.URL, "authentication": "jwt",
		"jwt": map[string]any{"prefix": o.info.Prefix, "token": o.info.Token}, "tls": map[string]any{"ca_file": o.info.CAFile},
	}
}

// pointers are the fields that an answer finds wrong.
func (a apiAnswer) pointers() []string {
	var got []string
	list, _ := a.body["errors"].([]any)
	for _, e := range list {
		got = append(got, e.(map[string]any)["pointer"].(string))
	}
	return got
}

func (a apiAnswer) state() map[string]any {
	s, _ := a.body["state"].(map[string]any)
	return s
}

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

func TestAConnectionIsProvenBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	wrong := o.keys("prod")
	wrong["jwt"] = map[string]any{"prefix": "nowhere", "token": o.info.Token}
	a := o.want(409, "POST", "/connections", wrong)
	if !strings.Contains(a.text, "step proxy") || !strings.Contains(a.body["cure"].(string), "save_anyway=true") {
		t.Errorf("a connection that doesn't work: %s", a.text)
	}
	o.want(404, "GET", "/connections/prod", nil)
	o.want(201, "POST", "/connections?save_anyway=true", wrong)
	o.want(409, "PATCH", "/connections/prod", map[string]any{"tls": map[string]any{"server_name": "x"}})
	o.want(200, "PATCH", "/connections/prod", map[string]any{"jwt": map[string]any{"prefix": o.info.Prefix}})

	check := o.want(200, "POST", "/connections/check", o.keys("next"))
	if check.body["ok"] != true {
		t.Fatalf("the check: %s", check.text)
	}
	before := o.site.Counters().RequestTotal()
	o.want(201, "POST", "/connections", o.keys("next"))
	if o.site.Counters().RequestTotal() != before {
		t.Error("what a check proved is checked again")
	}
	// An edit that isn't saved is checked with the secret that is stored.
	edit := o.keys("next")
	delete(edit["jwt"].(map[string]any), "token")
	if c := o.want(200, "POST", "/connections/next/check", edit); c.body["ok"] != true {
		t.Errorf("with the stored secret: %s", c.text)
	}
	if c := o.want(200, "POST", "/connections/next/check", nil); c.body["ok"] != true {
		t.Errorf("as it is stored: %s", c.text)
	}
}

func TestACheckIsStreamedStepByStep(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	a := o.want(200, "POST", "/connections/check", o.keys("prod"), "Accept", "text/event-stream")
	if a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v", a.header)
	}
	events := strings.Split(strings.TrimSpace(a.text), "\n\n")
	for i, e := range events {
		name := "event: step\n"
		if i == len(events)-1 {
			name = "event: result\n"
		}
		if !strings.HasPrefix(e, name) {
			t.Errorf("event %d is %q", i, e)
		}
	}
	if len(events) < 10 || !strings.Contains(events[len(events)-1], `"ok":true`) {
		t.Errorf("%d events: %s", len(events), a.text)
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
		if got := a.pointers(); len(got) != 1 || got[0] != "/jwt/token" || !strings.Contains(a.text, "give it, or put") {
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

func TestACheckGoesToNoAddressThatIsDenied(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{"QLIKCRAWLER_DENY_NETWORKS": "loopback"})
	keys := o.keys("prod")
	u, err := url.Parse(o.site.URL)
	if err != nil {
		t.Fatal(err)
	}
	keys["url"] = "https://localhost:" + u.Port() // a name: what it resolves to counts
	a := o.want(200, "POST", "/connections/check", keys)
	if a.body["ok"] != false || !strings.Contains(a.text, "QLIKCRAWLER_ALLOW_NETWORKS") || o.site.Counters().RequestTotal() > 0 {
		t.Errorf("%s", a.text)
	}
	keys["url"] = "https://127.0.0.1:" + u.Port()
	if b := o.want(422, "POST", "/connections/check", keys); b.pointers()[0] != "/url" {
		t.Errorf("%s", b.text)
	}
}

func TestHealthIsCheckedLightly(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.want(201, "POST", "/connections?save_anyway=true", o.keys("prod"))
	check := func() map[string]any {
		t.Helper()
		if err := o.register.CheckHealth(t.Context(), time.Nanosecond, 10); err != nil {
			t.Fatal(err)
		}
		return o.want(200, "GET", "/connections/prod", nil).state()
	}
	if s := check(); s["health"] != "green" || s["checked_at"] == nil {
		t.Errorf("%v", s)
	}
	if c := o.site.Counters(); c.OpensWithoutData+c.OpensWithData > 0 || c.RequestTotal() > 20 || c.Logouts != c.Logins {
		t.Errorf("a light check cost %+v", c)
	}
	o.site.Fail("", qliktest.Unavailable)
	s := check()
	if s["health"] != "red" || s["health_reason"] == nil || s["check_halted"] != nil {
		t.Errorf("%v", s)
	}
	o.site.Heal("")
	if s = check(); s["health"] != "green" {
		t.Errorf("%v", s)
	}
}

// TestAWrongPasswordIsTriedOnce counts what would lock the account.
func TestAWrongPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	keys := o.keys("prod")
	keys["authentication"] = "windows"
	keys["windows"] = map[string]any{"prefix": o.info.WindowsPrefix, "user_directory": o.info.UserDirectory, "user_id": o.info.UserID, "password": "wrong"}
	delete(keys, "jwt")
	if a := o.want(200, "POST", "/connections/check", keys); a.body["ok"] != false || !strings.Contains(a.text, `"unauthorized"`) {
		t.Fatalf("%s", a.text)
	}
	tries := o.site.Counters().WrongPasswords
	o.want(409, "POST", "/connections", keys) // what the check found is remembered
	if got := o.site.Counters().WrongPasswords; got != tries {
		t.Errorf("saving tried the wrong password again: %d tries after %d", got, tries)
	}
	o.want(201, "POST", "/connections?save_anyway=true", keys)
	for range 4 {
		if err := o.register.CheckHealth(t.Context(), time.Nanosecond, 10); err != nil {
			t.Fatal(err)
		}
	}
	s := o.want(200, "GET", "/connections/prod", nil).state()
	if got := o.site.Counters().WrongPasswords; got != 2*tries || s["health"] != "red" || s["check_halted"] != true {
		t.Errorf("%d tries after four health checks, want %d; state %v", got, 2*tries, s)
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
