package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/tools/internal/license"
)

// A release is one run of this program.
type release struct {
	root, out string
	systems   []string
	packages  bool
	dirty     bool

	version string // as the binary tells it, without v
	commit  string
	moment  time.Time // of the commit: the time of all files
	modules []license.Module
	work    string // files that go into packages and archives
}

// A binary is the program for one system.
type binary struct {
	goos, goarch string
	path         string
}

// make makes everything in the release's folder, which is emptied first.
func (r *release) make(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	if err := r.extras(ctx); err != nil {
		return err
	}
	for _, system := range r.systems {
		b, err := r.build(ctx, system)
		if err != nil {
			return err
		}
		if err := r.finish(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", system, err)
		}
	}
	return r.sums()
}

// finish makes of a binary what people download.
func (r *release) finish(ctx context.Context, b binary) error {
	if err := r.bill(b); err != nil {
		return err
	}
	if err := r.archive(b); err != nil {
		return err
	}
	if b.goos != "linux" || !r.packages {
		return nil
	}
	if err := r.deb(ctx, b); err != nil {
		return err
	}
	return r.rpm(ctx, b)
}

// prepare looks at the commit, the licenses and the folders.
func (r *release) prepare(ctx context.Context) error {
	changes, err := r.command(ctx, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changes != "" && !r.dirty {
		return fmt.Errorf("there are changes that are not committed, and a release is made of a commit:\n%s", changes)
	}
	if err := r.name(ctx, changes != ""); err != nil {
		return err
	}
	if r.modules, err = modulesOf(ctx, r.root); err != nil {
		return err
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	r.work, err = os.MkdirTemp("", "qlikcrawler-release-")
	return err
}

// extras makes what goes along with the binary: man pages and completions, which the program itself writes,
// and the licenses.
func (r *release) extras(ctx context.Context) error {
	host, err := r.build(ctx, runtime.GOOS+"/"+runtime.GOARCH)
	if err != nil {
		return err
	}
	for _, dir := range []string{"man", "completions"} {
		if err := os.MkdirAll(filepath.Join(r.work, dir), 0o755); err != nil {
			return err
		}
	}
	date := r.moment.Format(time.DateOnly)
	if _, err := r.command(ctx, host.path, "man", "--date", date, filepath.Join(r.work, "man")); err != nil {
		return err
	}
	for shell, file := range map[string]string{"bash": "qlikcrawler", "zsh": "_qlikcrawler", "fish": "qlikcrawler.fish", "powershell": "qlikcrawler.ps1"} {
		script, err := r.command(ctx, host.path, "completion", shell)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.work, "completions", file), []byte(script+"\n"), 0o644); err != nil {
			return err
		}
	}
	texts, err := license.Texts(r.modules)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.work, "LICENSES-of-modules.txt"), []byte(texts), 0o644)
}

// build builds the program for a system. Nothing of the machine gets into the binary: no path, no time, no C
// library; the version and the commit do.
func (r *release) build(ctx context.Context, system string) (binary, error) {
	goos, goarch, ok := strings.Cut(system, "/")
	if !ok {
		return binary{}, fmt.Errorf("%q is no system: say os/arch", system)
	}
	b := binary{goos: goos, goarch: goarch, path: filepath.Join(r.work, goos+"-"+goarch, "qlikcrawler")}
	if goos == "windows" {
		b.path += ".exe"
	}
	// Go's own stamp of the commit depends on how the project was checked out; ours doesn't.
	stamp := "-s -w -X main.version=v" + r.version + " -X main.commit=" + r.commit
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", stamp, "-o", b.path, program)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return b, fmt.Errorf("build for %s: %w", system, err)
	}
	return b, nil
}

// sums writes the checksums of all that was made, in the format of sha256sum.
func (r *release) sums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var lines []string
	for _, e := range entries {
		sum, err := sumOf(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("%x  %s\n", sum, e.Name()))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(strings.Join(lines, "")), 0o644)
}

func sumOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// command runs a command in the project's folder and gives its output without the last line end.
func (r *release) command(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.moment.Unix(), 10))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(append([]string{filepath.Base(name)}, args...), " "), err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}
