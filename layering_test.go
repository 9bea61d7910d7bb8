package qlikcrawler_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/qlikcrawler/qlikcrawler/"

// mayImport says, for each package of ours, which packages of ours it may import. "*" is all.
// A package that isn't here fails the test: a new folder is a decision.
var mayImport = map[string][]string{
	"catalog":                              {},
	"catalog/export":                       {"catalog"},
	"catalog/postgres":                     {"catalog"},
	"catalog/postgres/embedded":            {},
	"catalog/postgres/pgtest":              {"catalog", "catalog/postgres", "catalog/postgres/embedded"},
	"connector":                            {"catalog"},
	"connector/connectortest":              {"catalog", "connector"},
	"connector/document":                   {"catalog", "connector"},
	"connector/guard":                      {"catalog", "connector"},
	"connector/register":                   {"catalog", "connector", "connector/document", "connector/guard"},
	"connector/internal/ntlm":              {},
	"connector/internal/qix":               {},
	"connector/internal/qix/qixtest":       {},
	"connector/internal/jsontree":          {},
	"connector/internal/qixmap":            {"catalog", "connector/internal/jsontree"},
	"connector/internal/qrs":               {},
	"connector/internal/tunnel":            {},
	"connector/qliksense":                  {"catalog", "connector", "connector/internal/jsontree", "connector/internal/ntlm", "connector/internal/qix", "connector/internal/qixmap", "connector/internal/qrs", "connector/internal/tunnel", "connector/qliksense/jwttool", "lineage/qvd"},
	"connector/qliksense/jwttool":          {},
	"connector/qliksense/qliktest":         {},
	"connector/qliksense/qliktest/demo":    {"connector/qliksense/qliktest", "connector/qliksense/qliktest/unbuilt"},
	"connector/qliksense/qliktest/unbuilt": {"connector/qliksense/qliktest", "connector/unbuilt/appfiles"},
	"connector/unbuilt":                    {"catalog", "connector", "connector/internal/jsontree", "connector/internal/qixmap", "connector/unbuilt/appfiles"},
	"connector/unbuilt/appfiles":           {},
	"connector/secret":                     {"catalog", "connector"},
	"crawler":                              {"catalog", "connector", "lineage", "lineage/qvd"},
	"crawler/heap":                         {},
	"crawler/runlog":                       {"catalog", "crawler"},
	"connector/qliksense/qliktest/npmtest": {},
	"lineage":                              {"catalog", "lineage/expr", "lineage/qvd", "lineage/qvs", "lineage/sql"},
	"lineage/expr":                         {},
	"lineage/openlineage":                  {"catalog"},
	"lineage/qvd":                          {},
	"lineage/qvs":                          {"lineage/expr", "lineage/sql"},
	"lineage/sql":                          {},
	"scheduler":                            {"catalog"},
	"scheduler/notify":                     {"catalog"},
	"web":                                  {"catalog", "web/api", "web/auth", "web/ui"},
	"web/api":                              {"catalog", "catalog/export", "web/auth", "web/preview"},
	"web/auth":                             {"catalog"},
	"web/preview":                          {"catalog"},
	"web/ui":                               {"catalog", "lineage/expr", "web/auth", "web/preview", "web/ui/drawing"},
	"web/ui/drawing":                       {"catalog"},
	"cmd/qlikcrawler":                      {"*"},
}

// homes says which folders may import a third-party module. What isn't here may be imported anywhere.
var homes = map[string][]string{
	"github.com/go-resty/resty":     {"connector/internal/qrs"},
	"github.com/gorilla/websocket":  {"connector/internal/qix", "connector/internal/qix/qixtest", "connector/qliksense/qliktest"},
	"github.com/golang-jwt/jwt":     {"connector/qliksense/jwttool", "connector/qliksense/qliktest"},
	"github.com/Azure/go-ntlmssp":   {"connector/internal/ntlm"},
	"golang.org/x/crypto/md4":       {"connector/qliksense/qliktest"},
	"github.com/jackc/pgx":          {"catalog/postgres", "catalog/postgres/embedded", "catalog/postgres/pgtest", "scheduler"},
	"github.com/pressly/goose":      {"catalog/postgres"},
	"github.com/spf13/cobra":        {"cmd/qlikcrawler"},
	"github.com/goccy/go-yaml":      {"cmd/qlikcrawler"},
	"github.com/vbauerster/mpb":     {"cmd/qlikcrawler"},
	"github.com/jedib0t/go-pretty":  {"cmd/qlikcrawler"},
	"github.com/hashicorp/vault":    {"connector/secret"},
	"github.com/aws/":               {"connector/secret"},
	"github.com/Azure/azure-sdk":    {"connector/secret"},
	"github.com/riverqueue/":        {"scheduler"},
	"github.com/robfig/cron":        {"scheduler"},
	"github.com/danielgtaylor/huma": {"web", "web/api"},
	"github.com/prometheus/":        {"cmd/qlikcrawler"},
	"go.opentelemetry.io/":          {"cmd/qlikcrawler"},
	"github.com/aymanbagabas/":      {"web/ui"},
	"github.com/goccy/go-graphviz":  {"web/ui/drawing"},
	"software.sslmate.com/src/go-p": {"connector/qliksense"},
	"github.com/pavlo-v-chernykh":   {"connector/qliksense"},
	"golang.org/x/sys":              {"cmd/qlikcrawler"},
}

func TestLayering(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "tools" || d.Name() == "foreign" || d.Name() == "node_modules") {
			if err == nil {
				return filepath.SkipDir // modules of their own
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("%s is not in the table: say what it may import", pkg)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			checkImport(t, path, pkg, spec.Path.Value, allowed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkImport(t *testing.T, path, pkg, quoted string, allowed []string) {
	imp, err := strconv.Unquote(quoted)
	if err != nil {
		t.Errorf("%s: import %s: %v", path, quoted, err)
		return
	}
	if ours, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(allowed, ours) && !slices.Contains(allowed, "*") {
		t.Errorf("%s imports %s: not allowed by the table", path, ours)
	}
	for dep, rooms := range homes {
		if strings.HasPrefix(imp, dep) && !slices.Contains(rooms, pkg) {
			t.Errorf("%s imports %s, whose home is %s", path, imp, strings.Join(rooms, ", "))
		}
	}
}
