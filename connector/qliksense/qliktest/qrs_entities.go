package qliktest

import "strings"

// An entityType is one kind of thing that the Repository lists.
type entityType struct {
	path      string   // in the URL, lower case: "app/object"
	schema    string   // "App.Object"
	condensed []string // members in lists that are not /full
	hub       bool     // only what the user's hub shows
	rows      func(g *graph, apps []string) rowSet
}

// anyway makes a listing that has no use for the ids of apps.
func anyway(rows func(*graph) []row) func(*graph, []string) rowSet {
	return func(g *graph, _ []string) rowSet { return plainRows(rows(g)) }
}

func allApps(g *graph, _ []string) rowSet { return appSet{g} }

// entityTypes are the types that this site has. Condensed members are those of facts B.2 where it
// tells them; for the rest they are the members by which others refer to the type, and the plain
// ones.
var entityTypes = []entityType{
	{path: "app", schema: "App", condensed: condensedApp, rows: allApps},
	{path: "app/hublist", schema: "App", condensed: condensedApp, hub: true, rows: allApps},
	{path: "app/object", schema: "App.Object", rows: (*graph).objects, condensed: []string{
		"id", "engineObjectType", "description", "objectType", "publishTime", "published", "name",
		"engineObjectId", "contentHash", "privileges",
	}},
	{path: "stream", schema: "Stream", condensed: condensedNamed, rows: anyway((*graph).streamRows)},
	{path: "user", schema: "User", condensed: condensedUser, rows: anyway((*graph).userRows)},
	{path: "tag", schema: "Tag", condensed: condensedNamed, rows: anyway((*graph).tagRows)},
	{
		path: "custompropertydefinition", schema: "CustomPropertyDefinition", condensed: condensedDefinition,
		rows: anyway((*graph).definitionRows),
	},
	{path: "dataconnection", schema: "DataConnection", rows: anyway((*graph).connectionRows), condensed: []string{
		"id", "name", "connectionstring", "type", "engineObjectId", "username", "logOn", "architecture", "privileges",
	}},
	{path: "reloadtask", schema: "ReloadTask", rows: anyway((*graph).taskRows), condensed: []string{
		"id", "name", "app", "taskType", "enabled", "operational", "privileges",
	}},
	{path: "executionresult", schema: "ExecutionResult", rows: anyway((*graph).executionRows), condensed: []string{
		"id", "taskID", "executionID", "appID", "status", "startTime", "stopTime", "duration", "privileges",
	}},
}

// findEntity tells the type that a path below /qrs/ begins with, and what follows it.
func findEntity(parts []string) (e entityType, rest []string, ok bool) {
	for _, n := range []int{2, 1} {
		if len(parts) < n {
			continue
		}
		path := strings.ToLower(strings.Join(parts[:n], "/"))
		for _, e := range entityTypes {
			if e.path == path {
				return e, parts[n:], true
			}
		}
	}
	return entityType{}, nil, false
}

// entityOf finds a type by its schema name; letter case doesn't matter.
func entityOf(schema string) (entityType, bool) {
	for _, e := range entityTypes {
		if strings.EqualFold(e.schema, schema) {
			return e, true
		}
	}
	return entityType{}, false
}

// sample is an entity of the type with every list filled and every reference set: filters, sort
// columns and table columns are checked against it.
func (e entityType) sample() *record {
	user := &User{Directory: "D", Name: "u", Email: "u@d", Roles: []string{""}}
	tag := &Tag{}
	property := CustomProperty{Definition: &CustomPropertyDefinition{Choices: []string{""}, ObjectTypes: []string{""}}}
	stream := &Stream{Owner: user, Tags: []*Tag{tag}, CustomProperties: []CustomProperty{property}}
	app := &App{
		Owner: user, Stream: stream, Tags: []*Tag{tag}, CustomProperties: []CustomProperty{property},
		Load: func() *Content { return &Content{Objects: []Item{{Tags: []*Tag{tag}}}} },
	}
	g := newGraph(&Site{
		Users: []*User{user}, Streams: []*Stream{stream}, Tags: []*Tag{tag}, Apps: []*App{app},
		CustomPropertyDefinitions: []*CustomPropertyDefinition{property.Definition},
		DataConnections:           []*DataConnection{{Owner: user, Tags: []*Tag{tag}}},
		ReloadTasks:               []*ReloadTask{{App: app, Last: &ExecutionResult{}}},
	}, map[*byte]itemTitle{})
	o := e.rows(g, nil).row(0).record
	for _, list := range []member{
		{"tags", g.tagged([]*Tag{tag})},
		{"customProperties", g.customProperties("", []CustomProperty{property})},
	} {
		o = o.with(list.name, list.value)
	}
	return o
}
