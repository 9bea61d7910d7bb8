//go:build linux

package embedded

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestDataIsKeptBetweenStarts(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := mustOpen(t, Config{Dir: dir})
	if s.Joined() {
		t.Error("the first process must own the server")
	}
	keepWord(t, s.URL(), "kept")
	mustClose(t, s)
	wantNoProcess(t, dir)
	s = mustOpen(t, Config{Dir: dir, Role: RoleServer})
	if got := keptWord(t, s.URL()); got != "kept" {
		t.Errorf("after a restart the row is %q", got)
	}
	mustClose(t, s)
	mustClose(t, s) // a second Close is harmless
	wantNoProcess(t, dir)
}

func TestServerIsPrivateAndSpeaksUnicode(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := mustOpen(t, Config{Dir: dir})
	for _, c := range []struct{ name, sql, want string }{
		{"no network", "select current_setting('listen_addresses')", ""},
		{"folds case beyond ASCII", "select lower('ÄÖÜ')", "äöü"},
		{"orders by code point", "select min(x) from (values ('a'), ('B')) v(x)", "B"},
		{"encoding", "select current_setting('server_encoding')", "UTF8"},
		{"no just-in-time compiler", "select current_setting('jit')", "off"},
		{"time zone", "select current_setting('TimeZone')", "UTC"},
		{"database", "select current_database()::text", "qlikcrawler"},
	} {
		if got := query(t, s.URL(), c.sql); got != c.want {
			t.Errorf("%s: %s gives %q, want %q", c.name, c.sql, got, c.want)
		}
	}
	for _, name := range []string{"data", "run"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %o, want 700", name, info.Mode().Perm())
		}
		if uid, _ := ownerOf(info); uid == 0 {
			t.Errorf("%s belongs to root", name)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o066 != 0 {
		t.Errorf("others can list or write the folder: %v, %v", info.Mode(), err)
	}
}

// The server of real use must not lose what it has confirmed.
func TestOnlyTestsForgoSafety(t *testing.T) {
	t.Parallel()
	unsafe := []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}
	for _, setting := range unsafe {
		if strings.Contains(strings.Join(serverArgs("d", "s", false), " "), setting) {
			t.Errorf("a real server runs with %s", setting)
		}
		if !strings.Contains(strings.Join(serverArgs("d", "s", true), " "), setting) {
			t.Errorf("a test's server runs without %s", setting)
		}
	}
}

func TestURLIsIndependentOfTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"PGHOST": "elsewhere", "PGPORT": "1", "PGUSER": "mallory", "PGDATABASE": "other", "PGSSLMODE": "require",
	} {
		t.Setenv(name, value)
	}
	s := &Server{socketDir: "/a folder/with space&more+plus"}
	c, err := pgx.ParseConfig(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Host, c.Port, c.User, c.Database, c.TLSConfig == nil}
	want := []any{"/a folder/with space&more+plus", uint16(5432), "qlikcrawler", "qlikcrawler", true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLongPathGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), strings.Repeat("long-", 30), strings.Repeat("longer-", 20))
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	copyAll(t, madeDir(t), dir)
	s := mustOpen(t, Config{Dir: dir})
	t.Cleanup(func() { _ = os.RemoveAll(s.socketDir) })
	keepWord(t, s.URL(), "far down")
	info, err := os.Stat(s.socketDir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder %s is not private: %v, %v", s.socketDir, info.Mode(), err)
	}
	joined := mustOpen(t, Config{Dir: dir})
	if got := keptWord(t, joined.URL()); !joined.Joined() || got != "far down" {
		t.Errorf("a second command got %q, joined %v", got, joined.Joined())
	}
	mustClose(t, joined)
	mustClose(t, s)
}

func TestSocketFolderOfSomebodyElseIsRefused(t *testing.T) {
	dir := filepath.Join(newDir(t), strings.Repeat("long-", 30))
	tmp := filepath.Dir(newDir(t))
	t.Setenv("TMPDIR", tmp)
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := f.account()
	if err != nil {
		t.Fatal(err)
	}
	short, err := f.socketDir(acc)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(short); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", short); err != nil { // as somebody might who expects us
		t.Fatal(err)
	}
	if _, err := f.socketDir(acc); err == nil || !strings.Contains(err.Error(), short) {
		t.Errorf("a planted link is taken for the socket's folder: %v", err)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	mustOpen(t, Config{Dir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := Open(ctx, Config{Dir: dir, Role: RoleServer}); err == nil {
		mustClose(t, s)
		t.Error("a server opened beside a running command with a canceled context")
	}
}
