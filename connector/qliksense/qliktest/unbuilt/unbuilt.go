// Package unbuilt reads apps from the folders that `qlik app unbuild` writes, for the simulated site:
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
// Every file may be missing. Other files are left alone. A file that can't be read is an error
// that names it.
package unbuilt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// Load reads the app in a folder. The app's id is the folder's name if that is a GUID, and else
// is derived from it; the app has no owner and is unpublished.
func Load(dir string) (*qliktest.App, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("read unbuilt app: %w", err)
	}
	name := filepath.Base(abs)
	return loadDir(abs, name, AppID(name))
}

func loadDir(dir, name, id string) (*qliktest.App, error) {
	app, err := LoadFS(os.DirFS(dir), name, id)
	if err != nil {
		return nil, fmt.Errorf("read unbuilt app %s: %w", dir, err)
	}
	return app, nil
}

// LoadFS reads the app at the root of a file system. The app has the given id, and the given name
// if its properties have no title.
func LoadFS(fsys fs.FS, name, id string) (*qliktest.App, error) {
	app := &qliktest.App{ID: id, Name: name}
	content := &qliktest.Content{}
	r := reader{fsys: fsys}
	r.appProperties(app, content)
	content.Dimensions = r.masterItems("dimensions.json")
	content.Measures = r.masterItems("measures.json")
	content.Variables = r.variables("variables.json")
	r.objects("objects", content)
	content.Script = string(r.read("script.qvs"))
	content.Lineage = r.lineage("lineage.json")
	content.Metadata = r.json("data-metadata.json")
	content.Connections = r.connections("connections.yml")
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	r.takeSizes(app, content)
	finish(app, content)
	app.Load = func() *qliktest.Content { return content }
	return app, nil
}

// IsApp reports whether the root of a file system looks like an unbuilt app.
func IsApp(fsys fs.FS) bool {
	return slices.ContainsFunc(
		[]string{"app-properties.json", "objects", "script.qvs", "dimensions.json", "measures.json", "variables.json"},
		func(name string) bool {
			_, err := fs.Stat(fsys, name)
			return err == nil
		})
}

// AppID is the id of the app in a folder of that name.
func AppID(name string) string {
	if id := strings.ToLower(name); isGUID(id) {
		return id
	}
	return qliktest.DeriveID("unbuilt app", name)
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}

// A reader reads the files of one app and collects what is wrong with them.
type reader struct {
	fsys fs.FS
	errs []error
	size int64
}

func (r *reader) fail(name string, err error) {
	r.errs = append(r.errs, fmt.Errorf("%s: %w", name, err))
}

// read gives a file's bytes, nil if there is no such file.
func (r *reader) read(name string) []byte {
	b, err := fs.ReadFile(r.fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		r.fail(name, err)
		return nil
	}
	r.size += int64(len(b))
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

func (r *reader) appProperties(app *qliktest.App, content *qliktest.Content) {
	const name = "app-properties.json"
	content.Properties = r.json(name)
	if content.Properties == nil {
		return
	}
	var p map[string]json.RawMessage
	if err := json.Unmarshal(content.Properties, &p); err != nil {
		r.fail(name, fmt.Errorf("not an object: %w", err))
		return
	}
	if title := text(p["qTitle"]); title != "" {
		app.Name = title
	}
	app.Description = text(p["description"])
	app.DynamicColor = text(p["dynamicColor"])
	app.SavedInProductVersion = text(p["qSavedInProductVersion"])
	app.MigrationHash = text(p["qMigrationHash"])
	app.LastReload = date(p["qLastReloadTime"])
	app.Created = date(p["createdDate"])
	app.Modified = date(p["modifiedDate"])
	var thumbnail struct {
		URL string `json:"qUrl"`
	}
	// A thumbnail of another shape is no thumbnail.
	if json.Unmarshal(p["qThumbnail"], &thumbnail) == nil && thumbnail.URL != "" {
		app.Thumbnail = "/appcontent/" + app.ID + "/" + path.Base(thumbnail.URL)
	}
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
	if err != nil || t.Year() <= 1753 {
		return time.Time{}
	}
	return t.UTC()
}

// takeSizes sets the app's sizes: what its data model says, else what the files have.
func (r *reader) takeSizes(app *qliktest.App, content *qliktest.Content) {
	var m struct {
		Static int64 `json:"static_byte_size"`
	}
	// Metadata of another shape is served as it is; it only has no size then.
	if content.Metadata != nil && json.Unmarshal(content.Metadata, &m) == nil {
		app.StaticByteSize = m.Static
	}
	app.FileSize = r.size + app.StaticByteSize
}
