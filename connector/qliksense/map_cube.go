package qliksense

import (
	"strconv"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A cube is a hypercube definition or a list object definition in an object's properties, with its
// dimensions and measures in Qlik's order.
type cube struct {
	path       string // where a further cube stands, "gaLayers[0]"; "" for the object's own
	def        jsonValue
	dimensions []jsonValue
	measures   []jsonValue
}

// cubesOf finds an object's cubes in the order of contract §3: its own cube and list object first,
// then further cubes (map layers …) in property order. A list object that isn't the object's own
// doesn't count, nor do definitions that Qlik keeps for undoing or excludes from the layout.
func cubesOf(p jsonValue) []cube {
	var all []cube
	if def := p.get("qHyperCubeDef"); def.kind == jsonObject {
		all = append(all, newCube("", def))
	}
	if def := p.get("qListObjectDef"); def.kind == jsonObject {
		all = append(all, cube{def: def, dimensions: []jsonValue{def}})
	}
	for _, member := range p.members {
		all = appendCubes(all, member.name, stepInto(member))
	}
	return all
}

// stepInto is a member's value, or nothing for a member whose cubes don't count.
func stepInto(member jsonMember) jsonValue {
	switch member.name {
	case "qLayoutExclude", "qUndoExclude":
		return jsonValue{}
	default:
		return member.value
	}
}

// appendCubes finds the cubes under a value, depth first, in property order.
func appendCubes(all []cube, path string, v jsonValue) []cube {
	for _, member := range v.members {
		if member.name == "qHyperCubeDef" && member.value.kind == jsonObject {
			all = append(all, newCube(path, member.value))
		}
		all = appendCubes(all, path+"."+member.name, stepInto(member))
	}
	for i, item := range v.items {
		all = appendCubes(all, path+"["+strconv.Itoa(i)+"]", item)
	}
	return all
}

func newCube(path string, def jsonValue) cube {
	return cube{
		path:       path,
		def:        def,
		dimensions: def.get("qDimensions").items,
		measures:   def.get("qMeasures").items,
	}
}

// mapInline makes the rows of a cell's inline dimensions and measures. Their numbers go on from cube
// to cube.
func (m *mapper) mapInline(cell catalog.Key, p jsonValue) {
	dimension, measure := 0, 0
	for _, c := range cubesOf(p) {
		for _, d := range c.dimensions {
			m.addInline(m.inlineDimension(d), catalog.InlineDimensionKey(cell, dimension), cell, c.path)
			dimension++
		}
		for _, d := range c.measures {
			m.addInline(m.inlineMeasure(d), catalog.InlineMeasureKey(cell, measure), cell, c.path)
			measure++
		}
	}
}

func (m *mapper) addInline(f catalog.ReportField, key, cell catalog.Key, cube string) {
	f.Key, f.Report, f.Origin = key, cell, catalog.OriginInline
	put(f.Attributes, "cube", cube)
	f.Attributes = none(f.Attributes)
	m.out.Fields = append(m.out.Fields, f)
}

// inlineDimension is the row of a dimension in a cube, or of a list object, without its key.
func (m *mapper) inlineDimension(use jsonValue) catalog.ReportField {
	def := use.get("qDef")
	labels := def.get("qFieldLabels")
	label := ""
	if len(labels.items) > 0 {
		label = textOf(labels.items[0])
	}
	f := catalog.ReportField{
		Type:       catalog.Dimension,
		Label:      firstText(label, textOf(def.get("qLabel"))),
		Formula:    fieldLines(def.get("qFieldDefs")),
		Attributes: catalog.Attributes{},
	}
	a := f.Attributes
	put(a, "grouping", grouping(def))
	if len(labels.items) > 1 {
		put(a, "field_labels", labels.strs())
	}
	inlineAttributes(a, use, def)
	m.resolve(&f, use, m.dimensions, catalog.PartDimensions)
	f.Name = firstText(f.Label, labelExpression(use, def), f.Name, f.Formula)
	return f
}

// inlineMeasure is the row of a measure in a cube, without its key.
func (m *mapper) inlineMeasure(use jsonValue) catalog.ReportField {
	def := use.get("qDef")
	f := catalog.ReportField{
		Type:        catalog.Measure,
		Label:       textOf(def.get("qLabel")),
		Formula:     textOf(def.get("qDef")),
		Description: textOf(def.get("qDescription")),
		Tags:        def.get("qTags").strs(),
		Attributes:  catalog.Attributes{},
	}
	a := f.Attributes
	put(a, "number_format", def.get("qNumFormat"))
	put(a, "expressions", def.get("qExpressions"))
	put(a, "trend_lines", use.get("qTrendLines"))
	inlineAttributes(a, use, def)
	m.resolve(&f, use, m.measures, catalog.PartMeasures)
	f.Name = firstText(f.Label, labelExpression(use, def), f.Name, f.Formula)
	return f
}

// resolve follows a use's library id. A use takes its master's formula; one whose id leads nowhere
// has none. Name is the master's name here: the caller prefers the use's own label.
func (m *mapper) resolve(f *catalog.ReportField, use jsonValue, items map[string]*masterItem, part catalog.Part) {
	id := use.get("qLibraryId").str()
	if id == "" {
		return
	}
	item, ok := items[id]
	switch {
	case ok && !item.unread:
		f.Master, f.Formula, f.Name = item.key, item.formula, item.name
	case ok || m.missing(part, catalog.ItemKey(m.app, id)):
		// The library couldn't be read: what the catalog knows of this row stays.
		f.Master, f.Formula, f.Incomplete = catalog.ItemKey(m.app, id), "", true
	default:
		f.Formula = ""
		put(f.Attributes, "library_id", id)
	}
}

// labelExpression is the label expression of a use; its text, never its value.
func labelExpression(use, def jsonValue) string {
	return firstText(textOf(def.get("qLabelExpression")), textOf(use.get("qLabelExpression")))
}

// inlineAttributes are what dimensions and measures in a cube have alike.
func inlineAttributes(a catalog.Attributes, use, def jsonValue) {
	put(a, "label_expression", labelExpression(use, def))
	put(a, "sort_expressions", sortExpressions(use, def))
	put(a, "attribute_expressions", expressionsOf(use.get("qAttributeExpressions"), "qExpression"))
	put(a, "attribute_dimensions", expressionsOf(use.get("qAttributeDimensions"), "qDef"))
	put(a, "search_expressions", expressionsOf(use.get("qExpressions"), "qExpr"))
	put(a, "calculation_condition", firstText(textOf(use.get("qCalcCondition", "qCond")), textOf(use.get("qCalcCond"))))
	put(a, "calculation_message", textOf(use.get("qCalcCondition", "qMsg")))
	put(a, "link", textOf(def.get("representation", "linkUrl")))
}

// sortExpressions are the expressions that a use is sorted by.
func sortExpressions(use, def jsonValue) []string {
	var all []string
	for _, c := range def.get("qSortCriterias").items {
		all = append(all, textOf(c.get("qExpression")))
	}
	all = append(all, textOf(use.get("qSortBy", "qExpression")))
	return kept(all)
}

// expressionsOf are the expressions of attribute expressions and the like, with what they are for.
func expressionsOf(list jsonValue, member string) []any {
	var all []any
	for _, item := range list.items {
		a := catalog.Attributes{}
		put(a, "id", item.get("id").str())
		put(a, "expression", textOf(item.get(member)))
		put(a, "library_id", item.get("qLibraryId").str())
		if len(a) > 0 {
			all = append(all, map[string]any(a))
		}
	}
	return all
}

// kept are the texts that say something.
func kept(texts []string) []string {
	var all []string
	for _, t := range texts {
		if t != "" {
			all = append(all, t)
		}
	}
	return all
}
