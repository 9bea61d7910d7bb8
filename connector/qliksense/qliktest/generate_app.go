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

// content makes what is inside generated app number i.
func (g *generator) content(a *App, i int) *Content {
	m := &appMaker{o: g.o, app: a, number: i, users: g.site.Users}
	c := &Content{
		Properties: encode(object{
			"qTitle": a.Name, "qLastReloadTime": a.LastReload.Format(time.RFC3339Nano), "qMigrationHash": a.MigrationHash,
			"qSavedInProductVersion": a.SavedInProductVersion, "qThumbnail": thumbnail(a.Thumbnail), "qHasSectionAccess": false,
		}),
		Dimensions: m.dimensions(),
		Measures:   m.measures(),
		Objects:    m.objects(),
		Variables:  m.variables(),
		Metadata:   m.metadata(),
	}
	c.Script, c.Lineage = m.script()
	m.finish(c)
	return c
}

func thumbnail(url string) object {
	if url == "" {
		return object{}
	}
	return object{"qUrl": url}
}

// An appMaker makes the content of one app.
type appMaker struct {
	o      GenerateOptions
	app    *App
	number int
	users  []*User
	charts int // made so far
}

// Ids of master items: alike in all apps, as after duplicating an app (facts G 47).
func dimensionID(i int) string    { return fmt.Sprintf("dim%03d", i) }
func measureID(i int) string      { return fmt.Sprintf("mea%03d", i) }
func masterObjectID(i int) string { return fmt.Sprintf("mob%03d", i) }

func info(id, typ string) object { return object{"qId": id, "qType": typ} }

func (m *appMaker) dimensions() []Item {
	var items []Item
	for i := range m.o.Dimensions {
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
		items = append(items, Item{Tree: Tree{Property: encode(object{
			"qInfo": info(dimensionID(i), "dimension"), "qDim": dim,
			"qMetaDef": object{"title": field, "description": "Master dimension " + field, "tags": []string{"generated"}},
		})}})
	}
	return items
}

func (m *appMaker) measures() []Item {
	var items []Item
	for i := range m.o.Measures {
		title := "Total " + measureField(i)
		def := fmt.Sprintf("Sum([%s])", measureField(i))
		switch i % 4 {
		case 1:
			def = fmt.Sprintf("Sum({<Year={$(vYear)}>} [%s])", measureField(i))
		case 3: // by the label of the measure before (facts G 46)
			def = fmt.Sprintf("[%s] / Count(DISTINCT Customer)", "Total "+measureField(i-1))
		}
		items = append(items, Item{Tree: Tree{Property: encode(object{
			"qInfo": info(measureID(i), "measure"),
			"qMeasure": object{
				"qLabel": title, "qDef": def, "qGrouping": "N", "qExpressions": []string{}, "qActiveExpression": 0,
				"qNumFormat": object{"qType": "F", "qnDec": 2, "qUseThou": 1, "qFmt": "#,##0.00", "qDec": ".", "qThou": ","},
			},
			"qMetaDef": object{"title": title, "description": "Master measure " + title, "tags": []string{}},
		})}})
	}
	return items
}

func (m *appMaker) variables() []Variable {
	var list []Variable
	add := func(v Variable, name, definition string) {
		v.Properties = encode(object{
			"qInfo": info(DeriveID(m.app.ID, "variable", name), "variable"), "qMetaDef": object{}, "qName": name, "qDefinition": definition,
			"qNumberPresentation": object{"qType": "U", "qnDec": 10, "qUseThou": 0},
		})
		list = append(list, v)
	}
	for i := range m.o.Variables {
		add(Variable{}, fmt.Sprintf("vTarget%d", i+1), fmt.Sprintf("=1.1*Sum([%s])", measureField(i)))
	}
	for _, v := range scriptVariables {
		add(Variable{ScriptCreated: true, Reserved: v.reserved, Config: v.config}, v.name, v.value)
	}
	return list
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
		"static_byte_size": m.app.StaticByteSize, "has_section_access": false, "fields": fields,
		"tables": []object{
			{"name": "$$SysTable 1", "is_system": true, "no_of_rows": 9, "no_of_fields": 6},
			{"name": "Facts", "no_of_rows": 1000 * r, "no_of_fields": 1 + len(dimensionFields), "no_of_key_fields": 1, "comment": "one row an order"},
			{"name": "Details", "no_of_rows": 3000 * r, "no_of_fields": 1 + len(measureFields), "no_of_key_fields": 1},
		},
		"tables_profiling_data": []object{}, "usage": "ANALYTICS",
	})
}
