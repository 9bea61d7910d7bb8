package secret

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// maxFile is how many bytes a secret in a file may have.
const maxFile = 1 << 20

// readFile reads a secret from a regular file. Its last line end isn't part of the secret.
func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fileError(err)
	}
	if !info.Mode().IsRegular() {
		return "", refused(catalog.CodeInvalid, "Name a file that holds the secret and nothing else.", "it is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fileError(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", fileError(err)
	}
	if len(data) > maxFile {
		return "", refused(catalog.CodeInvalid, "Name a file that holds the secret and nothing else.", "it has more than 1 MiB")
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// fileError leaves out the path, which the reference has.
func fileError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refused(catalog.CodeNotFound, "Check the path; it is that of the machine where this program runs.", "%w", err)
	case errors.Is(err, fs.ErrPermission):
		return refused(catalog.CodeForbidden, "Let the account that this program runs as read the file (mode 0400 or 0600).", "%w", err)
	default:
		return refused(catalog.CodeUnreachable, "", "%w", err)
	}
}
