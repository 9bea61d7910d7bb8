package main

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A block is a fenced block of a page.
type block struct {
	page, language, mark, text string
	line                       int
}

// pages are the project's Markdown pages, by their path from the top.
func pages(t testing.TB) map[string]string {
	t.Helper()
	top := filepath.Join("..", "..")
	found := map[string]string{}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || name == "dist" || strings.HasPrefix(name, ".") && path != top) {
			return filepath.SkipDir
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(top, path)
		found[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("%d pages found", len(found))
	}
	return found
}

var fence = regexp.MustCompile("^ {0,3}```+ *([a-z]*) *(.*)$")

// blocksOf gives a page's fenced blocks.
func blocksOf(page, text string) []block {
	var all []block
	var in *block
	for i, line := range strings.Split(text, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case m != nil && in == nil:
			in = &block{page: page, language: m[1], mark: m[2], line: i + 1}
		case m != nil:
			all = append(all, *in)
			in = nil
		case in != nil:
			in.text += line + "\n"
		}
	}
	return all
}

// TestEveryCommandBlockRunsOrSaysWhyNot: a block in sh or sql runs in TestTheCommandsOfThePagesRun (and
// TestTheExamplesOfTheAPIWork), or its fence says "no-run: WHY". Other languages are no commands.
func TestEveryCommandBlockRunsOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	ours := regexp.MustCompile(`(?m)^\s*(\./qlikcrawler|qlikcrawler|make|go (build|run|test)|helm|docker|systemctl|dpkg|psql|kubectl) `)
	for page, text := range pages(t) {
		for _, b := range blocksOf(page, text) {
			where := fmt.Sprintf("%s:%d", page, b.line)
			why, marked := strings.CutPrefix(b.mark, "no-run: ")
			switch {
			case slices.Contains([]string{"sh", "sql"}, b.language) && b.mark != "" && (!marked || len(why) < 10):
				t.Errorf("%s: %q: want nothing, or no-run: and why", where, b.mark)
			case slices.Contains([]string{"bash", "shell", "console", "powershell", ""}, b.language) && ours.MatchString(b.text) && !marked:
				t.Errorf("%s: a block of commands is ```sh, and runs, or says no-run: and why", where)
			}
		}
		if indented := regexp.MustCompile(`(?m)^(?: {4}|\t)(\./qlikcrawler|qlikcrawler|make|go build|go run) .*$`).FindString(withoutFences(text)); indented != "" {
			t.Errorf("%s: %q stands in an indented block, which no test runs: fence it", page, indented)
		}
	}
}

func withoutFences(text string) string {
	return regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")
}

// TestLinksLeadSomewhere: pages and anchors that pages of the project lead to are there. Links to other places
// aren't followed.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := pages(t)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for page, text := range all {
		for _, m := range link.FindAllStringSubmatch(withoutFences(text), -1) {
			u, err := url.Parse(m[1])
			if err != nil || u.Scheme != "" {
				if err != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto" {
					t.Errorf("%s leads to %q", page, m[1])
				}
				continue
			}
			target := page
			if u.Path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page), u.Path))
			}
			if _, err := os.Stat(filepath.Join("..", "..", target)); err != nil {
				t.Errorf("%s leads to %q, which isn't there", page, m[1])
				continue
			}
			if other, isPage := all[target]; isPage && u.Fragment != "" && !slices.Contains(anchors(other), u.Fragment) {
				t.Errorf("%s leads to %q: %s has no such heading", page, m[1], target)
			}
		}
	}
}

// anchors are the names of a page's headings as renderers make them.
func anchors(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^#+ +(.*)$`).FindAllStringSubmatch(withoutFences(text), -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}
