//go:build linux || darwin

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const oldestMajor = 14

// places says where to look for server binaries and for npm.
type places struct {
	path  string   // folders as in PATH
	globs []string // the distributions' folders
}

func usualPlaces() places {
	return places{path: os.Getenv("PATH"), globs: []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // RHEL and Fedora with the PostgreSQL project's packages
		"/usr/lib/postgresql*/bin",  // SUSE
		"/usr/libexec/postgresql*",  // Alpine
		"/usr/local/pgsql/bin",      // built from source
		"/opt/homebrew/opt/*/bin",   // Homebrew, Apple silicon
		"/usr/local/opt/*/bin",      // Homebrew, Intel
		"/home/linuxbrew/.linuxbrew/opt/*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	}}
}

// installation is a folder with the programs initdb and postgres of one version.
type installation struct {
	bin   string
	major int
}

func (i installation) program(name string) string { return filepath.Join(i.bin, name) }

// binaries returns the installation for the folder's cluster: of the same major version when there
// is a cluster, else the newest. Only when none is found it fetches one, if that is allowed.
func (f *folder) binaries(ctx context.Context, cfg Config, in places, acc account) (installation, error) {
	want, err := f.clusterMajor()
	if err != nil {
		return installation{}, err
	}
	keep := cfg.FetchDir
	if keep == "" {
		keep = f.dir
	}
	found := installations(ctx, append(in.folders(), fetchedBin(keep)), acc)
	if at := slices.IndexFunc(found, func(i installation) bool { return want == 0 || i.major == want }); at >= 0 {
		return found[at], nil
	}
	if cfg.Fetch && (want == 0 || want == fetchedMajor) {
		bin, err := fetch(ctx, keep, in.path, cfg.Log)
		if err == nil {
			return f.checkFetched(ctx, bin, acc)
		}
		return installation{}, fmt.Errorf("%w; fetching one failed: %w", missing(want, found), err)
	}
	return installation{}, missing(want, found)
}

// clusterMajor returns the major version of the folder's cluster, 0 when there is none.
func (f *folder) clusterMajor() (int, error) {
	b, err := os.ReadFile(filepath.Join(f.data(), "PG_VERSION"))
	if err == nil {
		major, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			return 0, fmt.Errorf("the data folder %s has an unreadable PG_VERSION %q: restore it from a backup, or move it away", f.data(), b)
		}
		return major, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("embedded Postgres: %w", err)
	}
	entries, err := os.ReadDir(f.data())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("embedded Postgres: %w", err)
	}
	if len(entries) > 0 {
		return 0, fmt.Errorf("the folder %s is neither empty nor a Postgres data folder (it has no PG_VERSION): move it away", f.data())
	}
	return 0, nil
}

func (f *folder) checkFetched(ctx context.Context, bin string, acc account) (installation, error) {
	found := installations(ctx, []string{bin}, acc)
	if len(found) == 0 {
		return installation{}, fmt.Errorf("the Postgres server that was fetched to %s does not run on this system: %s", bin, installSentence)
	}
	return found[0], nil
}

// folders returns the candidates that exist, each once, links resolved.
func (p places) folders() []string {
	candidates := filepath.SplitList(p.path)
	for _, g := range p.globs {
		matches, err := filepath.Glob(g)
		if err != nil {
			continue // a bad pattern; the test of usualPlaces has none
		}
		candidates = append(candidates, matches...)
	}
	var dirs []string
	for _, c := range candidates {
		program, err := filepath.EvalSymlinks(filepath.Join(c, "postgres"))
		if err != nil || !filepath.IsAbs(program) {
			continue
		}
		if dir := filepath.Dir(program); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// installations returns those of the folders that hold a server which the account can run, newest first.
func installations(ctx context.Context, dirs []string, acc account) []installation {
	var found []installation
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		if major := askMajor(ctx, dir, acc); major >= oldestMajor {
			found = append(found, installation{dir, major})
		}
	}
	slices.SortStableFunc(found, func(a, b installation) int { return b.major - a.major })
	return found
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// askMajor asks the server program for its version; 0 means that it does not run.
func askMajor(ctx context.Context, dir string, acc account) int {
	cmd := serverCommand(ctx, acc, filepath.Join(dir, "postgres"), "--version")
	cmd.Dir = "/"
	out, err := cmd.Output()
	m := versionLine.FindSubmatch(bytes.TrimSpace(out))
	if err != nil || m == nil {
		return 0
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return 0
	}
	return major
}

const installSentence = "install it (Debian, Ubuntu: apt-get install postgresql; Fedora, RHEL: dnf install postgresql-server; " +
	"Alpine: apk add postgresql; macOS: brew install postgresql), or set QLIKCRAWLER_DATABASE_URL to a Postgres of version 14 or newer"

// missing says which server is wanted, and how to come by it.
func missing(want int, found []installation) error {
	if want == 0 {
		return errors.New("no Postgres server of version 14 or newer is installed: " + installSentence)
	}
	have := "none is installed"
	if len(found) > 0 {
		var majors []string
		for _, i := range found {
			majors = append(majors, strconv.Itoa(i.major))
		}
		have = "installed is only " + strings.Join(majors, ", ")
	}
	return fmt.Errorf("the data folder belongs to Postgres %d, and %s: install the server of version %d "+
		"(Debian, Ubuntu: postgresql-%d), choose another folder with QLIKCRAWLER_DATA_DIR, or set QLIKCRAWLER_DATABASE_URL; the data is left as it is",
		want, have, want, want)
}

// serverCommand prepares one of the server's programs to run as the account, in an environment of its own.
func serverCommand(ctx context.Context, acc account, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TZ=UTC", "LC_ALL=C"}
	cmd.SysProcAttr = childAttributes(acc)
	return cmd
}
