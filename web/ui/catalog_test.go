package ui_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
	"github.com/qlikcrawler/qlikcrawler/web/ui"
)

// hostile are names that people and attackers give to things.
var hostile = []string{
	`<script>alert("x")</script>`, "\u202eabc\u202c עברית", strings.Repeat("lang ", 60) + "Ü", `50%/year & "more" 'yet'`, `javascript:alert(1)`,
}

// An office is the pages on a database of a test's own, with a hostile catalog in the connection "open", and
// nothing in "closed".
type office struct {
	t   *testing.T
	db  *postgres.DB
	mux *http.ServeMux
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t), MasterKey: []byte("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	o := &office{t: t, db: db, mux: http.NewServeMux()}
	if _, err := ui.New(o.mux, ui.Deps{Version: "test", Catalog: db, Lineage: db}); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"open", "closed"} {
		o.must(db.AddConnection(t.Context(), catalog.Connection{Code: code, Name: code, Type: "qlik-sense", URL: "https://" + code + ".example.com"}))
	}
	o.fill()
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func appKey(n int) catalog.Key { return catalog.AppKey("open", fmt.Sprint("app", n)) }

// fill crawls an app for each hostile name, whose parts all bear it.
func (o *office) fill() {
	ctx := o.t.Context()
	run, err := o.db.StartRun(ctx, catalog.Run{Connection: "open", Mode: catalog.Full, Trigger: catalog.ByCLI})
	o.must(err)
	stream := catalog.StreamKey("open", "s1")
	o.must(o.db.SaveGroups(ctx, run, []catalog.ReportGroup{{Key: stream, Kind: catalog.GroupStream, Name: hostile[0], Tags: hostile}}))
	for i, name := range hostile {
		_, err := o.db.Save(ctx, run, hostileApp(i, name, stream), time.Now())
		o.must(err)
		src, err := o.db.LineageSource(ctx, appKey(i))
		o.must(err)
		l := &catalog.LineageStored{Reader: 1, Content: src.Content}
		l.App = appKey(i)
		file := catalog.Key("dataset:file://files/x.qvd")
		table, field := catalog.ScriptKey(l.App)+"/Facts", catalog.ModelFieldKey(l.App, name)
		l.Nodes = []catalog.LineageNode{
			{Key: l.App, Kind: catalog.NodeApp, Connection: "open", Name: name},
			{Key: file, Kind: catalog.NodeDataset, Name: "x.qvd"},
			{Key: table, Kind: catalog.NodeScriptTable, Connection: "open", Name: "Facts", Report: l.App},
			{Key: field, Kind: catalog.NodeField, Connection: "open", Name: name, Report: l.App},
			{Key: l.App + "/m1", Kind: catalog.NodeMeasure, Connection: "open", Name: name, Report: l.App},
		}
		l.Edges = []catalog.LineageEdge{
			{From: file, To: table, Level: catalog.TableLevel, How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1, Statement: "LOAD", Source: catalog.ScriptKey(l.App), Line: 2},
			{From: field, To: l.App + "/m1", Level: catalog.ColumnLevel, How: catalog.Direct, Origin: catalog.FromExpression, Confidence: 1},
		}
		l.Gaps = []catalog.LineageGap{{App: l.App, Source: catalog.ScriptKey(l.App), Line: 3, What: name, Why: "nobody knows " + name}}
		_, err = o.db.SaveLineage(ctx, run, l)
		o.must(err)
	}
	o.must(o.db.FinishRun(ctx, run, catalog.Done, catalog.Tally{}, ""))
}

func hostileApp(n int, name string, stream catalog.Key) *catalog.Snapshot {
	app, group := appKey(n), catalog.AppGroupKey("open", fmt.Sprint("app", n))
	sheet := catalog.SheetKey(app, "sheet")
	cell := catalog.CellKey(sheet, "cell")
	public, half := true, 12.0
	at := fmt.Sprintf("https://sense.example.com/sense/app/app%d", n)
	return &catalog.Snapshot{
		Unit: catalog.Unit{Key: app, Name: name}, Version: "1",
		Groups: []catalog.ReportGroup{{Key: group, Parent: stream, Kind: catalog.GroupApp, Name: name}},
		Reports: []catalog.Report{
			{Key: app, Group: group, Kind: catalog.ReportApp, Type: catalog.TypeApp, Name: name, Owner: `ACME\` + name, SourceDescription: name, URL: at + "/overview", Published: &public, Tags: []string{name}, Attributes: catalog.Attributes{"thumbnail": "/appcontent/x.png", "custom_properties": map[string]any{name: []any{name}}, "owner": map[string]any{"name": name, "email": name}}},
			{Key: sheet, Group: group, Parent: app, Kind: catalog.ReportSheet, Type: catalog.TypeSheet, Name: name, URL: at + "/sheet/sheet/state/analysis", Attributes: catalog.Attributes{"columns": 24.0, "rows": 12.0}},
			{Key: cell, Group: group, Parent: sheet, Kind: catalog.ReportCell, Type: "barchart", Name: name, Position: &catalog.Position{Colspan: &half, Rowspan: &half}},
		},
		Fields: []catalog.ReportField{
			{Key: app + "/m1", Report: app, Type: catalog.Measure, Origin: catalog.OriginMaster, Name: name, Formula: "Sum([" + name + "])", Description: name},
			{Key: catalog.InlineMeasureKey(cell, 0), Report: cell, Type: catalog.Measure, Origin: catalog.OriginInline, Name: name, Formula: "Avg([" + name + "])"},
			{Key: catalog.InlineMeasureKey(cell, 1), Report: cell, Type: catalog.Measure, Origin: catalog.OriginInline, Name: name, Master: app + "/m1", Formula: "Sum([" + name + "])"},
			{Key: app + "/v1", Report: app, Type: catalog.Variable, Origin: catalog.OriginScript, Name: name, Formula: name},
		},
		Sources: []catalog.SourceCode{{Key: catalog.ScriptKey(app), Report: app, Name: name, Type: catalog.TypeScript, Language: catalog.LanguageLoadScript, Code: "///$tab " + name + "\nLOAD * FROM [lib://x/x.qvd] (qvd);\n// " + name + "\n"}},
		Tables: []catalog.ModelTable{
			{Key: catalog.ModelTableKey(app, name), Report: app, Name: name, Rows: 7, Fields: 2}, {Key: catalog.ModelTableKey(app, "Other"), Report: app, Name: "Other", Fields: 1},
		},
		Columns: []catalog.ModelField{
			{Key: catalog.ModelFieldKey(app, name), Report: app, Name: name, Tables: []string{name, "Other"}, IsKey: true}, {Key: catalog.ModelFieldKey(app, "Idle"), Report: app, Name: "Idle", Tables: []string{name}},
		},
	}
}

// somebody is a user with a role on some connections.
func somebody(role auth.Role, connections ...string) auth.Principal {
	p := auth.Principal{}
	p.User = catalog.User{Name: "ann", Role: role, Connections: connections, AllConnections: connections == nil}
	return p
}

// get asks for a page as somebody; form, if it isn't nil, is posted.
func (o *office) get(p auth.Principal, path string, form url.Values) *httptest.ResponseRecorder {
	o.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(auth.With(o.t.Context(), p), method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	o.mux.ServeHTTP(w, r)
	return w
}

// things are the pages of the things of an app, by their kind.
func things(n int) map[string]string {
	app := appKey(n)
	name := hostile[n]
	at := func(path string, key catalog.Key, more string) string {
		return path + "?key=" + url.QueryEscape(string(key)) + more
	}
	sheet := catalog.SheetKey(app, "sheet")
	pages := map[string]string{
		"sheet": at("/report", sheet, ""), "sheet live": at("/report", sheet, "&tab=live"), "sheet fields": at("/report", sheet, "&tab=fields"), "cell": at("/report", catalog.CellKey(sheet, "cell"), ""),
		"measure": at("/field", app+"/m1", ""), "inline": at("/field", catalog.InlineMeasureKey(catalog.CellKey(sheet, "cell"), 0), ""), "variable": at("/field", app+"/v1", ""),
		"script": at("/source", catalog.ScriptKey(app), ""), "table": at("/model/table", catalog.ModelTableKey(app, name), ""), "model field": at("/model/field", catalog.ModelFieldKey(app, name), ""),
	}
	for _, tab := range []string{"sheets", "about", "fields", "model", "crawls", "script", "changes"} {
		pages["app "+tab] = at("/report", app, "&tab="+tab)
	}
	return pages
}

func TestPagesOfThingsAreForThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for kind, path := range things(3) {
		for _, c := range []struct {
			name string
			who  auth.Principal
			want int
		}{
			{"a viewer of all", somebody(auth.Viewer), 200},
			{"a viewer of it", somebody(auth.Viewer, "open"), 200},
			{"a viewer of another connection", somebody(auth.Viewer, "closed"), 404},
			{"an integration admin of another connection", somebody(auth.IntegrationAdmin, "closed"), 404},
			{"nobody", auth.Principal{}, 303},
		} {
			if w := o.get(c.who, path, nil); w.Code != c.want {
				t.Errorf("%s for %s gives %d, want %d", kind, c.name, w.Code, c.want)
			}
		}
		if w := o.get(somebody(auth.Viewer), strings.Replace(path, "app3", "app99", 1), nil); w.Code != 404 {
			t.Errorf("%s that isn't there gives %d", kind, w.Code)
		}
	}
	stranger := somebody(auth.Viewer, "closed")
	for _, path := range []string{"/catalog", "/catalog/branch?open=" + url.QueryEscape(string(appKey(3))), "/catalog?open=" + url.QueryEscape(string(appKey(3))), "/catalog/apps", "/catalog/charts", "/search?q=lang", "/changes"} {
		if w := o.get(stranger, path, nil); w.Code != 200 || strings.Contains(w.Body.String(), "ACME") || strings.Contains(w.Body.String(), "50%/year") {
			t.Errorf("%s shows a stranger what isn't his: %d", path, w.Code)
		}
	}
}

func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	viewer := somebody(auth.Viewer)
	for n, name := range hostile {
		pages := things(n)
		for _, k := range []string{"apps", "groups", "sheets", "charts", "measures", "variables", "tables", "fields", "scripts"} {
			pages["list of "+k] = "/catalog/" + k
		}
		pages["search"] = "/search?q=" + url.QueryEscape(name)
		pages["conflicts"] = "/catalog/conflicts"
		pages["tree"] = "/catalog?open=" + url.QueryEscape(string(appKey(n)))
		for kind, path := range pages {
			w := o.get(viewer, path, nil)
			doc, err := html.Parse(strings.NewReader(w.Body.String()))
			if err != nil || w.Code != 200 {
				t.Fatalf("%s: %d %v", path, w.Code, err)
			}
			text := inert(t, kind+" of "+name, doc)
			if !strings.HasPrefix(kind, "list of groups") && kind != "search" && kind != "conflicts" && len(name) < 100 && !strings.Contains(text, strings.TrimSpace(name)) {
				t.Errorf("%s doesn't show the name %q", kind, name)
			}
		}
	}
}

// inert looks through a page for what a name could have slipped in, and gives its text.
func inert(t *testing.T, page string, n *html.Node) string {
	t.Helper()
	var text strings.Builder
	for d := range n.Descendants() {
		switch d.Type {
		case html.TextNode:
			text.WriteString(d.Data)
		case html.ElementNode:
			for _, a := range d.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || (a.Key == "href" || a.Key == "src") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
					t.Errorf("%s has an attribute %s=%q", page, a.Key, a.Val)
				}
				if d.Data == "script" && a.Key == "src" && !strings.HasPrefix(a.Val, "/static/") {
					t.Errorf("%s loads %s", page, a.Val)
				}
			}
			if d.Data == "script" && d.FirstChild != nil {
				t.Errorf("%s has a script in it", page)
			}
		}
	}
	return text.String()
}

// links are where a page leads to within the program.
func links(doc *html.Node) []string {
	var all []string
	for d := range doc.Descendants() {
		for _, a := range d.Attr {
			if d.Type == html.ElementNode && a.Key == "href" && strings.HasPrefix(a.Val, "/") {
				at, _, _ := strings.Cut(a.Val, "#")
				all = append(all, at)
			}
		}
	}
	return all
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	viewer := somebody(auth.Viewer)
	// Pages that this composition of the program hasn't.
	elsewhere := []string{"/api/", "/crawls", "/connections/", "/account"}
	seen, queue := map[string]bool{}, []string{"/catalog"}
	for len(queue) > 0 && len(seen) < 1500 {
		at := queue[0]
		queue = queue[1:]
		if at == "/" || seen[at] || slices.ContainsFunc(elsewhere, func(p string) bool { return strings.HasPrefix(at, p) }) {
			continue
		}
		seen[at] = true
		w := o.get(viewer, at, nil)
		if w.Code != 200 && w.Code != 303 {
			t.Errorf("%s leads to %d", at, w.Code)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		doc, err := html.Parse(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		queue = append(queue, links(doc)...)
	}
	if len(seen) < 200 {
		t.Errorf("only %d pages were found", len(seen))
	}
	for kind, path := range things(3) {
		if at, _, _ := strings.Cut(path, "&tab="); !seen[path] && !seen[at] {
			t.Errorf("nothing leads to %s: %s", kind, path)
		}
	}
}

func TestListsAreNarrowedAndShowTheColumnsThatAreAskedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	viewer := somebody(auth.Viewer)
	rows := func(path string) int { return strings.Count(o.get(viewer, path, nil).Body.String(), "<tr>") - 1 }
	for path, want := range map[string]int{
		"/catalog/apps": len(hostile), "/catalog/apps?owner_is=" + url.QueryEscape(`ACME\`+hostile[3]): 1, "/catalog/apps?tag=" + url.QueryEscape(hostile[0]): 1,
		"/catalog/apps?stream=" + url.QueryEscape(string(catalog.StreamKey("open", "s1"))): len(hostile), "/catalog/apps?stream=open%2Fstream%2Fnone": 0 - 1,
		"/catalog/apps?freshness=never": len(hostile), "/catalog/apps?has_lineage=true": len(hostile), "/catalog/fields?used=false": len(hostile), "/catalog/fields?is_key=true&used=true": len(hostile),
		"/catalog/charts?type=barchart": len(hostile), "/catalog/measures?origin=inline": 2 * len(hostile), "/catalog/apps?retired=true": 0 - 1,
	} {
		if got := rows(path); got != want {
			t.Errorf("%s has %d rows, want %d", path, got, want)
		}
	}
	w := o.get(viewer, "/catalog/apps?columns=&columns=Key", nil)
	body := w.Body.String()
	if !strings.Contains(body, string(appKey(0))) || strings.Contains(body, ">Reloaded</a></th>") {
		t.Error("the columns that were asked for aren't those that are shown")
	}
	if c := w.Result().Cookies(); len(c) != 1 || c[0].Name != "columns_apps" {
		t.Errorf("the choice is kept as %v", c)
	}
	for _, path := range []string{"/catalog/nothing", "/catalog/apps?sort=nothing", "/catalog/apps?cursor=x"} {
		if w := o.get(viewer, path, nil); w.Code != 404 && w.Code != 422 {
			t.Errorf("%s gives %d", path, w.Code)
		}
	}
}

func TestPagesTellWhatFormulasAndScriptsAreMadeOf(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	viewer := somebody(auth.Viewer)
	pages := things(3)
	for kind, want := range map[string][]string{
		"script":      {"nobody knows", `href="/lineage?key=dataset%3Afile%3A%2F%2Ffiles%2Fx.qvd"`, "← x.qvd", "→ Facts"},
		"measure":     {`href="/model/field?key=` + url.QueryEscape(string(catalog.ModelFieldKey(appKey(3), hostile[3]))), "more than one definition", ">Avg</span>(", "Used in 1 chart"},
		"model field": {"Used by 1 formula", `href="/field?key=` + url.QueryEscape(string(appKey(3)+"/m1"))},
		"app model":   {`<svg`, "used by nothing", `class="link"`},
		"app crawls":  {">added<", "/crawls/1"},
		"app about":   {"https://sense.example.com/appcontent/x.png"},
		"app fields":  {`class="c-function"`},
	} {
		body := o.get(viewer, pages[kind], nil).Body.String()
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("the page of the %s lacks %s", kind, w)
			}
		}
	}
	download := o.get(viewer, "/source/download?key="+url.QueryEscape(string(catalog.ScriptKey(appKey(3)))), nil)
	if name := download.Header().Get("Content-Disposition"); download.Code != 200 || name != "attachment; filename=50--year----more---yet.qvs" {
		t.Errorf("the script is saved as %q (%d)", name, download.Code)
	}
}

func TestGovernanceIsSaidByThoseWhoMay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.must(o.db.AddUser(t.Context(), catalog.User{Name: "grace", Role: auth.Viewer, AllConnections: true}, ""))
	form := url.Values{"key": {string(appKey(0))}, "owner": {"grace"}, "to": {"/report?key=x"}}
	for _, c := range []struct {
		who  auth.Principal
		want int
	}{
		{somebody(auth.Viewer), 403},
		{somebody(auth.IntegrationAdmin), 403},
		{somebody(auth.SecurityAdmin, "closed"), 403},
		{somebody(auth.SecurityAdmin, "open"), 303},
	} {
		if w := o.get(c.who, "/governance", form); w.Code != c.want {
			t.Errorf("a %s on %v gets %d, want %d", c.who.User.Role, c.who.User.Connections, w.Code, c.want)
		}
	}
	body := o.get(somebody(auth.Viewer), things(0)["app about"], nil).Body.String()
	if !strings.Contains(body, "grace") || strings.Contains(body, `action="/governance"`) {
		t.Error("a viewer doesn't read who answers for it, or is offered to change it")
	}
}
