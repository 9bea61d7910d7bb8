package qliktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const tablesAndKeys = `[{"qcx":1000,"qcy":1000},{"qcx":0,"qcy":0},30,%v,false]`

// facts C.10: tables, fields and keys of an app that is open with data.
func TestEngineTablesAndKeys(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, bob, false)
	f := c.ask(doc, "GetTablesAndKeys", fmt.Sprintf(tablesAndKeys, true))
	same(t, "keys", f.Result["qk"], `[{"qKeyFields":["OrderID"],"qTables":["Orders","Lines"]}]`)
	tables := itemsOf(f.Result["qtr"])
	if len(tables) != 2 {
		t.Fatalf("tables: %s", f.raw)
	}
	if got := text(tables[0], "qName") + string(get(tables[0], "qNoOfRows")); got != "Orders100" {
		t.Errorf("table: %s", tables[0])
	}
	fields := itemsOf(get(tables[0], "qFields"))
	same(t, "field", fields[0], `{"qName":"Country","qPresent":true,"qHasDuplicates":true,"qnRows":100,"qnNonNulls":100,
		"qInformationDensity":1,"qSubsetRatio":1,"qnTotalDistinctValues":24,"qnPresentDistinctValues":24,"qKeyType":"NOT_KEY","qTags":["$ascii","$text"]}`)
	same(t, "key of one row each", get(fields[2], "qKeyType"), `"PERFECT_KEY"`)
	same(t, "key of several rows", at(tables[1], "/qFields/0/qKeyType"), `"ANY_KEY"`)
	f = c.ask(doc, "GetTablesAndKeys", `[{"qcx":1,"qcy":1},{"qcx":0,"qcy":0},30,false,true]`)
	if n := len(itemsOf(f.Result["qtr"])); n != 3 {
		t.Errorf("%d tables with the system's, want 3", n)
	}
	c.fails(doc, "GetTablesAndKeys", `[]`, -32602)
}

// facts C.10: synthetic mode shows $Syn tables instead of the fields that they join.
func TestEngineSyntheticKeys(t *testing.T) {
	t.Parallel()
	site := engineSite()
	site.Apps[0].Load = func() *Content {
		return &Content{Metadata: json.RawMessage(`{"fields":[{"name":"A","src_tables":["T","U"],"cardinal":2},{"name":"B","src_tables":["T","U"],"cardinal":3},
			{"name":"C","src_tables":["T"]}],"tables":[{"name":"T","no_of_rows":4},{"name":"U","no_of_rows":5}]}`)}
	}
	c := connect(t, startSite(t, site, Options{}), site.Users[ann], "/app/"+salesID)
	doc := c.openDoc(salesID, false)
	names := func(f frame) string {
		var all []string
		for _, t := range itemsOf(f.Result["qtr"]) {
			s := text(t, "qName") + ":"
			for _, x := range itemsOf(get(t, "qFields")) {
				s += text(x, "qName") + ","
			}
			all = append(all, s)
		}
		return strings.Join(all, " ")
	}
	source := c.ask(doc, "GetTablesAndKeys", fmt.Sprintf(tablesAndKeys, false))
	if got := names(source); got != "T:A,B,C, U:A,B," {
		t.Errorf("source tables: %s", got)
	}
	same(t, "source keys", source.Result["qk"], `[{"qKeyFields":["A","B"],"qTables":["T","U"]}]`)
	syn := c.ask(doc, "GetTablesAndKeys", fmt.Sprintf(tablesAndKeys, true))
	if got := names(syn); got != "T:$Syn 1,C, U:$Syn 1, $Syn 1 Table:$Syn 1,A,B," {
		t.Errorf("synthetic tables: %s", got)
	}
	same(t, "synthetic field", at(syn.Result["qtr"], "/0/qFields/0"), `{"qName":"$Syn 1","qPresent":true,"qIsSynthetic":true,"qInformationDensity":-1}`)
	same(t, "synthetic keys", syn.Result["qk"], `[{"qKeyFields":["$Syn 1"],"qTables":["T","U","$Syn 1 Table"]}]`)
}

// facts C.4, C.10: without data there are no tables and no fields, and that is no error.
func TestEngineModelWithoutData(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	f := c.ask(doc, "GetTablesAndKeys", fmt.Sprintf(tablesAndKeys, true))
	same(t, "tables", f.Result["qtr"], `[]`)
	same(t, "keys", f.Result["qk"], `[]`)
	same(t, "fields", c.list(doc, `"qFieldListDef":{"qShowSystem":true}`, "qFieldList"), `[]`)
	c.fails(doc, "GetFieldDescription", `["Country"]`, 2)
	c.fails(doc, "GetTableData", `[0,10,false,"Orders"]`, -32601)
}

// facts C.7, C.10: fields of an app that is open with data.
func TestEngineFields(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, false)
	items := c.list(doc, `"qFieldListDef":{"qShowSrcTables":true}`, "qFieldList")
	same(t, "fields", items, `[{"qName":"Country","qCardinal":24,"qTags":["$ascii","$text"],"qSrcTables":["Orders"]},
		{"qName":"Amount","qCardinal":90,"qTags":["$numeric"],"qSrcTables":["Orders"]},
		{"qName":"OrderID","qCardinal":100,"qTags":["$key","$numeric"],"qSrcTables":["Orders","Lines"]}]`)
	if n := len(itemsOf(c.list(doc, `"qFieldListDef":{"qShowSystem":true,"qShowHidden":true}`, "qFieldList"))); n != 4 {
		t.Errorf("%d fields with the system's, want 4", n)
	}
	same(t, "description", c.do(doc, "GetFieldDescription", `["Country"]`, "qReturn"),
		`{"qInternalNumber":1,"qName":"Country","qSrcTables":["Orders"],"qCardinal":24,"qTotalCount":100,"qTags":["$ascii","$text"],"qByteSize":99}`)
	c.fails(doc, "GetFieldDescription", `["Nobody"]`, 2)
}
