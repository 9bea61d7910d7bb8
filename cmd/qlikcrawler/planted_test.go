package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

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
