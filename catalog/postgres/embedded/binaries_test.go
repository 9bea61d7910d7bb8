//go:build linux

package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nowhere has no Postgres and no npm.
func nowhere() places { return places{path: "/nonexistent"} }

func TestMissingServerNamesThePackages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fetch bool
		want  []string
	}{
		{"not to be fetched", false, []string{"apt-get install postgresql", "dnf install", "apk add", "brew install", "QLIKCRAWLER_DATABASE_URL"}},
		{"to be fetched", true, []string{"apt-get install postgresql", "npm is not installed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t.Context(), Config{Dir: newDir(t), Fetch: c.fetch, Log: discard()}, nowhere())
			wantWords(t, err, c.want...)
		})
	}
}

func TestClusterOfAnotherMajorIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, version string
		want          []string
	}{
		{"older", "9", []string{"belongs to Postgres 9", "the data is left as it is"}},
		{"newer", "99", []string{"belongs to Postgres 99", "postgresql-99"}},
		{"unreadable", "fifteen", []string{"unreadable PG_VERSION"}},
		{"none at all", "", []string{"neither empty nor a Postgres data folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := newDir(t)
			write(t, filepath.Join(dir, "data", "precious"), "bytes")
			if c.version != "" {
				write(t, filepath.Join(dir, "data", "PG_VERSION"), c.version+"\n")
			}
			before := listing(t, filepath.Join(dir, "data"))
			_, err := Open(t.Context(), Config{Dir: dir, Fetch: true})
			wantWords(t, err, c.want...)
			if diff := cmp.Diff(before, listing(t, filepath.Join(dir, "data"))); diff != "" {
				t.Errorf("the data was touched:\n%s", diff)
			}
		})
	}
}

func TestEmptyDataFolderIsTaken(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	mustClose(t, mustOpen(t, Config{Dir: dir}))
}

func TestServerOfTheClustersMajorIsPreferred(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	var bins []string
	for _, version := range []string{"15.18 (Debian 15.18-0+deb12u1)", "17.2", "13.9", "16beta1"} {
		bin := filepath.Join(filepath.Dir(dir), "pg-"+version[:2])
		write(t, filepath.Join(bin, "initdb"), "#!/bin/sh\n")
		write(t, filepath.Join(bin, "postgres"), "#!/bin/sh\necho 'postgres (PostgreSQL) "+version+"'\n")
		bins = append(bins, bin)
	}
	write(t, filepath.Join(filepath.Dir(dir), "pg-no-initdb", "postgres"), "#!/bin/sh\necho 'postgres (PostgreSQL) 30.1'\n")
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := f.account()
	if err != nil {
		t.Fatal(err)
	}
	in := places{path: strings.Join(bins[:2], ":"), globs: []string{filepath.Join(filepath.Dir(dir), "pg-*")}}
	for _, c := range []struct {
		version string
		want    int
	}{{"", 17}, {"15", 15}, {"16", 16}} {
		if c.version != "" {
			write(t, filepath.Join(dir, "data", "PG_VERSION"), c.version+"\n")
		}
		got, err := f.binaries(t.Context(), Config{Log: discard()}, in, acc)
		if err != nil || got.major != c.want {
			t.Errorf("for a cluster of %q the server is %d, %v; want %d", c.version, got.major, err, c.want)
		}
	}
	write(t, filepath.Join(dir, "data", "PG_VERSION"), "13\n")
	_, err = f.binaries(t.Context(), Config{Log: discard()}, in, acc)
	wantWords(t, err, "belongs to Postgres 13", "installed is only 17, 16, 15")
}

func TestFolderThatTheServersAccountCannotReach(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root's server runs as somebody else")
	}
	closed := t.TempDir() // in a folder that only root may enter
	_, err := Open(t.Context(), Config{Dir: filepath.Join(closed, "pg")})
	wantWords(t, err, "cannot enter "+filepath.Dir(closed), "chmod o+x "+filepath.Dir(closed), "QLIKCRAWLER_DATA_DIR")
}

func TestFolderOfSomebodyElse(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may enter every folder")
	}
	_, err := Open(t.Context(), Config{Dir: "/usr/share"})
	wantWords(t, err, "/usr/share", "belongs to the user root", "QLIKCRAWLER_DATA_DIR")
}

// The real package from the real registry, with nothing of it run but the server.
func TestFetchedServerServes(t *testing.T) {
	t.Parallel()
	if os.Getenv(asOrdinary) != "" {
		t.Skip("root's run fetches it; once is enough for the registry")
	}
	dir := newDir(t)
	in := places{path: os.Getenv("PATH")}
	without := filepath.Join(filepath.Dir(dir), "bin") // npm and what it needs, but no Postgres
	if err := os.Mkdir(without, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"npm", "node", "sh"} {
		program := findProgram(name, in.path)
		if program == "" {
			t.Fatalf("this test needs %s (Debian, Ubuntu: apt-get install nodejs npm)", name)
		}
		if err := os.Symlink(program, filepath.Join(without, name)); err != nil {
			t.Fatal(err)
		}
	}
	in.path = without
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := open(ctx, Config{Dir: dir, Fetch: true, ForTests: true, Log: discard()}, in)
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, s.URL(), "select current_setting('server_version')"); got != "18.4" {
		t.Errorf("the fetched server is %q", got)
	}
	if got := query(t, s.URL(), "select lower('ÄÖÜ')"); got != "äöü" {
		t.Errorf("the fetched server folds to %q", got)
	}
	mustClose(t, s)
	again, err := open(ctx, Config{Dir: dir, ForTests: true, Log: discard()}, nowhere()) // needs no fetching now
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, again)
	if left, err := filepath.Glob(filepath.Join(dir, "fetch-*")); err != nil || len(left) > 0 {
		t.Errorf("fetching leaves %v, %v", left, err)
	}
}

func TestArchiveWithAnotherHashIsNotUsed(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	bin := filepath.Join(filepath.Dir(dir), "bin")
	write(t, filepath.Join(bin, "npm"), "#!/bin/sh\necho tampered > \"$5\"/package.tgz\n")
	_, err := open(t.Context(), Config{Dir: dir, Fetch: true, Log: discard()}, places{path: bin})
	wantWords(t, err, "the archive's hash is sha512-", "not used")
	if left, err := filepath.Glob(filepath.Join(dir, "*-*")); err != nil || len(left) > 0 {
		t.Errorf("fetching leaves %v, %v", left, err)
	}
}

func TestArchiveCannotWriteOutside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	arc := tar.NewWriter(zip)
	if err := arc.WriteHeader(&tar.Header{Name: "package/../../outside", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := arc.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := arc.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.tgz"), packed.String())
	if err := unpack(filepath.Join(dir, "a.tgz"), dir); err == nil {
		t.Error("a name that leads outside was unpacked")
	}
	write(t, filepath.Join(dir, "package", "native", "pg-symlinks.json"), `[{"source":"/etc/passwd","target":"native/x"}]`)
	if err := makeLinks(filepath.Join(dir, "package")); err == nil {
		t.Error("a link that leads outside was made")
	}
}

func wantWords(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error lacks %q: %v", w, err)
		}
	}
}

// write makes a file, which may be run, and the folders above it, which all may enter.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// listing returns the folder's files with their sizes, times, modes and owners.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, e.Name()+" "+info.Mode().String()+" "+info.ModTime().String())
	}
	return lines
}
