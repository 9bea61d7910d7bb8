package qliksense

import (
	"errors"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

var (
	errNoID       = errors.New("an object without an id")
	errNoChildren = errors.New("children that aren't a list")
)

// mapChildren makes the rows of the cells under a sheet or a cell, whether or not the sheet's grid
// places them, and of theirs.
func (m *mapper) mapChildren(s sheet, parent catalog.Key, tree jsonValue) {
	children := tree.get("qChildren")
	switch children.kind {
	case jsonAbsent, jsonNull, jsonArray:
	default:
		m.gap(catalog.PartSheet, s.key, unreadable("read cells of", parent, errNoChildren))
	}
	slots := slotsOf(tree.get("qProperty"))
	for i, child := range children.items {
		id := child.get("qProperty", "qInfo", "qId").str()
		if id == "" {
			m.gap(catalog.PartSheet, s.key, unreadable("read cells of", parent, fmt.Errorf("child %d: %w", i, errNoID)))
			continue
		}
		m.mapCell(s, parent, id, child, slots)
	}
}

// mapCell makes the rows of one cell. An instance of a master object has the master's dimensions and
// measures, and no children: those belong to the master.
func (m *mapper) mapCell(s sheet, parent catalog.Key, id string, tree jsonValue, slots map[string]jsonValue) {
	own := tree.get("qProperty")
	p, master := m.merged(own)
	key := catalog.CellKey(s.key, id)
	extends := own.get("qExtendsId").str()
	unread := m.masterUnread(extends, master)
	m.out.Reports = append(m.out.Reports, catalog.Report{
		Key:               key,
		Group:             m.appGroup(),
		Parent:            parent,
		Kind:              catalog.ReportCell,
		Type:              cellType(p, s.cells[id]),
		Name:              m.cellName(p, master, s.cells[id]),
		SourceDescription: lines(textOf(p.get("subtitle")), textOf(p.get("footnote"))),
		URL:               s.url,
		Position:          position(s.cells[id]),
		Tags:              meta{own.get("qMetaDef")}.tags(),
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
func cellType(p, place jsonValue) string {
	return firstText(visualization(p), place.get("type").str())
}

// cellName is the cell's title; without one its master's, then the master's name, then its type.
// merged properties have the master's title where the cell has none.
func (m *mapper) cellName(p jsonValue, master *masterObject, place jsonValue) string {
	name := textOf(p.get("title"))
	if name == "" && master != nil {
		name = textOf(master.properties.get("qMetaDef", "title"))
	}
	return firstText(name, cellType(p, place))
}

// position is where the sheet's grid places a cell; nil for one that it doesn't place.
func position(place jsonValue) *catalog.Position {
	p := catalog.Position{
		Col:     place.get("col").num(),
		Row:     place.get("row").num(),
		Colspan: place.get("colspan").num(),
		Rowspan: place.get("rowspan").num(),
	}
	if p == (catalog.Position{}) {
		return nil
	}
	return &p
}

// slotsOf are the places that a container has for its children, by the reference that the children
// carry: refId of an older container, childRefId of a tabbed or layout container (facts G.2).
func slotsOf(container jsonValue) map[string]jsonValue {
	slots := map[string]jsonValue{}
	for _, list := range []string{"children", "objects"} {
		for _, s := range container.get(list).items {
			if ref := firstText(s.get("childRefId").str(), s.get("refId").str()); ref != "" {
				slots[ref] = s
			}
		}
	}
	return slots
}

// slotOf is a child's place in its container.
func slotOf(slots map[string]jsonValue, own jsonValue) jsonValue {
	for _, ref := range []string{"childRefId", "containerChildId"} {
		if s, ok := slots[own.get(ref).str()]; ok {
			return s
		}
	}
	return jsonValue{}
}

func (m *mapper) cellAttributes(p, own, place jsonValue, slots map[string]jsonValue) catalog.Attributes {
	a := catalog.Attributes{}
	put(a, "application", m.read.App.Name)
	if typ := own.get("qInfo", "qType").str(); typ != visualization(p) {
		put(a, "object_type", typ)
	}
	if id := own.get("qExtendsId").str(); id != "" {
		put(a, "master_object", string(catalog.ItemKey(m.app, id)))
	}
	slot := slotOf(slots, own)
	put(a, "tab_label", textOf(slot.get("label")))
	put(a, "tab_condition", textOf(slot.get("condition")))
	put(a, "bounds", place.get("bounds"))
	put(a, "container_bounds", slot.get("bounds"))
	m.objectAttributes(a, p)
	return a
}

// objectAttributes are what cells and master objects have alike.
func (m *mapper) objectAttributes(a catalog.Attributes, p jsonValue) {
	cube := p.get("qHyperCubeDef")
	put(a, "show_condition", textOf(p.get("showCondition")))
	put(a, "calculation_condition", firstText(textOf(cube.get("qCalcCondition", "qCond")), textOf(cube.get("qCalcCond"))))
	put(a, "calculation_message", textOf(cube.get("qCalcCondition", "qMsg")))
	put(a, "state_name", firstText(p.get("qStateName").str(), cube.get("qStateName").str()))
	put(a, "color", color(p.get("color")))
	put(a, "reference_lines", referenceLines(p))
	put(a, "actions", actions(p))
	put(a, "navigation", navigation(p))
	put(a, "variable", textOf(p.get("variableName")))
	put(a, "text", textOf(p.get("markdown")))
	if typ := visualization(p); typ == "sn-text" {
		put(a, "text", textOf(p.get("text")))
	}
	put(a, "details_expression", textOf(p.get("showDetailsExpression")))
	put(a, "enabled_condition", textOf(p.get("enabledCondition")))
	put(a, "extension", extension(p.get("extensionMeta")))
}

// color is how a chart is colored: by which expression, dimension or measure. Palettes and the colors
// of values are left out; the latter hold business data.
func color(c jsonValue) map[string]any {
	a := catalog.Attributes{}
	put(a, "mode", c.get("mode").str())
	put(a, "expression", textOf(c.get("colorExpression")))
	put(a, "dimension", textOf(c.get("byDimDef", "key")))
	put(a, "measure", textOf(c.get("byMeasureDef", "key")))
	if len(a) == 1 && a["mode"] != nil {
		return nil // a mode alone says nothing that a reader could use
	}
	return a
}

// referenceLines are a chart's reference lines with their expressions.
func referenceLines(p jsonValue) []any {
	var all []any
	for _, list := range []string{"refLines", "refLinesX", "refLinesY", "dimRefLines"} {
		for _, l := range p.get("refLine", list).items {
			a := catalog.Attributes{}
			put(a, "label", textOf(l.get("label")))
			expr := l.get("expression")
			put(a, "expression", firstText(textOf(l.get("qExpr")), textOf(expr), textOf(expr.get("value"))))
			if len(a) > 0 {
				all = append(all, map[string]any(a))
			}
		}
	}
	return all
}

// actions are what a click does (facts C.8). Values are left out: they may be business data.
func actions(p jsonValue) []any {
	var all []any
	for _, x := range p.get("actions").items {
		a := catalog.Attributes{}
		put(a, "type", x.get("actionType").str())
		put(a, "label", textOf(x.get("actionLabel")))
		put(a, "field", textOf(x.get("field")))
		put(a, "variable", textOf(x.get("variable")))
		put(a, "bookmark", textOf(x.get("bookmark")))
		if len(a) > 0 {
			all = append(all, map[string]any(a))
		}
	}
	return all
}

// navigation is where a click leads to.
func navigation(p jsonValue) map[string]any {
	n := p.get("navigation")
	a := catalog.Attributes{}
	put(a, "action", n.get("action").str())
	put(a, "sheet", firstText(textOf(n.get("sheet")), textOf(p.get("sheetLink"))))
	put(a, "app", textOf(n.get("appId")))
	put(a, "url", textOf(n.get("websiteUrl")))
	return a
}

// extension is what an extension says of itself.
func extension(e jsonValue) map[string]any {
	a := catalog.Attributes{}
	for _, name := range []string{"name", "version", "author"} {
		put(a, name, e.get(name).str())
	}
	return a
}
