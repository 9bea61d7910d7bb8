// Package qliktest is a simulated Qlik Sense Enterprise site: a proxy, the Repository Service (QRS)
// and an Engine, on real sockets, behaving as the fact book says. Tests and `qlikcrawler simulate`
// run it; it is fed by values of this file, and it has counters and named faults.
//
// It is strict about what clients send, and it knows nothing of our own client.
package qliktest

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Site is what a simulated Qlik Sense site holds. A Server reads it; change it while a server runs
// through the Server's editors only.
type Site struct {
	Users                     []*User
	Streams                   []*Stream
	Tags                      []*Tag
	CustomPropertyDefinitions []*CustomPropertyDefinition
	DataConnections           []*DataConnection
	ReloadTasks               []*ReloadTask
	Apps                      []*App

	byID atomic.Pointer[map[string]*App] // the apps of a running site by id in lower case; nil: look through all

	BuildVersion  string // QRS about.buildVersion, "31.62.0.0"
	EngineVersion string // qComponentVersion, "12.2056.15"
	MigrationHash string // what the Engine gives an app that it opens and migrates
}

// A User is an account of the site (facts B.2).
type User struct {
	ID              string // a GUID
	Directory, Name string // userDirectory, userId
	Password        string // of the Windows account; "": it has none that works
	DisplayName     string
	Email           string
	Groups          []string
	Roles           []string // "RootAdmin" may read everything
	Inactive        bool
	RemovedExternal bool // deleted in the directory (facts G 22)
}

// Account is DIRECTORY\user.
func (u *User) Account() string { return u.Directory + `\` + u.Name }

// Admin reports whether the user may read everything, scripts too.
func (u *User) Admin() bool { return slices.Contains(u.Roles, "RootAdmin") }

// A Stream is a place where apps are published.
type Stream struct {
	ID, Name          string
	Owner             *User
	Created, Modified time.Time
	Tags              []*Tag
	CustomProperties  []CustomProperty
	Readers           []*User // nil: everyone
}

// A Tag is a QMC tag.
type Tag struct{ ID, Name string }

// A CustomPropertyDefinition says what values a custom property may have.
type CustomPropertyDefinition struct {
	ID, Name, Description string
	Choices               []string
	ObjectTypes           []string // "App", "Stream", …
}

// A CustomProperty is one value of a custom property; one thing may have several of one definition.
type CustomProperty struct {
	Definition *CustomPropertyDefinition
	Value      string
}

// A DataConnection is a connection that load scripts use.
type DataConnection struct {
	ID, Name, ConnectionString, Type, Username string
	Owner                                      *User
	Tags                                       []*Tag
	Created, Modified                          time.Time
}

// A ReloadTask reloads an app; Last is its last execution, nil for none.
type ReloadTask struct {
	ID, Name string
	App      *App
	Enabled  bool
	Last     *ExecutionResult
}

// An ExecutionResult is one execution of a task (facts B.2: status numbers).
type ExecutionResult struct {
	ID          string
	Status      int
	Start, Stop time.Time
}

// An App is an app as the Repository knows it; what the Engine knows is in its Content.
type App struct {
	ID, Name, Description string
	Owner                 *User
	Stream                *Stream // nil: unpublished
	PublishTime           time.Time
	Created, Modified     time.Time
	ModifiedBy            *User
	LastReload            time.Time
	FileSize              int64
	StaticByteSize        int64
	Thumbnail             string // "/appcontent/…", "" for none
	DynamicColor          string
	SavedInProductVersion string // the Engine's version
	MigrationHash         string
	AvailabilityStatus    int
	Tags                  []*Tag
	CustomProperties      []CustomProperty

	SectionAccess bool // refuses (4000) all but the accounts of SectionUsers
	SectionUsers  []*User
	// ScriptReaders may read the script and lineage of the app although they neither own it nor
	// administer the site. A user without that right gets "Access denied" (facts C.6).
	ScriptReaders []*User

	// Load makes the app's content when it is first needed; nil means an empty app. It must
	// give the same content each time.
	Load func() *Content

	made *generated // of generated apps: their content is made whenever it is needed, and not kept
	once sync.Once
	kept atomic.Pointer[Content]
}

// Content is what is inside the app's file. The app keeps it from now on: it may be changed, on a running
// site within Edit only.
func (a *App) Content() *Content {
	a.once.Do(func() {
		var c *Content
		switch {
		case a.made != nil:
			c = a.made.content(a)
		case a.Load != nil:
			c = a.Load()
		}
		if c == nil {
			c = &Content{}
		}
		a.kept.Store(c)
	})
	return a.kept.Load()
}

// inside is the app's content for reading only: a big generated site holds few of its apps' contents.
func (a *App) inside() *Content {
	if c := a.kept.Load(); c != nil {
		return c
	}
	if a.made != nil {
		return a.made.lately(a)
	}
	return a.Content()
}

// Published reports whether the app is in a stream.
func (a *App) Published() bool { return a.Stream != nil }

// Content is an app's inside. Property trees are kept as JSON, in the shape that `qlik app unbuild`
// writes, so that real apps are served byte for byte.
type Content struct {
	Properties  json.RawMessage // app properties
	Script      string          // as the load editor has it
	Dimensions  []Item          // master dimensions
	Measures    []Item          // master measures
	Objects     []Item          // sheets, master objects, stories, LoadModel, appprops, ColorMap …
	Bookmarks   []Item
	Variables   []Variable
	Lineage     []LineageItem   // what the last reload stored
	Metadata    json.RawMessage // data/metadata; nil: 404 (never reloaded here)
	Connections []json.RawMessage
	// ScriptModified is when the script last changed: the date of its row in the Repository. Zero: when
	// the app was made.
	ScriptModified time.Time
}

// An Item is an app object with its row in the Repository.
type Item struct {
	Tree Tree // its properties and, for generic objects, its children

	RowID             string // the QRS id; the Engine's is in qInfo.qId
	Owner             *User  // nil: the app's owner
	Published         bool   // with Approved: base sheet; without: community sheet; neither: private
	Approved          bool
	PublishTime       time.Time
	Created, Modified time.Time
	Tags              []*Tag
	ContentHash       string
	// HiddenFromEngine: the Repository lists it and the Engine does not (facts C.5).
	HiddenFromEngine bool
}

// A Tree is what GetFullPropertyTree answers (qPropEntry).
type Tree struct {
	Property            json.RawMessage `json:"qProperty"`
	Children            []Tree          `json:"qChildren"`
	EmbeddedSnapshotRef json.RawMessage `json:"qEmbeddedSnapshotRef,omitempty"`
}

// Info is a property tree's qInfo.
func (t Tree) Info() (id, typ string) {
	var p struct {
		Info struct {
			ID   string `json:"qId"`
			Type string `json:"qType"`
		} `json:"qInfo"`
	}
	if json.Unmarshal(t.Property, &p) != nil {
		return "", ""
	}
	return p.Info.ID, p.Info.Type
}

// A Variable is a variable with where it came from.
type Variable struct {
	Properties    json.RawMessage // qInfo, qName, qDefinition, tags …
	ScriptCreated bool
	Reserved      bool
	Config        bool
	Owner         *User // nil: the app's owner
	Created       time.Time
	Modified      time.Time
}

// A LineageItem is one line of stored lineage (facts C.9); Statement may be empty.
type LineageItem struct {
	Discriminator string `json:"qDiscriminator,omitempty"`
	Statement     string `json:"qStatement,omitempty"`
}

// FindUser looks an account up, without case; nil if the site has none.
func (s *Site) FindUser(directory, name string) *User {
	for _, u := range s.Users {
		if strings.EqualFold(u.Directory, directory) && strings.EqualFold(u.Name, name) {
			return u
		}
	}
	return nil
}

// FindApp looks an app up by id; nil if there is none.
func (s *Site) FindApp(id string) *App {
	if byID := s.byID.Load(); byID != nil {
		return (*byID)[strings.ToLower(id)]
	}
	for _, a := range s.Apps {
		if strings.EqualFold(a.ID, id) {
			return a
		}
	}
	return nil
}

// settle is called when the site may be read by many, and nobody changes it meanwhile: apps are found fast
// from then on, and generated ones no longer take after changes of their rows.
func (s *Site) settle() {
	byID := make(map[string]*App, len(s.Apps))
	for _, a := range s.Apps {
		if id := strings.ToLower(a.ID); byID[id] == nil {
			byID[id] = a
		}
		if a.made != nil {
			a.made.settle(a)
		}
	}
	s.byID.Store(&byID)
}

// An Action is what a user may do to an app (facts C.6: privileges on the Engine).
type Action string

// The actions that matter to a reader.
const (
	Read   Action = "read"
	Reload Action = "reload" // script, lineage, connections
	Update Action = "update"
)

// CanSeeStream reports whether the user may read the stream.
func (s *Site) CanSeeStream(u *User, st *Stream) bool {
	return u.Admin() || st.Owner == u || st.Readers == nil || slices.Contains(st.Readers, u)
}

// Can reports whether the site's security rules let the user act on the app: the owner and an
// administrator may do everything, others may read what is published where they may read.
func (s *Site) Can(u *User, act Action, a *App) bool {
	switch {
	case u == nil || u.Inactive:
		return false
	case u.Admin() || a.Owner == u:
		return true
	case act == Read:
		return a.Stream != nil && s.CanSeeStream(u, a.Stream)
	case act == Reload:
		return slices.Contains(a.ScriptReaders, u) && s.Can(u, Read, a)
	default:
		return false
	}
}

// CanSeeItem reports whether the user may read an app object: base and community ones like the app,
// private ones only by their owner. An app's owner or the site's administrator doesn't see other people's
// private sheets through the Engine; the Repository lists them to administrators (facts C.5).
func (s *Site) CanSeeItem(u *User, a *App, it *Item) bool {
	owner := it.Owner
	if owner == nil {
		owner = a.Owner
	}
	return s.Can(u, Read, a) && (owner == u || it.Published || a.Stream == nil && owner == a.Owner)
}
