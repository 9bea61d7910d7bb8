package postgres_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// retiredKeys are the keys of all retired rows of apps, with the view's name.
const retiredKeys = `
	select 'group ' || key from catalog.report_group where retired_at is not null
	union select 'report ' || key from catalog.report where retired_at is not null
	union select 'field ' || key from catalog.report_field where retired_at is not null
	union select 'code ' || key from catalog.source_code where retired_at is not null
	union select 'table ' || key from catalog.model_table where retired_at is not null
	union select 'column ' || key from catalog.model_field where retired_at is not null`

// A snapshot that has lost everything but the app's row retires all else, but for what its gap hides.
func TestGapKeepsWhatItHides(t *testing.T) {
	t.Parallel()
	all := []string{
		"group prod/app/a1", "report prod/a1/s1", "report prod/a1/s1/c1", "field prod/a1/m1", "field prod/a1/d1",
		"field prod/a1/o1", "field prod/a1/v1", "field prod/a1/s1/c1/measure/0", "field prod/a1/s1/c1/dimension/0",
		"code prod/a1/script", "table prod/a1/table/Sales%2F2024%25", "column prod/a1/field/City",
	}
	tests := []struct {
		name string
		part catalog.Part
		key  catalog.Key
		kept []string
	}{
		{"the whole app", catalog.PartApp, "prod/a1", all},
		{"a sheet", catalog.PartSheet, "prod/a1/s1", []string{
			"report prod/a1/s1", "report prod/a1/s1/c1",
			"field prod/a1/s1/c1/measure/0", "field prod/a1/s1/c1/dimension/0",
		}},
		{"another sheet", catalog.PartSheet, "prod/a1/s", nil},
		{"all measures", catalog.PartMeasures, "prod/a1", []string{"field prod/a1/m1"}},
		{"one measure", catalog.PartMeasures, "prod/a1/m1", []string{"field prod/a1/m1"}},
		{"another measure", catalog.PartMeasures, "prod/a1/m2", nil},
		{"all dimensions", catalog.PartDimensions, "prod/a1", []string{"field prod/a1/d1"}},
		{"all master objects", catalog.PartMasterObjects, "prod/a1", []string{"field prod/a1/o1"}},
		{"all variables", catalog.PartVariables, "prod/a1", []string{"field prod/a1/v1"}},
		{"the script", catalog.PartScript, "prod/a1", []string{"code prod/a1/script"}},
		{
			"the data model", catalog.PartDataModel, "prod/a1",
			[]string{"table prod/a1/table/Sales%2F2024%25", "column prod/a1/field/City"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.crawl(rich("a1"))
			s := rich("a1")
			s.Groups, s.Fields, s.Sources, s.Tables, s.Columns = nil, nil, nil, nil, nil
			s.Reports = s.Reports[:1]
			s.Gaps = []catalog.Gap{{Part: test.part, Key: test.key, Err: errors.New("refused")}}
			b.save(b.start(), s, catalog.Partial)
			kept := map[string]bool{}
			for _, k := range test.kept {
				kept[k] = true
			}
			want := []string{}
			for _, k := range all {
				if !kept[k] {
					want = append(want, k)
				}
			}
			if d := cmp.Diff(sorted(want), sorted(b.column(retiredKeys))); d != "" {
				t.Errorf("retired (-want +got):\n%s", d)
			}
		})
	}
}

func TestGapKeepsItsSinceUntilItHeals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := rich("a1")
	refused := func(why string) error {
		return &catalog.Error{Code: catalog.CodeForbidden, Op: "read script", Err: errors.New(why)}
	}
	s.Gaps = []catalog.Gap{
		{Part: catalog.PartScript, Key: "prod/a1", Err: refused("no right")},
		{Part: catalog.PartSheet, Key: "prod/a1/s9", Err: errors.New("broken")},
		{Part: catalog.PartScript, Key: "prod/a1", Err: refused("said twice")},
	}
	b.crawl(s)
	want := []map[string]any{
		{"connection": "prod", "app_key": "prod/a1", "part": "script", "key": "prod/a1", "error_code": "forbidden", "error": "read script: no right"},
		{"connection": "prod", "app_key": "prod/a1", "part": "sheet", "key": "prod/a1/s9", "error_code": "internal", "error": "broken"},
	}
	got := b.view("gap", "part")
	since := got[0]["since"]
	for _, g := range got {
		delete(g, "since")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	s.Gaps = []catalog.Gap{{Part: catalog.PartScript, Key: "prod/a1", Err: refused("still no right")}}
	b.crawl(s)
	got = b.view("gap", "part")
	if len(got) != 1 || got[0]["since"] != since || got[0]["error"] != "read script: still no right" {
		t.Errorf("since %v the gaps are %v", since, got)
	}
	s.Gaps = nil
	b.crawl(s)
	if got := b.view("gap", "part"); len(got) > 0 {
		t.Errorf("healed, but there is %v", got)
	}
}

func TestIncompleteRowNeverReplacesAFullerLiveOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	less := func() *catalog.Snapshot { // as a listing knows the app whose Engine refuses it
		s := rich("a1")
		s.Reports, s.Fields, s.Sources = s.Reports[:2], s.Fields[:1], nil
		s.Reports[1].Position, s.Reports[1].Name, s.Reports[1].Incomplete = nil, "listed name", true
		s.Fields[0].Formula, s.Fields[0].Incomplete = "", true
		s.Gaps = []catalog.Gap{{Part: catalog.PartApp, Key: s.Unit.Key, Err: errors.New("refused")}}
		return s
	}
	state := func(want string) {
		t.Helper()
		got := b.column(`select r.name || ', ' || coalesce(f.formula, 'no formula') || ', ' ||
			case when r.retired_at is null then 'live' else 'retired' end
			from catalog.report r, catalog.report_field f where r.key = 'prod/a1/s1' and f.key = 'prod/a1/m1'`)
		if len(got) != 1 || got[0] != want {
			t.Fatalf("it is %q, want %q", got, want)
		}
	}
	const full, listed = "Übersicht 概要 📊, Sum(Sales), live", "listed name, no formula, live"
	b.crawl(less())
	state(listed) // it is stored where there is no such row
	s := less()
	s.Reports[1].Name = "renamed"
	b.crawl(s)
	state("renamed, no formula, live") // less may replace less
	b.crawl(rich("a1"))
	state(full)
	run := b.start()
	before := b.physical("qlikcrawler.crawl_outcome", "qlikcrawler.gap", "qlikcrawler.unit")
	b.save(run, less(), catalog.Partial)
	if d := cmp.Diff(before, b.physical("qlikcrawler.crawl_outcome", "qlikcrawler.gap", "qlikcrawler.unit")); d != "" {
		t.Errorf("a row was written:\n%s", d)
	}
	state(full)
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/a1"}))
	b.save(run, less(), catalog.Partial)
	state(listed)
	b.done(run)
}

func TestRetireTakesAllRowsOfTheUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := rich("a1")
	s.Gaps = []catalog.Gap{{Part: catalog.PartSheet, Key: "prod/a1/s9", Err: errors.New("broken")}}
	b.crawl(s, rich("a2"))
	run := b.start()
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/a1"}))
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/a1"})) // again: nothing more to do
	counts, err := b.Counts(t.Context(), "prod")
	b.must(err)
	want := catalog.Counts{
		Apps: 1, Sheets: 1, Cells: 1, Measures: 2, Dimensions: 2, MasterObjects: 1, Variables: 1,
		Scripts: 1, Tables: 1, Fields: 1,
	}
	if counts != want {
		t.Errorf("what is left is %+v, want %+v", counts, want)
	}
	if got := b.column(`select key from catalog.change where what = 'retired'`); len(got) != 13 {
		t.Errorf("%d rows noted as retired, want 13: %v", len(got), got)
	}
	outcomes, err := b.Outcomes(t.Context(), run)
	b.must(err)
	wantOutcomes := []catalog.Outcome{{Run: run, Unit: catalog.Unit{Key: "prod/a1", Name: "App a1"}, Change: catalog.Retired}}
	if d := cmp.Diff(wantOutcomes, outcomes); d != "" {
		t.Errorf("outcomes (-want +got):\n%s", d)
	}
}

// Each unit takes a lock, and a server has room for some thousands: many units are retired in several
// transactions.
func TestRetireOfManyTakesFewLocksAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.sql.Exec(t.Context(), `insert into qlikcrawler.unit (key, connection, first_seen_at)
		select 'prod/app' || i, 'prod', now() from generate_series(1, 750) i`)
	b.must(err)
	known, err := b.Known(t.Context(), "prod")
	b.must(err)
	b.must(b.Retire(t.Context(), b.start(), slices.Collect(maps.Keys(known))))
	var retired, transactions int
	b.must(b.sql.QueryRow(t.Context(), `select count(*), count(distinct xmin::text)
		from qlikcrawler.unit where retired_at is not null`).Scan(&retired, &transactions))
	if retired != 750 || transactions < 7 {
		t.Errorf("%d units retired in %d transactions", retired, transactions)
	}
}

func TestSaveGroupsKeepsTheListing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := catalog.ReportGroup{Key: "prod/stream/s1", Kind: catalog.GroupStream, Name: "Sales", Tags: []string{"t"}}
	personal := catalog.ReportGroup{Key: "prod/personal/p1", Kind: catalog.GroupPersonal, Name: "Ada", Owner: `ACME\ada`}
	live := func(want ...string) {
		t.Helper()
		got := b.column("select key || ' ' || name from catalog.report_group where retired_at is null order by key")
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("live groups (-want +got):\n%s", d)
		}
	}
	run := b.start()
	b.save(run, rich("a1"), catalog.Added)
	b.must(b.SaveGroups(t.Context(), run, []catalog.ReportGroup{stream, personal}))
	live("prod/app/a1 App a1", "prod/personal/p1 Ada", "prod/stream/s1 Sales")
	stream.Name = "Sales EMEA"
	b.must(b.SaveGroups(t.Context(), run, []catalog.ReportGroup{stream}))
	live("prod/app/a1 App a1", "prod/stream/s1 Sales EMEA")
	b.must(b.SaveGroups(t.Context(), run, []catalog.ReportGroup{personal, stream}))
	live("prod/app/a1 App a1", "prod/personal/p1 Ada", "prod/stream/s1 Sales EMEA")
	b.must(b.SaveGroups(t.Context(), run, nil))
	live("prod/app/a1 App a1")
	want := []string{
		"prod/personal/p1 retired", "prod/personal/p1 restored", "prod/personal/p1 retired",
		"prod/stream/s1 changed name", "prod/stream/s1 retired",
	}
	got := b.column("select key || ' ' || what || coalesce(' ' || column_name, '') from catalog.change")
	if d := cmp.Diff(sorted(want), sorted(got)); d != "" {
		t.Errorf("history (-want +got):\n%s", d)
	}
}

func TestNoteStoresAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	o := catalog.Outcome{
		Unit: catalog.Unit{Key: "prod/a1", Name: "App"}, Change: catalog.FailedUnit, Duration: 1500 * time.Millisecond,
		Err: &catalog.Error{Code: catalog.CodeTimeout, Op: "open app", Key: "prod/a1", Err: errors.New("no answer"), Cure: "Raise app_timeout."},
	}
	b.must(b.Note(t.Context(), run, o))
	want := []map[string]any{{
		"run": float64(run), "app_key": "prod/a1", "change": "failed", "error_code": "timeout",
		"error": "open app prod/a1: no answer", "duration_ms": 1500.0,
	}}
	if d := cmp.Diff(want, b.view("crawl_outcome", "1")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	got, err := b.Outcomes(t.Context(), run)
	b.must(err)
	if got[0].Err.Error() != o.Err.Error() || catalog.CureOf(got[0].Err) != "Raise app_timeout." || got[0].Duration != o.Duration {
		t.Errorf("it reads back as %+v", got[0])
	}
}

func TestAFailureMarksWhatTheCatalogHasUntilItIsReadAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"), rich("a2"))
	failed := func(key catalog.Key, why string) catalog.RunID {
		run := b.start()
		o := catalog.Outcome{Unit: catalog.Unit{Key: key}, Change: catalog.FailedUnit, Err: &catalog.Error{Code: catalog.CodeTimeout, Err: errors.New(why)}}
		b.must(b.Note(t.Context(), run, o))
		b.done(run)
		return run
	}
	failed("prod/a1", "slow")
	since := b.view("gap", "part")[0]["since"]
	failed("prod/a1", "slower")
	failed("prod/unknown", "slow")
	got := b.view("gap", "part")
	if len(got) != 1 || got[0]["key"] != "prod/a1" || got[0]["part"] != "app" || got[0]["error_code"] != "timeout" || got[0]["error"] != "slower" || got[0]["since"] != since {
		t.Errorf("since %v the gaps are %v", since, got)
	}
	known, err := b.Known(t.Context(), "prod")
	b.must(err)
	if known["prod/a1"] != "" || known["prod/a2"] == "" || len(known) != 2 {
		t.Errorf("known are %v: want no version of the failed one", known)
	}
	if got := b.column(retiredKeys); len(got) > 0 {
		t.Errorf("retired: %v", got)
	}
	b.save(b.start(), rich("a1"), catalog.Updated)
	if got := b.view("gap", "part"); len(got) > 0 {
		t.Errorf("after a good read the gaps are %v", got)
	}
}
