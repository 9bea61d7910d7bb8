package qvs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A keyword that the code compares with but the table lacks would never be recognized.
func TestEveryKeywordOfTheCodeIsInTheTable(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`"([A-Z][A-Z_0-9]+)"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(text), -1) {
			if w := m[1]; w != "BODY" && upperWord(strings.ToLower(w)) != w {
				t.Errorf("%s compares with %q, which isn't in the table", file, w)
			}
		}
	}
}
