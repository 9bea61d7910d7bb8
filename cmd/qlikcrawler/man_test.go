package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Whatever --help tells of a command, its manual page tells, and the program that shows manuals has
// nothing to say against it.
func TestEachCommandHasAManualPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := environment{Getenv: func(string) string { return "" }, Stdout: &bytes.Buffer{}, Stderr: os.Stderr}
	if status := run(t.Context(), []string{"man", "--date", "2026-01-02", dir}, env); status != exitDone {
		t.Fatalf("it ends with %d", status)
	}
	root := newRoot(env)
	root.InitDefaultCompletionCmd()
	eachShown(root, func(cmd *cobra.Command) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		text := formatted(t, filepath.Join(dir, name+".1"))
		for _, want := range []string{cmd.Short, "2026-01-02", strings.Fields(cmd.UseLine())[0]} {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
				t.Errorf("%s: the page doesn't say %q:\n%s", name, want, text)
			}
		}
		for line := range strings.SplitSeq(strings.TrimSpace(cmd.Example), "\n") {
			if !strings.Contains(text, strings.TrimSpace(line)) {
				t.Errorf("%s: the page lacks the example %q:\n%s", name, line, text)
			}
		}
	})
}

func eachShown(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		if shown(sub) {
			eachShown(sub, do)
		}
	}
}

// formatted is a page as people see it; where nothing can format it, the page itself without its marks.
func formatted(t *testing.T, path string) string {
	t.Helper()
	groff, err := exec.LookPath("groff")
	if err != nil {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(`\-`, "-", `\e`, `\`, `\&`, "").Replace(string(b))
	}
	// 300 columns: no line is broken.
	cmd := exec.CommandContext(t.Context(), groff, "-man", "-Tutf8", "-Kutf8", "-wall", "-rLL=300n", "-P-c", "-P-b", "-P-u", path)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Errorf("%s: %v: %s", path, err, complaints.Bytes())
	}
	return string(out)
}

func TestRoffSeesTextAsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		".so /etc/passwd": `\&.so /etc/passwd`,
		`'it`:             `\&'it`,
		`ACME\svc-qlik`:   `ACME\esvc\-qlik`,
		"a\n.b":           "a\n\\&.b",
	} {
		if got := escaped(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
