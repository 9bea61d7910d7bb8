package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// title is what the files of a binary's release begin with.
func (r *release) title(b binary) string {
	return fmt.Sprintf("qlikcrawler_%s_%s_%s", r.version, b.goos, b.goarch)
}

// A content is a file on its way into an archive or a package.
type content struct {
	name string // in there, with slashes
	from string
	mode fs.FileMode
}

// contents are the files of an archive, in order of their names.
func (r *release) contents(b binary) ([]content, error) {
	list := []content{
		{filepath.Base(b.path), b.path, 0o755},
		{"LICENSE", filepath.Join(r.root, "LICENSE"), 0o644},
		{"LICENSES-of-modules.txt", filepath.Join(r.work, "LICENSES-of-modules.txt"), 0o644},
		{"README.md", filepath.Join(r.root, "README.md"), 0o644},
		{"CHANGELOG.md", filepath.Join(r.root, "CHANGELOG.md"), 0o644},
	}
	if b.goos == "linux" {
		for _, file := range []string{"qlikcrawler.service", "qlikcrawler.env", "qlikcrawler.sysusers"} {
			list = append(list, content{"systemd/" + file, filepath.Join(r.root, "deploy/linux", file), 0o644})
		}
	}
	for _, dir := range []string{"man", "completions"} {
		if dir == "man" && b.goos == "windows" {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(r.work, dir))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			list = append(list, content{dir + "/" + e.Name(), filepath.Join(r.work, dir, e.Name()), 0o644})
		}
	}
	slices.SortFunc(list, func(a, b content) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

// archive packs a binary with its papers: .zip for Windows, .tar.gz for the others.
func (r *release) archive(b binary) (err error) {
	list, err := r.contents(b)
	if err != nil {
		return err
	}
	pack, ending := tarball, ".tar.gz"
	if b.goos == "windows" {
		pack, ending = zipped, ".zip"
	}
	f, err := os.Create(filepath.Join(r.out, r.title(b)+ending))
	if err != nil {
		return err
	}
	if err := pack(f, r.title(b), list, r.moment); err != nil {
		return fmt.Errorf("pack %s: %w", f.Name(), err)
	}
	return f.Close()
}

func tarball(w io.Writer, folder string, list []content, moment time.Time) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(zw)
	for _, c := range list {
		info, err := os.Stat(c.from)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: folder + "/" + c.name, Size: info.Size(), Mode: int64(c.mode), ModTime: moment, Format: tar.FormatPAX}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		if err := copyInto(tw, c.from); err != nil {
			return err
		}
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return zw.Close()
}

func zipped(w io.Writer, folder string, list []content, moment time.Time) error {
	zw := zip.NewWriter(w)
	for _, c := range list {
		h := &zip.FileHeader{Name: folder + "/" + c.name, Method: zip.Deflate, Modified: moment}
		h.SetMode(c.mode)
		part, err := zw.CreateHeader(h)
		if err != nil {
			return err
		}
		if err := copyInto(part, c.from); err != nil {
			return err
		}
	}
	return zw.Close()
}

func copyInto(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
