package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// pictures, in the environment, names the folder that TestPicturesOfTheReadme writes to (make pictures).
const pictures = "QLIKCRAWLER_PICTURES_TO"

// TestPicturesOfTheReadme makes the pictures of README.md from the demo site.
func TestPicturesOfTheReadme(t *testing.T) {
	dir := os.Getenv(pictures)
	if dir == "" {
		t.Skip("make pictures runs it")
	}
	bin, found := launcher.LookPath()
	if !found {
		t.Fatal("no Chromium or Chrome is installed")
	}
	o := newOffice(t, nil)
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	p := &program{t, map[string]string{
		"QLIKCRAWLER_DATABASE_URL": o.database, "QLIKCRAWLER_MASTER_KEY": strings.Repeat("6b", 32), "QLIKCRAWLER_DATA_DIR": t.TempDir(),
	}}
	p.crawl(exitDone, fileFor(t, srv, "demo"), "-f", "-")
	v := &visit{t: t}
	v.serve(o)
	v.open(bin)
	v.resize(1400)
	v.enter()

	// The sheet with the most to see of an app whose name every machine can write, and its table.
	keys := texts(t, connect(t, o.database), `
		select unnest(array[s.key, min(c.key) filter (where c.type = 'sn-table')])
		from catalog.report s join catalog.report c on c.parent_key = s.key
		where s.kind = 'sheet' and s.retired_at is null and s.attributes ->> 'application' like 'Customer 360%'
		group by s.key order by count(*) desc, s.key limit 2`)
	if len(keys) < 2 {
		t.Fatalf("the demo site has no such sheet: %v", keys)
	}
	v.goTo("/report?key=" + url.QueryEscape(keys[0]))
	v.take(dir, "sheet")
	v.goTo("/lineage?direction=upstream&depth=12&columns=1&key=" + url.QueryEscape(keys[1]))
	v.element("svg")
	v.take(dir, "lineage")
}

// take keeps what the window shows.
func (v *visit) take(dir, name string) {
	v.t.Helper()
	quality := 80
	picture, err := v.page.Screenshot(false, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatWebp, Quality: &quality})
	v.run("take a picture", err)
	v.run("keep it", os.WriteFile(filepath.Join(dir, name+".webp"), picture, 0o644))
}
