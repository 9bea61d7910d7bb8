// Package qixmap makes the catalog's rows of what the Engine says of an app: its objects, variables, script and
// data model (contract §4). Every source whose apps are the Engine's maps with it, wherever it reads them from.
package qixmap

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

// Version is part of every unit's version. Raise it when the mapping gives other rows for the
// same app: the next delta then reads every app again.
const Version = 1

// Options are the settings of a connection that change what an app is mapped to.
type Options struct {
	Code            string // the connection
	LinkBase        string // what people's browsers use, without a slash at its end (facts F); "": there are no links
	PrivateSheets   bool   // not exclude_unpublished_sheets
	SystemVariables bool
}

// An App is all that was read of one app, and the only thing that the mapping looks at.
type App struct {
	Row     AppRow
	Parent  catalog.Key // the group that the app's own group stands in; "": none
	Version string
	People  map[string]Person // by owner id

	Sheets     []Object
	Masters    []Object
	Dimensions []Object
	Measures   []Object
	Variables  []jsontree.Value // items of the variable list (facts C.7)
	Script     string
	Metadata   json.RawMessage // data/metadata (facts B.9); nil: not read

	// SheetRows are the sheets that the Repository lists; read for apps that the Engine refuses.
	SheetRows []SheetRow

	Gaps []catalog.Gap
	Cure string // what a person can do about texts that make no sense
}

// An Object is an app object as the Engine gave it. ID is from the listing: it holds when the
// object couldn't be read, and Err tells why it couldn't.
type Object struct {
	ID   string
	Meta jsontree.Value // qMeta of the listing; absent: unknown
	// Entry is the full property tree of a sheet or master object (qPropEntry), or the properties
	// of a master dimension or measure (qProp), as the Engine sent it (facts C.5).
	Entry json.RawMessage
	Err   error
}

// An AppRow is an app as the Repository lists it.
type AppRow struct {
	ID, Name, Description string
	Owner                 Person
	StreamID, StreamName  string // empty: not in a stream
	Published             *bool  // nil: the source doesn't know
	ModifiedBy            string
	FileSize              int64
	Thumbnail             string
	DynamicColor          string
	ProductVersion        string // savedInProductVersion, the Engine's
	MigrationHash         string
	Tags                  []string
	CustomProperties      map[string][]string

	Created, Modified, PublishTime, LastReload time.Time
}

// A SheetRow is a sheet as the Repository lists it.
type SheetRow struct {
	ID                             string // the Engine's
	Name, Description              string
	Owner                          Person
	Published, Approved            bool
	Tags                           []string
	Created, Modified, PublishTime time.Time
}

// A Person is an account of the site.
type Person struct {
	ID              string // a GUID
	Directory, User string
	Name, Email     string
}

// AddGap notes a part that couldn't be read.
func (a *App) AddGap(part catalog.Part, key catalog.Key, err error) {
	a.Gaps = append(a.Gaps, catalog.Gap{Part: part, Key: key, Err: err})
}

// Account is DIRECTORY\user.
func (p Person) Account() string {
	if p.Directory == "" && p.User == "" {
		return ""
	}
	return p.Directory + `\` + p.User
}

// Attributes is a person as the owner attribute shows it.
func (p Person) Attributes() map[string]any {
	a := catalog.Attributes{}
	Put(a, "id", p.ID)
	Put(a, "name", p.Name)
	Put(a, "email", p.Email)
	return a
}

// Map makes the rows of one app (contract §4). It is pure: the same reading gives the same rows in
// the same order, and nothing in a reading can make it fail. What it can't read becomes a gap.
func Map(opts Options, read *App) *catalog.Snapshot {
	m := newMapper(opts, read)
	m.mapGroup()
	m.mapAppReport()
	m.mapMasterItems()
	m.mapMasterObjects()
	m.mapSheets()
	m.mapSheetRows()
	m.mapVariables()
	m.mapScript()
	m.mapModel()
	m.dropTwins()
	return m.out
}

// A mapper holds one app while it is mapped.
type mapper struct {
	opts Options
	read *App
	app  catalog.Key
	out  *catalog.Snapshot
	json jsontree.Parser

	metadata    jsontree.Value
	metadataErr error

	dimensions map[string]*masterItem
	measures   map[string]*masterItem
	masters    map[string]*masterObject
}

func newMapper(opts Options, read *App) *mapper {
	key := catalog.AppKey(opts.Code, read.Row.ID)
	m := &mapper{
		opts: opts,
		read: read,
		app:  key,
		out: &catalog.Snapshot{
			Unit:    catalog.Unit{Key: key, Name: read.Row.Name},
			Version: read.Version,
			Gaps:    slices.Clone(read.Gaps),
		},
		dimensions: map[string]*masterItem{},
		measures:   map[string]*masterItem{},
		masters:    map[string]*masterObject{},
	}
	m.metadata, m.metadataErr = m.json.Parse(read.Metadata)
	return m
}

// gap notes that a thing couldn't be read.
func (m *mapper) gap(part catalog.Part, key catalog.Key, err error) {
	m.out.Gaps = append(m.out.Gaps, catalog.Gap{Part: part, Key: key, Err: err})
}

// missing reports whether a whole part, or the thing itself, couldn't be read.
func (m *mapper) missing(part catalog.Part, key catalog.Key) bool {
	for _, g := range m.out.Gaps {
		if g.Part == part && g.Key.Contains(key) {
			return true
		}
	}
	return false
}

// unreadable is the error of what arrived and makes no sense.
func (m *mapper) unreadable(op string, key catalog.Key, err error) error {
	return &catalog.Error{Code: catalog.CodeUnreadable, Op: op, Key: key, Err: err, Cure: m.read.Cure}
}

// dropTwins leaves the first of rows that have the same key. Qlik's ids are unique in an app, but a
// mangled tree can name one twice, and a snapshot may not.
func (m *mapper) dropTwins() {
	m.out.Reports = firsts(m.out.Reports, func(r catalog.Report) catalog.Key { return r.Key })
	m.out.Fields = firsts(m.out.Fields, func(f catalog.ReportField) catalog.Key { return f.Key })
	m.out.Tables = firsts(m.out.Tables, func(t catalog.ModelTable) catalog.Key { return t.Key })
	m.out.Columns = firsts(m.out.Columns, func(f catalog.ModelField) catalog.Key { return f.Key })
}

func firsts[T any](rows []T, key func(T) catalog.Key) []T {
	seen := make(map[catalog.Key]bool, len(rows))
	kept := rows[:0]
	for _, r := range rows {
		if k := key(r); !seen[k] {
			seen[k] = true
			kept = append(kept, r)
		}
	}
	return kept
}
