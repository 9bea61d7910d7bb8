package unbuilt

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/connectortest"
)

// write makes files below a folder.
func write(tb testing.TB, dir string, files map[string]string) {
	tb.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// appFiles are the files of a small app.
func appFiles(title string) map[string]string {
	return map[string]string{
		"app-properties.json":          fmt.Sprintf(`{"qTitle":%q,"description":"about %s","qSavedInProductVersion":"12.1934.0","qLastReloadTime":"2025-03-14T05:30:11.250Z"}`, title, title),
		"script.qvs":                   "///$tab Main\r\nSales:\r\nLOAD id, amount FROM [lib://QVD/sales.qvd] (qvd);\r\n",
		"dimensions.json":              `[{"qInfo":{"qId":"d1","qType":"dimension"},"qDim":{"qFieldDefs":["id"]},"qMetaDef":{"title":"Id"}}]`,
		"measures.json":                `[{"qInfo":{"qId":"m1","qType":"measure"},"qMeasure":{"qLabel":"Amount","qDef":"Sum(amount)"},"qMetaDef":{"title":"Amount"}}]`,
		"variables.json":               `[{"qInfo":{"qId":"v1","qType":"variable"},"qName":"vTarget","qDefinition":"=1+1","qComment":"what we want"}]`,
		"objects/sheet-s1.json":        `{"qProperty":{"qInfo":{"qId":"s1","qType":"sheet"},"qMetaDef":{"title":"Overview"},"rank":1,"cells":[{"name":"c1","col":0,"row":0,"colspan":12,"rowspan":6}]},"qChildren":[{"qProperty":{"qInfo":{"qId":"c1","qType":"barchart"},"title":"Chart","visualization":"barchart","qHyperCubeDef":{"qDimensions":[{"qLibraryId":"d1"}],"qMeasures":[{"qDef":{"qDef":"Sum(amount)*2"}}]}},"qChildren":[]}]}`,
		"objects/masterobject-o1.json": `{"qProperty":{"qInfo":{"qId":"o1","qType":"masterobject"},"qMetaDef":{"title":"KPI"},"visualization":"kpi","qHyperCubeDef":{"qMeasures":[{"qLibraryId":"m1"}]}},"qChildren":[]}`,
		"connections.yml":              "connections:\n  QVD:\n    type: folder\n    connectionstring: \\\\files\\qvd\\\n    username: ann\n    password: hunter2\n",
	}
}

// world makes a folder "apps" with apps, by path.
func world(tb testing.TB, apps ...string) (root string) {
	tb.Helper()
	root = filepath.Join(tb.TempDir(), "apps")
	for _, app := range apps {
		write(tb, filepath.Join(root, filepath.FromSlash(app)), appFiles(filepath.Base(app)))
	}
	return root
}

func openFolders(tb testing.TB, log *slog.Logger, options map[string]any, folders ...string) *site {
	tb.Helper()
	settings, err := json.Marshal(map[string]any{"unbuilt": map[string]any{"folders": folders}, "options": options})
	if err != nil {
		tb.Fatal(err)
	}
	c, err := Source().Open(tb.Context(), connector.Env{Connection: catalog.Connection{Code: "q", Name: "Q", Type: Type, Settings: settings}, Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	return c.(*site)
}

func TestConformance(t *testing.T) {
	root := world(t, "one", "finance/two", "finance/three", "finance/deep/four", "five", "six")
	outside := t.TempDir()
	write(t, outside, map[string]string{"sheet-s1.json": `{"qProperty":{"qInfo":{"qId":"s1","qType":"sheet"},"qMetaDef":{"title":"hunter2"}}}`})
	dir := func(tb testing.TB, u catalog.Unit) string {
		found, err := filepath.Glob(filepath.Join(root, "*"))
		if err != nil {
			tb.Fatal(err)
		}
		for _, more := range []string{"*/*", "*/*/*"} {
			deeper, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(more)))
			found = append(found, deeper...)
		}
		for _, f := range found {
			if filepath.Base(f) == u.Name {
				return f
			}
		}
		tb.Fatalf("there is no folder of %s", u.Name)
		return ""
	}
	edits := 0
	connectortest.Run(t, connectortest.Probe{
		Open: func(tb testing.TB, log *slog.Logger) connector.Connector { return openFolders(tb, log, nil, root) },
		Change: func(tb testing.TB, u catalog.Unit) {
			edits++
			write(tb, dir(tb, u), map[string]string{"script.qvs": fmt.Sprintf("LET v = %d;", edits)})
		},
		Remove: func(tb testing.TB, u catalog.Unit) {
			if err := os.RemoveAll(dir(tb, u)); err != nil {
				tb.Fatal(err)
			}
		},
		// A link out of the folder is as good as a file that nobody may read, for the superuser too.
		Deny: func(tb testing.TB, u catalog.Unit) {
			objects := filepath.Join(dir(tb, u), "objects")
			if err := os.RemoveAll(objects); err != nil {
				tb.Fatal(err)
			}
			if err := os.Symlink(outside, objects); err != nil {
				tb.Fatal(err)
			}
		},
		Secrets: []string{"hunter2"},
	})
}
