package unbuilt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt/appfiles"
)

// readerVersion is part of every app's version. Raise it when the same files give other rows.
const readerVersion = 1

// version says whether an app has changed since it was read: a hash of the files that have rows, of where the app
// stands and of what of our own side changes the rows. Dates don't count: a fresh checkout has new ones.
func (s *site) version(t tree, p place) (string, error) {
	if _, err := t.Stat("."); err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %v %q\n", readerVersion, qixmap.Version, s.cfg.Options.SystemVariables, p.path())
	objects, err := appfiles.ObjectFiles(t, appfiles.ObjectsFolder)
	if err != nil {
		fmt.Fprintf(h, "%s: %v\n", appfiles.ObjectsFolder, err)
	}
	files := []string{
		appfiles.PropertiesFile, appfiles.DimensionsFile, appfiles.MeasuresFile, appfiles.VariablesFile, appfiles.ScriptFile, appfiles.MetadataFile,
	}
	for _, name := range append(files, objects...) {
		err := addFile(h, t, name)
		if ended := t.ctx.Err(); ended != nil {
			return "", ended
		}
		if err != nil { // Fetch says what is wrong with it
			fmt.Fprintf(h, "%s: %v\n", name, err)
		}
	}
	return strconv.Itoa(readerVersion) + "-" + hex.EncodeToString(h.Sum(nil)[:16]), nil
}

func addFile(h hash.Hash, t tree, name string) error {
	f, size, err := appfiles.Open(t, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(h, "%q %d\n", name, size)
	_, err = io.Copy(h, io.LimitReader(ended{t.ctx, f}, appfiles.MaxFile))
	return err
}

// ended is a reader that ends with a context.
type ended struct {
	ctx context.Context //nolint:containedctx // of one copy
	r   io.Reader
}

func (e ended) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}

// keyWords are second parts of keys that mean something else than an app (contract §3).
var keyWords = []string{"stream", "app", "personal"}

// maxID is how many bytes an id may have, so that the keys of what is in the app stay far below the longest key.
const maxID = 500

// safeID is an id as keys can hold it: the text itself but where it is too long, no UTF-8, or a word of the keys.
func safeID(text string) string {
	if slices.Contains(keyWords, text) {
		return text + "/"
	}
	if len(text) <= maxID && clean(text) == text {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return clean(text[:min(len(text), maxID-40)]) + "~" + hex.EncodeToString(sum[:16])
}

// clean is a text as the catalog can hold it (contract §4).
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}
