// Package npmtest installs programs in JavaScript that tests run.
package npmtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	lockFile = "package-lock.json"

	// patience is how long npm may take.
	patience = 5 * time.Minute
)

// Install gives the folder with the node_modules that package-lock.json in files asks for, beside package.json and
// .npmrc. They are installed once for each lock file, into the user's cache folder, under a name; a program in
// another process may do so at the same time. why tells a person without Node.js what it is for.
func Install(files fs.FS, name, why string) (string, error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%s: install Node.js 20 or later with npm (%s is not on the PATH)", why, tool)
		}
	}
	lock, err := fs.ReadFile(files, lockFile)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "qlikcrawler", name+"-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, install(files, dir)
}

// install makes the folder whole or not at all. npm compares each package with its hash in the lock file.
func install(files fs.FS, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	making, err := os.MkdirTemp(filepath.Dir(dir), "installing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(making)
	for _, file := range []string{"package.json", lockFile, ".npmrc"} {
		b, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(making, file), b, 0o644); err != nil {
			return err
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts")
	cmd.Dir = making
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	err = os.Rename(making, dir)
	if _, there := os.Stat(dir); there == nil {
		return nil // this process has put it there, or another one
	}
	return err
}
