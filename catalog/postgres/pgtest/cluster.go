// Package pgtest gives every test a Postgres database of its own.
//
// The first test of a binary that asks starts a private server in a temporary folder, with binaries
// found or fetched as package embedded does it. All tests of the binary share the server, in
// parallel; no other binary does. Nothing is ever skipped: a machine without Postgres fails the
// test with the sentence that says what to install.
//
// No package needs a TestMain for it. The kernel stops the server with the test binary, however
// that ends, and a small watcher, which waits for the end of the pipe that only the test binary
// holds, removes the folder.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/embedded"
)

// patience bounds each step against the server, with room for a slow machine under the race detector.
const patience = 2 * time.Minute

// cluster is the server of this test binary.
type cluster struct {
	admin     string           // the URL of a database to give commands in
	strategy  string           // the clause of "create database" that copies fastest, if the server knows it
	server    *embedded.Server // kept, since its locks end when it is collected
	keepAlive *os.File         // our end of the watcher's pipe
	migrated  func() error     // makes the template of migrated databases, once
	databases atomic.Int64
}

// theCluster starts the server at first need. It is the one variable here that all tests share,
// since a test binary has no other place for what its tests have in common.
var theCluster = sync.OnceValues(startCluster)

// Blank returns the URL of an empty database, which is dropped at the end of the test.
func Blank(t testing.TB) string {
	t.Helper()
	return need(t).create(t, "template0")
}

func need(t testing.TB) *cluster {
	t.Helper()
	c, err := theCluster()
	if err != nil {
		t.Fatalf("this test needs a Postgres server: %v", err)
	}
	return c
}

func startCluster() (*cluster, error) {
	dir, err := os.MkdirTemp("", "qlikcrawler-pgtest-")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	c := &cluster{}
	if c.keepAlive, err = watch(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c.server, err = embedded.Open(ctx, embedded.Config{Dir: dir, Fetch: true, FetchDir: fetchDir(), ForTests: true})
	if err != nil {
		return nil, err
	}
	c.admin = c.server.URL()
	c.migrated = sync.OnceValue(c.migrateTemplate)
	return c, c.chooseStrategy(ctx)
}

// fetchDir is where all test binaries find a server that one of them has fetched. Empty, when the
// user has no such place, means in the cluster's folder.
func fetchDir() string {
	if os.Geteuid() == 0 {
		return "/var/cache/qlikcrawler" // root's own cache folder is closed to the server's account
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "qlikcrawler")
}

// watch starts the watcher, which removes dir when the returned file is closed: when this process
// ends. It stops a server that outlives us, for systems whose kernel does not.
func watch(dir string) (*os.File, error) {
	const script = `
		trap '' INT TERM HUP
		cat >/dev/null
		pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null
		tries=0
		while [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries+1)); done
		rm -rf "$1"`
	ours, theirs, err := pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "sh", dir)
	cmd.Stdin = theirs
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("watch %s: %w", dir, err), ours.Close())
	}
	return ours, nil
}

func pipe() (write, read *os.File, err error) {
	read, write, err = os.Pipe()
	return write, read, err
}

// chooseStrategy asks for copying through the log, which for small databases is several times as
// fast as copying files between two checkpoints. Postgres 14 does not know the clause.
func (c *cluster) chooseStrategy(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	if version >= 150000 {
		c.strategy = " strategy wal_log"
	}
	return nil
}

// create makes a database of the test's own and returns its URL.
func (c *cluster) create(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", c.databases.Add(1))
	if err := c.exec("create database " + name + " template " + template + c.strategy); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := c.exec("drop database " + name + " with (force)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return c.url(name)
}

// exec runs one statement over a connection of its own, so that nothing lives on between tests.
func (c *cluster) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.admin)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func (c *cluster) url(database string) string {
	u, err := url.Parse(c.admin)
	if err != nil {
		return "" // not reached: the URL is the embedded server's
	}
	u.Path = "/" + database
	return u.String()
}
