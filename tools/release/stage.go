package main

import (
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// zsh looks for completions of packages in another folder on each system.
const (
	zshOfDebian = "usr/share/zsh/vendor-completions/_qlikcrawler"
	zshOfRedHat = "usr/share/zsh/site-functions/_qlikcrawler"
)

// stage lays the files of a package out below dir, as they will be below /.
func (r *release) stage(b binary, dir, zsh string) error {
	linux := filepath.Join(r.root, "deploy/linux")
	files := []content{
		{"usr/bin/qlikcrawler", b.path, 0o755},
		{"usr/lib/systemd/system/qlikcrawler.service", filepath.Join(linux, "qlikcrawler.service"), 0o644},
		{"etc/qlikcrawler/qlikcrawler.env", filepath.Join(linux, "qlikcrawler.env"), 0o640},
		{"usr/share/bash-completion/completions/qlikcrawler", filepath.Join(r.work, "completions/qlikcrawler"), 0o644},
		{"usr/share/fish/vendor_completions.d/qlikcrawler.fish", filepath.Join(r.work, "completions/qlikcrawler.fish"), 0o644},
		{zsh, filepath.Join(r.work, "completions/_qlikcrawler"), 0o644},
		{"usr/share/doc/qlikcrawler/copyright", filepath.Join(r.root, "LICENSE"), 0o644},
		{"usr/share/doc/qlikcrawler/LICENSES-of-modules.txt.gz", filepath.Join(r.work, "LICENSES-of-modules.txt"), 0o644},
		{"usr/share/doc/qlikcrawler/changelog.gz", filepath.Join(r.root, "CHANGELOG.md"), 0o644},
	}
	pages, err := filepath.Glob(filepath.Join(r.work, "man", "*.1"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		files = append(files, content{"usr/share/man/man1/" + filepath.Base(page) + ".gz", page, 0o644})
	}
	for _, f := range files {
		if err := r.place(f, filepath.Join(dir, filepath.FromSlash(f.name))); err != nil {
			return fmt.Errorf("stage %s: %w", f.name, err)
		}
	}
	return r.timesOf(dir)
}

// place copies a file, compressed if its new name says so.
func (r *release) place(c content, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, c.mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if !strings.HasSuffix(to, ".gz") {
		if err := copyInto(f, c.from); err != nil {
			return err
		}
		return f.Close()
	}
	zw, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := copyInto(zw, c.from); err != nil {
		return err
	}
	if err := zw.Close(); err != nil {
		return err
	}
	return f.Close()
}

// timesOf gives all below dir the time of the commit, and modes that don't depend on the umask.
func (r *release) timesOf(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if err := os.Chmod(path, 0o755); err != nil {
				return err
			}
		}
		return os.Chtimes(path, r.moment, r.moment)
	})
}
