package qliksense

import (
	"errors"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

var errNoProperties = errors.New("the Engine gave no properties")

// A masterObject is a master visualization, as its instances need it.
type masterObject struct {
	key        catalog.Key
	properties jsonValue // its own: see merged
	children   []jsonValue
	err        error // why it couldn't be read
}

// mapMasterObjects makes the rows of master objects. All are read before the first is mapped, for one
// may extend another.
func (m *mapper) mapMasterObjects() {
	for _, o := range m.read.Masters {
		key := catalog.ItemKey(m.app, o.ID)
		tree, err := o.entry(&m.json, key)
		if err == nil && tree.get("qProperty").kind != jsonObject {
			err = unreadable("read properties of", key, errNoProperties)
		}
		if err != nil {
			m.gap(catalog.PartMasterObjects, key, err)
		}
		m.masters[o.ID] = &masterObject{
			key: key, properties: tree.get("qProperty"), children: tree.get("qChildren").items, err: err,
		}
	}
	for _, o := range m.read.Masters {
		if m.masters[o.ID].err == nil {
			m.mapMasterObject(o)
		}
	}
}

func (m *mapper) mapMasterObject(o objectRead) {
	own := m.masters[o.ID]
	p, _ := m.merged(own.properties)
	f := m.itemRow(catalog.MasterObject, p, meta{o.Meta})
	f.Key, f.Report, f.Origin = own.key, m.app, catalog.OriginMaster
	f.Formula = m.formulas(p)
	f.Incomplete = m.usesUnread(p)
	a := f.Attributes
	m.objectAttributes(a, p)
	put(a, "visualization", visualization(p))
	put(a, "title", textOf(p.get("title")))
	put(a, "subtitle", textOf(p.get("subtitle")))
	put(a, "footnote", textOf(p.get("footnote")))
	put(a, "children", m.childSummaries(own.children))
	f.Attributes = none(a)
	m.out.Fields = append(m.out.Fields, f)
}

// formulas are those of an object's own dimensions and measures, one per line, dimensions first.
func (m *mapper) formulas(p jsonValue) string {
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
func (m *mapper) usesUnread(p jsonValue) bool {
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
func (m *mapper) childSummaries(children []jsonValue) []any {
	var all []any
	for _, c := range children {
		p, _ := m.merged(c.get("qProperty"))
		a := catalog.Attributes{}
		put(a, "id", p.get("qInfo", "qId").str())
		put(a, "type", visualization(p))
		put(a, "title", textOf(p.get("title")))
		put(a, "formula", m.formulas(p))
		put(a, "children", m.childSummaries(c.get("qChildren").items))
		all = append(all, map[string]any(a))
	}
	return all
}

// visualization is an object's type: what draws it, else the type of the object itself.
func visualization(p jsonValue) string {
	return firstText(textOf(p.get("visualization")), p.get("qInfo", "qType").str())
}

// merged are an object's effective properties: those of the master that it extends, overridden by
// its own. The second result is the direct master: nil for an object that extends nothing, or
// something that isn't there.
func (m *mapper) merged(own jsonValue) (jsonValue, *masterObject) {
	return m.mergedOnce(own, map[string]bool{own.get("qInfo", "qId").str(): true})
}

// mergedOnce follows each master once: a ring of masters ends where it began (facts G 32).
func (m *mapper) mergedOnce(own jsonValue, seen map[string]bool) (jsonValue, *masterObject) {
	id := own.get("qExtendsId").str()
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
func overlay(base, own jsonValue, top bool) jsonValue {
	out := jsonValue{kind: jsonObject}
	for _, b := range base.members {
		o := own.get(b.name)
		switch {
		case top && (b.name == "qInfo" || b.name == "qMetaDef" || b.name == "qExtendsId"):
			continue
		case o.kind == jsonAbsent || o.kind == jsonString && o.text == "":
			o = b.value
		case o.kind == jsonObject && o.empty() && !b.value.empty():
			o = b.value
		case o.kind == jsonObject && b.value.kind == jsonObject:
			o = overlay(b.value, o, false)
		}
		out.members = append(out.members, jsonMember{b.name, o})
	}
	for _, o := range own.members {
		if top && (o.name == "qInfo" || o.name == "qMetaDef" || o.name == "qExtendsId") ||
			base.get(o.name).kind == jsonAbsent {
			out.members = append(out.members, o)
		}
	}
	return out
}
