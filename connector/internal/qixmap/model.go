package qixmap

import (
	"errors"
	"fmt"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

var errNoModel = errors.New("the metadata is no object")

// mapModel makes the rows of the data model, from the stored metadata (facts B.9). False and 0 are
// where it leaves members out. System tables and fields have no rows.
func (m *mapper) mapModel() {
	if m.read.Metadata == nil {
		return
	}
	v, err := m.metadata, m.metadataErr
	if err == nil && v.Kind != jsontree.Object {
		err = errNoModel
	}
	if err != nil {
		m.gap(catalog.PartDataModel, m.app, m.unreadable("read the data model of", m.app, err))
		return
	}
	system := m.mapTables(v.Get("tables").Items)
	for _, f := range v.Get("fields").Items {
		m.mapField(f, system)
	}
}

// mapTables makes the rows of tables, and returns the names of the system ones.
func (m *mapper) mapTables(tables []jsontree.Value) map[string]bool {
	system := map[string]bool{}
	for _, t := range tables {
		name := t.Get("name").Str()
		if t.Get("is_system").Truth() {
			system[name] = true
			continue
		}
		if name == "" {
			continue
		}
		a := catalog.Attributes{}
		Put(a, "loose", t.Get("is_loose").Truth())
		Put(a, "semantic", t.Get("is_semantic").Truth())
		Put(a, "byte_size", t.Get("byte_size").Count())
		key := catalog.ModelTableKey(m.app, name)
		if m.tooLong(key) {
			continue
		}
		m.out.Tables = append(m.out.Tables, catalog.ModelTable{
			Key:        key,
			Report:     m.app,
			Name:       name,
			Comment:    t.Get("comment").Str(),
			Rows:       t.Get("no_of_rows").Count(),
			Fields:     t.Get("no_of_fields").Count(),
			KeyFields:  t.Get("no_of_key_fields").Count(),
			Attributes: None(a),
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

func (m *mapper) mapField(f jsontree.Value, system map[string]bool) {
	name := f.Get("name").Str()
	key := catalog.ModelFieldKey(m.app, name)
	if name == "" || f.Get("is_system").Truth() || m.tooLong(key) {
		return
	}
	var tables []string
	for _, t := range f.Get("src_tables").Strs() {
		if !system[t] {
			tables = append(tables, t)
		}
	}
	a := catalog.Attributes{}
	Put(a, "numeric", f.Get("is_numeric").Truth())
	Put(a, "semantic", f.Get("is_semantic").Truth())
	Put(a, "distinct_only", f.Get("distinct_only").Truth())
	Put(a, "total_count", f.Get("total_count").Count())
	Put(a, "byte_size", f.Get("byte_size").Count())
	Put(a, "always_one_selected", f.Get("always_one_selected").Truth())
	m.out.Columns = append(m.out.Columns, catalog.ModelField{
		Key:         key,
		Report:      m.app,
		Name:        name,
		Comment:     f.Get("comment").Str(),
		Tables:      tables,
		IsKey:       len(tables) > 1,
		IsHidden:    f.Get("is_hidden").Truth(),
		Cardinality: f.Get("cardinal").Count(),
		Tags:        f.Get("tags").Strs(),
		Attributes:  None(a),
	})
}
