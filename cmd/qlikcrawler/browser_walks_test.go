package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// TestWalksInABrowser goes the main path once with the keyboard alone, once without JavaScript, and tries what the
// picture of lineage can do.
func TestWalksInABrowser(t *testing.T) {
	bin, found := launcher.LookPath()
	if !found {
		t.Skip("no Chromium or Chrome is installed: the pages are not tried in a real browser")
	}
	o := newOffice(t, nil)
	v := &visit{t: t}
	v.serve(o)
	v.open(bin)
	crawled(v, o)
	v.withTheKeyboard()
	v.picturesOfLineage(o)
	v.followsAndPinches(o)
	v.timesAndPrint()
	v.withoutScripts()
	v.quiet()
}

// crawled adds the demo site, and waits until it is crawled and its lineage is built.
func crawled(v *visit, o *office) {
	v.t.Helper()
	r := o.reader(v, "reader", auth.Admin, nil)
	form := url.Values{
		"type": {"qlik-sense"}, "name": {"Shop"}, "code": {"shop"}, "url": {o.site.URL}, "authentication": {"jwt"},
		"jwt.prefix": {o.info.Prefix}, "jwt.token": {o.info.Token}, "tls.ca_file": {o.info.CAFile},
	}
	if status, _, body := r.get("/connections", form); status != 303 {
		v.t.Fatalf("the connection isn't saved: %d\n%s", status, body)
	}
	v.enter()
	v.goTo("/crawls/1")
	v.with("h1", "done")
	v.lineageBuilt(o, "dataset:mssql")
	v.goTo("/sign-in")
	v.run("forget the session", proto.NetworkClearBrowserCookies{}.Call(v.page))
}

func (v *visit) key(keys ...input.Key) {
	v.t.Helper()
	for _, k := range keys {
		v.run("press a key", v.page.Keyboard.Type(k))
	}
}

// tabTo presses Tab until what has the focus fits a selector and has a text, and shows that it has the focus.
func (v *visit) tabTo(selector, text string) {
	v.t.Helper()
	for range 150 {
		v.key(input.Tab)
		at, err := v.page.Eval(`(selector, text) => {
			const e = document.activeElement;
			if (!e.matches(selector) || !e.textContent.includes(text)) return "";
			const inside = e instanceof SVGElement ? e.querySelector(":scope > rect") ?? e.querySelector("rect, circle") : null, s = getComputedStyle(inside ?? e);
			const seen = inside ? s.stroke !== "none" && parseFloat(s.strokeWidth) >= 2 : s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
			return seen ? "there" : "it has the focus, which can't be seen";
		}`, selector, text)
		v.run("ask what has the focus", err)
		switch said := at.Value.Str(); said {
		case "":
		case "there":
			return
		default:
			v.t.Errorf("%s %s: %s", selector, text, said)
			return
		}
	}
	v.t.Fatalf("Tab doesn't lead to %s %q on %s", selector, text, v.path())
}

// enterKey presses Enter on what leads to another page.
func (v *visit) enterKey() {
	v.t.Helper()
	wait := v.page.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.key(input.Enter)
	wait()
}

// withTheKeyboard signs in, finds an app, opens a sheet, and reads where a chart comes from.
func (v *visit) withTheKeyboard() {
	v.t.Helper()
	v.goTo("/")
	v.element("#user:focus")
	v.run("type", v.page.InsertText(firstUser))
	v.tabTo("#password", "")
	v.run("type", v.page.InsertText(v.password))
	v.enterKey()
	v.key(input.Tab)
	v.element(".skip:focus")
	v.key(input.Enter)
	v.element("main:focus")
	v.key(input.Slash)
	v.run("type", v.page.InsertText("sales ov"))
	v.with(".suggestions a", "Sales Overview")
	v.key(input.ArrowDown)
	v.enterKey()
	v.with("h1", "Sales Overview")
	v.tabTo("main table a", "Overview")
	v.enterKey()
	v.tabTo(".preview-card a", "")
	v.goTo("/catalog/charts?name=Revenue+by+category")
	v.tabTo("main table a", "Revenue by category")
	v.enterKey()
	v.tabTo(".actions a", "Lineage")
	v.enterKey()
	v.tabTo(".lineage .face", "Revenue by category")
	v.key(input.Enter)
	v.with(".panel h2", "Revenue by category")
	before := v.view()
	v.key(input.ArrowRight)
	moved := v.view()
	v.run("type", v.page.Keyboard.Type(input.Key('+')))
	closer := v.view()
	v.key(input.Digit0)
	if before == moved || moved == closer || v.view() == closer {
		v.t.Errorf("keys don't move the picture: %s, %s, %s, %s", before, moved, closer, v.view())
	}
	v.tabTo(".lineage .toggle", "")
	v.key(input.Enter)
	v.element(".lineage .row")
	v.tabTo(".lineage .row", "")
	v.key(input.Space)
	v.element(".panel dl")
	v.key(input.Escape)
}

// view is what part of the picture of lineage is seen.
func (v *visit) view() string {
	v.t.Helper()
	got, err := v.element("svg.lineage").Attribute("viewBox")
	v.run("read the view", err)
	return *got
}

// picturesOfLineage tries what the picture offers, and takes it away in each form.
func (v *visit) picturesOfLineage(o *office) {
	v.t.Helper()
	list, err := o.db.Reports(v.t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Limit: 1, Filters: []catalog.Filter{{Column: "name", Op: catalog.Equals, Values: []string{"Revenue by category"}}}})
	v.run("find the chart", err)
	at := "/lineage?key=" + url.QueryEscape(string(list.Items[0].Key)) + "&direction=upstream&depth=0"
	v.goTo(at)
	orders := v.face("ERP.dbo.Orders")
	v.run("show all", v.element(".zoom [data-zoom=fit]").Click(proto.InputMouseButtonLeft, 1))
	v.run("point at a table", orders.Hover())
	v.element(".lineage.traced .box.on")
	dim, err := v.page.Elements(".lineage .box:not(.on)")
	v.run("look at the rest", err)
	if len(dim) == 0 || len(dim) > 20 {
		v.t.Errorf("%d boxes are not on the path of a table", len(dim))
	}
	v.write("[data-in-graph]", "orders")
	v.with("[data-found]", "(")
	v.element(".lineage .box.found")
	v.click(`.lineage .box.found .face`)
	v.element(".panel .flows button")
	v.run("read about a flow", v.element(".panel .flows button").Click(proto.InputMouseButtonLeft, 1))
	v.with(".panel dt", "Statement")
	v.with(".panel dt", "Confidence")
	v.with(".panel dt", "Told by")
	v.with(".panel a", "line ")
	deep := v.path()
	v.goTo(at + "&columns=1&by=app&all=1")
	v.element(".lineage .frame")
	v.element(`.lineage .link[data-from*="#"][data-to*="#"]`)
	v.element(`.lineage .link[data-from*="#"][data-to*="/field/"]`)
	v.goTo(deep)
	v.goTo(at + "#at=" + url.QueryEscape(string(list.Items[0].Key)))
	v.with(".panel h2", "Revenue by category")

	v.run("open the menu", v.with("summary", "Download").Click(proto.InputMouseButtonLeft, 1))
	if text := v.linked("a[href*='/lineage/picture']:not([data-png])"); !wellFormedXML([]byte(text)) || !strings.Contains(text, "ERP.dbo.Orders") {
		v.t.Errorf("the SVG of %d bytes isn't one", len(text))
	}
	var g catalog.LineageGraph
	if err := json.Unmarshal([]byte(v.linked("a[href*='/lineage/data']")), &g); err != nil || len(g.Edges) == 0 {
		v.t.Errorf("the JSON: %v, %d edges", err, len(g.Edges))
	}
	drawn := v.png()
	if picture, err := png.Decode(bytes.NewReader(drawn)); err != nil || picture.Bounds().Dx() < 1000 {
		v.t.Errorf("the PNG of %d bytes: %v", len(drawn), err)
	}
}

// followsAndPinches follows a box at the edge of the picture, with the mouse and with the keyboard, and zooms with two fingers.
func (v *visit) followsAndPinches(o *office) {
	v.t.Helper()
	list, err := o.db.Reports(v.t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Limit: 1, Filters: []catalog.Filter{{Column: "name", Op: catalog.Equals, Values: []string{"Revenue by category"}}}})
	v.run("find the chart", err)
	v.goTo("/lineage?key=" + url.QueryEscape(string(list.Items[0].Key)) + "&direction=upstream&depth=1")
	boxes := func() int {
		all, err := v.page.Elements(".lineage .box")
		v.run("count boxes", err)
		return len(all)
	}
	before := boxes()
	v.click(".lineage .more")
	v.with("p[data-note]", "more.")
	after := boxes()
	if after <= before || !strings.Contains(v.path(), "more=") {
		v.t.Errorf("following a box leads from %d boxes to %d, at %s", before, after, v.path())
	}
	v.picture("lineage-followed")
	v.goTo(v.path())
	if again := boxes(); again != after {
		v.t.Errorf("at its address the picture has %d boxes, and had %d", again, after)
	}
	v.tabTo(".lineage .more", "")
	v.key(input.Enter)
	v.run("wait until Enter has followed a box", v.page.Timeout(30*time.Second).Wait(rod.Eval(`() => location.search.split("&more=").length === 3`)))

	v.run("have fingers", proto.EmulationSetTouchEmulationEnabled{Enabled: true}.Call(v.page))
	defer func() { _ = proto.EmulationSetTouchEmulationEnabled{}.Call(v.page) }()
	at, err := v.element(".picture").Shape()
	v.run("look where the picture is", err)
	middle := at.Box()
	x, y := middle.X+middle.Width/2, middle.Y+middle.Height/2
	one, two := 1.0, 2.0
	touch := func(typ proto.InputDispatchTouchEventType, apart float64) {
		e := proto.InputDispatchTouchEvent{Type: typ, TouchPoints: []*proto.InputTouchPoint{}}
		if typ != proto.InputDispatchTouchEventTypeTouchEnd {
			e.TouchPoints = []*proto.InputTouchPoint{{X: x - apart, Y: y, ID: &one}, {X: x + apart, Y: y, ID: &two}}
		}
		v.run("touch", e.Call(v.page))
	}
	width := func() float64 {
		w, err := strconv.ParseFloat(strings.Fields(v.view())[2], 64)
		v.run("read the view", err)
		return w
	}
	was := width()
	touch(proto.InputDispatchTouchEventTypeTouchStart, 50)
	for apart := 60.0; apart <= 100; apart += 10 {
		touch(proto.InputDispatchTouchEventTypeTouchMove, apart)
	}
	touch(proto.InputDispatchTouchEventTypeTouchEnd, 0)
	if now := width(); now > was*0.55 || now < was*0.45 {
		v.t.Errorf("two fingers that went twice as far apart show %.0f of what was %.0f wide", now, was)
	}
}

// linked reads the file that a link leads to.
func (v *visit) linked(selector string) string {
	v.t.Helper()
	to, err := v.element(selector).Attribute("href")
	v.run("read a link", err)
	return v.source(*to)
}

// png asks for the picture as PNG and takes what the page then hands to the browser to be kept.
func (v *visit) png() []byte {
	v.t.Helper()
	got, err := v.page.Timeout(time.Minute).Eval(`() => new Promise((done) => {
		const click = HTMLAnchorElement.prototype.click;
		HTMLAnchorElement.prototype.click = function () { HTMLAnchorElement.prototype.click = click; done(this.download + " " + this.href); };
		document.querySelector("a[data-png]").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
	})`)
	v.run("ask for the PNG", err)
	text, found := strings.CutPrefix(got.Value.Str(), "lineage.png data:image/png;base64,")
	if !found {
		v.t.Fatalf("in place of a PNG there is %.80s", got.Value.Str())
	}
	b, err := base64.StdEncoding.DecodeString(text)
	v.run("decode the PNG", err)
	return b
}

func wellFormedXML(b []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return true
		} else if err != nil {
			return false
		}
	}
}

// timesAndPrint looks at times as a reader in another zone does, and at a page on paper.
func (v *visit) timesAndPrint() {
	v.t.Helper()
	v.run("go to Tokyo", proto.EmulationSetTimezoneOverride{TimezoneID: "Asia/Tokyo"}.Call(v.page))
	v.goTo("/crawls")
	title, err := v.element("main time").Attribute("title")
	v.run("read a time", err)
	if !strings.Contains(*title, "GMT+9") {
		v.t.Errorf("in Tokyo, a time says %q", *title)
	}
	v.run("come back", proto.EmulationSetTimezoneOverride{TimezoneID: "UTC"}.Call(v.page))
	v.run("print", proto.EmulationSetEmulatedMedia{Media: "print"}.Call(v.page))
	shown, err := v.page.Eval(`() => [".top", ".bottom", ".actions", ".filters"].filter((s) => { const e = document.querySelector(s); return e && getComputedStyle(e).display !== "none"; }).join()`)
	v.run("look at the print", err)
	if text := shown.Value.Str(); text != "" {
		v.t.Errorf("printed, the page still has %s", text)
	}
	v.run("stop printing", proto.EmulationSetEmulatedMedia{}.Call(v.page))
}

// withoutScripts reads all kinds of pages, searches, says what flows, and signs out, in a browser that runs no script.
func (v *visit) withoutScripts() {
	v.t.Helper()
	v.goTo("/")
	v.run("turn JavaScript off", proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(v.page))
	defer func() { _ = proto.EmulationSetScriptExecutionDisabled{}.Call(v.page) }()
	v.goTo("/search?q=sales+ov")
	v.lead(v.with(".hit h3 a", "Sales Overview"))
	v.lead(v.with("main table a", "Overview"))
	v.element(".preview-card svg a")
	v.lead(v.with(".tabs a", "Measures and dimensions"))
	v.lead(v.with("main table a", "Revenue"))
	v.with("pre.formula", "Sum")
	v.lead(v.with(".actions a", "Lineage"))
	v.element("svg.lineage .box")
	if seen, err := v.element(".zoom").Visible(); err != nil || seen {
		v.t.Errorf("without scripts there are buttons that do nothing (%v)", err)
	}
	v.touch(v.with("details > summary", "As a table"))
	v.lead(v.with("details[open] td a", "shop/"))
	v.goTo("/lineage/edges")
	v.fill("#from", "dataset:file://plan.csv")
	v.fill("#to", "shop/x/field/Region")
	v.fill("#reason", "no script needed")
	v.lead(v.with("button", "Keep"))
	v.with("td", "no script needed")
	v.lead(v.with("td a", "Change"))
	v.with("h2", "Change what is said")
	v.fill("#reason", "still none")
	v.lead(v.with("button", "Keep"))
	v.with("td", "still none")
	v.touch(v.element(".me > summary"))
	v.lead(v.with(".themes button", "Dark"))
	v.element("html[data-theme=dark]")
	v.touch(v.element(".me > summary"))
	v.lead(v.with("button", "Sign out"))
	v.with("h1", "Sign in")
}

// touch clicks with the mouse alone: what the driver does besides to be sure of its click needs scripts in the page.
func (v *visit) touch(e *rod.Element) {
	v.t.Helper()
	v.run("scroll", proto.DOMScrollIntoViewIfNeeded{ObjectID: e.Object.ObjectID}.Call(v.page))
	shape, err := e.Shape()
	v.run("look where it is", err)
	at := shape.OnePointInside()
	v.run("point at it", v.page.Mouse.MoveTo(*at))
	v.run("click", v.page.Mouse.Click(proto.InputMouseButtonLeft, 1))
}

// lead clicks what leads to another page.
func (v *visit) lead(e *rod.Element) {
	v.t.Helper()
	wait := v.page.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.touch(e)
	wait()
}

// fill types into a field in place of what is in it.
func (v *visit) fill(selector, text string) {
	v.t.Helper()
	v.touch(v.element(selector))
	v.run("go to its end", v.page.Keyboard.Type(input.End))
	v.run("select its text", v.page.KeyActions().Press(input.ShiftLeft).Type(input.Home).Do())
	v.run("type", v.page.InsertText(text))
}
