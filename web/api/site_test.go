package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A site serves an API to a principal of the test's choice. Nothing is between them but a request id:
// sessions, throttling and so on are package web's.
type site struct {
	t   testing.TB
	url string
	as  *auth.Principal
}

// newSite serves the API of d. Requests come from an admin until as says otherwise:
//
//	s := newSite(t, api.Deps{Crawls: db})
//	status, _, body := s.get("/crawls?limit=2")
//	status, _, body = s.by(viewerOf("prod")).send("POST", "/connections/prod/crawls", `{"mode":"full"}`)
func newSite(t testing.TB, d api.Deps) *site {
	t.Helper()
	mux := http.NewServeMux()
	api.New(mux, d)
	return serve(t, mux)
}

func serve(t testing.TB, h http.Handler) *site {
	t.Helper()
	admin := someone("root", auth.Admin)
	s := &site{t: t, as: &admin}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p auth.Principal
		if text := r.Header.Get("X-Test-Principal"); text != "" {
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Error(err)
			}
		}
		ctx := api.WithRequestID(auth.With(r.Context(), p), "test-request")
		h.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL + api.Prefix
	return s
}

// by is the same site, asked by somebody else. The zero Principal is nobody.
func (s *site) by(p auth.Principal) *site { return &site{t: s.t, url: s.url, as: &p} }

// someone has a role on every connection.
func someone(name string, role auth.Role) auth.Principal {
	return auth.Principal{Identity: catalog.Identity{User: catalog.User{Name: name, Role: role, AllConnections: true}}}
}

// someoneOn has a role on some connections, and sees no others.
func someoneOn(name string, role auth.Role, connections ...string) auth.Principal {
	return auth.Principal{Identity: catalog.Identity{User: catalog.User{Name: name, Role: role, Connections: connections}}}
}

func (s *site) get(path string) (int, http.Header, string) { return s.send(http.MethodGet, path, "") }

// send sends a JSON body; headers are name, value, name, value.
func (s *site) send(method, path, body string, headers ...string) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if s.as.Known() {
		text, err := json.Marshal(s.as)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("X-Test-Principal", string(text))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(answer)
}

// decode reads an answer into a value.
func decode[T any](t testing.TB, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}
