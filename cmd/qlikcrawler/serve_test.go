package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A said is what a command prints while it runs.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A serving is `serve` while it runs.
type serving struct {
	url      string
	password string // of the user admin, at the first start
	out, log *said
	stop     func() int // as Ctrl-C does; gives the exit status
}

var listening = regexp.MustCompile(`listening on (https?://\S+)`)

// startService starts the service and waits until it listens.
func (p *program) startService(args ...string) *serving {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	s := &serving{out: &said{}, log: &said{}}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve"}, args...), environment{
			Getenv: func(k string) string { return p.env[k] }, Stdin: strings.NewReader(""), Stdout: s.out, Stderr: s.log,
		})
	}()
	s.stop = sync.OnceValue(func() int {
		cancel()
		select {
		case status := <-ended:
			return status
		case <-time.After(60 * time.Second):
			p.t.Error("serve doesn't stop")
			return -1
		}
	})
	p.t.Cleanup(func() { s.stop() })
	deadline := time.Now().Add(60 * time.Second)
	for {
		if m := listening.FindStringSubmatch(s.out.String()); m != nil {
			s.url = m[1]
			break
		}
		select {
		case status := <-ended:
			ended <- status
			p.t.Fatalf("serve ended with %d: %s", status, s.log)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("serve doesn't listen: %s", s.log)
		}
	}
	if m := regexp.MustCompile(`with the password (\S+)`).FindStringSubmatch(s.out.String()); m != nil {
		s.password = m[1]
	}
	return s
}

// ask calls the API with a token, or without one if it is "".
func ask(t *testing.T, token, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestTheFirstStartMakesAnAdminWhosePasswordIsPrintedOnce(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.startService("--listen", "127.0.0.1:0")
	if status, body := ask(t, "", "POST", s.url+"/api/v1/session", `{"user":"admin","password":"`+s.password+`"}`); status != 200 {
		t.Fatalf("log in with %q: %d %s", s.password, status, body)
	}
	for _, path := range []string{"/healthz", "/readyz", "/api/v1/openapi.json"} {
		if status, body := ask(t, "", "GET", s.url+path, ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if strings.Contains(s.log.String(), s.password) {
		t.Error("the log has the password")
	}
	if log := s.log.String(); !strings.Contains(log, `"msg":"configuration"`) || strings.Contains(log, strings.Repeat("ab", 32)) {
		t.Errorf("the configuration is not told at the start, or with a secret: %s", log)
	}
	if status := s.stop(); status != exitDone {
		t.Errorf("Ctrl-C ends with %d: %s", status, s.log)
	}
	if again := p.startService("--listen", "127.0.0.1:0"); again.password != "" {
		t.Errorf("the second start prints a password, too: %s", again.out)
	}
}

func TestServeDoesNotListenForOthersUnencrypted(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"every address":      {[]string{"--listen", ":0"}, "unencrypted"},
		"every IPv4 address": {[]string{"--listen", "0.0.0.0:0"}, "--behind-proxy"},
		"half a key pair":    {[]string{"--tls-cert", "x.pem"}, "--tls-key"},
		"no key pair":        {[]string{"--listen", "127.0.0.1:0", "--tls-cert", filepath.Join(dir, "x"), "--tls-key", filepath.Join(dir, "y")}, "--tls-cert"},
		"no address":         {[]string{"--listen", "nonsense"}, "nonsense"},
		"profiles for all":   {[]string{"--pprof", ":6060"}, "--pprof"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			if r := p.runIn(ctx, "", append([]string{"serve"}, tc.args...)...); r.status != exitUsage || !strings.Contains(r.stderr, tc.want) {
				t.Errorf("exit status %d: %s", r.status, r.stderr)
			}
		})
	}
}

func TestServeWithACertificate(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := t.TempDir()
	p.must(exitDone, "", "jwt", "keygen", "--out", dir, "--bits", "2048")
	cert, key := filepath.Join(dir, "publickey.cer"), filepath.Join(dir, "privatekey.pem")
	s := p.startService("--listen", "0.0.0.0:0", "--tls-cert", cert, "--tls-key", key)
	var seen []byte
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // the key pair names no host; the certificate is compared below
		VerifyConnection: func(c tls.ConnectionState) error {
			seen = c.PeerCertificates[0].Raw
			return nil
		},
	}}}
	res, err := client.Get(strings.Replace(s.url, "[::]", "127.0.0.1", 1) + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	have, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || !bytes.Equal(seen, have.Certificate[0]) || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("status %d, headers %v", res.StatusCode, res.Header)
	}
}

func TestUsersAndTokensByCommand(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.startService("--listen", "127.0.0.1:0", "--no-work")
	p.must(exitDone, "words of a sentence\n", "user", "add", "Ann", "--role", "security_admin")
	p.must(exitUsage, "short\n", "user", "add", "bob")
	p.must(exitUsage, "", "user", "add", "bob")
	p.must(exitUsage, "words of a sentence", "user", "add", "bob", "--role", "emperor")
	p.must(exitUsage, "words of a sentence", "user", "add", "-", "--role", "viewer")
	p.must(exitUsage, "words of a sentence", "user", "add", "b o b")
	p.must(exitFailed, "words of a sentence", "user", "add", "ANN")
	p.must(exitUsage, "", "user", "add", "cy", "--no-password", "--connection", "nowhere")
	if status, _ := ask(t, "", "POST", s.url+"/api/v1/session", `{"user":"ann","password":"words of a sentence"}`); status != 200 {
		t.Error("ann can't log in")
	}
	p.must(exitDone, "other words of a sentence\n", "user", "passwd", "ann")
	if status, _ := ask(t, "", "POST", s.url+"/api/v1/session", `{"user":"ann","password":"words of a sentence"}`); status != 401 {
		t.Error("the old password still works")
	}

	r := p.must(exitDone, "", "token", "create", "nightly", "--user", "ann", "--role", "security_admin")
	token := strings.TrimSpace(r.stdout)
	if status, body := ask(t, token, "GET", s.url+"/api/v1/users", ""); status != 200 {
		t.Errorf("the token: %d %s", status, body)
	}
	p.must(exitFailed, "", "token", "create", "x", "--user", "nobody")
	p.must(exitUsage, "", "token", "create", "x")
	listed := p.must(exitDone, "", "token", "list", "--user", "ann", "--json").stdout
	var tokens []struct {
		ID   int64
		Name string
	}
	if err := json.Unmarshal([]byte(listed), &tokens); err != nil || len(tokens) != 1 || tokens[0].Name != "nightly" || strings.Contains(listed, token) {
		t.Fatalf("%v: %s", err, listed)
	}
	status, audit := ask(t, token, "GET", s.url+"/api/v1/audit?filter=user:eq:(cli)&fields=action,detail", "")
	for _, want := range []string{"create-user", "set-password", "create-token", "token 1 of ann: role security_admin"} {
		if !strings.Contains(audit, want) {
			t.Errorf("the audit log (%d) lacks %s: %s", status, want, audit)
		}
	}
	p.must(exitDone, "", "token", "revoke", "1")
	if status, _ := ask(t, token, "GET", s.url+"/api/v1/users", ""); status != 401 {
		t.Error("a revoked token works")
	}
	p.must(exitFailed, "", "token", "revoke", "99")
	p.must(exitDone, "", "user", "remove", "ann")
	if r := p.must(exitFailed, "", "user", "remove", "admin"); !strings.Contains(r.stderr, "no admin would be left") {
		t.Errorf("the last admin: %s", r.stderr)
	}
	if out := p.must(exitDone, "", "user", "list").stdout; !strings.Contains(out, "admin") || strings.Contains(out, "ann") {
		t.Errorf("list: %s", out)
	}
}
