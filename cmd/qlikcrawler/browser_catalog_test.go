package main

import (
	"strings"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
)

// browse finds an app by a few letters, looks at its sheet and reads its script.
func (v *visit) browse() {
	v.goTo("/catalog")
	v.with(".branches a", "Sales")
	v.click(`.branches a.twist[aria-label^="Open Sales"]`)
	v.with(".branches ul ul a", "Sales Overview")
	v.shown("catalog", false)
	for _, list := range []string{"apps", "charts", "measures", "tables", "fields", "scripts", "gaps"} {
		v.goTo("/catalog/" + list)
		v.element("main table tbody tr")
		v.shown("list-"+list, false)
	}
	v.goTo("/changes")
	v.shown("changes", false)

	v.run("press /", v.page.Keyboard.Press('/'))
	v.run("type", v.page.InsertText("sales ov"))
	v.with(".suggestions a", "Sales Overview")
	v.run("ask for all results", v.page.Keyboard.Press(input.Enter))
	v.press(v.with(".hit h3 a", "Sales Overview"))
	v.with("h1", "Sales Overview")
	v.shown("app", false)
	app := v.path()
	for _, part := range []string{"about", "fields", "model", "crawls", "changes"} {
		v.goTo(app + "&tab=" + part)
		v.shown("app-"+part, false)
	}
	v.goTo(app)
	v.press(v.with("main table a", "Overview"))
	v.element(".preview-card svg a")
	v.picture("sheet")
	v.press(v.with(".tabs a", "Measures and dimensions"))
	v.press(v.with("main table a", "Revenue"))
	v.with("pre.formula", "Sum")
	v.shown("field", false)
	v.goTo(app + "&tab=script")
	v.press(v.with("a.button.main", "Read the script"))
	v.with("ol.code .c-word", "LOAD")
	v.shown("script", false)
}

// trace follows a chart's lineage to the database, opens a box, and says what flows.
func (v *visit) trace() {
	v.goTo("/lineage")
	v.shown("lineage-start", false)
	v.goTo("/catalog/charts?name=Revenue+by+category")
	v.press(v.with("main table a", "Revenue by category"))
	v.press(v.with(".actions a", "Lineage"))
	v.goTo(strings.ReplaceAll(v.path(), "&direction=both", "") + "&direction=upstream&depth=0")
	v.face("ERP.dbo.Orders")
	v.picture("lineage")
	v.click(".lineage .toggle")
	v.element(".lineage .row")
	v.click(`.lineage [data-key$="erp.dbo.orders" i] .face`)
	v.with(".panel h2", "ERP.dbo.Orders")
	v.picture("lineage-open")
	v.goTo("/lineage/gaps")
	v.picture("lineage-gaps")

	v.goTo("/lineage/edges?to=shop/x/field/Region")
	v.write("#from", "dataset:file://plan.csv")
	v.write("#reason", "loaded <b>by hand</b>")
	v.press(v.with("button", "Keep"))
	v.with("td", "loaded <b>by hand</b>")
	v.picture("lineage-edges")
	v.press(v.with("button", "Remove"))
	v.with("h2", "No edges yet")
}

// face waits for the box of a name in the picture of lineage.
func (v *visit) face(name string) *rod.Element {
	v.t.Helper()
	e, err := v.page.Timeout(30 * time.Second).ElementByJS(rod.Eval(`(name) => [...document.querySelectorAll(".lineage .face")].find((e) => e.textContent.includes(name)) ?? null`, name))
	v.run("find the box "+name, err)
	return e.CancelTimeout()
}

// click sends a click to a part of a picture, which a driver of browsers takes for covered by other parts.
func (v *visit) click(selector string) {
	v.t.Helper()
	_, err := v.element(selector).Eval(`() => this.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))`)
	v.run("click "+selector, err)
}
