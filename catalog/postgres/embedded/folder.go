//go:build linux || darwin

package embedded

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// folder is the folder of a cluster. dir is absolute and free of links, as the kernel shows it.
type folder struct {
	dir      string
	uid, gid int // its owner
}

func (f *folder) data() string { return filepath.Join(f.dir, "data") }

// openFolder creates the folder if need be. Root's own is passable but not listable for others: the
// server's account must reach what lies in it.
func openFolder(dir string) (*folder, error) {
	if dir == "" {
		return nil, errors.New("embedded Postgres: no folder given")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded Postgres: %w", err)
	}
	if err := makePassable(abs); err != nil {
		return nil, fmt.Errorf("embedded Postgres: %w", err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return nil, fmt.Errorf("embedded Postgres: %w", err)
	}
	f := &folder{dir: abs}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("embedded Postgres: %w", err)
	}
	f.uid, f.gid = ownerOf(info)
	if f.uid != os.Geteuid() {
		if os.Geteuid() != 0 {
			return nil, f.notOurs(os.ErrPermission)
		}
		return f, nil
	}
	mode := os.FileMode(0o700)
	if f.uid == 0 {
		mode = 0o711
	}
	if err := os.Chmod(abs, mode); err != nil {
		return nil, fmt.Errorf("embedded Postgres: %w", err)
	}
	return f, nil
}

// makePassable is MkdirAll whose new parents let others pass when root makes them, whatever the umask.
func makePassable(dir string) error {
	info, err := os.Stat(dir)
	if err == nil {
		if !info.IsDir() {
			return &os.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := makePassable(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil // another process of ours was faster
		}
		return err
	}
	if os.Geteuid() == 0 {
		return os.Chmod(dir, 0o711)
	}
	return nil
}

func (f *folder) notOurs(err error) error {
	return fmt.Errorf("the folder %s of the embedded Postgres belongs to %s: run as that user, or choose another folder with QLIKCRAWLER_DATA_DIR: %w",
		f.dir, userTitle(f.uid), err)
}

// account is whom the server runs as. drop says that we are root and must change to it.
type account struct {
	uid, gid int
	drop     bool
}

// account picks the server's account: our own; for root, who may not run Postgres, the owner of the
// cluster that is there, else the user postgres, else nobody.
func (f *folder) account() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, path := range []string{f.data(), f.dir} {
		if info, err := os.Stat(path); err == nil {
			if uid, gid := ownerOf(info); uid != 0 {
				return account{uid: uid, gid: gid, drop: true}, nil
			}
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{uid: uid, gid: gid, drop: true}, nil
		}
	}
	return account{}, errors.New("root cannot run Postgres, and there is neither a user postgres nor a user nobody: " +
		"create one, run as an ordinary user, or set QLIKCRAWLER_DATABASE_URL")
}

// prepare checks that the account can reach the folder, and names what is in the way.
func (f *folder) prepare(acc account) error {
	if !acc.drop {
		return nil
	}
	for at := f.dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("embedded Postgres: %w", err)
		}
		if !acc.mayEnter(info) {
			return fmt.Errorf("root cannot run Postgres, which runs as %s instead, who cannot enter %s (mode %04o): "+
				"run \"chmod o+x %s\", or choose another folder with QLIKCRAWLER_DATA_DIR, such as /var/lib/qlikcrawler",
				userTitle(acc.uid), at, info.Mode().Perm(), at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func (a account) mayEnter(info os.FileInfo) bool {
	uid, gid := ownerOf(info)
	switch {
	case uid == a.uid:
		return info.Mode()&0o100 != 0
	case gid == a.gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}

// give hands a path of ours to the account.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// socketPathMax is what every kernel takes for a socket's path (Linux 107 bytes, macOS 103).
const socketPathMax = 100

// socketDir makes the private folder of the socket: run/, or a short one among the temporary files
// when the path of run/ would be too long for a socket.
func (f *folder) socketDir(acc account) (string, error) {
	dir := filepath.Join(f.dir, "run")
	if !fitsSocket(dir) {
		name := fmt.Sprintf("qlikcrawler-%x", sha256.Sum256([]byte(f.dir)))[:28]
		if dir = filepath.Join(os.TempDir(), name); !fitsSocket(dir) {
			dir = filepath.Join("/tmp", name)
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("embedded Postgres: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("embedded Postgres: %w", err)
	}
	if uid, _ := ownerOf(info); !info.IsDir() || uid != acc.uid && uid != os.Geteuid() {
		return "", fmt.Errorf("the folder %s, meant for the socket of the embedded Postgres, belongs to %s: remove it", dir, userTitle(uid))
	}
	if err := errors.Join(os.Chmod(dir, 0o700), acc.give(dir)); err != nil {
		return "", fmt.Errorf("embedded Postgres: %w", err)
	}
	return dir, nil
}

func fitsSocket(dir string) bool { return len(dir)+len("/.s.PGSQL."+socketPort) <= socketPathMax }

func ownerOf(info os.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return os.Geteuid(), os.Getegid()
}

func userTitle(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return "the user " + strings.TrimSpace(u.Username)
	}
	return "the user with the number " + strconv.Itoa(uid)
}
