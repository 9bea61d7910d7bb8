package document_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/document"
)

func TestFoldersOfAListAreMeantFromTheFilesFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tree := map[string]any{
		"name": "Git", "code": "git", "type": "unbuilt",
		"unbuilt": map[string]any{"folders": []any{"apps", "../more", filepath.Join(dir, "whole")}},
	}
	conn, errs := document.Reader{Sources: sources, Dir: dir}.Read(tree)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var got struct{ Unbuilt struct{ Folders []string } }
	if err := json.Unmarshal(conn.Settings, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "apps"), filepath.Join(filepath.Dir(dir), "more"), filepath.Join(dir, "whole")}
	if diff := cmp.Diff(want, got.Unbuilt.Folders); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, err := document.Tree(conn)
	if _, has := again["url"]; has || err != nil {
		t.Errorf("a connection without an address is written with one: %v, %v", again, err)
	}
	_, errs = document.Reader{Sources: sources}.Read(tree)
	if len(errs) != 2 || errs[0].Path != "unbuilt.folders[0]" || errs[1].Path != "unbuilt.folders[1]" {
		t.Errorf("without a folder to begin from: %v", errs)
	}
}
