package qixmap

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestInlineFieldsAreNumberedInQliksOrder(t *testing.T) {
	t.Parallel()
	dim := func(f string) string { return `{'qDef':{'qFieldDefs':['` + f + `']}}` }
	mea := func(f string) string { return `{'qDef':{'qDef':'` + f + `'}}` }
	cube := func(d, m string) string { return `{'qDimensions':[` + d + `],'qMeasures':[` + m + `]}` }
	for _, c := range []struct {
		name, members string
		want          map[string]string
	}{
		{
			"the cell's own cube, though it stands last, then layers in property order",
			`,'layers':[{'qHyperCubeDef':` + cube(dim("b"), mea("2")) + `,'geodata':{'qHyperCubeDef':` + cube(dim("c"), "") + `}}],
			'gaLayers':[{'qHyperCubeDef':` + cube(dim("d"), mea("3")) + `}],'qHyperCubeDef':` + cube(dim("a"), mea("1")),
			map[string]string{"dimension/0": "a", "dimension/1": "b", "dimension/2": "c", "dimension/3": "d", "measure/0": "1", "measure/1": "2", "measure/2": "3"},
		},
		{
			"the order of properties, not of names",
			`,'z':{'qHyperCubeDef':` + cube(dim("z"), "") + `},'a':{'qHyperCubeDef':` + cube(dim("a"), "") + `}`,
			map[string]string{"dimension/0": "z", "dimension/1": "a"},
		},
		{
			"a list object; a nested one doesn't count",
			`,'qListObjectDef':{'qDef':{'qFieldDefs':['a']},'qListObjectDef':` + dim("x") + `},'other':{'qListObjectDef':` + dim("y") + `}`,
			map[string]string{"dimension/0": "a"},
		},
		{
			"stale definitions don't count",
			`,'qHyperCubeDef':{'qDimensions':[` + dim("a") + `],'qLayoutExclude':{'qHyperCubeDef':` + cube(dim("x"), mea("9")) + `}},
			'qLayoutExclude':{'qHyperCubeDef':` + cube(dim("x"), "") + `},'qUndoExclude':{'gaLayers':[{'qHyperCubeDef':` + cube(dim("y"), mea("8")) + `}]}`,
			map[string]string{"dimension/0": "a"},
		},
		{
			"drill-down and cyclic dimensions: all fields, one per line",
			`,'qHyperCubeDef':{'qDimensions':[{'qDef':{'qGrouping':'H','qFieldDefs':['Region','=Year(D)','[Order No]']}}]}`,
			map[string]string{"dimension/0": "Region\n=Year(D)\n[Order No]"},
		},
		{
			"members missing or of other types",
			`,'qHyperCubeDef':{'qDimensions':[null,7,{},{'qDef':null}],'qMeasures':{'a':1}}`,
			map[string]string{"dimension/0": "", "dimension/1": "", "dimension/2": "", "dimension/3": ""},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Map(testOptions(), sheetWith(t, cell("C", c.members)))
			wantNoGaps(t, s)
			got := map[string]string{}
			for k, f := range formulas(s) {
				got[strings.TrimPrefix(k, "S/C/")] = f
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("formulas (-want +got):\n%s", diff)
			}
		})
	}
}

func withMasters(t testing.TB, read *App) *App {
	t.Helper()
	read.Measures = append(read.Measures, object(t, "mm", `{'createdDate':'2024-03-01T10:00:00.0Z'}`, `{'qInfo':{'qId':'mm','qType':'measure'},
		'qMeasure':{'qLabel':'Turnover','qDef':'Sum(Amount)','qLabelExpression':'=1','qNumFormat':{'qType':'F','qnDec':2}},
		'qMetaDef':{'title':'Revenue','description':'net','tags':['kpi','']}}`))
	read.Dimensions = append(read.Dimensions, object(t, "md", "", `{'qInfo':{'qId':'md','qType':'dimension'},
		'qDim':{'qGrouping':'H','qFieldDefs':['Region','Country'],'qFieldLabels':['R','C'],'title':'x'},'qMetaDef':{'title':'Geography'}}`))
	return read
}

func TestMasterItems(t *testing.T) {
	t.Parallel()
	s := Map(testOptions(), withMasters(t, testApp()))
	wantNoGaps(t, s)
	want := []catalog.ReportField{
		{
			Key: "q/app-1/md", Report: "q/app-1", Type: catalog.Dimension, Origin: catalog.OriginMaster, Name: "Geography", Formula: "Region\nCountry",
			Attributes: catalog.Attributes{"grouping": "drill-down", "field_labels": []string{"R", "C"}},
		},
		{
			Key: "q/app-1/mm", Report: "q/app-1", Type: catalog.Measure, Origin: catalog.OriginMaster, Name: "Revenue", Label: "Turnover", Formula: "Sum(Amount)",
			Description: "net", Tags: []string{"kpi"}, CreatedAt: day(1),
			Attributes: catalog.Attributes{"label_expression": "=1", "number_format": js(t, `{'qType':'F','qnDec':2}`).Plain()},
		},
	}
	if diff := cmp.Diff(want, s.Fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNamesAndFormulasOfInlineFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, use              string
		wantName, wantLabel, formula string
		master                       catalog.Key
	}{
		{"measure: its label", "measure", `{'qDef':{'qLabel':'L','qLabelExpression':'=x','qDef':'=Sum(a)'}}`, "L", "L", "=Sum(a)", ""},
		{"measure: its label expression", "measure", `{'qDef':{'qLabel':'','qLabelExpression':'=x','qDef':'Sum(a)'}}`, "=x", "", "Sum(a)", ""},
		{"measure: its formula", "measure", `{'qDef':{'qDef':'Sum(a)'}}`, "Sum(a)", "", "Sum(a)", ""},
		{"measure of the library: the master's name", "measure", `{'qLibraryId':'mm','qDef':{'qDef':''}}`, "Revenue", "", "Sum(Amount)", "q/app-1/mm"},
		{"measure of the library with a label", "measure", `{'qLibraryId':'mm','qDef':{'qLabel':'Mine'}}`, "Mine", "Mine", "Sum(Amount)", "q/app-1/mm"},
		{"measure of the library, stale formula", "measure", `{'qLibraryId':'mm','qDef':{'qDef':'old'}}`, "Revenue", "", "Sum(Amount)", "q/app-1/mm"},
		{"measure that leads nowhere", "measure", `{'qLibraryId':'zz','qDef':{'qDef':'old'}}`, "", "", "", ""},
		{"measure that leads to a dimension", "measure", `{'qLibraryId':'md','qDef':{'qLabel':'L'}}`, "L", "L", "", ""},
		{"dimension: its first field label", "dimension", `{'qDef':{'qFieldDefs':['F'],'qFieldLabels':['L','M'],'qLabel':'N'}}`, "L", "L", "F", ""},
		{"dimension: its label", "dimension", `{'qDef':{'qFieldDefs':['F'],'qFieldLabels':[''],'qLabel':'N'}}`, "N", "N", "F", ""},
		{"dimension: its label expression", "dimension", `{'qDef':{'qFieldDefs':['F'],'qLabelExpression':'=x'}}`, "=x", "", "F", ""},
		{"dimension: its formula", "dimension", `{'qDef':{'qFieldDefs':['=Year(D)'],'qFieldLabels':['']}}`, "=Year(D)", "", "=Year(D)", ""},
		{"dimension of the library", "dimension", `{'qLibraryId':'md','qDef':{'qFieldDefs':[],'qFieldLabels':[]}}`, "Geography", "", "Region\nCountry", "q/app-1/md"},
		{"dimension that leads nowhere", "dimension", `{'qLibraryId':'zz','qDef':{'qFieldLabels':['L']}}`, "L", "L", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list := map[string]string{"measure": "qMeasures", "dimension": "qDimensions"}[c.kind]
			s := Map(testOptions(), withMasters(t, sheetWith(t, cell("C", `,'qHyperCubeDef':{'`+list+`':[`+c.use+`]}`))))
			wantNoGaps(t, s)
			f := fieldOf(t, s, catalog.Key("q/app-1/S/C/"+c.kind+"/0"))
			if f.Name != c.wantName || f.Label != c.wantLabel || f.Formula != c.formula || f.Master != c.master {
				t.Errorf("name %q label %q formula %q master %q; want %q %q %q %q", f.Name, f.Label, f.Formula, f.Master, c.wantName, c.wantLabel, c.formula, c.master)
			}
			if f.Report != "q/app-1/S/C" || f.Origin != catalog.OriginInline || f.Incomplete {
				t.Errorf("row %+v", f)
			}
		})
	}
}

func TestAnInstanceHasItsMastersFieldsAndNoChildren(t *testing.T) {
	t.Parallel()
	read := withMasters(t, sheetWith(t,
		`{'qProperty':{'qInfo':{'qId':'I','qType':'childObject'},'qExtendsId':'M','qMetaDef':{}},'qChildren':[`+cell("X", "")+`]}`))
	read.Masters = []Object{object(t, "M", "", `{'qProperty':{'qInfo':{'qId':'M','qType':'masterobject'},'visualization':'filterpane',
		'qMetaDef':{'title':'Filters','description':'D','tags':['t']},'title':'Master',
		'qHyperCubeDef':{'qDimensions':[{'qLibraryId':'md'},{'qDef':{'qFieldDefs':['City']}}],'qMeasures':[{'qLibraryId':'mm'},{'qLibraryId':'zz'},{'qDef':{'qDef':'=Avg(x)'}}]}},
		'qChildren':[`+cell("L", `,'qListObjectDef':{'qDef':{'qFieldDefs':['child']}}`)+`]}`)}
	s := Map(testOptions(), read)
	wantNoGaps(t, s)
	want := map[string]string{
		"md": "Region\nCountry", "mm": "Sum(Amount)", "M": "Region\nCountry\nCity\nSum(Amount)\n=Avg(x)",
		"S/I/dimension/0": "Region\nCountry", "S/I/dimension/1": "City",
		"S/I/measure/0": "Sum(Amount)", "S/I/measure/1": "", "S/I/measure/2": "=Avg(x)",
	}
	if diff := cmp.Diff(want, formulas(s)); diff != "" {
		t.Errorf("formulas (-want +got):\n%s", diff)
	}
	if len(s.Reports) != 3 { // app, sheet, instance
		t.Errorf("%d reports, want 3: neither the instance's nor the master's children are cells", len(s.Reports))
	}
	m := fieldOf(t, s, "q/app-1/M")
	if m.Type != catalog.MasterObject || m.Name != "Filters" || m.Description != "D" || m.Report != "q/app-1" || !cmp.Equal(m.Tags, []string{"t"}) {
		t.Errorf("master object %+v", m)
	}
	r := reportOf(t, s, "q/app-1/S/I")
	if r.Type != "filterpane" || r.Attributes["master_object"] != "q/app-1/M" || r.Attributes["object_type"] != "childObject" {
		t.Errorf("instance %+v", r)
	}
}

func TestMastersThatExtendEachOtherEnd(t *testing.T) {
	t.Parallel()
	read := sheetWith(t, cell("C", `,'qExtendsId':'A'`), cell("D", `,'qExtendsId':'D'`))
	ring := func(id, extends, members string) Object {
		return object(t, id, "", `{'qProperty':{'qInfo':{'qId':'`+id+`'},'qExtendsId':'`+extends+`'`+members+`}}`)
	}
	read.Masters = []Object{
		ring("A", "B", `,'title':'a'`), ring("B", "A", `,'subtitle':'b','qHyperCubeDef':{'qMeasures':[{'qDef':{'qDef':'1'}}]}`), ring("D", "D", ""),
	}
	s := Map(testOptions(), read)
	r := reportOf(t, s, "q/app-1/S/C")
	if r.Name != "a" || r.SourceDescription != "b" || fieldOf(t, s, "q/app-1/S/C/measure/0").Formula != "1" {
		t.Errorf("a master's master counts too: %+v", r)
	}
}
