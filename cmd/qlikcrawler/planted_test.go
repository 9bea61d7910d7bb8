package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// A minefield is secrets that were planted, and everything that may not show them.
type minefield struct {
	t       *testing.T
	secrets map[string]string // where it was planted → the secret
	env     []string
	dir     string // the data folder

	mu    sync.Mutex
	ran   int
	found map[string]bool
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret)
	b := []byte(secret)
	all := []string{
		secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// search reports every planted secret in a text. Of a long one a piece is enough.
func (m *minefield) search(where, text string) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, secret := range m.secrets {
		for _, form := range forms(secret) {
			if i := strings.Index(text, form); i >= 0 && !m.found[where+name] {
				m.found[where+name] = true
				m.t.Errorf("%s shows %s: …%q…", where, name, text[max(0, i-80):min(len(text), i+40)])
			}
		}
	}
}

// A runner runs the program.
type runner func(stdin string, args ...string) (stdout string, status int)

// call runs the program in this process, which is faster, and searches what it says.
func (m *minefield) call(stdin string, args ...string) (stdout string, status int) {
	m.t.Helper()
	p := &program{m.t, map[string]string{}}
	for _, pair := range m.env {
		name, value, _ := strings.Cut(pair, "=")
		p.env[name] = value
	}
	r := p.run(stdin, args...)
	m.ran++
	where := strings.Join(args, " ")
	m.search(where+": standard output", r.stdout)
	m.search(where+": standard error", r.stderr)
	return r.stdout, r.status
}

// run runs the program as a process, so that what its libraries write on standard error by themselves is
// seen, and so are its children; it searches what it says and what arguments its children have.
func (m *minefield) run(stdin string, args ...string) (stdout string, status int) {
	m.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	cmd.Env = append(os.Environ(), m.env...)
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	watched := m.watch(ctx, cmd.Process.Pid, args)
	err = cmd.Wait()
	cancel()
	<-watched
	m.ran++
	where := strings.Join(args, " ")
	m.search(where+": standard output", out.String())
	m.search(where+": standard error", errs.String())
	if strings.Contains(errs.String(), "panic") {
		m.t.Errorf("%s: %v\n%s", where, err, errs.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// watch looks at the arguments of a process and of its descendants until ctx ends. Only Linux tells.
func (m *minefield) watch(ctx context.Context, pid int, args []string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			for _, line := range commandLines(pid) {
				m.search("arguments of a child of "+strings.Join(args, " "), line)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return done
}

// commandLines gives the arguments of a process and its descendants.
func commandLines(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	lines := []string{string(bytes.ReplaceAll(b, []byte{0}, []byte{' '}))}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		children, _ := os.ReadFile(task)
		for _, child := range strings.Fields(string(children)) {
			var n int
			if _, err := fmt.Sscan(child, &n); err == nil {
				lines = append(lines, commandLines(n)...)
			}
		}
	}
	return lines
}

// dump searches every row of every table of a database, as text.
func (m *minefield) dump(databaseURL string) {
	m.t.Helper()
	ctx := m.t.Context()
	db, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		m.t.Fatal(err)
	}
	defer db.Close(ctx)
	rows, err := db.Query(ctx, "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('qlikcrawler', 'public')")
	if err != nil {
		m.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		m.t.Fatalf("tables %v, %v", tables, err)
	}
	total := 0
	for _, table := range tables {
		rows, err := db.Query(ctx, "select t::text from "+table+" t")
		if err != nil {
			m.t.Fatal(err)
		}
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			m.t.Fatal(err)
		}
		total += len(texts)
		m.search("the dump of "+table, strings.Join(texts, "\n"))
	}
	if total < 100 {
		m.t.Errorf("the dump has %d rows: nothing was crawled", total)
	}
}

// files searches everything in the data folder but the master key; of the embedded Postgres its log too,
// its tables and its journal.
func (m *minefield) files() {
	m.t.Helper()
	n := 0
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "master.key") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		m.search("the file "+path, string(b))
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Logf("%d runs of the program, %d files of the data folder", m.ran, n)
}

// plant makes a secret. It has characters that have to be escaped somewhere.
func (m *minefield) plant(where string) string {
	s := "planted+" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(where)) + "/%\u00e9=s3cret"
	m.secrets[where] = s
	return s
}

func newMinefield(t *testing.T, dir string) *minefield {
	t.Helper()
	m := &minefield{t: t, secrets: map[string]string{}, dir: dir, found: map[string]bool{}}
	key := bytes.Repeat([]byte{0xa7}, 31)
	m.secrets["the master key"] = string(append(key, 'k'))
	m.env = []string{
		asProgram + "=1", "QLIKCRAWLER_LOG_LEVEL=debug", "QLIKCRAWLER_DATA_DIR=" + dir, "QLIKCRAWLER_DATABASE_URL=", "QLIKCRAWLER_MASTER_KEY_FILE=",
		"QLIKCRAWLER_MASTER_KEY=" + base64.StdEncoding.EncodeToString([]byte(m.secrets["the master key"])),
		"PLANTED_REFERENCE=" + m.plant("a variable that a reference names"),
	}
	return m
}

// file is a connection file with the keys that differ from a plain one.
func plantedFile(t *testing.T, code, address string, keys map[string]any) string {
	t.Helper()
	doc := map[string]any{"name": code, "code": code, "type": "qlik-sense", "url": address, "authentication": "jwt", "link_url": "https://sense.example.com"}
	maps.Copy(doc, keys)
	b, err := json.Marshal(doc) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// life does to a connection what people do.
func (m *minefield) life(run runner, code, file string) {
	m.t.Helper()
	run(file, "connection", "add", "-f", "-")
	run(file, "connection", "add", "-f", "-") // once more: an error
	run("", "connection", "show", code)
	run("", "crawl", code)
	shown, _ := run("", "connection", "show", "--json", code)
	run(shown, "connection", "edit", code, "-f", "-")
	run(file, "crawl", "--json", "--log-format", "text", "-f", "-")
	run(file, "check", "--json", "-f", "-")
	run("", "check", code)
}

func TestNoPlantedSecretIsShown(t *testing.T) {
	t.Parallel()
	m := newMinefield(t, t.TempDir())
	database, err := url.Parse(pgtest.Blank(t))
	if err != nil {
		t.Fatal(err)
	}
	plain := database.String()
	database.User = url.UserPassword(database.User.Username(), m.plant("the database URL's password"))
	m.env = append(m.env, "QLIKCRAWLER_DATABASE_URL="+database.String())

	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	info, err := srv.Info()
	if err != nil {
		t.Fatal(err)
	}
	m.secrets["jwt.token"] = info.Token
	good := map[string]any{"jwt": map[string]any{"prefix": info.Prefix, "token": info.Token}, "tls": map[string]any{"ca_file": info.CAFile}}
	m.life(m.run, "good", plantedFile(t, "good", srv.URL, good))

	srv.Fail(site.Apps[0].ID, qliktest.AccessDenied4000)
	srv.Fail(site.Apps[1].ID, qliktest.Unavailable)
	srv.Fail(site.Apps[2].ID, qliktest.GarbageFrame)
	m.run("", "crawl", "--mode", "full", "good")
	srv.Fail("", qliktest.NotJSON)
	m.run("", "crawl", "--mode", "full", "good")
	m.run("", "check", "good")

	m.wrongConnections(srv, info)
	m.wrongFiles(srv.URL)
	m.run("", "connection", "list")
	m.run("", "connection", "list", "--json")
	m.run("", "secrets", "rotate")
	m.rotate()
	m.dump(plain)
	m.files()
}

// wrongConnections are of every login, with every secret, and none gets in.
func (m *minefield) wrongConnections(srv *qliktest.Server, info qliktest.Info) {
	m.t.Helper()
	pair, err := jwttool.NewKeyPair(2048, time.Hour, time.Now())
	if err != nil {
		m.t.Fatal(err)
	}
	m.secrets["jwt.private_key"] = strings.Split(string(pair.PrivateKey), "\n")[5]
	ca := map[string]any{"ca_file": info.CAFile}
	with := func(tree map[string]any, key, value string) map[string]any {
		tree = maps.Clone(tree)
		tree[key] = value
		return tree
	}
	signed := map[string]any{"prefix": info.Prefix, "private_key": string(pair.PrivateKey), "user_id": "u", "user_directory": "D"}
	certificate := map[string]any{"client_cert": info.ClientCertFile, "client_key": info.ClientKeyFile, "root_cert": info.CAFile, "user_directory": "INTERNAL", "user_id": "sa_api"}
	refused := map[string]any{"prefix": info.Prefix, "token": m.plant("a token that is none")}
	for code, keys := range map[string]map[string]any{
		"signed":      {"jwt": signed, "tls": ca},
		"none":        {"jwt": refused, "tls": ca},
		"reference":   {"jwt": with(refused, "token", "env:PLANTED_REFERENCE"), "tls": ca},
		"untrusted":   {"jwt": refused},
		"header":      {"authentication": "header", "header": map[string]any{"prefix": "hdr", "name": "X-Qlik-User", "value": m.plant("header.value")}, "tls": ca},
		"windows":     {"authentication": "windows", "windows": map[string]any{"prefix": info.WindowsPrefix, "user_directory": "ACME", "user_id": "svc", "password": m.plant("windows.password")}, "tls": ca},
		"certificate": {"authentication": "certificate", "certificate": with(certificate, "password", m.plant("certificate.password")), "tls": ca},
		"pfx":         {"jwt": refused, "tls": with(with(ca, "pfx", info.CAFile), "pfx_password", m.plant("tls.pfx_password"))},
		"truststore":  {"jwt": refused, "tls": map[string]any{"truststore": info.CAFile, "truststore_type": "pkcs12", "truststore_password": m.plant("tls.truststore_password")}},
		"proxy":       {"jwt": refused, "tls": ca, "proxy": map[string]any{"url": "http://127.0.0.1:1", "username": "u", "password": m.plant("proxy.password")}},
		"proxyurl":    {"jwt": refused, "tls": ca, "proxy": map[string]any{"url": "http://u:" + m.plant("the proxy URL's password") + "@127.0.0.1:1"}},
	} {
		m.life(m.call, code, plantedFile(m.t, code, srv.URL, keys))
	}
	for _, path := range qliksense.SecretPaths() {
		if _, ok := m.secrets[path]; !ok {
			m.t.Errorf("%s is a secret, and none was planted in it", path)
		}
	}
	u, err := url.Parse(srv.URL)
	if err != nil {
		m.t.Fatal(err)
	}
	u.User = url.UserPassword("u", m.plant("the site URL's password"))
	m.life(m.call, "inurl", plantedFile(m.t, "inurl", u.String(), map[string]any{"jwt": refused, "tls": ca}))
	m.vault(refused, ca, srv.URL)
}

// vault plants in what a secret manager is given and answers; the token is in a field that isn't there.
func (m *minefield) vault(jwt, ca map[string]any, address string) {
	answer := m.plant("another field of the secret in Vault")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/mounts/") {
			_, _ = fmt.Fprint(w, `{"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"data": map[string]any{"other": answer}, "metadata": map[string]any{"version": 1}}})
	}))
	m.t.Cleanup(srv.Close)
	m.env = append(m.env, "VAULT_ADDR="+srv.URL, "VAULT_TOKEN="+m.plant("VAULT_TOKEN"))
	jwt = maps.Clone(jwt)
	jwt["token"] = "vault:secret/qlik#token"
	m.life(m.run, "vault", plantedFile(m.t, "vault", address, map[string]any{"jwt": jwt, "tls": ca}))
}

// wrongFiles have a secret near or at a mistake: an error may name the key, never its value.
func (m *minefield) wrongFiles(address string) {
	m.t.Helper()
	head := "name: wrong\ncode: wrong\ntype: qlik-sense\nurl: " + address + "\nauthentication: jwt\n"
	for where, text := range map[string]string{
		"a secret before a syntax error":          "jwt:\n  token: '%s'\n  prefix: [\n",
		"a secret in a syntax error":              "jwt:\n  token: '%s\n  prefix: jwt\n",
		"a secret with a second colon":            "jwt:\n  token: a: %s\n",
		"a secret that is a list":                 "jwt: {prefix: jwt, token: ['%s']}\n",
		"a secret that is a group":                "jwt: {prefix: jwt, token: {value: '%s'}}\n",
		"a secret under a wrong key":              "jwt: {prefix: jwt, tokn: '%s'}\n",
		"a secret at the top":                     "token: '%s'\n",
		"a secret in place of a group":            "jwt: '%s'\n",
		"a secret that begins like an alias":      "jwt:\n  prefix: jwt\n  token: *%s\n",
		"a secret that begins like an anchor":     "jwt:\n  prefix: jwt\n  token: &%s\n",
		"a secret that begins like a tag":         "jwt:\n  prefix: jwt\n  token: !%s {}\n",
		"a secret that begins like a group":       "jwt:\n  prefix: jwt\n  token: {%s\n",
		"a secret that begins like a list":        "jwt:\n  prefix: jwt\n  token: [%s\n",
		"a secret that begins like a folded text": "jwt:\n  prefix: jwt\n  token: >%s\n",
		"a secret with a reserved character":      "jwt:\n  prefix: jwt\n  token: @%s\n",
		"a secret in an escape":                   "jwt:\n  prefix: jwt\n  token: \"\\q%s\"\n",
		"a secret on a line of its own":           "%s\n",
		"a secret in an unfinished text":          "jwt:\n  prefix: jwt\n  token: \"%s\n",
		"a secret given twice":                    "jwt:\n  token: '%s'\n  token: '%[1]s'\n",
		"a secret like a reference":               "jwt: {prefix: jwt, token: 'vault:%s'}\n",
		"a secret as a file's name":               "jwt: {prefix: jwt, token: x}\ntls: {ca_file: ca.pem, password: '%s'}\n",
	} {
		secret := m.plant(where)
		file := head + fmt.Sprintf(text, secret)
		if _, status := m.call(file, "connection", "add", "-f", "-"); status != exitUsage {
			m.t.Errorf("%s: exit status %d, want %d", where, status, exitUsage)
		}
	}
	m.call(m.plant("a file that is nothing but a secret"), "crawl", "--json", "-f", "-")
}

func (m *minefield) rotate() {
	m.t.Helper()
	next := string(append(bytes.Repeat([]byte{0xb8}, 31), 'k'))
	m.secrets["the new master key"] = next
	m.env = append(m.env, "QLIKCRAWLER_NEW_MASTER_KEY="+hex.EncodeToString([]byte(next)))
	if out, status := m.run("", "secrets", "rotate", "--json"); status != exitDone {
		m.t.Errorf("rotate: exit status %d, %s", status, out)
	}
}

// TestNoPlantedSecretIsShownByTheEmbeddedPostgres looks into its arguments, its log and its files too.
func TestNoPlantedSecretIsShownByTheEmbeddedPostgres(t *testing.T) {
	t.Parallel()
	_, dir := onEmbedded(t)
	m := newMinefield(t, dir)
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	info, err := srv.Info()
	if err != nil {
		t.Fatal(err)
	}
	m.secrets["jwt.token"] = info.Token
	m.life(m.run, "good", plantedFile(t, "good", srv.URL, map[string]any{"jwt": map[string]any{"prefix": info.Prefix, "token": info.Token}, "tls": map[string]any{"ca_file": info.CAFile}}))
	if out, status := m.run("", "demo", "--once"); status != exitDone {
		t.Errorf("demo: exit status %d\n%s", status, out)
	}
	m.rotate()
	m.files()
}
