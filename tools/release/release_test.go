package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/tools/internal/license"
)

// project is the folder of the main module.
const project = "../.."

func TestMain(m *testing.M) {
	code := m.Run()
	if made.dir != "" {
		os.RemoveAll(made.dir)
	}
	os.Exit(code)
}

var made struct {
	once sync.Once
	dir  string
	r    *release
	err  error
}

// released is a release for linux/amd64 of the tree as it is, made once for all tests.
func released(t *testing.T) (dir string, r *release) {
	t.Helper()
	made.once.Do(func() {
		if made.dir, made.err = os.MkdirTemp("", "qlikcrawler-released-"); made.err == nil {
			made.r, made.err = releaseTo(context.Background(), project, filepath.Join(made.dir, "dist"))
		}
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return filepath.Join(made.dir, "dist"), made.r
}

func releaseTo(ctx context.Context, root, out string) (*release, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	r := &release{root: abs, out: out, systems: []string{"linux/amd64"}, packages: true, dirty: true}
	return r, r.make(ctx)
}

func TestThePageOfLicensesIsThatOfGoMod(t *testing.T) {
	t.Parallel()
	modules, err := modulesOf(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(project, licensePage))
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != license.Page(modules) {
		t.Errorf("%s isn't what go.mod says: make licenses writes it anew", licensePage)
	}
}

func TestVersionsComeAfterTheirTag(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for name, test := range map[string]struct {
		tag   string
		exact bool
		want  string
	}{
		"no tag":             {"", false, "0.0.0-20260102030405-0123456789ab"},
		"a release":          {"v1.2.3", true, "1.2.3"},
		"a candidate":        {"v1.2.3-rc.1", true, "1.2.3-rc.1"},
		"after a release":    {"v1.2.3", false, "1.2.4-0.20260102030405-0123456789ab"},
		"after a candidate":  {"v1.2.3-rc.1", false, "1.2.3-rc.1.0.20260102030405-0123456789ab"},
		"a tag of something": {"v1", false, "0.0.0-20260102030405-0123456789ab"},
	} {
		if got, err := versionOf(test.tag, test.exact, commit, moment); got != test.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, test.want)
		}
	}
	if v, err := versionOf("v1.2", true, commit, moment); err == nil {
		t.Errorf("v1.2 is taken as the version %q", v)
	}
}

func TestAllThatIsReleasedHasAChecksum(t *testing.T) {
	t.Parallel()
	dir, r := released(t)
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	p := r.packageVersion()
	for _, name := range []string{
		"qlikcrawler_" + r.version + "_linux_amd64.tar.gz", "qlikcrawler_" + r.version + "_linux_amd64.cdx.json",
		"qlikcrawler_" + p + "_amd64.deb", "qlikcrawler-" + p + "-1.x86_64.rpm",
	} {
		sum, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if want := fmt.Sprintf("%x  %s\n", sum, name); !strings.Contains(string(sums), want) {
			t.Errorf("SHA256SUMS lacks %s", want)
		}
	}
	if n := strings.Count(string(sums), "\n"); n != 4 {
		t.Errorf("SHA256SUMS has %d lines:\n%s", n, sums)
	}
}

func TestTheArchiveHoldsAStaticBinaryAndItsPapers(t *testing.T) {
	t.Parallel()
	dir, r := released(t)
	folder := "qlikcrawler_" + r.version + "_linux_amd64"
	files := unpack(t, filepath.Join(dir, folder+".tar.gz"))
	for _, name := range []string{
		"qlikcrawler", "LICENSE", "LICENSES-of-modules.txt", "README.md", "CHANGELOG.md", "man/qlikcrawler.1", "man/qlikcrawler-crawl.1",
		"completions/qlikcrawler", "completions/_qlikcrawler", "completions/qlikcrawler.fish", "systemd/qlikcrawler.service",
	} {
		if len(files[folder+"/"+name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if notices := string(files[folder+"/LICENSES-of-modules.txt"]); !strings.Contains(notices, "Graphviz 12.1.2: EPL-1.0") {
		t.Error("the notices don't tell of Graphviz")
	}
	program := files[folder+"/qlikcrawler"]
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("the binary wants a loader: it isn't static")
		}
	}
	modules := strings.TrimSpace(output(t, "go", "env", "GOMODCACHE"))
	if bytes.Contains(program, []byte(modules)) {
		t.Errorf("the binary holds paths of the machine that built it: %s", modules)
	}
	if bytes.Contains(program, []byte(r.root)) {
		t.Errorf("the binary holds the path of its source: %s", r.root)
	}
}

func unpack(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(tr); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheBillNamesEachPartWithItsLicense(t *testing.T) {
	t.Parallel()
	dir, r := released(t)
	text, err := os.ReadFile(filepath.Join(dir, "qlikcrawler_"+r.version+"_linux_amd64.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc bom
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Format != "CycloneDX" || doc.Metadata.Component.Version != r.version || len(doc.Dependencies[0].On) != len(doc.Components) {
		t.Errorf("it is %s of %s", doc.Format, doc.Metadata.Component.Version)
	}
	names := map[string]component{}
	for _, c := range doc.Components {
		names[c.Name] = c
		if len(c.Licenses) != 1 || c.Licenses[0].Expression == "" || !strings.HasPrefix(c.PURL, "pkg:golang/") {
			t.Errorf("%s has the licenses %v and the address %q", c.Name, c.Licenses, c.PURL)
		}
	}
	for _, want := range []string{"std", "github.com/jackc/pgx/v5", "github.com/spf13/cobra"} {
		if names[want].Version == "" {
			t.Errorf("it lacks %s", want)
		}
	}
	if g := names["github.com/goccy/go-graphviz"].Components; len(g) != 2 || g[0].Licenses[0].Expression != "EPL-1.0" {
		t.Errorf("what is in go-graphviz: %v", g)
	}
}

// A release made elsewhere of the same commit has the same bytes. Usually the second one takes compiled packages
// from the first one's cache; with QLIKCRAWLER_LONG it compiles everything itself.
func TestAReleaseOfTheSameCommitHasTheSameBytes(t *testing.T) {
	dir, r := released(t)
	root := r.root
	if changes, err := r.command(t.Context(), "git", "status", "--porcelain"); err != nil {
		t.Fatal(err)
	} else if changes == "" {
		root = filepath.Join(t.TempDir(), "another", "place")
		if _, err := r.command(t.Context(), "git", "clone", "--quiet", "--shared", r.root, root); err != nil {
			t.Fatal(err)
		}
	} else {
		t.Log("there are changes that are not committed: made again in the same folder")
	}
	if os.Getenv("QLIKCRAWLER_LONG") != "" {
		t.Setenv("GOCACHE", t.TempDir())
	}
	again := filepath.Join(t.TempDir(), "dist")
	if _, err := releaseTo(t.Context(), root, again); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(again, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("the checksums differ:\n%s\n%s", first, second)
	}
}

// output runs a command that has to succeed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out)
}

// contains fails the test for each text that isn't there.
func contains(t *testing.T, what, text string, wanted ...string) {
	t.Helper()
	for _, want := range slices.Compact(wanted) {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}
