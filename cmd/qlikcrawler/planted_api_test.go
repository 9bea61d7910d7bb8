package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// TestNoPlantedSecretIsInAnswersRefreshLogsOrNotifications lives through the API with a secret in every
// key that has one, in references, in a webhook's address and in what notifications are signed with.
func TestNoPlantedSecretIsInAnswersRefreshLogsOrNotifications(t *testing.T) {
	t.Parallel()
	m := &minefield{t: t, secrets: map[string]string{}, found: map[string]bool{}}
	received := &mailbox{}
	hook := httptest.NewServer(received)
	defer hook.Close()
	env := map[string]string{
		"QLIK_PLANTED":               m.plant("a variable that a reference names"),
		"QLIKCRAWLER_WEBHOOK_SECRET": m.plant("what webhooks are signed with"),
		"QLIK_HOOK":                  hook.URL + "/" + strings.ReplaceAll(m.plant("the address of a webhook"), "%", "25"),
		"QLIKCRAWLER_SMTP_URL":       "smtp://robot:s3cret-of-the-mail-server@127.0.0.1:1?from=qc@example.com",
	}
	m.secrets["the address of a webhook"] = "planted+the-address-of-a-webhook"
	m.secrets["the mail server's password"] = "s3cret-of-the-mail-server"
	o := newOffice(t, env)
	var log lockedBuffer
	o.app.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.register = o.app.newRegister(o.db, nil)
	m.secrets["jwt.token"] = o.info.Token

	good := o.keys("good")
	good["notify"] = map[string]any{"recipients": []any{"anna@example.com"}, "webhooks": []any{"env:QLIK_HOOK"}}
	o.want(201, "POST", "/connections", good)
	o.site.Fail(demo.Site().Apps[0].ID, qliktest.AccessDenied4000)
	o.crawl("good")
	o.life("good", good)
	o.plantEverySecret(m)

	sender, err := o.app.newSender(o.db, "https://qc.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if received.count() == 0 {
		t.Error("no webhook came")
	}
	m.search("what the webhook got", received.text())
	m.search("the answers", o.heard.String())
	m.search("the program's log", log.String())
	t.Logf("%d bytes of answers, %d of the log, %d webhooks", o.heard.Len(), len(log.String()), received.count())
	m.dump(o.database)
	for _, path := range qliksense.SecretPaths() {
		if _, ok := m.secrets[path]; !ok {
			t.Errorf("%s is a secret, and none was planted in it", path)
		}
	}
}

// life asks everything that there is of a connection, rightly and wrongly.
func (o *office) life(code string, keys map[string]any) {
	o.t.Helper()
	path := "/connections/" + code
	o.call("POST", "/connections", keys)
	o.call("POST", "/connections/check", keys)
	o.call("POST", "/connections/check", keys, "Accept", "text/event-stream")
	o.call("GET", path, nil)
	o.call("GET", path+"/settings", nil)
	o.call("GET", "/connections", nil)
	o.call("PUT", path, keys)
	o.call("PUT", path+"?save_anyway=true", keys)
	o.call("PATCH", path+"?save_anyway=true", keys)
	o.call("PATCH", path, map[string]any{"colour": keys, "name": keys})
	o.call("POST", path+"/check", nil)
	o.call("GET", path+"/log", nil)
	o.call("GET", path+"/coverage", nil)
	o.call("GET", "/audit", nil)
	o.as(principal("vic", auth.Viewer))
	o.call("GET", path, nil)
	o.call("GET", path+"/log", nil)
	o.as(principal("root", auth.Admin))
	if err := o.register.CheckHealth(o.t.Context(), 1, 100); err != nil {
		o.t.Error(err)
	}
}

// crawl crawls a connection, whatever comes of it.
func (o *office) crawl(code string) {
	o.t.Helper()
	conn, err := o.db.Connection(o.t.Context(), code)
	if err != nil {
		o.t.Fatal(err)
	}
	_, _ = o.app.crawlNow(o.t.Context(), o.db, conn, catalog.Run{Connection: code, Mode: catalog.Full, Trigger: catalog.ByCLI}) // its log tells
}

// plantEverySecret makes connections that don't work, of every login, with every secret.
func (o *office) plantEverySecret(m *minefield) {
	o.t.Helper()
	ca := map[string]any{"ca_file": o.info.CAFile}
	with := func(tree map[string]any, key string, value any) map[string]any {
		tree = maps.Clone(tree)
		tree[key] = value
		return tree
	}
	token := map[string]any{"prefix": o.info.Prefix, "token": m.plant("a token that is none")}
	certificate := map[string]any{"client_cert": o.info.ClientCertFile, "client_key": o.info.ClientKeyFile, "root_cert": o.info.CAFile, "user_directory": "INTERNAL", "user_id": "sa_api"}
	for code, keys := range map[string]map[string]any{
		"none":        {"jwt": token, "tls": ca},
		"reference":   {"jwt": with(token, "token", "env:QLIK_PLANTED"), "tls": ca},
		"signed":      {"jwt": map[string]any{"private_key": m.plant("jwt.private_key"), "user_id": "u", "user_directory": "D"}, "tls": ca},
		"header":      {"authentication": "header", "header": map[string]any{"prefix": "hdr", "name": "X-Qlik-User", "value": m.plant("header.value")}, "tls": ca},
		"windows":     {"authentication": "windows", "windows": map[string]any{"prefix": o.info.WindowsPrefix, "user_directory": "ACME", "user_id": "svc", "password": m.plant("windows.password")}, "tls": ca},
		"certificate": {"authentication": "certificate", "link_url": "https://x", "certificate": with(certificate, "password", m.plant("certificate.password")), "tls": ca},
		"pfx":         {"jwt": token, "tls": with(with(ca, "pfx", o.info.CAFile), "pfx_password", m.plant("tls.pfx_password"))},
		"truststore":  {"jwt": token, "tls": map[string]any{"truststore": o.info.CAFile, "truststore_type": "pkcs12", "truststore_password": m.plant("tls.truststore_password")}},
		"proxy":       {"jwt": token, "tls": ca, "proxy": map[string]any{"url": "http://127.0.0.1:1", "username": "u", "password": m.plant("proxy.password")}},
		"misplaced":   {"jwt": m.plant("a secret in place of a group"), "token": m.plant("a secret at the top"), "tls": with(ca, "password", m.plant("a secret under a wrong key"))},
		"hook":        {"jwt": token, "tls": ca, "notify": map[string]any{"webhooks": []any{"ftp://x/" + m.plant("a webhook that is none")}}},
	} {
		all := map[string]any{"name": code, "code": code, "type": "qlik-sense", "url": o.site.URL, "authentication": "jwt"}
		maps.Copy(all, keys)
		if a := o.call("POST", "/connections?save_anyway=true", all); a.status == 201 {
			o.crawl(code)
		}
		o.life(code, all)
	}
}

// A mailbox keeps what is posted to it.
type mailbox struct {
	mu  sync.Mutex
	got strings.Builder
	n   int
}

func (b *mailbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	fmt.Fprintf(&b.got, "%v\n%s\n", r.Header, body)
}

func (b *mailbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

func (b *mailbox) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got.String()
}

// A lockedBuffer may be written by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
