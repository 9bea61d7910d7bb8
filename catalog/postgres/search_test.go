package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// library is two apps in two streams with something of every kind.
func library(b *bench) {
	b.t.Helper()
	finance, sales := catalog.StreamKey("prod", "fin"), catalog.StreamKey("prod", "sal")
	run := b.start()
	b.must(b.SaveGroups(b.t.Context(), run, []catalog.ReportGroup{
		{Key: finance, Kind: catalog.GroupStream, Name: "Finance"}, {Key: sales, Kind: catalog.GroupStream, Name: "Sales force"},
	}))
	b.save(run, book("margin", "Margin analysis", `ACME\ada`, finance), catalog.Added)
	b.save(run, book("pipeline", "Sales pipeline", `ACME\bob`, sales), catalog.Added)
	b.done(run)
}

func book(id, name, owner string, stream catalog.Key) *catalog.Snapshot {
	app := catalog.AppKey("prod", id)
	group := catalog.AppGroupKey("prod", id)
	sheet := catalog.SheetKey(app, "sheet")
	cell, pie := catalog.CellKey(sheet, "chart"), catalog.CellKey(sheet, "pie")
	return &catalog.Snapshot{
		Unit: catalog.Unit{Key: app, Name: name}, Version: "1",
		Groups: []catalog.ReportGroup{{Key: group, Parent: stream, Kind: catalog.GroupApp, Name: name}},
		Reports: []catalog.Report{
			{Key: app, Group: group, Kind: catalog.ReportApp, Type: catalog.TypeApp, Name: name, Owner: owner, SourceDescription: "All about revenue"},
			{Key: sheet, Group: group, Parent: app, Kind: catalog.ReportSheet, Type: catalog.TypeSheet, Name: "Overview " + id, Tags: []string{"Board"}},
			{Key: cell, Group: group, Parent: sheet, Kind: catalog.ReportCell, Type: "barchart", Name: "Revenue by region"},
			{Key: pie, Group: group, Parent: sheet, Kind: catalog.ReportCell, Type: "piechart", Name: "Share"},
		},
		Fields: []catalog.ReportField{
			{Key: app + "/m1", Report: app, Type: catalog.Measure, Origin: catalog.OriginMaster, Name: "Revenue", Formula: "Sum(SalesAmount)"},
			{Key: app + "/m2", Report: app, Type: catalog.Measure, Origin: catalog.OriginMaster, Name: "Revenue " + id, Formula: "Sum(Amount_" + id + ")", Description: "Net of rebates"},
			{Key: catalog.InlineMeasureKey(cell, 0), Report: cell, Type: catalog.Measure, Origin: catalog.OriginInline, Name: "Revenue", Formula: "Sum(SalesAmount)"},
			{Key: catalog.InlineMeasureKey(cell, 1), Report: cell, Type: catalog.Measure, Origin: catalog.OriginInline, Name: "Revenue", Formula: "Sum(Wrong)"},
			{Key: catalog.InlineMeasureKey(cell, 2), Report: cell, Type: catalog.Measure, Origin: catalog.OriginInline, Name: "Revenue " + id, Formula: "Sum(Amount_" + id + ")", Master: app + "/m2"},
			{Key: app + "/v1", Report: app, Type: catalog.Variable, Origin: catalog.OriginScript, Name: "vLastReload", Formula: "<b>now</b> & turnover"},
		},
		Sources: []catalog.SourceCode{{
			Key: catalog.ScriptKey(app), Report: app, Name: name, Type: catalog.TypeScript, Language: catalog.LanguageLoadScript,
			Code: "SET ThousandSep=',';\nLIB CONNECT TO 'Warehouse';\n// password=Tiger1\nLOAD OrderID, Customer FROM [lib://Orders/orders_2024.qvd] (qvd);\n",
		}},
		Tables:  []catalog.ModelTable{{Key: catalog.ModelTableKey(app, "Orders"), Report: app, Name: "Orders"}},
		Columns: []catalog.ModelField{{Key: catalog.ModelFieldKey(app, "SalesAmount"), Report: app, Name: "SalesAmount", Tables: []string{"Orders"}}},
	}
}

func (b *bench) search(s catalog.Search) *catalog.SearchResult {
	b.t.Helper()
	if !s.Scope.All && s.Scope.Connections == nil {
		s.Scope = everything
	}
	r, err := b.Search(b.t.Context(), s)
	b.must(err)
	return r
}

// told are hits as "kind name match".
func told(hits []catalog.Hit) []string {
	out := []string{}
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s %s: %s", h.Kind, h.Name, h.Match))
	}
	return out
}

func TestSearchFindsWhatAPersonMeans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	for _, c := range []struct{ text, first string }{
		{"Sales pipeline", "app Sales pipeline: name"},
		{"sales pip", "app Sales pipeline: prefix"},
		{"pipeline", "app Sales pipeline: words"},
		{"pipel SALES", "app Sales pipeline: words"},
		{"revenue", "measure Revenue: name"},
		{"reven", "measure Revenue: prefix"},
		{"rebates", "measure Revenue margin: text"},
		{"salesamount", "field SalesAmount: name"},
		{"sales amount", "field SalesAmount: words"},
		{"SalesAmount", "field SalesAmount: name"},
		{"turnover", "variable vLastReload: text"},
		{"reload", "variable vLastReload: words"},
		{"warehouse", "script Sales pipeline: text"},
		{"orders_2024", "script Sales pipeline: text"},
		{"piepline", "app Sales pipeline: near"}, // two letters changed places
		{"pipline", "app Sales pipeline: near"},  // one is missing
		{"pippeline", "app Sales pipeline: near"},
		{"pipelane", "app Sales pipeline: near"},
		{"slaes pipeline", "app Sales pipeline: near"},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := told(b.search(catalog.Search{Text: c.text}).Hits)
			if len(got) == 0 || got[0] != c.first {
				t.Errorf("found %q, want %q first", got, c.first)
			}
		})
	}
	for _, text := range []string{"Tiger1", "nothing like it", "xqzw", "'; drop", "a & | ! ( '", "\x00"} {
		t.Run("not "+text, func(t *testing.T) {
			if got := told(b.search(catalog.Search{Text: text}).Hits); len(got) > 0 {
				t.Errorf("found %q", got)
			}
		})
	}
}

func TestSearchFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	for _, c := range []struct {
		name   string
		search catalog.Search
		want   []string
	}{
		{"kind", catalog.Search{Text: "revenue", Kinds: []string{"cell"}}, []string{"cell Revenue by region: prefix", "cell Revenue by region: prefix"}},
		{"type", catalog.Search{Types: []string{"piechart"}}, []string{"cell Share: text", "cell Share: text"}},
		{"tag", catalog.Search{Text: "over", Tags: []string{"board"}}, []string{"sheet Overview margin: prefix", "sheet Overview pipeline: prefix"}},
		{"stream", catalog.Search{Text: "overview", Streams: []catalog.Key{"prod/stream/fin"}}, []string{"sheet Overview margin: prefix"}},
		{"owner of the app", catalog.Search{Text: "overview", Owners: []string{`acme\BOB`}}, []string{"sheet Overview pipeline: prefix"}},
		{"app", catalog.Search{Kinds: []string{"table"}, Apps: []catalog.Key{"prod/margin"}}, []string{"table Orders: text"}},
		{"stream without apps", catalog.Search{Text: "overview", Streams: []catalog.Key{"prod/stream/none"}}, []string{}},
		{"connection", catalog.Search{Text: "overview", Connections: []string{"other"}}, []string{}},
		{"two", catalog.Search{Text: "overview", Streams: []catalog.Key{"prod/stream/fin"}, Owners: []string{`acme\bob`}}, []string{}},
		{"scope", catalog.Search{Text: "overview", Scope: catalog.Scope{Connections: []string{"other"}}}, []string{}},
		{"empty scope", catalog.Search{Text: "overview", Scope: catalog.Scope{Connections: []string{}}}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, told(b.search(c.search).Hits)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestEqualFormulasUnderOneNameAreOneHit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	got := map[string]int{}
	for _, h := range b.search(catalog.Search{Text: "revenue", Kinds: []string{"measure"}}).Hits {
		if h.Of != "formula" || len(h.Excerpt) == 0 {
			t.Errorf("%s doesn't show its formula", h.Key)
		}
		var formula strings.Builder
		for _, p := range h.Excerpt {
			formula.WriteString(p.Text)
		}
		got[h.Name+" = "+formula.String()] = h.Same
	}
	want := map[string]int{"Revenue = Sum(SalesAmount)": 4, "Revenue = Sum(Wrong)": 2, "Revenue margin = Sum(Amount_margin)": 1, "Revenue pipeline = Sum(Amount_pipeline)": 1}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestManyEqualFieldsLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := catalog.AppKey("prod", "a")
	s := &catalog.Snapshot{Unit: catalog.Unit{Key: app}, Version: "1"}
	for i := range 1000 {
		f := catalog.ReportField{Key: app + catalog.Key(fmt.Sprintf("/s/c%d/measure/0", i)), Report: app, Type: catalog.Measure, Origin: catalog.OriginInline, Name: "Revenue", Formula: "Sum(A)"}
		if i >= 990 {
			f.Formula = "Sum(B)"
		}
		s.Fields = append(s.Fields, f)
	}
	b.crawl(s)
	var got []int
	for _, h := range b.search(catalog.Search{Text: "revenue"}).Hits {
		got = append(got, h.Same)
	}
	slices.Sort(got)
	if !slices.Equal(got, []int{10, catalog.SameLimit}) {
		t.Errorf("equal fields: %v, want 10 and %d", got, catalog.SameLimit)
	}
}

func TestHitsShowWhatWasFoundInThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	hit := func(s catalog.Search) catalog.Hit {
		t.Helper()
		r := b.search(s)
		if len(r.Hits) == 0 {
			t.Fatalf("%q found nothing", s.Text)
		}
		return r.Hits[0]
	}
	h := hit(catalog.Search{Text: "amount", Kinds: []string{"field"}})
	if d := cmp.Diff([]catalog.Piece{{Text: "Sales"}, {Text: "Amount", Found: true}}, h.Title); d != "" {
		t.Errorf("title (-want +got)\n%s", d)
	}
	h = hit(catalog.Search{Text: "turnover"})
	if d := cmp.Diff([]catalog.Piece{{Text: "<b>now</b> & "}, {Text: "turnover", Found: true}}, h.Excerpt); d != "" {
		t.Errorf("excerpt (-want +got)\n%s", d)
	}
	h = hit(catalog.Search{Text: "customer"})
	if h.Of != "code" || h.Line != 4 || h.AppName != "Sales pipeline" {
		t.Errorf("the script's hit is in %s, line %d, of %s", h.Of, h.Line, h.AppName)
	}
	for _, p := range h.Excerpt {
		if strings.Contains(p.Text, "Tiger1") {
			t.Error("a credential is shown")
		}
	}
	r := b.search(catalog.Search{Text: "pipline"})
	if d := cmp.Diff(map[string][]string{"pipline": {"pipeline"}}, r.Instead); d != "" {
		t.Errorf("instead (-want +got)\n%s", d)
	}
	if !slices.ContainsFunc(r.Hits[0].Title, func(p catalog.Piece) bool { return p.Found && p.Text == "pipeline" }) {
		t.Errorf("the word that was meant isn't marked: %v", r.Hits[0].Title)
	}
}

func TestSearchCountsFacets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	f := b.search(catalog.Search{Text: "revenue", Limit: 1, Facets: true}).Facets
	want := &catalog.Facets{
		Kinds:       []catalog.Facet{{Value: "measure", Count: 8}, {Value: "app", Count: 2}, {Value: "cell", Count: 2}},
		Connections: []catalog.Facet{{Value: "prod", Count: 12}},
		Types:       []catalog.Facet{{Value: "Measure", Count: 8}, {Value: "Presentation Layer", Count: 2}, {Value: "barchart", Count: 2}},
		Streams:     []catalog.Facet{{Value: "prod/stream/fin", Count: 6}, {Value: "prod/stream/sal", Count: 6}},
		Owners:      []catalog.Facet{{Value: `ACME\ada`, Count: 6}, {Value: `ACME\bob`, Count: 6}},
		Tags:        []catalog.Facet{},
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestEachFacetCountsWhatItsFilterFinds narrows by each value that is counted, and compares.
func TestEachFacetCountsWhatItsFilterFinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	moved := book("margin", "Margin analysis", `ACME\ada`, catalog.StreamKey("prod", "fin"))
	moved.Reports[1].Owner, moved.Reports[1].Tags = `acme\Cid`, []string{"board", "Board", "May"}
	b.crawl(moved)
	for _, text := range []string{"overview", "margin", "sales"} {
		f := b.search(catalog.Search{Text: text, Facets: true}).Facets
		narrowed := func(what, value string, count int, s catalog.Search) {
			t.Helper()
			s.Text, s.Facets = text, true
			sum := 0
			for _, k := range b.search(s).Facets.Kinds {
				sum += k.Count
			}
			if sum != count {
				t.Errorf("%s: %s %s counts %d, and finds %d", text, what, value, count, sum)
			}
		}
		for _, x := range f.Streams {
			narrowed("stream", x.Value, x.Count, catalog.Search{Streams: []catalog.Key{catalog.Key(x.Value)}})
		}
		for _, x := range f.Owners {
			narrowed("owner", x.Value, x.Count, catalog.Search{Owners: []string{x.Value}})
		}
		for _, x := range f.Tags {
			narrowed("tag", x.Value, x.Count, catalog.Search{Tags: []string{x.Value}})
		}
		if text == "overview" {
			want := []catalog.Facet{{Value: "board", Count: 2}, {Value: "May", Count: 1}}
			if d := cmp.Diff(want, f.Tags, cmpopts.IgnoreFields(catalog.Facet{}, "Value")); d != "" || len(f.Owners) != 3 || len(f.Streams) != 2 {
				t.Errorf("facets: %+v", f)
			}
		}
	}
}

func TestFacetsOfWhatIsVeryCommonAreEstimated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	const measures = 24_000
	_, err := b.sql.Exec(t.Context(), `
		insert into qlikcrawler.report_field (key, connection, report_key, type, origin, name, description, first_seen_at, incomplete, hash, search)
		select 'prod/big/' || n, 'prod', 'prod/big', case when n % 3 = 0 then 'Dimension' else 'Measure' end, 'master', 'Tonnage', repeat('filler ', 60), now(), false, '\x00',
			array_to_tsvector(array['=tonnage', '.tonnage', '@prod', case when n % 3 = 0 then '%dimension' else '%measure' end]
				|| case when n % 1000 = 0 then array['.seldom'] else '{}' end)
		from generate_series(1, $1::int) n`, measures)
	b.must(err)
	_, err = b.sql.Exec(t.Context(), "analyze")
	b.must(err)
	b.DB = open(t, b.url) // one that has read no statistics yet
	for _, f := range b.search(catalog.Search{Text: "tonnage", Facets: true}).Facets.Kinds {
		want := map[string]float64{"measure": measures * 2 / 3, "dimension": measures / 3}[f.Value]
		if f.Bound != catalog.CountAbout || float64(f.Count) < want*0.7 || float64(f.Count) > want*1.3 {
			t.Errorf("%+v: want about %g", f, want)
		}
	}
	for _, test := range []struct {
		what   string
		search catalog.Search
		want   []catalog.Facet
	}{
		{"a rare word is counted", catalog.Search{Text: "seldom"}, []catalog.Facet{{Value: "measure", Count: 16}, {Value: "dimension", Count: 8}}},
		{"a rare word beside a common beginning", catalog.Search{Text: "tonn seldom"}, []catalog.Facet{{Value: "measure", Count: 16}, {Value: "dimension", Count: 8}}},
		{"a filter that leaves nothing", catalog.Search{Text: "tonnage", Types: []string{"Variable"}}, []catalog.Facet{}},
	} {
		test.search.Facets = true
		if d := cmp.Diff(test.want, b.search(test.search).Facets.Kinds); d != "" {
			t.Errorf("%s (-want +got)\n%s", test.what, d)
		}
	}
}

func TestSearchFollowsTheCatalog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	s := book("margin", "Contribution", `ACME\ada`, catalog.StreamKey("prod", "fin"))
	s.Fields = nil
	b.crawl(s)
	for _, c := range []struct {
		search catalog.Search
		want   []string
	}{
		{catalog.Search{Text: "contribution", Kinds: []string{"app"}}, []string{"app Contribution: name"}},
		{catalog.Search{Text: "contributoin", Kinds: []string{"app"}}, []string{"app Contribution: near"}},
		{catalog.Search{Text: "analysis", Kinds: []string{"app"}}, []string{}},
		{catalog.Search{Text: "revenue margin"}, []string{}},
		{catalog.Search{Text: "revenue margin", Retired: true}, []string{"measure Revenue margin: name"}},
	} {
		if d := cmp.Diff(c.want, told(b.search(c.search).Hits)); d != "" {
			t.Errorf("%+v (-want +got)\n%s", c.search, d)
		}
	}
}

func TestSearchPagesReachEveryHitOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	all := b.search(catalog.Search{Text: "revenue", Limit: 100}).Hits
	var got []catalog.Hit
	s := catalog.Search{Text: "revenue", Limit: 2}
	for {
		r := b.search(s)
		got = append(got, r.Hits...)
		if r.Next == "" {
			break
		}
		s.Cursor = r.Next
	}
	if d := cmp.Diff(told(all), told(got)); d != "" || len(all) < 6 {
		t.Errorf("(-all +pages)\n%s", d)
	}
}

func TestASearchThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, s := range map[string]catalog.Search{
		"nothing asked": {}, "blank": {Text: "  "}, "limit": {Text: "x", Limit: 101}, "cursor": {Text: "x", Cursor: "%%"}, "kind": {Text: "x", Kinds: []string{"chart"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Search(t.Context(), s)
			wantCode(t, err, catalog.CodeInvalid)
		})
	}
}

// TestRowsOfAnEarlierVersionGetTheirWords takes the words away, as they were before there were any.
func TestRowsOfAnEarlierVersionGetTheirWords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	before := told(b.search(catalog.Search{Text: "revenue", Limit: 100}).Hits)
	for _, table := range []string{"report_group", "report", "report_field", "source_code", "model_table", "model_field"} {
		_, err := b.sql.Exec(t.Context(), fmt.Sprintf("update qlikcrawler.%s set search = null", table))
		b.must(err)
		_, err = b.sql.Exec(t.Context(), "insert into qlikcrawler.search_pending values ($1) on conflict do nothing", table)
		b.must(err)
	}
	_, err := b.sql.Exec(t.Context(), "truncate qlikcrawler.search_word")
	b.must(err)
	if got := b.search(catalog.Search{Text: "revenue"}).Hits; len(got) > 0 {
		t.Fatalf("without words %v was found", told(got))
	}
	other := open(t, b.url)
	b.must(other.Migrate(t.Context()))
	if d := cmp.Diff(before, told(b.search(catalog.Search{Text: "revenue", Limit: 100}).Hits)); d != "" {
		t.Errorf("(-saved +reindexed)\n%s", d)
	}
	if got := b.search(catalog.Search{Text: "pipline"}).Hits; len(got) == 0 {
		t.Error("misspellings are not found again")
	}
	if left := b.column("select table_name from qlikcrawler.search_pending"); len(left) > 0 {
		t.Errorf("still pending: %v", left)
	}
}

func TestAnAppThatMovesIsFoundWhereItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	moved := book("margin", "Margin analysis", `ACME\cid`, catalog.StreamKey("prod", "sal"))
	b.crawl(moved)
	for _, c := range []struct {
		search catalog.Search
		want   int
	}{
		{catalog.Search{Text: "orders", Kinds: []string{"table"}, Streams: []catalog.Key{"prod/stream/fin"}}, 0},
		{catalog.Search{Text: "orders", Kinds: []string{"table"}, Streams: []catalog.Key{"prod/stream/sal"}}, 2},
		{catalog.Search{Text: "overview", Owners: []string{`acme\ada`}}, 0},
		{catalog.Search{Text: "overview", Owners: []string{`acme\cid`}}, 1},
	} {
		if got := b.search(c.search).Hits; len(got) != c.want {
			t.Errorf("%+v found %q, want %d", c.search, told(got), c.want)
		}
	}
	if n := b.column("select count(*)::text from qlikcrawler.change where key like '%/table/%'"); n[0] != "0" {
		t.Errorf("%s changes of tables are told that didn't change", n[0])
	}
}
