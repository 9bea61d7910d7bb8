package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// TestTheExamplesOfTheAPIWork runs the examples of docs/reference/api.md, in order, as one script.
func TestTheExamplesOfTheAPIWork(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on this machine", tool)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	script := examples(string(text))
	if n := strings.Count(script, "curl "); n < 20 {
		t.Fatalf("only %d calls in docs/reference/api.md", n)
	}
	site := qliktest.New(t, demo.Site(), qliktest.Options{})
	info, err := site.Info()
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t)
	p.env["QLIKCRAWLER_FILE_ROOTS"] = filepath.Dir(info.CAFile)
	s := p.startService("--listen", "127.0.0.1:0")

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-eux", "-o", "pipefail", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "URL="+s.url+"/api/v1", "PASSWORD="+s.password, "SITE_URL="+info.URL,
		"SITE_PREFIX="+info.Prefix, "SITE_TOKEN="+info.Token, "SITE_CA="+info.CAFile)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, s.log)
	}
	for _, want := range []string{"event: end", `"The request has 3 faults."`, `"pointer":"/shoe_size"`, `"request_id":"tour-7"`, `"action":"edit-user"`, `"hits":`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the examples don't print %s:\n%s", want, out)
		}
	}
}

// examples joins the sh blocks of a page.
func examples(page string) string {
	var script strings.Builder
	for _, block := range strings.Split(page, "```sh\n")[1:] {
		code, _, _ := strings.Cut(block, "```")
		script.WriteString(code)
	}
	return script.String()
}
