package qvs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// Each folder of testdata/cases holds a script and what it has to give, in the format that the command prints.
func TestWorkedCases(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/cases/*/script.qvs")
	if err != nil || len(scripts) < 8 {
		t.Fatalf("found %d cases: %v", len(scripts), err)
	}
	for _, file := range scripts {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			checkCase(t, dir)
		})
	}
}

func checkCase(t *testing.T, dir string) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(dir, "script.qvs"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	got := asMap(t, qvs.Run(string(script), qvs.Options{}).Report())
	for key, w := range want {
		if key == "notes" || key == "alternative_ok" {
			continue
		}
		if diff := cmp.Diff(canonical(w), canonical(got[key])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if t.Failed() {
		t.Logf("diagnostics: %v", got["diagnostics"])
	}
}

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

var generatedName = regexp.MustCompile(`\b(INLINE|AUTOGENERATE)(\d\d|xx)\b`)

// canonical sorts all lists, since they are sets, and levels generated names.
func canonical(v any) any {
	switch v := v.(type) {
	case string:
		return generatedName.ReplaceAllString(v, "${1}xx")
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = canonical(x)
		}
		slices.SortFunc(out, func(a, b any) int {
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			return slices.Compare(x, y)
		})
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[canonical(k).(string)] = canonical(x)
		}
		return out
	}
	return v
}
