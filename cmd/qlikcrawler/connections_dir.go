package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
	"github.com/qlikcrawler/qlikcrawler/connector/register"
)

// A connectionFolder keeps connections as the files of a folder say (serve --connections). A file that is
// new or has changed adds or edits its connection; one that is gone does nothing: no file ever removes a
// connection. What is wrong with a file is told with its lines, and leaves its connection as it was.
type connectionFolder struct {
	app   *app
	db    *database
	dir   string
	start register.StartFunc // a new connection's first crawl

	applied map[string][sha256.Size]byte // by file: what was dealt with last
	twice   map[string][sha256.Size]byte // by file: what was told to be in another file
	told    map[string]string            // by file: what went wrong last, and may go well the next time
}

// folderRound is how often the files are looked at; SIGHUP has them looked at once.
const folderRound = 10 * time.Second

// keep applies the folder until ctx ends.
func (f *connectionFolder) keep(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(folderRound)
	defer tick.Stop()
	for {
		f.apply(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-hup:
			f.applied, f.twice, f.told = nil, nil, nil // and those that failed once more
		}
	}
}

// apply deals with the files that have changed since the last time.
func (f *connectionFolder) apply(ctx context.Context) {
	files, err := connectionFiles(f.dir)
	if err != nil {
		f.app.log.WarnContext(ctx, "the folder of connections can't be read", "folder", f.dir, "error", err)
		return
	}
	if f.applied == nil {
		f.applied, f.twice, f.told = map[string][sha256.Size]byte{}, map[string][sha256.Size]byte{}, map[string]string{}
	}
	from := map[string]string{} // by code: the file that it came from
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.app.log.WarnContext(ctx, "a connection file can't be read", "file", file, "error", err)
			continue
		}
		f.tell(ctx, file, f.applyFile(ctx, file, text, from))
	}
}

// tell says what is wrong with a file, once for as long as it stays the same.
func (f *connectionFolder) tell(ctx context.Context, file string, err error) {
	switch {
	case err == nil:
		delete(f.told, file)
	case ctx.Err() == nil && f.told[file] != err.Error():
		f.told[file] = err.Error()
		f.app.log.ErrorContext(ctx, "a connection file was not applied", "file", file, "error", err, "cure", catalog.CureOf(err))
	}
}

func connectionFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && slices.Contains([]string{".yaml", ".yml", ".json"}, ext) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

// applyFile makes the connection of a file what the file says, unless it is that.
func (f *connectionFolder) applyFile(ctx context.Context, file string, text []byte, from map[string]string) error {
	code, sum := codeOf(text), sha256.Sum256(text)
	if other, twice := from[code]; twice && code != "" {
		if f.twice[file] == sum {
			return nil
		}
		f.twice[file] = sum
		return fmt.Errorf("the connection %s is in %s already", code, other)
	}
	from[code] = file
	delete(f.twice, file)
	if f.applied[file] == sum {
		return nil
	}
	old, err := f.db.Connection(ctx, code)
	if err != nil && catalog.CodeOf(err) != catalog.CodeNotFound {
		return err // and again the next time
	}
	known := err == nil
	f.applied[file] = sum
	conn, err := readConnection(file, nil, sources(), old)
	if err != nil {
		return err
	}
	switch same, err := f.same(ctx, conn, old); {
	case err != nil:
		delete(f.applied, file)
		return err
	case !known:
		return f.add(ctx, file, conn)
	case same:
		return nil
	}
	if err := editConnection(ctx, f.db, conn, old); err != nil {
		delete(f.applied, file) // it may have been edited by others, or its name be taken, at this moment
		return err
	}
	f.app.log.InfoContext(ctx, "connection edited by its file", "connection", conn.Code, "file", file)
	return nil
}

// codeOf is the code in a connection file, "" if it can't be told.
func codeOf(text []byte) string {
	tree, _, err := parseYAML(text)
	if err != nil {
		return "" // it is told when the file is read
	}
	code, _ := tree["code"].(string)
	return code
}

func (f *connectionFolder) add(ctx context.Context, file string, conn catalog.Connection) error {
	if err := f.db.AddConnection(ctx, conn); err != nil {
		delete(f.applied, file) // another process may have been faster
		return err
	}
	f.app.log.InfoContext(ctx, "connection added by its file", "connection", conn.Code, "file", file)
	if f.start == nil {
		return nil
	}
	_, err := f.start(ctx, catalog.Run{Connection: conn.Code, Mode: catalog.Full, Trigger: catalog.ByCreation})
	if err != nil {
		return fmt.Errorf("start the first crawl of %s: %w", conn.Code, err)
	}
	return nil
}

// same tells whether a connection is stored as it is: then there is nothing to write.
func (f *connectionFolder) same(ctx context.Context, conn, old catalog.Connection) (bool, error) {
	if old.Code == "" {
		return false, nil
	}
	now, err1 := document.Tree(conn)
	before, err2 := document.Tree(old)
	a, err3 := json.Marshal(now)
	b, err4 := json.Marshal(before)
	if err := errors.Join(err1, err2, err3, err4); err != nil || !bytes.Equal(a, b) || len(conn.Secrets) != len(old.Secrets) {
		return false, err
	}
	for path, value := range conn.Secrets {
		if value.Reveal() == "" {
			continue // it stays
		}
		stored, err := f.db.Secret(ctx, conn.Code, path)
		if err != nil || stored != value.Reveal() {
			return false, nil //nolint:nilerr // one that can't be opened is stored anew
		}
	}
	return true, nil
}
