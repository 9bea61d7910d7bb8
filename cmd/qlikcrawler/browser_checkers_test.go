package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod/lib/proto"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/npmtest"
)

// checkerFiles name the checkers of pages that others wrote, with the hash of each.
//
//go:embed testdata/browser/package.json testdata/browser/package-lock.json testdata/browser/.npmrc
var checkerFiles embed.FS

// checkers installs them once for each lock file, into the user's cache folder, and gives their folder.
var checkers = sync.OnceValues(func() (string, error) {
	files, err := fs.Sub(checkerFiles, "testdata/browser")
	if err != nil {
		return "", err
	}
	return npmtest.Install(files, "page-checkers", "pages are checked by programs in JavaScript")
})

// axe is the text of the checker of accessibility that runs in the page. Where npm isn't, the test fails with a
// sentence, as those of foreign clients do.
func axe(t testing.TB) string {
	t.Helper()
	dir, err := checkers()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// runAxe asks for everything of WCAG 2.0 to 2.2, levels A and AA, or for the contrast of colors alone; a finding names
// the rule and the first elements.
const runAxe = `async (colors) => {
	const found = await axe.run(document, {
		runOnly: colors ? { type: "rule", values: ["color-contrast"] } : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
		resultTypes: ["violations"], iframes: false,
	});
	return found.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + n.html.slice(0, 160) + " — " + n.any.concat(n.all, n.none).map((c) => c.message).join("; ")));
}`

// accessible runs the checker on the page as it is shown now; colors: it was checked but for its colors.
func (v *visit) accessible(where string, colors bool) {
	v.t.Helper()
	if v.axe == "" {
		v.axe = axe(v.t)
	}
	ready, err := v.page.Eval(`() => typeof axe === "object"`)
	v.run("look for the checker", err)
	if !ready.Value.Bool() {
		// The protocol evaluates what the page's own policy forbids to scripts in it.
		_, err := proto.RuntimeEvaluate{Expression: v.axe}.Call(v.page)
		v.run("load the checker", err)
	}
	found, err := v.page.Eval(runAxe, colors)
	if err != nil {
		v.t.Errorf("%s: %v", where, err)
		return
	}
	for _, f := range found.Value.Arr() {
		v.t.Errorf("%s: %s", where, f.Str())
	}
}

// htmlRules are what pages are held to. Of the standard's rules, those stay away that are about style, and
// the hashes of files that come from the same server; a form of one field is sent by Enter, without a button.
const htmlRules = `{
	"root": true, "extends": ["html-validate:standard", "html-validate:a11y", "html-validate:document"],
	"rules": {"no-trailing-whitespace": "off", "no-inline-style": "error", "no-redundant-role": "error", "no-dup-id": "error", "long-title": "off", "require-sri": "off", "no-implicit-button-type": "off", "wcag/h32": "off"}
}`

// paintWhole is in every page. HTML has it (a link with rel=expect blocks rendering), the checker doesn't know it yet.
const paintWhole = `<link rel="expect" href="#page-end" blocking="render">`

// wellFormed gives whole pages, by name, to the checker of HTML.
func wellFormed(t testing.TB, pages map[string]string) {
	t.Helper()
	installed, err := checkers()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if folder := os.Getenv(screenshots); folder != "" {
		dir = folder
	}
	names := map[string]string{}
	for name, text := range pages {
		file := fmt.Sprintf("%03d.html", len(names))
		names[file] = name
		if err := os.WriteFile(filepath.Join(dir, file), []byte(strings.Replace(text, paintWhole, "", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".htmlvalidate.json"), []byte(htmlRules), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(installed, "node_modules", "html-validate", "bin", "html-validate.mjs")
	cmd := exec.CommandContext(t.Context(), "node", program, "--formatter=json", dir)
	cmd.Dir = dir
	answer, err := os.Create(filepath.Join(dir, "found.json")) // a pipe would be cut off when the program exits
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	cmd.Stdout = answer
	err = cmd.Run() // its status says whether it found something
	out, readErr := os.ReadFile(answer.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	var found []struct {
		FilePath string `json:"filePath"`
		Messages []struct {
			RuleID   string `json:"ruleId"`
			Message  string `json:"message"`
			Line     int    `json:"line"`
			Selector string `json:"selector"`
		} `json:"messages"`
	}
	if wrong := json.Unmarshal(out, &found); wrong != nil {
		t.Fatalf("html-validate: %v, %v\n%s", err, wrong, out)
	}
	for _, f := range found {
		for _, m := range f.Messages {
			name := names[filepath.Base(f.FilePath)]
			line := strings.Split(pages[name], "\n")[max(0, m.Line-1)]
			t.Errorf("%s, line %d: %s: %s at %s: %.200s", name, m.Line, m.RuleID, m.Message, m.Selector, line)
		}
	}
}
