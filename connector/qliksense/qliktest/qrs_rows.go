package qliktest

import (
	"encoding/base64"
)

func everyone(*User) bool { return true }

func administrators(u *User) bool { return u.Admin() }

func owned(owner *User) func(*User) bool {
	return func(u *User) bool { return u.Admin() || owner == u }
}

func (g *graph) userRows() []row {
	rows := make([]row, len(g.site.Users))
	for i, x := range g.site.Users {
		rows[i] = row{record: g.user(x), see: func(u *User) bool { return u.Admin() || u == x }, full: administrators}
	}
	return rows
}

func (g *graph) tagRows() []row {
	rows := make([]row, len(g.site.Tags))
	for i, t := range g.site.Tags {
		rows[i] = row{record: g.tag(t), see: everyone, full: administrators}
	}
	return rows
}

func (g *graph) definitionRows() []row {
	rows := make([]row, len(g.site.CustomPropertyDefinitions))
	for i, d := range g.site.CustomPropertyDefinitions {
		rows[i] = row{record: g.definition(d), see: everyone, full: administrators}
	}
	return rows
}

func (g *graph) streamRows() []row {
	rows := make([]row, len(g.site.Streams))
	for i, st := range g.site.Streams {
		see := func(u *User) bool { return g.site.CanSeeStream(u, st) }
		rows[i] = row{record: g.stream(st), see: see, full: owned(st.Owner)}
	}
	return rows
}

func (g *graph) connectionRows() []row {
	rows := make([]row, len(g.site.DataConnections))
	for i, c := range g.site.DataConnections {
		password := ""
		if c.Username != "" { // the Repository does send one (facts B.2): clients must not keep it
			password = base64.StdEncoding.EncodeToString([]byte("secret of " + c.ID))
		}
		rows[i] = row{see: owned(c.Owner), full: owned(c.Owner), record: entity("DataConnection",
			head(c.ID, c.Created, c.Modified, c.Owner), []member{
				{"customProperties", []*record(nil)},
				{"owner", g.owner(c.Owner)},
				{"name", c.Name},
				{"connectionstring", c.ConnectionString},
				{"type", c.Type},
				{"engineObjectId", guid(idOr("", "connection", c.ID))},
				{"username", c.Username},
				{"password", password},
				{"logOn", int64(0)},
				{"architecture", int64(0)},
				{"tags", g.tagged(c.Tags)},
			})}
	}
	return rows
}

// statusNames are the states of an execution by number (facts B.2).
var statusNames = []string{
	"NeverStarted", "Triggered", "Started", "Queued", "AbortInitiated", "Aborting", "Aborted",
	"FinishedSuccess", "FinishedFail", "Skipped", "Retry", "Error", "Reset",
	"DistributionQueue", "DistributionRunning",
}

// lastResult are the members of a task's last execution; a task that never ran has one that never
// started.
func lastResult(t *ReloadTask) []member {
	x := t.Last
	if x == nil {
		x = &ExecutionResult{}
	}
	duration := int64(0)
	if !x.Stop.IsZero() {
		duration = x.Stop.Sub(x.Start).Milliseconds()
	}
	return []member{
		{"id", guid(idOr(x.ID, "execution", t.ID))},
		{"executingNodeName", ""},
		{"status", enum{int64(x.Status), statusNames}},
		{"startTime", date{Time: x.Start}},
		{"stopTime", date{Time: x.Stop}},
		{"duration", duration},
		{"fileReferenceID", guid("")},
		{"scriptLogAvailable", false},
		{"details", []*record(nil)},
		{"scriptLogLocation", ""},
		{"scriptLogSize", int64(0)},
	}
}

func (g *graph) taskRows() []row {
	rows := make([]row, len(g.site.ReloadTasks))
	for i, t := range g.site.ReloadTasks {
		app, owner := ref{}, (*User)(nil)
		if t.App != nil {
			app, owner = ref{g.app(t.App), condensedApp}, t.App.Owner
		}
		operational := &record{members: []member{
			{"id", guid(idOr("", "operational", t.ID))},
			{"lastExecutionResult", &record{members: lastResult(t)}},
			{"nextExecution", date{}},
			{"privileges", nil},
		}}
		rows[i] = row{see: owned(owner), full: owned(owner), record: entity("ReloadTask",
			head(t.ID, installed, installed, owner), []member{
				{"customProperties", []*record(nil)},
				{"name", t.Name},
				{"app", app},
				{"taskType", int64(0)},
				{"enabled", t.Enabled},
				{"taskSessionTimeout", int64(1440)},
				{"maxRetries", int64(0)},
				{"isManuallyTriggered", false},
				{"isPartialReload", false},
				{"timeToLive", int64(0)},
				{"preloadNodes", []*record(nil)},
				{"tags", []ref(nil)},
				{"operational", operational},
			})}
	}
	return rows
}

func (g *graph) executionRows() []row {
	var rows []row
	for _, t := range g.site.ReloadTasks {
		if t.Last == nil {
			continue
		}
		appID, owner := "", (*User)(nil)
		if t.App != nil {
			appID, owner = t.App.ID, t.App.Owner
		}
		result := lastResult(t)
		o := entity("ExecutionResult",
			head(string(result[0].value.(guid)), t.Last.Start, t.Last.Stop, nil),
			[]member{
				{"taskID", guid(t.ID)},
				{"executionID", guid(idOr("", "run", t.Last.ID))},
				{"appID", guid(appID)},
				{"executingNodeID", guid("")},
			}, result[1:])
		rows = append(rows, row{record: o, see: owned(owner), full: administrators})
	}
	return rows
}

// insideOf gives an app's objects: sheets, stories, master items, bookmarks, the user-made
// variables, the script, and what else is in its content. Charts are in their sheets' blobs and are
// no rows (facts B.2).
func (g *graph) insideOf(a *App) []row {
	if rows, ok := g.inside[a]; ok {
		return rows
	}
	c := a.inside()
	var rows []row
	for _, list := range [][]Item{c.Objects, c.Dimensions, c.Measures, c.Bookmarks} {
		for i := range list {
			rows = append(rows, g.itemRow(a, &list[i]))
		}
	}
	for _, v := range c.Variables {
		if !v.ScriptCreated && !v.Reserved && !v.Config {
			item := Item{Tree: Tree{Property: v.Properties}, Owner: v.Owner, Created: v.Created, Modified: v.Modified}
			item.Published, item.Approved = a.Published(), a.Published()
			rows = append(rows, g.itemRow(a, &item))
		}
	}
	if c.Script != "" {
		rows = append(rows, g.scriptRow(a, c))
	}
	g.inside[a] = rows
	return rows
}

// itemRow is the row of one object.
func (g *graph) itemRow(a *App, it *Item) row {
	t := g.title(it.Tree.Property)
	return g.objectRow(a, appObject{
		id: idOr(it.RowID, a.ID, t.typ, t.id), engineID: t.id, kind: t.typ, name: t.title, description: t.description,
		hash: orElse(it.ContentHash, t.hash), attributes: "GenericAppObjectEntry", owner: it.Owner,
		created: it.Created, modified: it.Modified, published: it.Published, approved: it.Approved,
		publishTime: it.PublishTime, tags: it.Tags,
	})
}

// scriptRow is the row of the load script; it moves when the script does (facts B.2).
func (g *graph) scriptRow(a *App, c *Content) row {
	modified := c.ScriptModified
	if modified.IsZero() {
		modified = a.Created
	}
	return g.objectRow(a, appObject{
		id: scriptRowID(a.ID), engineID: scriptObjectID, kind: scriptObjectType,
		hash: contentHash([]byte(c.Script)), attributes: "AppScriptObject",
		created: a.Created, modified: modified, published: a.Published(), approved: a.Published(),
		publishTime: a.PublishTime,
	})
}

func (g *graph) objectRow(a *App, x appObject) row {
	lazy := g.object(a, x)
	see := func(u *User) bool { return g.canSeeObject(u, a, lazy.appObject) }
	return row{record: &record{schema: "App.Object", lazy: lazy}, see: see, full: owned(ownerOf(a, x.owner))}
}

// canSeeObject reports whether the Repository lists an object to the user. It lists private ones to
// administrators, too (facts C.5). Who may not reload the app doesn't see its script (facts B.2, C.6).
func (g *graph) canSeeObject(u *User, a *App, x appObject) bool {
	if x.kind == scriptObjectType && x.engineID == scriptObjectID {
		return g.site.Can(u, Reload, a)
	}
	return u.Admin() && g.site.Can(u, Read, a) || g.site.CanSeeItem(u, a, &Item{Owner: x.owner, Published: x.published})
}

func ownerOf(a *App, owner *User) *User {
	if owner == nil {
		return a.Owner
	}
	return owner
}
