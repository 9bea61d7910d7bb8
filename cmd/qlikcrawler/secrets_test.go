package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// onEmbedded is a program with the embedded Postgres and a data folder of its own.
func onEmbedded(t *testing.T) (*program, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "qc") // short: it holds a socket; reachable by the server's account
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return &program{t, map[string]string{"QLIKCRAWLER_DATA_DIR": dir}}, dir
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// opens tells whether a command finds all stored secrets readable.
func (p *program) opens() bool {
	p.t.Helper()
	return !strings.Contains(p.must(exitDone, "", "connection", "list").stdout, "can't be opened")
}

func TestRotateTheDataFoldersKeyWhereverItBreaksOff(t *testing.T) {
	t.Parallel()
	p, dir := onEmbedded(t)
	key, pending := filepath.Join(dir, "master.key"), filepath.Join(dir, "master.key.new")
	p.must(exitDone, goodFile, "connection", "add", "-f", "-")
	first := textOf(t, key)

	r := p.must(exitDone, "", "secrets", "rotate")
	second := textOf(t, key)
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info.Mode(), err)
	}
	if !strings.Contains(r.stdout, "1 secret of 1 connection") || second == first || strings.Contains(r.stdout+r.stderr, strings.TrimSpace(second)) || !p.opens() {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}

	t.Log("broken off before anything was sealed: the key that is waiting is taken")
	third := strings.Repeat("3c", 32)
	write(t, pending, third)
	if !p.opens() {
		t.Error("a key that waits shuts the secrets")
	}
	p.must(exitDone, "", "secrets", "rotate")
	if textOf(t, key) != third {
		t.Error("the rotation did not go on with the key that was waiting")
	}

	t.Log("broken off after the sealing, before the new key took the old one's place")
	write(t, pending, third)
	write(t, key, second)
	if !p.opens() {
		t.Error("the waiting key isn't read")
	}
	p.must(exitDone, strings.Replace(goodFile, "very-secret-token", "another-token", 1), "connection", "edit", "qlik-prod", "-f", "-")
	p.must(exitDone, "", "secrets", "rotate")
	if textOf(t, key) != third || !p.opens() {
		t.Error("the rotation wasn't finished, or lost the secret that was stored in between")
	}
	if _, err := os.Stat(pending); err == nil {
		t.Error("the waiting key is still there")
	}

	t.Log("a key that a person chose")
	p.env["QLIKCRAWLER_NEW_MASTER_KEY"] = strings.Repeat("4d", 32)
	p.must(exitDone, "", "secrets", "rotate")
	delete(p.env, "QLIKCRAWLER_NEW_MASTER_KEY")
	if !p.opens() {
		t.Error("the chosen key is not in the key file")
	}
}

func TestRotateAKeyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	old, next := p.env["QLIKCRAWLER_MASTER_KEY"], strings.Repeat("cd", 32)
	p.must(exitDone, goodFile, "connection", "add", "-f", "-")
	if r := p.must(exitUsage, "", "secrets", "rotate"); !strings.Contains(r.stderr, "QLIKCRAWLER_NEW_MASTER_KEY") {
		t.Errorf("without a new key: %s", r.stderr)
	}
	p.env["QLIKCRAWLER_NEW_MASTER_KEY"] = old
	if r := p.must(exitUsage, "", "secrets", "rotate"); !strings.Contains(r.stderr, "the one in use") {
		t.Errorf("with the same key: %s", r.stderr)
	}
	file := filepath.Join(t.TempDir(), "next")
	write(t, file, next+"\n")
	delete(p.env, "QLIKCRAWLER_NEW_MASTER_KEY")
	p.env["QLIKCRAWLER_NEW_MASTER_KEY_FILE"] = file
	r := p.must(exitDone, "", "secrets", "rotate", "--json")
	if !strings.Contains(r.stdout, `"secrets": 1`) || !strings.Contains(r.stdout, "QLIKCRAWLER_MASTER_KEY") || strings.Contains(r.stdout, next) {
		t.Errorf("%s", r.stdout)
	}
	if !p.opens() {
		t.Error("both keys are set, and the secrets are shut")
	}
	delete(p.env, "QLIKCRAWLER_NEW_MASTER_KEY_FILE")
	if p.opens() {
		t.Error("the old key still opens")
	}
	r = p.must(exitFailed, strings.Replace(goodFile, "very-secret-token", "x.y.z", 1), "connection", "edit", "qlik-prod", "-f", "-")
	if !strings.Contains(r.stderr, "replaced by secrets rotate") || !strings.Contains(r.stderr, "new key") {
		t.Errorf("an edit with the replaced key: %s", r.stderr)
	}
	p.env["QLIKCRAWLER_MASTER_KEY"] = next
	if !p.opens() {
		t.Error("the new key doesn't open")
	}
}

func TestALostKeyIsToldByTheConnections(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	goodFile := strings.Replace(goodFile, "tls:\n  ca_file: ca.pem\n", "", 1)
	p.must(exitDone, goodFile, "connection", "add", "-f", "-")
	delete(p.env, "QLIKCRAWLER_MASTER_KEY")
	p.env["QLIKCRAWLER_MASTER_KEY_FILE"] = filepath.Join(t.TempDir(), "gone")
	for _, args := range [][]string{{"connection", "list"}, {"connection", "list", "--json"}, {"connection", "show", "qlik-prod"}, {"connection", "show", "qlik-prod", "--json"}} {
		r := p.must(exitDone, "", args...)
		if told := r.stdout + r.stderr; !strings.Contains(told, "jwt.token") || !strings.Contains(told, "there is no master key") || !strings.Contains(told, "connection edit") {
			t.Errorf("%v doesn't tell:\n%s", args, told)
		}
	}
	if r := p.must(exitFailed, "", "crawl", "qlik-prod"); !strings.Contains(r.stderr, "no master key") || !strings.Contains(r.stderr, "connection edit") {
		t.Errorf("crawl: %s", r.stderr)
	}
	p.env["QLIKCRAWLER_MASTER_KEY_FILE"] = ""
	p.env["QLIKCRAWLER_MASTER_KEY"] = strings.Repeat("ef", 32)
	p.env["QLIKCRAWLER_NEW_MASTER_KEY"] = strings.Repeat("01", 32)
	if r := p.must(exitFailed, "", "secrets", "rotate"); !strings.Contains(r.stderr, "nothing was changed") || !strings.Contains(r.stderr, "jwt.token of qlik-prod") {
		t.Errorf("rotate: %s", r.stderr)
	}
	p.must(exitDone, goodFile, "connection", "edit", "qlik-prod", "-f", "-")
	if !p.opens() {
		t.Error("the secret was entered again, and isn't readable")
	}
	p.must(exitDone, "", "secrets", "rotate")
}
