package qrs

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/url"
)

// About is GET /qrs/about (facts B.2).
type About struct {
	BuildVersion     string `json:"buildVersion"` // "31.62.0.0"
	DatabaseProvider string `json:"databaseProvider"`
	NodeType         int    `json:"nodeType"`
	SchemaPath       string `json:"schemaPath"`
}

// About asks what the Repository is. It is also the usual first request of a session.
func (c *Client) About(ctx context.Context) (About, error) {
	k := call{op: "read about", path: "/qrs/about"}
	a, err := c.do(ctx, k)
	if err != nil {
		return About{}, err
	}
	return c.readAbout(k, a)
}

func (c *Client) readAbout(k call, a answer) (About, error) {
	var out About
	if err := c.decode(k, a, &out); err != nil {
		return About{}, err
	}
	if out.BuildVersion == "" {
		e := c.failed(k, a.status, NotQlik, nil)
		e.Text = "answered with JSON that has no buildVersion"
		return About{}, e
	}
	return out, nil
}

// A Person is a user as other things refer to him.
type Person struct {
	ID            string // a GUID
	UserID        string
	UserDirectory string
	Name          string
}

// Account is DIRECTORY\user, "" for nobody.
func (p Person) Account() string {
	if p.UserID == "" {
		return ""
	}
	return p.UserDirectory + `\` + p.UserID
}

// A CustomProperty is one value of a custom property; several may have the same name (facts G 23).
type CustomProperty struct{ Name, Value string }

// An App is a row of the listing of apps (facts B.2). Absent dates are zero.
type App struct {
	ID, Name, Description string
	Owner                 Person
	ModifiedBy            string // DIRECTORY\user
	StreamID, StreamName  string // "" when unpublished
	Published             bool
	PublishTime           Time
	Created, Modified     Time
	LastReload            Time
	FileSize              int64  // bytes of the stored file
	Thumbnail             string // "/appcontent/…", or ""
	SavedInProductVersion string // the Engine's version
	MigrationHash         string
	DynamicColor          string
	AvailabilityStatus    int
	SourceAppID           string
	TargetAppID           string
	Tags                  []string
	CustomProperties      []CustomProperty
}

// Apps lists the apps that the user may see. filter is in the language of facts B.3; "" is all.
func (c *Client) Apps(ctx context.Context, filter string) iter.Seq2[App, error] {
	return appTable().rows(ctx, c, filter)
}

// App reads one app; an unknown one is a NotFound error.
func (c *Client) App(ctx context.Context, id string) (App, error) {
	for app, err := range c.Apps(ctx, "id eq "+id) {
		return app, err
	}
	return App{}, c.failed(call{op: "read app", method: "GET", path: "/qrs/app/" + url.PathEscape(id)}, 0, NotFound, nil)
}

func appTable() table[App] {
	return table[App]{op: "list apps", path: "app", entity: "App", id: func(a *App) string { return a.ID }, columns: []column[App]{
		{name: "id", def: "id", into: func(a *App) any { return &a.ID }},
		{name: "name", def: "name", into: func(a *App) any { return &a.Name }},
		{name: "description", def: "description", into: func(a *App) any { return &a.Description }},
		{name: "ownerId", def: "owner.id", common: true, into: func(a *App) any { return &a.Owner.ID }},
		{name: "ownerUserId", def: "owner.userId", common: true, into: func(a *App) any { return &a.Owner.UserID }},
		{name: "ownerDirectory", def: "owner.userDirectory", common: true, into: func(a *App) any { return &a.Owner.UserDirectory }},
		{name: "ownerName", def: "owner.name", common: true, into: func(a *App) any { return &a.Owner.Name }},
		{name: "modifiedBy", def: "modifiedByUserName", common: true, into: func(a *App) any { return &a.ModifiedBy }},
		{name: "streamId", def: "stream.id", common: true, into: func(a *App) any { return &a.StreamID }},
		{name: "streamName", def: "stream.name", common: true, into: func(a *App) any { return &a.StreamName }},
		{name: "published", def: "published", into: func(a *App) any { return &a.Published }},
		{name: "publishTime", def: "publishTime", into: func(a *App) any { return &a.PublishTime }},
		{name: "createdDate", def: "createdDate", into: func(a *App) any { return &a.Created }},
		{name: "modifiedDate", def: "modifiedDate", into: func(a *App) any { return &a.Modified }},
		{name: "lastReloadTime", def: "lastReloadTime", into: func(a *App) any { return &a.LastReload }},
		{name: "fileSize", def: "fileSize", into: func(a *App) any { return &a.FileSize }},
		{name: "thumbnail", def: "thumbnail", into: func(a *App) any { return &a.Thumbnail }},
		{name: "savedInProductVersion", def: "savedInProductVersion", common: true, into: func(a *App) any { return &a.SavedInProductVersion }},
		{name: "migrationHash", def: "migrationHash", common: true, into: func(a *App) any { return &a.MigrationHash }},
		{name: "dynamicColor", def: "dynamicColor", into: func(a *App) any { return &a.DynamicColor }},
		{name: "availabilityStatus", def: "availabilityStatus", into: func(a *App) any { return &a.AvailabilityStatus }},
		{name: "sourceAppId", def: "sourceAppId", common: true, into: func(a *App) any { return &a.SourceAppID }},
		{name: "targetAppId", def: "targetAppId", common: true, into: func(a *App) any { return &a.TargetAppID }},
		{name: "tags", def: "tag", list: tagList(), into: func(a *App) any { return (*tagCell)(&a.Tags) }},
		{
			name: "customProperties", def: "CustomPropertyValue", list: propertyList(),
			into: func(a *App) any { return (*propertyCell)(&a.CustomProperties) },
		},
	}}
}

// A Stream is a row of the listing of streams.
type Stream struct {
	ID, Name          string
	Owner             Person
	ModifiedBy        string
	Created, Modified Time
	Tags              []string
	CustomProperties  []CustomProperty
}

// Streams lists the streams that the user may see.
func (c *Client) Streams(ctx context.Context) iter.Seq2[Stream, error] {
	t := table[Stream]{op: "list streams", path: "stream", entity: "Stream", id: func(s *Stream) string { return s.ID }, columns: []column[Stream]{
		{name: "id", def: "id", into: func(s *Stream) any { return &s.ID }},
		{name: "name", def: "name", into: func(s *Stream) any { return &s.Name }},
		{name: "ownerId", def: "owner.id", into: func(s *Stream) any { return &s.Owner.ID }},
		{name: "ownerUserId", def: "owner.userId", into: func(s *Stream) any { return &s.Owner.UserID }},
		{name: "ownerDirectory", def: "owner.userDirectory", into: func(s *Stream) any { return &s.Owner.UserDirectory }},
		{name: "ownerName", def: "owner.name", into: func(s *Stream) any { return &s.Owner.Name }},
		{name: "modifiedBy", def: "modifiedByUserName", into: func(s *Stream) any { return &s.ModifiedBy }},
		{name: "createdDate", def: "createdDate", into: func(s *Stream) any { return &s.Created }},
		{name: "modifiedDate", def: "modifiedDate", into: func(s *Stream) any { return &s.Modified }},
		{name: "tags", def: "tag", list: tagList(), into: func(s *Stream) any { return (*tagCell)(&s.Tags) }},
		{
			name: "customProperties", def: "CustomPropertyValue", list: propertyList(),
			into: func(s *Stream) any { return (*propertyCell)(&s.CustomProperties) },
		},
	}}
	return t.rows(ctx, c, "")
}

func tagList() []string      { return []string{"name"} }
func propertyList() []string { return []string{"definition.name", "value"} }

// A listCell is the answer of a List column: a table in a cell (facts B.6), null for none.
type listCell struct {
	Rows [][]*string `json:"rows"`
}

func (l *listCell) read(data []byte) error {
	if bytes.HasSuffix(data, []byte(`"rows":[]}`)) { // as most lists of a listing are
		return nil
	}
	return json.Unmarshal(data, l)
}

// at is one cell of a row, "" when it is null or missing.
func at(row []*string, i int) string {
	if i >= len(row) || row[i] == nil {
		return ""
	}
	return *row[i]
}

type tagCell []string

func (t *tagCell) UnmarshalJSON(data []byte) error {
	var l listCell
	if err := l.read(data); err != nil {
		return err
	}
	for _, row := range l.Rows {
		*t = append(*t, at(row, 0))
	}
	return nil
}

type propertyCell []CustomProperty

func (p *propertyCell) UnmarshalJSON(data []byte) error {
	var l listCell
	if err := l.read(data); err != nil {
		return err
	}
	for _, row := range l.Rows {
		*p = append(*p, CustomProperty{Name: at(row, 0), Value: at(row, 1)})
	}
	return nil
}
