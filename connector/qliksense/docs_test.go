package qliksense

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The troubleshooting table of docs/how-to/troubleshooting.md is keyed by our messages: each must be one that the
// program still says.
func TestTheTroubleshootingTableQuotesOurMessages(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/how-to/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../guard/network.go", "../../cmd/qlikcrawler/refusal.go")
	var code strings.Builder
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && !strings.HasSuffix(file, "_test.go") {
			code.Write(text)
		}
	}
	_, table, found := strings.Cut(string(page), "## Getting in")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(table, -1)
	if !found || len(rows) < 25 {
		t.Fatalf("%d rows found", len(rows))
	}
	for _, row := range rows {
		for part := range strings.SplitSeq(row[1], "…") {
			if !strings.Contains(code.String(), part) {
				t.Errorf("nothing says %q of %q", part, row[1])
			}
		}
	}
}
