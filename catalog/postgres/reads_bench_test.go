package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A press makes apps whose names and formulas are made of a few thousand words, some of them far more
// common than others, as on a site of many people.
type press struct {
	words []string
	pick  *rand.Zipf
	rnd   *rand.Rand
}

func newPress(seed uint64) *press {
	rnd := rand.New(rand.NewPCG(seed, 1))
	vocabulary := rand.New(rand.NewPCG(7, 7)) // the same for all presses
	p := &press{rnd: rnd, pick: rand.NewZipf(rnd, 1.3, 8, 3999)}
	common := strings.Fields("sales revenue margin customer product region year month budget cost order invoice stock forecast employee supplier plan price volume share")
	syllables := strings.Fields("ba ke li mo nu ra sto ter vin zal pro con dis mar qui lo fen gri hol jat")
	for i := range 4000 {
		if i < len(common) {
			p.words = append(p.words, common[i])
			continue
		}
		var w strings.Builder
		for range 2 + vocabulary.IntN(3) {
			w.WriteString(syllables[vocabulary.IntN(len(syllables))])
		}
		p.words = append(p.words, w.String())
	}
	return p
}

func (p *press) word() string { return p.words[p.pick.Uint64()] }

func (p *press) name(words int) string {
	list := make([]string, words)
	for i := range list {
		w := p.word()
		list[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(list, " ")
}

func (p *press) formula() string {
	return fmt.Sprintf("Sum({<%s={$(v%s)}>} %s)", p.name(1), p.name(1), strings.ReplaceAll(p.name(2), " ", ""))
}

// app is a typical app with other names; n tells it from others.
func (p *press) app(n int) *catalog.Snapshot {
	s := typical(n)
	name := fmt.Sprintf("%s %d", p.name(2), n)
	s.Unit.Name, s.Groups[0].Name = name, name
	s.Groups[0].Parent = catalog.StreamKey("prod", fmt.Sprint(n%40))
	for i := range s.Reports {
		r := &s.Reports[i]
		r.Name, r.Tags = p.name(1+p.rnd.IntN(3)), []string{p.word()}
		r.Owner = `ACME\` + p.word()
		if r.Kind == catalog.ReportCell {
			r.Type = []string{"barchart", "linechart", "kpi", "table", "map"}[p.rnd.IntN(5)]
		}
	}
	s.Reports[0].Name = name
	for i := range s.Fields {
		f := &s.Fields[i]
		f.Name, f.Formula, f.Description = p.name(1+p.rnd.IntN(2)), p.formula(), p.name(4)
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
	s.Sources[0].Code = strings.Repeat("LOAD "+p.name(3)+" FROM [lib://Data/"+p.word()+".qvd] (qvd);\n", 20)
	return s
}

// printed fills a catalog with about so many rows, and says how long that took.
func printed(b *testing.B, rows int) *bench {
	b.Helper()
	db := setup(b)
	run := db.start()
	var streams []catalog.ReportGroup
	for i := range 40 {
		streams = append(streams, catalog.ReportGroup{Key: catalog.StreamKey("prod", fmt.Sprint(i)), Kind: catalog.GroupStream, Name: newPress(uint64(i)).name(2)})
	}
	db.must(db.SaveGroups(b.Context(), run, streams))
	apps := rows / rowsIn(newPress(0).app(0))
	began := time.Now()
	var wg sync.WaitGroup
	const workers = 4
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p := newPress(uint64(w + 1))
			for n := w; n < apps; n += workers {
				if _, err := db.Save(context.Background(), run, p.app(n), time.Now()); err != nil {
					b.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	db.done(run)
	b.Logf("%d apps, %.1f million rows stored in %s", apps, float64(apps*rowsIn(newPress(0).app(0)))/1e6, time.Since(began).Round(time.Second))
	_, err := db.sql.Exec(b.Context(), "vacuum analyze")
	db.must(err)
	return db
}

// BenchmarkReads asks a catalog of generated rows what people ask: 30,000 rows, with QLIKCRAWLER_LONG=1
// three million. p95-ms is what 95 of 100 questions take at most. Plans are shown with -v.
func BenchmarkReads(b *testing.B) {
	rows := 30_000
	if os.Getenv("QLIKCRAWLER_LONG") == "1" {
		rows = 3_000_000
	}
	db := printed(b, rows)
	app := "prod/00000007-4f6c-4b6e-9d0a-0123456789ab"
	kind := func(k string) catalog.Filter { return where("kind", catalog.Equals, k) }
	reports := func(sort string, f ...catalog.Filter) catalog.Query {
		q := catalog.Query{Scope: everything, Filters: f}
		if column, desc := strings.CutPrefix(sort, "-"); column != "" {
			q.Sort = []catalog.Order{{Column: column, Descending: desc}}
		}
		return q
	}
	p := newPress(99)
	all := func(s catalog.Search) catalog.Search { s.Scope = everything; return s }
	for _, s := range []struct {
		name   string
		search func() catalog.Search
	}{
		{"search common word", func() catalog.Search { return all(catalog.Search{Text: p.words[p.rnd.IntN(10)]}) }},
		{"search any word", func() catalog.Search { return all(catalog.Search{Text: p.words[p.rnd.IntN(4000)]}) }},
		{"search two words", func() catalog.Search { return all(catalog.Search{Text: p.word() + " " + p.word()}) }},
		{"search beginning", func() catalog.Search { return all(catalog.Search{Text: p.word()[:3]}) }},
		{"search misspelt", func() catalog.Search {
			w := []byte(p.words[20+p.rnd.IntN(3000)])
			w[1], w[2] = w[2], w[1]
			return all(catalog.Search{Text: string(w)})
		}},
		{"search with facets", func() catalog.Search { return all(catalog.Search{Text: p.word(), Facets: true}) }},
		{"search in a stream", func() catalog.Search {
			return all(catalog.Search{Text: p.word(), Streams: []catalog.Key{catalog.StreamKey("prod", fmt.Sprint(p.rnd.IntN(40)))}})
		}},
		{"search of a type", func() catalog.Search { return all(catalog.Search{Text: p.word(), Types: []string{"map"}}) }},
		{"search nothing", func() catalog.Search { return all(catalog.Search{Text: "qqqqzzz"}) }},
	} {
		b.Run(strings.ReplaceAll(s.name, " ", "-"), func(b *testing.B) {
			percentile(b, func() error { _, err := db.Search(b.Context(), s.search()); return err })
			if testing.Verbose() {
				plan, err := db.ExplainSearch(b.Context(), s.search())
				db.must(err)
				b.Log(plan)
			}
		})
	}
	for _, l := range []struct {
		name string
		q    catalog.Query
	}{
		{"list all", reports("")},
		{"list apps by name", reports("name", kind("app"))},
		{"list apps backwards", reports("-name", kind("app"))},
		{"list cells of an app", reports("name", where("key", catalog.Contains, app), kind("cell"))},
		{"list sheets newest", reports("-modified_at", where("parent_key", catalog.Equals, app))},
	} {
		b.Run(strings.ReplaceAll(l.name, " ", "-"), func(b *testing.B) {
			first, err := db.Reports(b.Context(), l.q)
			db.must(err)
			percentile(b, func() error {
				q := l.q
				if q.Cursor == "" && p.rnd.IntN(2) == 0 {
					q.Cursor = first.Next
				}
				_, err := db.Reports(b.Context(), q)
				return err
			})
			if testing.Verbose() {
				plan, err := db.ExplainReports(b.Context(), l.q)
				db.must(err)
				b.Log(plan)
			}
		})
	}
	for _, f := range []struct {
		name    string
		q       catalog.Query
		columns []string
	}{
		{"facets of apps", reports("", kind("app")), []string{"connection", "stream", "owner", "published", "freshness", "has_lineage", "tags"}},
		{"facets of charts", reports("", kind("cell")), []string{"connection", "type", "stream", "has_lineage"}},
		{"facets of charts in a stream", reports("", kind("cell"), where("stream", catalog.Equals, string(catalog.StreamKey("prod", "7")))), []string{"connection", "type", "stream", "has_lineage"}},
		{"facets of charts of a rare name", reports("", kind("cell"), where("name", catalog.Contains, "qqqqzzz")), []string{"connection", "type", "stream", "has_lineage"}},
	} {
		b.Run(strings.ReplaceAll(f.name, " ", "-"), func(b *testing.B) {
			percentile(b, func() error { _, err := db.ReportFacets(b.Context(), f.q, f.columns); return err })
		})
	}
	twins := func(n int) error {
		d, err := db.ReportField(b.Context(), everything, catalog.Key(fmt.Sprintf("%s/measure-%d", app, n%5)))
		if err != nil {
			return err
		}
		_, err = db.Twins(b.Context(), everything, d.FieldRow)
		return err
	}
	fieldsByName := catalog.Query{Scope: everything, Sort: []catalog.Order{{Column: "name"}}, Filters: []catalog.Filter{where("type", catalog.Equals, "Measure")}}
	for _, r := range []struct {
		name string
		read func(n int) error
	}{
		{"measures by name", func(int) error { _, err := db.ReportFields(b.Context(), fieldsByName); return err }},
		{"an app", func(n int) error {
			_, err := db.Report(b.Context(), everything, catalog.Key(fmt.Sprintf("prod/%08x-4f6c-4b6e-9d0a-0123456789ab", n%200)))
			return err
		}},
		{"a field", func(int) error {
			_, err := db.ReportField(b.Context(), everything, catalog.Key(app+"/measure-3"))
			return err
		}},
		{"a field and its twins", twins},
		{"a script", func(int) error {
			_, err := db.SourceCode(b.Context(), everything, catalog.Key(app+"/script"))
			return err
		}},
		{"a preview", func(int) error {
			_, err := db.Preview(b.Context(), everything, catalog.Key(app+"/sheet-1"))
			return err
		}},
	} {
		b.Run(strings.ReplaceAll(r.name, " ", "-"), func(b *testing.B) {
			n := 0
			percentile(b, func() error { n++; return r.read(n) })
		})
	}
}

// percentile reports what 95 of 100 calls take at most. The first ones, which fill caches, don't count.
func percentile(b *testing.B, call func() error) {
	b.Helper()
	for range 5 {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := call(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
