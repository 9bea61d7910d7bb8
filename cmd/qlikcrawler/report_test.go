package main

import (
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

func TestACrawlTellsPerAppWhatChangedHowLongItTookAndWhyItFailed(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	p := newProgram(t)
	first := p.crawl(exitDone, fileFor(t, srv, "q"), "-f", "-")
	for _, o := range first.Outcomes {
		if o.Change != catalog.Added || o.Rows != (catalog.RowChanges{}) || o.Name == "" {
			t.Errorf("the first crawl of an app: %+v", o)
		}
	}
	edited, bad, gone := site.Apps[0], site.Apps[1], site.Apps[2]
	srv.EditScript(edited.ID, "LOAD 1 AS x AUTOGENERATE 1;")
	srv.TouchApp(bad.ID)
	srv.Fail(bad.ID, qliktest.Corrupt)
	srv.DeleteApp(gone.ID)

	second := p.crawl(exitPartly, "", "q")
	if len(second.Outcomes) != 3 {
		t.Fatalf("outcomes %+v, want three", second.Outcomes)
	}
	for _, o := range second.Outcomes {
		switch {
		case strings.HasSuffix(string(o.Key), edited.ID):
			if o.Change != catalog.Updated || o.Rows.Changed == 0 || o.Rows.Retired != 0 || o.Error != "" {
				t.Errorf("the edited app: %+v", o)
			}
		case strings.HasSuffix(string(o.Key), bad.ID):
			if o.Change != catalog.Partial || o.ErrorCode != catalog.CodeUnreadable || o.Error == "" || o.Cure == "" {
				t.Errorf("the bad app: %+v", o)
			}
		default:
			if o.Change != catalog.Retired || o.Rows.Retired < 2 {
				t.Errorf("the app that is gone: %+v", o)
			}
		}
	}

	srv.TouchApp(edited.ID)
	out := p.must(exitPartly, "", "crawl", "q").stdout
	for _, want := range []string{"partial " + bad.Name + " (", " after ", ": unreadable: ", "  → ", "  rows ", "  slowest "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "updated "+edited.Name+" (") {
		t.Errorf("an app without trouble has a line of its own:\n%s", out)
	}
}
