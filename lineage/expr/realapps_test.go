package expr

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRealAppsAreReadWhole reads every expression of real apps, where they are at hand.
func TestRealAppsAreReadWhole(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("QLIKCRAWLER_REAL_APPS")
	if dir == "" {
		t.Skip("QLIKCRAWLER_REAL_APPS is not set")
	}
	count := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var content any
		if err := json.Unmarshal(text, &content); err != nil {
			return err
		}
		count += readStrings(t, path, "", content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 300 {
		t.Errorf("%d expressions read, want some hundreds: the wrong folder?", count)
	}
}

// readStrings reads the expressions of a JSON document and returns their number.
func readStrings(t *testing.T, path, key string, v any) int {
	count := 0
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			count += readStrings(t, path, k, child)
		}
	case []any:
		for _, child := range v {
			count += readStrings(t, path, key, child)
		}
	case string:
		var r Reading
		switch {
		case v == "":
			return 0
		case key == "qFieldDefs":
			r = ReadDimension(v, Known{})
		case key == "qDef", key == "qExpr", strings.HasPrefix(v, "="):
			r = Read(v, Known{})
			reparsed(t, v)
		default:
			return 0
		}
		for _, d := range r.Diagnostics {
			t.Errorf("%s: %s\n%s", filepath.Base(path), d, d.Caret(v))
		}
		return 1
	}
	return count
}
