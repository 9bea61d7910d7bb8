package postgres_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestSaveTellsWhatBecameOfTheUnit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	s := rich("a1")
	b.save(run, s, catalog.Added)
	b.save(run, s, catalog.Unchanged)
	s.Reports[0].ModifiedAt = at(9)
	b.save(run, s, catalog.Updated)
	s.Gaps = []catalog.Gap{{
		Part: catalog.PartScript, Key: s.Unit.Key,
		Err: &catalog.Error{Code: catalog.CodeForbidden, Op: "read script", Err: errors.New("access denied"), Cure: "Grant it."},
	}}
	o := b.save(run, s, catalog.Partial)
	if o.Run != run || o.Unit != s.Unit || catalog.CodeOf(o.Err) != catalog.CodeForbidden {
		t.Errorf("the outcome is %+v", o)
	}
	got, err := b.Outcomes(t.Context(), run)
	b.must(err)
	if len(got) != 1 || got[0].Change != catalog.Partial || got[0].Unit != s.Unit ||
		catalog.CodeOf(got[0].Err) != catalog.CodeForbidden || catalog.CureOf(got[0].Err) != "Grant it." {
		t.Errorf("the stored outcomes are %+v", got)
	}
	b.must(b.Retire(t.Context(), run, []catalog.Key{s.Unit.Key}))
	s.Gaps = nil
	b.save(run, s, catalog.Added)
}

func TestOutcomesDurationCountsFromBegan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	o, err := b.Save(t.Context(), run, rich("a1"), time.Now().Add(-time.Minute))
	b.must(err)
	ms := b.column("select (duration_ms between 60000 and 90000)::text from catalog.crawl_outcome")
	if o.Duration < time.Minute || ms[0] != "true" {
		t.Errorf("the duration is %s, stored within bounds: %s", o.Duration, ms[0])
	}
}

// physical tells where every row of the private tables stands and which transaction wrote it.
func (b *bench) physical(except ...string) map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for _, table := range b.tables() {
		if slices.Contains(except, table) {
			continue
		}
		for i, row := range b.column("select ctid::text || ' ' || xmin::text from " + table + " order by ctid") {
			out[fmt.Sprint(table, " ", i)] = row
		}
	}
	return out
}

func (b *bench) tables() []string {
	b.t.Helper()
	return b.column("select 'qlikcrawler.' || relname from pg_class where relnamespace = 'qlikcrawler'::regnamespace and relkind = 'r' order by 1")
}

func TestUnchangedSnapshotWritesNothingButItsOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	withGap := rich("a2")
	withGap.Gaps = []catalog.Gap{{Part: catalog.PartScript, Key: withGap.Unit.Key, Err: errors.New("no")}}
	groups := []catalog.ReportGroup{{Key: catalog.StreamKey("prod", "st1"), Kind: catalog.GroupStream, Name: "Sales"}}
	first := b.start()
	b.must(b.SaveGroups(t.Context(), first, groups))
	b.save(first, rich("a1"), catalog.Added)
	b.save(first, withGap, catalog.Partial)
	b.done(first)
	run := b.start()
	before := b.physical("qlikcrawler.crawl_outcome")
	b.must(b.SaveGroups(t.Context(), run, groups))
	b.save(run, rich("a1"), catalog.Unchanged)
	b.save(run, withGap, catalog.Partial)
	if d := cmp.Diff(before, b.physical("qlikcrawler.crawl_outcome")); d != "" {
		t.Errorf("rows were written:\n%s", d)
	}
	if len(before) < 20 {
		t.Errorf("only %d rows were looked at", len(before))
	}
}

func TestVersionIsStoredUnlessThereAreGaps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	known := func(want string) {
		t.Helper()
		got, err := b.Known(t.Context(), "prod")
		b.must(err)
		if d := cmp.Diff(map[catalog.Key]string{"prod/a1": want}, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	s := rich("a1")
	b.save(run, s, catalog.Added)
	known("v1")
	s.Version = "v2"
	b.save(run, s, catalog.Unchanged) // no row of it changed
	known("v2")
	s.Gaps = []catalog.Gap{{Part: catalog.PartScript, Key: s.Unit.Key, Err: errors.New("no")}}
	b.save(run, s, catalog.Partial)
	known("")
	s.Gaps = nil
	b.save(run, s, catalog.Updated)
	known("v2")
	b.must(b.Retire(t.Context(), run, []catalog.Key{s.Unit.Key}))
	if got, err := b.Known(t.Context(), "prod"); err != nil || len(got) > 0 {
		t.Errorf("a retired unit is known: %v, %v", got, err)
	}
}

func TestKnownKeepsConnectionsApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, code := range []string{"prod-2", "pro", "prod0"} {
		b.must(b.AddConnection(t.Context(), catalog.Connection{Code: code, Name: code, Type: "qlik-sense"}))
		run, err := b.StartRun(t.Context(), catalog.Run{Connection: code, Mode: catalog.Full, Trigger: catalog.ByCLI})
		b.must(err)
		b.save(run, &catalog.Snapshot{Unit: catalog.Unit{Key: catalog.AppKey(code, "x")}}, catalog.Added)
	}
	b.crawl(rich("a1"))
	got, err := b.Known(t.Context(), "prod")
	b.must(err)
	if d := cmp.Diff(map[catalog.Key]string{"prod/a1": "v1"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// An app whose id starts like another's shares no row with it.
func TestUnitsWhoseKeysBeginAlikeAreKeptApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a"), rich("a0"), rich("a-b"), rich("a/x"))
	run := b.start()
	b.save(run, &catalog.Snapshot{Unit: rich("a").Unit}, catalog.Updated)
	b.must(b.Retire(t.Context(), run, []catalog.Key{"prod/a"}))
	got := b.column("select key from catalog.report where kind = 'app' and retired_at is null order by key")
	if d := cmp.Diff([]string{"prod/a%2Fx", "prod/a-b", "prod/a0"}, got); d != "" {
		t.Errorf("live apps (-want +got):\n%s", d)
	}
}

func TestTheLongestKeyCanBeStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := rich("a1")
	random := make([]byte, catalog.MaxKey)
	if _, err := rand.Read(random); err != nil { // Postgres compresses what repeats
		t.Fatal(err)
	}
	longest := string(s.Unit.Key) + "/field/" + hex.EncodeToString(random)
	s.Columns[0].Key = catalog.Key(longest[:catalog.MaxKey])
	first := b.start()
	b.save(first, s, catalog.Added)
	b.done(first)
	s.Columns = s.Columns[1:]
	b.save(b.start(), s, catalog.Updated) // and its change
}

func TestTextsThatPostgresRefusesAreMended(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := rich("a\x001")
	r := &s.Reports[0]
	r.Name, r.Owner, r.Tags = "nul\x00 in it", "bad \xff utf-8", []string{"t\x00"}
	r.Attributes = catalog.Attributes{
		"a\x00b": "c\x00d", "list": []any{"\x00"}, "kept": `\u0000 was written`, "big": json.Number("12345678901234567890"),
		"raw": json.RawMessage(`{"half": "\ud83d", "whole": "\ud83d\ude00"}`),
	}
	s.Columns[0].Tables = []string{"x\x00y"}
	s.Columns[0].Key = catalog.ModelFieldKey(s.Unit.Key, "f\x00/%")
	s.Gaps = []catalog.Gap{{Part: catalog.PartSheet, Key: catalog.SheetKey(s.Unit.Key, "\x00"), Err: errors.New("nul \x00")}}
	run := b.start()
	b.save(run, s, catalog.Partial)
	b.save(run, s, catalog.Partial) // the same again, not duplicates
	got := b.view("report", "key")[0]
	want := object{
		"key": "prod/a\uFFFD1", "name": "nul\uFFFD in it", "owner": "bad \uFFFD utf-8", "tags": []any{"t\uFFFD"},
		"attributes": object{
			"a\uFFFDb": "c\uFFFDd", "list": []any{"\uFFFD"}, "kept": `\u0000 was written`,
			"big": 12345678901234567890.0, "raw": object{"half": "\uFFFD", "whole": "😀"},
		},
	}
	for k, v := range want {
		if d := cmp.Diff(v, got[k]); d != "" {
			t.Errorf("%s (-want +got):\n%s", k, d)
		}
	}
	if got := b.column("select key || ' ' || tables[1] from catalog.model_field"); got[0] != "prod/a\uFFFD1/field/f\uFFFD%2F%25 x\uFFFDy" {
		t.Errorf("the field is %q", got)
	}
	if got := b.column("select key || ' ' || error from catalog.gap"); got[0] != "prod/a\uFFFD1/\uFFFD nul \uFFFD" {
		t.Errorf("the gap is %q", got)
	}
}

func TestSnapshotMayNotTouchAnotherUnit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	for name, s := range map[string]*catalog.Snapshot{
		"another app's sheet": {Unit: catalog.Unit{Key: "prod/a"}, Reports: []catalog.Report{{Key: "prod/b/s", Kind: catalog.ReportSheet}}},
		"another site's app":  {Unit: catalog.Unit{Key: "other/a"}},
		"a stream":            {Unit: catalog.Unit{Key: "prod/a"}, Groups: []catalog.ReportGroup{{Key: "prod/stream/s", Kind: catalog.GroupStream}}},
	} {
		_, err := b.Save(t.Context(), run, s, time.Now())
		if catalog.CodeOf(err) != catalog.CodeInternal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := b.column("select key from qlikcrawler.unit"); len(got) > 0 {
		t.Errorf("stored: %v", got)
	}
}

func TestFailedSaveLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	s := rich("a1")
	s.Fields[5].Type = "No such type" // the schema refuses it after other rows went in
	if _, err := b.Save(t.Context(), run, s, time.Now()); err == nil {
		t.Fatal("it was stored")
	}
	if got := b.column("select key from catalog.report union all select app_key from catalog.crawl_outcome"); len(got) > 0 {
		t.Errorf("stored: %v", got)
	}
}

func TestTwoSavesOfTheSameUnitFollowEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sweep := b.start()
	selected, err := b.StartRun(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Selected, Trigger: catalog.ByCLI})
	b.must(err)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			s := rich("a1")
			s.Reports[0].Name = fmt.Sprint("name ", i)
			s.Reports = s.Reports[:1+i%3]
			run := []catalog.RunID{sweep, selected}[i%2]
			if _, err := b.Save(t.Context(), run, s, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := b.column("select key from catalog.report where kind = 'app'"); len(got) != 1 {
		t.Errorf("apps: %v", got)
	}
}

func TestBigSnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := big(5000)
	run := b.start()
	b.save(run, s, catalog.Added)
	b.save(run, s, catalog.Unchanged)
	for i := range s.Fields {
		s.Fields[i].Formula += "!"
	}
	b.save(run, s, catalog.Updated)
	var n, sum int
	b.must(b.sql.QueryRow(t.Context(), "select count(*), count(*) filter (where formula = 'Sum(Sales)!') from catalog.report_field").Scan(&n, &sum))
	if n != 5000 || sum != 5000 {
		t.Errorf("%d fields, %d of them changed", n, sum)
	}
	s.Fields = s.Fields[:1]
	b.save(run, s, catalog.Updated)
	b.must(b.sql.QueryRow(t.Context(), "select count(*) from catalog.report_field where retired_at is not null").Scan(&n))
	if n != 4999 {
		t.Errorf("%d fields retired", n)
	}
}

// big is an app with n variables.
func big(n int) *catalog.Snapshot {
	app := catalog.AppKey("prod", "big")
	s := &catalog.Snapshot{Unit: catalog.Unit{Key: app}, Reports: []catalog.Report{{Key: app, Kind: catalog.ReportApp}}}
	for i := range n {
		s.Fields = append(s.Fields, catalog.ReportField{
			Key: catalog.ItemKey(app, fmt.Sprintf("variable-%06d", i)), Report: app,
			Type: catalog.Variable, Origin: catalog.OriginMaster, Name: fmt.Sprint("v", i), Formula: "Sum(Sales)",
		})
	}
	return s
}

func TestPanicRollsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = b.InTx(t.Context(), func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "update qlikcrawler.connection set name = 'x'"); err != nil {
				t.Error(err)
			}
			panic("boom")
		})
	}()
	if got := b.column("select name from catalog.connection")[0]; got != "Prod" {
		t.Errorf("the name is %q", got)
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
