package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/web/ui/drawing"
)

//go:embed static
var staticFolder embed.FS

// staticFiles are style sheets, modules and pictures, by path. Their addresses bear a hash of all of them, so
// that browsers may keep them for ever.
type staticFiles struct {
	files map[string][]byte
	hash  string
}

func loadStatic() (staticFiles, error) {
	s := staticFiles{files: map[string][]byte{"picture.css": []byte(drawing.Style())}}
	all := sha256.New()
	all.Write(s.files["picture.css"])
	err := fs.WalkDir(staticFolder, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := staticFolder.ReadFile(name)
		if err != nil {
			return err
		}
		s.files[strings.TrimPrefix(name, "static/")] = b
		fmt.Fprintf(all, "%s %d\n", name, len(b))
		all.Write(b)
		return nil
	})
	s.hash = hex.EncodeToString(all.Sum(nil))[:12]
	return s, err
}

// url is the address of a file. Modules import each other by relative paths: the hash is a folder.
func (s staticFiles) url(name string) string { return "/static/" + s.hash + "/" + name }

func (s staticFiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/static/"), "/")
	b, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if hash == s.hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}
