package postgres_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestRowsThatAreGoneRetireAndComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	firstSeen := b.column("select first_seen_at::text from catalog.report where key = 'prod/a1/s1/c1'")[0]
	without := rich("a1")
	without.Reports = without.Reports[:2]
	without.Fields = without.Fields[:4]
	without.Sources = nil
	run2 := b.start()
	b.save(run2, without, catalog.Updated)
	b.done(run2)
	gone := []string{"prod/a1/s1/c1", "prod/a1/s1/c1/dimension/0", "prod/a1/s1/c1/measure/0", "prod/a1/script"}
	retired := `select key from catalog.report where retired_at is not null
		union select key from catalog.report_field where retired_at is not null
		union select key from catalog.source_code where retired_at is not null order by 1`
	if d := cmp.Diff(gone, b.column(retired)); d != "" {
		t.Errorf("retired (-want +got):\n%s", d)
	}
	run3 := b.start()
	back := rich("a1")
	back.Reports[2].Name = "Sales again"
	b.save(run3, back, catalog.Updated)
	b.done(run3)
	if got := b.column(retired); len(got) > 0 {
		t.Errorf("still retired: %v", got)
	}
	if got := b.column("select first_seen_at::text from catalog.report where key = 'prod/a1/s1/c1'")[0]; got != firstSeen {
		t.Errorf("first_seen_at moved from %s to %s", firstSeen, got)
	}
	want := []string{}
	for _, k := range gone {
		want = append(want, fmt.Sprintf("%d %s retired", run2, k))
	}
	for _, k := range gone {
		want = append(want, fmt.Sprintf("%d %s restored", run3, k))
	}
	want = append(want, fmt.Sprintf("%d prod/a1/s1/c1 changed name: Sales -> Sales again", run3))
	got := b.history()
	if d := cmp.Diff(sorted(want), sorted(got)); d != "" {
		t.Errorf("history (-want +got):\n%s", d)
	}
}

// history is catalog.change as lines.
func (b *bench) history() []string {
	b.t.Helper()
	return b.column(`select run || ' ' || key || ' ' || what
		|| coalesce(' ' || column_name || ': ' || coalesce(old, 'null') || ' -> ' || coalesce(new, 'null'), '')
		from catalog.change`)
}

func TestChangesTellEachColumnOldAndNew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	s := rich("a1")
	g, r, f, src := &s.Groups[0], &s.Reports[0], &s.Fields[0], &s.Sources[0]
	g.Parent, g.Tags = "", []string{"x", `y"`}
	r.Published, r.Approved, r.Attributes, r.ModifiedAt = nil, ptr(true), catalog.Attributes{"k": []int{1}}, at(9)
	s.Reports[1].Position = &catalog.Position{Rank: ptr(2.0)}
	f.Formula, f.Label = "Avg(Sales)", ""
	src.Code = "x"
	s.Tables[0].Rows = 7
	s.Columns[0].IsKey = false
	run := b.start()
	b.save(run, s, catalog.Updated)
	want := []string{
		`prod/app/a1 changed parent_key: prod/stream/st1 -> null`,
		`prod/app/a1 changed tags: ["gold", "a\"b\\c,{}", ""] -> ["x", "y\""]`,
		`prod/a1 changed published: true -> null`,
		`prod/a1 changed approved: null -> true`,
		`prod/a1 changed attributes: {"k": "v"} -> {"k": [1]}`,
		`prod/a1 changed modified_at: ` + stamp(2) + ` -> ` + stamp(9),
		`prod/a1/s1 changed position: {"rank": 1.5} -> {"rank": 2}`,
		`prod/a1/m1 changed formula: Sum(Sales) -> Avg(Sales)`,
		`prod/a1/m1 changed label: Rev -> null`,
		"prod/a1/script changed code: LOAD *\nFROM x.qvd;\n -> x",
		`prod/a1/script changed lines: 2 -> 1`,
		`prod/a1/script changed sha256: ` + rich("a1").Sources[0].SHA256() + ` -> ` + src.SHA256(),
		`prod/a1/table/Sales%2F2024%25 changed rows: 1000 -> 7`,
		`prod/a1/field/City changed is_key: true -> false`,
	}
	for i := range want {
		want[i] = fmt.Sprint(run, " ", want[i])
	}
	if d := cmp.Diff(sorted(want), sorted(b.history())); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestOnlyLaterCrawlsNoteWhatIsAdded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	failed := b.start()
	b.save(failed, rich("a1"), catalog.Added)
	b.must(b.FinishRun(t.Context(), failed, catalog.Failed, catalog.Tally{}, "broken"))
	b.crawl(rich("a1"), rich("a2"))
	if got := b.history(); len(got) > 0 {
		t.Fatalf("the first crawl noted %v", got)
	}
	run := b.start()
	b.must(b.SaveGroups(t.Context(), run, []catalog.ReportGroup{{Key: "prod/stream/s", Kind: catalog.GroupStream}}))
	app := catalog.AppKey("prod", "a3")
	b.save(run, &catalog.Snapshot{
		Unit:    catalog.Unit{Key: app},
		Reports: []catalog.Report{{Key: app, Kind: catalog.ReportApp}},
		Tables:  []catalog.ModelTable{{Key: catalog.ModelTableKey(app, "t")}},
	}, catalog.Added)
	want := []string{fmt.Sprint(run, " prod/stream/s added"), fmt.Sprint(run, " prod/a3 added"), fmt.Sprint(run, " prod/a3/table/t added")}
	if d := cmp.Diff(sorted(want), sorted(b.history())); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
