package qixmap

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

// A masterItem is a master dimension or measure, as its uses need it.
type masterItem struct {
	key     catalog.Key
	name    string
	formula string
	unread  bool // it exists, but its properties couldn't be read
}

// mapMasterItems makes the rows of master dimensions and measures, and the tables that inline uses
// are resolved with.
func (m *mapper) mapMasterItems() {
	for _, o := range m.read.Dimensions {
		m.mapMasterItem(o, catalog.PartDimensions, m.dimensions, m.masterDimension)
	}
	for _, o := range m.read.Measures {
		m.mapMasterItem(o, catalog.PartMeasures, m.measures, m.masterMeasure)
	}
}

func (m *mapper) mapMasterItem(o Object, part catalog.Part, table map[string]*masterItem,
	row func(jsontree.Value, meta) catalog.ReportField,
) {
	key := catalog.ItemKey(m.app, o.ID)
	item := &masterItem{key: key, unread: true}
	table[o.ID] = item
	properties, err := m.entry(o, key)
	if err != nil {
		m.gap(part, key, err)
		return
	}
	f := row(properties, meta{o.Meta})
	f.Key, f.Report, f.Origin = key, m.app, catalog.OriginMaster
	m.out.Fields = append(m.out.Fields, f)
	*item = masterItem{key: key, name: f.Name, formula: f.Formula}
}

// entry is what the Engine said of an object; an error tells that it couldn't be read, or makes no
// sense.
func (m *mapper) entry(o Object, key catalog.Key) (jsontree.Value, error) {
	if o.Err != nil {
		return jsontree.Value{}, o.Err
	}
	v, err := m.json.Parse(o.Entry)
	switch {
	case err != nil:
		return jsontree.Value{}, m.unreadable("read properties of", key, err)
	case v.Kind != jsontree.Object:
		return jsontree.Value{}, m.unreadable("read properties of", key, errNoProperties)
	}
	return v, nil
}

// masterDimension is the row of a master dimension without its key (facts C.8).
func (m *mapper) masterDimension(p jsontree.Value, listed meta) catalog.ReportField {
	dim := p.Get("qDim")
	f := m.itemRow(catalog.Dimension, p, listed)
	f.Name = FirstText(f.Name, textOf(dim.Get("title")))
	f.Formula = fieldLines(dim.Get("qFieldDefs"))
	a := f.Attributes
	Put(a, "grouping", grouping(dim))
	Put(a, "field_labels", dim.Get("qFieldLabels").Strs())
	Put(a, "label_expression", textOf(dim.Get("qLabelExpression")))
	Put(a, "alias", textOf(dim.Get("qAlias")))
	f.Attributes = None(a)
	return f
}

// masterMeasure is the row of a master measure without its key. Expressions refer to a master
// measure by its label, people see its title (facts C.8).
func (m *mapper) masterMeasure(p jsontree.Value, listed meta) catalog.ReportField {
	measure := p.Get("qMeasure")
	f := m.itemRow(catalog.Measure, p, listed)
	f.Label = textOf(measure.Get("qLabel"))
	f.Name = FirstText(f.Name, f.Label)
	f.Formula = textOf(measure.Get("qDef"))
	a := f.Attributes
	Put(a, "label_expression", textOf(measure.Get("qLabelExpression")))
	Put(a, "number_format", measure.Get("qNumFormat"))
	Put(a, "expressions", measure.Get("qExpressions"))
	f.Attributes = None(a)
	return f
}

// itemRow is what all library items have: name, description, tags, owner and dates. The definition
// comes first, the listing second.
func (m *mapper) itemRow(typ catalog.FieldType, p jsontree.Value, listed meta) catalog.ReportField {
	def := p.Get("qMetaDef")
	a := catalog.Attributes{}
	owner := listed.owner(m.read.People)
	Put(a, "owner", owner.Attributes())
	tags := meta{def}.tags()
	if def.Get("tags").Kind == jsontree.Absent {
		tags = listed.tags()
	}
	return catalog.ReportField{
		Type:        typ,
		Name:        FirstText(textOf(def.Get("title")), listed.Get("title").Str()),
		Description: FirstText(textOf(def.Get("description")), listed.Get("description").Str()),
		Tags:        tags,
		Attributes:  a,
		CreatedAt:   listed.time("createdDate"),
		ModifiedAt:  listed.time("modifiedDate"),
	}
}

// grouping names a dimension's or measure's kind of group (facts C.8: H, C); "" for none.
func grouping(def jsontree.Value) string {
	switch def.Get("qGrouping").Str() {
	case "H":
		return "drill-down"
	case "C":
		return "cyclic"
	default:
		return ""
	}
}
