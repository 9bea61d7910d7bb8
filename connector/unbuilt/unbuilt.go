// Package unbuilt reads folders of unbuilt Qlik apps: apps that `qlik app unbuild` wrote as files, as teams keep them
// in Git. Folders are report groups, and an app's rows are those that a site would give of it, but for what only
// its Repository knows: owners, streams, publishing.
//
// It writes nothing, follows no link out of a folder, and reads regular files of a bounded size only.
package unbuilt

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"sync"
	"sync/atomic"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// Type is what a connection's key "type" says for this source.
const Type = "unbuilt"

// Source is folders of unbuilt apps.
func Source() connector.Source {
	return connector.Source{
		Type:      Type,
		Title:     "Folders of unbuilt Qlik apps",
		Local:     true,
		Validate:  validate,
		Open:      open,
		LastLight: stepListing,
		Template:  Template,
		Fields:    formFields(),
		Files:     []string{"unbuilt.folders", "options.qvs_path"},
	}
}

func open(_ context.Context, env connector.Env) (connector.Connector, error) {
	cfg, errs := parseConfig(env.Connection)
	if len(errs) > 0 {
		return nil, &catalog.Error{Code: catalog.CodeInvalid, Op: "read settings", Err: errs}
	}
	log := env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &site{cfg: cfg, log: log}, nil
}

// A site is the folders of one connection.
type site struct {
	cfg    config
	log    *slog.Logger
	opened atomic.Int64 // files
	closed atomic.Bool

	mu   sync.Mutex
	kept []place // from Groups, for the next Units
}

// Usage counts the files that were opened, as requests.
func (s *site) Usage() catalog.Usage { return catalog.Usage{Requests: s.opened.Load()} }

// Close ends the use of the connector; nothing is held open between calls.
func (s *site) Close() error {
	s.closed.Store(true)
	return nil
}

// within opens a folder of the connection for as long as use takes. What is read through it can't be outside.
func (s *site) within(ctx context.Context, f folder, use func(tree) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return errClosed
	}
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return err
	}
	defer root.Close()
	return use(tree{ctx: ctx, fsys: root.FS(), dir: ".", opened: &s.opened})
}

// A tree is a folder below the one that was opened, as a file system. It counts, and ends with its context.
type tree struct {
	ctx    context.Context //nolint:containedctx // a file system's methods take none; it lives as long as one call
	fsys   fs.FS
	dir    string
	opened *atomic.Int64
}

func (t tree) in(dir string) tree {
	t.dir = path.Join(t.dir, dir)
	return t
}

// Open opens a file.
func (t tree) Open(name string) (fs.File, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, err
	}
	t.opened.Add(1)
	return t.fsys.Open(path.Join(t.dir, name))
}

// Stat follows links that stay below the folder.
func (t tree) Stat(name string) (fs.FileInfo, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, err
	}
	return fs.Stat(t.fsys, path.Join(t.dir, name))
}

// ReadDir lists a folder, sorted by name.
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, err
	}
	return fs.ReadDir(t.fsys, path.Join(t.dir, name))
}
