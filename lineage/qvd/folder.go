package qvd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// maxFiles is how many QVD files a folder may have.
const maxFiles = 1_000_000

// Why a folder gives no header of a file.
var (
	ErrAbsent    = errors.New("the folder has no such file")
	ErrAmbiguous = errors.New("the folder has files of this name, but which of them it is can't be told")
)

// A Folder is a folder of QVD files, with those in the folders below it. Links that lead out of it are not
// followed. The files are listed once; a header is read when it is first asked for.
// It may be used from several goroutines.
type Folder struct {
	dir    string
	above  []string            // the names of the folder and of those above it, folded
	byName map[string][]string // paths in the folder, by folded file name

	mu   sync.Mutex
	read map[string]answer
}

type answer struct {
	header *Header
	err    error
}

// Open lists the QVD files of a folder. Folders below it that can't be read count as empty.
func Open(ctx context.Context, dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of QVD files: %w", bare(err))
	}
	defer func() { _ = root.Close() }()
	f := &Folder{dir: dir, above: partsOf(dir), byName: map[string][]string{}, read: map[string]answer{}}
	if whole, err := filepath.Abs(dir); err == nil {
		f.above = partsOf(whole)
	}
	count := 0
	err = fs.WalkDir(root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && p == ".":
			return bare(err)
		case err != nil && e != nil && e.IsDir():
			return fs.SkipDir
		case err != nil || !strings.EqualFold(path.Ext(p), ".qvd") || !e.Type().IsRegular() && e.Type() != fs.ModeSymlink:
			return nil
		}
		if count++; count > maxFiles {
			return fmt.Errorf("it has more than %d files", maxFiles)
		}
		name := strings.ToLower(path.Base(p))
		f.byName[name] = append(f.byName[name], p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the folder of QVD files: %w", err)
	}
	return f, nil
}

// bare is an error of the file system without the path, which nobody else need know.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Empty reports whether there is no file at all, as where nothing is mounted.
func (f *Folder) Empty() bool { return len(f.byName) == 0 }

// Files are the paths of all files, in order.
func (f *Folder) Files() []string {
	var all []string
	for _, list := range f.byName {
		all = append(all, list...)
	}
	slices.Sort(all)
	return all
}

// Find finds the file that some names stand for: its path as the Qlik server sees it, or through a data
// connection. The folder may stand for any folder above the file, so that a file is found by the end of its
// path: all of its path in the folder must be the same, without regard to case, and more than its mere name
// with the folder's own names, unless nameIsEnough. The longest end wins.
// The errors are ErrAbsent and ErrAmbiguous.
func (f *Folder) Find(nameIsEnough bool, names ...string) (string, error) {
	best, found, tie := 0, "", false
	for _, name := range names {
		parts := partsOf(name)
		if len(parts) == 0 {
			continue
		}
		for _, p := range f.byName[parts[len(parts)-1]] {
			n := f.common(partsOf(p), parts)
			switch {
			case n > best:
				best, found, tie = n, p, false
			case n == best && n > 0 && p != found:
				tie = true
			}
		}
	}
	switch {
	case best == 0:
		return "", ErrAbsent
	case tie || best == 1 && !nameIsEnough:
		return "", ErrAmbiguous
	default:
		return found, nil
	}
}

// common counts the names at the end that a file of the folder and a path have in common; 0 if the path
// doesn't end with all of the file's.
func (f *Folder) common(file, parts []string) int {
	if len(parts) < len(file) || !slices.Equal(file, parts[len(parts)-len(file):]) {
		return 0
	}
	n := len(file)
	for i, j := len(f.above)-1, len(parts)-n-1; i >= 0 && j >= 0 && f.above[i] == parts[j]; i, j = i-1, j-1 {
		n++
	}
	return n
}

// partsOf are the names in a path, folded.
func partsOf(p string) []string {
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(p, `\`, "/")), "/")
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" || s == "." })
}

// Header reads the header of a file that Find or Files gave.
func (f *Folder) Header(file string) (*Header, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, known := f.read[file]
	if !known {
		a.header, a.err = f.header(file)
		f.read[file] = a
	}
	return a.header, a.err
}

func (f *Folder) header(file string) (*Header, error) {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of QVD files: %w", bare(err))
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(file)
	if err != nil {
		return nil, errors.New("the file can't be opened, or is a link out of the folder of QVD files")
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	opened, err := root.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", bare(err))
	}
	defer func() { _ = opened.Close() }()
	return Read(opened)
}
