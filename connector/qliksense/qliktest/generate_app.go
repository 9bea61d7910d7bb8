package qliktest

import (
	"encoding/json"
	"fmt"
	"time"
)

// object is a JSON object that is being made.
type object = map[string]any

// encode makes JSON of what this package itself put together.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("qliktest: generated content doesn't encode: %v", err))
	}
	return b
}

// content makes what is inside the app.
func (m *appMaker) content() *Content {
	a, common := m.app, m.by.common()
	c := &Content{
		Properties: encode(object{
			"qTitle": a.name, "qLastReloadTime": a.lastReload.Format(time.RFC3339Nano), "qMigrationHash": a.migrationHash,
			"qSavedInProductVersion": a.productVersion, "qThumbnail": thumbnail(a.thumbnail), "qHasSectionAccess": false,
		}),
		Objects:    m.objects(),
		Dimensions: m.alike(common.dimensions),
		Measures:   m.alike(common.measures),
		Variables:  m.variables(),
		Metadata:   m.metadata(),
	}
	c.Script, c.Lineage = m.script()
	return c
}

// commonItems are the items that are alike in all apps of a site: made once.
type commonItems struct{ masters, dimensions, measures []commonItem }

type commonItem struct {
	head     itemHead
	property json.RawMessage
}

func (g *generator) makeCommon() (c commonItems) {
	m := &appMaker{by: g, o: g.o, app: &bornAs{}}
	for i := range g.o.MasterObjects {
		c.masters = append(c.masters, m.masterObject(i))
	}
	for i := range g.o.Dimensions {
		c.dimensions = append(c.dimensions, dimension(i))
	}
	for i := range g.o.Measures {
		c.measures = append(c.measures, measure(i))
	}
	return c
}

// alike makes the app's items of common ones.
func (m *appMaker) alike(common []commonItem) []Item {
	var items []Item
	for _, x := range common {
		items = append(items, m.item(x.head, Tree{Property: x.property}))
	}
	return items
}

// item is an item of the app with its row.
func (m *appMaker) item(h itemHead, t Tree) Item {
	it := m.state(h)
	it.Tree = t
	return it
}

func thumbnail(url string) object {
	if url == "" {
		return object{}
	}
	return object{"qUrl": url}
}

// An appMaker makes the content of one app.
type appMaker struct {
	by     *generator
	o      GenerateOptions
	app    *bornAs
	number int
	users  []*User
	charts int // made so far
}

// Ids of master items: alike in all apps, as after duplicating an app (facts G 47).
func dimensionID(i int) string    { return fmt.Sprintf("dim%03d", i) }
func measureID(i int) string      { return fmt.Sprintf("mea%03d", i) }
func masterObjectID(i int) string { return fmt.Sprintf("mob%03d", i) }
func sheetID(i int) string        { return fmt.Sprintf("sheet%02d", i+1) }

func info(id, typ string) object { return object{"qId": id, "qType": typ} }

func dimension(i int) commonItem {
	field := dimensionField(i)
	dim := object{"qGrouping": "N", "qFieldDefs": []string{field}, "qFieldLabels": []string{field}, "title": field}
	switch i % 10 {
	case 3: // drill-down
		dim["qGrouping"], dim["qFieldDefs"] = "H", []string{"Region", "Country", "=City & ' (' & Country & ')'"}
		field = fmt.Sprintf("Geography %d", i)
	case 7: // cyclic
		dim["qGrouping"], dim["qFieldDefs"] = "C", []string{"Year", "Month"}
		field = fmt.Sprintf("Period %d", i)
	case 9: // an expression
		dim["qFieldDefs"] = []string{fmt.Sprintf("=Upper([%s])", field)}
		dim["qLabelExpression"] = fmt.Sprintf("='%s ' & vYear", field)
	}
	h := itemHead{id: dimensionID(i), typ: "dimension", title: field, description: "Master dimension " + field}
	return commonItem{h, encode(object{"qInfo": info(h.id, h.typ), "qDim": dim, "qMetaDef": meta(h, "generated")})}
}

func measure(i int) commonItem {
	title := "Total " + measureField(i)
	def := fmt.Sprintf("Sum([%s])", measureField(i))
	switch i % 4 {
	case 1:
		def = fmt.Sprintf("Sum({<Year={$(vYear)}>} [%s])", measureField(i))
	case 3: // by the label of the measure before (facts G 46)
		def = fmt.Sprintf("[%s] / Count(DISTINCT Customer)", "Total "+measureField(i-1))
	}
	h := itemHead{id: measureID(i), typ: "measure", title: title, description: "Master measure " + title}
	return commonItem{h, encode(object{
		"qInfo": info(h.id, h.typ),
		"qMeasure": object{
			"qLabel": title, "qDef": def, "qGrouping": "N", "qExpressions": []string{}, "qActiveExpression": 0,
			"qNumFormat": object{"qType": "F", "qnDec": 2, "qUseThou": 1, "qFmt": "#,##0.00", "qDec": ".", "qThou": ","},
		},
		"qMetaDef": meta(h),
	})}
}

// meta is the qMetaDef of a master item.
func meta(h itemHead, tags ...string) object {
	return object{"title": h.title, "description": h.description, "tags": append([]string{}, tags...)}
}

func (m *appMaker) variables() []Variable {
	var list []Variable
	add := func(v Variable, name, definition string) {
		v.Properties, v.Created, v.Modified = m.variable(name, definition), m.app.created, m.app.modified
		list = append(list, v)
	}
	for i := range m.o.Variables {
		name, definition := userVariable(i)
		add(Variable{}, name, definition)
	}
	for _, v := range scriptVariables {
		add(Variable{ScriptCreated: true, Reserved: v.reserved, Config: v.config}, v.name, v.value)
	}
	return list
}

func userVariable(i int) (name, definition string) {
	return fmt.Sprintf("vTarget%d", i+1), fmt.Sprintf("=1.1*Sum([%s])", measureField(i))
}

func (m *appMaker) variableID(name string) string { return DeriveID(m.app.id, "variable", name) }

// variable is the properties of a variable. They are put together by hand: the hash of each user's variable on the
// site is asked for with every listing.
func (m *appMaker) variable(name, definition string) json.RawMessage {
	b := append([]byte(`{"qDefinition":`), encode(definition)...)
	b = append(b, `,"qInfo":{"qId":"`...)
	b = append(b, m.variableID(name)...)
	b = append(b, `","qType":"variable"},"qMetaDef":{},"qName":`...)
	b = append(b, encode(name)...)
	return append(b, `,"qNumberPresentation":{"qType":"U","qUseThou":0,"qnDec":10}}`...)
}

// scriptVariables are those that each script sets or that the script engine adds (facts C.8).
var scriptVariables = []struct {
	name, value      string
	reserved, config bool
}{
	{"ErrorMode", "1", true, false},
	{"StripComments", "1", true, false},
	{"ScriptErrorCount", "0", true, false},
	{"ThousandSep", ",", false, true},
	{"DecimalSep", ".", false, true},
	{"DateFormat", "YYYY-MM-DD", false, true},
	{"MonthNames", "Jan;Feb;Mar;Apr;May;Jun;Jul;Aug;Sep;Oct;Nov;Dec", false, true},
	{"vQvd", "lib://QVD", false, false},
	{"vYear", "2025", false, false},
}

// metadata is what the reload left for the metadata service (facts B.9).
func (m *appMaker) metadata() json.RawMessage {
	r := m.number + 1
	field := func(name, table string, tags ...string) object {
		return object{"name": name, "src_tables": []string{table}, "is_system": false, "cardinal": 7 + len(name)*r%500, "tags": tags, "byte_size": 8 * r}
	}
	fields := []object{
		{"name": "$Field", "src_tables": []string{"$$SysTable 1"}, "is_system": true, "is_hidden": true, "cardinal": 9, "tags": []string{"$system", "$text"}},
		{
			"name": "ID", "src_tables": []string{"Facts", "Details"}, "is_system": false, "distinct_only": true,
			"cardinal": 1000 * r, "is_numeric": true, "tags": []string{"$key", "$numeric", "$integer"},
		},
	}
	for _, name := range dimensionFields {
		fields = append(fields, field(name, "Facts", "$text"))
	}
	for _, name := range measureFields {
		fields = append(fields, field(name, "Details", "$numeric"))
	}
	return encode(object{
		"reload_meta":      object{"cpu_time_spent_ms": 100 + r, "hardware": object{"logical_cores": 8, "total_memory": 68719476736}, "peak_memory_bytes": 5047104 + r},
		"static_byte_size": m.app.staticByteSize, "has_section_access": false, "fields": fields,
		"tables": []object{
			{"name": "$$SysTable 1", "is_system": true, "no_of_rows": 9, "no_of_fields": 6},
			{"name": "Facts", "no_of_rows": 1000 * r, "no_of_fields": 1 + len(dimensionFields), "no_of_key_fields": 1, "comment": "one row an order"},
			{"name": "Details", "no_of_rows": 3000 * r, "no_of_fields": 1 + len(measureFields), "no_of_key_fields": 1},
		},
		"tables_profiling_data": []object{}, "usage": "ANALYTICS",
	})
}
