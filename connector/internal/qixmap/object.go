package qixmap

import (
	"errors"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

var errNoProperties = errors.New("the Engine gave no properties")

// A masterObject is a master visualization, as its instances need it.
type masterObject struct {
	key        catalog.Key
	properties jsontree.Value // its own: see merged
	children   []jsontree.Value
	err        error // why it couldn't be read
}

// mapMasterObjects makes the rows of master objects. All are read before the first is mapped, for one
// may extend another.
func (m *mapper) mapMasterObjects() {
	for _, o := range m.read.Masters {
		key := catalog.ItemKey(m.app, o.ID)
		tree, err := m.entry(o, key)
		if err == nil && tree.Get("qProperty").Kind != jsontree.Object {
			err = m.unreadable("read properties of", key, errNoProperties)
		}
		if err != nil {
			m.gap(catalog.PartMasterObjects, key, err)
		}
		m.masters[o.ID] = &masterObject{
			key: key, properties: tree.Get("qProperty"), children: tree.Get("qChildren").Items, err: err,
		}
	}
	for _, o := range m.read.Masters {
		if m.masters[o.ID].err == nil {
			m.mapMasterObject(o)
		}
	}
}

func (m *mapper) mapMasterObject(o Object) {
	own := m.masters[o.ID]
	p, _ := m.merged(own.properties)
	f := m.itemRow(catalog.MasterObject, p, meta{o.Meta})
	f.Key, f.Report, f.Origin = own.key, m.app, catalog.OriginMaster
	f.Formula = m.formulas(p)
	f.Incomplete = m.usesUnread(p)
	a := f.Attributes
	m.objectAttributes(a, p)
	Put(a, "visualization", visualization(p))
	Put(a, "title", textOf(p.Get("title")))
	Put(a, "subtitle", textOf(p.Get("subtitle")))
	Put(a, "footnote", textOf(p.Get("footnote")))
	Put(a, "children", m.childSummaries(own.children))
	f.Attributes = None(a)
	m.out.Fields = append(m.out.Fields, f)
}

// formulas are those of an object's own dimensions and measures, one per line, dimensions first.
func (m *mapper) formulas(p jsontree.Value) string {
	var dimensions, measures []string
	for _, c := range cubesOf(p) {
		for _, d := range c.dimensions {
			dimensions = append(dimensions, m.inlineDimension(d).Formula)
		}
		for _, d := range c.measures {
			measures = append(measures, m.inlineMeasure(d).Formula)
		}
	}
	return lines(append(dimensions, measures...)...)
}

// usesUnread reports whether an object uses a master item that couldn't be read.
func (m *mapper) usesUnread(p jsontree.Value) bool {
	for _, c := range cubesOf(p) {
		for _, d := range c.dimensions {
			if m.inlineDimension(d).Incomplete {
				return true
			}
		}
		for _, d := range c.measures {
			if m.inlineMeasure(d).Incomplete {
				return true
			}
		}
	}
	return false
}

// childSummaries tell what a master filter pane or container has inside: its children belong to it
// and have no rows of their own (contract §4).
func (m *mapper) childSummaries(children []jsontree.Value) []any {
	var all []any
	for _, c := range children {
		p, _ := m.merged(c.Get("qProperty"))
		a := catalog.Attributes{}
		Put(a, "id", p.Get("qInfo", "qId").Str())
		Put(a, "type", visualization(p))
		Put(a, "title", textOf(p.Get("title")))
		Put(a, "formula", m.formulas(p))
		Put(a, "children", m.childSummaries(c.Get("qChildren").Items))
		all = append(all, map[string]any(a))
	}
	return all
}

// visualization is an object's type: what draws it, else the type of the object itself.
func visualization(p jsontree.Value) string {
	return FirstText(textOf(p.Get("visualization")), p.Get("qInfo", "qType").Str())
}

// merged are an object's effective properties: those of the master that it extends, overridden by
// its own. The second result is the direct master: nil for an object that extends nothing, or
// something that isn't there.
func (m *mapper) merged(own jsontree.Value) (jsontree.Value, *masterObject) {
	return m.mergedOnce(own, map[string]bool{own.Get("qInfo", "qId").Str(): true})
}

// mergedOnce follows each master once: a ring of masters ends where it began (facts G 32).
func (m *mapper) mergedOnce(own jsontree.Value, seen map[string]bool) (jsontree.Value, *masterObject) {
	id := own.Get("qExtendsId").Str()
	master := m.masters[id]
	if id == "" || master == nil || seen[id] {
		return own, nil
	}
	seen[id] = true
	base, _ := m.mergedOnce(master.properties, seen)
	return overlay(base, own, true), master
}

// overlay puts own members over those of base, in base's order, what is new after it. Objects merge
// member by member, all else is replaced; a text that the instance leaves empty is the master's.
// What names the master itself doesn't pass to the instance.
func overlay(base, own jsontree.Value, top bool) jsontree.Value {
	out := jsontree.Value{Kind: jsontree.Object}
	for _, b := range base.Members {
		o := own.Get(b.Name)
		switch {
		case top && (b.Name == "qInfo" || b.Name == "qMetaDef" || b.Name == "qExtendsId"):
			continue
		case o.Kind == jsontree.Absent || o.Kind == jsontree.String && o.Text == "":
			o = b.Value
		case o.Kind == jsontree.Object && o.Empty() && !b.Value.Empty():
			o = b.Value
		case o.Kind == jsontree.Object && b.Value.Kind == jsontree.Object:
			o = overlay(b.Value, o, false)
		}
		out.Members = append(out.Members, jsontree.Member{Name: b.Name, Value: o})
	}
	for _, o := range own.Members {
		if top && (o.Name == "qInfo" || o.Name == "qMetaDef" || o.Name == "qExtendsId") ||
			base.Get(o.Name).Kind == jsontree.Absent {
			out.Members = append(out.Members, o)
		}
	}
	return out
}
