package crawler

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// maxInclude is how large an included file may be, in bytes.
const maxInclude = 8 << 20

// Includes gives a function that reads the files that scripts include from a folder and from nowhere else:
// links that lead out of it are refused, and so is "..". A script names its files as the Qlik server finds
// them (lib://Scripts/common/calendar.qvs); the folder has them by the longest end of that path that is
// there, without regard to case.
func Includes(dir string) func(name string) (string, error) {
	return func(name string) (string, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return "", fmt.Errorf("open the folder of included files: %w", err)
		}
		defer func() { _ = root.Close() }()
		name = strings.ReplaceAll(name, `\`, "/")
		if _, rest, isLib := strings.Cut(name, "://"); isLib {
			name = rest
		}
		var parts []string
		for _, p := range strings.Split(name, "/") {
			if p == ".." {
				return "", errors.New("the path leads out of the folder of included files")
			}
			if p != "" && p != "." && !strings.HasSuffix(p, ":") {
				parts = append(parts, p)
			}
		}
		for i := range parts {
			if text, err := readFolded(root, parts[i:]); err == nil || !errors.Is(err, fs.ErrNotExist) {
				return text, err
			}
		}
		return "", errors.New("the folder of included files (options.qvs_path) has no such file")
	}
}

// readFolded reads a file by its path in a folder, whatever the case of its parts.
func readFolded(root *os.Root, parts []string) (string, error) {
	at := "."
	for _, p := range parts {
		entries, err := fs.ReadDir(root.FS(), at)
		if err != nil {
			return "", fs.ErrNotExist
		}
		found := ""
		for _, e := range entries {
			if e.Name() == p || found == "" && strings.EqualFold(e.Name(), p) {
				found = e.Name()
			}
		}
		if found == "" {
			return "", fs.ErrNotExist
		}
		at = path.Join(at, found)
	}
	f, err := root.Open(at)
	if err != nil {
		return "", errors.New("the file can't be opened, or is a link out of the folder of included files")
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fs.ErrNotExist
	}
	text, err := io.ReadAll(io.LimitReader(f, maxInclude+1))
	if err == nil && len(text) > maxInclude {
		return "", fmt.Errorf("the file is larger than %d bytes", maxInclude)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), err
}
