package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// An exactWorld is a small site and a catalog that deltas keep up with it.
type exactWorld struct {
	t       *testing.T
	site    *qliktest.Site
	srv     *qliktest.Server
	file    string
	p       *program
	app     *qliktest.App // published; has a sheet of each state
	draft   *qliktest.App // unpublished
	account *qliktest.User
	other   *qliktest.User
}

// The sheets of an exactWorld's published app, by who sees them.
const (
	baseSheet      = "sheet-base"
	communitySheet = "sheet-community"
	ownSheet       = "sheet-own"    // private, of the account that crawls
	othersSheet    = "sheet-others" // private, of somebody else: the Repository lists it, the Engine hides it
)

func newExactWorld(t *testing.T, o qliktest.Options) *exactWorld {
	t.Helper()
	w := &exactWorld{t: t, site: smallSite(3), p: migrated(t)}
	w.account, w.other = w.site.Users[0], w.site.Users[1]
	for _, a := range w.site.Apps {
		if a.Published() {
			w.app = a
		}
	}
	w.draft = w.site.Apps[0]
	w.draft.Stream, w.draft.Owner = nil, w.account
	c := w.app.Content()
	base := aSheet(t, c)
	for id, owner := range map[string]*qliktest.User{baseSheet: nil, communitySheet: w.other, ownSheet: w.account, othersSheet: w.other} {
		it := base
		it.RowID, it.ContentHash, it.Owner = qliktest.DeriveID("exact", id), "", owner
		it.Published, it.Approved = id == baseSheet || id == communitySheet, id == baseSheet
		it.Tree.Property = with(t, with(t, base.Tree.Property, id, "qInfo", "qId"), id, "qMetaDef", "title")
		it.Tree.Children = slices.Clone(base.Tree.Children)
		c.Objects = append(c.Objects, it)
	}
	w.srv = qliktest.New(t, w.site, o)
	w.file = fileFor(t, w.srv, "qlik")
	w.p.crawl(exitDone, w.file, "-f", "-")
	return w
}

func aSheet(t *testing.T, c *qliktest.Content) qliktest.Item {
	for _, it := range c.Objects {
		if _, typ := it.Tree.Info(); typ == "sheet" && len(it.Tree.Children) > 0 {
			return it
		}
	}
	t.Fatal("the app has no sheet")
	return qliktest.Item{}
}

// migrated is newProgram on a database that has its schema.
func migrated(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	p.env["QLIKCRAWLER_DATABASE_URL"] = pgtest.URL(t)
	return p
}

// with gives a JSON object in which one member has another value.
func with(t *testing.T, object json.RawMessage, value any, path ...string) json.RawMessage {
	t.Helper()
	members := map[string]json.RawMessage{}
	if len(object) > 0 {
		if err := json.Unmarshal(object, &members); err != nil {
			t.Fatal(err)
		}
	}
	if len(path) > 1 {
		members[path[0]] = with(t, members[path[0]], value, path[1:]...)
	} else {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		members[path[0]] = raw
	}
	raw, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// item gives an object, dimension or measure of an app.
func (w *exactWorld) item(app *qliktest.App, id string) qliktest.Item {
	w.t.Helper()
	var found *qliktest.Item
	w.srv.Edit(func(*qliktest.Site) {
		c := app.Content()
		for _, it := range slices.Concat(c.Objects, c.Dimensions, c.Measures) {
			if known, _ := it.Tree.Info(); known == id {
				found = &it
			}
		}
	})
	if found == nil {
		w.t.Fatalf("app %s has no object %s", app.Name, id)
	}
	return *found
}

// retitle gives an object of the published app another title.
func (w *exactWorld) retitle(id, title string) {
	it := w.item(w.app, id)
	it.Tree.Property = with(w.t, it.Tree.Property, title, "qMetaDef", "title")
	w.srv.PutObject(w.app.ID, it.Tree, it.Owner)
}

// delta crawls what changed and checks that so many apps were opened, and that the catalog is what a first full crawl
// of the site gives.
func (w *exactWorld) delta(what string, opens int) crawlResult {
	w.t.Helper()
	before := w.srv.Counters().OpensWithoutData
	r := w.p.crawl(exitDone, "", "qlik")
	if got := w.srv.Counters().OpensWithoutData - before; got != opens || r.Mode != catalog.Delta {
		w.t.Errorf("%s: a %s crawl with %d opens, want a delta with %d", what, r.Mode, got, opens)
	}
	clean := migrated(w.t)
	clean.crawl(exitDone, w.file, "-f", "-")
	sameCatalog(w.t, what, clean.database(), w.p.database(), liveOnly)
	return r
}

// An edit is a cell of the table in facts B.4, or something else that people do to a site.
type edit struct {
	name  string
	do    func(*exactWorld)
	opens int  // of the delta after it
	rows  bool // it changes the catalog
}

func objectEdits(dateMoves bool) []edit {
	return []edit{
		{"base sheet", func(w *exactWorld) { w.retitle(baseSheet, "B2") }, 1, true},
		{"community sheet", func(w *exactWorld) { w.retitle(communitySheet, "C2") }, 1, true},
		{"private sheet in a published app", func(w *exactWorld) { w.retitle(ownSheet, "O2") }, 1, true},
		{"private sheet that the Engine hides", func(w *exactWorld) { w.retitle(othersSheet, "P2") }, 1, dateMoves},
		{"nothing", func(*exactWorld) {}, 0, false}, // what is hidden doesn't open the app again and again
		{"chart on a sheet", func(w *exactWorld) {
			it := w.item(w.app, baseSheet)
			it.Tree.Children = slices.Clone(it.Tree.Children)
			it.Tree.Children[0].Property = with(w.t, it.Tree.Children[0].Property, "Another title", "title")
			w.srv.PutObject(w.app.ID, it.Tree, nil)
		}, 1, true},
		{"master measure", func(w *exactWorld) {
			w.srv.PutMeasure(w.app.ID, with(w.t, w.item(w.app, "mea000").Tree.Property, "Sum(1)", "qMeasure", "qDef"))
		}, 1, true},
		{"master dimension", func(w *exactWorld) {
			w.srv.PutDimension(w.app.ID, with(w.t, w.item(w.app, "dim000").Tree.Property, []string{"Elsewhere"}, "qDim", "qFieldDefs"))
		}, 1, true},
		{"master object", func(w *exactWorld) { w.retitle("mob000", "Another master") }, 1, true},
		{"sheet deleted", func(w *exactWorld) { w.srv.DeleteObject(w.app.ID, communitySheet) }, 1, true},
		{"master measure deleted", func(w *exactWorld) { w.srv.DeleteObject(w.app.ID, "mea001") }, 1, true},
	}
}

func siteEdits() []edit {
	return []edit{
		{"touch", func(w *exactWorld) { w.srv.TouchApp(w.app.ID) }, 1, true},
		{"reload", func(w *exactWorld) {
			w.srv.ReloadApp(w.app.ID, json.RawMessage(`{"fields":[{"name":"N","src_tables":["T"],"cardinal":3}],"tables":[{"name":"T","no_of_rows":3,"no_of_fields":1}]}`))
		}, 1, true},
		{"publish", func(w *exactWorld) { w.srv.PublishApp(w.draft.ID, w.site.Streams[0]) }, 1, true},
		{"replace", func(w *exactWorld) { w.srv.ReplaceApp(w.app.ID, w.draft) }, 1, true},
		{"rename", func(w *exactWorld) { w.srv.RenameApp(w.app.ID, "Other name") }, 1, true},
		{"description", func(w *exactWorld) { w.srv.DescribeApp(w.app.ID, "Other words") }, 1, true},
		{"tag", func(w *exactWorld) { w.srv.TagApp(w.app.ID, w.site.Tags[0]) }, 1, true},
		{"custom property", func(w *exactWorld) {
			d := w.site.CustomPropertyDefinitions[0]
			w.srv.SetProperties(w.app.ID, qliktest.CustomProperty{Definition: d, Value: "another"})
		}, 1, true},
		{"owner", func(w *exactWorld) { w.srv.SetOwner(w.app.ID, w.account) }, 1, true},
		{"opening and reading it", func(w *exactWorld) { w.p.crawl(exitDone, "", "qlik", "--app", w.app.ID) }, 0, false},
		{"script", func(w *exactWorld) { w.srv.EditScript(w.app.ID, "LOAD 1 AS x AUTOGENERATE 1;") }, 1, true},
		{"state of a sheet, no date of the app", func(w *exactWorld) {
			id, _ := aSheet(w.t, w.app.Content()).Tree.Info()
			w.srv.PublishSheet(w.app.ID, id, false)
		}, 1, true},
		{"variable, no date of the app", func(w *exactWorld) {
			w.srv.Edit(func(*qliktest.Site) {
				c := w.app.Content()
				c.Variables = slices.Clone(c.Variables)
				for i, v := range c.Variables {
					if !v.ScriptCreated && !v.Reserved && !v.Config {
						c.Variables[i].Properties = with(w.t, v.Properties, "=42", "qDefinition")
					}
				}
			})
		}, 1, true},
		{"the name of a tag, no date at all", func(w *exactWorld) {
			w.srv.Edit(func(s *qliktest.Site) { s.Tags[0].Name = "renamed" })
		}, 2, true},
		{"stream renamed, no date of an app", func(w *exactWorld) { w.srv.RenameStream(w.app.Stream.ID, "Other stream") }, 2, true},
		{"app deleted", func(w *exactWorld) { w.srv.DeleteApp(w.draft.ID) }, 0, true},
		{"app back", func(w *exactWorld) { w.srv.AddApp(w.draft) }, 1, true},
	}
}

func TestADeltaEqualsAFullCrawlAfterEveryEdit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options qliktest.Options
		edits   []edit
	}{
		"of objects, and the date of the app moves": {qliktest.Options{}, objectEdits(true)},
		"of objects, and the date of the app stays": {qliktest.Options{AppDateStays: true}, objectEdits(false)},
		"of apps and what is around them":           {qliktest.Options{}, siteEdits()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExactWorld(t, tc.options)
			before := catalogRows(t, w.p.database(), liveOnly)
			for _, e := range tc.edits {
				e.do(w)
				w.delta(e.name, e.opens)
				now := catalogRows(t, w.p.database(), liveOnly)
				delete(before, "qlikcrawler.unit") // a version may change with nothing that is shown
				delete(now, "qlikcrawler.unit")
				if same := maps.EqualFunc(before, now, slices.Equal); same == e.rows {
					t.Errorf("%s: the catalog changed: %v, want %v", e.name, !same, e.rows)
				}
				before = now
			}
		})
	}
}

// A version is compared for equality and never with a clock, so that the site's clock may jump.
func TestAClockThatJumpsHidesNoEdit(t *testing.T) {
	t.Parallel()
	var jump atomic.Int64
	w := newExactWorld(t, qliktest.Options{Now: func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }})
	for i, hours := range []time.Duration{-3, 30 * 24, -7} {
		jump.Store(int64(hours * time.Hour))
		w.srv.RenameApp(w.app.ID, fmt.Sprint("Name ", i))
		w.delta(fmt.Sprintf("renamed %d hours off", hours), 1)
		w.retitle(baseSheet, fmt.Sprint("Sheet ", i))
		w.delta(fmt.Sprintf("sheet edited %d hours off", hours), 1)
	}
	w.delta("nothing", 0)
}

// The e-mail address and the name of the owner of a sheet stand in its rows, and no date of the app or the sheet
// moves with them.
func TestADeltaSeesThatAPersonIsRenamed(t *testing.T) {
	t.Parallel()
	w := newExactWorld(t, qliktest.Options{})
	w.srv.Edit(func(s *qliktest.Site) { w.other.Email = "new@example.com" })
	w.delta("e-mail address", w.ownedBy(w.other))
	w.srv.Edit(func(s *qliktest.Site) { w.other.DisplayName = "Other Name" })
	w.delta("name", w.ownedBy(w.other))
}

// ownedBy counts the apps of a person, and those in which something is his or her own.
func (w *exactWorld) ownedBy(u *qliktest.User) (n int) {
	for _, a := range w.site.Apps {
		c := a.Content()
		if a.Owner == u || slices.ContainsFunc(slices.Concat(c.Objects, c.Dimensions, c.Measures), func(it qliktest.Item) bool { return it.Owner == u }) {
			n++
		}
	}
	return n
}

func TestWhatComesBackIsRestoredWithItsHistory(t *testing.T) {
	t.Parallel()
	w := newExactWorld(t, qliktest.Options{})
	db := connect(t, w.p.database())
	measure, sheet := w.item(w.app, "mea000").Tree.Property, w.item(w.app, ownSheet)
	keys := []string{
		string(catalog.AppKey("qlik", w.draft.ID)), string(catalog.ItemKey(catalog.AppKey("qlik", w.app.ID), ownSheet)),
		string(catalog.ItemKey(catalog.AppKey("qlik", w.app.ID), "mea000")),
	}
	firstSeen := seen(t, db, keys)
	w.srv.DeleteApp(w.draft.ID)
	w.srv.DeleteObject(w.app.ID, ownSheet)
	w.srv.DeleteObject(w.app.ID, "mea000")
	w.delta("gone", 1)
	w.srv.AddApp(w.draft)
	w.srv.PutObject(w.app.ID, sheet.Tree, sheet.Owner)
	w.srv.PutMeasure(w.app.ID, measure)
	w.delta("back", 2)
	if now := seen(t, db, keys); !slices.Equal(now, firstSeen) {
		t.Errorf("first seen %v, was %v", now, firstSeen)
	}
	for _, key := range keys {
		got := texts(t, db, "select what from catalog.change where key = $1 and what in ('added', 'retired', 'restored') order by at, what desc", key)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, []string{"restored", "retired"}) {
			t.Errorf("the history of %s is %v", key, got)
		}
	}
}

// seen tells when things that are live were first seen.
func seen(t *testing.T, db *pgx.Conn, keys []string) []string {
	t.Helper()
	all := texts(t, db, `select key || ' ' || first_seen_at from (
		select key, first_seen_at, retired_at from catalog.report union all
		select key, first_seen_at, retired_at from catalog.report_field) x
		where key = any($1) and retired_at is null order by 1`, keys)
	if len(all) != len(keys) {
		t.Fatalf("live are %s of %v", fmt.Sprint(all), keys)
	}
	return all
}
