// Package appfiles reads apps from the folders that `qlik app unbuild` writes:
//
//	app-properties.json   the app's properties: title, description, thumbnail, last reload
//	dimensions.json       a list of master dimensions' properties
//	measures.json         a list of master measures' properties
//	variables.json        a list of variables' properties, or an object of such lists
//	objects/*.json        sheets, master objects and others, each as a full property tree
//	script.qvs            the load script
//	connections.yml       names and types of data connections
//	lineage.json          what the last reload stored: [{qDiscriminator, qStatement}]
//	data-metadata.json    what GET /api/v1/apps/{id}/data/metadata serves (facts B.9)
//
// Every file may be missing. Other files are left alone. A file that can't be read is a Fault, and the rest is
// read all the same. Files are read only if they are regular ones of a bounded size.
package appfiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

// The files of an app.
const (
	PropertiesFile  = "app-properties.json"
	DimensionsFile  = "dimensions.json"
	MeasuresFile    = "measures.json"
	VariablesFile   = "variables.json"
	ObjectsFolder   = "objects"
	ScriptFile      = "script.qvs"
	ConnectionsFile = "connections.yml"
	LineageFile     = "lineage.json"
	MetadataFile    = "data-metadata.json"
)

// What is read of one app at most, in bytes and files. The largest real apps have some megabytes.
const (
	MaxFile    = 32 << 20
	MaxApp     = 128 << 20
	MaxObjects = 20_000
)

// Errors of a Fault.
var (
	ErrTooLarge   = errors.New("too large")
	ErrNotRegular = errors.New("not a regular file")
)

// An App is what the files of one app say.
type App struct {
	Properties  Properties
	Dimensions  []Object
	Measures    []Object
	Bookmarks   []Object
	Objects     []Object // sheets, master objects and all others
	Variables   []Variable
	Script      string // as it stands in the file
	Lineage     []LineageItem
	Metadata    json.RawMessage // nil: there is none
	Connections []Connection
	Size        int64 // of the files that were read, in bytes
	Faults      []Fault
}

// Properties are an app's own. The raw ones are nil without a file.
type Properties struct {
	Raw                           json.RawMessage
	ID                            string // member "id"; the Engine writes none, people may
	Title, Description            string
	Thumbnail                     string // its address on the server that the app was unbuilt from
	DynamicColor                  string
	ProductVersion, MigrationHash string
	Created, Modified, LastReload time.Time
}

// An Object is what a folder has of an object of the Engine. Tree is its full property tree; what was written
// as bare properties has a tree without children.
type Object struct {
	ID, Type   string
	Properties json.RawMessage
	Tree       json.RawMessage
}

// A Variable is a variable with what the files say of its origin. Files have no flags for what Qlik puts into
// every app; such variables are told by their names.
type Variable struct {
	Name          string
	Properties    json.RawMessage // qInfo, qName, qDefinition, tags …
	ScriptCreated bool
	Reserved      bool
	Config        bool
}

// A LineageItem is one line of stored lineage (facts C.9).
type LineageItem struct{ Discriminator, Statement string }

// A Connection is a data connection, without its account and password. String may hold others.
type Connection struct{ Name, Type, String string }

// A Fault is a file that couldn't be read, by its path in the app's folder.
type Fault struct {
	File string
	Err  error
}

// Error is a fault as a text.
func (f Fault) Error() string { return f.File + ": " + f.Err.Error() }

// Unwrap is the cause.
func (f Fault) Unwrap() error { return f.Err }

// Read reads the app at the root of a file system.
func Read(fsys fs.FS) *App {
	r := reader{fsys: fsys, app: &App{}}
	a := r.app
	r.properties()
	a.Dimensions = r.items(DimensionsFile)
	a.Measures = r.items(MeasuresFile)
	a.Variables = r.variables(VariablesFile)
	r.objects(ObjectsFolder)
	a.Script = string(r.read(ScriptFile))
	a.Lineage = r.lineage(LineageFile)
	a.Metadata = r.json(MetadataFile)
	a.Connections = r.connections(ConnectionsFile)
	return a
}

// ReadProperties reads the app's own properties alone; faults are about their file.
func ReadProperties(fsys fs.FS) (Properties, []Fault) {
	r := reader{fsys: fsys, app: &App{}}
	r.properties()
	return r.app.Properties, r.app.Faults
}

// ReadConnections reads the data connections alone.
func ReadConnections(fsys fs.FS) []Connection {
	r := reader{fsys: fsys, app: &App{}}
	return r.connections(ConnectionsFile)
}

// IsApp reports whether the root of a file system looks like an unbuilt app.
func IsApp(fsys fs.FS) bool {
	return slices.ContainsFunc(
		[]string{PropertiesFile, ObjectsFolder, ScriptFile, DimensionsFile, MeasuresFile, VariablesFile},
		func(name string) bool {
			_, err := fs.Stat(fsys, name)
			return err == nil
		})
}

// Open opens a file of an app for reading, with its size. Only regular files are opened: reading a pipe might
// never end. ErrTooLarge: it has more than MaxFile bytes.
func Open(fsys fs.FS, name string) (fs.File, int64, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, ErrNotRegular
	case info.Size() > MaxFile:
		return nil, 0, fmt.Errorf("%w: it has %d MB, the most is %d", ErrTooLarge, info.Size()>>20, MaxFile>>20)
	}
	f, err := fsys.Open(name)
	return f, info.Size(), err
}

// A reader reads the files of one app and collects what is wrong with them.
type reader struct {
	fsys fs.FS
	app  *App
}

func (r *reader) fail(name string, err error) {
	r.app.Faults = append(r.app.Faults, Fault{name, err})
}

// read gives a file's bytes, nil if there is no such file.
func (r *reader) read(name string) []byte {
	f, size, err := Open(r.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		r.fail(name, err)
		return nil
	}
	defer f.Close()
	if r.app.Size+size > MaxApp {
		r.fail(name, fmt.Errorf("%w: the files of the app have more than %d MB together", ErrTooLarge, MaxApp>>20))
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1)) // it may have grown
	if err == nil && len(b) > MaxFile {
		err = ErrTooLarge
	}
	if err != nil {
		r.fail(name, err)
		return nil
	}
	r.app.Size += int64(len(b))
	return b
}

// json gives a file's JSON without white space between members, nil if there is no such file.
func (r *reader) json(name string) json.RawMessage {
	b := bytes.TrimPrefix(r.read(name), []byte("\ufeff"))
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		r.fail(name, fmt.Errorf("not JSON: %w", err))
		return nil
	}
	return out.Bytes()
}

// list gives the elements of a file's JSON list; a single object counts as a list of one.
func (r *reader) list(name string) []json.RawMessage {
	b := r.json(name)
	switch {
	case b == nil || string(b) == "null":
		return nil
	case b[0] == '{':
		return []json.RawMessage{b}
	}
	var items []json.RawMessage
	if err := json.Unmarshal(b, &items); err != nil {
		r.fail(name, fmt.Errorf("not a list: %w", err))
	}
	return items
}

func (r *reader) properties() {
	raw := r.json(PropertiesFile)
	if raw == nil {
		return
	}
	var p map[string]json.RawMessage
	if err := json.Unmarshal(raw, &p); err != nil {
		r.fail(PropertiesFile, fmt.Errorf("not an object: %w", err))
		return
	}
	out := Properties{
		Raw: raw, ID: text(p["id"]), Title: text(p["qTitle"]), Description: text(p["description"]), DynamicColor: text(p["dynamicColor"]),
		ProductVersion: text(p["qSavedInProductVersion"]), MigrationHash: text(p["qMigrationHash"]),
		Created: date(p["createdDate"]), Modified: date(p["modifiedDate"]), LastReload: date(p["qLastReloadTime"]),
	}
	var thumbnail struct {
		URL string `json:"qUrl"`
	}
	if json.Unmarshal(p["qThumbnail"], &thumbnail) == nil { // one of another shape is no thumbnail
		out.Thumbnail = thumbnail.URL
	}
	r.app.Properties = out
}

// text gives a JSON string's value; anything else is "".
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func date(raw json.RawMessage) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text(raw))
	if err != nil || t.Year() <= 1753 { // Qlik's "no date" (facts B.1)
		return time.Time{}
	}
	return t.UTC()
}
