package unbuilt

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// Site makes a site of unbuilt apps. Each folder is an app or holds folders that are apps. All apps
// are published in the stream Everyone with all their sheets; they count as migrated to the site's
// Engine, whatever version saved them.
func Site(dirs ...string) (*qliktest.Site, error) {
	site := NewSite()
	for _, dir := range dirs {
		dir, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("unbuilt apps: %w", err)
		}
		folders, err := appFolders(dir)
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			name := filepath.Base(folder)
			app, err := loadDir(folder, name, freeID(site, AppID(name)))
			if err != nil {
				return nil, err
			}
			Add(site, app)
		}
	}
	return site, nil
}

// NewSite is a site without apps: an administrator, the stream Everyone, and versions.
func NewSite() *qliktest.Site {
	admin := &qliktest.User{
		ID: qliktest.DeriveID("user", `ACME\svc-qlik`), Directory: "ACME", Name: "svc-qlik",
		DisplayName: "Qlik service account", Email: "svc-qlik@acme.example", Roles: []string{"RootAdmin"},
	}
	since := time.Date(2023, 3, 1, 9, 0, 0, 0, time.UTC)
	return &qliktest.Site{
		Users:         []*qliktest.User{admin},
		Streams:       []*qliktest.Stream{{ID: qliktest.EveryoneStreamID, Name: "Everyone", Owner: admin, Created: since, Modified: since}},
		BuildVersion:  "31.62.0.0",
		EngineVersion: "12.2056.15",
		MigrationHash: "98d482c3ba4c11e7a3f5c0d8b1e94a7d5c0f2b66",
	}
}

// appFolders gives the folders of apps at a path: itself, or those in it.
func appFolders(dir string) ([]string, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("unbuilt apps: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("unbuilt apps: %s is not a folder", dir)
	}
	if IsApp(os.DirFS(dir)) {
		return []string{dir}, nil
	}
	entries, err := fs.ReadDir(os.DirFS(dir), ".")
	if err != nil {
		return nil, fmt.Errorf("unbuilt apps: %w", err)
	}
	var folders []string
	for _, e := range entries {
		folder := filepath.Join(dir, e.Name())
		if info, err := os.Stat(folder); err == nil && info.IsDir() && IsApp(os.DirFS(folder)) {
			folders = append(folders, folder)
		}
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("unbuilt apps: %s holds no unbuilt app", dir)
	}
	return folders, nil
}

// freeID gives the id itself, or another one if an app of the site has it: two folders of the same
// name are two apps.
func freeID(site *qliktest.Site, id string) string {
	for site.FindApp(id) != nil {
		id = qliktest.DeriveID("again", id)
	}
	return id
}

// Add puts an app on the site: owned by the site's first user, published in its first stream, with
// its data connections.
func Add(site *qliktest.Site, app *qliktest.App) {
	app.Owner, app.ModifiedBy = site.Users[0], site.Users[0]
	if app.SavedInProductVersion == "" {
		app.SavedInProductVersion = site.EngineVersion
	}
	if app.MigrationHash == "" {
		app.MigrationHash = site.MigrationHash
	}
	app.AvailabilityStatus = 1
	Publish(app, site.Streams[0], app.Modified)
	site.Apps = append(site.Apps, app)
	site.DataConnections = addConnections(site, app)
}

// Publish puts an app into a stream with all that is in it, which makes its sheets base sheets
// (facts B.2: publishing marks every object of the app).
func Publish(app *qliktest.App, stream *qliktest.Stream, at time.Time) {
	app.Stream, app.PublishTime = stream, at
	c := app.Content()
	for _, items := range [][]qliktest.Item{c.Dimensions, c.Measures, c.Objects, c.Bookmarks} {
		for i := range items {
			items[i].Published, items[i].Approved, items[i].PublishTime = true, true, at
		}
	}
}

// addConnections gives the site's connections and those of an app that it doesn't have yet.
func addConnections(site *qliktest.Site, app *qliktest.App) []*qliktest.DataConnection {
	all := site.DataConnections
	for _, raw := range app.Content().Connections {
		var c struct {
			ID     string `json:"qId"`
			Name   string `json:"qName"`
			String string `json:"qConnectionString"`
			Type   string `json:"qType"`
		}
		known := func(d *qliktest.DataConnection) bool { return d.Name == c.Name }
		if json.Unmarshal(raw, &c) != nil || slices.ContainsFunc(all, known) {
			continue
		}
		all = append(all, &qliktest.DataConnection{
			ID: c.ID, Name: c.Name, ConnectionString: c.String, Type: c.Type, Owner: app.Owner,
			Created: app.Created, Modified: app.Modified,
		})
	}
	return all
}
