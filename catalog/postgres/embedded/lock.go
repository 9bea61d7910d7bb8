//go:build linux || darwin

package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

const (
	exclusive = syscall.LOCK_EX
	shared    = syscall.LOCK_SH
)

// lock is a held flock. It ends with release or with the process; child processes do not get it.
// A nil lock is one that is not held.
type lock struct{ file *os.File }

func (l *lock) release() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

// tryLock takes a lock now; nil without an error means that somebody else holds it.
func (f *folder) tryLock(name string, how int) (*lock, error) {
	l, err := f.flock(name, how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return l, err
}

// waitLock is for locks that others hold for moments only.
func (f *folder) waitLock(name string, how int) (*lock, error) { return f.flock(name, how) }

// held tells whether somebody holds the lock exclusively.
func (f *folder) held(name string) (bool, error) {
	l, err := f.tryLock(name, shared)
	if err != nil {
		return false, err
	}
	return l == nil, l.release()
}

func (f *folder) flock(name string, how int) (*lock, error) {
	file, err := f.openFile(name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
	}
	return &lock{file}, nil
}

// openFile opens or creates one of the folder's own files. It never follows a link, and what root
// creates in somebody else's folder belongs to that somebody.
func (f *folder) openFile(name string, flags int) (*os.File, error) {
	path := filepath.Join(f.dir, name)
	file, err := os.OpenFile(path, flags|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, os.ErrPermission) {
		return nil, f.notOurs(err)
	}
	if err != nil {
		return nil, fmt.Errorf("embedded Postgres: %w", err)
	}
	if os.Geteuid() == 0 {
		if err := file.Chown(f.uid, f.gid); err != nil {
			return nil, errors.Join(fmt.Errorf("embedded Postgres: %w", err), file.Close())
		}
	}
	return file, nil
}

// ownerInfo is what owner.lock says about its holder. It is complete whenever ready.lock is held.
type ownerInfo struct {
	PID    int    `json:"pid"`
	Role   string `json:"role"`
	Socket string `json:"socket"`
}

func (f *folder) writeOwner(l *lock, role Role, socketDir string) error {
	b, err := json.Marshal(ownerInfo{PID: os.Getpid(), Role: role.String(), Socket: socketDir})
	if err == nil {
		err = l.file.Truncate(0)
	}
	if err == nil {
		_, err = l.file.WriteAt(append(b, '\n'), 0)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", l.file.Name(), err)
	}
	return nil
}

// readOwner returns what is known about the owner; nothing when the file is being written.
func (f *folder) readOwner() ownerInfo {
	var info ownerInfo
	file, err := f.openFile("owner.lock", os.O_RDWR)
	if err != nil {
		return info
	}
	defer file.Close()
	if b, err := io.ReadAll(io.LimitReader(file, 64<<10)); err != nil || json.Unmarshal(b, &info) != nil {
		return ownerInfo{}
	}
	return info
}
