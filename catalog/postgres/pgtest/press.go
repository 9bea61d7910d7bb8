package pgtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

// App is an app of connection prod: 10 dimensions, 10 measures, 3 master objects, 3 sheets with 5 charts of one
// dimension and one measure each, 5 variables and a script; all that so many times. n tells it from others.
func App(n, times int) *catalog.Snapshot {
	id := fmt.Sprintf("%08x-4f6c-4b6e-9d0a-0123456789ab", n)
	app := catalog.AppKey("prod", id)
	s := &catalog.Snapshot{
		Unit: catalog.Unit{Key: app, Name: "App " + id}, Version: "v1",
		Groups: []catalog.ReportGroup{{Key: catalog.AppGroupKey("prod", id), Kind: catalog.GroupApp, Name: "App", Owner: `ACME\ada`}},
		Sources: []catalog.SourceCode{{
			Key: catalog.ScriptKey(app), Report: app, Name: "App", Type: catalog.TypeScript,
			Language: catalog.LanguageLoadScript, Code: strings.Repeat("LOAD OrderID, Customer, Amount FROM [lib://Sales/orders.qvd] (qvd);\n", 100),
		}},
	}
	group, published, made := s.Groups[0].Key, true, time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC)
	attributes := catalog.Attributes{"owner": map[string]any{"id": "0a1b2c", "name": "Ada Lovelace"}, "application": "Sales"}
	report := func(key, parent catalog.Key, kind catalog.ReportKind, typ string) {
		s.Reports = append(s.Reports, catalog.Report{
			Key: key, Group: group, Parent: parent, Kind: kind, Type: typ,
			Name: "Sales by region", Owner: `ACME\ada`, URL: "https://sense.example.com/sense/app/" + id, Published: &published,
			Attributes: attributes, CreatedAt: made, ModifiedAt: made.AddDate(0, 1, 0),
		})
	}
	field := func(key, of catalog.Key, typ catalog.FieldType, origin catalog.Origin, formula string) {
		s.Fields = append(s.Fields, catalog.ReportField{
			Key: key, Report: of, Type: typ, Origin: origin,
			Name: "A name", Formula: formula, Description: "What it tells", Tags: []string{"finance"}, Attributes: attributes,
		})
	}
	report(app, "", catalog.ReportApp, catalog.TypeApp)
	for i := range 3 * times {
		sheet := catalog.SheetKey(app, fmt.Sprintf("sheet-%d", i))
		report(sheet, app, catalog.ReportSheet, catalog.TypeSheet)
		for j := range 5 {
			cell := catalog.CellKey(sheet, fmt.Sprintf("chart-%d", j))
			report(cell, sheet, catalog.ReportCell, "barchart")
			field(catalog.InlineDimensionKey(cell, 0), cell, catalog.Dimension, catalog.OriginInline, "Region")
			field(catalog.InlineMeasureKey(cell, 0), cell, catalog.Measure, catalog.OriginInline, "Sum(Sales)")
		}
		field(catalog.ItemKey(app, fmt.Sprintf("object-%d", i)), app, catalog.MasterObject, catalog.OriginMaster, "Region\nSum(Sales)")
	}
	for i := range 10 * times {
		field(catalog.ItemKey(app, fmt.Sprintf("dimension-%d", i)), app, catalog.Dimension, catalog.OriginMaster, "Region")
		field(catalog.ItemKey(app, fmt.Sprintf("measure-%d", i)), app, catalog.Measure, catalog.OriginMaster, "Sum({<Year={$(vYear)}>} Sales)")
	}
	for i := range 5 * times {
		field(catalog.ItemKey(app, fmt.Sprintf("variable-%d", i)), app, catalog.Variable, catalog.OriginMaster, "=Year(Today())")
	}
	return s
}

// Rows is how many rows of the catalog a snapshot makes.
func Rows(s *catalog.Snapshot) int {
	return len(s.Groups) + len(s.Reports) + len(s.Fields) + len(s.Sources) + len(s.Tables) + len(s.Columns)
}

// A Press makes apps whose names and formulas are made of a few thousand words, some of them far more
// common than others, as on a site of many people.
type Press struct {
	Words []string // the most common ones first
	Rand  *rand.Rand
	pick  *rand.Zipf
}

// NewPress makes the same apps for the same seed.
func NewPress(seed uint64) *Press {
	rnd := rand.New(rand.NewPCG(seed, 1))
	vocabulary := rand.New(rand.NewPCG(7, 7)) // the same for all presses
	p := &Press{Rand: rnd, pick: rand.NewZipf(rnd, 1.3, 8, 3999)}
	common := strings.Fields("sales revenue margin customer product region year month budget cost order invoice stock forecast employee supplier plan price volume share")
	syllables := strings.Fields("ba ke li mo nu ra sto ter vin zal pro con dis mar qui lo fen gri hol jat")
	for i := range 4000 {
		if i < len(common) {
			p.Words = append(p.Words, common[i])
			continue
		}
		var w strings.Builder
		for range 2 + vocabulary.IntN(3) {
			w.WriteString(syllables[vocabulary.IntN(len(syllables))])
		}
		p.Words = append(p.Words, w.String())
	}
	return p
}

// Word is a word, a common one rather than a rare one.
func (p *Press) Word() string { return p.Words[p.pick.Uint64()] }

func (p *Press) name(words int) string {
	list := make([]string, words)
	for i := range list {
		w := p.Word()
		list[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(list, " ")
}

func (p *Press) formula() string {
	return fmt.Sprintf("Sum({<%s={$(v%s)}>} %s)", p.name(1), p.name(1), strings.ReplaceAll(p.name(2), " ", ""))
}

// App is a typical app with other names; n tells it from others.
func (p *Press) App(n int) *catalog.Snapshot {
	s := App(n, 1)
	name := fmt.Sprintf("%s %d", p.name(2), n)
	s.Unit.Name, s.Groups[0].Name = name, name
	s.Groups[0].Parent = catalog.StreamKey("prod", fmt.Sprint(n%40))
	for i := range s.Reports {
		r := &s.Reports[i]
		r.Name, r.Tags = p.name(1+p.Rand.IntN(3)), []string{p.Word()}
		r.Owner = `ACME\` + p.Word()
		if r.Kind == catalog.ReportCell {
			r.Type = []string{"barchart", "linechart", "kpi", "table", "map"}[p.Rand.IntN(5)]
		}
	}
	s.Reports[0].Name = name
	for i := range s.Fields {
		f := &s.Fields[i]
		f.Name, f.Formula, f.Description = p.name(1+p.Rand.IntN(2)), p.formula(), p.name(4)
	}
	app := s.Unit.Key
	for range 4 {
		table := p.name(1)
		s.Tables = append(s.Tables, catalog.ModelTable{Key: catalog.ModelTableKey(app, table), Report: app, Name: table, Rows: 1000})
	}
	for range 30 {
		field := strings.ReplaceAll(p.name(2), " ", "")
		s.Columns = append(s.Columns, catalog.ModelField{Key: catalog.ModelFieldKey(app, field), Report: app, Name: field})
	}
	s.Sources[0].Code = strings.Repeat("LOAD "+p.name(3)+" FROM [lib://Data/"+p.Word()+".qvd] (qvd);\n", 20)
	return s
}

// Print fills the connection prod, which must be there, with about so many rows in a full crawl, says how long that
// took, and tells how many apps they are. url is that of the database.
func Print(tb testing.TB, url string, db *postgres.DB, rows int) int {
	tb.Helper()
	run, err := db.StartRun(tb.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
	must(tb, err)
	var streams []catalog.ReportGroup
	for i := range 40 {
		streams = append(streams, catalog.ReportGroup{Key: catalog.StreamKey("prod", fmt.Sprint(i)), Kind: catalog.GroupStream, Name: NewPress(uint64(i)).name(2)})
	}
	must(tb, db.SaveGroups(tb.Context(), run, streams))
	each := Rows(NewPress(0).App(0))
	apps, began := rows/each, time.Now()
	var wg sync.WaitGroup
	const workers = 4
	for w := range workers {
		wg.Go(func() {
			p := NewPress(uint64(w + 1))
			for n := w; n < apps; n += workers {
				if _, err := db.Save(context.Background(), run, p.App(n), time.Now()); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	must(tb, db.FinishRun(tb.Context(), run, catalog.Done, catalog.Tally{}, ""))
	tb.Logf("%d apps, %.1f million rows stored in %s", apps, float64(apps*each)/1e6, time.Since(began).Round(time.Second))
	conn, err := pgx.Connect(tb.Context(), url)
	must(tb, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(tb.Context(), "vacuum analyze")
	must(tb, err)
	return apps
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
