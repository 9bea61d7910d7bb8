package unbuilt

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	served "github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/unbuilt"
)

// realAppsVariable names the environment variable that names a folder of unbuilt apps.
const realAppsVariable = "QLIKCRAWLER_REAL_APPS"

// TestAnAppHasTheRowsThatASiteGives crawls the same apps from their folders and from a site that serves them, and
// compares all that isn't the Repository's own: owners, publishing, links.
func TestAnAppHasTheRowsThatASiteGives(t *testing.T) {
	t.Parallel()
	roots := []string{filepath.Join("..", "qliksense", "qliktest", "demo", "apps"), filepath.Join("..", "qliksense", "qliktest", "unbuilt", "testdata")}
	if real := os.Getenv(realAppsVariable); real != "" {
		roots = append(roots, real)
	}
	for _, root := range roots {
		t.Run(filepath.Base(root), func(t *testing.T) {
			t.Parallel()
			abs, err := filepath.Abs(root)
			if err != nil {
				t.Fatal(err)
			}
			folders := snapshots(t, openFolders(t, nil, map[string]any{"system_variables": true}, abs))
			site := snapshots(t, openServed(t, abs))
			if diff := cmp.Diff(slices.Sorted(maps.Keys(site)), slices.Sorted(maps.Keys(folders))); diff != "" || len(site) < 2 {
				t.Fatalf("apps (-site +folders):\n%s", diff)
			}
			for name, want := range site {
				got := folders[name]
				if diff := cmp.Diff(contentOf(want), contentOf(got)); diff != "" {
					t.Errorf("%s (-site +folders):\n%s", name, diff)
				}
			}
		})
	}
}

// openServed opens a site that serves the unbuilt apps of a folder.
func openServed(t *testing.T, root string) connector.Connector {
	t.Helper()
	content, err := served.Site(root)
	if err != nil {
		t.Fatal(err)
	}
	server := qliktest.New(t, content, qliktest.Options{})
	info, err := server.Info()
	if err != nil {
		t.Fatal(err)
	}
	settings := []byte(`{"authentication":"jwt","jwt":{"prefix":"` + info.Prefix + `"},"tls":{"ca_file":"` + filepath.ToSlash(info.CAFile) + `"},"options":{"system_variables":true}}`)
	c, err := qliksense.Source().Open(t.Context(), connector.Env{
		Connection: catalog.Connection{Code: "q", Name: "Q", Type: qliksense.Type, URL: info.URL, Settings: settings, Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret(info.Token)}},
		Secret:     connector.SecretsOf(catalog.Connection{Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret(info.Token)}}, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// snapshots are all apps of a source, by name.
func snapshots(t *testing.T, c connector.Connector) map[string]*catalog.Snapshot {
	t.Helper()
	listed, err := connector.Collect(c.Units(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*catalog.Snapshot{}
	for _, l := range listed {
		snap, err := c.Fetch(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		all[l.Unit.Name] = snap
	}
	return all
}

// A content is what a snapshot says that is in the app: rows by key, without the app's own part of it.
type content struct {
	Reports map[string]catalog.Report
	Fields  map[string]catalog.ReportField
	Scripts []catalog.SourceCode
	Tables  map[string]catalog.ModelTable
	Columns map[string]catalog.ModelField
}

func contentOf(s *catalog.Snapshot) content {
	short := func(k catalog.Key) string { return strings.TrimPrefix(string(k), string(s.Unit.Key)) }
	c := content{map[string]catalog.Report{}, map[string]catalog.ReportField{}, nil, map[string]catalog.ModelTable{}, map[string]catalog.ModelField{}}
	for _, r := range s.Reports {
		k := short(r.Key)
		r.Key, r.Group, r.Parent = "", "", catalog.Key(short(r.Parent))
		r.Owner, r.URL, r.Published, r.Approved = "", "", nil, nil
		r.CreatedAt, r.ModifiedAt, r.PublishedAt = time.Time{}, time.Time{}, time.Time{}
		r.Attributes = without(r.Attributes, s.Unit.Key, "owner", "modified_by", "stream", "file_size", "product_version", "thumbnail", "state")
		c.Reports[k] = r
	}
	for _, f := range s.Fields {
		k := short(f.Key)
		f.Key, f.Report, f.Master = "", catalog.Key(short(f.Report)), catalog.Key(short(f.Master))
		f.CreatedAt, f.ModifiedAt = time.Time{}, time.Time{}
		f.Attributes = without(f.Attributes, s.Unit.Key, "owner")
		c.Fields[k] = f
	}
	for _, x := range s.Sources {
		x.Key, x.Report = "", ""
		c.Scripts = append(c.Scripts, x)
	}
	for _, x := range s.Tables {
		k := short(x.Key)
		x.Key, x.Report = "", ""
		c.Tables[k] = x
	}
	for _, x := range s.Columns {
		k := short(x.Key)
		x.Key, x.Report = "", ""
		c.Columns[k] = x
	}
	return c
}

// without are attributes but for some, with the app's key out of those that hold a key.
func without(a catalog.Attributes, app catalog.Key, names ...string) catalog.Attributes {
	out := catalog.Attributes{}
	for k, v := range a {
		if text, ok := v.(string); ok {
			v = strings.TrimPrefix(text, string(app))
		}
		if !slices.Contains(names, k) {
			out[k] = v
		}
	}
	return out
}
