package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/web"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A wired is the whole service as serve connects its parts, without its workers, on a database of its own.
type wired struct {
	t    *testing.T
	db   *postgres.DB
	site *web.Site
	url  string
	spec spec
}

// A spec is what a test reads of the OpenAPI document.
type spec struct {
	Paths map[string]map[string]operation
}

type operation struct {
	ID         string `json:"operationId"`
	Role       string `json:"x-role"`
	Connection string `json:"x-connection"`
	Parameters []struct{ Name, In string }
}

func newWired(t *testing.T) *wired {
	t.Helper()
	a := &app{env: environment{Getenv: func(string) string { return "" }, Stderr: io.Discard}, log: slog.New(slog.DiscardHandler)}
	if err := a.config.load(pflag.NewFlagSet("", pflag.ContinueOnError), a.env.Getenv); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t), MasterKey: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s, err := a.newService(t.Context(), &database{DB: db}, serveFlags{noWork: true, slots: 1, web: webFlags{rate: -1}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.site)
	t.Cleanup(srv.Close)
	w := &wired{t: t, db: db, site: s.site, url: srv.URL}
	res, err := http.Get(w.url + api.Prefix + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&w.spec); err != nil {
		t.Fatal(err)
	}
	return w
}

// must is for what a test needs to go on.
func (w *wired) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestTheRoutesAndTheOpenAPIDocumentAreTheSame(t *testing.T) {
	t.Parallel()
	w := newWired(t)
	var described []string
	for path, methods := range w.spec.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+api.Prefix+path)
		}
	}
	// The document itself, the page made of it, and the answer for everything else.
	described = append(described, "GET "+api.Prefix+"/openapi.json", "GET "+api.Prefix+"/{$}", api.Prefix+"/")
	routes := w.site.API.Patterns()
	for _, r := range routes {
		if !slices.Contains(described, r) {
			t.Errorf("the route %q isn't described", r)
		}
	}
	for _, d := range described {
		if !slices.Contains(routes, d) {
			t.Errorf("%q is described, but there is no such route", d)
		}
	}
	if len(routes) < 40 {
		t.Errorf("only %d routes: is a part of the service not connected?", len(routes))
	}
}

// includes is the contract's table of roles: who may do what needs a role.
var includes = map[string][]string{
	"viewer":            {"viewer", "connector_creator", "integration_admin", "security_admin", "admin"},
	"connector_creator": {"connector_creator", "integration_admin", "admin"},
	"integration_admin": {"integration_admin", "admin"},
	"security_admin":    {"security_admin", "admin"},
	"admin":             {"admin"},
}

// An actor is somebody who asks, and what they may by the contract.
type actor struct {
	name   string
	bearer string
	role   string          // of the user and of the token, whichever is less; "": may nothing
	all    bool            // on all connections
	extra  map[string]bool // roles on the connection "granted" by its admins
}

func (a actor) sees(connection string) bool {
	return a.role != "" && (a.all || connection == "granted")
}

// on tells whether the actor may do what needs a role on a connection.
func (a actor) on(need, connection string) bool {
	if !a.sees(connection) {
		return false
	}
	if slices.Contains(includes[need], a.role) {
		return true
	}
	for role := range a.extra {
		if connection == "granted" && slices.Contains(includes[need], role) {
			return true
		}
	}
	return false
}

// somewhere tells whether the actor may do on any connection what needs a role.
func (a actor) somewhere(need string) bool {
	return a.role != "" && (a.on(need, "granted") || slices.Contains(includes[need], a.role))
}

// want is the statuses by which a call may be refused; none: it may not be refused.
func (a actor) want(o operation, connection string) []int {
	switch {
	case o.Role == "anyone":
		return nil
	case a.role == "":
		return []int{401}
	case o.Connection == "resource":
		if !a.somewhere(o.Role) {
			return []int{403}
		}
		return nil
	case o.Connection != "":
		switch {
		case !a.sees(connection):
			return []int{404}
		case !a.on(o.Role, connection):
			return []int{403}
		}
		return nil
	}
	mayItself := slices.Contains(includes[o.Role], a.role)
	if o.Role == "security_admin" || o.Role == "admin" {
		mayItself = mayItself && a.all
	}
	if !mayItself {
		return []int{403}
	}
	return nil
}

// actors makes one of each kind.
func (w *wired) actors() []actor {
	w.t.Helper()
	list := []actor{{name: "nobody"}, {name: "nonsense", bearer: "qct_nonsense"}}
	for _, role := range catalog.Roles {
		for _, all := range []bool{true, false} {
			a := actor{name: fmt.Sprintf("%s.%v", role, all), role: string(role), all: all}
			w.user(a.name, role, all, "granted")
			a.bearer = w.token(a.name, catalog.RoleAdmin, nil)
			list = append(list, a)
		}
	}
	// Named by the connection itself.
	for name, role := range map[string]string{"olga": "integration_admin", "serge": "security_admin"} {
		w.user(name, catalog.RoleViewer, false)
		list = append(list, actor{name: name, bearer: w.token(name, catalog.RoleAdmin, nil), role: "viewer", extra: map[string]bool{role: true}})
	}
	// Tokens that are limited.
	w.user("boss", catalog.RoleAdmin, true)
	list = append(list,
		actor{name: "boss as a viewer", bearer: w.token("boss", catalog.RoleViewer, nil), role: "viewer", all: true},
		actor{name: "boss on one connection", bearer: w.token("boss", catalog.RoleAdmin, []string{"granted"}), role: "admin"},
	)
	w.user("gone", catalog.RoleAdmin, true)
	list = append(list, actor{name: "disabled", bearer: w.token("gone", catalog.RoleAdmin, nil)})
	w.must(w.db.EditUser(w.t.Context(), catalog.User{Name: "gone", Role: catalog.RoleAdmin, AllConnections: true, Disabled: true}, 0))
	return list
}

func (w *wired) user(name string, role catalog.Role, all bool, connections ...string) {
	w.t.Helper()
	u := catalog.User{Name: name, Role: role, AllConnections: all}
	if !all {
		u.Connections = connections
	}
	w.must(w.db.AddUser(w.t.Context(), u, "$hash$"))
}

func (w *wired) token(user string, role catalog.Role, connections []string) string {
	w.t.Helper()
	secret, hash := auth.NewSecret(auth.TokenPrefix)
	_, err := w.db.AddToken(w.t.Context(), catalog.Token{User: user, Name: "t", Role: role, Connections: connections, CreatedBy: "test"}, hash)
	w.must(err)
	return secret
}

// connections makes "granted", which names olga and serge as its admins, and "other", with a run each.
func (w *wired) connections() map[string]catalog.RunID {
	w.t.Helper()
	runs := map[string]catalog.RunID{}
	for _, code := range []string{"granted", "other"} {
		w.must(w.db.AddConnection(w.t.Context(), catalog.Connection{
			Code: code, Name: code, Type: "qlik-sense", URL: "https://127.0.0.1:1",
			Settings: json.RawMessage(`{"admins":{"integration":["` + map[bool]string{true: "Olga", false: "x"}[code == "granted"] + `"],"security":["` +
				map[bool]string{true: "serge", false: "x"}[code == "granted"] + `"]}}`),
		}))
		id, err := w.db.StartRun(w.t.Context(), catalog.Run{Connection: code, Mode: catalog.Full, Trigger: catalog.ByCLI})
		w.must(err)
		w.must(w.db.FinishRun(w.t.Context(), id, catalog.Done, catalog.Tally{}, ""))
		runs[code] = id
	}
	return runs
}

func (w *wired) call(a actor, method, path string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+api.Prefix+path, nil)
	w.must(err)
	if a.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	}
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1000))
	w.must(err)
	return res.StatusCode, string(body)
}

// TestEveryEndpointRefusesEverybodyWhoMayNot asks every operation of the OpenAPI document as everybody, on
// a connection that is granted and on one that isn't. A query parameter that no operation has keeps those
// who may from doing anything: 422, or 400 where a body is missing too, says that they might have.
func TestEveryEndpointRefusesEverybodyWhoMayNot(t *testing.T) {
	t.Parallel()
	w := newWired(t)
	w.connections()
	actors := w.actors()
	for path, methods := range w.spec.Paths {
		for method, o := range methods {
			for _, connection := range []string{"granted", "other"} {
				target := address(path, o, connection)
				for _, a := range actors {
					status, body := w.call(a, strings.ToUpper(method), target)
					want := a.want(o, connection)
					switch {
					case want == nil && status != http.StatusUnprocessableEntity && status != http.StatusBadRequest:
						t.Errorf("%s may %s %s, but: %d %s", a.name, method, target, status, body)
					case want != nil && !slices.Contains(want, status):
						t.Errorf("%s may not %s %s, but: %d, want %d: %s", a.name, method, target, status, want, body)
					}
				}
			}
		}
	}
}

// address fills in a path.
func address(path string, o operation, connection string) string {
	kind, name, _ := strings.Cut(o.Connection, ":")
	if kind == "path" {
		path = strings.ReplaceAll(path, "{"+name+"}", connection)
	}
	for _, p := range o.Parameters {
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", "1")
		}
	}
	path += "?nothing=like-this"
	if kind == "query" {
		path += "&" + name + "=" + connection + "/app"
	}
	return path
}

// TestNumbersOfOtherConnectionsTellNothing asks for things whose connection only the handler knows.
func TestNumbersOfOtherConnectionsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWired(t)
	runs := w.connections()
	actors := w.actors()
	for path, methods := range w.spec.Paths {
		for method, o := range methods {
			if o.Connection != "resource" || strings.HasSuffix(path, "/events") && method == "get" {
				continue // the events of a crawl are tested below: those who may see them get a stream
			}
			if !strings.HasPrefix(path, "/crawls/{id}") {
				t.Logf("%s %s: its resource is another package's test", method, path)
				continue
			}
			for _, connection := range []string{"granted", "other"} {
				target := strings.Replace(path, "{id}", fmt.Sprint(runs[connection]), 1)
				for _, a := range actors {
					if a.role == "" || !a.somewhere(o.Role) {
						continue
					}
					w.checkNumbered(a, o, strings.ToUpper(method), target, connection)
				}
			}
		}
	}
	for _, a := range actors {
		if a.role != "" && !a.sees("other") {
			if status, body := w.call(a, "GET", fmt.Sprintf("/crawls/%d/events", runs["other"])); status != http.StatusNotFound {
				t.Errorf("%s hears of another connection's crawl: %d %s", a.name, status, body)
			}
		}
	}
}

func (w *wired) checkNumbered(a actor, o operation, method, target, connection string) {
	w.t.Helper()
	status, body := w.call(a, method, target)
	switch {
	case !a.sees(connection):
		if status != http.StatusNotFound {
			w.t.Errorf("%s: %s %s of a connection that isn't seen: %d %s", a.name, method, target, status, body)
		}
	case !a.on(o.Role, connection):
		if status != http.StatusForbidden {
			w.t.Errorf("%s: %s %s without the role: %d %s", a.name, method, target, status, body)
		}
	case status == http.StatusForbidden || status == http.StatusNotFound || status == http.StatusUnauthorized || status >= 500:
		w.t.Errorf("%s may %s %s, but: %d %s", a.name, method, target, status, body)
	}
}
