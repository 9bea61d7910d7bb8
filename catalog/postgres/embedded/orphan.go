//go:build linux || darwin

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// reapOrphans stops what is left of a server whose owner was killed. We hold owner.lock, so no
// server on this cluster has a living owner. Then it removes the files that would mislead the next
// server: its own check asks only whether the recorded process number is in use, and after a
// restart of a container that number may well belong to somebody else.
func (f *folder) reapOrphans(ctx context.Context, socketDir string, log *slog.Logger) error {
	steps := []struct {
		signal syscall.Signal
		grace  time.Duration
	}{{syscall.SIGINT, fastGrace}, {syscall.SIGQUIT, immediateGrace}, {syscall.SIGKILL, immediateGrace}}
	for _, s := range steps {
		left := f.serverProcesses()
		if len(left) == 0 {
			return f.removeStale(socketDir)
		}
		log.Info("stopping an embedded Postgres that a killed process has left", "folder", f.dir, "pid", left[0], "signal", s.signal.String())
		for _, pid := range left {
			if err := syscall.Kill(pid, s.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("stop the left Postgres process %d: %w", pid, err)
			}
		}
		if err := f.waitGone(ctx, s.grace); err != nil {
			return err
		}
	}
	if left := f.serverProcesses(); len(left) > 0 {
		return fmt.Errorf("a Postgres process on %s that a killed process has left does not end: stop process %d", f.dir, left[0])
	}
	return f.removeStale(socketDir)
}

// waitGone waits until no process is left or the grace is over; only a done ctx is an error.
func (f *folder) waitGone(ctx context.Context, grace time.Duration) error {
	for end := time.Now().Add(grace); time.Now().Before(end) && len(f.serverProcesses()) > 0; {
		if err := sleep(ctx, pollEvery); err != nil {
			return fmt.Errorf("wait for a left Postgres to end: %w", err)
		}
	}
	return nil
}

// removeStale mends what would mislead the next server. The socket and its lock file go. In
// postmaster.pid only the process number is replaced, by ours: Postgres takes no offence at its
// parent's, and still checks that nobody uses the shared memory that the rest of the file names.
func (f *folder) removeStale(socketDir string) error {
	socket := filepath.Join(socketDir, ".s.PGSQL."+socketPort)
	for _, path := range []string{socket, socket + ".lock"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("embedded Postgres: %w", err)
		}
	}
	if f.recordedPID() == 0 {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(f.data(), "postmaster.pid"), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return fmt.Errorf("embedded Postgres: %w", err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, 64<<10))
	if err == nil {
		_, rest, _ := strings.Cut(string(b), "\n")
		b = []byte(strconv.Itoa(os.Getpid()) + "\n" + rest)
		if err = file.Truncate(0); err == nil {
			_, err = file.WriteAt(b, 0)
		}
	}
	if err != nil {
		return fmt.Errorf("mend %s: %w", file.Name(), err)
	}
	return nil
}

// recordedPID returns the process number in the cluster's postmaster.pid, 0 when there is none.
func (f *folder) recordedPID() int {
	b, err := os.ReadFile(filepath.Join(f.data(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0
	}
	return pid
}
