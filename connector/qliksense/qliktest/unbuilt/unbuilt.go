// Package unbuilt makes apps of the simulated site from the folders that `qlik app unbuild` writes; package
// appfiles tells what is in them. A file that can't be read is an error that names it.
package unbuilt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt/appfiles"
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
	files := appfiles.Read(fsys)
	if len(files.Faults) > 0 {
		errs := make([]error, len(files.Faults))
		for i, f := range files.Faults {
			errs[i] = f
		}
		return nil, errors.Join(errs...)
	}
	p := files.Properties
	app := &qliktest.App{
		ID: id, Name: name, Description: p.Description, DynamicColor: p.DynamicColor, SavedInProductVersion: p.ProductVersion,
		MigrationHash: p.MigrationHash, LastReload: p.LastReload, Created: p.Created, Modified: p.Modified,
	}
	if p.Title != "" {
		app.Name = p.Title
	}
	if p.Thumbnail != "" {
		app.Thumbnail = "/appcontent/" + app.ID + "/" + path.Base(p.Thumbnail)
	}
	content, err := contentOf(files)
	if err != nil {
		return nil, err
	}
	takeSizes(app, content, files.Size)
	finish(app, content)
	app.Load = func() *qliktest.Content { return content }
	return app, nil
}

// contentOf is what is inside the app.
func contentOf(files *appfiles.App) (*qliktest.Content, error) {
	content := &qliktest.Content{Properties: files.Properties.Raw, Script: files.Script, Metadata: files.Metadata}
	for _, list := range []struct {
		from  []appfiles.Object
		to    *[]qliktest.Item
		trees bool
	}{
		{files.Dimensions, &content.Dimensions, false},
		{files.Measures, &content.Measures, false},
		{files.Objects, &content.Objects, true},
		{files.Bookmarks, &content.Bookmarks, true},
	} {
		for _, o := range list.from {
			tree := qliktest.Tree{Property: o.Properties}
			if list.trees {
				if err := json.Unmarshal(o.Tree, &tree); err != nil {
					return nil, fmt.Errorf("object %s: %w", o.ID, err)
				}
			}
			*list.to = append(*list.to, qliktest.Item{Tree: tree})
		}
	}
	for _, v := range files.Variables {
		content.Variables = append(content.Variables, qliktest.Variable{
			Properties: v.Properties, ScriptCreated: v.ScriptCreated, Reserved: v.Reserved, Config: v.Config,
		})
	}
	for _, l := range files.Lineage {
		content.Lineage = append(content.Lineage, qliktest.LineageItem(l))
	}
	for _, c := range files.Connections {
		raw, err := json.Marshal(map[string]string{
			"qId": qliktest.DeriveID("connection", c.Name), "qName": c.Name, "qConnectionString": c.String, "qType": c.Type,
		})
		if err != nil {
			return nil, err
		}
		content.Connections = append(content.Connections, raw)
	}
	return content, nil
}

// IsApp reports whether the root of a file system looks like an unbuilt app.
func IsApp(fsys fs.FS) bool { return appfiles.IsApp(fsys) }

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

// takeSizes sets the app's sizes: what its data model says, else what the files have.
func takeSizes(app *qliktest.App, content *qliktest.Content, files int64) {
	var m struct {
		Static int64 `json:"static_byte_size"`
	}
	// Metadata of another shape is served as it is; it only has no size then.
	if content.Metadata != nil && json.Unmarshal(content.Metadata, &m) == nil {
		app.StaticByteSize = m.Static
	}
	app.FileSize = files + app.StaticByteSize
}

// finish gives every object its row in the Repository: an id of its own, the app's dates.
func finish(app *qliktest.App, content *qliktest.Content) {
	if app.Created.IsZero() {
		app.Created = time.Date(2024, 1, 15, 8, 0, 0, 0, time.UTC)
	}
	if app.Modified.IsZero() {
		app.Modified = app.Created
	}
	for _, items := range [][]qliktest.Item{content.Dimensions, content.Measures, content.Objects, content.Bookmarks} {
		for i := range items {
			id, typ := items[i].Tree.Info()
			items[i].RowID = qliktest.DeriveID("row", app.ID, typ, id)
			items[i].Created, items[i].Modified = app.Created, app.Modified
			items[i].ContentHash = qliktest.HashTree(items[i].Tree)
		}
	}
	for i := range content.Variables {
		content.Variables[i].Created, content.Variables[i].Modified = app.Created, app.Modified
	}
}
