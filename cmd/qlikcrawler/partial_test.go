package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// What can't be read stays as the catalog has it, is marked since the first time, is tried again by every delta, and heals.
func TestAPartThatCannotBeReadIsKeptMarkedTriedAgainAndHealed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		faults []qliktest.Fault
		part   catalog.Part
		kept   string // what must stay, by a query on the app's key
		change catalog.Change
	}{
		"script denied": {
			[]qliktest.Fault{qliktest.ScriptDenied},
			catalog.PartScript,
			"select code from catalog.source_code where report_key = $1 and retired_at is null", catalog.Partial,
		},
		"one corrupt sheet": {
			[]qliktest.Fault{qliktest.ObjectUnreadable},
			catalog.PartSheet,
			"select key || kind || type from catalog.report where key like $1 || '/%' and retired_at is null order by 1", catalog.Partial,
		},
		"one missing master item": {
			[]qliktest.Fault{qliktest.ItemMissing},
			catalog.PartDimensions,
			"select key || formula from catalog.report_field where report_key = $1 and type = 'Dimension' and retired_at is null order by 1", catalog.Partial,
		},
		"broken data model": {
			[]qliktest.Fault{qliktest.MetadataBroken},
			catalog.PartDataModel,
			"select key || name from catalog.model_field where report_key = $1 and retired_at is null order by 1", catalog.Partial,
		},
		"the Engine refuses the app": {
			[]qliktest.Fault{qliktest.AccessDenied4000},
			catalog.PartApp,
			"select key || type from catalog.report where key like $1 || '/%' and key not like '%" + othersSheet + "%' and retired_at is null order by 1", catalog.Partial,
		},
		"neither Engine nor Repository answers": {
			[]qliktest.Fault{qliktest.SocketFailed, qliktest.NotJSON},
			catalog.PartApp,
			"select key || type from catalog.report where key like $1 || '%' and retired_at is null order by 1", catalog.FailedUnit,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExactWorld(t, qliktest.Options{})
			db := connect(t, w.p.database())
			key := string(catalog.AppKey("qlik", w.app.ID))
			kept := texts(t, db, tc.kept, key)
			if len(kept) == 0 {
				t.Fatal("the catalog had nothing there")
			}
			for _, f := range tc.faults {
				w.srv.Fail(w.app.ID, f)
			}
			w.srv.RenameApp(w.app.ID, "Renamed")
			var since []string
			for n := range 2 {
				r := w.p.crawl(exitPartly, "", "qlik")
				if len(r.Outcomes) != 1 || r.Outcomes[0].Change != tc.change || string(r.Outcomes[0].Key) != key || r.Outcomes[0].ErrorCode == "" {
					t.Fatalf("crawl %d: outcomes %+v, want the app %s", n, r.Outcomes, tc.change)
				}
				if got := texts(t, db, tc.kept, key); !slices.Equal(got, kept) {
					t.Errorf("crawl %d: what the catalog had is now\n%v\nwas\n%v", n, got, kept)
				}
				marks := texts(t, db, "select since::text from catalog.gap where app_key = $1 and part = $2", key, tc.part)
				if len(marks) != 1 || n > 0 && !slices.Equal(marks, since) {
					t.Errorf("crawl %d: marked since %v, before since %v", n, marks, since)
				}
				since = marks
			}
			if tc.change == catalog.Partial {
				if got := texts(t, db, "select name from catalog.report where key = $1", key); !slices.Equal(got, []string{"Renamed"}) {
					t.Errorf("the rest of the app isn't up to date: its name is %v", got)
				}
			}
			w.srv.Heal(w.app.ID)
			w.delta("healed", 1)
			w.delta("nothing", 0)
		})
	}
}

// A change of an option of the connection shows in the next delta, without a full crawl.
func TestAChangedOptionShowsInTheNextDelta(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options string
		opens   int
	}{
		"crawl_streams":              {"crawl_streams: false", 3},
		"exclude_unpublished_apps":   {"exclude_unpublished_apps: true", 0},
		"exclude_unpublished_sheets": {"exclude_unpublished_sheets: true", 3},
		"system_variables":           {"system_variables: true", 3},
		"include_apps":               {"include_apps: ['{app}', '{draft}*']", 0},
		"exclude_apps":               {"exclude_apps: ['{draft}']", 0},
		"include_streams":            {"include_streams: ['{stream}']", 0},
		"exclude_streams":            {"exclude_streams: ['{stream}'], mass_retire_limit: 90%", 0},
		"data_model":                 {"data_model: none", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExactWorld(t, qliktest.Options{})
			before := catalogRows(t, w.p.database(), liveOnly)
			plain := w.file
			options := strings.NewReplacer("{app}", w.app.ID, "{draft}", w.draft.Name, "{stream}", w.app.Stream.Name).Replace(tc.options)
			w.file = plain + "options: {" + options + "}\n"
			w.p.must(exitDone, w.file, "connection", "edit", "qlik", "-f", "-")
			w.delta(name, tc.opens)
			if after := catalogRows(t, w.p.database(), liveOnly); maps.EqualFunc(before, after, slices.Equal) {
				t.Error("nothing has changed")
			}
			w.file = plain + "options: {}\n"
			w.p.must(exitDone, w.file, "connection", "edit", "qlik", "-f", "-")
			w.p.crawl(exitDone, "", "qlik")
			if after := catalogRows(t, w.p.database(), liveOnly); !maps.EqualFunc(before, after, slices.Equal) {
				t.Error("taking the option back doesn't bring the catalog back")
			}
		})
	}
}

// The brake: an account that lost its rights looks exactly like an emptied server.
func TestTheBrakeThroughTheProgram(t *testing.T) {
	t.Parallel()
	site := smallSite(4)
	srv := qliktest.New(t, site, qliktest.Options{})
	p := migrated(t)
	file := fileFor(t, srv, "qlik")
	p.crawl(exitDone, file, "-f", "-")
	all := catalogRows(t, p.database(), withHistory)
	apps := slices.Clone(site.Apps)
	refused := func(what, stderr string, args ...string) {
		t.Helper()
		r := p.must(exitFailed, "", append([]string{"crawl", "qlik"}, args...)...)
		for _, word := range []string{stderr, "--allow-mass-retire"} {
			if !strings.Contains(r.stderr, word) {
				t.Errorf("%s: it doesn't say %q:\n%s", what, word, r.stderr)
			}
		}
		now := catalogRows(t, p.database(), withHistory)
		delete(now, "catalog.connection") // it is red, and says why
		delete(all, "catalog.connection")
		if !maps.EqualFunc(all, now, slices.Equal) {
			t.Errorf("%s: it wrote", what)
		}
	}
	limit := func(percent string) {
		p.must(exitDone, file+"options: {mass_retire_limit: "+percent+"}\n", "connection", "edit", "qlik", "-f", "-")
	}
	srv.DeleteApp(apps[3].ID)
	limit("0%")
	refused("one of four when none may go", "1 of the 4 apps")
	limit("50%")
	for _, a := range apps[:3] {
		srv.DeleteApp(a.ID)
	}
	refused("an empty listing", "4 of the 4 apps")
	refused("an empty listing, full", "empty listing", "--mode", "full")
	limit("100%")
	refused("an empty listing within the limit", "empty listing")
	srv.AddApp(apps[0])
	limit("50%")
	refused("three of four", "3 of the 4 apps")
	limit("80%")
	if r := p.crawl(exitDone, "", "qlik"); r.Tally.Retired != 3 || r.Counts.Apps != 1 {
		t.Errorf("three of four with a limit of 80 %%: %+v", r.Tally)
	}
	srv.DeleteApp(apps[0].ID)
	if r := p.crawl(exitDone, "", "qlik", "--allow-mass-retire"); r.Tally.Retired != 1 || r.Counts.Apps != 0 {
		t.Errorf("the last one, allowed: %+v", r.Tally)
	}
}

// A listing that breaks off says nothing about what it lacks.
func TestATruncatedListingRetiresNothing(t *testing.T) {
	t.Parallel()
	for f, status := range map[qliktest.Fault]int{qliktest.CutREST: exitFailed, qliktest.NotJSON: exitUsage, qliktest.ResetREST: exitFailed} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			site := smallSite(3)
			srv := qliktest.New(t, site, qliktest.Options{})
			p := migrated(t)
			p.crawl(exitDone, fileFor(t, srv, "qlik"), "-f", "-")
			before := catalogRows(t, p.database(), withHistory)
			srv.Fail("", f)
			p.must(status, "", "crawl", "qlik", "--allow-mass-retire")
			after := catalogRows(t, p.database(), withHistory)
			delete(before, "catalog.connection") // it is red, and says why
			delete(after, "catalog.connection")
			if !maps.EqualFunc(before, after, slices.Equal) {
				t.Error("it wrote")
			}
			srv.Heal("")
			if r := p.crawl(exitDone, "", "qlik"); r.Tally.Retired+r.Tally.Planned != 0 {
				t.Errorf("the crawl after it: %+v", r.Tally)
			}
		})
	}
}
