package export_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/export"
)

// A sink answers with one status after the other, and the last one from then on.
type sink struct {
	mu       sync.Mutex
	statuses []int
	headers  http.Header
	body     string
	got      []string // of each request: method, path, token, body
	waited   []time.Duration
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	s.got = append(s.got, strings.Join([]string{r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}, " "))
	for k := range s.headers {
		w.Header().Set(k, s.headers.Get(k))
	}
	w.WriteHeader(s.statuses[min(len(s.got), len(s.statuses))-1])
	_, _ = io.WriteString(w, s.body)
}

// endpoint sends to the sink and notes pauses instead of making them.
func (s *sink) endpoint(t *testing.T) *export.Endpoint {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	u, err := export.ParseEndpoint(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &export.Endpoint{URL: u, Token: "t0ken-value", Wait: func(_ context.Context, d time.Duration) error {
		s.waited = append(s.waited, d)
		return nil
	}}
}

func TestAnEventIsPostedWithTheToken(t *testing.T) {
	t.Parallel()
	s := &sink{statuses: []int{201}}
	if err := s.endpoint(t).Send(t.Context(), []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if want := `POST /api/v1/lineage Bearer t0ken-value application/json {"a":1}`; len(s.got) != 1 || s.got[0] != want {
		t.Errorf("the endpoint got %q, want %q once", s.got, want)
	}
}

func TestABusyEndpointIsAskedAgainWithGrowingPauses(t *testing.T) {
	t.Parallel()
	s := &sink{statuses: []int{503, 500, 429, 502, 200}}
	if err := s.endpoint(t).Send(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if len(s.got) != 5 || len(s.waited) != 4 {
		t.Fatalf("%d requests, pauses %v", len(s.got), s.waited)
	}
	for i, d := range s.waited {
		if full := time.Second << i; d < full/2 || d > full {
			t.Errorf("pause %d is %v, want between %v and %v", i, d, full/2, full)
		}
	}
}

func TestTheEndpointsOwnPauseIsHeeded(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "9999": 2 * time.Minute} {
		s := &sink{statuses: []int{429, 200}, headers: http.Header{"Retry-After": {header}}}
		if err := s.endpoint(t).Send(t.Context(), []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if len(s.waited) != 1 || s.waited[0] != want {
			t.Errorf("Retry-After %s: waited %v, want %v", header, s.waited, want)
		}
	}
	at := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	s := &sink{statuses: []int{503, 200}, headers: http.Header{"Retry-After": {at}}}
	if err := s.endpoint(t).Send(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if len(s.waited) != 1 || s.waited[0] < 30*time.Second || s.waited[0] > time.Minute {
		t.Errorf("Retry-After %s: waited %v", at, s.waited)
	}
}

func TestRefusalsAreToldAtOnceAndWithoutTheToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		code   catalog.Code
		cure   string
	}{
		{"token", 401, catalog.CodeUnauthorized, "--token"},
		{"right", 403, catalog.CodeForbidden, "right"},
		{"address", 404, catalog.CodeNotFound, "/api/v1/lineage"},
		{"redirect", 302, catalog.CodeNotFound, "whole address"},
		{"event", 422, catalog.CodeInvalid, "version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &sink{statuses: []int{tt.status}, headers: http.Header{"Location": {"/elsewhere"}}, body: "you sent t0ken-value"}
			err := s.endpoint(t).Send(t.Context(), []byte("{}"))
			if catalog.CodeOf(err) != tt.code || !strings.Contains(catalog.CureOf(err), tt.cure) || len(s.got) != 1 {
				t.Errorf("after %d requests: %v (%s); cure %q", len(s.got), err, catalog.CodeOf(err), catalog.CureOf(err))
			}
			if strings.Contains(err.Error(), "t0ken") {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
}

func TestSendGivesUp(t *testing.T) {
	t.Parallel()
	s := &sink{statuses: []int{500}}
	err := s.endpoint(t).Send(t.Context(), []byte("{}"))
	if len(s.got) != 6 || catalog.CodeOf(err) != catalog.CodeUnreachable || !strings.Contains(err.Error(), "6 attempts") {
		t.Errorf("after %d requests: %v", len(s.got), err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	e := s.endpoint(t)
	e.Wait = func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
	if err := e.Send(ctx, []byte("{}")); err != context.Canceled {
		t.Errorf("a cancelled send ends with %v", err)
	}

	gone := httptest.NewServer(http.NotFoundHandler())
	u, _ := url.Parse(gone.URL + "/lineage?key=s3cret")
	gone.Close()
	e = &export.Endpoint{URL: u, Wait: func(context.Context, time.Duration) error { return nil }}
	if err := e.Send(t.Context(), []byte("{}")); catalog.CodeOf(err) != catalog.CodeUnreachable || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("an endpoint that is gone: %v", err)
	}
}

func TestAddressesOfEndpoints(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://marquez:5000":  "http://marquez:5000/api/v1/lineage",
		"https://marquez/":     "https://marquez/api/v1/lineage",
		"https://datahub/x/y":  "https://datahub/x/y",
		"marquez:5000":         "",
		"ftp://marquez":        "",
		"http://u:p@marquez":   "",
		"http://%zz":           "",
		"https:///api/lineage": "",
	} {
		u, err := export.ParseEndpoint(text)
		switch {
		case want == "" && catalog.CodeOf(err) != catalog.CodeInvalid:
			t.Errorf("%s: %v, %v; want it refused", text, u, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%s: %v, %v; want %s", text, u, err, want)
		}
	}
}
