package postgres_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestCoverageTellsWhatEachAppGaveAndWhyNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := func(code catalog.Code, why string) error {
		return &catalog.Error{Code: code, Err: errors.New(why), Cure: "do something"}
	}
	whole, closed, mute, bare := rich("a1"), rich("a2"), rich("a3"), rich("a4")
	b.crawl(whole, rich("a2"), mute, rich("a5"))
	whole.Reports[0].Attributes = catalog.Attributes{"section_access": true}
	closed.Gaps = []catalog.Gap{{Part: catalog.PartApp, Key: closed.Unit.Key, Err: refused(catalog.CodeSectionAccess, "denied")}}
	mute.Gaps = []catalog.Gap{{Part: catalog.PartScript, Key: mute.Unit.Key + "/script", Err: refused(catalog.CodeForbidden, "no right")}}
	bare.Sources, bare.Tables, bare.Columns = nil, nil, nil
	run := b.start()
	for _, s := range []*catalog.Snapshot{whole, closed, mute, bare} {
		if _, err := b.Save(t.Context(), run, s, at(9)); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a5", "a6"} { // one that the catalog has, one that it never saw
		unit := catalog.Unit{Key: catalog.AppKey("prod", id), Name: "App " + id}
		b.must(b.Note(t.Context(), run, catalog.Outcome{Unit: unit, Change: catalog.FailedUnit, Err: refused(catalog.CodeTimeout, "too slow")}))
	}
	b.done(run)

	got, err := b.Coverage(t.Context(), "prod")
	b.must(err)
	cause := func(part catalog.Part, key catalog.Key, code catalog.Code, why string) []catalog.GapCause {
		return []catalog.GapCause{{Part: part, Key: key, Code: code, Error: why, Cure: "do something"}}
	}
	want := &catalog.Coverage{
		Connection: "prod", Listed: 6, Opened: 3, Script: 1, DataModel: 3, SectionAccess: 2,
		Apps: []catalog.AppCoverage{
			{Key: "prod/a1", Name: "App a1", Opened: true, Script: true, DataModel: true, SectionAccess: true},
			{Key: "prod/a2", Name: "App a2", DataModel: true, SectionAccess: true, Missing: cause("app", "prod/a2", "section_access", "denied")},
			{Key: "prod/a3", Name: "App a3", Opened: true, DataModel: true, Missing: cause("script", "prod/a3/script", "forbidden", "no right")},
			{Key: "prod/a4", Name: "App a4", Opened: true},
			{Key: "prod/a5", Name: "App a5", Missing: cause("app", "prod/a5", "timeout", "too slow")},
			{Key: "prod/a6", Name: "App a6", Missing: cause("app", "prod/a6", "timeout", "too slow")},
		},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(catalog.Coverage{}, "CrawledAt")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got.CrawledAt.IsZero() {
		t.Error("it doesn't say when the crawl was")
	}
}

func TestCoverageForgetsAFailureThatALaterRunHealed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	b.must(b.Note(t.Context(), run, catalog.Outcome{
		Unit: catalog.Unit{Key: "prod/a1", Name: "App a1"}, Change: catalog.FailedUnit, Err: errors.New("down"),
	}))
	b.done(run)
	b.crawl(rich("a1"))
	got, err := b.Coverage(t.Context(), "prod")
	b.must(err)
	if got.Listed != 1 || got.Opened != 1 || len(got.Apps[0].Missing) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestCoverageOfAConnectionWithoutCrawlIsEmpty(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "prod2", Name: "Second", Type: "qlik-sense"}))
	b.crawl(rich("a1"))
	got, err := b.Coverage(t.Context(), "prod2")
	b.must(err)
	if d := cmp.Diff(&catalog.Coverage{Connection: "prod2", Apps: []catalog.AppCoverage{}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	_, err = b.Coverage(t.Context(), "nobody")
	wantCode(t, err, catalog.CodeNotFound)
}
