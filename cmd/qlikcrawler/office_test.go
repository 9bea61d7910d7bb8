package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

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
