package qliktest

import (
	"fmt"
	"time"
)

// objects makes the app's sheets, master objects and the objects that every app has.
func (m *appMaker) objects() []Item {
	items := []Item{
		m.item(m.head(0), Tree{Property: encode(object{"qInfo": info("LoadModel", "LoadModel"), "qMetaDef": object{}, "tables": []any{}, "queries": []any{}, "associations": object{}})}),
		m.item(m.head(1), Tree{Property: encode(object{"qInfo": info(m.appPropsID(), "appprops"), "qMetaDef": object{}, "sheetTitleBgColor": "", "rtl": false})}),
	}
	items = append(items, m.alike(m.by.common().masters)...)
	m.charts = m.o.MasterObjects
	sheets := m.o.Sheets
	if m.hasPrivateSheet() {
		sheets++
	}
	for i := range sheets {
		h := m.sheetHead(i)
		items = append(items, m.item(h, m.sheet(i, h)))
	}
	return items
}

func (m *appMaker) appPropsID() string { return DeriveID(m.app.id, "appprops") }

func (m *appMaker) masterObject(i int) commonItem {
	p := m.chart(masterObjectID(i), dataCharts[i%len(dataCharts)])
	h := itemHead{id: masterObjectID(i), typ: "masterobject", title: fmt.Sprintf("Master %s %d", p["visualization"], i+1), description: "For all sheets"}
	p["qInfo"] = info(h.id, h.typ)
	p["qMetaDef"] = meta(h, "master")
	p["masterVersion"] = 0.96
	return commonItem{h, encode(p)}
}

// sheetHead is sheet i; one more than the app's sheets is the private sheet of somebody.
func (m *appMaker) sheetHead(i int) itemHead {
	h := itemHead{id: sheetID(i), typ: "sheet", title: fmt.Sprintf("Sheet %d: %s", i+1, subjects[(m.number+i)%len(subjects)])}
	if i == m.o.Sheets {
		h.title, h.owner = "My own view", m.users[1+m.number%3]
	}
	h.description = "Generated sheet " + h.title
	return h
}

func (m *appMaker) hasPrivateSheet() bool {
	return m.app.published && m.number%8 == 3 && m.o.Sheets > 0
}

// The grid of a sheet, as the Sense client makes it (facts C.8).
const gridColumns, gridRows = 24, 12

func (m *appMaker) sheet(i int, h itemHead) Tree {
	n := max(1, m.o.ChartsPerSheet)
	cells := []object{}
	var children []Tree
	for k := range m.o.ChartsPerSheet {
		child, typ := m.cell(i, k)
		id, _ := child.Info()
		cells = append(cells, object{
			"name": id, "type": typ, "col": k * gridColumns / n, "row": 0, "colspan": max(1, gridColumns/n), "rowspan": gridRows,
			"bounds": object{"x": float64(k) * 100 / float64(n), "y": 0, "width": 100 / float64(n), "height": 100},
		})
		children = append(children, child)
	}
	return Tree{
		Property: encode(object{
			"qInfo": info(h.id, h.typ), "qMetaDef": object{"title": h.title, "description": h.description},
			"rank": float64(i) + 0.5, "columns": gridColumns, "rows": gridRows, "cells": cells, "gridResolution": "small",
			"thumbnail": object{"qStaticContentUrlDef": object{}}, "qChildListDef": object{"qData": object{"title": "/title"}},
		}),
		Children: children,
	}
}

// dataCharts are the visualizations that have a hypercube.
var dataCharts = []string{
	"barchart", "linechart", "kpi", "table", "piechart", "combochart", "pivot-table", "scatterplot", "treemap", "gauge", "histogram", "sn-table",
}

// cell makes cell k of sheet i: a filter pane, a container or an instance of a master object at
// the head of some sheets, texts now and then, and charts.
func (m *appMaker) cell(i, k int) (Tree, string) {
	id := fmt.Sprintf("s%02dc%02d", i+1, k+1)
	switch {
	case k == 0 && i%3 == 0:
		return m.filterPane(id), "filterpane"
	case k == 0 && i%3 == 1:
		return m.container(id), "container"
	case k == 0 && m.o.MasterObjects > 0:
		master := i % m.o.MasterObjects
		typ := dataCharts[master%len(dataCharts)]
		return Tree{Property: encode(object{"qInfo": info(id, typ), "qExtendsId": masterObjectID(master)})}, typ
	case (m.number+k)%9 == 8:
		return Tree{Property: encode(object{
			"qInfo": info(id, "text-image"), "qMetaDef": object{}, "visualization": "text-image", "title": "",
			"markdown": "**Note** Ω", "qHyperCubeDef": object{"qDimensions": []any{}, "qMeasures": []any{}},
		})}, "text-image"
	}
	typ := dataCharts[(m.number+i*7+k)%len(dataCharts)]
	return Tree{Property: encode(m.chart(id, typ))}, typ
}

// chart makes the properties of a visualization with a hypercube, of library and inline
// dimensions and measures in turn.
func (m *appMaker) chart(id, typ string) object {
	m.charts++
	n := m.charts
	dims := []object{}
	if typ != "kpi" && typ != "gauge" {
		dims = append(dims, m.dimension(n))
	}
	if typ == "pivot-table" || typ == "table" || typ == "sn-table" || typ == "treemap" {
		dims = append(dims, m.dimension(n+1))
	}
	measures := []object{m.measure(n)}
	if typ == "scatterplot" || typ == "combochart" || typ == "table" {
		measures = append(measures, m.measure(n+1))
	}
	p := object{
		"qInfo": info(id, typ), "qMetaDef": object{}, "visualization": typ, "showTitles": true, "version": "1.2.0",
		"title": fmt.Sprintf("%s %d", measureField(n), n), "subtitle": "by " + dimensionField(n), "footnote": "Source: DWH",
		"qHyperCubeDef": object{
			"qDimensions": dims, "qMeasures": measures, "qMode": "S", "qInterColumnSortOrder": []int{0, 1},
			"qInitialDataFetch": []object{{"qLeft": 0, "qTop": 0, "qWidth": 10, "qHeight": 500}},
		},
	}
	if n%6 == 5 {
		p["title"] = object{"qStringExpression": object{"qExpr": fmt.Sprintf("='%s ' & vYear", measureField(n))}}
	}
	return p
}

func (m *appMaker) dimension(n int) object {
	if n%2 == 0 && m.o.Dimensions > 0 {
		return object{"qLibraryId": dimensionID(n % m.o.Dimensions), "qDef": object{"qGrouping": "N", "qFieldDefs": []any{}}}
	}
	field := dimensionField(n % len(dimensionFields))
	return object{"qDef": object{
		"qGrouping": "N", "qFieldDefs": []string{"[" + field + "]"}, "qFieldLabels": []string{field}, "cId": fmt.Sprintf("d%d", n),
	}}
}

func (m *appMaker) measure(n int) object {
	if n%2 == 0 && m.o.Measures > 0 {
		return object{"qLibraryId": measureID(n % m.o.Measures), "qDef": object{"qNumFormat": object{"qType": "U"}}}
	}
	field := measureField(n % len(measureFields))
	return object{"qDef": object{
		"qLabel": "Avg " + field, "qDef": fmt.Sprintf("Avg([%s])", field), "qNumFormat": object{"qType": "U", "qnDec": 10}, "cId": fmt.Sprintf("m%d", n),
	}}
}

func (m *appMaker) filterPane(id string) Tree {
	t := Tree{Property: encode(object{
		"qInfo": info(id, "filterpane"), "qMetaDef": object{}, "visualization": "filterpane", "title": "",
		"qChildListDef": object{"qData": object{"info": "/qInfo"}},
	})}
	for k := range 2 {
		def := m.dimension(m.charts + k)
		def["qInitialDataFetch"] = []object{{"qLeft": 0, "qTop": 0, "qWidth": 1, "qHeight": 100}}
		t.Children = append(t.Children, Tree{Property: encode(object{
			"qInfo": info(fmt.Sprintf("%slb%d", id, k+1), "listbox"), "visualization": "listbox",
			"title": dimensionField(m.charts + k), "qListObjectDef": def,
		})})
	}
	return t
}

func (m *appMaker) container(id string) Tree {
	var refs []object
	var children []Tree
	for k, typ := range []string{"barchart", "table"} {
		ref := fmt.Sprintf("%sr%d", id, k+1)
		refs = append(refs, object{"refId": ref, "label": "Tab " + typ, "isMaster": false, "cId": fmt.Sprintf("%st%d", id, k+1)})
		p := m.chart(fmt.Sprintf("%sk%d", id, k+1), typ)
		p["containerChildId"] = ref
		children = append(children, Tree{Property: encode(p)})
	}
	return Tree{
		Property: encode(object{
			"qInfo": info(id, "container"), "qMetaDef": object{}, "visualization": "container", "title": "Tabs",
			"children": refs, "qChildListDef": object{"qData": object{"containerChildId": "/containerChildId"}},
		}),
		Children: children,
	}
}

// sinceEdited is how much later an app's row moved than those of its items.
const sinceEdited = time.Hour
