package qliktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// list creates a list object and gives the items of its layout.
func (c *rawClient) list(doc int, def, member string) json.RawMessage {
	c.t.Helper()
	h := c.handle(doc, "CreateSessionObject", `[{"qInfo":{"qType":"aList"},`+def+`}]`)
	return at(c.do(h, "GetLayout", `[]`, "qLayout"), "/"+member+"/qItems")
}

// facts C.7, G.2: the sheet list with evaluated data, "" for dead paths, no cells when there are none.
func TestEngineSheetList(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	items := itemsOf(c.list(doc, `"qAppObjectListDef":{"qType":"sheet","qData":{"title":"/qMetaDef/title",
		"labelExpression":"/labelExpression","showCondition":"/showCondition","thumbnail":"/thumbnail","cells":"/cells",
		"rank":"/rank","columns":"/columns","dead":"/no/where"}}`, "qAppObjectList"))
	if len(items) != 2 {
		t.Fatalf("%d sheets: %s", len(items), items)
	}
	same(t, "base sheet", items[0], `{"qInfo":{"qId":"shBase","qType":"sheet"},"qMeta":{"title":"Überblick <1> & mehr","description":"all",
		"createdDate":"2024-03-01T10:11:12.345Z","modifiedDate":"2024-03-03T10:11:12.345Z","published":true,
		"publishTime":"2024-03-05T10:11:12.345Z","approved":true,"owner":{"id":"00000000-0000-4000-8000-000000000001","userId":"ann",
		"userDirectory":"CORP","userDirectoryConnectorName":"CORP","name":"ANN","privileges":null},"sourceObject":"","draftObject":"",
		"privileges":["read","update","delete","approve","publish","changeowner"],"_resourcetype":"app.object","_objecttype":"sheet","id":"row-sheet"},
		"qData":{"title":"Überblick <1> & mehr","labelExpression":"Label","showCondition":"","thumbnail":{"qStaticContentUrl":{"qUrl":"/media/4.png"}},
		"cells":[{"name":"chart1","type":"barchart","col":0}],"rank":-0.5,"columns":24,"dead":""}}`)
	same(t, "community sheet's data", get(items[1], "qData"),
		`{"title":"Community","labelExpression":"","showCondition":"","thumbnail":"","rank":"","columns":"","dead":""}`)
	meta := get(items[1], "qMeta")
	if text(meta, "_resourcetype") != "app.object" || string(get(meta, "approved")) != "false" || string(get(meta, "published")) != "true" ||
		string(get(meta, "privileges")) != `["read"]` {
		t.Errorf("community sheet's meta: %s", meta)
	}
	bobs, doc := openSales(t, bob, true)
	for _, it := range itemsOf(bobs.do(doc, "GetObjects", `{"qOptions":{"qTypes":["sheet"]}}`, "qList")) {
		if text(get(it, "qInfo"), "qId") == "shBob" && text(get(it, "qMeta"), "publishTime") != "1753-01-01T00:00:00.000Z" {
			t.Errorf("private sheet: %s", it)
		}
	}
}

// facts C.7: all lists of app objects, by type.
func TestEngineAppObjectLists(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	for typ, want := range map[string]string{
		"sheet": "[shBase shCommunity]", "masterobject": "[master1]", "LoadModel": "[LoadModel]",
		"story": "[]", "appprops": "[]", "dynamicappview": "[]", "ColorMap": "[]",
	} {
		got := ids(t, c.list(doc, fmt.Sprintf(`"qAppObjectListDef":{"qType":%q}`, typ), "qAppObjectList"))
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", typ, got, want)
		}
	}
	for _, tt := range []struct{ def, member, want string }{
		{`"qBookmarkListDef":{"qType":"bookmark","qData":{"title":"/qMetaDef/title","sheetId":"/sheetId"}}`, "qBookmarkList", "[bm1]"},
		{`"qBookmarkListDef":{"qType":"snapshot"}`, "qBookmarkList", "[snap1]"},
		{`"qMediaListDef":{}`, "qMediaList", "[]"},
	} {
		if got := fmt.Sprint(ids(t, c.list(doc, tt.def, tt.member))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.def, got, tt.want)
		}
	}
	for method, params := range map[string]string{"GetMediaList": `[]`, "GetContentLibraries": `[]`, "GetLibraryContent": `["Default"]`} {
		c.do(doc, method, params, "qList")
	}
	same(t, "bookmarks", json.RawMessage(fmt.Sprintf("%q", ids(t, c.do(doc, "GetBookmarks", `[{"qTypes":["bookmark"]}]`, "qList")))), `["bm1"]`)
}

// facts C.7: dimension and measure lists; qFieldDefs resolves to "".
func TestEngineLibraryLists(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, false)
	dims := itemsOf(c.list(doc, `"qDimensionListDef":{"qType":"dimension","qData":{"title":"/qMetaDef/title","tags":"/qMetaDef/tags",
		"grouping":"/qDim/qGrouping","info":"/qDimInfos","labelExpression":"/qDim/qLabelExpression","fields":"/qDim/qFieldDefs"}}`, "qDimensionList"))
	same(t, "dimension", get(dims[0], "qData"), `{"title":"Country","tags":["geo"],"grouping":"N",
		"info":[{"qTags":["$ascii","$text"],"qCardinal":24}],"labelExpression":"'The ' & 'land'","fields":""}`)
	if meta := get(dims[0], "qMeta"); text(meta, "_objecttype") != "dimension" || text(meta, "id") != "row-dim" {
		t.Errorf("meta: %s", meta)
	}
	measures := itemsOf(c.list(doc, `"qMeasureListDef":{"qType":"measure","qData":{"title":"/qMetaDef/title","expression":"/qMeasure/qDef"}}`, "qMeasureList"))
	same(t, "measure", get(measures[0], "qData"), `{"title":"Total amount","expression":"Sum(Amount)"}`)
}

// facts C.5, C.7, C.8: variables with where they came from.
func TestEngineVariables(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	all := `{"qType":"variable","qShowReserved":true,"qShowConfig":true,"qData":{"tags":"/tags"}}`
	for def, want := range map[string]string{
		`{"qType":"variable"}`:                                          "[v1 v4]",
		`{"qType":"variable","qShowConfig":true}`:                       "[v1 v2 v4]",
		`{"qType":"variable","qShowReserved":true,"qShowConfig":false}`: "[v1 v3 v4]",
		all: "[v1 v2 v3 v4]",
	} {
		if got := fmt.Sprint(ids(t, c.do(doc, "GetVariables", `[`+def+`]`, "qList"))); got != want {
			t.Errorf("GetVariables(%s): %s, want %s", def, got, want)
		}
		if got := fmt.Sprint(ids(t, c.list(doc, `"qVariableListDef":`+def, "qVariableList"))); got != want {
			t.Errorf("list %s: %s, want %s", def, got, want)
		}
	}
	items := itemsOf(c.do(doc, "GetVariables", `{"qListDef":`+all+`}`, "qList"))
	if !strings.HasPrefix(string(items[0]), `{"qName":"vTarget","qDescription":"goal","qDefinition":"=Sum(Budget)","qMeta":{"createdDate":"2024-03-01T`) ||
		!strings.HasSuffix(string(items[0]), `"qInfo":{"qId":"v1","qType":"variable"},"qData":{"tags":["t"]}}`) {
		t.Errorf("variable of a user: %s", items[0])
	}
	same(t, "config", get(items[1], "qIsConfig"), "true")
	same(t, "script-created", get(items[3], "qIsScriptCreated"), "true")
	same(t, "reserved", get(items[2], "qIsReserved"), "true")
	if get(items[0], "qIsScriptCreated") != nil {
		t.Errorf("a user's variable is script-created: %s", items[0])
	}
	for name, want := range map[string][2]string{"vTarget": {`"Sum(Budget)"`, `"NaN"`}, "vYear": {`"2024"`, `2024`}, "ThousandSep": {`","`, `"NaN"`}} {
		h := c.handle(doc, "GetVariableByName", fmt.Sprintf(`[%q]`, name))
		l := c.do(h, "GetLayout", `[]`, "qLayout")
		same(t, name, get(l, "qText"), want[0])
		same(t, name, get(l, "qNum"), want[1])
	}
	h := c.handle(doc, "GetVariableByName", `["vTarget"]`)
	same(t, "raw", c.do(h, "GetRawContent", `[]`, "qReturn"), `"=Sum(Budget)"`)
}

// facts C.5: GetObjects by type, with session objects when asked.
func TestEngineObjectsByType(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	c.handle(doc, "CreateSessionObject", `[{"qInfo":{"qId":"so","qType":"mine"}}]`)
	for _, tt := range []struct {
		options string
		want    []string
	}{
		{`{"qTypes":["sheet","masterobject"],"qIncludeSessionObjects":false,"qData":{}}`, []string{"shBase", "shCommunity", "master1"}},
		{`{"qTypes":["mine"]}`, nil},
		{`{"qTypes":["mine"],"qIncludeSessionObjects":true}`, []string{"so"}},
		{`{}`, []string{"shBase", "shCommunity", "master1", "LoadModel"}},
	} {
		if got := ids(t, c.do(doc, "GetObjects", `[`+tt.options+`]`, "qList")); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.options, got, tt.want)
		}
	}
	items := itemsOf(c.do(doc, "GetObjects", `[{"qTypes":["masterobject"],"qData":{"title":"/qMetaDef/title","v":"/visualization","c":"/cells"}}]`, "qList"))
	same(t, "projection", get(items[0], "qData"), `{"title":"Master","v":"barchart"}`)
	// "If the chosen identifier is already in use, the engine automatically sets another one."
	again := text(c.do(doc, "CreateSessionObject", `[{"qInfo":{"qId":"so","qType":"mine"}}]`, "qReturn"), "qGenericId")
	if again == "" || again == "so" {
		t.Errorf("a second session object of the id so has the id %q, want another one", again)
	}
	c.fails(doc, "CreateSessionObject", `[{"qInfo":{}}]`, -32602)
}
