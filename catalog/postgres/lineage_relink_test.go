package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A village is a few apps that read and store few things, so that nearly everything meets.
type village struct {
	*bench
	random *rand.Rand
	said   map[string]string // what an app says now; "": it is retired
}

var villageApps = []string{"a", "b", "c", "d", "e", "f"}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func (v *village) dataset() string {
	return "dataset:" + pick(v.random, "db://h/t1", "db://h/t2", "file://f/x_1.qvd", "file://f/x_2.qvd", "file://f/y_1.qvd", "file://f/x_*.qvd", "file://f/*_1.qvd")
}

func (v *village) name() string { return pick(v.random, "p", "q", "r", "*") }

// says makes up what an app says.
func (v *village) says(app string) *catalog.LineageStored {
	key := "prod/" + app
	var lines []string
	var stars []catalog.LineageStar
	for range v.random.IntN(4) {
		d, c := v.dataset(), v.name()
		lines = append(lines, d+"#"+c+" -> "+key+"/field/"+c, d+" => "+key)
	}
	for range v.random.IntN(3) {
		from, to := v.dataset(), v.dataset()
		switch v.random.IntN(3) {
		case 0:
			lines = append(lines, from+" => "+to, from+"#p -> "+to+"#"+pick(v.random, "p", "q"))
		default:
			lines = append(lines, from+" => "+to, from+"#* -> "+to+"#*")
			stars = append(stars, catalog.LineageStar{From: catalog.Key(from), To: catalog.Key(to)})
		}
	}
	l := sketch(catalog.Key(key), lines...)
	l.Stars = stars
	return l
}

// change lets an app say something else, or go.
func (v *village) change(run catalog.RunID) {
	v.t.Helper()
	app := pick(v.random, villageApps...)
	if v.said[app] != "" && v.random.IntN(4) == 0 {
		v.must(v.Retire(v.t.Context(), run, []catalog.Key{catalog.Key("prod/" + app)}))
		v.said[app] = ""
		return
	}
	if v.said[app] == "" {
		_, err := v.Save(v.t.Context(), run, plain(app), at(1))
		v.must(err)
	}
	l := v.says(app)
	src, err := v.LineageSource(v.t.Context(), l.App)
	v.must(err)
	l.Content = src.Content
	_, err = v.SaveLineage(v.t.Context(), run, l)
	v.must(err)
	v.said[app] = fmt.Sprint(l.Edges, l.Stars)
}

// linked is what follows from what all apps say.
func (v *village) linked() []string {
	return append(
		v.column("select concat_ws(' ', from_key, to_key, level, confidence, from_dataset) from qlikcrawler.lineage_link order by 1"),
		v.column("select concat_ws(' ', key, parent_key, name, connection) from qlikcrawler.lineage_node where unit = '' order by 1")...)
}

func TestLinksAroundWhatChangedAreThoseOfAllAnew(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			v := &village{bench: setup(t), random: rand.New(rand.NewPCG(seed, 8)), said: map[string]string{}}
			run := v.start()
			most := 0
			for step := range 40 {
				for range 1 + v.random.IntN(3) {
					v.change(run)
				}
				v.must(v.LinkLineage(t.Context(), run))
				got := v.linked()
				_, err := v.sql.Exec(t.Context(), "insert into qlikcrawler.lineage_unlinked (unit, ticket) values ('', 1)") // as earlier versions mark
				v.must(err)
				v.must(v.LinkLineage(t.Context(), run))
				if diff := cmp.Diff(v.linked(), got); diff != "" {
					t.Fatalf("step %d: links of all (-) and those around what changed (+):\n%s\napps: %v", step, diff, v.said)
				}
				most = max(most, len(got))
				if left := slices.Concat(v.column("select unit from qlikcrawler.lineage_unlinked"), v.column("select dataset from qlikcrawler.lineage_touched")); len(left) > 0 {
					t.Fatalf("step %d: still marked are %v", step, left)
				}
			}
			if most < 10 {
				t.Errorf("there never were more than %d links: the test is about nothing", most)
			}
		})
	}
}

// When most apps say something else, as after a first crawl, all links are made anew: to find what lies around each of very
// many datasets would take more memory.
func TestLinksAreAllMadeAnewWhenMostAppsHaveChanged(t *testing.T) {
	t.Parallel()
	v := &village{bench: setup(t), random: rand.New(rand.NewPCG(1, 8)), said: map[string]string{}}
	run := v.start()
	for range 20 {
		v.change(run)
	}
	v.must(v.LinkLineage(t.Context(), run))
	want := v.linked()
	for _, changed := range []struct {
		units  int
		strays int // links that nothing leads to, and that stand around no dataset that was touched
	}{{10, 1}, {201, 0}} {
		_, err := v.sql.Exec(t.Context(), `insert into qlikcrawler.lineage_link (from_key, to_key, level, from_dataset, confidence)
			values ('dataset:x://stray', 'dataset:x://mask', 'table', 'dataset:x://stray', 0.9) on conflict do nothing`)
		v.must(err)
		_, err = v.sql.Exec(t.Context(), "insert into qlikcrawler.lineage_unlinked (unit, ticket, told) select 'prod/' || n, n, n from generate_series(1, $1::int) n on conflict do nothing", changed.units)
		v.must(err)
		v.must(v.LinkLineage(t.Context(), run))
		if got := len(v.linked()) - len(want); got != changed.strays {
			t.Errorf("after %d apps have changed there are %d links more, want %d", changed.units, got, changed.strays)
		}
	}
	if diff := cmp.Diff(want, v.linked()); diff != "" {
		t.Errorf("links before (-) and after (+):\n%s", diff)
	}
}

// A site has more links than are written at a time.
func TestLinksOfManyDatasetsAreMadeInParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	qvdLayer(b, 200)
	link := func() {
		t.Helper()
		_, err := b.sql.Exec(t.Context(), "insert into qlikcrawler.lineage_unlinked (unit, ticket) values ('', 1)")
		b.must(err)
		b.must(b.LinkLineage(t.Context(), 0))
	}
	link()
	linked := `select count(*) || ' links of ' || count(distinct (from_key, to_key)) || ' pairs and ' || (
			select count(*) || ' columns of ' || count(distinct key) from qlikcrawler.lineage_node where unit = '')
		from qlikcrawler.lineage_link`
	const want = "9640 links of 9640 pairs and 3200 columns of 3200"
	if got := b.column(linked)[0]; got != want {
		t.Errorf("of 4,000 files follow %s, want %s", got, want)
	}
	before := b.physical()
	link()
	if diff := cmp.Diff(before, b.physical()); diff != "" {
		t.Errorf("what was linked as it is has been written again (-before, +after):\n%s", diff)
	}
	for sql, least := range map[string]int64{
		"update qlikcrawler.lineage_link set confidence = 0.1 where from_key like '%2#c2'":    100,
		"update qlikcrawler.lineage_link set from_dataset = null where from_key like '%2#c7'": 100,
		"delete from qlikcrawler.lineage_link where from_key like '%4#c5'":                    100,
		"delete from qlikcrawler.lineage_node where unit = '' and name = 'c3'":                100,
	} {
		done, err := b.sql.Exec(t.Context(), sql)
		b.must(err)
		if done.RowsAffected() < least {
			t.Fatalf("%s: %d rows: the test is about nothing", sql, done.RowsAffected())
		}
	}
	link()
	if got := b.column(linked)[0]; got != want {
		t.Errorf("after some were changed and removed there are %s, want %s", got, want)
	}
	if odd := b.column("select from_key from qlikcrawler.lineage_link where confidence < 0.8 or from_dataset is null"); len(odd) > 0 {
		t.Errorf("not mended: %v", odd)
	}
}
