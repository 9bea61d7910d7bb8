package qliksense

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	secrets "github.com/qlikcrawler/qlikcrawler/connector/secret"
)

// smallSite has one administrator and a few apps.
func smallSite() *qliktest.Site {
	return qliktest.Generate(qliktest.GenerateOptions{Apps: 6, Seed: 7})
}

func admin(t *testing.T, site *qliktest.Site) *qliktest.User {
	t.Helper()
	for _, u := range site.Users {
		if u.Admin() {
			return u
		}
	}
	t.Fatal("the site has no administrator")
	return nil
}

// A probe is a session under test with all that it wrote.
type probe struct {
	*session
	srv  *qliktest.Server
	site *qliktest.Site
	logs *lockedBuffer
	conn catalog.Connection
}

// A lockedBuffer is a log that goroutines may write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// count tells how often a text is in the log.
func (b *lockedBuffer) count(text string) int { return strings.Count(b.String(), text) }

// A setup changes a connection before it is opened.
type setup func(c *catalog.Connection, settings map[string]any)

// jwtConnection is a connection that logs in with a token of the site's administrator.
func jwtConnection(t *testing.T, srv *qliktest.Server, site *qliktest.Site, changes ...setup) catalog.Connection {
	t.Helper()
	c := catalog.Connection{
		Code: "qlik", Name: "Qlik", Type: "qlik-sense", URL: srv.URL,
		Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret(srv.Token(admin(t, site)))},
	}
	settings := map[string]any{
		"authentication": "jwt", "jwt": map[string]any{"prefix": srv.Prefix}, "tls": map[string]any{"ca_file": file(t, "root.pem", srv.CAPEM())},
	}
	for _, change := range changes {
		change(&c, settings)
	}
	data, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	c.Settings = data
	return c
}

// openSession makes a session on a new simulated site; it is closed when the test ends.
func openSession(t *testing.T, o qliktest.Options, changes ...setup) *probe {
	t.Helper()
	site := smallSite()
	srv := qliktest.New(t, site, o)
	return openOn(t, srv, site, jwtConnection(t, srv, site, changes...))
}

func openOn(t *testing.T, srv *qliktest.Server, site *qliktest.Site, c catalog.Connection) *probe {
	t.Helper()
	cfg, errs := parseConfig(c)
	if len(errs) > 0 {
		t.Fatalf("settings: %v", errs)
	}
	logs := &lockedBuffer{}
	s, err := newSession(t.Context(), cfg, connector.Env{
		Connection: c, Secret: connector.SecretsOf(c, secrets.Resolver{}.Resolve),
		Log: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return &probe{session: s, srv: srv, site: site, logs: logs, conn: c}
}

func (p *probe) appID(i int) string { return p.site.Apps[i].ID }

// about is the smallest call that needs a session.
func (p *probe) about(ctx context.Context) error {
	_, err := p.qrs().About(ctx)
	return err
}

// silent fails the test when a secret is in the texts or in the log.
func (p *probe) silent(t *testing.T, errs ...error) {
	t.Helper()
	texts := []string{p.logs.String()}
	for _, err := range errs {
		for ; err != nil; err = errors.Unwrap(err) {
			texts = append(texts, fmt.Sprintf("%v %+v %#v", err, err, err), catalog.CureOf(err))
		}
	}
	secrets := p.jar.values()
	for _, s := range p.conn.Secrets {
		secrets = append(secrets, s.Reveal())
		if parts := strings.Split(s.Reveal(), "."); len(parts) == 3 {
			secrets = append(secrets, parts[2])
		}
	}
	for _, secret := range secrets {
		if strings.Contains(strings.Join(texts, "\n"), secret) {
			t.Errorf("a secret shows (%.6s…) in\n%s", secret, strings.Join(texts, "\n"))
		}
	}
}

// file writes a file for a test and gives its path.
func file(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func set(path string, value any) setup {
	return func(_ *catalog.Connection, settings map[string]any) {
		m := settings
		keys := strings.Split(path, ".")
		for _, key := range keys[:len(keys)-1] {
			inner, ok := m[key].(map[string]any)
			if !ok {
				inner = map[string]any{}
				m[key] = inner
			}
			m = inner
		}
		m[keys[len(keys)-1]] = value
	}
}

func secret(path, value string) setup {
	return func(c *catalog.Connection, _ map[string]any) { c.Secrets[path] = catalog.NewSecret(value) }
}

func at(url string) setup {
	return func(c *catalog.Connection, _ map[string]any) { c.URL = url }
}
