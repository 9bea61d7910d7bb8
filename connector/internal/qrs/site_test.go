package qrs_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// simulated starts a generated site and a client that is its administrator.
func simulated(t *testing.T, o qliktest.Options, apps int) (*qliktest.Site, *qliktest.Server, *qrs.Client) {
	t.Helper()
	site := qliktest.Generate(qliktest.GenerateOptions{Apps: apps, Seed: 3})
	srv := qliktest.New(t, site, o)
	base, err := url.Parse(srv.URL + "/" + srv.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(site.Users, (*qliktest.User).Admin)
	transport := &http.Transport{TLSClientConfig: srv.ClientTLS(false)}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := qrs.Config{Base: base, Transport: transport, Jar: jar, RetryPause: time.Millisecond, Timeout: 20 * time.Second}
	cfg.Header = http.Header{"Authorization": {"Bearer " + srv.Token(site.Users[i])}}
	if _, err := qrs.New(cfg).About(t.Context()); err != nil { // one login for all that follows
		t.Fatal(err)
	}
	cfg.Header = nil
	return site, srv, qrs.New(cfg)
}

func TestAGeneratedSiteIsListedWhole(t *testing.T) {
	t.Parallel()
	site, srv, c := simulated(t, qliktest.Options{}, 40)
	apps, err := collect(c.Apps(t.Context(), ""))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]qrs.App{}
	for _, a := range apps {
		got[a.ID] = a
	}
	if len(apps) != len(site.Apps) || len(got) != len(apps) {
		t.Errorf("%d apps, %d ids, of %d", len(apps), len(got), len(site.Apps))
	}
	for _, want := range site.Apps {
		checkApp(t, want, got[want.ID])
	}
	streams, err := collect(c.Streams(t.Context()))
	if err != nil || len(streams) != len(site.Streams) {
		t.Errorf("%d streams of %d, %v", len(streams), len(site.Streams), err)
	}
	connections, err := collect(c.DataConnections(t.Context()))
	if err != nil || len(connections) != len(site.DataConnections) {
		t.Errorf("%d data connections of %d, %v", len(connections), len(site.DataConnections), err)
	}
	if n := srv.Counters().Logins; n != 1 {
		t.Errorf("%d logins", n)
	}
}

func checkApp(t *testing.T, want *qliktest.App, got qrs.App) {
	t.Helper()
	var tags []string
	for _, tag := range want.Tags {
		tags = append(tags, tag.Name)
	}
	var properties []qrs.CustomProperty
	for _, p := range want.CustomProperties {
		properties = append(properties, qrs.CustomProperty{Name: p.Definition.Name, Value: p.Value})
	}
	slices.Sort(tags)
	slices.Sort(got.Tags)
	byValue := func(a, b qrs.CustomProperty) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) }
	slices.SortFunc(properties, byValue)
	slices.SortFunc(got.CustomProperties, byValue)
	stream := ""
	if want.Stream != nil {
		stream = want.Stream.Name
	}
	type row struct {
		Name, Owner, Stream, Hash, Version string
		Published                          bool
		Size                               int64
		Tags                               []string
		Properties                         []qrs.CustomProperty
		Modified                           time.Time
	}
	if diff := cmp.Diff(
		row{want.Name, want.Owner.Account(), stream, want.MigrationHash, want.SavedInProductVersion, want.Published(), want.FileSize, tags, properties, want.Modified.UTC().Truncate(time.Millisecond)},
		row{got.Name, got.Owner.Account(), got.StreamName, got.MigrationHash, got.SavedInProductVersion, got.Published, got.FileSize, got.Tags, got.CustomProperties, got.Modified.Truncate(time.Millisecond)},
	); diff != "" {
		t.Errorf("app %s: %s", want.ID, diff)
	}
}

func TestAppObjectsOfAnApp(t *testing.T) {
	t.Parallel()
	site, _, c := simulated(t, qliktest.Options{}, 3)
	app := site.Apps[0]
	got, err := collect(c.AppObjects(t.Context(), "objectType eq 'sheet' and app.id eq "+app.ID))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, item := range app.Content().Objects {
		if id, typ := item.Tree.Info(); typ == "sheet" {
			want[id] = true
		}
	}
	for _, o := range got {
		if !want[o.EngineObjectID] || o.AppID != app.ID || o.ObjectType != "sheet" || o.Owner.ID == "" || o.Modified.IsZero() {
			t.Errorf("%+v", o)
		}
	}
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%d sheets of %d", len(got), len(want))
	}
}

func TestOwnersHaveTheirAddresses(t *testing.T) {
	t.Parallel()
	site, _, c := simulated(t, qliktest.Options{}, 3)
	var ids []string
	emails := map[string]string{}
	for _, u := range site.Users {
		ids = append(ids, u.ID)
		emails[u.ID] = u.Email
	}
	got, err := collect(c.Users(t.Context(), ids))
	if err != nil || len(got) != len(emails) {
		t.Fatalf("%d of %d users, %v", len(got), len(emails), err)
	}
	for _, u := range got {
		if u.Email() != emails[u.ID] {
			t.Errorf("%s: %q instead of %q", u.UserID, u.Email(), emails[u.ID])
		}
	}
}

func TestListingsAreWholeWhateverTheSiteDoes(t *testing.T) {
	t.Parallel()
	for _, fault := range []qliktest.Fault{
		"", qliktest.ListingChanges, qliktest.TooManyOnce, qliktest.UnavailableOne, qliktest.ResetRESTOnce,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			site, srv, c := simulated(t, qliktest.Options{MaxRecordLimit: 100}, 620)
			if fault != "" {
				srv.Fail("", fault)
			}
			got, err := collect(c.Apps(t.Context(), ""))
			if err != nil {
				t.Fatal(err)
			}
			ids := map[string]bool{}
			for _, a := range got {
				ids[a.ID] = true
			}
			srv.Edit(func(*qliktest.Site) {
				if len(ids) != len(got) || len(got) != len(site.Apps) {
					t.Errorf("%d rows, %d ids, of %d apps", len(got), len(ids), len(site.Apps))
				}
			})
		})
	}
}

func TestALyingSiteIsAnErrorAndNeverAShortListing(t *testing.T) {
	t.Parallel()
	for fault, want := range map[qliktest.Fault]qrs.Kind{
		qliktest.NotJSON: qrs.NotQlik, qliktest.Unavailable: qrs.Unavailable, qliktest.ResetREST: qrs.Network,
		qliktest.CutREST: qrs.Network, qliktest.Expire401: qrs.SessionEnded, qliktest.Expire302: qrs.SessionEnded, qliktest.Expire500: qrs.SessionEnded,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			_, srv, c := simulated(t, qliktest.Options{}, 3)
			srv.Fail("", fault)
			got, err := collect(c.Apps(t.Context(), ""))
			if kind := qrs.KindOf(err); kind != want && !(fault == qliktest.CutREST && kind == qrs.BadAnswer) {
				t.Errorf("%d rows, kind %s: %v", len(got), kind, err)
			}
		})
	}
}

func TestTheStoredDataModel(t *testing.T) {
	t.Parallel()
	site, srv, c := simulated(t, qliktest.Options{}, 3)
	app := site.Apps[0]
	m, err := c.DataMetadata(t.Context(), app.ID)
	if err != nil || len(m.Tables) == 0 || len(m.Fields) == 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	if l, err := c.DataLineage(t.Context(), app.ID); err != nil || len(l) == 0 {
		t.Errorf("lineage %v, %v", l, err)
	}
	srv.Fail(app.ID, qliktest.MetadataBroken)
	if _, err := c.DataMetadata(t.Context(), app.ID); qrs.KindOf(err) != qrs.BadAnswer || !strings.Contains(err.Error(), ": GET /api/v1/apps/") {
		t.Errorf("broken: %v", err)
	}
	srv.Heal(app.ID)
	srv.Fail(app.ID, qliktest.MetadataMissing)
	if _, err := c.DataMetadata(t.Context(), app.ID); qrs.KindOf(err) != qrs.NotFound {
		t.Errorf("missing: %v", err)
	}
}

func TestProductInfoNeedsNoLogin(t *testing.T) {
	t.Parallel()
	_, srv, c := simulated(t, qliktest.Options{}, 1)
	srv.ExpireSessions()
	info, err := c.ProductInfo(t.Context())
	if err != nil || info.Composition.DeploymentType != "QlikSenseServer" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestLogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	_, srv, c := simulated(t, qliktest.Options{}, 1)
	for range 2 { // the second time there is none, and that is fine
		if err := c.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := srv.Counters(); n.Sessions.Now != 0 || n.Logouts != 1 {
		t.Errorf("%d sessions, %d logouts", n.Sessions.Now, n.Logouts)
	}
}
