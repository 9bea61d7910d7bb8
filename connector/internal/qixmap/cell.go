package qixmap

import (
	"errors"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

var (
	errNoID       = errors.New("an object without an id")
	errNoChildren = errors.New("children that aren't a list")
)

// mapChildren makes the rows of the cells under a sheet or a cell, whether or not the sheet's grid
// places them, and of theirs.
func (m *mapper) mapChildren(s sheet, parent catalog.Key, tree jsontree.Value) {
	children := tree.Get("qChildren")
	switch children.Kind {
	case jsontree.Absent, jsontree.Null, jsontree.Array:
	default:
		m.gap(catalog.PartSheet, s.key, m.unreadable("read cells of", parent, errNoChildren))
	}
	slots := slotsOf(tree.Get("qProperty"))
	for i, child := range children.Items {
		id := child.Get("qProperty", "qInfo", "qId").Str()
		if id == "" {
			m.gap(catalog.PartSheet, s.key, m.unreadable("read cells of", parent, fmt.Errorf("child %d: %w", i, errNoID)))
			continue
		}
		m.mapCell(s, parent, id, child, slots)
	}
}

// mapCell makes the rows of one cell. An instance of a master object has the master's dimensions and
// measures, and no children: those belong to the master.
func (m *mapper) mapCell(s sheet, parent catalog.Key, id string, tree jsontree.Value, slots map[string]jsontree.Value) {
	own := tree.Get("qProperty")
	p, master := m.merged(own)
	key := catalog.CellKey(s.key, id)
	extends := own.Get("qExtendsId").Str()
	unread := m.masterUnread(extends, master)
	m.out.Reports = append(m.out.Reports, catalog.Report{
		Key:               key,
		Group:             m.appGroup(),
		Parent:            parent,
		Kind:              catalog.ReportCell,
		Type:              cellType(p, s.cells[id]),
		Name:              m.cellName(p, master, s.cells[id]),
		SourceDescription: lines(textOf(p.Get("subtitle")), textOf(p.Get("footnote"))),
		URL:               s.url,
		Position:          position(s.cells[id]),
		Tags:              meta{own.Get("qMetaDef")}.tags(),
		Attributes:        m.cellAttributes(p, own, s.cells[id], slots),
		Incomplete:        unread != nil,
	})
	if unread != nil {
		m.gap(catalog.PartSheet, key, unread)
		return
	}
	m.mapInline(key, p)
	if extends == "" {
		m.mapChildren(s, key, tree)
	}
}

// masterUnread is why the master that a cell extends couldn't be read; nil when it was, or when there
// is no such master.
func (m *mapper) masterUnread(extends string, master *masterObject) error {
	switch {
	case extends == "":
		return nil
	case master != nil:
		return master.err
	}
	for _, g := range m.out.Gaps {
		if g.Part == catalog.PartMasterObjects && g.Key == m.app {
			return g.Err // none of them was read
		}
	}
	return nil
}

// cellType is what draws the cell. An instance whose master is gone has only the type of the object
// itself, or the one that the sheet's grid gives it.
func cellType(p, place jsontree.Value) string {
	return FirstText(visualization(p), place.Get("type").Str())
}

// cellName is the cell's title; without one its master's, then the master's name, then its type.
// merged properties have the master's title where the cell has none.
func (m *mapper) cellName(p jsontree.Value, master *masterObject, place jsontree.Value) string {
	name := textOf(p.Get("title"))
	if name == "" && master != nil {
		name = textOf(master.properties.Get("qMetaDef", "title"))
	}
	return FirstText(name, cellType(p, place))
}

// position is where the sheet's grid places a cell; nil for one that it doesn't place.
func position(place jsontree.Value) *catalog.Position {
	p := catalog.Position{
		Col:     place.Get("col").Num(),
		Row:     place.Get("row").Num(),
		Colspan: place.Get("colspan").Num(),
		Rowspan: place.Get("rowspan").Num(),
	}
	if p == (catalog.Position{}) {
		return nil
	}
	return &p
}

// slotsOf are the places that a container has for its children, by the reference that the children
// carry: refId of an older container, childRefId of a tabbed or layout container (facts G.2).
func slotsOf(container jsontree.Value) map[string]jsontree.Value {
	slots := map[string]jsontree.Value{}
	for _, list := range []string{"children", "objects"} {
		for _, s := range container.Get(list).Items {
			if ref := FirstText(s.Get("childRefId").Str(), s.Get("refId").Str()); ref != "" {
				slots[ref] = s
			}
		}
	}
	return slots
}

// slotOf is a child's place in its container.
func slotOf(slots map[string]jsontree.Value, own jsontree.Value) jsontree.Value {
	for _, ref := range []string{"childRefId", "containerChildId"} {
		if s, ok := slots[own.Get(ref).Str()]; ok {
			return s
		}
	}
	return jsontree.Value{}
}

func (m *mapper) cellAttributes(p, own, place jsontree.Value, slots map[string]jsontree.Value) catalog.Attributes {
	a := catalog.Attributes{}
	Put(a, "application", m.read.Row.Name)
	if typ := own.Get("qInfo", "qType").Str(); typ != visualization(p) {
		Put(a, "object_type", typ)
	}
	if id := own.Get("qExtendsId").Str(); id != "" {
		Put(a, "master_object", string(catalog.ItemKey(m.app, id)))
	}
	slot := slotOf(slots, own)
	Put(a, "tab_label", textOf(slot.Get("label")))
	Put(a, "tab_condition", textOf(slot.Get("condition")))
	Put(a, "bounds", place.Get("bounds"))
	Put(a, "container_bounds", slot.Get("bounds"))
	m.objectAttributes(a, p)
	return a
}

// objectAttributes are what cells and master objects have alike.
func (m *mapper) objectAttributes(a catalog.Attributes, p jsontree.Value) {
	cube := p.Get("qHyperCubeDef")
	Put(a, "show_condition", textOf(p.Get("showCondition")))
	Put(a, "calculation_condition", FirstText(textOf(cube.Get("qCalcCondition", "qCond")), textOf(cube.Get("qCalcCond"))))
	Put(a, "calculation_message", textOf(cube.Get("qCalcCondition", "qMsg")))
	Put(a, "state_name", FirstText(p.Get("qStateName").Str(), cube.Get("qStateName").Str()))
	Put(a, "color", color(p.Get("color")))
	Put(a, "reference_lines", referenceLines(p))
	Put(a, "actions", actions(p))
	Put(a, "navigation", navigation(p))
	Put(a, "variable", textOf(p.Get("variableName")))
	Put(a, "text", textOf(p.Get("markdown")))
	if typ := visualization(p); typ == "sn-text" {
		Put(a, "text", textOf(p.Get("text")))
	}
	Put(a, "details_expression", textOf(p.Get("showDetailsExpression")))
	Put(a, "enabled_condition", textOf(p.Get("enabledCondition")))
	Put(a, "extension", extension(p.Get("extensionMeta")))
}

// color is how a chart is colored: by which expression, dimension or measure. Palettes and the colors
// of values are left out; the latter hold business data.
func color(c jsontree.Value) map[string]any {
	a := catalog.Attributes{}
	Put(a, "mode", c.Get("mode").Str())
	Put(a, "expression", textOf(c.Get("colorExpression")))
	Put(a, "dimension", textOf(c.Get("byDimDef", "key")))
	Put(a, "measure", textOf(c.Get("byMeasureDef", "key")))
	if len(a) == 1 && a["mode"] != nil {
		return nil // a mode alone says nothing that a reader could use
	}
	return a
}

// referenceLines are a chart's reference lines with their expressions.
func referenceLines(p jsontree.Value) []any {
	var all []any
	for _, list := range []string{"refLines", "refLinesX", "refLinesY", "dimRefLines"} {
		for _, l := range p.Get("refLine", list).Items {
			a := catalog.Attributes{}
			Put(a, "label", textOf(l.Get("label")))
			expr := l.Get("expression")
			Put(a, "expression", FirstText(textOf(l.Get("qExpr")), textOf(expr), textOf(expr.Get("value"))))
			if len(a) > 0 {
				all = append(all, map[string]any(a))
			}
		}
	}
	return all
}

// actions are what a click does (facts C.8). Values are left out: they may be business data.
func actions(p jsontree.Value) []any {
	var all []any
	for _, x := range p.Get("actions").Items {
		a := catalog.Attributes{}
		Put(a, "type", x.Get("actionType").Str())
		Put(a, "label", textOf(x.Get("actionLabel")))
		Put(a, "field", textOf(x.Get("field")))
		Put(a, "variable", textOf(x.Get("variable")))
		Put(a, "bookmark", textOf(x.Get("bookmark")))
		if len(a) > 0 {
			all = append(all, map[string]any(a))
		}
	}
	return all
}

// navigation is where a click leads to.
func navigation(p jsontree.Value) map[string]any {
	n := p.Get("navigation")
	a := catalog.Attributes{}
	Put(a, "action", n.Get("action").Str())
	Put(a, "sheet", FirstText(textOf(n.Get("sheet")), textOf(p.Get("sheetLink"))))
	Put(a, "app", textOf(n.Get("appId")))
	Put(a, "url", textOf(n.Get("websiteUrl")))
	return a
}

// extension is what an extension says of itself.
func extension(e jsontree.Value) map[string]any {
	a := catalog.Attributes{}
	for _, name := range []string{"name", "version", "author"} {
		Put(a, name, e.Get(name).Str())
	}
	return a
}
