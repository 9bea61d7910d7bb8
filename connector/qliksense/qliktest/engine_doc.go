package qliktest

import (
	"encoding/json"
	"strings"
)

// A doc is an open app as its user sees it: what they may not see isn't there (facts C.5).
type doc struct {
	app    *App
	stamp  int  // of the site when it was made
	noData bool // opened without data: fields and tables are empty (facts C.4)
	model  *dataModel

	objects    []*node // sheets, master objects, stories …; children hang below them
	dimensions []*node
	measures   []*node
	bookmarks  []*node
	variables  []*node
	byID       map[handle]*node
}

// A node is one thing in an open app, or a session object.
type node struct {
	kind     handleKind
	id, typ  string
	props    json.RawMessage
	tree     *Tree     // of generic objects that are stored
	item     *Item     // nil for children, variables and session objects
	variable *Variable // nil for others
	parent   *node
	children []*node
}

// current gives the session's doc, made anew when the site has changed since. The caller holds the
// site and the session.
func (s *engineSession) current(c *call) *doc {
	stamp := c.peer.engine.server.stamp
	if s.doc != nil && s.doc.stamp == stamp {
		return s.doc
	}
	app := c.site.FindApp(s.opened)
	if app == nil { // deleted meanwhile: nothing is left of it
		app = &App{ID: s.opened, Owner: c.peer.user}
	}
	s.doc = newDoc(c.site, c.peer.user, app, c.has(ObjectsHidden))
	s.doc.stamp, s.doc.noData = stamp, s.noData
	if !s.noData {
		s.doc.model = newDataModel(app.inside().Metadata)
	}
	return s.doc
}

// newDoc collects what the user may see of the app; hidden leaves its objects out.
func newDoc(site *Site, u *User, app *App, hidden bool) *doc {
	d := &doc{app: app, byID: map[handle]*node{}}
	content := app.inside()
	visible := func(items []Item, kind handleKind) (nodes []*node) {
		for i := range items {
			it := &items[i]
			if !hidden && !it.HiddenFromEngine && site.CanSeeItem(u, app, it) {
				nodes = append(nodes, d.add(kind, &it.Tree, it, nil))
			}
		}
		return nodes
	}
	d.objects = visible(content.Objects, kindObject)
	d.dimensions = visible(content.Dimensions, kindDimension)
	d.measures = visible(content.Measures, kindMeasure)
	d.bookmarks = visible(content.Bookmarks, kindBookmark)
	for i := range content.Variables {
		v := &content.Variables[i]
		n := d.add(kindVariable, &Tree{Property: v.Properties}, nil, nil)
		n.variable = v
		d.variables = append(d.variables, n)
	}
	return d
}

func (d *doc) add(kind handleKind, t *Tree, it *Item, parent *node) *node {
	info := get(t.Property, "qInfo")
	n := &node{
		kind: kind, id: text(info, "qId"), typ: text(info, "qType"),
		props: t.Property, tree: t, item: it, parent: parent,
	}
	d.byID[handle{kind: kind, id: n.id, live: true}] = n
	if kind == kindObject {
		for i := range t.Children {
			n.children = append(n.children, d.add(kind, &t.Children[i], nil, n))
		}
	}
	return n
}

// find gives the node of a handle; nil when it is no more.
func (d *doc) find(s *engineSession, h handle) *node {
	if n := d.byID[h]; n != nil {
		return n
	}
	if h.kind == kindObject {
		for _, n := range s.objects {
			if n.id == h.id {
				return n
			}
		}
	}
	return nil
}

// lookup finds a thing by id.
func (c *call) lookup(kind handleKind, id string) *node {
	return c.doc.find(c.session, handle{kind: kind, id: id, live: true})
}

// docMethods are the methods of an open app (facts C.5, C.6, C.10).
func docMethods() map[string]method {
	ms := map[string]method{
		"GetAllInfos":          {call: (*call).getAllInfos},
		"GetObjects":           {params: []string{"qOptions"}, call: (*call).getObjects},
		"GetBookmarks":         {params: []string{"qOptions"}, call: (*call).getBookmarks},
		"GetVariables":         {params: []string{"qListDef"}, call: (*call).getVariables},
		"GetObject":            getter(kindObject, "qId"),
		"GetDimension":         getter(kindDimension, "qId"),
		"GetMeasure":           getter(kindMeasure, "qId"),
		"GetBookmark":          getter(kindBookmark, "qId"),
		"GetVariableById":      getter(kindVariable, "qId"),
		"GetVariableByName":    {params: []string{"qName"}, call: (*call).getVariableByName, whole: true},
		"CreateSessionObject":  {params: []string{"qProp"}, call: (*call).createSessionObject, whole: true},
		"DestroySessionObject": {params: []string{"qId"}, call: (*call).destroySessionObject, whole: true},
		"GetAppLayout":         {call: (*call).getAppLayout},
		"GetAppProperties":     {call: (*call).getAppProperties},
		"GetMediaList":         {call: emptyItems("qList")},
		"GetContentLibraries":  {call: emptyItems("qList")},
		"GetLibraryContent":    {params: []string{"qName"}, call: emptyItems("qList")},
		"GetScript":            {call: (*call).getScript, needs: Reload},
		"GetScriptEx":          {call: (*call).getScriptEx, needs: Read},
		"GetScriptMeta":        {call: func(*call) (structure, *rpcError) { return structure{{"qMeta", document{}}}, nil }, needs: Read},
		"GetLineage":           {call: (*call).getLineage, needs: Reload},
		"GetConnections":       {call: (*call).getConnections, needs: Reload},
		"GetConnection":        {params: []string{"qConnectionId"}, call: (*call).getConnection, needs: Reload},
		"GetFavoriteVariables": {call: func(*call) (structure, *rpcError) { return structure{{"qNames", list{}}}, nil }, needs: Reload},
		"GetEmptyScript":       {params: []string{"qLocalizedMainSection?"}, call: (*call).getEmptyScript, needs: Reload},
		"ExpandExpression":     {params: []string{"qExpression"}, call: (*call).expandExpression},
		"GetTablesAndKeys":     {params: tablesAndKeysParams(), call: (*call).getTablesAndKeys},
		"GetFieldDescription":  {params: []string{"qFieldName"}, call: (*call).getFieldDescription},
	}
	for act, names := range docPrivileges() {
		for _, name := range names {
			ms[name] = method{needs: act, call: (*call).notSimulated}
		}
	}
	return ms
}

// docPrivileges are methods that the simulated site doesn't have, with the privilege that they need
// (facts C.6): who lacks it is told so.
func docPrivileges() map[Action][]string {
	return map[Action][]string{
		Reload: {
			"CheckScriptSyntax", "GetTextMacros", "GetIncludeFileContent", "DoReload", "DoReloadEx",
			"GetDatabases", "GetDatabaseInfo", "GetDatabaseOwners", "GetDatabaseTables",
			"GetDatabaseTableFields", "GetDatabaseTablePreview", "GetFolderItemsForConnection",
			"GetFileTables", "GetFileTableFields", "GetFileTablePreview", "GetFileTablesEx",
		},
		Update: {"SetScript", "SetAppProperties", "SetFavoriteVariables", "DoSave", "SaveObjects", "ModifyConnection"},
	}
}

func (c *call) notSimulated() (structure, *rpcError) { return nil, noMethod(c.method) }

// emptyItems answers lists that are always empty: the simulated site holds no media and no content
// libraries.
func emptyItems(name string) func(*call) (structure, *rpcError) {
	return func(*call) (structure, *rpcError) {
		return structure{{name, listed(list{})}}, nil
	}
}

// getter gives a handle for a thing, a null handle when there is no such thing (facts C.5).
func getter(kind handleKind, param string) method {
	return method{params: []string{param}, whole: true, call: func(c *call) (structure, *rpcError) {
		id, err := c.str(param)
		if err != nil {
			return nil, err
		}
		n := c.lookup(kind, id)
		if n != nil && kind == kindDimension && n == c.doc.dimensions[0] && c.has(ItemMissing) {
			n = nil
		}
		return c.handleTo(n), nil
	}}
}

// handleTo is the result of the calls that give a handle.
func (c *call) handleTo(n *node) structure {
	if n == nil {
		return structure{{"qReturn", document{{"qType", null{}}, {"qHandle", null{}}}}}
	}
	return structure{{"qReturn", structure{
		{"qType", string(n.kind)},
		{"qHandle", c.open(n.kind, n.id)},
		{"qGenericType", n.typ},
		{"qGenericId", n.id},
	}}}
}

func (c *call) getVariableByName() (structure, *rpcError) {
	name, err := c.str("qName")
	if err != nil {
		return nil, err
	}
	return c.handleTo(c.variable(name)), nil
}

// variable finds a variable by its name; nil when there is none.
func (c *call) variable(name string) *node {
	for _, n := range c.doc.variables {
		if text(n.props, "qName") == name {
			return n
		}
	}
	return nil
}

// getAllInfos lists generic objects with their children, measures, dimensions and bookmarks; not
// variables (facts C.5).
func (c *call) getAllInfos() (structure, *rpcError) {
	infos := list{}
	var add func(ns []*node)
	add = func(ns []*node) {
		for _, n := range ns {
			infos = append(infos, n.info())
			add(n.children)
		}
	}
	for _, ns := range [][]*node{c.doc.objects, c.doc.measures, c.doc.dimensions, c.doc.bookmarks} {
		add(ns)
	}
	return structure{{"qInfos", infos}}, nil
}

// info is the node's qInfo.
func (n *node) info() structure { return structure{{"qId", n.id}, {"qType", n.typ}} }

// getObjects lists stored objects and, when asked, session objects, of some types or of all.
func (c *call) getObjects() (structure, *rpcError) {
	o, err := c.obj("qOptions")
	if err != nil {
		return nil, err
	}
	nodes := c.doc.objects
	if string(get(o, "qIncludeSessionObjects")) == "true" {
		nodes = append(nodes[:len(nodes):len(nodes)], c.session.objects...)
	}
	return structure{{"qList", c.items(nodes, typesOf(o), get(o, "qData"))}}, nil
}

func (c *call) getBookmarks() (structure, *rpcError) {
	o, err := c.obj("qOptions")
	if err != nil {
		return nil, err
	}
	return structure{{"qList", c.items(c.doc.bookmarks, typesOf(o), get(o, "qData"))}}, nil
}

// typesOf reads qTypes; nil means all.
func typesOf(options json.RawMessage) (types []string) {
	for _, t := range itemsOf(get(options, "qTypes")) {
		types = append(types, asText(t))
	}
	return types
}

func (c *call) getScript() (structure, *rpcError) {
	return structure{{"qScript", c.doc.app.inside().Script}}, nil
}

func (c *call) getScriptEx() (structure, *rpcError) {
	return structure{{"qScript", structure{
		{"qScript", c.doc.app.inside().Script}, {"qMeta", document{}}, {"qIsLocked", false},
	}}}, nil
}

func (c *call) getEmptyScript() (structure, *rpcError) {
	section := asText(c.args["qLocalizedMainSection"])
	if section == "" {
		section = "Main"
	}
	return structure{{"qReturn", "///$tab " + section + "\r\n"}}, nil
}

// getLineage gives what the last reload stored; either member may be missing (facts C.9).
func (c *call) getLineage() (structure, *rpcError) {
	lines := list{}
	for _, l := range c.doc.app.inside().Lineage {
		lines = append(lines, structure{{"qDiscriminator", l.Discriminator}, {"qStatement", l.Statement}})
	}
	return structure{{"qLineage", lines}}, nil
}

// expandExpression replaces $(name) by the variable's definition, also within definitions.
func (c *call) expandExpression() (structure, *rpcError) {
	expr, err := c.str("qExpression")
	if err != nil {
		return nil, err
	}
	return structure{{"qExpandedExpression", c.expand(expr, 0)}}, nil
}

// maxExpansion ends expansions of variables that name each other.
const maxExpansion = 20

func (c *call) expand(expr string, depth int) string {
	before, rest, found := strings.Cut(expr, "$(")
	name, after, closed := strings.Cut(rest, ")")
	if !found || !closed || depth > maxExpansion {
		return expr
	}
	value := ""
	if n := c.variable(name); n != nil {
		value = c.expand(strings.TrimPrefix(text(n.props, "qDefinition"), "="), depth+1)
	}
	return before + value + c.expand(after, depth)
}
