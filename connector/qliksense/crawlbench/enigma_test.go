package crawlbench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/npmtest"
)

// An enigmaReport is what enigma/crawl.mjs says of a walk.
type enigmaReport struct {
	Apps, Objects int
	Seconds       float64
}

// BenchmarkAgainstEnigma reads a site with enigma.js, the library that people write such programs with, and
// crawls it, in turn: "documented" as its documentation shows, one call after the other and app after app;
// "pipelined" with all calls of an app at once, four apps at a time. The crawl also stores what it reads,
// with lineage. "ratio" is how many times as long the walk takes.
func BenchmarkAgainstEnigma(b *testing.B) {
	for _, kind := range []struct {
		name     string
		apps     int
		atATime  int
		together bool
	}{{"documented", 40, 1, false}, {"pipelined", 200, 4, true}} {
		b.Run(fmt.Sprintf("%s/apps=%d", kind.name, kind.apps), func(b *testing.B) {
			folder := enigmaFolder(b)
			site := startSite(b, siteOrder{Apps: kind.apps, Latency: asMeasured()})
			db := pgtest.Open(b)
			var ratio, walked, crawled numbers
			var theirs, ours siteReport
			objects := 0
			for b.Loop() {
				site.report()
				e := walkWithEnigma(b, folder, site.Info, kind.atATime, kind.together)
				theirs = site.report()
				r, err := crawl(within(b), db, crawlOrder{Site: site.Info, Code: fmt.Sprintf("crawl-%d", len(ratio)), Mode: catalog.Full, Workers: 4})
				if err != nil {
					b.Fatal(err)
				}
				if ours = site.report(); e.Apps != kind.apps || r.Tally.Added != kind.apps {
					b.Fatalf("enigma.js read %d apps, the crawl %d, want %d", e.Apps, r.Tally.Added, kind.apps)
				}
				objects = e.Objects
				walked, crawled = append(walked, float64(objects)/e.Seconds), append(crawled, float64(objects)/r.Wall.Seconds())
				ratio = append(ratio, e.Seconds/r.Wall.Seconds())
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ratio.median(), "ratio")
			b.ReportMetric(walked.median(), "enigma-objects/s")
			b.ReportMetric(crawled.median(), "crawl-objects/s")
			b.ReportMetric(float64(objects)/float64(kind.apps), "objects/app")
			perApp := func(n int) float64 { return float64(n) / float64(kind.apps) }
			b.ReportMetric(perApp(theirs.EngineCallTotal()), "enigma-calls/app")
			b.ReportMetric(perApp(ours.EngineCallTotal()), "crawl-calls/app")
			b.ReportMetric(perApp(theirs.OpensWithoutData+theirs.OpensWithData), "enigma-opens/app")
			b.ReportMetric(perApp(ours.OpensWithoutData+ours.OpensWithData), "crawl-opens/app")
		})
	}
}

// enigmaFolder has the script beside enigma.js, installed by npm in the version that the site's own tests use.
func enigmaFolder(b *testing.B) string {
	b.Helper()
	clients := filepath.Join("..", "qliktest", "foreign", "node")
	installed, err := npmtest.Install(os.DirFS(clients), "foreign-clients", "this benchmark runs enigma.js")
	if err != nil {
		b.Skip(err)
	}
	dir := b.TempDir()
	if err := os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		b.Fatal(err)
	}
	for _, path := range []string{filepath.Join("enigma", "crawl.mjs"), filepath.Join(clients, "site.mjs")} {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func walkWithEnigma(b *testing.B, folder string, site qliktest.Info, atATime int, together bool) (e enigmaReport) {
	b.Helper()
	todo, err := json.Marshal(map[string]any{"info": site, "atATime": atATime, "together": together})
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(within(b), "node", "crawl.mjs")
	cmd.Dir, cmd.Stdin = folder, bytes.NewReader(todo)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+site.CAFile)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &e)
	}
	if err != nil {
		b.Fatalf("enigma.js: %v\n%s", err, said.String())
	}
	return e
}
