package foreign_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// A qrsResult is what qrs-interact found (node/qrs.mjs).
type qrsResult struct {
	About                                                      object
	Count                                                      int
	Hub                                                        []object
	Apps, Full, Streams, Users, Tags, Definitions, Connections []object
	Tasks, Objects                                             []object
	One                                                        object
	Sales, Quoted, Tagged                                      []string
	Table                                                      struct {
		Status int
		Body   struct {
			ColumnNames []string
			Rows        [][]any
		}
	}
	Missing, BadFilter string
}

func TestQRSInteractReadsTheRepository(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	app := find(t, site, "Sales Overview 📈")
	for _, direct := range []bool{true, false} {
		t.Run(map[bool]string{true: "with certificates", false: "with a token"}[direct], func(t *testing.T) {
			var got qrsResult
			run(t, srv, "qrs.mjs", task{"app": app.ID, "direct": direct, "quoted": "Anna’s playground"}, &got)
			checkListings(t, site, got)
			for _, row := range got.Hub {
				checkDates(t, site.FindApp(fmt.Sprint(row["id"])), row)
			}
			checkAppRow(t, app, got)
			checkObjectRows(t, app, got)
			sameSet(t, "filter so", []string{"10 Transform Sales", "Sales Overview 📈"}, got.Sales)
			sameSet(t, "filter eq with a quote", []string{"Anna’s playground"}, got.Quoted)
			if want := []string{"03 Extract Ledger & HR", "Customer 360°", "Headcount"}; !slices.Equal(got.Tagged, want) {
				t.Errorf("filter by tag, ordered: %q, want %q", got.Tagged, want)
			}
			if !strings.Contains(got.Missing, "404") || !strings.Contains(got.BadFilter, "400") || !strings.Contains(got.BadFilter, "Cannot parse the expression") {
				t.Errorf("unknown id: %q; bad filter: %q (facts B.1)", got.Missing, got.BadFilter)
			}
		})
	}
}

func checkListings(t *testing.T, site *qliktest.Site, got qrsResult) {
	t.Helper()
	if got.About["buildVersion"] != site.BuildVersion || got.Count != len(site.Apps) || len(got.Full) != len(site.Apps) {
		t.Errorf("about %v, %d apps counted, %d listed", got.About, got.Count, len(got.Full))
	}
	names := func(list []object, member string) []string {
		var out []string
		for _, o := range list {
			out = append(out, fmt.Sprint(o["id"], " ", o[member]))
		}
		return out
	}
	var apps, streams, tags, connections, tasks, definitions []string
	for _, a := range site.Apps {
		apps = append(apps, a.ID+" "+a.Name)
	}
	for _, s := range site.Streams {
		streams = append(streams, s.ID+" "+s.Name)
	}
	for _, x := range site.Tags {
		tags = append(tags, x.ID+" "+x.Name)
	}
	for _, c := range site.DataConnections {
		connections = append(connections, c.ID+" "+c.Name)
	}
	for _, x := range site.ReloadTasks {
		tasks = append(tasks, x.ID+" "+x.Name)
	}
	for _, d := range site.CustomPropertyDefinitions {
		definitions = append(definitions, d.ID+" "+d.Name)
	}
	sameSet(t, "apps", apps, names(got.Apps, "name"))
	sameSet(t, "streams", streams, names(got.Streams, "name"))
	sameSet(t, "tags", tags, names(got.Tags, "name"))
	sameSet(t, "data connections", connections, names(got.Connections, "name"))
	sameSet(t, "reload tasks", tasks, names(got.Tasks, "name"))
	sameSet(t, "custom properties", definitions, names(got.Definitions, "name"))
	for _, u := range site.Users {
		if !slices.ContainsFunc(got.Users, func(o object) bool { return o["userId"] == u.Name && o["userDirectory"] == u.Directory }) {
			t.Errorf("no user %s", u.Account())
		}
	}
}

// checkDates wants a fraction in every date, as the %f of Google's connector does (facts A.3a), and
// the sentinel where there is no date.
func checkDates(t *testing.T, app *qliktest.App, o object) {
	t.Helper()
	for _, member := range []string{"createdDate", "modifiedDate", "publishTime", "lastReloadTime"} {
		value := fmt.Sprint(o[member])
		if at, err := time.Parse("2006-01-02T15:04:05Z07:00", value); err != nil || !strings.Contains(value, ".") {
			t.Errorf("%s: %s is %s (%v), want a fraction", app.Name, member, value, err)
		} else if none := member == "lastReloadTime" && app.LastReload.IsZero(); member == "lastReloadTime" && none != (at.Year() == 1753) {
			t.Errorf("%s: reloaded %s, want the sentinel only without a reload", app.Name, value)
		}
	}
}

func checkAppRow(t *testing.T, app *qliktest.App, got qrsResult) {
	t.Helper()
	var properties []string
	list, _ := got.One["customProperties"].([]any)
	for _, p := range list {
		value, _ := p.(object)
		definition, _ := value["definition"].(object)
		properties = append(properties, fmt.Sprint(definition["name"], "=", value["value"]))
	}
	var wanted []string
	for _, p := range app.CustomProperties {
		wanted = append(wanted, p.Definition.Name+"="+p.Value)
	}
	sameSet(t, "custom properties of the app", wanted, properties)
	stream, _ := got.One["stream"].(object)
	owner, _ := got.One["owner"].(object)
	same(t, "the app's row", object{
		"id": app.ID, "name": app.Name, "description": app.Description, "published": true, "fileSize": app.FileSize,
		"thumbnail": app.Thumbnail, "migrationHash": app.MigrationHash, "savedInProductVersion": app.SavedInProductVersion,
		"stream": app.Stream.Name, "owner": app.Owner.Name,
	}, object{
		"id": got.One["id"], "name": got.One["name"], "description": got.One["description"], "published": got.One["published"],
		"fileSize": got.One["fileSize"], "thumbnail": got.One["thumbnail"], "migrationHash": got.One["migrationHash"],
		"savedInProductVersion": got.One["savedInProductVersion"], "stream": stream["name"], "owner": owner["userId"],
	})
}

func checkObjectRows(t *testing.T, app *qliktest.App, got qrsResult) {
	t.Helper()
	states := map[string]string{} // by the Engine's id
	for _, o := range got.Objects {
		if o["objectType"] == "sheet" {
			states[fmt.Sprint(o["engineObjectId"])] = fmt.Sprint(o["id"], " ", o["published"], " ", o["approved"])
		}
	}
	want := map[string]string{}
	for _, it := range app.Content().Objects {
		if id, typ := it.Tree.Info(); typ == "sheet" {
			want[id] = fmt.Sprint(it.RowID, " ", it.Published, " ", it.Approved)
		}
	}
	same(t, "rows of sheets", want, states)
	if got.Table.Status != 201 || !slices.Equal(got.Table.Body.ColumnNames, []string{"id", "engineObjectId", "objectType", "published", "approved", "app.id", "tags"}) {
		t.Errorf("table: status %d, columns %v (facts B.6)", got.Table.Status, got.Table.Body.ColumnNames)
	}
	rows := 0
	for i, row := range got.Table.Body.Rows {
		if i > 0 && fmt.Sprint(got.Table.Body.Rows[i-1][0]) >= fmt.Sprint(row[0]) {
			t.Errorf("the table is not sorted by id at row %d", i)
		}
		if row[5] == app.ID {
			rows++
		}
	}
	if rows != len(got.Objects) {
		t.Errorf("the table has %d rows of the app, the list %d", rows, len(got.Objects))
	}
}
