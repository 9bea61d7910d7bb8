package qliktest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A dataModel is an app's tables and fields as the last reload left them. Its source is the stored
// data metadata (facts B.9). A nil one is an app that is open without data, or never was reloaded.
type dataModel struct {
	Fields []modelField `json:"fields"`
	Tables []modelTable `json:"tables"`
}

type modelField struct {
	Name         string   `json:"name"`
	SrcTables    []string `json:"src_tables"`
	System       bool     `json:"is_system"`
	Hidden       bool     `json:"is_hidden"`
	Semantic     bool     `json:"is_semantic"`
	DistinctOnly bool     `json:"distinct_only"`
	Cardinal     int      `json:"cardinal"`
	TotalCount   int      `json:"total_count"`
	Locked       bool     `json:"is_locked"`
	OneSelected  bool     `json:"always_one_selected"`
	Numeric      bool     `json:"is_numeric"`
	Comment      string   `json:"comment"`
	Tags         []string `json:"tags"`
	ByteSize     int      `json:"byte_size"`
}

type modelTable struct {
	Name    string `json:"name"`
	System  bool   `json:"is_system"`
	Loose   bool   `json:"is_loose"`
	Rows    int    `json:"no_of_rows"`
	Comment string `json:"comment"`
}

// newDataModel reads stored metadata; nil when there is none or it is broken.
func newDataModel(metadata json.RawMessage) *dataModel {
	var m dataModel
	if len(metadata) == 0 || json.Unmarshal(metadata, &m) != nil {
		return nil
	}
	return &m
}

func (m *dataModel) hasData() bool { return m != nil && len(m.Tables) > 0 }

func (m *dataModel) field(name string) (int, *modelField) {
	if m != nil {
		for i := range m.Fields {
			if m.Fields[i].Name == name {
				return i, &m.Fields[i]
			}
		}
	}
	return 0, nil
}

// cardinal is the number of values of the first of the fields; 0 without data.
func (c *call) cardinal(fields []string) int {
	if len(fields) == 0 {
		return 0
	}
	if _, f := c.doc.model.field(fieldName(fields[0])); f != nil {
		return f.Cardinal
	}
	return 0
}

// tags are those of the first of the fields.
func (c *call) tags(fields []string) []string {
	if len(fields) == 0 {
		return nil
	}
	if _, f := c.doc.model.field(fieldName(fields[0])); f != nil {
		return f.Tags
	}
	return nil
}

// fieldList is the layout of a field list: empty without data (facts C.4, C.7).
func (c *call) fieldList(def json.RawMessage) document {
	show := func(name string) bool { return string(get(def, name)) == "true" }
	items := list{}
	if c.doc.model == nil {
		return listed(items)
	}
	for _, f := range c.doc.model.Fields {
		if f.System && !show("qShowSystem") || f.Hidden && !f.System && !show("qShowHidden") ||
			f.Semantic && !show("qShowSemantic") {
			continue
		}
		item := structure{
			{"qName", f.Name},
			{"qCardinal", f.Cardinal},
			{"qTags", f.Tags},
			{"qIsHidden", f.Hidden},
			{"qIsSystem", f.System},
			{"qIsSemantic", f.Semantic},
		}
		if show("qShowSrcTables") {
			item = append(item, entry{"qSrcTables", f.SrcTables})
		}
		items = append(items, item)
	}
	return listed(items)
}

func (c *call) getFieldDescription() (structure, *rpcError) {
	name, err := c.str("qFieldName")
	if err != nil {
		return nil, err
	}
	i, f := c.doc.model.field(name)
	if f == nil {
		return nil, notFound(name)
	}
	return structure{{"qReturn", structure{
		{"qInternalNumber", i},
		{"qName", f.Name},
		{"qSrcTables", f.SrcTables},
		{"qIsSystem", f.System},
		{"qIsHidden", f.Hidden},
		{"qIsSemantic", f.Semantic},
		{"qDistinctOnly", f.DistinctOnly},
		{"qCardinal", f.Cardinal},
		{"qTotalCount", f.TotalCount},
		{"qIsLocked", f.Locked},
		{"qAlwaysOneSelected", f.OneSelected},
		{"qIsNumeric", f.Numeric},
		{"qComment", f.Comment},
		{"qTags", f.Tags},
		{"qByteSize", f.ByteSize},
	}}}, nil
}

func tablesAndKeysParams() []string {
	return []string{
		"qWindowSize", "qNullSize", "qCellHeight", "qSyntheticMode", "qIncludeSysVars", "qIncludeProfiling?",
	}
}

// getTablesAndKeys gives the data model; nothing, and no error, without data (facts C.10).
func (c *call) getTablesAndKeys() (structure, *rpcError) {
	synthetic, err := c.flag("qSyntheticMode")
	if err != nil {
		return nil, err
	}
	system, err := c.flag("qIncludeSysVars")
	if err != nil {
		return nil, err
	}
	tables, keys := list{}, list{}
	if m := c.doc.model; m != nil {
		b := modelBuilder{model: m, keys: m.keys(system)}
		for _, t := range m.Tables {
			if !t.System || system {
				tables = append(tables, b.table(t, synthetic))
			}
		}
		if synthetic {
			tables = append(tables, b.syntheticTables()...)
		}
		keys = b.keyList(synthetic)
	}
	return structure{{"qtr", tables}, {"qk", keys}}, nil
}

// A modelKey is what ties tables together: fields that the same tables have.
type modelKey struct {
	fields, tables []string
	name           string // of the synthetic key, for more than one field
}

// keys finds what ties tables together.
func (m *dataModel) keys(system bool) (keys []modelKey) {
	for _, f := range m.Fields {
		if len(f.SrcTables) < 2 || f.System && !system || f.synthetic() {
			continue
		}
		i := slices.IndexFunc(keys, func(k modelKey) bool { return slices.Equal(k.tables, f.SrcTables) })
		if i < 0 {
			keys = append(keys, modelKey{tables: f.SrcTables})
			i = len(keys) - 1
		}
		keys[i].fields = append(keys[i].fields, f.Name)
	}
	n := 0
	for i := range keys {
		if len(keys[i].fields) > 1 {
			n++
			keys[i].name = "$Syn " + strconv.Itoa(n)
		}
	}
	return keys
}

// synthetic reports whether the field is the Engine's own joint of several.
func (f *modelField) synthetic() bool { return slices.Contains(f.Tags, "$syn") }

// A modelBuilder writes tables in the shape of C.10.
type modelBuilder struct {
	model *dataModel
	keys  []modelKey
}

// table is one table record. In synthetic mode the fields of a composite key are replaced by the
// synthetic one; otherwise it is a source table.
func (b modelBuilder) table(t modelTable, synthetic bool) structure {
	fields := list{}
	shown := map[string]bool{}
	for _, f := range b.model.Fields {
		if !slices.Contains(f.SrcTables, t.Name) || f.synthetic() {
			continue
		}
		if key := b.composite(f.Name); synthetic && key != "" {
			if !shown[key] {
				shown[key] = true
				fields = append(fields, syntheticField(key))
			}
			continue
		}
		fields = append(fields, f.record(t))
	}
	return structure{
		{"qName", t.Name},
		{"qLoose", t.Loose},
		{"qNoOfRows", t.Rows},
		{"qFields", fields},
		{"qPos", structure{}},
		{"qComment", t.Comment},
	}
}

// composite gives the synthetic key that a field is part of; "" for none.
func (b modelBuilder) composite(field string) string {
	for _, k := range b.keys {
		if k.name != "" && slices.Contains(k.fields, field) {
			return k.name
		}
	}
	return ""
}

func syntheticField(name string) structure {
	return structure{{"qName", name}, {"qPresent", true}, {"qIsSynthetic", true}, {"qInformationDensity", -1.0}}
}

// syntheticTables are the tables that join composite keys.
func (b modelBuilder) syntheticTables() (tables list) {
	for _, k := range b.keys {
		if k.name == "" {
			continue
		}
		fields := list{syntheticField(k.name)}
		for _, name := range k.fields {
			_, f := b.model.field(name)
			fields = append(fields, f.record(modelTable{Rows: f.Cardinal}))
		}
		tables = append(tables, structure{{"qName", k.name + " Table"}, {"qFields", fields}, {"qPos", structure{}}})
	}
	return tables
}

// keyList is qk: one entry for each key.
func (b modelBuilder) keyList(synthetic bool) list {
	all := list{}
	for _, k := range b.keys {
		fields, tables := k.fields, k.tables
		if synthetic && k.name != "" {
			fields, tables = []string{k.name}, append(slices.Clone(tables), k.name+" Table")
		}
		all = append(all, structure{{"qKeyFields", fields}, {"qTables", tables}})
	}
	return all
}

// record is a field of a table.
func (f *modelField) record(t modelTable) structure {
	kind := "NOT_KEY"
	if len(f.SrcTables) > 1 {
		kind = "ANY_KEY"
		if f.Cardinal > 0 && f.Cardinal == t.Rows {
			kind = "PERFECT_KEY"
		}
	}
	return structure{
		{"qName", f.Name},
		{"qOriginalFields", list{}},
		{"qPresent", true},
		{"qHasDuplicates", f.Cardinal < t.Rows},
		{"qnRows", t.Rows},
		{"qnNonNulls", t.Rows},
		{"qInformationDensity", 1.0},
		{"qSubsetRatio", 1.0},
		{"qnTotalDistinctValues", f.Cardinal},
		{"qnPresentDistinctValues", f.Cardinal},
		{"qKeyType", kind},
		{"qComment", strings.TrimSpace(f.Comment)},
		{"qTags", f.Tags},
	}
}
