package qliksense

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// shape is what a snapshot holds, in short.
type shape struct {
	Groups, Reports, Fields, Sources, Tables, Columns int
	Gaps                                              []string // part and code
}

func shapeOf(s *catalog.Snapshot) shape {
	x := shape{
		Groups: len(s.Groups), Reports: len(s.Reports), Fields: len(s.Fields),
		Sources: len(s.Sources), Tables: len(s.Tables), Columns: len(s.Columns),
	}
	for _, g := range s.Gaps {
		x.Gaps = append(x.Gaps, string(g.Part)+" "+string(catalog.CodeOf(g.Err)))
	}
	slices.Sort(x.Gaps)
	return x
}

// whole is an app of the small world, read in full: app, 2 sheets, 2 cells; 3 inline fields and one of the
// instance, 3 masters, 2 variables.
var whole = shape{Groups: 1, Reports: 5, Fields: 9, Sources: 1, Tables: 1, Columns: 1}

func TestAnAppIsReadWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	c := openOptions(t, w.server, nil)
	l := named(t, listAll(t, c), "Sales")
	s := fetchApp(t, c, l)
	wantNoGaps(t, s)
	if diff := cmp.Diff(whole, shapeOf(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	app := catalog.AppKey("q", w.sales.ID)
	if f := fieldOf(t, s, app+"/s1/c1/measure/0"); f.Formula != "Sum(B)" || f.Master != app+"/mea" || f.Name != "Measure B" {
		t.Errorf("inline measure %+v", f)
	}
	if f := fieldOf(t, s, app+"/v2"); f.Origin != catalog.OriginScript || f.Formula != "2" {
		t.Errorf("variable %+v", f)
	}
	if r := reportOf(t, s, app+"/s1"); r.Owner != `ACME\ann` || r.Published == nil || !*r.Published || r.CreatedAt.IsZero() {
		t.Errorf("sheet %+v", r)
	}
	if code := s.Sources[0].Code; code != w.sales.Content().Script {
		t.Errorf("script %q", code)
	}
	if s.Version != l.Version {
		t.Errorf("version %q, want %q", s.Version, l.Version)
	}
}

func TestWhatTheEngineRefusesIsAGapWithItsCode(t *testing.T) {
	t.Parallel()
	refused := func(code string) shape {
		return shape{Groups: 1, Reports: 3, Tables: 1, Columns: 1, Gaps: []string{"app " + code}} // the app and its sheets
	}
	without := func(change func(*shape), gaps ...string) shape {
		s := whole
		change(&s)
		s.Gaps = gaps
		return s
	}
	for _, x := range []struct {
		fault qliktest.Fault
		want  shape
	}{
		{qliktest.AccessDenied4000, refused("section_access")},
		{qliktest.AccessDenied5, refused("forbidden")},
		{qliktest.NotFound, refused("not_found")},
		{qliktest.Corrupt, refused("unreadable")},
		{qliktest.TooLarge, refused("too_large")},
		{qliktest.MigrationFailed, refused("unreadable")},
		{qliktest.ReloadRunning, refused("conflict")},
		{qliktest.DropAtOpen, refused("unreachable")},
		{qliktest.DropInTheMiddle, refused("unreachable")},
		{qliktest.EngineAway, refused("unreachable")},
		{qliktest.LicenseDenied, refused("forbidden")},
		{qliktest.GarbageFrame, refused("unreadable")},
		{qliktest.TruncatedFrame, refused("unreadable")},
		{qliktest.DropAtOpenOnce, whole},
		{qliktest.DropInTheMiddleOnce, whole},
		{qliktest.SilentClose, whole},
		{qliktest.Expire302, whole},
		{qliktest.UnknownPush, whole},
		{qliktest.AbortedOnce, whole},
		{qliktest.ScriptDenied, without(func(s *shape) { s.Sources = 0 }, "script forbidden")},
		{qliktest.MetadataMissing, without(func(s *shape) { s.Tables, s.Columns = 0, 0 }, "data_model not_found")},
		{qliktest.MetadataBroken, without(func(s *shape) { s.Tables, s.Columns = 0, 0 }, "data_model unreadable")},
		{qliktest.ObjectUnreadable, without(func(s *shape) { s.Reports, s.Fields = 3, 5 }, "sheet forbidden")},
	} {
		t.Run(string(x.fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, qliktest.Options{})
			c := openOptions(t, w.server, nil)
			listed := listAll(t, c)
			w.server.Fail(w.sales.ID, x.fault)
			sales := fetchApp(t, c, named(t, listed, "Sales"))
			if diff := cmp.Diff(x.want, shapeOf(sales)); diff != "" {
				t.Errorf("the app (-want +got):\n%s", diff)
			}
			for _, g := range sales.Gaps {
				if catalog.CureOf(g.Err) == "" {
					t.Errorf("no cure for %v", g.Err)
				}
			}
			if diff := cmp.Diff(whole, shapeOf(fetchApp(t, c, named(t, listed, "HR")))); diff != "" {
				t.Errorf("another app (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNullAnswersMarkTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	c := openOptions(t, w.server, nil)
	l := named(t, listAll(t, c), "Sales")
	w.server.Fail(w.sales.ID, qliktest.NullResult)
	s := fetchApp(t, c, l)
	if len(s.Gaps) == 0 {
		t.Errorf("an app of which nothing was answered has no gap: %+v", shapeOf(s))
	}
}

func TestAnAppThatHangsEndsAtItsTime(t *testing.T) {
	t.Parallel()
	refused := shape{Groups: 1, Reports: 3, Tables: 1, Columns: 1, Gaps: []string{"app timeout"}}
	noModel := whole
	noModel.Tables, noModel.Columns, noModel.Gaps = 0, 0, []string{"data_model timeout"}
	for fault, want := range map[qliktest.Fault]shape{
		qliktest.HangAtOpen: refused, qliktest.HangInTheMiddle: refused, qliktest.HangREST: noModel,
	} {
		w := newWorld(t, qliktest.Options{})
		c := openOptions(t, w.server, map[string]any{"app_timeout": "1s"})
		l := named(t, listAll(t, c), "Sales")
		w.server.Fail(w.sales.ID, fault)
		s := fetchApp(t, c, l)
		if diff := cmp.Diff(want, shapeOf(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", fault, diff)
		}
		if len(s.Gaps) > 0 && !strings.Contains(catalog.CureOf(s.Gaps[0].Err), "app_timeout") {
			t.Errorf("%s: %v (%s)", fault, s.Gaps[0].Err, catalog.CureOf(s.Gaps[0].Err))
		}
	}
}

func TestAnOutdatedAppIsOpenedOnlyIfTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	w.server.Edit(func(s *qliktest.Site) {
		s.FindApp(w.sales.ID).MigrationHash, s.FindApp(w.sales.ID).SavedInProductVersion = "old", "12.9.0"
		s.FindApp(w.hr.ID).SavedInProductVersion = "12.9.0"
	})
	c := openOptions(t, w.server, nil)
	listed := listAll(t, c)
	for _, l := range listed {
		want := whole
		if l.Unit.Name == "Sales" {
			want = shape{Groups: 1, Reports: 3, Tables: 1, Columns: 1, Gaps: []string{"app would_migrate"}}
		}
		if diff := cmp.Diff(want, shapeOf(fetchApp(t, c, l))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", l.Unit.Name, diff)
		}
	}
	if n := w.server.Counters(); n.OpensWithoutData != 2 || n.OpensWithData != 0 {
		t.Errorf("opens %d, with data %d; want 2 and 0", n.OpensWithoutData, n.OpensWithData)
	}
	told := openOptions(t, w.server, map[string]any{"migrate_apps": true})
	if diff := cmp.Diff(whole, shapeOf(fetchApp(t, told, named(t, listAll(t, told), "Sales")))); diff != "" {
		t.Errorf("with migrate_apps (-want +got):\n%s", diff)
	}
}

func TestTheDataModelIsNotAskedForWithNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	c := openOptions(t, w.server, map[string]any{"data_model": "none", "system_variables": true})
	s := fetchApp(t, c, named(t, listAll(t, c), "Sales"))
	want := whole
	want.Tables, want.Columns, want.Fields = 0, 0, whole.Fields+1
	if diff := cmp.Diff(want, shapeOf(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPersonalAppStandsUnderItsOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	w.server.Edit(func(s *qliktest.Site) { s.FindApp(w.draft.ID).Owner = w.admin })
	c := openOptions(t, w.server, nil)
	l := named(t, listAll(t, c), "Draft")
	s := fetchApp(t, c, l)
	if want := catalog.PersonalKey("q", guid(1)); s.Groups[0].Parent != want || l.Groups[0] != want {
		t.Errorf("parent %s, listed in %v; want %s", s.Groups[0].Parent, l.Groups, want)
	}
	for _, r := range s.Reports {
		if r.Kind == catalog.ReportSheet && (*r.Published || r.Attributes["state"] != "private") {
			t.Errorf("sheet %s of an unpublished app is published", r.Key)
		}
	}
	hidden := openOptions(t, w.server, map[string]any{"exclude_unpublished_sheets": true})
	if s := fetchApp(t, hidden, named(t, listAll(t, hidden), "Draft")); len(s.Reports) != 1 {
		t.Errorf("%d reports without private sheets, want the app alone", len(s.Reports))
	}
}

func TestTheSameAppThroughCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	info, err := w.server.Info()
	if err != nil {
		t.Fatal(err)
	}
	port := func(address string) int {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(u.Port())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	conn, _ := testConnection(t, w.server, map[string]any{
		"authentication": "certificate",
		"jwt":            nil,
		"link_url":       "https://people.example.com/jwt/",
		"certificate": map[string]any{
			"client_cert": info.ClientCertFile, "client_key": info.ClientKeyFile, "root_cert": info.CAFile,
			"user_directory": info.UserDirectory, "user_id": info.UserID, "qrs_port": port(info.QRSURL), "engine_port": port(info.EngineURL),
		},
	})
	conn.URL, conn.Secrets = "https://localhost", nil
	if errs := Source().Validate(conn); len(errs) > 0 {
		t.Fatalf("settings: %v", errs)
	}
	c, err := Source().Open(t.Context(), connector.Env{Connection: conn})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := fetchApp(t, c, named(t, listAll(t, c), "Sales"))
	same := whole // but for the data model, which only the proxy has
	same.Tables, same.Columns, same.Gaps = 0, 0, []string{"data_model not_found"}
	if diff := cmp.Diff(same, shapeOf(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := "https://people.example.com/jwt/sense/app/" + w.sales.ID + "/overview"
	if got := reportOf(t, s, catalog.AppKey("q", w.sales.ID)).URL; got != want {
		t.Errorf("url %s, want %s", got, want)
	}
	if n := w.server.Counters(); n.Logins != 0 {
		t.Errorf("%d logins at the proxy", n.Logins)
	}
}
