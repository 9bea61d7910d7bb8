package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/launcher"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// BenchmarkPages asks for each kind of page, as a reader's browser does, of a catalog of 300,000 rows; of three
// million with QLIKCRAWLER_LONG=1. p95-ms is what 95 of 100 pages take at most, with all of their text.
func BenchmarkPages(b *testing.B) {
	rows, asked := 300_000, 60
	if os.Getenv("QLIKCRAWLER_LONG") == "1" {
		rows = 3_000_000
	}
	o := newOffice(b, nil)
	must(b, o.db.AddConnection(b.Context(), catalog.Connection{Code: "prod", Name: "Prod", Type: "qlik-sense", URL: "https://sense.example.com", Settings: []byte(`{"authentication":"jwt"}`)}))
	apps := pgtest.Print(b, o.database, o.db.DB, rows)
	warehouse(b, o, 100, 19)
	v := &visit{t: b}
	v.serve(o)
	r := o.reader(v, "reader", auth.Admin, nil)
	p := pgtest.NewPress(99)
	for _, page := range []struct{ name, path string }{
		{"home", "/"},
		{"connector", "/connections/prod"},
		{"edit", "/connections/prod/edit"},
		{"crawl form", "/connections/prod/crawl"},
		{"crawls", "/crawls"},
		{"crawl", "/crawls/1"},
		{"tree", "/catalog"},
		{"tree of a connection", "/catalog?connection=prod"},
		{"apps", "/catalog/apps"},
		{"apps by name", "/catalog/apps?sort=-name"},
		{"sheets", "/catalog/sheets"},
		{"charts", "/catalog/charts"},
		{"charts called", "/catalog/charts?name=WORD"},
		{"measures", "/catalog/measures"},
		{"dimensions", "/catalog/dimensions"},
		{"variables", "/catalog/variables"},
		{"tables", "/catalog/tables"},
		{"fields", "/catalog/fields"},
		{"scripts", "/catalog/scripts"},
		{"groups", "/catalog/groups"},
		{"not readable", "/catalog/gaps"},
		{"changes", "/changes"},
		{"search", "/search?q=WORD"},
		{"search two", "/search?q=WORD+WORD"},
		{"as one types", "/search/suggest?q=WORD"},
		{"app", "/report?key=APP"},
		{"app fields", "/report?key=APP&tab=fields"},
		{"app model", "/report?key=APP&tab=model"},
		{"sheet", "/report?key=APP/sheet-1"},
		{"chart", "/report?key=APP/sheet-1/chart-1"},
		{"measure", "/field?key=APP/measure-3"},
		{"script", "/source?key=APP/script"},
		{"group", "/group?key=prod/stream/7"},
		{"lineage", "/lineage?key=dataset:file://f/t1.qvd&direction=downstream&depth=2"},
		{"lineage gaps", "/lineage/gaps"},
		{"edges", "/lineage/edges"},
		{"account", "/account"},
		{"users", "/admin/users"},
		{"tokens", "/admin/tokens"},
		{"audit", "/admin/audit"},
		{"tools", "/admin/tools"},
		{"program", "/admin/program"},
	} {
		b.Run(strings.ReplaceAll(page.name, " ", "-"), func(b *testing.B) {
			n := 0
			read := func() time.Duration {
				n++
				path := strings.ReplaceAll(page.path, "APP", fmt.Sprintf("prod/%08x-4f6c-4b6e-9d0a-0123456789ab", n*37%apps))
				for strings.Contains(path, "WORD") {
					path = strings.Replace(path, "WORD", url.QueryEscape(p.Word()), 1)
				}
				began := time.Now()
				r.fetch(b, path)
				return time.Since(began)
			}
			for range 3 { // the first ones fill caches
				read()
			}
			for b.Loop() {
				var took []time.Duration
				for range asked {
					took = append(took, read())
				}
				slices.Sort(took)
				b.ReportMetric(milliseconds(took[len(took)*95/100]), "p95-ms")
				b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// fetch reads a page to its end over a connection that is kept.
func (r reader) fetch(b *testing.B, path string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, r.url+path, nil)
	must(b, err)
	req.Header.Set("Authorization", "Bearer "+r.token)
	res, err := http.DefaultClient.Do(req)
	must(b, err)
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s %v", path, res.Status, err)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// warehouse stores the lineage of an app: tables in layers of ten, each column fed by one of the layer before.
func warehouse(tb testing.TB, o *office, tables, columns int) {
	tb.Helper()
	app := catalog.AppKey("prod", "warehouse")
	run, err := o.db.StartRun(tb.Context(), catalog.Run{Connection: "prod", Mode: catalog.Selected, Trigger: catalog.ByCLI})
	must(tb, err)
	_, err = o.db.Save(tb.Context(), run, &catalog.Snapshot{
		Unit:    catalog.Unit{Key: app, Name: "Warehouse"},
		Groups:  []catalog.ReportGroup{{Key: catalog.AppGroupKey("prod", "warehouse"), Kind: catalog.GroupApp, Name: "Warehouse"}},
		Reports: []catalog.Report{{Key: app, Group: catalog.AppGroupKey("prod", "warehouse"), Kind: catalog.ReportApp, Type: catalog.TypeApp, Name: "Warehouse"}},
	}, time.Now())
	must(tb, err)
	must(tb, o.db.FinishRun(tb.Context(), run, catalog.Done, catalog.Tally{}, ""))
	source, err := o.db.LineageSource(tb.Context(), app)
	must(tb, err)
	l := &catalog.LineageStored{Lineage: catalog.Lineage{App: app}, Content: source.Content, Reader: 1}
	key := func(table int) catalog.Key { return catalog.Key(fmt.Sprintf("dataset:file://f/t%d.qvd", table)) }
	column := func(table, c int) catalog.Key { return catalog.Key(fmt.Sprintf("%s#c%d", key(table), c)) }
	for t := range tables {
		l.Nodes = append(l.Nodes, catalog.LineageNode{Key: key(t), Kind: catalog.NodeDataset, Name: fmt.Sprintf("t%d.qvd", t)})
		for c := range columns {
			l.Nodes = append(l.Nodes, catalog.LineageNode{Key: column(t, c), Kind: catalog.NodeDatasetColumn, Name: fmt.Sprintf("c%d", c), Parent: key(t)})
		}
		from := max(0, (t-1)/3)
		edge := catalog.LineageEdge{Level: catalog.TableLevel, How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1, Statement: "STORE x INTO y", Source: catalog.ScriptKey(app), Line: t + 1}
		if t == 0 {
			continue
		}
		edge.From, edge.To = key(from), key(t)
		l.Edges = append(l.Edges, edge)
		edge.Level = catalog.ColumnLevel
		for c := range columns {
			edge.From, edge.To = column(from, c), column(t, c)
			l.Edges = append(l.Edges, edge)
		}
	}
	_, err = o.db.SaveLineage(tb.Context(), 0, l) // made on demand
	must(tb, err)
}

// BenchmarkLineagePicture opens pictures of 2,000 nodes in Chromium: as they first are, closed. painted-ms is the time
// from the navigation to the frame that shows the whole picture; boxes are those on it.
func BenchmarkLineagePicture(b *testing.B) {
	bin, found := launcher.LookPath()
	if !found {
		b.Skip("no Chromium or Chrome is installed")
	}
	for _, size := range []struct{ tables, columns int }{{100, 19}, {400, 4}, {1000, 1}} {
		b.Run(fmt.Sprintf("tables=%d/columns=%d", size.tables, size.columns), func(b *testing.B) {
			o := newOffice(b, nil)
			must(b, o.db.AddConnection(b.Context(), catalog.Connection{Code: "prod", Name: "Prod", Type: "qlik-sense", URL: "https://sense.example.com", Settings: []byte(`{"authentication":"jwt"}`)}))
			warehouse(b, o, size.tables, size.columns)
			v := &visit{t: b}
			v.serve(o)
			v.open(bin)
			v.enter()
			_, err := v.page.EvalOnNewDocument(`{ const look = () => {
				if (document.readyState !== "loading" && document.querySelector("svg.lineage .box")) requestAnimationFrame(() => { window.painted = performance.now(); });
				else requestAnimationFrame(look);
			}; requestAnimationFrame(look); }`)
			must(b, err)
			var took []float64
			for b.Loop() {
				v.goTo("/lineage?key=" + url.QueryEscape("dataset:file://f/t0.qvd") + "&direction=downstream&depth=0")
				got, err := v.page.Eval(`() => new Promise((done) => { const look = () => window.painted ? done(JSON.stringify({ painted, answered: performance.getEntriesByType("navigation")[0].responseEnd, boxes: document.querySelectorAll(".lineage .box").length })) : requestAnimationFrame(look); look(); })`)
				must(b, err)
				var m struct{ Painted, Answered, Boxes float64 }
				must(b, json.Unmarshal([]byte(got.Value.Str()), &m))
				took = append(took, m.Painted)
				b.ReportMetric(m.Answered, "answered-ms")
				b.ReportMetric(m.Boxes, "boxes")
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], "painted-ms")
		})
	}
}
