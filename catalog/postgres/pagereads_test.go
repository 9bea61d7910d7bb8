package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestFacetsCountWhatAListWouldShow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	apps := catalog.Query{Scope: everything, Filters: []catalog.Filter{where("kind", catalog.Equals, "app")}}
	columns := []string{"owner", "stream", "freshness", "has_lineage", "tags", "published"}
	got, err := b.facets(apps, columns)
	b.must(err)
	finance, sales := string(catalog.StreamKey("prod", "fin")), string(catalog.StreamKey("prod", "sal"))
	want := map[string][]catalog.Facet{
		"owner": {{Value: `ACME\ada`, Count: 1}, {Value: `ACME\bob`, Count: 1}}, "stream": {{Value: finance, Count: 1}, {Value: sales, Count: 1}},
		"freshness": {{Value: "never", Count: 2}}, "has_lineage": {{Value: "false", Count: 2}},
	}
	if diff := cmp.Diff(want, got.By); diff != "" || got.Rows != 2 || got.More || got.Missing["tags"] != 2 || got.Missing["published"] != 2 {
		t.Errorf("%+v\n%s", got, diff)
	}
	apps.Filters = append(apps.Filters, where("stream", catalog.Equals, finance))
	got, err = b.facets(apps, []string{"owner"})
	b.must(err)
	page, err := b.Reports(t.Context(), apps)
	b.must(err)
	if len(page.Items) != 1 || got.Rows != 1 || got.By["owner"][0].Value != page.Items[0].Owner {
		t.Errorf("in one stream there are %+v, and the list has %d", got, len(page.Items))
	}
	apps.Scope = catalog.Scope{Connections: []string{"other"}}
	if got, err = b.facets(apps, []string{"owner"}); err != nil || got.Rows != 0 {
		t.Errorf("facets count what may not be seen: %+v %v", got, err)
	}
	if _, err = b.ReportFacets(t.Context(), apps, []string{"nothing"}); catalog.CodeOf(err) != catalog.CodeInvalid {
		t.Errorf("an unknown column gives %v", err)
	}
}

// facets counts until it is done in time: on a busy machine a count may be given up.
func (b *bench) facets(q catalog.Query, columns []string) (*catalog.ListFacets, error) {
	for {
		f, err := b.ReportFacets(b.t.Context(), q, columns)
		if err != nil || !f.More || f.Rows > 0 {
			return f, err
		}
	}
}

func TestAFieldThatNothingIsMadeOfIsUnused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	app := catalog.AppKey("prod", "margin")
	q := catalog.Query{Scope: everything, Filters: []catalog.Filter{where("report_key", catalog.Equals, string(app)), where("used", catalog.Equals, "false")}}
	unused := func() int {
		p, err := b.ModelFields(t.Context(), q)
		b.must(err)
		return len(p.Items)
	}
	if n := unused(); n != 0 {
		t.Errorf("before any lineage %d fields are called unused: nobody knows", n)
	}
	b.explained(sketch(app, "dataset:file://x/o.qvd => prod/margin/script/Orders"))
	if n := unused(); n != 1 {
		t.Errorf("%d fields are unused, want 1", n)
	}
	b.explained(sketch(app, "prod/margin/field/SalesAmount -> prod/margin/m1"))
	if n := unused(); n != 0 {
		t.Errorf("%d fields are unused although a measure is made of it", n)
	}
}

func TestAScriptLinksItsStatementsToWhatTheyReadAndWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	app := catalog.AppKey("prod", "margin")
	b.explained(sketch(app,
		"dataset:file://x/o.qvd => prod/margin/script/Orders", "dataset:file://x/o.qvd#A -> prod/margin/script/Orders#A",
		"prod/margin/script/Orders => prod/margin/script/Sums"))
	got, err := b.ScriptLinks(t.Context(), everything, app)
	b.must(err)
	var told []string
	for _, l := range got {
		told = append(told, string(rune('0'+l.Line))+map[bool]string{true: " writes ", false: " reads "}[l.Writes]+string(l.Kind)+" "+string(l.Node))
	}
	want := []string{
		"1 reads dataset dataset:file://x/o.qvd", "1 writes script_table prod/margin/script/Orders",
		"3 reads script_table prod/margin/script/Orders", "3 writes script_table prod/margin/script/Sums",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if got, err := b.ScriptLinks(t.Context(), catalog.Scope{Connections: []string{"other"}}, app); err != nil || len(got) != 0 {
		t.Errorf("somebody else sees %v %v", got, err)
	}
}

func TestTwinsGoByOneName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	m := catalog.AppKey("prod", "margin") + "/m1"
	d, err := b.ReportField(t.Context(), everything, m)
	b.must(err)
	got, err := b.Twins(t.Context(), everything, d.FieldRow)
	b.must(err)
	alike, other := 0, 0
	for _, x := range got {
		if x.Key == m || x.Name != "Revenue" || x.AppName == "" {
			t.Errorf("a twin is %+v", x)
		}
		if x.Alike {
			alike++
		} else {
			other++
		}
	}
	if alike != 3 || other != 2 {
		t.Errorf("%d twins with the same formula and %d with another, want 3 and 2", alike, other)
	}
	if got, err := b.Twins(t.Context(), catalog.Scope{Connections: []string{"other"}}, d.FieldRow); err != nil || len(got) != 0 {
		t.Errorf("somebody else sees %v %v", got, err)
	}
}

func TestConflictsAreNamesWithSeveralFormulas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	app := catalog.AppKey("prod", "third")
	s := book("third", "Third", "", "")
	s.Fields = []catalog.ReportField{
		{Key: app + "/m1", Report: app, Type: catalog.Measure, Origin: catalog.OriginMaster, Name: "REVENUE", Formula: "Sum(Net)"},
		{Key: app + "/m2", Report: app, Type: catalog.Measure, Origin: catalog.OriginMaster, Name: "revenue margin", Formula: "1"},
	}
	run := b.start()
	b.save(run, s, catalog.Added)
	b.done(run)
	list, next, done, err := b.Conflicts(t.Context(), everything, catalog.Measure, "", 1)
	b.must(err)
	if len(list) != 1 || list[0].Fields != 3 || list[0].Formulas != 2 || next != "revenue" || !done {
		t.Fatalf("the first conflict is %+v, then %q", list, next)
	}
	list, next, _, err = b.Conflicts(t.Context(), everything, catalog.Measure, next, 1)
	b.must(err)
	if len(list) != 1 || list[0].Fields != 2 || next != "" {
		t.Errorf("the second conflict is %+v, then %q", list, next)
	}
	if list, _, _, err = b.Conflicts(t.Context(), catalog.Scope{Connections: []string{"other"}}, catalog.Measure, "", 9); err != nil || len(list) != 0 {
		t.Errorf("somebody else sees %v %v", list, err)
	}
}

func TestTheHealthOfAConnectionHasAHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	b.must(b.FinishRun(t.Context(), run, catalog.Failed, catalog.Tally{}, "no route"))
	run = b.start()
	b.done(run)
	b.done(b.start()) // green stays green: no row
	list, err := b.HealthHistory(t.Context(), "prod", 10)
	b.must(err)
	if len(list) != 2 || list[0].Health != catalog.Green || list[1].Health != catalog.Red || list[1].Reason != "no route" || time.Since(list[0].At) > time.Hour {
		t.Errorf("the history is %+v", list)
	}
	for range 60 {
		b.must(b.FinishRun(t.Context(), b.start(), catalog.Failed, catalog.Tally{}, "again"))
		b.done(b.start())
	}
	if list, err = b.HealthHistory(t.Context(), "prod", 1000); err != nil || len(list) != 100 {
		t.Errorf("%d changes are kept, want 100 (%v)", len(list), err)
	}
}

func TestAnAppTellsItsCrawls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	app := catalog.AppKey("prod", "margin")
	run := b.start()
	b.must(b.Note(t.Context(), run, catalog.Outcome{Run: run, Unit: catalog.Unit{Key: app, Name: "Margin analysis"}, Change: catalog.FailedUnit, Err: &catalog.Error{Code: catalog.CodeTimeout, Cure: "Wait."}}))
	b.done(run)
	got, err := b.AppRuns(t.Context(), everything, app, 10)
	b.must(err)
	if len(got) != 2 || got[0].Change != "failed" || got[0].ErrorCode != "timeout" || got[0].Cure != "Wait." || got[0].FinishedAt.IsZero() || got[1].Change != "added" || got[0].Run != run {
		t.Errorf("the crawls are %+v", got)
	}
	if got, err := b.AppRuns(t.Context(), catalog.Scope{Connections: []string{"other"}}, app, 10); err != nil || len(got) != 0 {
		t.Errorf("somebody else sees %v %v", got, err)
	}
}

// explained stores the lineage of an app that is there, and nothing else.
func (b *bench) explained(l *catalog.LineageStored) {
	b.t.Helper()
	run := b.start()
	b.lineage(run, l, true)
	b.done(run)
}
