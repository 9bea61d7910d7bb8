package postgres_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

// printed fills a catalog with about so many rows.
func printed(b *testing.B, rows int) *bench {
	b.Helper()
	db := setup(b)
	pgtest.Print(b, db.url, db.DB, rows)
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
	p := pgtest.NewPress(99)
	all := func(s catalog.Search) catalog.Search { s.Scope = everything; return s }
	for _, s := range []struct {
		name   string
		search func() catalog.Search
	}{
		{"search common word", func() catalog.Search { return all(catalog.Search{Text: p.Words[p.Rand.IntN(10)]}) }},
		{"search any word", func() catalog.Search { return all(catalog.Search{Text: p.Words[p.Rand.IntN(4000)]}) }},
		{"search two words", func() catalog.Search { return all(catalog.Search{Text: p.Word() + " " + p.Word()}) }},
		{"search beginning", func() catalog.Search { return all(catalog.Search{Text: p.Word()[:3]}) }},
		{"search misspelt", func() catalog.Search {
			w := []byte(p.Words[20+p.Rand.IntN(3000)])
			w[1], w[2] = w[2], w[1]
			return all(catalog.Search{Text: string(w)})
		}},
		{"search with facets", func() catalog.Search { return all(catalog.Search{Text: p.Word(), Facets: true}) }},
		{"search in a stream", func() catalog.Search {
			return all(catalog.Search{Text: p.Word(), Streams: []catalog.Key{catalog.StreamKey("prod", fmt.Sprint(p.Rand.IntN(40)))}})
		}},
		{"search of a type", func() catalog.Search { return all(catalog.Search{Text: p.Word(), Types: []string{"map"}}) }},
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
				if q.Cursor == "" && p.Rand.IntN(2) == 0 {
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
