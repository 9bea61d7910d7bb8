package qliktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A page is the answer to a table request.
type page struct {
	ID, Type, SchemaPath string
	ColumnNames          []string
	Rows                 [][]json.RawMessage
}

// page asks for one page of a table.
func (b *browser) page(path, parameters, body string) page {
	b.t.Helper()
	r := b.do("POST", "/qrs/"+path+"/table?"+parameters, body)
	if r.status != 201 {
		b.t.Fatalf("table of %s: %d %s", path, r.status, r.body)
	}
	var p page
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		b.t.Fatalf("table of %s: %v in %s", path, err, r.body)
	}
	return p
}

func (p page) text() string {
	text, _ := json.Marshal(p.Rows)
	return string(text)
}

const nameColumn = `{"entity":"App","columns":[{"name":"title","columnType":"Property","definition":"name"}]}`

// facts B.6: columns of all kinds, and the answer's shape.
func TestTableColumnsB6(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann).login()
	p := b.page("app", "filter="+query1("name sw 'S' or name sw 'D'")+"&sortColumn=name&orderAscending=false", `{"entity":"App","columns":[
		{"name":"id","columnType":"Property","definition":"id"},
		{"name":"stream","columnType":"Property","definition":"stream.name"},
		{"name":"owner","columnType":"Property","definition":"owner.userId"},
		{"name":"size","columnType":"Property","definition":"fileSize"},
		{"name":"when","columnType":"Property","definition":"publishTime"},
		{"name":"tags","columnType":"List","definition":"tag","list":[{"name":"name","columnType":"Property","definition":"name"}]},
		{"name":"cp","columnType":"List","definition":"CustomPropertyValue","list":[
			{"name":"n","columnType":"Property","definition":"definition.name"},{"name":"v","columnType":"Property","definition":"value"}]},
		{"name":"cnt","columnType":"Function","definition":"Count(App.Object)"},
		{"name":"may","columnType":"Privileges","definition":"privileges"}]}`)
	if p.Type != "App" || p.SchemaPath != "Table" || !isGUID(p.ID) {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff([]string{"id", "stream", "owner", "size", "when", "tags", "cp", "cnt", "may"}, p.ColumnNames); diff != "" {
		t.Error(diff)
	}
	may := `["read","update","delete","export","publish","exportdata","offlineaccess","duplicate"]`
	want := fmt.Sprintf(`[[%q,"Everyone","ann",1000,"2024-05-03T10:30:00.000Z",`+
		`{"columnNames":["name"],"rows":[["gold"],["silver"]]},`+
		`{"columnNames":["n","v"],"rows":[["Department","Sales"],["Department","HR"]]},5,%s],`+
		`[%q,null,"ann",3000,"1753-01-01T00:00:00.000Z",{"columnNames":["name"],"rows":[]},{"columnNames":["n","v"],"rows":[]},0,%s]]`,
		c.sales.ID, may, c.draft.ID, may)
	if diff := cmp.Diff(want, p.text()); diff != "" {
		t.Error(diff)
	}
}

// facts B.6: of other types, too; the path's type may be given with letters of any case.
func TestTablesOfOtherTypesB6(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	for _, tt := range []struct{ path, entity, definition, want string }{
		{"App/Object", "App.Object", "app.owner.userId", `[["ann"],["ann"],["ann"],["ann"],["ann"],["ann"]]`},
		{"User", "User", "roles", `[[["RootAdmin"]],[[]],[[]]]`},
		{"stream", "Stream", "owner.name", `[["Root"],["Root"]]`},
		{"reloadtask", "ReloadTask", "operational.lastExecutionResult.status", `[[8],[0]]`},
		{"dataconnection", "DataConnection", "type", `[["QvOdbcConnectorPackage.exe"]]`},
		{"tag", "Tag", "name", `[["gold"],["silver"]]`},
		{"app/hublist", "App", "name", `[["Sales"],["Margin"]]`},
	} {
		p := b.page(tt.path, "", fmt.Sprintf(`{"entity":%q,"columns":[{"name":"x","columnType":"Property","definition":%q}]}`, tt.entity, tt.definition))
		if p.text() != tt.want || p.Type != tt.entity {
			t.Errorf("%s: %s %s, want %s", tt.path, p.Type, p.text(), tt.want)
		}
	}
}

// facts B.6: pages by skip and take, sorted by a column of the request or a property.
func TestTablePagesB6(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	for parameters, want := range map[string]string{
		"skip=0&take=2&sortColumn=title":                         `[["Draft 'A'"],["Margin"]]`,
		"skip=2&take=2&sortColumn=title":                         `[["Sales"]]`,
		"skip=3&take=2&sortColumn=title":                         `[]`,
		"skip=1000&take=2&sortColumn=title":                      `[]`,
		"take=0":                                                 `[]`,
		"skip=0&take=1&sortColumn=title&orderAscending=false":    `[["Sales"]]`,
		"skip=0&take=1&sortColumn=fileSize&orderAscending=false": `[["Draft 'A'"]]`,
		"skip=0&take=9&sortColumn=id&orderAscending=true":        `[["Sales"],["Margin"],["Draft 'A'"]]`,
		"sortColumn=name&filter=" + query1("published eq true"):  `[["Margin"],["Sales"]]`,
	} {
		if got := b.page("app", parameters, nameColumn).text(); got != want {
			t.Errorf("%s: %s, want %s", parameters, got, want)
		}
	}
}

// facts B.6: what isn't defined is refused with 400.
func TestBadTablesB6(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	column := func(c string) string { return `{"entity":"App","columns":[` + c + `]}` }
	for _, tt := range []struct{ parameters, body string }{
		{"", ""},
		{"", "[]"},
		{"", `{"entity":"App","columns":[]}`},
		{"", strings.Replace(nameColumn, `"App"`, `"Stream"`, 1)},
		{"", column(`{"name":"two words","columnType":"Property","definition":"name"}`)},
		{"", column(`{"name":"","columnType":"Property","definition":"name"}`)},
		{"", column(`{"name":"x","columnType":"Property","definition":"nosuch"}`)},
		{"", column(`{"name":"x","columnType":"Property","definition":"stream"}`)},
		{"", column(`{"name":"x","columnType":"Property","definition":"tags.name"}`)},
		{"", column(`{"name":"x","columnType":"Nonsense","definition":"name"}`)},
		{"", column(`{"name":"x","columnType":"List","definition":"tag"}`)},
		{"", column(`{"name":"x","columnType":"List","definition":"stream","list":[{"name":"n","columnType":"Property","definition":"name"}]}`)},
		{"", column(`{"name":"x","columnType":"List","definition":"tag","list":[{"name":"n","columnType":"Property","definition":"nosuch"}]}`)},
		{"", column(`{"name":"x","columnType":"Function","definition":"Sum(App)"}`)},
		{"", column(`{"name":"x","columnType":"Function","definition":"Count(Nosuch)"}`)},
		{"skip=x", nameColumn},
		{"take=-1", nameColumn},
		{"sortColumn=nosuch", nameColumn},
		{"filter=x", nameColumn},
	} {
		if r := b.do("POST", "/qrs/app/table?"+tt.parameters, tt.body); r.status != 400 {
			t.Errorf("%s %s: %d %s", tt.parameters, tt.body, r.status, r.body)
		}
	}
}

// facts B.7: a selection is listed, counted, paged and dropped.
func TestSelectionB7(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := direct(t, s, "")
	made := func(path, body string) (sel struct {
		ID    string
		Items []struct{ Type, ObjectID, ObjectName string }
	},
	) {
		r := b.do("POST", path, body)
		if r.status != 201 {
			t.Fatalf("%s: %d %s", path, r.status, r.body)
		}
		if err := json.Unmarshal([]byte(r.body), &sel); err != nil {
			t.Fatal(err)
		}
		return sel
	}
	sel := made("/qrs/selection/app?filter="+query1("published eq true"), "{}")
	if len(sel.Items) != 2 || sel.Items[0].Type != "App" || sel.Items[0].ObjectID != c.sales.ID || sel.Items[0].ObjectName != "Sales" {
		t.Errorf("%+v", sel)
	}
	if got := b.names("/qrs/selection/" + sel.ID + "/app/full"); len(got) != 2 {
		t.Errorf("full %q", got)
	}
	if got := b.must(200, "/qrs/selection/"+sel.ID+"/app/count").body; got != `{"value":2}` {
		t.Errorf("count %s", got)
	}
	if got := b.page("selection/"+sel.ID+"/app", "sortColumn=name", nameColumn).text(); got != `[["Margin"],["Sales"]]` {
		t.Errorf("table %s", got)
	}
	if got := b.names("/qrs/selection/" + sel.ID + "/stream"); len(got) != 0 {
		t.Errorf("streams of a selection of apps: %q", got)
	}
	if r := b.do("DELETE", "/qrs/selection/"+sel.ID, ""); r.status != 204 {
		t.Errorf("delete: %d", r.status)
	}
	b.must(404, "/qrs/selection/"+sel.ID+"/app")
	sel = made("/qrs/selection", fmt.Sprintf(`{"items":[{"type":"App","objectID":%q},{"type":"App","objectID":%q}]}`, c.draft.ID, guidOf(999)))
	if got := b.names("/qrs/selection/" + sel.ID + "/app"); len(got) != 1 || got[0] != "Draft 'A'" {
		t.Errorf("by id: %q", got)
	}
}
