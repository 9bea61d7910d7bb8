package qliktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// layout gives the layout of an object.
func (c *rawClient) layout(doc int, id string) json.RawMessage {
	c.t.Helper()
	return c.do(c.handle(doc, "GetObject", fmt.Sprintf(`[%q]`, id)), "GetLayout", `[]`, "qLayout")
}

// facts C.3, C.7, C.8: hypercubes, nested ones too; no measure expression, dangling references marked,
// NaN as text, titles evaluated, repeated members kept.
func TestEngineChartLayout(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, false)
	l := c.layout(doc, "chart1")
	same(t, "whole", l, `{"qInfo":{"qId":"chart1","qType":"barchart"},
		"qMeta":{"privileges":["read","update","delete","approve","publish","changeowner"]},"qSelectionInfo":{},
		"title":"'A' & vX","subtitle":"","showTitles":false,
		"qHyperCube":{"qSize":{"qcx":5,"qcy":24},"qDimensionInfo":[
			{"qLibraryId":"dimCountry","qFallbackTitle":"'The ' & 'land'","qCardinal":24,"qSortIndicator":"N","qGroupFallbackTitles":["Land"],
			 "qDimensionType":"D","qGrouping":"N","qGroupFieldDefs":["[Country]"],"qTags":["$ascii","$text"],"qMin":"NaN","qMax":"NaN","cId":"c1"},
			{"qLibraryId":"gone","qError":{"qErrorCode":8001}},
			{"qFallbackTitle":"Year","qSortIndicator":"N","qGroupFallbackTitles":["Year"],"qDimensionType":"D","qGroupFieldDefs":["=Year(D)"],"qMin":"NaN","qMax":"NaN"}],
		 "qMeasureInfo":[
			{"qLibraryId":"meaAmount","qFallbackTitle":"Total","qSortIndicator":"N","qNumFormat":{"qType":"F","qnDec":2},"qMin":"NaN","qMax":"NaN","cId":"c2"},
			{"qFallbackTitle":"Avg(Amount)","qSortIndicator":"N","qMin":"NaN","qMax":"NaN"}],"qMode":"S"},
		"qUndoExclude":{"generated":{"qHyperCube":{"qSize":{"qcx":1,"qcy":1},"qMeasureInfo":[{"qFallbackTitle":"Sum(X)","qSortIndicator":"N","qMin":"NaN","qMax":"NaN"}]}}},
		"gaLayers":[{"qHyperCube":{"qSize":{"qcx":1,"qcy":24},"qDimensionInfo":[{"qFallbackTitle":"Country","qCardinal":24,"qSortIndicator":"N",
			"qGroupFallbackTitles":["Country"],"qDimensionType":"D","qGroupFieldDefs":["Country"],"qTags":["$ascii","$text"],"qMin":"NaN","qMax":"NaN"}]}}],
		"title":"twice"}`)
	for _, cube := range [][]byte{get(get(l, "qHyperCube"), "qMeasureInfo")} {
		if bytes.Contains(cube, []byte(`"qDef"`)) {
			t.Errorf("a measure's layout has its expression: %s", cube)
		}
	}
	noData, doc := openSales(t, ann, true)
	if cube := get(noData.layout(doc, "chart1"), "qHyperCube"); get(cube, "qSize") != nil || bytes.Contains(cube, []byte("qCardinal")) {
		t.Errorf("a hypercube without data has some: %s", cube)
	}
}

// facts C.8: a list object's dimension info is one object; filter panes list their children.
func TestEngineListBoxLayout(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	info := at(c.layout(doc, "lb1"), "/qListObject/qDimensionInfo")
	same(t, "list box", info, `{"qFallbackTitle":"Country","qSortIndicator":"N","qGroupFallbackTitles":["Country"],"qDimensionType":"D",
		"qGroupFieldDefs":["Country"],"qMin":"NaN","qMax":"NaN"}`)
	items := itemsOf(at(c.layout(doc, "fp1"), "/qChildList/qItems"))
	if len(items) != 1 {
		t.Fatalf("%d children", len(items))
	}
	same(t, "child", get(items[0], "qData"), `{"info":{"qId":"lb1","qType":"listbox"}}`)
}

// facts C.7, C.8: sheets list their children; instances come merged with their master; a lost master is
// an error 8000.
func TestEngineSheetAndInstanceLayouts(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	sheet := c.layout(doc, "shBase")
	same(t, "thumbnail", get(sheet, "thumbnail"), `{"qStaticContentUrl":{"qUrl":"/media/4.png"}}`)
	same(t, "label", get(sheet, "labelExpression"), `"Label"`)
	children := at(sheet, "/qChildList/qItems")
	if got := fmt.Sprint(ids(t, children)); got != "[chart1 inst1 lost1 fp1]" {
		t.Errorf("children %s", got)
	}
	same(t, "title of an instance", at(children, "/1/qData"), `{"title":"From master"}`)
	instance := c.layout(doc, "inst1")
	same(t, "instance", get(instance, "qInfo"), `{"qId":"inst1","qType":"barchart"}`)
	same(t, "extends", get(instance, "qExtendsId"), `"master1"`)
	same(t, "column", at(instance, "/qHyperCube/qDimensionInfo/0/cId"), `"c9"`)
	lost := c.handle(doc, "GetObject", `["lost1"]`)
	c.fails(lost, "GetLayout", `[]`, 8000)
	c.do(lost, "GetProperties", `[]`, "qProp")
}

// Objects that extend each other end, as those that extend nobody do.
func TestEngineMastersInACircle(t *testing.T) {
	t.Parallel()
	site := engineSite()
	site.Apps[0].Load = func() *Content {
		return &Content{Objects: []Item{
			{Tree: tree(`{"qInfo":{"qId":"a","qType":"masterobject"},"qExtendsId":"b"}`)},
			{Tree: tree(`{"qInfo":{"qId":"b","qType":"masterobject"},"qExtendsId":"a"}`)},
			{Tree: tree(`{"qInfo":{"qId":"c","qType":"masterobject"},"qExtendsId":"a"}`)},
		}}
	}
	c := connect(t, startSite(t, site, Options{}), site.Users[ann], "/app/"+salesID)
	doc := c.openDoc(salesID, true)
	for _, id := range []string{"a", "b", "c"} {
		h := c.handle(doc, "GetObject", fmt.Sprintf(`[%q]`, id))
		c.do(h, "GetEffectiveProperties", `[]`, "qProp")
		c.fails(h, "GetLayout", `[]`, 8000)
	}
}

// facts C.8: a dimension's layout has its fields' infos.
func TestEngineLibraryLayouts(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, false)
	l := c.do(c.handle(doc, "GetDimension", `["dimCountry"]`), "GetLayout", `[]`, "qLayout")
	same(t, "infos", get(l, "qDimInfos"), `[{"qTags":["$ascii","$text"],"qCardinal":24}]`)
	same(t, "title", at(l, "/qMeta/title"), `"Country"`)
	l = c.do(c.handle(doc, "GetMeasure", `["meaAmount"]`), "GetLayout", `[]`, "qLayout")
	same(t, "measure", at(l, "/qMeasure/qLabel"), `"Total"`)
	c.do(c.handle(doc, "GetBookmark", `["bm1"]`), "GetLayout", `[]`, "qLayout")
}

// What the simulated site evaluates, and what it gives for the rest.
func TestExpressionsOfLayouts(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"='Sales'": "Sales", "'Sales'": "Sales", "Sum(x)": "Sum(x)", "=Sum(x)": "Sum(x)", "": "", "='A' & 'B'": "'A' & 'B'", "plain": "plain", "''": "",
	} {
		if got := evaluated(expr); got != want {
			t.Errorf("evaluated(%q) = %q, want %q", expr, got, want)
		}
	}
	for expr, want := range map[string]string{"": `"NaN"`, "=0": "0", "1": "1", "=True()": "-1", "false": "0", "=Sum(x)>3": "1", "=2.5": "2.5"} {
		if got := string(render(computed(expr), true)); got != want {
			t.Errorf("computed(%q) = %s, want %s", expr, got, want)
		}
	}
}

// facts C.10: pages of more than 10,000 cells are refused.
func TestEngineDataPages(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	h := c.handle(doc, "GetObject", `["chart1"]`)
	c.do(h, "GetHyperCubeData", `["/qHyperCubeDef",[{"qLeft":0,"qTop":0,"qWidth":10,"qHeight":1000}]]`, "qDataPages")
	c.fails(h, "GetHyperCubeData", `["/qHyperCubeDef",[{"qLeft":0,"qTop":0,"qWidth":10,"qHeight":1001}]]`, 7009)
}
