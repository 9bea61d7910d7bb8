package qliksense

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestGroupsAreStreamsAndThePersonalGroupsOfOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	c := openOptions(t, w.server, nil)
	groups, err := connector.Collect(c.Groups(within(t)))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)
	ann := map[string]any{"id": guid(2), "name": "Ann Example", "email": "ann@example.com"}
	want := []catalog.ReportGroup{
		{
			Key: catalog.StreamKey("q", guid(11)), Kind: catalog.GroupStream, Name: "Finance", Owner: `ACME\ann`, Tags: []string{"gold"},
			Attributes: catalog.Attributes{"owner": ann}, CreatedAt: at, ModifiedAt: at,
		},
		{
			Key: catalog.StreamKey("q", guid(12)), Kind: catalog.GroupStream, Name: "People", Owner: `ACME\svc`,
			Attributes: catalog.Attributes{"owner": map[string]any{"id": guid(1), "name": "Service"}}, CreatedAt: at, ModifiedAt: at,
		},
		{
			Key: catalog.PersonalKey("q", guid(2)), Kind: catalog.GroupPersonal, Name: "Ann Example", Owner: `ACME\ann`,
			Attributes: catalog.Attributes{"owner": ann},
		},
	}
	for i := range groups {
		delete(groups[i].Attributes, "modified_by")
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOptionsChooseAppsAndStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	for _, x := range []struct {
		name         string
		options      map[string]any
		apps, groups []string
	}{
		{"all", nil, []string{"Sales", "HR", "Draft"}, []string{"Finance", "People", "Ann Example"}},
		{"no streams", map[string]any{"crawl_streams": false}, []string{"Sales", "HR", "Draft"}, []string{"Ann Example"}},
		{"no unpublished apps", map[string]any{"exclude_unpublished_apps": true}, []string{"Sales", "HR"}, []string{"Finance", "People"}},
		{"one stream", map[string]any{"include_streams": []string{"fin*"}}, []string{"Sales"}, []string{"Finance"}},
		{"a stream out", map[string]any{"exclude_streams": []string{guid(11)}}, []string{"HR", "Draft"}, []string{"People", "Ann Example"}},
		{"some apps", map[string]any{"include_apps": []string{"?R", guid(21)}}, []string{"Sales", "HR"}, []string{"Finance", "People"}},
		{"an app out", map[string]any{"exclude_apps": []string{"Draft"}}, []string{"Sales", "HR"}, []string{"Finance", "People"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := openOptions(t, w.server, x.options)
			var apps, names []string
			for _, l := range listAll(t, c) {
				apps = append(apps, l.Unit.Name)
			}
			groups, err := connector.Collect(c.Groups(within(t)))
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range groups {
				names = append(names, g.Name)
			}
			if diff := cmp.Diff([][]string{x.apps, x.groups}, [][]string{apps, names}); diff != "" {
				t.Errorf("apps, groups (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheVersionSeesEveryEditAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, qliktest.Options{})
	c := openOptions(t, w.server, nil)
	sales := func() string { return named(t, listAll(t, c), "Sales").Version }
	was := sales()
	if sales() != was {
		t.Fatal("two listings give different versions")
	}
	for _, x := range []struct {
		name string
		edit func()
	}{
		{"touched", func() { w.server.TouchApp(w.sales.ID) }},
		{"reloaded", func() { w.server.ReloadApp(w.sales.ID, nil) }},
		{"tags", func() { w.server.TagApp(w.sales.ID) }},
		{"another owner", func() { w.server.SetOwner(w.sales.ID, w.admin) }},
		{"sheet state", func() { w.server.PublishSheet(w.sales.ID, "s2", false) }},
		{"script", func() { w.server.EditScript(w.sales.ID, "LOAD 1 AS x AUTOGENERATE 1;") }},
		{"an object is gone", func() { w.server.DeleteObject(w.sales.ID, "s2") }},
		{"content of an object, no date moved", func() {
			w.server.Edit(func(s *qliktest.Site) { s.FindApp(w.sales.ID).Content().Objects[0].ContentHash = "other" })
		}},
		{"another product version", func() {
			w.server.Edit(func(s *qliktest.Site) { s.FindApp(w.sales.ID).SavedInProductVersion = "12.1.0" })
		}},
		{"custom properties, no date moved", func() {
			w.server.Edit(func(s *qliktest.Site) { s.FindApp(w.sales.ID).CustomProperties = nil })
		}},
	} {
		x.edit()
		now := sales()
		if now == was {
			t.Errorf("%s: the version stays", x.name)
		}
		was = now
	}
	w.server.TouchApp(w.hr.ID)
	if sales() != was {
		t.Error("an edit of another app changes the version")
	}
	other := openOptions(t, w.server, map[string]any{"system_variables": true})
	if named(t, listAll(t, other), "Sales").Version == was {
		t.Error("an option that changes the mapping doesn't change the version")
	}
	same := openOptions(t, w.server, map[string]any{"workers": 7, "exclude_apps": []string{"HR"}})
	if named(t, listAll(t, same), "Sales").Version != was {
		t.Error("an option that doesn't change the mapping changes the version")
	}
}

func TestParentOfAnAppsGroup(t *testing.T) {
	t.Parallel()
	owner := qixmap.Person{ID: "o-1"}
	published, personal := qixmap.AppRow{StreamID: "st-1", Owner: owner}, qixmap.AppRow{Owner: owner}
	for _, c := range []struct {
		name    string
		streams bool
		app     qixmap.AppRow
		want    catalog.Key
	}{
		{"published", true, published, "q/stream/st-1"},
		{"unpublished", true, personal, "q/personal/o-1"},
		{"published, streams not read", false, published, ""},
		{"unpublished, streams not read", false, personal, "q/personal/o-1"},
	} {
		s := &site{cfg: config{Code: "q", settings: settings{Options: options{CrawlStreams: c.streams}}}}
		if got := s.parentGroup(c.app); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
