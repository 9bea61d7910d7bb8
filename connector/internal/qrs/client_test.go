package qrs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

func TestAboutUnderABasePath(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	meter := &qrs.Meter{}
	about, err := site.client(func(c *qrs.Config) { c.Meter = meter }).About(t.Context())
	if err != nil || about.BuildVersion != "31.62.0.0" {
		t.Fatal(about, err)
	}
	if meter.Requests.Load() != 1 || meter.Bytes.Load() < 20 {
		t.Errorf("meter: %d requests, %d bytes", meter.Requests.Load(), meter.Bytes.Load())
	}
}

func TestStatusAndTextBecomeAKind(t *testing.T) {
	t.Parallel()
	page := "<!DOCTYPE html><html><head><style>p{}</style></head><body><h1>Error 400</h1>" + strings.Repeat("<p>x</p>", 9_000) + "</body></html>"
	for _, c := range []struct {
		name, contentType, body, location string
		status                            int
		want                              qrs.Kind
		says                              string
	}{
		{"facts A.2", "text/plain", "XSRF prevention check failed. Possible XSRF discovered.", "", 403, qrs.Xsrf, "XSRF"},
		{"the outlier of facts A.2", "text/plain", "XSRF prevention check failed. Possible XSRF discovered.", "", 400, qrs.Xsrf, "XSRF"},
		{"facts A.9, first face", "text/plain", "Unauthorized", "", 401, qrs.SessionEnded, "Unauthorized"},
		{"facts A.9, second face", "text/html", "", "https://h/internal_forms_authentication/?targetId=SECRET", 302, qrs.SessionEnded, "to https://h/internal_forms_authentication/"},
		{"facts A.9, third face", "text/plain", "Authentication error: Restart the browser.", "", 500, qrs.SessionEnded, "Restart"},
		{"facts A.5, prefix", "text/html", page, "", 400, qrs.WrongPrefix, "a page"},
		{"facts B.1, filter", "text/plain", "Cannot parse the expression: name eq 'x", "", 400, qrs.BadFilter, "Cannot parse"},
		{"facts B.1, parameter", "text/plain", "Missing parameter value(s)", "", 400, qrs.MissingParameter, "Missing"},
		{"facts B.1, inactive", "text/plain", "Your account is inactive. Contact your administrator to activate it.", "", 403, qrs.Inactive, "inactive"},
		{"facts B.1, forbidden", "text/plain", "Forbidden", "", 403, qrs.Forbidden, "Forbidden"},
		{"not found", "text/plain", "Not Found", "", 404, qrs.NotFound, ""},
		{"conflict", "text/plain", "", "", 409, qrs.BadRequest, ""},
		{"500", "text/plain", "oops", "", 500, qrs.Unavailable, "oops"},
		{"503", "text/html", page, "", 503, qrs.Unavailable, "Error 400"},
		{"a page with 200", "text/html", page, "", 200, qrs.NotQlik, "text/html instead of JSON"},
		{"a text with 200", "text/plain", "hello", "", 200, qrs.NotQlik, "text/plain instead of JSON"},
		{"other JSON", "application/json", `{"hello":1}`, "", 200, qrs.NotQlik, "no buildVersion"},
		{"broken JSON", "application/json", `{"buildVersion":`, "", 200, qrs.BadAnswer, ""},
		{"a wrong type", "application/json", `{"buildVersion":[]}`, "", 200, qrs.BadAnswer, "buildVersion is not a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			site.before = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
				w.Header().Set("Content-Type", c.contentType)
				if c.location != "" {
					w.Header().Set("Location", c.location)
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
				return true
			}
			_, err := site.client(func(c *qrs.Config) { c.Retries = -1 }).About(t.Context())
			if qrs.KindOf(err) != c.want || !strings.Contains(err.Error(), c.says) {
				t.Errorf("kind %q: %v", qrs.KindOf(err), err)
			}
			if len(err.Error()) > 400 || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "xrfkey") || strings.Contains(err.Error(), "<") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func TestTransientFailuresAreTriedAgainAndOthersNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		times  int
		call   func(context.Context, *qrs.Client) error
		want   int // requests
		ok     bool
	}{
		{"503 twice", 503, 2, about, 3, true},
		{"503 for ever", 503, 99, about, 4, false},
		{"429 once", 429, 1, about, 2, true},
		{"403", 403, 99, about, 1, false},
		{"404", 404, 99, about, 1, false},
		{"400", 400, 99, about, 1, false},
		{"501 once", 501, 1, about, 2, true},
		{"logout is not repeated", 503, 99, func(ctx context.Context, c *qrs.Client) error { return c.Logout(ctx) }, 1, false},
		{"a page of a table", 503, 1, func(ctx context.Context, c *qrs.Client) error {
			_, err := collect(c.Streams(ctx))
			return err
		}, 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			site.rows["stream"] = []map[string]any{{"id": guid(1), "name": "s"}}
			var n atomic.Int64
			site.before = func(w http.ResponseWriter, _ *http.Request, path string) bool {
				if strings.HasSuffix(path, "count") || int(n.Add(1)) > c.times {
					return false
				}
				http.Error(w, "no", c.status)
				return true
			}
			err := c.call(t.Context(), site.client())
			if (err == nil) != c.ok || len(site.seen()) != c.want {
				t.Errorf("%d requests, %v", len(site.seen()), err)
			}
		})
	}
}

func about(ctx context.Context, c *qrs.Client) error {
	_, err := c.About(ctx)
	return err
}

func TestRetryAfterIsHeeded(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	var first time.Time
	var waited time.Duration
	site.before = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		if !first.IsZero() {
			waited = time.Since(first)
			return false
		}
		first = time.Now()
		w.Header().Set("Retry-After", "1")
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return true
	}
	if err := about(t.Context(), site.client()); err != nil {
		t.Fatal(err)
	}
	if waited < time.Second || waited > 3*time.Second {
		t.Errorf("waited %s instead of one second", waited)
	}
}

func TestALongRetryAfterIsAnErrorThatSaysHowLong(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.before = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		w.Header().Set("Retry-After", "3600")
		http.Error(w, "slow down", http.StatusServiceUnavailable)
		return true
	}
	err := about(t.Context(), site.client())
	var e *qrs.Error
	if !errors.As(err, &e) || e.Kind != qrs.Throttled || e.RetryAfter != time.Hour || e.Path != "/qrs/about" || len(site.seen()) != 1 {
		t.Errorf("%v after %v", err, site.seen())
	}
}

func TestABrokenConnectionIsTriedAgain(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	var n atomic.Int64
	site.before = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		switch n.Add(1) {
		case 1: // no answer at all
			panic(http.ErrAbortHandler)
		case 2: // half an answer
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"buildVersion"`))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		return false
	}
	if err := about(t.Context(), site.client()); err != nil || len(site.seen()) < 3 {
		t.Errorf("%v after %v", err, site.seen())
	}
}

func TestNetworkFailuresShowNoQuery(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	base, _ := url.Parse(srv.URL)
	srv.Close()
	err := about(t.Context(), qrs.New(qrs.Config{Base: base, Retries: -1}))
	if qrs.KindOf(err) != qrs.Network || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "xrfkey") {
		t.Errorf("error %v", err)
	}
}

func TestASlowAnswerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	site.before = func(http.ResponseWriter, *http.Request, string) bool {
		close(arrived)
		<-release
		return true
	}
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	began := time.Now()
	if err := about(ctx, site.client()); !errors.Is(err, context.Canceled) || time.Since(began) > time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestDataMetadataIsAskedThreeTimesWhenItIsNoJSON(t *testing.T) {
	t.Parallel()
	for bad, want := range map[int]string{0: "Sales", 2: "Sales", 3: ""} {
		site := newSite(t)
		n := 0
		site.before = func(w http.ResponseWriter, _ *http.Request, path string) bool {
			if path != "/api/v1/apps/"+guid(3)+"/data/metadata" {
				t.Errorf("path %s", path)
			}
			w.Header().Set("Content-Type", "application/json")
			if n++; n <= bad {
				_, _ = w.Write([]byte(`{"tables":[{"name":"Sal`))
			} else {
				_, _ = w.Write([]byte(`{"tables":[{"name":"Sales","no_of_rows":26}],"fields":[{"name":"N","src_tables":["Sales"],"cardinal":3,"is_hidden":true}]}`))
			}
			return true
		}
		got, err := site.client().DataMetadata(t.Context(), guid(3))
		if want == "" {
			if qrs.KindOf(err) != qrs.BadAnswer || n != 3 {
				t.Errorf("%d tries, %v", n, err)
			}
			continue
		}
		if err != nil || got.Tables[0].Name != want || got.Tables[0].NoOfRows != 26 || got.Fields[0].Cardinal != 3 || !got.Fields[0].IsHidden {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestDataMetadataOfAnAppNeverReloadedIsNotFound(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	if _, err := site.client().DataMetadata(t.Context(), guid(3)); qrs.KindOf(err) != qrs.NotFound || len(site.seen()) != 1 {
		t.Errorf("%v after %v", err, site.seen())
	}
}

func TestTextsOfTheServerHideSecrets(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
		http.Error(w, "you sent "+r.Header.Get("Authorization"), http.StatusForbidden)
		return true
	}
	client := site.client(func(c *qrs.Config) {
		c.Header = http.Header{"Authorization": {"Bearer geheim"}}
		c.Hide = func(s string) string { return strings.ReplaceAll(s, "geheim", "(hidden)") }
	})
	if err := about(t.Context(), client); strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "geheim") {
		t.Errorf("error %v", err)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	day := func(ns int) time.Time { return time.Date(2026, 11, 22, 1, 2, 3, ns, time.UTC) }
	for text, want := range map[string]time.Time{
		`"2026-11-22T01:02:03.123Z"`:     day(123e6),
		`"2026-11-22T01:02:03.13Z"`:      day(130e6),
		`"2026-11-22T01:02:03Z"`:         day(0),
		`"2026-11-22T01:02:03.1234567Z"`: day(123456700),
		`"2026-11-22T03:02:03+02:00"`:    day(0),
		`"2026-11-22T01:02:03"`:          day(0),
		`"1753-01-01T00:00:00.000Z"`:     {},
		`"1753-01-01T00:00:00Z"`:         {},
		`"0001-01-01T00:00:00.000Z"`:     {},
		`null`:                           {},
		`""`:                             {},
	} {
		got := qrs.Time{Time: day(7)}
		if err := got.UnmarshalJSON([]byte(text)); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if err := new(qrs.Time).UnmarshalJSON([]byte(`"5/8/2026"`)); err == nil {
		t.Error("a US date was taken")
	}
}
