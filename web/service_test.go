package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/web"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

const rootPassword = "correct horse battery"

// A service is the HTTP face on a database of the test's own, with an admin "root" and two connections,
// "prod" and "test".
type service struct {
	t   testing.TB
	url string
	db  *postgres.DB
	sql *pgxpool.Pool
	log *logged
}

// logged is what was logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newService(t testing.TB, change func(*web.Deps)) *service {
	t.Helper()
	url := pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, MasterKey: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	sql, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sql.Close)
	s := &service{t: t, db: db, sql: sql, log: &logged{}}
	for _, code := range []string{"prod", "test"} {
		c := catalog.Connection{Code: code, Name: code, Type: "qlik-sense"}
		if code == "prod" {
			c.Settings = json.RawMessage(`{"admins":{"integration":["Olga"],"security":[]}}`)
		}
		if err := db.AddConnection(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	s.url = s.process(change)
	if _, err := db.AddFirstUser(t.Context(), catalog.User{Name: "root", Role: catalog.RoleAdmin}, auth.HashPassword(rootPassword)); err != nil {
		t.Fatal(err)
	}
	return s
}

// process is one more process on the same database; it returns its URL.
func (s *service) process(change func(*web.Deps)) string {
	s.t.Helper()
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	guard := auth.New(auth.Deps{Store: s.db, Log: log, Cheap: true})
	d := web.Deps{
		Log: log, Guard: guard, BehindProxy: true, Limits: web.Limits{PerAddress: -1},
		Ready: func(ctx context.Context) error { return s.db.Ping(ctx) },
		API:   api.Deps{Log: log, Guard: guard, Users: s.db, Tokens: s.db, Audit: s.db, Calls: s.db},
	}
	if change != nil {
		change(&d)
	}
	site, err := web.New(d)
	if err != nil {
		s.t.Fatal(err)
	}
	srv := httptest.NewServer(site)
	s.t.Cleanup(srv.Close)
	return srv.URL
}

// An ask is who asks: headers that go with each of their requests.
type ask struct {
	*service
	header http.Header
}

func (s *service) as(headers ...string) *ask {
	a := &ask{s, http.Header{}}
	for i := 0; i+1 < len(headers); i += 2 {
		a.header.Set(headers[i], headers[i+1])
	}
	return a
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a *ask) do(method, path, body string, headers ...string) answer {
	a.t.Helper()
	url := path
	if strings.HasPrefix(path, "/") {
		url = a.url + path
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header = a.header.Clone()
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// want does a call and expects that status.
func (a *ask) want(status int, method, path, body string, headers ...string) answer {
	a.t.Helper()
	got := a.do(method, path, body, headers...)
	if got.status != status {
		a.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.body)
	}
	return got
}

func into[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// login logs in from an address and gives who comes with that session.
func (s *service) login(user, password, address string) *ask {
	s.t.Helper()
	got := s.as("X-Forwarded-For", address).want(200, "POST", "/api/v1/session", `{"user":"`+user+`","password":"`+password+`"}`)
	return s.as("X-Forwarded-For", address, "Cookie", strings.SplitN(got.header.Get("Set-Cookie"), ";", 2)[0])
}

// root is the admin, logged in.
func (s *service) root() *ask { return s.login("root", rootPassword, "192.0.2.1") }

// user makes a user and a token of theirs that may all that they may.
func (s *service) user(name, rest string) *ask {
	s.t.Helper()
	root := s.root()
	root.want(201, "POST", "/api/v1/users", `{"name":"`+name+`"`+rest+`}`)
	made := root.want(201, "POST", "/api/v1/tokens", `{"name":"test","user":"`+name+`","role":"admin"}`)
	return s.as("Authorization", "Bearer "+into[struct{ Token string }](s.t, made).Token)
}

func (s *service) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.sql.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) count(sql string, args ...any) int {
	s.t.Helper()
	var n int
	if err := s.sql.QueryRow(s.t.Context(), sql, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}
