package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// files are the addresses under which the pages' own modules and readers fetch what is no page.
var files = []string{"GET /lineage/picture", "GET /lineage/data", "GET /source/download", "GET /search/suggest", "GET /catalog/branch", "GET /crawls/{id}/progress", "GET /open", "GET /connections/{code}/log"}

// TestEveryPageInABrowser looks at each page of the list of routes, with hostile names in it: at two widths, in both
// themes, with a checker of accessibility; how it moves while it loads; and all of them with a checker of HTML.
func TestEveryPageInABrowser(t *testing.T) {
	bin, found := launcher.LookPath()
	if !found {
		t.Skip("no Chromium or Chrome is installed: the pages are not tried in a real browser")
	}
	o := newOffice(t, nil)
	o.site = qliktest.New(t, hostileSite(), qliktest.Options{})
	var err error
	if o.info, err = o.site.Info(); err != nil {
		t.Fatal(err)
	}
	o.app.config.policy.Roots = append(o.app.config.policy.Roots, filepath.Dir(o.info.CAFile))
	v := &visit{t: t}
	v.serve(o)
	v.open(bin)
	v.whole = map[string]string{}
	v.inspect("sign-in", "/sign-in?to=%2Fcatalog")
	v.enter()
	v.emptyLists()
	v.crawlHostile(o)
	addresses := v.addresses(o)
	for _, pattern := range v.pages {
		if slices.Contains(files, pattern) {
			continue
		}
		if len(addresses[pattern]) == 0 {
			t.Errorf("nobody looks at %s: say in addresses where it leads", pattern)
		}
		for _, path := range addresses[pattern] {
			v.inspect(strings.TrimPrefix(pattern, "GET /"), path)
		}
	}
	v.inspect("not found", "/report?key=shop%2Fnothing")
	v.inspect("no lineage", "/lineage?key="+url.QueryEscape("dataset:"+hostile))
	wellFormed(t, v.whole)
	v.quiet()
}

// The widths at which pages are looked at.
const wide, phone = 1400, 390

type size struct {
	name  string
	width int
}

var sizes = []size{{"wide", wide}, {"phone", phone}}

// rearranged are pages that are made up in another way on a phone: the checker of accessibility looks at them there too.
// All others have the same elements there, with other measures, which overlooked and still look at.
var rearranged = []string{"/", "/catalog", "/catalog/apps", "/connections/shop/edit", "/lineage", "/admin/audit"}

// inspect loads a page at each width, looks it over, and keeps its text for the checker of HTML. The checker of
// accessibility sees it wide, in both themes; and narrow if it is rearranged.
func (v *visit) inspect(name, path string) {
	v.t.Helper()
	file := "page-" + strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "", "$", "home", " ", "-").Replace(name), "-")
	for _, size := range sizes {
		v.resize(size.width)
		v.goTo(path)
		where := fmt.Sprintf("%s (%.80s) at %d", name, path, size.width)
		v.overlooked(where)
		v.still(where)
		v.themes(where, file, size, size.width == wide || slices.Contains(rearranged, path))
	}
	v.resize(wide)
	v.whole[path] = v.source(path)
}

// themes shows the page in each theme: to the checker of accessibility, which looks at nothing but the colors in the
// second; and for a picture, if somebody wants it.
func (v *visit) themes(where, file string, size size, checked bool) {
	v.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		if !checked && os.Getenv(screenshots) == "" {
			return
		}
		v.theme(theme)
		if checked {
			v.accessible(where+", "+theme, theme == "dark")
		}
		v.keep(file + "-" + theme + "-" + size.name)
	}
	v.theme("light")
}

// source is the HTML as the server sends it.
func (v *visit) source(path string) string {
	v.t.Helper()
	text, err := v.page.Eval(`async (path) => await (await fetch(path)).text()`, path)
	v.run("fetch "+path, err)
	return text.Value.Str()
}

// still complains of a page whose parts moved while it was loaded.
func (v *visit) still(where string) {
	v.t.Helper()
	if text := v.moved(); text != "" {
		v.t.Errorf("%s: the layout shifts: %s", where, text)
	}
}

// moved says how far what moved while the page was loaded; "" if nothing did. A tenth of what is called good is allowed.
func (v *visit) moved() string {
	v.t.Helper()
	moved, err := v.page.Eval(`() => new Promise((done) => {
		let sum = 0, what = "";
		new PerformanceObserver((list) => {
			for (const e of list.getEntries()) if (!e.hadRecentInput) { sum += e.value; what += " " + e.sources.map((s) => s.node?.nodeName + "." + s.node?.className).join(","); }
		}).observe({ type: "layout-shift", buffered: true });
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum > 0.01 ? sum.toFixed(3) + what : ""), 0)));
	})`)
	v.run("measure how the page moves", err)
	return moved.Value.Str()
}

func (v *visit) theme(name string) {
	v.t.Helper()
	v.run("set the theme", proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: name}}}.Call(v.page))
}

func (v *visit) resize(width int) {
	v.t.Helper()
	v.run("set the width", v.page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: 900, DeviceScaleFactor: 1}))
}

// keep keeps the page as a picture, if somebody wants it.
func (v *visit) keep(name string) {
	v.t.Helper()
	folder := os.Getenv(screenshots)
	if folder == "" {
		return
	}
	b, err := v.page.Screenshot(true, nil)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), b, 0o600)
	}
	if err != nil {
		v.t.Error(err)
	}
}

// overlooked says what is wrong with the page for those who don't see it, or not on a wide screen.
func (v *visit) overlooked(where string) {
	v.t.Helper()
	if found, err := v.page.Eval(lookOver); err != nil {
		v.t.Errorf("%s: %v", where, err)
	} else if text := found.Value.Str(); text != "" {
		v.t.Errorf("%s: %s", where, text)
	}
}

// enter signs the first user in.
func (v *visit) enter() {
	v.t.Helper()
	v.goTo("/sign-in")
	v.write("#user", firstUser)
	v.write("#password", v.password)
	v.press(v.with("button", "Sign in"))
}

// emptyLists looks at what is there before anything is: each list says so, and what to do.
func (v *visit) emptyLists() {
	v.t.Helper()
	for _, path := range []string{"/", "/catalog", "/catalog/apps", "/catalog/gaps", "/changes", "/crawls", "/search?q=nothing", "/lineage/gaps", "/lineage/edges", "/admin/tokens"} {
		v.inspect("empty "+path, path)
		if has, _, err := v.page.Has("main .empty"); err != nil || !has {
			v.t.Errorf("%s doesn't say that there is nothing, nor what to do (%v)", path, err)
		}
	}
}

// crawlHostile adds the site and waits for its lineage.
func (v *visit) crawlHostile(o *office) {
	v.t.Helper()
	r := o.reader(v, "reader", catalog.RoleAdmin, nil)
	form := url.Values{
		"type": {"qlik-sense"}, "name": {string([]rune(hostile)[:200])}, "code": {"shop"}, "url": {o.site.URL}, "authentication": {"jwt"}, "description": {hostile},
		"jwt.prefix": {o.info.Prefix}, "jwt.token": {o.info.Token}, "tls.ca_file": {o.info.CAFile},
	}
	if status, _, body := r.get("/connections", form); status != 303 {
		v.t.Fatalf("the connection isn't saved: %d\n%s", status, body)
	}
	v.goTo("/crawls/1")
	v.with("h1", "done")
	v.lineageBuilt(o, "dataset:file")
}

// lineageBuilt waits until the catalog knows something of a dataset.
func (v *visit) lineageBuilt(o *office, key string) {
	v.t.Helper()
	ctx, stop := context.WithTimeout(v.t.Context(), 2*time.Minute)
	defer stop()
	for tick := time.NewTicker(200 * time.Millisecond); ; <-tick.C {
		near, err := o.db.LineageNear(ctx, catalog.Scope{All: true}, key)
		v.run("wait for lineage", err)
		if len(near) > 0 && strings.HasPrefix(string(near[0]), "dataset:") {
			return
		}
	}
}

// addresses say where each route leads: for pages of things, to things of every kind.
func (v *visit) addresses(o *office) map[string][]string {
	v.t.Helper()
	app := "shop/" + hostileApp
	sheet, field := app+"/sheet1", string(catalog.ModelFieldKey(catalog.Key(app), hostile))
	at := func(path, key string, more ...string) string {
		return path + "?key=" + url.QueryEscape(key) + strings.Join(more, "")
	}
	all := map[string][]string{
		"GET /{$}": {"/"}, "GET /sign-in": {"/sign-in"}, "GET /account": {"/account"},
		"GET /catalog": {"/catalog", "/catalog?connection=shop"}, "GET /catalog/conflicts": {"/catalog/conflicts"}, "GET /changes": {"/changes"},
		"GET /search": {"/search?q=script", "/search?q=" + url.QueryEscape(hostile[:60])},
		"GET /report": {
			at("/report", app), at("/report", app, "&tab=about"), at("/report", app, "&tab=model"), at("/report", app, "&tab=fields"), at("/report", app, "&tab=changes"), at("/report", app, "&tab=script"),
			at("/report", sheet), at("/report", sheet, "&tab=about"), at("/report", sheet+"/chart1"), at("/report", sheet+"/chart1", "&tab=fields"),
		},
		"GET /field": {at("/field", sheet+"/chart1/measure/0")}, "GET /source": {at("/source", app+"/script")},
		"GET /model/table": {at("/model/table", string(catalog.ModelTableKey(catalog.Key(app), "T "+hostile)))}, "GET /model/field": {at("/model/field", field)},
		"GET /lineage": {
			"/lineage", at("/lineage", sheet+"/chart1"), at("/lineage", sheet+"/chart1", "&columns=1&all=1&by=app&depth=0"),
			at("/lineage", field, "&direction=downstream"),
		},
		"GET /lineage/gaps": {"/lineage/gaps", at("/lineage/gaps", app)}, "GET /lineage/edges": {"/lineage/edges?to=" + url.QueryEscape(field)},
		"GET /connections/new": {"/connections/new"}, "GET /crawls": {"/crawls", "/crawls?connection=shop"}, "GET /crawls/{id}": {"/crawls/1"},
		"GET /admin": {"/admin"}, "GET /admin/users": {"/admin/users"}, "GET /admin/users/new": {"/admin/users/new"}, "GET /admin/user/{name}": {"/admin/user/reader"},
		"GET /admin/tokens": {"/admin/tokens"}, "GET /admin/audit": {"/admin/audit"}, "GET /admin/tools": {"/admin/tools"}, "GET /admin/program": {"/admin/program"},
	}
	for _, list := range []string{"apps", "groups", "sheets", "charts", "measures", "dimensions", "master-objects", "variables", "tables", "fields", "scripts", "gaps"} {
		all["GET /catalog/{list}"] = append(all["GET /catalog/{list}"], "/catalog/"+list)
	}
	for _, part := range []string{"", "/edit", "/settings", "/check", "/remove", "/crawl", "/schedule"} {
		all["GET /connections/{code}"+part] = []string{"/connections/shop" + part}
	}
	groups, err := o.db.ReportGroups(v.t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Limit: 3})
	v.run("read report groups", err)
	for _, g := range groups.Items {
		all["GET /group"] = append(all["GET /group"], at("/group", string(g.Key)))
	}
	return all
}

// quiet looks at what the browser complained of: errors, what the pages' policy forbade, and requests to elsewhere.
func (v *visit) quiet() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, f := range v.faults {
		v.t.Errorf("the browser complained: %s", f)
	}
}
