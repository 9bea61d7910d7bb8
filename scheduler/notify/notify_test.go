package notify_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
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

// A mailServer is an SMTP server that keeps what it gets.
type mailServer struct {
	t        *testing.T
	addr     string
	cert     tls.Certificate
	startTLS bool
	methods  string // of AUTH; "": none
	refuse   string // a recipient that it doesn't know

	mu       sync.Mutex
	messages []string
	clear    []string // commands that came without TLS
	logins   int
}

func newMailServer(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	s.t = t
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS() // for its certificate
	s.cert = web.TLS.Certificates[0]
	web.Close()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return s
}

func (s *mailServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	secure := false
	r := textproto.NewReader(bufio.NewReader(conn))
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 mail.example.com")
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		if !secure {
			s.mu.Lock()
			s.clear = append(s.clear, line)
			s.mu.Unlock()
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-mail.example.com")
			if s.startTLS && !secure {
				say("250-STARTTLS")
			}
			if s.methods != "" {
				say("250-AUTH " + s.methods)
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go")
			conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.cert}})
			r, secure = textproto.NewReader(bufio.NewReader(conn)), true
		case "AUTH":
			s.login(rest, r, say)
		case "RCPT":
			if s.refuse != "" && strings.Contains(rest, s.refuse) {
				say("550 no such user")
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go")
			b, err := r.ReadDotBytes()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.messages = append(s.messages, string(b))
			s.mu.Unlock()
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *mailServer) login(rest string, r *textproto.Reader, say func(string)) {
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	method, first, _ := strings.Cut(rest, " ")
	ask := func(q string) string {
		say("334 " + base64.StdEncoding.EncodeToString([]byte(q)))
		line, _ := r.ReadLine()
		b, _ := base64.StdEncoding.DecodeString(line)
		return string(b)
	}
	var given string
	switch method {
	case "PLAIN":
		b, _ := base64.StdEncoding.DecodeString(first)
		given = string(b)
	case "LOGIN":
		given = "\x00" + ask("Username:") + "\x00" + ask("Password:")
	}
	if given == "\x00robot\x00s3cret" {
		say("235 welcome")
		return
	}
	say("535 wrong user or password")
}

func (s *mailServer) mailer(t *testing.T, url string) *notify.Mailer {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true} // the test's certificate is for another name
	m, err := notify.NewMailer(notify.MailDeps{URL: strings.ReplaceAll(url, "HOST", s.addr), Dial: (&net.Dialer{}).DialContext, TLS: config, Links: notify.Links{Base: "https://qc.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAMailIsReadableAsTextAndAsHTML(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, &mailServer{startTLS: true, methods: "PLAIN LOGIN"})
	m := s.mailer(t, "smtp://robot:s3cret@HOST?from=Crawler+<qc@example.com>")
	if err := m.Send(t.Context(), notification(catalog.ByEmail, "anna@example.com")); err != nil {
		t.Fatal(err)
	}
	msg, err := mail.ReadMessage(strings.NewReader(s.messages[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil || subject != "Qlik Sénse <PROD> Bcc: x@example.com (PROD): 25 added, 1 failed" || msg.Header.Get("Bcc") != "" {
		t.Errorf("subject %q, %v", subject, err)
	}
	if msg.Header.Get("To") != "<anna@example.com>" || msg.Header.Get("Message-Id") != "<0190-id@example.com>" || msg.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%v", msg.Header)
	}
	text, html := parts(t, msg)
	for _, want := range []string{"Added: 25", "Sales & <script>", "rows: 12 added, 1 changed", "https://qc.example.com/crawls/7", "… and 24 more", "Failed: 1", "-> Wait.", "2 apps could be read in part", "1 February 2024 03:04"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(html, "<script>") || !strings.Contains(html, "Sales &amp; &lt;script&gt;") || !strings.Contains(html, `href="https://qc.example.com/crawls/7"`) {
		t.Errorf("the HTML:\n%s", html)
	}
	for _, line := range s.clear {
		if strings.HasPrefix(line, "AUTH") || strings.HasPrefix(line, "MAIL") {
			t.Errorf("without TLS: %s", line)
		}
	}
}

func parts(t *testing.T, msg *mail.Message) (text, html string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b))
	}
	if len(got) != 2 {
		t.Fatalf("%d parts, want 2", len(got))
	}
	return got[0], got[1]
}

func TestMailServersOfEveryKind(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server *mailServer
		url    string
		says   string // of the error; "": it is sent
	}{
		"plain, no login":           {&mailServer{}, "smtp://HOST?from=a@example.com", ""},
		"LOGIN alone":               {&mailServer{startTLS: true, methods: "LOGIN"}, "smtp://robot:s3cret@HOST?from=a@example.com", ""},
		"a password without TLS":    {&mailServer{methods: "PLAIN"}, "smtp://robot:s3cret@HOST?from=a@example.com", "offers no TLS"},
		"… which is meant":          {&mailServer{methods: "PLAIN"}, "smtp://robot:s3cret@HOST?from=a@example.com&tls=never", ""},
		"a wrong password":          {&mailServer{startTLS: true, methods: "PLAIN"}, "smtp://robot:wr0ng@HOST?from=a@example.com", "535"},
		"a server without logins":   {&mailServer{startTLS: true}, "smtp://robot:s3cret@HOST?from=a@example.com", "takes no login"},
		"an unknown recipient":      {&mailServer{refuse: "anna@"}, "smtp://HOST?from=a@example.com", "550"},
		"TLS from the first byte":   {&mailServer{}, "smtps://HOST?from=a@example.com", "TLS"}, // and the server has none
		"STARTTLS that is demanded": {&mailServer{}, "smtp://HOST?from=a@example.com&tls=required", "offers no TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMailServer(t, tc.server)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			err := s.mailer(t, tc.url).Send(ctx, notification(catalog.ByEmail, "anna@example.com"))
			if tc.says == "TLS" {
				if err == nil {
					t.Error("it is sent without TLS")
				}
				return
			}
			if (err == nil) != (tc.says == "") || err != nil && (!strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "wr0ng") || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("error %v, want %q", err, tc.says)
			}
		})
	}
	for _, wrong := range []string{"", "http://x", "smtp://u:s3cret@h", "smtp://h?from=nobody", "smtp://h?from=a@b.c&tls=perhaps", "smtps://h?from=a@b.c&tls=never", "smtp://h?from=a@b.c&form=x", "smtp://u:s3cret@h:port?from=a@b.c"} {
		if _, err := notify.NewMailer(notify.MailDeps{URL: wrong}); err == nil || strings.Contains(err.Error(), "s3cret") {
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
