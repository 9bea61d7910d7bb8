package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/scheduler/notify"
)

const hookSecret = "a secret of enough bytes"

func digest() catalog.Digest {
	return catalog.Digest{
		Connection: catalog.DigestConnection{Code: "prod", Name: "Qlik Sénse <PROD>\r\nBcc: x@example.com", Environment: "PROD"},
		Run:        catalog.DigestRun{ID: 7, Mode: catalog.Delta, Trigger: catalog.BySchedule, State: catalog.Done, FinishedAt: time.Date(2024, 2, 1, 3, 4, 5, 0, time.UTC)},
		Counts:     map[catalog.Event]int{catalog.OnAdded: 25, catalog.OnFailed: 1}, Partial: 2,
		Items: map[catalog.Event][]catalog.DigestItem{
			catalog.OnAdded:  {{Key: "prod/a 1", Name: "Sales & <script>alert(1)</script>", Rows: &catalog.RowChanges{Added: 12, Changed: 1}}},
			catalog.OnFailed: {{Key: "prod/b", Name: "Costs", Error: "too slow", Cure: "Wait."}},
		},
	}
}

func notification(channel catalog.Channel, target string) catalog.Notification {
	return catalog.Notification{ID: "0190-id", Connection: "prod", Run: 7, Channel: channel, Target: target, Digest: digest(), Attempts: 1, CreatedAt: time.Date(2024, 2, 1, 3, 5, 0, 0, time.UTC)}
}

func hooks(t *testing.T, secret string) *notify.Hooks {
	t.Helper()
	h, err := notify.NewHooks(notify.HookDeps{
		Secret: secret, Dial: (&net.Dialer{}).DialContext, Links: notify.Links{Base: "https://qc.example.com/"}, Version: "1.2.3",
		Resolve: func(_ context.Context, text string) (string, error) {
			if ref, ok := strings.CutPrefix(text, "env:"); ok {
				return ref, nil
			}
			return text, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// verify is what a receiver does, by the specification.
func verify(r *http.Request, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "."))
	mac.Write(body)
	return r.Header.Get("webhook-signature") == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestAWebhookIsSignedAndSaysWhatHappened(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !verify(r, body) || verify(r, append(body, ' ')) || r.Header.Get("webhook-id") != "0190-id" || r.Header.Get("User-Agent") != "qlikcrawler/1.2.3" {
			t.Errorf("%v %v", r.Header, err)
		}
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		links, _ := got["links"].(map[string]any)
		if got["type"] != "crawl.finished" || got["counts"].(map[string]any)["added"] != 25.0 || links["run"] != "https://qc.example.com/crawls/7" {
			t.Errorf("%s", body)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	if err := hooks(t, hookSecret).Send(t.Context(), notification(catalog.ByWebhook, "env:"+srv.URL+"/token-in-the-path")); err != nil {
		t.Error(err)
	}
}

func TestAWebhookThatFailsNamesItsHostAlone(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/t0ken/gone":
			w.WriteHeader(http.StatusGone)
		case "/t0ken/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/elsewhere":
			t.Error("a redirection is followed")
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	h := hooks(t, hookSecret)
	host := strings.TrimPrefix(srv.URL, "http://")
	for path, says := range map[string]string{"/t0ken/gone": "410", "/t0ken/moved": "not followed", "/t0ken/x": "500"} {
		err := h.Send(t.Context(), notification(catalog.ByWebhook, srv.URL+path))
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("%s: %v", path, err)
		}
	}
	srv.Close()
	if err := h.Send(t.Context(), notification(catalog.ByWebhook, srv.URL+"/t0ken")); err == nil || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("away: %v", err)
	}
	if err := hooks(t, "").Send(t.Context(), notification(catalog.ByWebhook, srv.URL)); err == nil || !strings.Contains(err.Error(), "QLIKCRAWLER_WEBHOOK_SECRET") {
		t.Errorf("without a secret: %v", err)
	}
	for _, wrong := range []string{"short", "whsec_***", "whsec_c2hvcnQ="} {
		if _, err := notify.NewHooks(notify.HookDeps{Secret: wrong}); err == nil || strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// An outbox of one notification keeps how it was settled.
type outbox struct {
	mu    sync.Mutex
	due   []catalog.Notification
	sent  []string
	retry map[string]time.Duration
}

func (o *outbox) QueueNotifications(context.Context, func(catalog.Connection) (catalog.Notify, error)) (int, error) {
	return 0, nil
}

func (o *outbox) ClaimNotifications(context.Context, int, time.Duration) ([]catalog.Notification, error) {
	due := o.due
	o.due = nil
	return due, nil
}

func (o *outbox) NotificationSent(_ context.Context, id string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, id)
	return nil
}

func (o *outbox) NotificationFailed(_ context.Context, id, _ string, retry time.Duration) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retry[id] = retry
	return nil
}

func TestWhatFailsIsTriedAgainWithMoreAndMoreTimeBetween(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			w.Header().Set("Retry-After", "1800")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(map[string]int{"/gone": 410, "/ok": 200}[r.URL.Path] + map[string]int{"/down": 503}[r.URL.Path])
	}))
	defer srv.Close()
	o := &outbox{retry: map[string]time.Duration{}}
	for id, x := range map[string]struct {
		path     string
		attempts int
	}{"first": {"/down", 1}, "third": {"/down", 3}, "last": {"/down", 10}, "gone": {"/gone", 1}, "busy": {"/busy", 1}, "ok": {"/ok", 4}} {
		n := notification(catalog.ByWebhook, srv.URL+x.path)
		n.ID, n.Attempts = id, x.attempts
		o.due = append(o.due, n)
	}
	o.due = append(o.due, notification(catalog.ByEmail, "a@example.com")) // there is no mail server
	s := notify.New(notify.Deps{Outbox: o, Hooks: hooks(t, hookSecret), Log: slog.New(slog.DiscardHandler)})
	if err := s.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Duration{"first": 30 * time.Second, "third": 10 * time.Minute, "last": 0, "gone": 0, "busy": 30 * time.Minute, "0190-id": 30 * time.Second}
	for id, retry := range want {
		if got, ok := o.retry[id]; !ok || got != retry {
			t.Errorf("%s is tried again in %s (%t), want %s", id, got, ok, retry)
		}
	}
	if len(o.sent) != 1 || o.sent[0] != "ok" {
		t.Errorf("sent %v", o.sent)
	}
}

// TestAFinishedCrawlIsToldOnceByManyProcesses runs against Postgres.
func TestAFinishedCrawlIsToldOnceByManyProcesses(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.AddConnection(t.Context(), catalog.Connection{Code: "prod", Name: "Prod", Type: "qlik-sense"}); err != nil {
		t.Fatal(err)
	}
	run, err := db.StartRun(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.FinishRun(t.Context(), run, catalog.Failed, catalog.Tally{}, "the site is away"); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Path + " " + r.Header.Get("webhook-id") }))
	defer srv.Close()
	wanted := func(catalog.Connection) (catalog.Notify, error) {
		return catalog.Notify{Webhooks: []string{srv.URL + "/one", srv.URL + "/two"}, On: catalog.Events}, nil
	}
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		all.Go(func() {
			s := notify.New(notify.Deps{Outbox: db, Wanted: wanted, Hooks: hooks(t, hookSecret), Log: slog.New(slog.DiscardHandler)})
			errs[i] = errors.Join(s.Deliver(t.Context()), s.Deliver(t.Context()))
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	close(got)
	seen := map[string]bool{}
	n := 0
	for x := range got {
		n++
		seen[x] = true
	}
	if n != 2 || len(seen) != 2 {
		t.Errorf("%d posts, %v: want one to each", n, seen)
	}
}
