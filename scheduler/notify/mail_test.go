package notify_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/scheduler/notify"
)

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
