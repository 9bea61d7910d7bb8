package qrs

import (
	"context"
	"iter"
)

// An AppObject is a row of the listing of app objects: what stands at the top of an app. Charts on
// a sheet have no row (facts B.2).
type AppObject struct {
	ID                string // the Repository's
	EngineObjectID    string // the Engine's, which is in addresses too; another one (facts G 21)
	ObjectType        string // "sheet", "masterobject", "app_appscript", …
	AppID             string
	Name, Description string
	Owner             Person
	Published         bool // with Approved: base; without: community; neither: private
	Approved          bool
	PublishTime       Time
	Created, Modified Time
	ContentHash       string // changes with the content
	Size              int64  // -1: unknown
	Tags              []string
}

// objectPage is how many app objects a page has: their rows are short, and a site has ten times as many
// as apps.
const objectPage = 1000

// AppObjects lists app objects. A big site has a million: filter them, "objectType eq 'sheet'" or
// "app.id eq …" (facts B.10).
func (c *Client) AppObjects(ctx context.Context, filter string) iter.Seq2[AppObject, error] {
	t := table[AppObject]{
		op: "list app objects", path: "app/object", entity: "App.Object", size: objectPage,
		id: func(o *AppObject) string { return o.ID },
		columns: []column[AppObject]{
			{name: "id", def: "id", into: func(o *AppObject) any { return &o.ID }},
			{name: "engineObjectId", def: "engineObjectId", into: func(o *AppObject) any { return &o.EngineObjectID }},
			{name: "objectType", def: "objectType", into: func(o *AppObject) any { return &o.ObjectType }},
			{name: "appId", def: "app.id", into: func(o *AppObject) any { return &o.AppID }},
			{name: "name", def: "name", into: func(o *AppObject) any { return &o.Name }},
			{name: "description", def: "description", into: func(o *AppObject) any { return &o.Description }},
			{name: "ownerId", def: "owner.id", into: func(o *AppObject) any { return &o.Owner.ID }},
			{name: "ownerUserId", def: "owner.userId", into: func(o *AppObject) any { return &o.Owner.UserID }},
			{name: "ownerDirectory", def: "owner.userDirectory", into: func(o *AppObject) any { return &o.Owner.UserDirectory }},
			{name: "ownerName", def: "owner.name", into: func(o *AppObject) any { return &o.Owner.Name }},
			{name: "published", def: "published", into: func(o *AppObject) any { return &o.Published }},
			{name: "approved", def: "approved", into: func(o *AppObject) any { return &o.Approved }},
			{name: "publishTime", def: "publishTime", into: func(o *AppObject) any { return &o.PublishTime }},
			{name: "createdDate", def: "createdDate", into: func(o *AppObject) any { return &o.Created }},
			{name: "modifiedDate", def: "modifiedDate", into: func(o *AppObject) any { return &o.Modified }},
			{name: "contentHash", def: "contentHash", into: func(o *AppObject) any { return &o.ContentHash }},
			{name: "size", def: "size", into: func(o *AppObject) any { return &o.Size }},
			{name: "tags", def: "tag", list: tagList(), into: func(o *AppObject) any { return (*tagCell)(&o.Tags) }},
		},
	}
	return t.rows(ctx, c, filter)
}

// An ObjectMark is what tells whether an app object has changed: its row without what only describes it.
// Every member of a row is guarded by the row's modifiedDate, without which nobody can change it (facts B.1);
// the other members are there for what moves while a date may stay (facts B.4).
type ObjectMark struct {
	ID, AppID           string
	Owner               Person
	Published, Approved bool
	Modified            Time
	ContentHash         string
}

// ObjectMarks lists the marks of all app objects that the user may see. It asks for less than half of what
// AppObjects does, and of no list, for which the Repository would have to look elsewhere.
func (c *Client) ObjectMarks(ctx context.Context) iter.Seq2[ObjectMark, error] {
	return markTable().rows(ctx, c, "")
}

func markTable() table[ObjectMark] {
	return table[ObjectMark]{
		op: "list app objects", path: "app/object", entity: "App.Object", size: objectPage,
		id: func(o *ObjectMark) string { return o.ID },
		columns: []column[ObjectMark]{
			{name: "id", def: "id", into: func(o *ObjectMark) any { return &o.ID }},
			{name: "appId", def: "app.id", common: true, into: func(o *ObjectMark) any { return &o.AppID }},
			{name: "ownerId", def: "owner.id", common: true, into: func(o *ObjectMark) any { return &o.Owner.ID }},
			{name: "ownerUserId", def: "owner.userId", common: true, into: func(o *ObjectMark) any { return &o.Owner.UserID }},
			{name: "ownerDirectory", def: "owner.userDirectory", common: true, into: func(o *ObjectMark) any { return &o.Owner.UserDirectory }},
			{name: "ownerName", def: "owner.name", common: true, into: func(o *ObjectMark) any { return &o.Owner.Name }},
			{name: "published", def: "published", into: func(o *ObjectMark) any { return &o.Published }},
			{name: "approved", def: "approved", into: func(o *ObjectMark) any { return &o.Approved }},
			{name: "modifiedDate", def: "modifiedDate", into: func(o *ObjectMark) any { return &o.Modified }},
			{name: "contentHash", def: "contentHash", into: func(o *ObjectMark) any { return &o.ContentHash }},
		},
	}
}

// A DataConnection is what load scripts connect with. Its password is never asked for (facts G 20).
type DataConnection struct {
	ID, Name          string // the name as scripts write it, with the maker's suffix
	Type              string // "folder", "ODBC", "QvRestConnector.exe", …
	ConnectionString  string // may hold secrets: never logged
	EngineObjectID    string
	Username          string
	Owner             Person
	Created, Modified Time
	Tags              []string
}

// DataConnections lists the data connections that the user may see.
func (c *Client) DataConnections(ctx context.Context) iter.Seq2[DataConnection, error] {
	t := table[DataConnection]{
		op: "list data connections", path: "dataconnection", entity: "DataConnection",
		id: func(d *DataConnection) string { return d.ID },
		columns: []column[DataConnection]{
			{name: "id", def: "id", into: func(d *DataConnection) any { return &d.ID }},
			{name: "name", def: "name", into: func(d *DataConnection) any { return &d.Name }},
			{name: "type", def: "type", into: func(d *DataConnection) any { return &d.Type }},
			{name: "connectionstring", def: "connectionstring", into: func(d *DataConnection) any { return &d.ConnectionString }},
			{name: "engineObjectId", def: "engineObjectId", into: func(d *DataConnection) any { return &d.EngineObjectID }},
			{name: "username", def: "username", into: func(d *DataConnection) any { return &d.Username }},
			{name: "ownerId", def: "owner.id", into: func(d *DataConnection) any { return &d.Owner.ID }},
			{name: "ownerUserId", def: "owner.userId", into: func(d *DataConnection) any { return &d.Owner.UserID }},
			{name: "ownerDirectory", def: "owner.userDirectory", into: func(d *DataConnection) any { return &d.Owner.UserDirectory }},
			{name: "ownerName", def: "owner.name", into: func(d *DataConnection) any { return &d.Owner.Name }},
			{name: "createdDate", def: "createdDate", into: func(d *DataConnection) any { return &d.Created }},
			{name: "modifiedDate", def: "modifiedDate", into: func(d *DataConnection) any { return &d.Modified }},
			{name: "tags", def: "tag", list: tagList(), into: func(d *DataConnection) any { return (*tagCell)(&d.Tags) }},
		},
	}
	return t.few(ctx, c)
}
