package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// read reads a connection file from standard input.
func read(text string, keep catalog.Secrets) (catalog.Connection, error) {
	return readConnection("-", strings.NewReader(text), sources(), catalog.Connection{Secrets: keep})
}

const goodFile = `name: Qlik Sense PROD
code: qlik-prod
type: qlik-sense
environment: PROD
url: https://sense.example.com
authentication: jwt
jwt:
  prefix: jwt
  token: very-secret-token
tls:
  ca_file: ca.pem
governance:
  owner: anna
`

func TestConnectionFileSplitsSettingsAndSecrets(t *testing.T) {
	t.Parallel()
	conn, err := read(goodFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(conn.Settings), "very-secret-token") {
		t.Error("the settings hold the secret")
	}
	if got := conn.Secrets["jwt.token"].Reveal(); got != "very-secret-token" {
		t.Errorf("the secret is %q", got)
	}
	if conn.URL != "https://sense.example.com" || conn.Governance["owner"] != "anna" {
		t.Errorf("connection %+v", conn)
	}
}

func TestConnectionFileKeepsReferencesAndMakesFilesAbsolute(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "sense.yaml")
	text := strings.Replace(goodFile, "very-secret-token", "file:token.txt", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := readConnection(file, nil, sources(), catalog.Connection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"file:" + filepath.Join(dir, "token.txt"), `"` + filepath.Join(dir, "ca.pem")} {
		if !strings.Contains(string(conn.Settings), want) {
			t.Errorf("the settings lack %s:\n%s", want, conn.Settings)
		}
	}
	if len(conn.Secrets) != 0 {
		t.Errorf("a reference was taken for a secret: %v", conn.Secrets)
	}
}

func TestConnectionFileTellsAllErrorsAtOnceWithLines(t *testing.T) {
	t.Parallel()
	_, err := read(`name: X
code: Bad Code
type: qlik-sense
url: https://sense.example.com
authentication: jwt
jwt:
  prefix: jwt
  tokn: abc
options:
  workers: many
  app_timeout: soon
schedule: {cron: '61 * * * *'}
colour: red
`, nil)
	var errs connector.FieldErrors
	if !errors.As(err, &errs) {
		t.Fatalf("error %v, want field errors", err)
	}
	got := map[string]int{}
	for _, e := range errs {
		got[e.Path] = e.Line
	}
	want := map[string]int{"code": 2, "jwt.tokn": 8, "options.workers": 10, "options.app_timeout": 11, "schedule.cron": 12, "colour": 13}
	for path, line := range want {
		if got[path] != line {
			t.Errorf("%s: line %d, want %d (all: %v)", path, got[path], line, got)
		}
	}
}

func TestConnectionFileFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"empty":            {"", "connection template"},
		"only comments":    {"# nothing\n", "connection template"},
		"broken YAML":      {"name: [1,\n", "line 1: "},
		"a list":           {"- name: x\n", "mapping"},
		"a twofold key":    {"name: a\nname: b\n", "name"},
		"no name":          {"code: a\ntype: qlik-sense\nurl: h\n", "name: is missing"},
		"unknown type":     {"name: a\ncode: a\ntype: tableau\n", `"tableau" is no type of source`},
		"name of a number": {"name: 1\ncode: a\ntype: qlik-sense\n", "name:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(tc.text, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if status := statusOf(t.Context(), err); status != exitUsage {
				t.Errorf("exit status %d, want %d", status, exitUsage)
			}
		})
	}
}

func TestEditKeepsSecretsThatTheFileLeavesOut(t *testing.T) {
	t.Parallel()
	without := strings.Replace(goodFile, "  token: very-secret-token\n", "", 1)
	old := catalog.Secrets{"jwt.token": catalog.NewSecret("")} // as the catalog gives it
	conn, err := read(without, old)
	if err != nil {
		t.Fatal(err)
	}
	if _, kept := conn.Secrets["jwt.token"]; !kept {
		t.Error("the token is gone")
	}
	signing := strings.Replace(without, "  prefix: jwt\n", "  prefix: jwt\n  private_key: env:KEY\n  user_id: u\n  user_directory: D\n", 1)
	if conn, err = read(signing, old); err != nil {
		t.Fatal(err)
	}
	if _, kept := conn.Secrets["jwt.token"]; kept {
		t.Error("the old token is kept beside a private key")
	}
}

func TestTemplateIsAValidFile(t *testing.T) {
	t.Parallel()
	for _, s := range sources() {
		if _, err := read(s.Template, nil); err != nil {
			t.Errorf("the template of %s: %v", s.Type, err)
		}
	}
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	got := inOrder(map[string]any{"z": 1, "url": 1, "a": 1}, "url", "link_url")
	if diff := cmp.Diff([]string{"url", "a", "z"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
