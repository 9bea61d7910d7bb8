package qliktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// ids gives the qIds of qInfos or of list items.
func ids(t *testing.T, raw json.RawMessage) (all []string) {
	t.Helper()
	var items []struct {
		QID   string `json:"qId"`
		QInfo struct {
			QID string `json:"qId"`
		}
	}
	if err := json.Unmarshal(raw, &items); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	for _, i := range items {
		all = append(all, i.QID+i.QInfo.QID)
	}
	return all
}

// facts C.5: GetAllInfos has objects with children, measures, dimensions and bookmarks, no variables,
// and nothing that the user may not see.
func TestEngineAllInfos(t *testing.T) {
	t.Parallel()
	for user, private := range map[int]bool{ann: false, bob: true, root: false} {
		c, doc := openSales(t, user, true)
		got := ids(t, c.do(doc, "GetAllInfos", `[]`, "qInfos"))
		for _, id := range []string{"shBase", "chart1", "inst1", "fp1", "lb1", "shCommunity", "master1", "LoadModel", "dimCountry", "meaAmount", "bm1"} {
			if !slices.Contains(got, id) {
				t.Errorf("user %d: %s is missing", user, id)
			}
		}
		if slices.Contains(got, "shHidden") || slices.Contains(got, "v1") || slices.Contains(got, "shBob") != private {
			t.Errorf("user %d sees %q", user, got)
		}
	}
}

// facts C.5: handles of all kinds, null handles for what is unknown or forbidden.
func TestEngineHandles(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	for _, tt := range []struct{ method, id, kind, typ string }{
		{"GetObject", "master1", "GenericObject", "masterobject"},
		{"GetObject", "chart1", "GenericObject", "barchart"},
		{"GetDimension", "dimCountry", "GenericDimension", "dimension"},
		{"GetMeasure", "meaAmount", "GenericMeasure", "measure"},
		{"GetBookmark", "bm1", "GenericBookmark", "bookmark"},
		{"GetVariableById", "v1", "GenericVariable", "variable"},
		{"GetVariableByName", "vYear", "GenericVariable", "variable"},
	} {
		var r struct {
			QType, QGenericType, QGenericID string
			QHandle                         int
		}
		raw := c.do(doc, tt.method, fmt.Sprintf(`[%q]`, tt.id), "qReturn")
		if err := json.Unmarshal(raw, &r); err != nil || r.QType != tt.kind || r.QGenericType != tt.typ || r.QHandle < 2 {
			t.Errorf("%s(%s): %s", tt.method, tt.id, raw)
			continue
		}
		c.do(r.QHandle, "GetLayout", `[]`, "qLayout")
		c.do(r.QHandle, "GetProperties", `[]`, "qProp")
	}
	for method, id := range map[string]string{
		"GetObject": "shBob", "GetDimension": "meaAmount", "GetMeasure": "x", "GetBookmark": "x",
		"GetVariableById": "x", "GetVariableByName": "x",
	} {
		same(t, method, c.do(doc, method, fmt.Sprintf(`{%q:%q}`, map[bool]string{true: "qName", false: "qId"}[method == "GetVariableByName"], id), "qReturn"),
			`{"qType":null,"qHandle":null}`)
	}
}

// facts C.5: what handles of objects answer.
func TestEngineObjectCalls(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	sheet := c.handle(doc, "GetObject", `["shBase"]`)
	same(t, "info", c.do(sheet, "GetInfo", `[]`, "qInfo"), `{"qId":"shBase","qType":"sheet"}`)
	if got := ids(t, c.do(sheet, "GetChildInfos", `[]`, "qInfos")); !slices.Equal(got, []string{"chart1", "inst1", "lost1", "fp1"}) {
		t.Errorf("children: %q", got)
	}
	pane := c.handle(sheet, "GetChild", `["fp1"]`)
	same(t, "child of a child", c.do(sheet, "GetChild", `["lb1"]`, "qReturn"), `{"qType":null,"qHandle":null}`)
	if up := c.handle(pane, "GetParent", `[]`); up != sheet {
		t.Errorf("parent has handle %d, want %d", up, sheet)
	}
	same(t, "parent of the root", c.do(sheet, "GetParent", `[]`, "qReturn"), `{"qType":null,"qHandle":null}`)
	same(t, "snapshot", c.do(sheet, "GetSnapshotObject", `[]`, "qReturn"), `{"qType":null,"qHandle":null}`)

	want, _ := json.Marshal(withChildren(baseSheet()))
	var tree Tree
	if err := json.Unmarshal(c.do(sheet, "GetFullPropertyTree", `[]`, "qPropEntry"), &tree); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(withChildren(tree))
	same(t, "tree", got, string(want))

	instance := c.handle(doc, "GetObject", `["inst1"]`)
	same(t, "instance", c.do(instance, "GetProperties", `[]`, "qProp"), `{"qInfo":{"qId":"inst1","qType":"barchart"},"qExtendsId":"master1"}`)
	same(t, "effective", c.do(instance, "GetEffectiveProperties", `[]`, "qProp"), `{"qInfo":{"qId":"inst1","qType":"barchart"},
		"qMetaDef":{"title":"Master","tags":["m"]},"visualization":"barchart","title":"From master",
		"qHyperCubeDef":{"qDimensions":[{"qLibraryId":"dimCountry","qDef":{"cId":"c9"}}],"qMeasures":[]},"qExtendsId":"master1"}`)
	master := c.handle(doc, "GetObject", `["master1"]`)
	same(t, "instances", c.do(master, "GetLinkedObjects", `[]`, "qItems"), `[{"qInfo":{"qId":"inst1","qType":"barchart"},"qRootId":"shBase"}]`)
	dim := c.handle(doc, "GetDimension", `["dimCountry"]`)
	if got := ids(t, c.do(dim, "GetLinkedObjects", `[]`, "qItems")); !slices.Equal(got, []string{"chart1", "master1"}) {
		t.Errorf("users of a dimension: %q", got)
	}
	c.do(dim, "GetDimension", `[]`, "qDim")
	c.do(c.handle(doc, "GetMeasure", `["meaAmount"]`), "GetMeasure", `[]`, "qMeasure")
	c.fails(dim, "GetChildInfos", `[]`, -32601)
}

// withChildren makes missing children an empty list, as JSON has it.
func withChildren(t Tree) Tree {
	children := make([]Tree, 0, len(t.Children))
	for _, c := range t.Children {
		children = append(children, withChildren(c))
	}
	t.Children = children
	return t
}

// facts C.5: app layout and app properties; the stored members stay, the Repository knows better.
func TestEngineAppLayoutAndProperties(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, bob, true)
	const meta = `"createdDate":"2024-03-01T10:11:12.345Z","modifiedDate":"2024-03-06T10:11:12.345Z","published":true,
		"publishTime":"2024-03-05T10:11:12.345Z","privileges":["read"],"description":"What is sold","dynamicColor":"",
		"stream":{"id":"5f0f2d1c-0000-4000-8000-000000000001","name":"Everyone"}`
	same(t, "layout", c.do(doc, "GetAppLayout", `[]`, "qLayout"), `{"qTitle":"Sales","qFileName":"`+salesID+`",
		"qLastReloadTime":"2024-03-07T10:11:12.345Z","qHasScript":true,"qMeta":{`+meta+`},
		"qThumbnail":{"qUrl":"/appcontent/x.png"},"qIsOpenedWithoutData":true,"qReadOnly":true}`)
	props := string(c.do(doc, "GetAppProperties", `[]`, "qProp"))
	for _, want := range []string{
		`{"qTitle":"Sales","qHasSectionAccess":false,"custom":{"a":0,"b":""},"qLastReloadTime":"2024-03-07T10:11:12.345Z"`,
		`"qMigrationHash":"h2"`, `"qSavedInProductVersion":"12.2056.15"`, `"published":true`, `"create":[{"resource":"sheet"`,
		`"canCreateDataConnections":false`, `"stream":{"id"`,
	} {
		if !strings.Contains(props, want) {
			t.Errorf("app properties lack %s: %s", want, props)
		}
	}
	owner, doc := openSales(t, ann, false)
	if l := string(owner.do(doc, "GetAppLayout", `[]`, "qLayout")); !strings.Contains(l, `"qHasData":true`) || strings.Contains(l, "qIsOpenedWithoutData") ||
		!strings.Contains(l, `"privileges":["read","update","delete","publish","exportdata","offlineaccess","duplicate"]`) {
		t.Errorf("layout for the owner, with data: %s", l)
	}
}

// facts C.6: who may read script, lineage and connections.
func TestEngineScriptRights(t *testing.T) {
	t.Parallel()
	reload := []string{
		"GetScript", "GetLineage", "GetConnections", "GetEmptyScript", "GetFavoriteVariables",
		"CheckScriptSyntax", "GetTextMacros", "DoReload",
	}
	reader, doc := openSales(t, bob, true)
	for _, method := range append(reload, "SetScript", "DoSave") {
		if f := reader.fails(doc, method, `[]`, 5); f.Error.Message != "Access denied" {
			t.Errorf("%s: %s", method, f.raw)
		}
	}
	same(t, "GetScriptEx", reader.do(doc, "GetScriptEx", `[]`, "qScript"), `{"qScript":"///$tab Main\r\nLOAD * FROM [lib://x/y.qvd] (qvd);"}`)

	owner, doc := openSales(t, ann, true)
	same(t, "GetScript", owner.do(doc, "GetScript", `[]`, "qScript"), `"///$tab Main\r\nLOAD * FROM [lib://x/y.qvd] (qvd);"`)
	same(t, "GetLineage", owner.do(doc, "GetLineage", `[]`, "qLineage"),
		`[{"qDiscriminator":"{Warehouse (a_b)};","qStatement":"SQL SELECT 1"},{"qDiscriminator":"RESIDENT T;"}]`)
	const warehouse = `{"qId":"c1","qName":"Warehouse","qConnectionString":"ODBC CONNECT TO wh;","qType":"ODBC","qUserName":"etl",
		"qModifiedDate":"2024-03-02T10:11:12.345Z","qMeta":{"createdDate":"2024-03-01T10:11:12.345Z","modifiedDate":"2024-03-02T10:11:12.345Z",
		"privileges":["read","update","delete","changeowner"]},"qLogOn":"LOG_ON_SERVICE_USER"}`
	same(t, "GetConnections", owner.do(doc, "GetConnections", `[]`, "qConnections"), `[`+warehouse+`]`)
	same(t, "GetConnection", owner.do(doc, "GetConnection", `["c1"]`, "qConnection"), warehouse)
	owner.fails(doc, "GetConnection", `["c2"]`, 2001)
	same(t, "GetEmptyScript", owner.do(doc, "GetEmptyScript", `["Haupt"]`, "qReturn"), `"///$tab Haupt\r\n"`)
	owner.fails(doc, "CheckScriptSyntax", `[]`, -32601)
	owner.fails(doc, "SetScript", `["x"]`, -32601)
	admin, doc := openSales(t, root, true)
	if got := ids(t, json.RawMessage(strings.ReplaceAll(string(admin.do(doc, "GetConnections", `[]`, "qConnections")), `"qType"`, `"q"`))); !slices.Equal(got, []string{"c1", "c2"}) {
		t.Errorf("an administrator's connections: %q", got)
	}
}

// facts C.6: script readers have the reload right on an app that isn't theirs.
func TestEngineScriptReaders(t *testing.T) {
	t.Parallel()
	site := engineSite()
	site.Apps[0].ScriptReaders = []*User{site.Users[bob]}
	c := connect(t, startSite(t, site, Options{}), site.Users[bob], "/app/"+salesID)
	doc := c.openDoc(salesID, true)
	c.do(doc, "GetScript", `[]`, "qScript")
	c.do(doc, "GetLineage", `[]`, "qLineage")
	c.fails(doc, "DoSave", `[]`, 5)
}

// facts C.10: dollar expansion with variables.
func TestEngineExpandsExpressions(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	for expr, want := range map[string]string{
		"1+$(vYear)-$(vTarget)": "1+2024-Sum(Budget)", "$(nobody)x": "x", "$(open": "$(open", "plain": "plain",
	} {
		same(t, expr, c.do(doc, "ExpandExpression", fmt.Sprintf(`[%q]`, expr), "qExpandedExpression"), fmt.Sprintf("%q", want))
	}
}
