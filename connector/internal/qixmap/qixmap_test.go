package qixmap

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

// testOptions are a connection with all defaults.

func testOptions() Options {
	return Options{Code: "q", LinkBase: "https://sense.example.com/jwt", PrivateSheets: true}
}

// testApp is a published app of which nothing else was read.

func testApp() *App {
	ann := Person{ID: "o-1", Directory: "ACME", User: "ann", Name: "Ann Example", Email: "ann@example.com"}
	return &App{
		Row: AppRow{
			ID: "app-1", Name: "Sales", Description: "All sales", Owner: ann,
			StreamID: "st-1", StreamName: "Finance", Published: new(true),
			Created: day(1), Modified: day(2), PublishTime: day(3), LastReload: day(4),
		},
		Parent:  catalog.StreamKey("q", "st-1"),
		Version: "v1",
		People:  map[string]Person{"o-1": ann},
	}
}

func day(n int) time.Time { return time.Date(2024, time.March, n, 10, 0, 0, 0, time.UTC) }

// js reads JSON that a test wrote; ' stands for ".

func js(t testing.TB, text string) jsontree.Value {
	t.Helper()
	v, err := jsontree.Parse([]byte(strings.ReplaceAll(text, "'", `"`)))
	if err != nil {
		t.Fatalf("the test's JSON: %v in %s", err, text)
	}
	return v
}

// object is an app object as the Engine gave it; ' stands for ".

func object(t testing.TB, id, meta, entry string) Object {
	t.Helper()
	o := Object{ID: id, Entry: []byte(strings.ReplaceAll(entry, "'", `"`))}
	if meta != "" {
		o.Meta = js(t, meta)
	}
	return o
}

const baseSheet = `{'published':true,'approved':true}`

// sheetWith is an app with one base sheet "S" on which the given cells stand.

func sheetWith(t testing.TB, cells ...string) *App {
	t.Helper()
	read := testApp()
	tree := `{'qProperty':{'qInfo':{'qId':'S','qType':'sheet'},'qMetaDef':{'title':'Overview'}},'qChildren':[` + strings.Join(cells, ",") + `]}`
	read.Sheets = []Object{object(t, "S", baseSheet, tree)}
	return read
}

// cell is a property tree of a cell without children.
func cell(id, members string) string {
	return fmt.Sprintf(`{'qProperty':{'qInfo':{'qId':'%s','qType':'table'}%s},'qChildren':[]}`, id, members)
}

func reportOf(t testing.TB, s *catalog.Snapshot, key catalog.Key) catalog.Report {
	t.Helper()
	for _, r := range s.Reports {
		if r.Key == key {
			return r
		}
	}
	t.Fatalf("no report %s", key)
	return catalog.Report{}
}

func fieldOf(t testing.TB, s *catalog.Snapshot, key catalog.Key) catalog.ReportField {
	t.Helper()
	for _, f := range s.Fields {
		if f.Key == key {
			return f
		}
	}
	t.Fatalf("no field %s", key)
	return catalog.ReportField{}
}

// formulas are what the fields of a snapshot compute, by the end of their keys.

func formulas(s *catalog.Snapshot) map[string]string {
	all := map[string]string{}
	for _, f := range s.Fields {
		all[strings.TrimPrefix(string(f.Key), "q/app-1/")] = f.Formula
	}
	return all
}

func wantNoGaps(t testing.TB, s *catalog.Snapshot) {
	t.Helper()
	for _, g := range s.Gaps {
		t.Errorf("gap %s %s: %v", g.Part, g.Key, g.Err)
	}
}

func TestAnAppIsAGroupUnderItsStreamAndAReport(t *testing.T) {
	t.Parallel()
	read := testApp()
	read.Row.Tags = []string{"gold"}
	read.Row.CustomProperties = map[string][]string{"Area": {"Sales", "Finance"}}
	s := Map(testOptions(), read)
	want := catalog.ReportGroup{
		Key: "q/app/app-1", Parent: "q/stream/st-1", Kind: catalog.GroupApp, Name: "Sales", Description: "All sales",
		Owner: `ACME\ann`, Tags: []string{"gold"}, CreatedAt: day(1), ModifiedAt: day(2),
		Attributes: catalog.Attributes{
			"owner":             map[string]any{"id": "o-1", "name": "Ann Example", "email": "ann@example.com"},
			"custom_properties": map[string][]string{"Area": {"Sales", "Finance"}},
		},
	}
	if diff := cmp.Diff([]catalog.ReportGroup{want}, s.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	r := reportOf(t, s, "q/app-1")
	if r.Type != "Presentation Layer" || r.Kind != catalog.ReportApp || r.Group != "q/app/app-1" || r.Parent != "" || r.SourceDescription != "All sales" {
		t.Errorf("app report is %+v", r)
	}
	if r.URL != "https://sense.example.com/jwt/sense/app/app-1/overview" {
		t.Errorf("url is %s", r.URL)
	}
	if r.Published == nil || !*r.Published || r.Approved != nil || r.PublishedAt != day(3) || r.ReloadedAt != day(4) {
		t.Errorf("published %v at %s, approved %v, reloaded %s", r.Published, r.PublishedAt, r.Approved, r.ReloadedAt)
	}
}

func TestSheetStates(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, c := range []struct {
		name, meta          string
		app                 bool // published
		published, approved *bool
		state               any
	}{
		{"base", `{'published':true,'approved':true}`, true, &yes, &yes, "base"},
		{"community", `{'published':true,'approved':false}`, true, &yes, &no, "community"},
		{"private", `{'published':false}`, true, &no, &no, "private"},
		{"in an unpublished app", `{'published':true,'approved':true}`, false, &no, &no, "private"},
		{"nothing said", ``, true, nil, nil, nil},
		{"state not said", `{'privileges':['read']}`, true, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			read := sheetWith(t)
			read.Row.Published = &c.app
			read.Sheets[0].Meta = jsontree.Value{}
			if c.meta != "" {
				read.Sheets[0].Meta = js(t, c.meta)
			}
			r := reportOf(t, Map(testOptions(), read), "q/app-1/S")
			if diff := cmp.Diff([]any{c.published, c.approved, c.state}, []any{r.Published, r.Approved, r.Attributes["state"]}); diff != "" {
				t.Errorf("published, approved, state (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASheetsRow(t *testing.T) {
	t.Parallel()
	read := testApp()
	read.Sheets = []Object{object(t, "S/1", `{'title':'listed','createdDate':'2024-03-01T10:00:00.000Z','modifiedDate':'2024-03-02T10:00:00Z',
		'publishTime':'1753-01-01T00:00:00.000Z','published':false,'owner':{'id':'o-1','userId':'ann','userDirectory':'ACME'}}`,
		`{'qProperty':{'qInfo':{'qId':'S/1','qType':'sheet'},'qMetaDef':{'title':'Grün','description':'D'},'rank':-0.125,'columns':24,'rows':12,
		'labelExpression':{'qStringExpression':{'qExpr':'=1+1'}},'showCondition':{'qValueExpression':{'qExpr':'vShow'}},
		'thumbnail':{'qStaticContentUrlDef':{'qUrl':'/media/4.png'}}}}`)}
	s := Map(testOptions(), read)
	wantNoGaps(t, s)
	rank, no := -0.125, false
	want := catalog.Report{
		Key: "q/app-1/S%2F1", Group: "q/app/app-1", Parent: "q/app-1", Kind: catalog.ReportSheet, Type: "Sheet", Name: "Grün",
		SourceDescription: "D", Owner: `ACME\ann`, URL: "https://sense.example.com/jwt/sense/app/app-1/sheet/S%2F1/state/analysis",
		Published: &no, Approved: &no, Position: &catalog.Position{Rank: &rank}, CreatedAt: day(1), ModifiedAt: day(2),
		Attributes: catalog.Attributes{
			"application": "Sales", "state": "private", "label_expression": "=1+1", "show_condition": "vShow", "thumbnail": "/media/4.png",
			"owner":   map[string]any{"id": "o-1", "name": "Ann Example", "email": "ann@example.com"},
			"columns": any(js(t, "24").Plain()), "rows": any(js(t, "12").Plain()),
		},
	}
	if diff := cmp.Diff(want, reportOf(t, s, want.Key)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrivateSheetsMayBeLeftOut(t *testing.T) {
	t.Parallel()
	opts := testOptions()
	opts.PrivateSheets = false
	read := sheetWith(t, cell("C", ""))
	read.SheetRows = []SheetRow{{ID: "P", Name: "mine"}, {ID: "B", Published: true, Approved: true}}
	if s := Map(opts, read); len(s.Reports) != 4 { // app, S, C, B
		t.Errorf("%d reports with one private sheet, want 4", len(s.Reports))
	}
	read.Row.Published = new(false)
	if s := Map(opts, read); len(s.Reports) != 1 {
		t.Errorf("%d reports of an unpublished app, want the app alone", len(s.Reports))
	}
}

func TestACellsNameAndDescription(t *testing.T) {
	t.Parallel()
	master := func(members string) Object {
		return object(t, "M", "", `{'qProperty':{'qInfo':{'qId':'M','qType':'masterobject'},'visualization':'barchart'`+members+`}}`)
	}
	for _, c := range []struct {
		name, cell, master, want, description, typ string
	}{
		{"title", `,'visualization':'kpi','title':'T'`, "", "T", "", "kpi"},
		{"expression, kept as text", `,'title':{'qStringExpression':{'qExpr':'=Sum(x)'}}`, "", "=Sum(x)", "", "table"},
		{"no title: the type", `,'title':'','visualization':'kpi'`, "", "kpi", "", "kpi"},
		{"subtitle and footnote", `,'title':'T','subtitle':'a','footnote':{'qStringExpression':'b'}`, "", "T", "a\nb", "table"},
		{"instance with a title", `,'title':'T','qExtendsId':'M'`, `,'title':'MT'`, "T", "", "barchart"},
		{"instance: the master's title", `,'qExtendsId':'M'`, `,'title':'MT','qMetaDef':{'title':'Name'}`, "MT", "", "barchart"},
		{"instance: the master's name", `,'qExtendsId':'M','qMetaDef':{}`, `,'title':'','qMetaDef':{'title':'Name'}`, "Name", "", "barchart"},
		{"instance: the type", `,'qExtendsId':'M'`, ``, "barchart", "", "barchart"},
		{
			"instance: the master's subtitle, its own footnote", `,'qExtendsId':'M','subtitle':'','footnote':'own'`,
			`,'title':'MT','subtitle':'ms','footnote':'mf'`, "MT", "ms\nown", "barchart",
		},
		{"instance of nothing", `,'qExtendsId':'gone'`, ``, "table", "", "table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			read := sheetWith(t, cell("C", c.cell))
			read.Masters = []Object{master(c.master)}
			s := Map(testOptions(), read)
			wantNoGaps(t, s)
			r := reportOf(t, s, "q/app-1/S/C")
			if r.Name != c.want || r.SourceDescription != c.description || r.Type != c.typ {
				t.Errorf("name %q, description %q, type %q; want %q, %q, %q", r.Name, r.SourceDescription, r.Type, c.want, c.description, c.typ)
			}
			if r.Owner != "" || r.Published != nil || r.Approved != nil || !r.CreatedAt.IsZero() || !r.ModifiedAt.IsZero() {
				t.Errorf("a cell has no owner, published, approved and dates: %+v", r)
			}
			if r.URL != reportOf(t, s, "q/app-1/S").URL || r.URL == "" {
				t.Errorf("url %s isn't the sheet's", r.URL)
			}
		})
	}
}

func TestNestedCellsStandUnderTheirContainer(t *testing.T) {
	t.Parallel()
	inner := `{'qProperty':{'qInfo':{'qId':'L','qType':'listbox'},'visualization':'listbox'}}`
	pane := `{'qProperty':{'qInfo':{'qId':'F','qType':'filterpane'},'childRefId':'r1'},'qChildren':[` + inner + `]}`
	container := `{'qProperty':{'qInfo':{'qId':'K','qType':'sn-layout-container'},
		'objects':[{'childRefId':'r1','label':'Tab','condition':{'qValueExpression':{'qExpr':'vTab=1'}}}]},'qChildren':[` + pane + `]}`
	read := sheetWith(t, container, cell("unplaced", ""))
	read.Sheets[0].Entry = []byte(strings.Replace(string(read.Sheets[0].Entry), `"qMetaDef"`,
		`"cells":[{"name":"K","col":1,"row":2,"colspan":3,"rowspan":4,"type":"x"}],"qMetaDef"`, 1))
	s := Map(testOptions(), read)
	wantNoGaps(t, s)
	parents := map[catalog.Key]catalog.Key{}
	for _, r := range s.Reports {
		if r.Kind == catalog.ReportCell {
			parents[r.Key] = r.Parent
		}
	}
	want := map[catalog.Key]catalog.Key{
		"q/app-1/S/K": "q/app-1/S", "q/app-1/S/F": "q/app-1/S/K", "q/app-1/S/L": "q/app-1/S/F", "q/app-1/S/unplaced": "q/app-1/S",
	}
	if diff := cmp.Diff(want, parents); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	if p := reportOf(t, s, "q/app-1/S/K").Position; p == nil || *p.Col != 1 || *p.Row != 2 || *p.Colspan != 3 || *p.Rowspan != 4 || p.Rank != nil {
		t.Errorf("position %+v", p)
	}
	if p := reportOf(t, s, "q/app-1/S/F").Position; p != nil {
		t.Errorf("position %+v of a cell that no grid places", p)
	}
	a := reportOf(t, s, "q/app-1/S/F").Attributes
	if a["tab_label"] != "Tab" || a["tab_condition"] != "vTab=1" || a["application"] != "Sales" {
		t.Errorf("attributes %v", a)
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	read := testApp()
	read.Variables = js(t, `[
		{'qName':'vA','qDefinition':'=Sum(x)','qDescription':'d','qInfo':{'qId':'1'},'qMeta':{'createdDate':'2024-03-01T10:00:00Z'},'qData':{'tags':['t'],'numberPresentation':{'qType':'U'}}},
		{'qName':'ErrorMode','qDefinition':'1','qInfo':{'qId':'2'},'qIsScriptCreated':true},
		{'qName':'StripComments','qInfo':{'qId':'3'},'qIsReserved':true,'qIsScriptCreated':true},
		{'qName':'vEmpty','qInfo':{'qId':'4'},'qIsConfig':true}]`).Items
	s := Map(testOptions(), read)
	wantNoGaps(t, s)
	want := []catalog.ReportField{
		{
			Key: "q/app-1/1", Report: "q/app-1", Type: catalog.Variable, Origin: catalog.OriginMaster, Name: "vA", Formula: "=Sum(x)", Description: "d",
			Tags: []string{"t"}, CreatedAt: day(1), Attributes: catalog.Attributes{"number_format": map[string]any{"qType": "U"}},
		},
		// Its name is that of a system variable; what it is, is said by the flags alone.
		{Key: "q/app-1/2", Report: "q/app-1", Type: catalog.Variable, Origin: catalog.OriginScript, Name: "ErrorMode", Formula: "1"},
	}
	if diff := cmp.Diff(want, s.Fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	opts := testOptions()
	opts.SystemVariables = true
	if all := Map(opts, read).Fields; len(all) != 4 {
		t.Errorf("%d variables with system_variables, want 4", len(all))
	}
}

func TestTheScriptIsKeptByteForByteAndAnEmptyOneHasNoRow(t *testing.T) {
	t.Parallel()
	read := testApp()
	if s := Map(testOptions(), read); len(s.Sources) != 0 {
		t.Errorf("an empty script has a row: %+v", s.Sources)
	}
	read.Script = "\uFEFF///$tab Main\r\nSET x='ü';\n"
	got := Map(testOptions(), read).Sources
	want := []catalog.SourceCode{{
		Key: "q/app-1/script", Report: "q/app-1", Name: "Sales", Type: "Script", Language: "qlik-load-script", Code: read.Script,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheDataModelWithoutSystemTablesAndFields(t *testing.T) {
	t.Parallel()
	read := testApp()
	read.Metadata = []byte(`{"fields":[
		{"name":"$Field","is_system":true,"src_tables":["$$SysTable 1"]},
		{"name":"A/B","src_tables":["T","U"],"cardinal":26,"comment":"c","tags":["$key"],"distinct_only":true},
		{"name":"C","src_tables":["T"],"is_hidden":true},
		{"name":"C"}],
		"tables":[{"name":"$$SysTable 1","is_system":true},{"name":"T","no_of_rows":26,"no_of_fields":4,"no_of_key_fields":1,"comment":"x"},{"name":"U"}],
		"has_section_access":true,"static_byte_size":17}`)
	s := Map(testOptions(), read)
	wantNoGaps(t, s)
	tables := []catalog.ModelTable{
		{Key: "q/app-1/table/T", Report: "q/app-1", Name: "T", Rows: 26, Fields: 4, KeyFields: 1, Comment: "x"},
		{Key: "q/app-1/table/U", Report: "q/app-1", Name: "U"},
	}
	fields := []catalog.ModelField{
		{
			Key: "q/app-1/field/A%2FB", Report: "q/app-1", Name: "A/B", Comment: "c", Tables: []string{"T", "U"}, IsKey: true, Cardinality: 26,
			Tags: []string{"$key"}, Attributes: catalog.Attributes{"distinct_only": true},
		},
		{Key: "q/app-1/field/C", Report: "q/app-1", Name: "C", Tables: []string{"T"}, IsHidden: true},
	}
	if diff := cmp.Diff(tables, s.Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(fields, s.Columns); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if a := reportOf(t, s, "q/app-1").Attributes; a["section_access"] != true {
		t.Errorf("attributes %v", a)
	}
}

func TestNULBecomesTheReplacementCharacterAndNothingElseChanges(t *testing.T) {
	t.Parallel()
	s := Map(testOptions(), sheetWith(t, cell("C", `,'title':'a\u0000b \n\t\u00e9 \ud83d\ude00 '`)))
	if got, want := reportOf(t, s, "q/app-1/S/C").Name, "a\uFFFDb \n\té 😀 "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBusinessDataStaysOutOfAttributes(t *testing.T) {
	t.Parallel()
	s := Map(testOptions(), sheetWith(t, cell("C", `,'actions':[{'actionType':'selectValues','field':'F','value':'Acme Corp'}],
		'color':{'mode':'byDimension','byDimDef':{'key':'F'},'colorMap':{'Acme Corp':1}},'qHyperCubeDef':{'qInitialDataFetch':[{'x':'Acme Corp'}]}`)))
	a := reportOf(t, s, "q/app-1/S/C").Attributes
	if text := fmt.Sprint(a); strings.Contains(text, "Acme") {
		t.Errorf("attributes hold business data: %s", text)
	}
	want := []any{map[string]any{"type": "selectValues", "field": "F"}}
	if diff := cmp.Diff(want, plainList(a["actions"])); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func plainList(v any) []any {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	return list
}
