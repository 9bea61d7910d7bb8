package qliktest

import (
	"encoding/json"
	"time"
)

// never is the date of what hasn't happened (facts C.7, G 19).
const never = "1753-01-01T00:00:00.000Z"

// engineTime writes a time as the Engine does, never for the zero time.
func engineTime(t time.Time) string {
	if t.IsZero() {
		return never
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// optionalTime is engineTime with "" for the zero time.
func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return engineTime(t)
}

// appMeta is an app's qMeta as a site of its own has it (facts C.4).
func (c *call) appMeta(a *App) document {
	privileges := []string{"read"}
	if c.site.Can(c.peer.user, Update, a) {
		privileges = []string{"read", "update", "delete", "publish", "exportdata", "offlineaccess", "duplicate"}
	}
	publishTime := a.PublishTime
	if !a.Published() {
		publishTime = time.Time{}
	}
	m := document{
		{"createdDate", engineTime(a.Created)},
		{"modifiedDate", engineTime(a.Modified)},
		{"published", a.Published()},
		{"publishTime", engineTime(publishTime)},
		{"privileges", privileges},
		{"description", a.Description},
		{"dynamicColor", a.DynamicColor},
	}
	if a.Stream != nil {
		m = append(m, entry{"stream", document{{"id", a.Stream.ID}, {"name", a.Stream.Name}}})
	}
	return m
}

// mayCreate is the create member of the app's meta: what the user may add to it.
func (c *call) mayCreate(a *App) list {
	update := c.site.Can(c.peer.user, Update, a)
	var l list
	for _, r := range []struct {
		resource string
		anyone   bool // who may read an app may have these of their own in it
	}{
		{"sheet", true},
		{"bookmark", true},
		{"snapshot", true},
		{"story", true},
		{"masterobject", false},
		{"dimension", false},
		{"measure", false},
		{"variable", false},
	} {
		l = append(l, document{{"resource", r.resource}, {"canCreate", r.anyone || update}})
	}
	return l
}

// getAppLayout answers GetAppLayout (facts C.5).
func (c *call) getAppLayout() (structure, *rpcError) {
	a := c.doc.app
	return structure{{"qLayout", structure{
		{"qTitle", a.Name},
		{"qFileName", a.ID},
		{"qLastReloadTime", optionalTime(a.LastReload)},
		{"qHasScript", a.inside().Script != ""},
		{"qStateNames", list{}},
		{"qMeta", c.appMeta(a)},
		{"qHasData", c.doc.model.hasData()},
		{"qThumbnail", structure{{"qUrl", a.Thumbnail}}},
		{"qIsOpenedWithoutData", c.doc.noData},
		{"qReadOnly", !c.may(Update)},
	}}}, nil
}

// getAppProperties answers GetAppProperties: what is stored, and what the Repository knows better,
// flat (facts C.5).
func (c *call) getAppProperties() (structure, *rpcError) {
	a := c.doc.app
	known := document{
		{"qTitle", a.Name},
		{"qLastReloadTime", optionalTime(a.LastReload)},
		{"qMigrationHash", a.MigrationHash},
		{"qSavedInProductVersion", a.SavedInProductVersion},
		{"qThumbnail", structure{{"qUrl", a.Thumbnail}}},
		{"qHasSectionAccess", a.SectionAccess},
	}
	known = append(known, c.appMeta(a)...)
	known = append(known,
		entry{"create", c.mayCreate(a)}, entry{"canCreateDataConnections", c.may(Update)})
	return structure{{"qProp", overlay(a.inside().Properties, known)}}, nil
}

// overlay gives the stored members in their order with those that are known replaced, then the rest of
// the known ones. Known text that is empty doesn't replace stored text.
func overlay(stored json.RawMessage, known document) document {
	values := map[string]any{}
	for _, m := range known {
		if m.value != "" {
			values[m.name] = m.value
		}
	}
	var out document
	for _, m := range membersOf(stored) {
		if v, ok := values[m.name]; ok {
			out = append(out, entry{m.name, v})
			delete(values, m.name)
			continue
		}
		out = append(out, entry{m.name, m.value})
	}
	for _, m := range known {
		if v, ok := values[m.name]; ok {
			out = append(out, entry{m.name, v})
		}
	}
	return out
}

// meta is the qMeta of a thing: its qMetaDef and, when it has a row in the Repository, what that
// says (facts C.7).
func (c *call) meta(n *node) document {
	var m document
	def := get(n.props, "qMetaDef")
	for _, d := range membersOf(def) {
		m = append(m, entry{d.name, d.value})
	}
	switch {
	case n.item != nil:
		for _, name := range []string{"title", "description"} {
			if get(def, name) == nil {
				m = append(m, entry{name, ""})
			}
		}
		return append(m, c.rowMeta(n)...)
	case n.variable != nil && !n.variable.ScriptCreated:
		owner := c.ownerOf(n.variable.Owner)
		return append(m,
			entry{"createdDate", engineTime(n.variable.Created)},
			entry{"modifiedDate", engineTime(n.variable.Modified)},
			entry{"owner", ownerMeta(owner)}, entry{"privileges", c.privileges(owner, nil)},
			entry{"_resourcetype", "app.object"}, entry{"_objecttype", n.typ})
	case n.parent != nil:
		root := n.root()
		if root.item != nil {
			return append(m, entry{"privileges", c.privileges(c.ownerOf(root.item.Owner), root.item)})
		}
	}
	return append(m, entry{"privileges", []string{"read", "update", "delete", "exportdata"}})
}

// root is the top of the node's tree.
func (n *node) root() *node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// rowMeta is what the Repository knows of an app object.
func (c *call) rowMeta(n *node) document {
	it := n.item
	publishTime := it.PublishTime
	if !it.Published {
		publishTime = time.Time{}
	}
	owner := c.ownerOf(it.Owner)
	return document{
		{"createdDate", engineTime(it.Created)},
		{"modifiedDate", engineTime(it.Modified)},
		{"published", it.Published},
		{"publishTime", engineTime(publishTime)},
		{"approved", it.Approved},
		{"owner", ownerMeta(owner)},
		{"sourceObject", ""},
		{"draftObject", ""},
		{"privileges", c.privileges(owner, it)},
		{"_resourcetype", "app.object"},
		{"_objecttype", n.typ},
		{"id", it.RowID},
	}
}

// ownerOf gives the owner of a thing in the open app: the app's when it has none of its own.
func (c *call) ownerOf(u *User) *User {
	if u == nil {
		return c.doc.app.Owner
	}
	return u
}

// ownerMeta is an owner as the Engine shows it; nil when nobody owns the thing.
func ownerMeta(u *User) any {
	if u == nil {
		return nil
	}
	return document{
		{"id", u.ID},
		{"userId", u.Name},
		{"userDirectory", u.Directory},
		{"userDirectoryConnectorName", u.Directory},
		{"name", u.DisplayName},
		{"privileges", null{}},
	}
}

// privileges is what the user may do to an app object (facts C.7).
func (c *call) privileges(owner *User, it *Item) []string {
	u, app := c.peer.user, c.doc.app
	if owner != u && !u.Admin() {
		return []string{"read"}
	}
	all := []string{"read", "update", "delete"}
	if it != nil && app.Published() {
		if c.site.Can(u, Update, app) {
			all = append(all, "approve")
		}
		all = append(all, "publish")
	}
	return append(all, "changeowner")
}

// getConnections lists the connections that the user may use in the site, then those that the app
// brought along (facts C.10, G 39).
func (c *call) getConnections() (structure, *rpcError) {
	all := list{}
	for _, d := range c.site.DataConnections {
		if c.peer.user.Admin() || d.Owner == c.peer.user {
			all = append(all, c.connection(d))
		}
	}
	for _, raw := range c.doc.app.inside().Connections {
		all = append(all, raw)
	}
	return structure{{"qConnections", all}}, nil
}

func (c *call) getConnection() (structure, *rpcError) {
	id, err := c.str("qConnectionId")
	if err != nil {
		return nil, err
	}
	for _, d := range c.site.DataConnections {
		if d.ID == id && (c.peer.user.Admin() || d.Owner == c.peer.user) {
			return structure{{"qConnection", c.connection(d)}}, nil
		}
	}
	for _, raw := range c.doc.app.inside().Connections {
		if text(raw, "qId") == id {
			return structure{{"qConnection", raw}}, nil
		}
	}
	return nil, &rpcError{2001, id, "Connection not found"}
}

func (c *call) connection(d *DataConnection) structure {
	return structure{
		{"qId", d.ID},
		{"qName", d.Name},
		{"qConnectionString", d.ConnectionString},
		{"qType", d.Type},
		{"qUserName", d.Username},
		{"qModifiedDate", optionalTime(d.Modified)},
		{"qMeta", document{
			{"createdDate", engineTime(d.Created)},
			{"modifiedDate", engineTime(d.Modified)},
			{"privileges", c.privileges(d.Owner, nil)},
		}},
		{"qLogOn", "LOG_ON_SERVICE_USER"},
	}
}
