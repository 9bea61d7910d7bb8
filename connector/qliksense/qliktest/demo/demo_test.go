package demo_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

func TestTheSiteHasWhereAppsAre(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	got := map[string]int{}
	for _, a := range site.Apps {
		if a.Published() {
			got[a.Stream.Name]++
		} else {
			got["personal"]++
		}
	}
	want := map[string]int{"Everyone": 2, "Data Factory": 5, "Sales & Verkauf": 4, "Finance": 1, "personal": 2}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTheAdministratorIsRefusedNothing(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	admin := site.Users[0]
	if !admin.Admin() {
		t.Fatal("the first user is no administrator")
	}
	for _, a := range site.Apps {
		if !site.Can(admin, qliktest.Reload, a) || a.MigrationHash != site.MigrationHash {
			t.Errorf("%s: its script can't be read, or opening it would migrate it", a.Name)
		}
		if a.SectionAccess && (len(a.SectionUsers) == 0 || a.SectionUsers[0] != admin) {
			t.Errorf("%s: section access keeps the administrator out", a.Name)
		}
		c := a.Content()
		for i := range c.Objects {
			if it := &c.Objects[i]; !site.CanSeeItem(admin, a, it) {
				id, _ := it.Tree.Info()
				t.Errorf("%s: object %s is hidden from the administrator", a.Name, id)
			}
		}
	}
}

// TestTheStoryShowsEverything says what the demo site must have to show.
func TestTheStoryShowsEverything(t *testing.T) {
	t.Parallel()
	for _, a := range demo.Site().Apps {
		if a.LastReload.IsZero() || a.Content().Metadata == nil {
			t.Errorf("%s was never reloaded: a crawl of the demo site would have a gap", a.Name)
		}
	}
	all, err := json.Marshal(contents(demo.Site()))
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{
		`"qGrouping":"H"`, `"qGrouping":"C"`, `"filterpane"`, `"listbox"`, `"container"`, `"sn-tabbed-container"`, `"sn-layout-container"`,
		`"qExtendsId"`, `"childObject"`, `"gaLayers"`, `"sn-text"`, `"text-image"`, `"action-button"`, `"alpina-season-wheel"`, `"qLayoutExclude"`,
		"dim-that-was-deleted", `[Revenue] / [Orders]`, `"qLabelExpression"`, `"labelExpression"`, `"showCondition"`,
		"MAPPING LOAD", "CROSSTABLE", "LEFT JOIN", "INNER JOIN", "CONCATENATE", "SECTION ACCESS", "RESIDENT", "SUB Extract",
		`"story"`, "売上", "Größe", "🗺", `"Published":true,"Approved":false`, `"Reserved":true`, `"Config":true`, "sheet_thumb",
	} {
		if !strings.Contains(string(all), what) {
			t.Errorf("nothing has %s", what)
		}
	}
}

func contents(site *qliktest.Site) []any {
	var all []any
	for _, a := range site.Apps {
		c := a.Content()
		all = append(all, c.Dimensions, c.Measures, c.Objects, c.Variables, []string{plain(c.Script), a.Name})
	}
	return all
}

func plain(script string) string { return strings.ReplaceAll(script, "\r\n", "\n") }

func TestAppsReadWhatOthersStore(t *testing.T) {
	t.Parallel()
	loads := regexp.MustCompile(`FROM \[([^\]]+\.qvd)\]`)
	stores := regexp.MustCompile(`INTO \[([^\]]+\.qvd)\]`)
	path := strings.NewReplacer("$(vRaw)", "lib://QVD/raw", "$(vLayer)", "lib://QVD/raw", "$(vModel)", "lib://QVD/model", "$(vModell)", "lib://QVD/model")
	stored := map[string]bool{"lib://QVD/raw/customers.qvd": true, "lib://QVD/raw/products.qvd": true, "lib://QVD/raw/shops.qvd": true} // by SUB Extract
	site := demo.Site()
	for _, a := range site.Apps {
		for _, match := range stores.FindAllStringSubmatch(a.Content().Script, -1) {
			stored[path.Replace(match[1])] = true
		}
	}
	for _, a := range site.Apps {
		for _, match := range loads.FindAllStringSubmatch(a.Content().Script, -1) {
			if file := path.Replace(match[1]); !stored[file] {
				t.Errorf("%s reads %s, which no app stores", a.Name, file)
			}
		}
	}
}

func TestLibraryItemsExist(t *testing.T) {
	t.Parallel()
	reference := regexp.MustCompile(`"(?:qLibraryId|qExtendsId)":"([^"]+)"`)
	for _, a := range demo.Site().Apps {
		c := a.Content()
		known := map[string]bool{"dim-that-was-deleted": true}
		for _, items := range [][]qliktest.Item{c.Dimensions, c.Measures, c.Objects} {
			for _, it := range items {
				id, _ := it.Tree.Info()
				known[id] = true
			}
		}
		objects, err := json.Marshal(c.Objects)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range reference.FindAllStringSubmatch(string(objects), -1) {
			if !known[match[1]] {
				t.Errorf("%s uses %s, which it doesn't have", a.Name, match[1])
			}
		}
	}
}

func TestCellsAreTheSheetsChildren(t *testing.T) {
	t.Parallel()
	for _, a := range demo.Site().Apps {
		seen := map[string]bool{}
		for _, it := range a.Content().Objects {
			var p struct {
				Cells []struct{ Name string }
			}
			if err := json.Unmarshal(it.Tree.Property, &p); err != nil {
				t.Fatal(err)
			}
			for i, cell := range p.Cells {
				if id, _ := it.Tree.Children[i].Info(); id != cell.Name || seen[id] {
					t.Errorf("%s: cell %s stands for %s, or is there twice", a.Name, cell.Name, id)
				}
				seen[cell.Name] = true
			}
		}
	}
}

func TestGeneratedAppsComeBesides(t *testing.T) {
	t.Parallel()
	site, more := demo.Site(), demo.WithGenerated(30, 4)
	if len(more.Apps) != len(site.Apps)+30 || more.Users[0].Account() != site.Users[0].Account() {
		t.Errorf("%d apps, first user %s", len(more.Apps), more.Users[0].Account())
	}
	ids := map[string]bool{}
	for _, s := range more.Streams {
		if ids[s.ID] {
			t.Errorf("two streams have the id %s", s.ID)
		}
		ids[s.ID] = true
	}
	for _, u := range more.Users {
		if more.FindUser(u.Directory, u.Name) != u {
			t.Errorf("two users are %s", u.Account())
		}
	}
	names := map[string]bool{}
	for _, c := range more.DataConnections {
		if names[c.Name] {
			t.Errorf("two data connections are called %s", c.Name)
		}
		names[c.Name] = true
	}
}
