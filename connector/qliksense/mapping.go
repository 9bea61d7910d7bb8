package qliksense

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// mapperVersion is part of every unit's version. Raise it when the mapping gives other rows for the
// same app: the next delta then reads every app again.
const mapperVersion = 1

// mapOptions are the settings of a connection that change what an app is mapped to.
type mapOptions struct {
	Code            string // the connection
	LinkBase        string // what people's browsers use, without a slash at its end (facts F)
	Streams         bool   // crawl_streams
	PrivateSheets   bool   // not exclude_unpublished_sheets
	SystemVariables bool
}

// An appRead is all that was read of one app, and the only thing that the mapping looks at.
type appRead struct {
	App     appRow
	Version string
	People  map[string]person // by owner id

	Sheets     []objectRead
	Masters    []objectRead
	Dimensions []objectRead
	Measures   []objectRead
	Variables  []jsonValue // items of the variable list (facts C.7)
	Script     string
	Metadata   json.RawMessage // data/metadata (facts B.9); nil: not read

	// SheetRows are the sheets that the Repository lists; read for apps that the Engine refuses.
	SheetRows []sheetRow

	Gaps []catalog.Gap
}

// An objectRead is an app object as the Engine gave it. ID is from the listing: it holds when the
// object couldn't be read, and Err tells why it couldn't.
type objectRead struct {
	ID   string
	Meta jsonValue // qMeta of the listing; absent: unknown
	// Entry is the full property tree of a sheet or master object (qPropEntry), or the properties
	// of a master dimension or measure (qProp), as the Engine sent it (facts C.5).
	Entry json.RawMessage
	Err   error
}

// An appRow is an app as the Repository lists it.
type appRow struct {
	ID, Name, Description string
	Owner                 person
	StreamID, StreamName  string // empty: not in a stream
	Published             bool
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

// A sheetRow is a sheet as the Repository lists it.
type sheetRow struct {
	ID                             string // the Engine's
	Name, Description              string
	Owner                          person
	Published, Approved            bool
	Tags                           []string
	Created, Modified, PublishTime time.Time
}

// A person is an account of the site.
type person struct {
	ID              string // a GUID
	Directory, User string
	Name, Email     string
}

// account is DIRECTORY\user.
func (p person) account() string {
	if p.Directory == "" && p.User == "" {
		return ""
	}
	return p.Directory + `\` + p.User
}

// attributes is a person as the owner attribute shows it.
func (p person) attributes() map[string]any {
	a := catalog.Attributes{}
	put(a, "id", p.ID)
	put(a, "name", p.Name)
	put(a, "email", p.Email)
	return a
}

// mapApp makes the rows of one app (contract §4). It is pure: the same reading gives the same rows in
// the same order, and nothing in a reading can make it fail. What it can't read becomes a gap.
func mapApp(opts mapOptions, read *appRead) *catalog.Snapshot {
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
	opts mapOptions
	read *appRead
	app  catalog.Key
	out  *catalog.Snapshot
	json jsonParser

	metadata    jsonValue
	metadataErr error

	dimensions map[string]*masterItem
	measures   map[string]*masterItem
	masters    map[string]*masterObject
}

func newMapper(opts mapOptions, read *appRead) *mapper {
	key := catalog.AppKey(opts.Code, read.App.ID)
	m := &mapper{
		opts: opts,
		read: read,
		app:  key,
		out: &catalog.Snapshot{
			Unit:    catalog.Unit{Key: key, Name: read.App.Name},
			Version: read.Version,
			Gaps:    slices.Clone(read.Gaps),
		},
		dimensions: map[string]*masterItem{},
		measures:   map[string]*masterItem{},
		masters:    map[string]*masterObject{},
	}
	m.metadata, m.metadataErr = m.json.parse(read.Metadata)
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
func unreadable(op string, key catalog.Key, err error) error {
	return &catalog.Error{Code: catalog.CodeUnreadable, Op: op, Key: key, Err: err, Cure: cureOdd}
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
