package qvs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, pattern := range []string{"testdata/cases/*/script.qvs", "testdata/scripts/*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			for _, part := range strings.Split(string(text), "\n=== ") {
				script, _, _ := strings.Cut(part, "\n--- want\n")
				f.Add(script)
			}
		}
	}
}

// Whatever a script holds, reading it ends without a panic, places lie in the text, and the answer is the same
// each time.
func FuzzRun(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, script string) {
		opts := qvs.Options{MaxStatements: 200, Include: func(string) (string, error) { return "SET i = 1;\nI: LOAD a FROM i.qvd (qvd);", nil }}
		start := time.Now()
		res := qvs.Run(script, opts)
		if d := time.Since(start); d > 8*time.Second {
			t.Fatalf("took %v", d)
		}
		lines := strings.Count(script, "\n") + strings.Count(script, "\r") + 1
		for _, d := range res.Diagnostics {
			if d.At.Line < 0 || d.At.Line > lines || d.At.Column < 0 || d.Why == "" || d.Kind == "" {
				t.Errorf("a diagnostic without a place or reason: %+v", d)
			}
		}
		names := map[string]bool{}
		for _, table := range res.Tables {
			if table.Fate == qvs.Data && names[table.Name] {
				t.Errorf("two tables of the data model are called %q", table.Name)
			}
			names[table.Name] = names[table.Name] || table.Fate == qvs.Data
			seen := map[string]bool{}
			for _, field := range table.Fields {
				if seen[field.Name] {
					t.Errorf("table %q has two fields %q", table.Name, field.Name)
				}
				seen[field.Name] = true
			}
		}
		if a, b := strings.Join(show(res), "\n"), strings.Join(show(qvs.Run(script, opts)), "\n"); a != b {
			t.Errorf("two runs differ:\n%s\n---\n%s", a, b)
		}
	})
}
