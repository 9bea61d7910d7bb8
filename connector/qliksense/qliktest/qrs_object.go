package qliktest

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// An appObject is what distinguishes a row of app/object.
type appObject struct {
	id, engineID, kind, name, description, hash, attributes string
	owner                                                   *User
	created, modified, publishTime                          time.Time
	published, approved                                     bool
	tags                                                    []*Tag
}

// A lazyObject makes the members of an app object when somebody asks for them: a site has very many objects, and
// clients ask for few members. It never changes.
type lazyObject struct {
	appObject
	app     *record
	ownedBy *User
	owner   ref
	tags    []ref
}

func (g *graph) object(a *App, x appObject) *lazyObject {
	owner := ownerOf(a, x.owner)
	if !x.published {
		x.publishTime = time.Time{}
	}
	return &lazyObject{appObject: x, app: g.app(a), ownedBy: owner, owner: g.owner(owner), tags: g.tagged(x.tags)}
}

// objectMembers are the members of an app object in their order (facts B.2).
var objectMembers = []string{
	"id", "createdDate", "modifiedDate", "modifiedByUserName", "owner", "engineObjectType", "description", "attributes",
	"objectType", "publishTime", "published", "approved", "tags", "sourceObject", "draftObject", "name", "app",
	"appObjectBlobId", "engineObjectId", "contentHash", "size", "privileges", "schemaPath",
}

// value is the member of that number.
func (o *lazyObject) value(i int) any {
	switch objectMembers[i] {
	case "id":
		return guid(o.id)
	case "createdDate":
		return date{Time: o.created}
	case "modifiedDate":
		return date{Time: o.modified}
	case "modifiedByUserName":
		return accountName(o.ownedBy)
	case "owner":
		return o.owner
	case "engineObjectType", "objectType":
		return o.kind
	case "description":
		return o.description
	case "attributes":
		return o.encoded()
	case "publishTime":
		return date{Time: o.publishTime, bare: true}
	case "published":
		return o.published
	case "approved":
		return o.approved
	case "tags":
		return o.tags
	case "sourceObject", "draftObject", "appObjectBlobId":
		return ""
	case "name":
		return o.name
	case "app":
		return ref{o.app, condensedApp}
	case "engineObjectId":
		return o.engineID
	case "contentHash":
		return o.hash
	case "size":
		return int64(-1)
	case "schemaPath":
		return "App.Object"
	default:
		return nil // privileges
	}
}

// encoded is the member attributes: base64 of a small JSON object (facts B.2).
func (o *lazyObject) encoded() string {
	text, _ := json.Marshal(struct { // strings and a bool can always be encoded
		Type, Format, Title string
		ParentID            string `json:"ParentId"`
		IsTemporary         bool
		ContentHash         string
	}{Type: o.attributes, Format: "gzjson", ParentID: o.engineID, ContentHash: o.hash})
	return base64.StdEncoding.EncodeToString(text)
}
