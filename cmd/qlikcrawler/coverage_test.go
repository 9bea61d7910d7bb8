package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

func TestCoverageAfterACrawlOfASiteWithRefusals(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	closed, mute := site.Apps[0], site.Apps[1]
	srv := qliktest.New(t, site, qliktest.Options{})
	srv.Fail(closed.ID, qliktest.AccessDenied4000)
	srv.Fail(mute.ID, qliktest.ScriptDenied)
	p := newProgram(t)
	p.crawl(exitPartly, fileFor(t, srv, "prod"), "-f", "-")

	var c catalog.Coverage
	r := p.must(exitDone, "", "coverage", "prod", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &c); err != nil {
		t.Fatal(err)
	}
	n := len(site.Apps)
	if c.Listed != n || c.Opened != n-1 || c.Script != n-2 || c.Lineage == nil || *c.Lineage != n-2 || len(c.Apps) != n || !strings.Contains(r.stdout, `"unresolved": 0`) {
		t.Errorf("of %d apps: %+v", n, c)
	}
	text := p.must(exitDone, "", "coverage", "prod").stdout
	for _, want := range []string{
		closed.Name + " (section access)", "app      section_access", mute.Name, "script   forbidden", "→ ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the output lacks %q:\n%s", want, text)
		}
	}
	p.must(exitFailed, "", "coverage", "nobody")
}
