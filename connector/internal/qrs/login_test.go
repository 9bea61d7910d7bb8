package qrs_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// door serves a test's handler and gives a client for it that doesn't retry.
func door(t *testing.T, h http.HandlerFunc) *qrs.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	base, err := url.Parse(srv.URL + "/win")
	if err != nil {
		t.Fatal(err)
	}
	return qrs.New(qrs.Config{Base: base, Retries: -1})
}

func TestKnockGivesThePageWithItsQuery(t *testing.T) {
	t.Parallel()
	c := door(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/win/qrs/about" || !strings.Contains(r.UserAgent(), "Windows") || r.Header.Get("X-Qlik-Xrfkey") == "" {
			t.Errorf("%s by %s", r.URL.Path, r.UserAgent())
		}
		w.Header().Set("Location", "/win/internal_windows_authentication/?targetId=1")
		w.WriteHeader(http.StatusFound)
	})
	page, err := c.Knock(t.Context())
	if err != nil || page.Path != "/win/internal_windows_authentication/" || page.RawQuery != "targetId=1" || page.Host == "" {
		t.Errorf("%v, %v", page, err)
	}
}

func TestKnockWithoutALogin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		status     int
		want       qrs.Kind
	}{
		{"let in", `{"buildVersion":"31.62.0.0"}`, 200, ""},
		{"a page", "<html></html>", 200, qrs.NotQlik},
		{"other JSON", "{}", 200, qrs.NotQlik},
		{"refused", "Unauthorized", 401, qrs.SessionEnded},
		{"away", "", 503, qrs.Unavailable},
		{"a redirect to nowhere", "", 302, qrs.SessionEnded},
	} {
		c := door(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		})
		if page, err := c.Knock(t.Context()); page != nil || qrs.KindOf(err) != tt.want {
			t.Errorf("%s: %v, %v", tt.name, page, err)
		}
	}
}

func TestARedirectToNoAddressDoesNotShowIt(t *testing.T) {
	t.Parallel()
	c := door(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://a b/?ticket=SECRET")
		w.WriteHeader(http.StatusFound)
	})
	if _, err := c.Knock(t.Context()); qrs.KindOf(err) != qrs.BadAnswer || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%v", err)
	}
}

func TestEnterSendsTheTicketOnce(t *testing.T) {
	t.Parallel()
	var tickets []string
	c := door(t, func(w http.ResponseWriter, r *http.Request) {
		tickets = append(tickets, r.URL.Query().Get("qlikTicket"))
		if len(tickets) > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"buildVersion":"31.62.0.0"}`))
	})
	if err := c.Enter(t.Context(), "a/b+c"); err != nil {
		t.Error(err)
	}
	err := c.Enter(t.Context(), "SECRET")
	if qrs.KindOf(err) != qrs.Unavailable || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%v", err)
	}
	if len(tickets) != 2 || tickets[0] != "a/b+c" {
		t.Errorf("tickets %q", tickets)
	}
}
