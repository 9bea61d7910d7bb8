package qliksense

import (
	"errors"
	"fmt"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

var errNoModel = errors.New("the metadata is no object")

// mapModel makes the rows of the data model, from the stored metadata (facts B.9). False and 0 are
// where it leaves members out. System tables and fields have no rows.
func (m *mapper) mapModel() {
	if m.read.Metadata == nil {
		return
	}
	v, err := m.metadata, m.metadataErr
	if err == nil && v.kind != jsonObject {
		err = errNoModel
	}
	if err != nil {
		m.gap(catalog.PartDataModel, m.app, unreadable("read the data model of", m.app, err))
		return
	}
	system := m.mapTables(v.get("tables").items)
	for _, f := range v.get("fields").items {
		m.mapField(f, system)
	}
}

// mapTables makes the rows of tables, and returns the names of the system ones.
func (m *mapper) mapTables(tables []jsonValue) map[string]bool {
	system := map[string]bool{}
	for _, t := range tables {
		name := t.get("name").str()
		if t.get("is_system").truth() {
			system[name] = true
			continue
		}
		if name == "" {
			continue
		}
		a := catalog.Attributes{}
		put(a, "loose", t.get("is_loose").truth())
		put(a, "semantic", t.get("is_semantic").truth())
		put(a, "byte_size", t.get("byte_size").count())
		key := catalog.ModelTableKey(m.app, name)
		if m.tooLong(key) {
			continue
		}
		m.out.Tables = append(m.out.Tables, catalog.ModelTable{
			Key:        key,
			Report:     m.app,
			Name:       name,
			Comment:    t.get("comment").str(),
			Rows:       t.get("no_of_rows").count(),
			Fields:     t.get("no_of_fields").count(),
			KeyFields:  t.get("no_of_key_fields").count(),
			Attributes: none(a),
		})
	}
	return system
}

// tooLong reports a key that the catalog can't hold, and notes the gap.
func (m *mapper) tooLong(key catalog.Key) bool {
	if len(key) <= catalog.MaxKey {
		return false
	}
	m.gap(catalog.PartDataModel, m.app, &catalog.Error{
		Code: catalog.CodeTooLarge, Op: "read the data model of", Key: m.app,
		Err:  fmt.Errorf("the name %q… makes a key of %d bytes, the most is %d", strings.ToValidUTF8(string(key[len(m.app):][:60]), ""), len(key), catalog.MaxKey),
		Cure: "Give it a short name in the load script (… as NAME).",
	})
	return true
}

func (m *mapper) mapField(f jsonValue, system map[string]bool) {
	name := f.get("name").str()
	key := catalog.ModelFieldKey(m.app, name)
	if name == "" || f.get("is_system").truth() || m.tooLong(key) {
		return
	}
	var tables []string
	for _, t := range f.get("src_tables").strs() {
		if !system[t] {
			tables = append(tables, t)
		}
	}
	a := catalog.Attributes{}
	put(a, "numeric", f.get("is_numeric").truth())
	put(a, "semantic", f.get("is_semantic").truth())
	put(a, "distinct_only", f.get("distinct_only").truth())
	put(a, "total_count", f.get("total_count").count())
	put(a, "byte_size", f.get("byte_size").count())
	put(a, "always_one_selected", f.get("always_one_selected").truth())
	m.out.Columns = append(m.out.Columns, catalog.ModelField{
		Key:         key,
		Report:      m.app,
		Name:        name,
		Comment:     f.get("comment").str(),
		Tables:      tables,
		IsKey:       len(tables) > 1,
		IsHidden:    f.get("is_hidden").truth(),
		Cardinality: f.get("cardinal").count(),
		Tags:        f.get("tags").strs(),
		Attributes:  none(a),
	})
}
