package qixmap

import (
	"strconv"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

// A cube is a hypercube definition or a list object definition in an object's properties, with its
// dimensions and measures in Qlik's order.
type cube struct {
	path       string // where a further cube stands, "gaLayers[0]"; "" for the object's own
	def        jsontree.Value
	dimensions []jsontree.Value
	measures   []jsontree.Value
}

// cubesOf finds an object's cubes in the order of contract §3: its own cube and list object first,
// then further cubes (map layers …) in property order. A list object that isn't the object's own
// doesn't count, nor do definitions that Qlik keeps for undoing or excludes from the layout.
func cubesOf(p jsontree.Value) []cube {
	var all []cube
	if def := p.Get("qHyperCubeDef"); def.Kind == jsontree.Object {
		all = append(all, newCube("", def))
	}
	if def := p.Get("qListObjectDef"); def.Kind == jsontree.Object {
		all = append(all, cube{def: def, dimensions: []jsontree.Value{def}})
	}
	for _, member := range p.Members {
		all = appendCubes(all, member.Name, stepInto(member))
	}
	return all
}

// stepInto is a member's value, or nothing for a member whose cubes don't count.
func stepInto(member jsontree.Member) jsontree.Value {
	switch member.Name {
	case "qLayoutExclude", "qUndoExclude":
		return jsontree.Value{}
	default:
		return member.Value
	}
}

// appendCubes finds the cubes under a value, depth first, in property order.
func appendCubes(all []cube, path string, v jsontree.Value) []cube {
	for _, member := range v.Members {
		if member.Name == "qHyperCubeDef" && member.Value.Kind == jsontree.Object {
			all = append(all, newCube(path, member.Value))
		}
		all = appendCubes(all, path+"."+member.Name, stepInto(member))
	}
	for i, item := range v.Items {
		all = appendCubes(all, path+"["+strconv.Itoa(i)+"]", item)
	}
	return all
}

func newCube(path string, def jsontree.Value) cube {
	return cube{
		path:       path,
		def:        def,
		dimensions: def.Get("qDimensions").Items,
		measures:   def.Get("qMeasures").Items,
	}
}

// mapInline makes the rows of a cell's inline dimensions and measures. Their numbers go on from cube
// to cube.
func (m *mapper) mapInline(cell catalog.Key, p jsontree.Value) {
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
	Put(f.Attributes, "cube", cube)
	f.Attributes = None(f.Attributes)
	m.out.Fields = append(m.out.Fields, f)
}

// inlineDimension is the row of a dimension in a cube, or of a list object, without its key.
func (m *mapper) inlineDimension(use jsontree.Value) catalog.ReportField {
	def := use.Get("qDef")
	labels := def.Get("qFieldLabels")
	label := ""
	if len(labels.Items) > 0 {
		label = textOf(labels.Items[0])
	}
	f := catalog.ReportField{
		Type:       catalog.Dimension,
		Label:      FirstText(label, textOf(def.Get("qLabel"))),
		Formula:    fieldLines(def.Get("qFieldDefs")),
		Attributes: catalog.Attributes{},
	}
	a := f.Attributes
	Put(a, "grouping", grouping(def))
	if len(labels.Items) > 1 {
		Put(a, "field_labels", labels.Strs())
	}
	inlineAttributes(a, use, def)
	m.resolve(&f, use, m.dimensions, catalog.PartDimensions)
	f.Name = FirstText(f.Label, labelExpression(use, def), f.Name, f.Formula)
	return f
}

// inlineMeasure is the row of a measure in a cube, without its key.
func (m *mapper) inlineMeasure(use jsontree.Value) catalog.ReportField {
	def := use.Get("qDef")
	f := catalog.ReportField{
		Type:        catalog.Measure,
		Label:       textOf(def.Get("qLabel")),
		Formula:     textOf(def.Get("qDef")),
		Description: textOf(def.Get("qDescription")),
		Tags:        def.Get("qTags").Strs(),
		Attributes:  catalog.Attributes{},
	}
	a := f.Attributes
	Put(a, "number_format", def.Get("qNumFormat"))
	Put(a, "expressions", def.Get("qExpressions"))
	Put(a, "trend_lines", use.Get("qTrendLines"))
	inlineAttributes(a, use, def)
	m.resolve(&f, use, m.measures, catalog.PartMeasures)
	f.Name = FirstText(f.Label, labelExpression(use, def), f.Name, f.Formula)
	return f
}

// resolve follows a use's library id. A use takes its master's formula; one whose id leads nowhere
// has none. Name is the master's name here: the caller prefers the use's own label.
func (m *mapper) resolve(f *catalog.ReportField, use jsontree.Value, items map[string]*masterItem, part catalog.Part) {
	id := use.Get("qLibraryId").Str()
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
		Put(f.Attributes, "library_id", id)
	}
}

// labelExpression is the label expression of a use; its text, never its value.
func labelExpression(use, def jsontree.Value) string {
	return FirstText(textOf(def.Get("qLabelExpression")), textOf(use.Get("qLabelExpression")))
}

// inlineAttributes are what dimensions and measures in a cube have alike.
func inlineAttributes(a catalog.Attributes, use, def jsontree.Value) {
	Put(a, "label_expression", labelExpression(use, def))
	Put(a, "sort_expressions", sortExpressions(use, def))
	Put(a, "attribute_expressions", expressionsOf(use.Get("qAttributeExpressions"), "qExpression"))
	Put(a, "attribute_dimensions", expressionsOf(use.Get("qAttributeDimensions"), "qDef"))
	Put(a, "search_expressions", expressionsOf(use.Get("qExpressions"), "qExpr"))
	Put(a, "calculation_condition", FirstText(textOf(use.Get("qCalcCondition", "qCond")), textOf(use.Get("qCalcCond"))))
	Put(a, "calculation_message", textOf(use.Get("qCalcCondition", "qMsg")))
	Put(a, "link", textOf(def.Get("representation", "linkUrl")))
}

// sortExpressions are the expressions that a use is sorted by.
func sortExpressions(use, def jsontree.Value) []string {
	var all []string
	for _, c := range def.Get("qSortCriterias").Items {
		all = append(all, textOf(c.Get("qExpression")))
	}
	all = append(all, textOf(use.Get("qSortBy", "qExpression")))
	return kept(all)
}

// expressionsOf are the expressions of attribute expressions and the like, with what they are for.
func expressionsOf(list jsontree.Value, member string) []any {
	var all []any
	for _, item := range list.Items {
		a := catalog.Attributes{}
		Put(a, "id", item.Get("id").Str())
		Put(a, "expression", textOf(item.Get(member)))
		Put(a, "library_id", item.Get("qLibraryId").Str())
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
