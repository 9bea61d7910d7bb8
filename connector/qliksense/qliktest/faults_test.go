package qliktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// What faults of the REST face do, and that those that strike once heal.
func TestRESTFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault Fault
		want  int // 0: no answer
		once  bool
	}{
		{Expire401, 401, true},
		{Expire302, 302, true},
		{Expire500, 500, true},
		{Unavailable, 503, false},
		{UnavailableOne, 503, true},
		{TooMany, 429, false},
		{TooManyOnce, 429, true},
		{ResetREST, 0, false},
		{ResetRESTOnce, 0, true},
		{CutREST, 0, false},
		{NotJSON, 200, false},
		{SlowREST, 200, false},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			c, s := start(t, Options{SlowBy: time.Millisecond})
			b := as(t, s, c.ann).login()
			b.http.Transport.(*http.Transport).DisableKeepAlives = true // else the client itself tries again
			b.http.CloseIdleConnections()
			s.Fail("", tt.fault)
			r, err := b.try("GET", "/qrs/app", "")
			if err != nil && tt.want != 0 || r.status != tt.want && tt.want != 0 || err == nil && tt.want == 0 {
				t.Fatalf("%d %v, want %d", r.status, err, tt.want)
			}
			switch tt.fault {
			case TooMany, TooManyOnce:
				if r.header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			case NotJSON:
				if json.Valid([]byte(r.body)) {
					t.Errorf("JSON: %s", r.body)
				}
			case Expire500:
				if r.body != "Authentication error: Restart the browser." {
					t.Errorf("%s", r.body)
				}
			}
			if tt.once && s.has("", tt.fault) {
				t.Error("it did not heal")
			}
			s.Heal("")
			if strings.HasPrefix(string(tt.fault), "expire") {
				b.must(302, "/qrs/app") // the session is really gone
				b = as(t, s, c.ann).login()
			}
			b.must(200, "/qrs/app")
		})
	}
}

// An app's fault concerns requests for that app only.
func TestFaultsOfOneApp(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.admin).login()
	s.Fail(strings.ToUpper(c.sales.ID), Unavailable)
	b.must(503, "/qrs/app/"+c.sales.ID)
	b.must(503, "/api/v1/apps/"+c.sales.ID+"/data/metadata")
	b.must(200, "/qrs/app/"+c.draft.ID)
	b.must(200, "/qrs/app")
	if got := s.faultOn(c.sales.ID); !slices.Equal(got, []Fault{Unavailable}) {
		t.Errorf("%v", got)
	}
	s.Heal(c.sales.ID)
	b.must(200, "/qrs/app/"+c.sales.ID)
}

// facts G 17: a listing that changes while it is paged: totals and pages don't agree.
func TestListingChangesWhilePaged(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	s.Fail("", ListingChanges)
	first := b.page("app", "skip=0&take=2&sortColumn=id", nameColumn).text()
	second := b.page("app", "skip=2&take=2&sortColumn=id", nameColumn).text()
	if first != `[["Sales"],["Margin"]]` || second != `[["Margin"],["Draft 'A'"]]` {
		t.Errorf("%s then %s: nothing came twice", first, second)
	}
	if got := b.must(200, "/qrs/app/count").body; got != `{"value":4}` {
		t.Errorf("count %s", got)
	}
}

func TestCounters(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann).login()
	b.must(200, "/qrs/App/"+c.sales.ID)
	b.must(200, "/qrs/app/"+c.draft.ID)
	b.page("app/object", "", `{"columns":[{"name":"id","columnType":"Property","definition":"id"}]}`)
	b.must(204, "/qps/csrftoken")
	got := s.Counters()
	for key, want := range map[string]int{
		"GET /qrs/about": 1, "GET /qrs/app/{id}": 2, "POST /qrs/app/object/table": 1, "GET /qps/csrftoken": 1,
	} {
		if got.Requests[key] != want {
			t.Errorf("%s: %d, want %d", key, got.Requests[key], want)
		}
	}
	if got.RequestTotal() != 5 || got.BytesIn == 0 || got.BytesOut == 0 {
		t.Errorf("%+v", got)
	}
	s.ResetCounters()
	if got := s.Counters(); got.RequestTotal() != 0 || got.BytesOut != 0 || got.Sessions != (Gauge{Now: 1, Peak: 1}) {
		t.Errorf("after reset %+v", got)
	}
}

// Latencies are waited for.
func TestLatency(t *testing.T) {
	t.Parallel()
	const delay = 60 * time.Millisecond
	c, s := start(t, Options{Latency: Latency{REST: delay, Login: delay}})
	began := time.Now()
	b := as(t, s, c.ann).login()
	if took := time.Since(began); took < 2*delay {
		t.Errorf("login and first call took %v", took)
	}
	began = time.Now()
	b.must(200, "/qrs/app")
	if took := time.Since(began); took < delay {
		t.Errorf("a call took %v", took)
	}
}
