package qliktest

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// layoutOf computes a node's layout: its effective properties with definitions turned into what they
// define, expressions evaluated, and what is excluded left out (facts C.5, C.7, C.8).
func (c *call) layoutOf(n *node) (document, *rpcError) {
	if n.kind == kindVariable {
		return c.variableLayout(n), nil
	}
	out := document{{"qInfo", n.info()}}
	if id := text(n.props, "qExtendsId"); id != "" {
		if c.master(n) == nil {
			return nil, &rpcError{8000, id, "Layout extends invalid id"}
		}
		out = append(out, entry{"qExtendsId", id})
	}
	out = append(out, entry{"qMeta", c.meta(n)})
	if n.kind == kindObject {
		out = append(out, entry{"qSelectionInfo", structure{}})
	}
	for _, m := range membersOf(c.effective(n)) {
		if slices.Contains([]string{"qInfo", "qMetaDef", "qExtendsId"}, m.name) {
			continue
		}
		if m.name == "qChildListDef" {
			out = append(out, entry{"qChildList", c.childList(n, m.value)})
			continue
		}
		out = append(out, c.layoutMember(m)...)
	}
	if n.kind == kindDimension {
		out = append(out, entry{"qDimInfos", c.dimInfos(n)})
	}
	return out, nil
}

// layoutMember turns a member of the properties into one of the layout, or into none.
func (c *call) layoutMember(m rawMember) document {
	if m.name == "qLayoutExclude" {
		return nil
	}
	name, isDef := strings.CutSuffix(m.name, "Def")
	if isDef && len(m.value) > 0 && m.value[0] == '{' {
		if build := listDefs(m.name); build != nil {
			return document{{name, build(c, m.value)}}
		}
		switch m.name {
		case "qHyperCubeDef":
			return document{{name, c.hyperCube(m.value)}}
		case "qListObjectDef":
			return document{{name, c.listObject(m.value)}}
		case "qStaticContentUrlDef":
			return document{{name, m.value}}
		}
	}
	return document{{m.name, c.layoutValue(m.value)}}
}

// layoutValue turns a value of the properties into one of the layout. What holds nothing to turn stays
// as it is stored.
func (c *call) layoutValue(raw json.RawMessage) any {
	if !turns(raw) {
		return raw
	}
	if items := itemsOf(raw); items != nil {
		out := make(list, len(items))
		for i, item := range items {
			out[i] = c.layoutValue(item)
		}
		return out
	}
	var out document
	for _, m := range membersOf(raw) {
		switch m.name {
		case "qStringExpression":
			return evaluated(expressionOf(m.value))
		case "qValueExpression":
			return computed(expressionOf(m.value))
		}
		out = append(out, c.layoutMember(m)...)
	}
	if out == nil {
		return raw
	}
	return out
}

// turns reports whether a value may hold something that is different in a layout.
func turns(raw json.RawMessage) bool {
	for _, mark := range []string{"Expression\"", "Def\"", "qLayoutExclude"} {
		if bytes.Contains(raw, []byte(mark)) {
			return true
		}
	}
	return false
}

// expressionOf reads the two shapes of an expression: text, or {"qExpr": text}.
func expressionOf(raw json.RawMessage) string {
	if s := asText(raw); s != "" {
		return s
	}
	return text(raw, "qExpr")
}

// evaluated is a string expression's text. The simulated site evaluates literals; anything else is
// given as it is written, without the equals sign.
func evaluated(expr string) string {
	trimmed := strings.TrimSpace(expr)
	body, isExpr := strings.CutPrefix(trimmed, "=")
	if body = strings.TrimSpace(body); len(body) > 1 && body[0] == '\'' && strings.IndexByte(body[1:], '\'') == len(body)-2 {
		return body[1 : len(body)-1]
	}
	if isExpr {
		return body
	}
	return expr
}

// computed is a value expression's number: literals, True and False are computed, nothing is NaN, and
// what would need data counts as true.
func computed(expr string) any {
	body := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(expr), "=")))
	switch body {
	case "":
		return math.NaN()
	case "true", "true()":
		return -1
	case "false", "false()":
		return 0
	}
	if v, err := strconv.ParseFloat(body, 64); err == nil {
		return v
	}
	return 1
}

// hyperCube is the layout of a hypercube: what its columns are. The simulated site holds no data, so that
// there are no pages; opened without data there is no size either (facts C.4, C.7).
func (c *call) hyperCube(def json.RawMessage) structure {
	dims, measures := list{}, list{}
	for _, d := range itemsOf(get(def, "qDimensions")) {
		dims = append(dims, c.dimensionInfo(d))
	}
	for _, m := range itemsOf(get(def, "qMeasures")) {
		measures = append(measures, c.measureInfo(m))
	}
	var size structure
	if n := len(dims) + len(measures); !c.doc.noData && n > 0 {
		rows := 1
		if len(dims) > 0 {
			rows = c.cardinal(fieldsOf(c.dimensionOf(itemsOf(get(def, "qDimensions"))[0])))
		}
		size = structure{{"qcx", n}, {"qcy", rows}}
	}
	return structure{
		{"qSize", size},
		{"qDimensionInfo", dims},
		{"qMeasureInfo", measures},
		{"qEffectiveInterColumnSortOrder", orNil(get(def, "qInterColumnSortOrder"))},
		{"qMode", text(def, "qMode")},
		{"qNoOfLeftDims", orNil(get(def, "qNoOfLeftDims"))},
		{"qTitle", evaluated(expressionOf(get(def, "qTitle")))},
		{"columnOrder", orNil(get(def, "columnOrder"))},
		{"columnWidths", orNil(get(def, "columnWidths"))},
	}
}

// orNil leaves a member out that isn't there.
func orNil(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return raw
}

// listObject is the layout of a list object; its qDimensionInfo is one object (facts C.8).
func (c *call) listObject(def json.RawMessage) structure {
	var size structure
	if !c.doc.noData {
		size = structure{{"qcx", 1}, {"qcy", c.cardinal(fieldsOf(c.dimensionOf(def)))}}
	}
	return structure{{"qSize", size}, {"qDimensionInfo", c.dimensionInfo(def)}}
}

// dangling is the error in the layout of a column whose master item is no more (facts C.3, C.8).
func dangling() structure { return structure{{"qErrorCode", 8001}} }

// dimensionOf gives a column's definition: that of its master dimension, or its own; nil for a
// dangling one.
func (c *call) dimensionOf(column json.RawMessage) json.RawMessage {
	id := text(column, "qLibraryId")
	if id == "" {
		return get(column, "qDef")
	}
	if n := c.lookup(kindDimension, id); n != nil {
		return get(n.props, "qDim")
	}
	return nil
}

// fieldsOf gives a dimension's field definitions.
func fieldsOf(dim json.RawMessage) (fields []string) {
	for _, f := range itemsOf(get(dim, "qFieldDefs")) {
		fields = append(fields, asText(f))
	}
	return fields
}

func (c *call) dimensionInfo(column json.RawMessage) structure {
	id, dim := text(column, "qLibraryId"), c.dimensionOf(column)
	info := structure{{"qLibraryId", id}}
	if id != "" && dim == nil {
		return append(info, entry{"qError", dangling()})
	}
	fields := fieldsOf(dim)
	var labels []string
	for _, l := range itemsOf(get(dim, "qFieldLabels")) {
		labels = append(labels, evaluated(asText(l)))
	}
	titles := make([]string, len(fields))
	for i, f := range fields {
		if titles[i] = fieldName(f); i < len(labels) && labels[i] != "" {
			titles[i] = labels[i]
		}
	}
	title := evaluated(text(dim, "qLabelExpression"))
	if title == "" && len(titles) > 0 {
		title = titles[0]
	}
	info = append(info,
		entry{"qFallbackTitle", title}, entry{"qCardinal", c.cardinal(fields)}, entry{"qSortIndicator", "N"},
		entry{"qGroupFallbackTitles", titles}, entry{"qDimensionType", "D"},
		entry{"qGrouping", text(dim, "qGrouping")}, entry{"qGroupFieldDefs", fields},
		entry{"qTags", c.tags(fields)}, entry{"qMin", math.NaN()}, entry{"qMax", math.NaN()})
	return c.columnRest(info, column)
}

// measureInfo is a measure's column. It lacks the expression, which only properties have (facts C.7).
func (c *call) measureInfo(column json.RawMessage) structure {
	id, def := text(column, "qLibraryId"), get(column, "qDef")
	info := structure{{"qLibraryId", id}}
	if id != "" {
		n := c.lookup(kindMeasure, id)
		if n == nil {
			return append(info, entry{"qError", dangling()})
		}
		def = get(n.props, "qMeasure")
	}
	title := evaluated(text(def, "qLabelExpression"))
	for _, name := range []string{"qLabel", "qDef"} {
		if title == "" {
			title = text(def, name)
		}
	}
	info = append(info,
		entry{"qFallbackTitle", title}, entry{"qSortIndicator", "N"},
		entry{"qNumFormat", orNil(get(def, "qNumFormat"))},
		entry{"qMin", math.NaN()}, entry{"qMax", math.NaN()})
	return c.columnRest(info, column)
}

// columnRest adds what both kinds of columns have: attributes, and members of the definition that
// are not the Engine's own, such as cId.
func (c *call) columnRest(info structure, column json.RawMessage) structure {
	blank := func(name string) (l list) {
		for range itemsOf(get(column, name)) {
			l = append(l, structure{{"qMin", math.NaN()}, {"qMax", math.NaN()}})
		}
		return l
	}
	info = append(info,
		entry{"qAttrExprInfo", blank("qAttributeExpressions")},
		entry{"qAttrDimInfo", blank("qAttributeDimensions")})
	for _, m := range membersOf(get(column, "qDef")) {
		if !strings.HasPrefix(m.name, "q") {
			info = append(info, entry{m.name, c.layoutValue(m.value)})
		}
	}
	return info
}

// dimInfos is what a dimension's layout says of each of its fields (facts C.8).
func (c *call) dimInfos(n *node) list {
	infos := list{}
	for _, f := range fieldsOf(get(n.props, "qDim")) {
		one := []string{f}
		infos = append(infos, structure{{"qTags", c.tags(one)}, {"qCardinal", c.cardinal(one)}})
	}
	return infos
}

// fieldName takes the decoration off a field definition.
func fieldName(def string) string {
	name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(def), "="))
	if len(name) > 2 && name[0] == '[' && strings.IndexByte(name, ']') == len(name)-1 {
		return name[1 : len(name)-1]
	}
	return name
}
