package qliktest

import "strings"

// The Repository's rows of a generated app are made one by one and without the app's content: a site of
// 25,000 apps has 900,000 of them, in the order of ids, where neighbors are of different apps.
// TestRowsAreThoseOfTheContent holds that they are the same either way.

// An itemHead is what the Repository shows of an item's properties.
type itemHead struct {
	id, typ, title, description string
	owner                       *User // nil: the app's
}

// items is how many items the app has: generic objects, dimensions and measures.
func (m *appMaker) items() int {
	n := 2 + m.o.MasterObjects + m.o.Sheets + m.o.Dimensions + m.o.Measures
	if m.hasPrivateSheet() {
		n++
	}
	return n
}

// rows is how many app objects the Repository lists: items, the users' variables, and the script.
func (m *appMaker) rows() int { return m.items() + m.o.Variables + 1 }

// head is item k, in the order of the Repository's listing.
func (m *appMaker) head(k int) itemHead {
	switch k {
	case 0:
		return itemHead{id: "LoadModel", typ: "LoadModel"}
	case 1:
		return itemHead{id: m.appPropsID(), typ: "appprops"}
	}
	common := m.by.common()
	if k -= 2; k < m.o.MasterObjects {
		return common.masters[k].head
	}
	if k -= m.o.MasterObjects; k < m.o.Sheets {
		return m.sheetHead(k)
	}
	if k -= m.o.Sheets; m.hasPrivateSheet() {
		if k == 0 {
			return m.sheetHead(m.o.Sheets)
		}
		k--
	}
	if k < m.o.Dimensions {
		return common.dimensions[k].head
	}
	return common.measures[k-m.o.Dimensions].head
}

// row makes row k of the app's objects.
func (m *appMaker) row(k int) appObject {
	x := appObject{attributes: "GenericAppObjectEntry", created: m.app.created, published: m.app.published, approved: m.app.published}
	if k < m.items() {
		h := m.head(k)
		it := m.state(h)
		x.id, x.engineID, x.kind, x.name, x.description, x.hash = it.RowID, h.id, h.typ, h.title, h.description, it.ContentHash
		x.owner, x.modified, x.published, x.approved, x.publishTime = it.Owner, it.Modified, it.Published, it.Approved, it.PublishTime
		return x
	}
	if k -= m.items(); k < m.o.Variables {
		name, definition := userVariable(k)
		x.id, x.engineID, x.kind, x.name, x.modified = m.variableRowID(name), m.variableID(name), "variable", name, m.app.modified
		x.hash = contentHash(m.variable(name, definition))
		return x
	}
	script, _ := m.script()
	x.id, x.engineID, x.kind, x.attributes = scriptRowID(m.app.id), scriptObjectID, scriptObjectType, "AppScriptObject"
	x.hash, x.modified, x.publishTime = contentHash([]byte(script)), m.app.created, m.app.publishTime
	return x
}

// rowID is the id of row k, and owner and published say who sees it: what is asked of every row of a site, so it must
// cost next to nothing.
func (m *appMaker) rowID(k int) string {
	if k < m.items() {
		h := m.head(k)
		return m.itemRowID(h)
	}
	if k -= m.items(); k < m.o.Variables {
		name, _ := userVariable(k)
		return m.variableRowID(name)
	}
	return scriptRowID(m.app.id)
}

// state is an item without its tree: its row in the Repository. In published apps all are base items, but for the
// last sheet of every fourth app, which is a community sheet, and private sheets.
func (m *appMaker) state(h itemHead) Item {
	it := Item{
		RowID: m.itemRowID(h), Owner: h.owner, Created: m.app.created, Modified: m.app.modified.Add(-sinceEdited),
		ContentHash: m.itemHash(h),
	}
	if h.owner != nil || !m.app.published {
		return it
	}
	it.Published, it.PublishTime = true, m.app.publishTime
	it.Approved = h.typ != "sheet" || h.id != sheetID(m.o.Sheets-1) || m.number%4 != 2
	if !it.Approved {
		it.Owner = m.users[2]
	}
	return it
}

func (m *appMaker) itemRowID(h itemHead) string { return DeriveID(m.app.id, "row", h.typ, h.id) }

// itemHash is the content hash of an item. It is made of what the content is made of, and so it needs no content.
func (m *appMaker) itemHash(h itemHead) string {
	return contentHash([]byte(strings.Join([]string{m.by.salt, m.app.id, h.typ, h.id}, "\x00")))
}

func (m *appMaker) variableRowID(name string) string {
	return idOr("", m.app.id, "variable", m.variableID(name))
}

// The load script is an app object of the Repository (facts B.2).
const scriptObjectID, scriptObjectType = "qvapp_appscript", "app_appscript"

func scriptRowID(app string) string { return idOr("", app, scriptObjectType) }
