package qliksense

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
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

func (m *mapper) mapMasterItem(o objectRead, part catalog.Part, table map[string]*masterItem,
	row func(jsonValue, meta) catalog.ReportField,
) {
	key := catalog.ItemKey(m.app, o.ID)
	item := &masterItem{key: key, unread: true}
	table[o.ID] = item
	properties, err := o.entry(&m.json, key)
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
func (o objectRead) entry(p *jsonParser, key catalog.Key) (jsonValue, error) {
	if o.Err != nil {
		return jsonValue{}, o.Err
	}
	v, err := p.parse(o.Entry)
	switch {
	case err != nil:
		return jsonValue{}, unreadable("read properties of", key, err)
	case v.kind != jsonObject:
		return jsonValue{}, unreadable("read properties of", key, errNoProperties)
	}
	return v, nil
}

// masterDimension is the row of a master dimension without its key (facts C.8).
func (m *mapper) masterDimension(p jsonValue, listed meta) catalog.ReportField {
	dim := p.get("qDim")
	f := m.itemRow(catalog.Dimension, p, listed)
	f.Name = firstText(f.Name, textOf(dim.get("title")))
	f.Formula = fieldLines(dim.get("qFieldDefs"))
	a := f.Attributes
	put(a, "grouping", grouping(dim))
	put(a, "field_labels", dim.get("qFieldLabels").strs())
	put(a, "label_expression", textOf(dim.get("qLabelExpression")))
	put(a, "alias", textOf(dim.get("qAlias")))
	f.Attributes = none(a)
	return f
}

// masterMeasure is the row of a master measure without its key. Expressions refer to a master
// measure by its label, people see its title (facts C.8).
func (m *mapper) masterMeasure(p jsonValue, listed meta) catalog.ReportField {
	measure := p.get("qMeasure")
	f := m.itemRow(catalog.Measure, p, listed)
	f.Label = textOf(measure.get("qLabel"))
	f.Name = firstText(f.Name, f.Label)
	f.Formula = textOf(measure.get("qDef"))
	a := f.Attributes
	put(a, "label_expression", textOf(measure.get("qLabelExpression")))
	put(a, "number_format", measure.get("qNumFormat"))
	put(a, "expressions", measure.get("qExpressions"))
	f.Attributes = none(a)
	return f
}

// itemRow is what all library items have: name, description, tags, owner and dates. The definition
// comes first, the listing second.
func (m *mapper) itemRow(typ catalog.FieldType, p jsonValue, listed meta) catalog.ReportField {
	def := p.get("qMetaDef")
	a := catalog.Attributes{}
	owner := listed.owner(m.read.People)
	put(a, "owner", owner.attributes())
	tags := meta{def}.tags()
	if def.get("tags").kind == jsonAbsent {
		tags = listed.tags()
	}
	return catalog.ReportField{
		Type:        typ,
		Name:        firstText(textOf(def.get("title")), listed.get("title").str()),
		Description: firstText(textOf(def.get("description")), listed.get("description").str()),
		Tags:        tags,
		Attributes:  a,
		CreatedAt:   listed.time("createdDate"),
		ModifiedAt:  listed.time("modifiedDate"),
	}
}

// grouping names a dimension's or measure's kind of group (facts C.8: H, C); "" for none.
func grouping(def jsonValue) string {
	switch def.get("qGrouping").str() {
	case "H":
		return "drill-down"
	case "C":
		return "cyclic"
	default:
		return ""
	}
}
