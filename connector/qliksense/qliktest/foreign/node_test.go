package foreign_test

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/npmtest"
)

//go:embed node/*.mjs node/package.json node/package-lock.json node/.npmrc
var nodeFiles embed.FS

// A task is what a JavaScript client is told. Info is what a client needs to reach the site.
type task map[string]any

// run runs a client of the folder node against the site and decodes what it prints into out.
func run(t *testing.T, srv *qliktest.Server, script string, todo task, out any) {
	t.Helper()
	info, err := srv.Info()
	if err != nil {
		t.Fatal(err)
	}
	todo["info"] = struct {
		qliktest.Info
		MaxSessions int `json:"max_sessions"`
	}{info, 5}
	in, err := json.Marshal(todo)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir = workFolder(t)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+info.CAFile)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	result, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.String())
	}
	if err := json.Unmarshal(result, out); err != nil {
		t.Fatalf("%s printed no JSON: %v\n%.500s", script, err, result)
	}
}

// workFolder has the scripts beside the installed packages.
func workFolder(t *testing.T) string {
	t.Helper()
	installed, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := copyFiles(dir, "*.mjs", "package.json"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// packages installs the packages once for each lock file, and gives their folder.
var packages = sync.OnceValues(func() (string, error) {
	files, err := fs.Sub(nodeFiles, "node")
	if err != nil {
		return "", err
	}
	return npmtest.Install(files, "foreign-clients", "these tests run JavaScript clients")
})

func copyFiles(dir string, patterns ...string) error {
	for _, pattern := range patterns {
		names, err := fs.Glob(nodeFiles, "node/"+pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			b, err := nodeFiles.ReadFile(name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
