package qrs_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

func TestLoginIsAskedForBeforeEachCallAndOnceMoreWhenTheSessionEnded(t *testing.T) {
	t.Parallel()
	for name, face := range map[string]func(http.ResponseWriter){
		"401": func(w http.ResponseWriter) { http.Error(w, "", http.StatusUnauthorized) },
		"302": func(w http.ResponseWriter) { w.Header().Set("Location", "/login"); w.WriteHeader(302) },
		"500": func(w http.ResponseWriter) { http.Error(w, "Authentication error: Restart the browser.", 500) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			var asked []uint64
			session := uint64(1)
			site.before = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
				if session > 1 {
					return false
				}
				face(w)
				return true
			}
			client := site.client(func(c *qrs.Config) {
				c.Login = func(_ context.Context, ended uint64) (uint64, error) {
					asked = append(asked, ended)
					if ended == session {
						session++
					}
					return session, nil
				}
			})
			if err := about(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]uint64{0, 1}, asked); diff != "" || len(site.seen()) != 2 {
				t.Error(diff, site.seen())
			}
		})
	}
}

func TestASessionThatEndsAgainIsAnError(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.before = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		http.Error(w, "", http.StatusUnauthorized)
		return true
	}
	logins := 0
	client := site.client(func(c *qrs.Config) {
		c.Login = func(context.Context, uint64) (uint64, error) { logins++; return uint64(logins), nil }
	})
	if err := about(t.Context(), client); qrs.KindOf(err) != qrs.SessionEnded || logins != 2 {
		t.Errorf("%d logins, %v", logins, err)
	}
}

func TestCSRFToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		token  string
		want   string
		kind   qrs.Kind
	}{
		{"modern", 204, "abc", "abc", ""},
		{"with a body", 200, "abc", "abc", ""},
		{"older server", 404, "", "", ""},
		{"403 means not logged in (facts A.7)", 403, "", "", qrs.SessionEnded},
		{"redirect", 302, "", "", qrs.SessionEnded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			site.before = func(w http.ResponseWriter, r *http.Request, path string) bool {
				if path != "/qps/csrftoken" {
					t.Errorf("path %s", path)
				}
				w.Header().Set("Qlik-Csrf-Token", c.token)
				w.WriteHeader(c.status)
				return true
			}
			token, err := site.client().CSRFToken(t.Context())
			if token != c.want || qrs.KindOf(err) != c.kind {
				t.Errorf("%q, %v", token, err)
			}
		})
	}
}

func TestLogoutNeverLogsIn(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]qrs.Kind{204: "", 200: "", 302: "", 401: "", 500: qrs.Unavailable} {
		site := newSite(t)
		site.before = func(w http.ResponseWriter, r *http.Request, path string) bool {
			if r.Method != http.MethodDelete || path != "/qps/user" {
				t.Errorf("%s %s", r.Method, path)
			}
			w.WriteHeader(status)
			return true
		}
		client := site.client(func(c *qrs.Config) {
			c.Login = func(context.Context, uint64) (uint64, error) { t.Error("logged in"); return 0, nil }
		})
		if err := client.Logout(t.Context()); qrs.KindOf(err) != kind {
			t.Errorf("status %d: %v", status, err)
		}
	}
}
