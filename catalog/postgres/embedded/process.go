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
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	fastGrace      = 20 * time.Second // for a fast shutdown, which rolls back and writes a checkpoint
	immediateGrace = 5 * time.Second  // for an immediate one, which the next start recovers from
	logLimit       = 8 << 20          // bytes of postgres.log, after which a start begins a new one
)

// initialize makes the cluster when there is none. It is made beside its place and moved there
// when it is whole, so that a start that is killed half-way leaves nothing that looks like one.
func (f *folder) initialize(ctx context.Context, in installation, acc account, forTests bool) error {
	major, err := f.clusterMajor()
	if err != nil || major != 0 {
		return err
	}
	if err := f.removeHalfMade(); err != nil {
		return err
	}
	half, err := os.MkdirTemp(f.dir, halfMade)
	if err != nil {
		return fmt.Errorf("embedded Postgres: %w", err)
	}
	if err := acc.give(half); err != nil {
		return fmt.Errorf("embedded Postgres: %w", err)
	}
	args := []string{"-D", half, "-U", userName, "-A", "trust", "-E", "UTF8", "--no-instructions"}
	args = append(args, localeArgs(in.major)...)
	if forTests {
		args = append(args, "--no-sync")
	}
	cmd := serverCommand(ctx, acc, in.program("initdb"), args...)
	cmd.Dir = half
	out, err := runOnOneThread(cmd)
	if err != nil {
		return errors.Join(fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out)), os.RemoveAll(half))
	}
	if err := os.Remove(f.data()); err != nil && !errors.Is(err, os.ErrNotExist) { // an empty one
		return fmt.Errorf("embedded Postgres: %w", err)
	}
	if err := os.Rename(half, f.data()); err != nil {
		return fmt.Errorf("embedded Postgres: %w", err)
	}
	return nil
}

const halfMade = "data.new-"

// removeHalfMade removes what starts that were killed have left.
func (f *folder) removeHalfMade() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("embedded Postgres: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), halfMade) {
			if err := os.RemoveAll(filepath.Join(f.dir, e.Name())); err != nil {
				return fmt.Errorf("embedded Postgres: %w", err)
			}
		}
	}
	return nil
}

// process is a running server. exited is closed when it has ended; err is how, from then on.
type process struct {
	cmd      *exec.Cmd
	stopping atomic.Bool // set before it is told to end
	exited   chan struct{}
	err      error
}

// startServer starts the server and returns when it takes connections. After a crash it recovers
// first, which takes as long as it takes.
func (f *folder) startServer(ctx context.Context, in installation, acc account, socketDir string, forTests bool) (*process, error) {
	log, err := f.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return nil, fmt.Errorf("embedded Postgres: %w", err)
	}
	cmd := serverCommand(context.WithoutCancel(ctx), acc, in.program("postgres"), serverArgs(f.data(), socketDir, forTests)...)
	cmd.Dir = f.data()
	cmd.Stdout, cmd.Stderr = log, log
	p, err := startProcess(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	if err := p.waitReady(ctx, socketDir); err != nil {
		return nil, errors.Join(fmt.Errorf("%w%s", err, f.lastWords(info.Size())), p.stop())
	}
	return p, nil
}

// serverArgs are settings for a catalog of one machine; all else is the server's own default.
func serverArgs(data, socketDir string, forTests bool) []string {
	args := []string{"-D", data, "-k", socketDir, "-p", socketPort}
	settings := []string{
		"listen_addresses=", "unix_socket_permissions=0700",
		"max_connections=100", "shared_buffers=128MB", "jit=off",
		"TimeZone=UTC", "log_timezone=UTC", "lc_messages=C",
		"logging_collector=off", "log_destination=stderr", "log_line_prefix=%m [%p] ", "log_checkpoints=off",
	}
	if forTests {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"wal_level=minimal", "max_wal_senders=0", "max_connections=300")
	}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

// startProcess starts a child and watches it. The kernel ends the child when the thread that
// started it dies (childAttributes), so that thread is kept for as long as the child lives.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	return p, <-started
}

// runOnOneThread is CombinedOutput for a child that must not outlive us.
func runOnOneThread(cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := startProcess(cmd)
	if err != nil {
		return nil, err
	}
	<-p.exited
	return out.Bytes(), p.err
}

// waitReady returns when the server takes connections, has ended, or ctx is done.
func (p *process) waitReady(ctx context.Context, socketDir string) error {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := ping(ctx, socketDir, "postgres")
		if err == nil {
			return nil
		}
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code != "57P03" { // cannot_connect_now: it is starting or recovering
			return fmt.Errorf("connect to the embedded Postgres: %w", err)
		}
		select {
		case <-p.exited:
			return fmt.Errorf("the embedded Postgres ended while starting (%v)", p.err)
		case <-ctx.Done():
			return fmt.Errorf("wait for the embedded Postgres to start: %w", context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

// stop ends the server: fast, which loses nothing; then harder. It returns when the server is gone.
func (p *process) stop() error {
	p.stopping.Store(true)
	steps := []struct {
		signal syscall.Signal
		grace  time.Duration
	}{{syscall.SIGINT, fastGrace}, {syscall.SIGQUIT, immediateGrace}, {syscall.SIGKILL, time.Minute}}
	for i, s := range steps {
		if err := p.cmd.Process.Signal(s.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop the embedded Postgres: %w", err)
		}
		timer := time.NewTimer(s.grace)
		select {
		case <-p.exited:
			timer.Stop()
			if i > 0 {
				return fmt.Errorf("the embedded Postgres had to be stopped with %v", s.signal)
			}
			return nil
		case <-timer.C:
		}
	}
	return errors.New("the embedded Postgres does not end")
}

// openLog opens the server's log; a long one is kept as postgres.log.1.
func (f *folder) openLog() (*os.File, error) {
	path := filepath.Join(f.dir, "postgres.log")
	if info, err := os.Lstat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("embedded Postgres: %w", err)
		}
	}
	return f.openFile("postgres.log", os.O_WRONLY|os.O_APPEND)
}

// lastWords returns what the server said last since the log had the given size, for an error's end.
func (f *folder) lastWords(since int64) string {
	path := filepath.Join(f.dir, "postgres.log")
	b, err := os.ReadFile(path)
	if err != nil || int64(len(b)) <= since {
		return "; see " + path
	}
	lines := strings.Split(strings.TrimSpace(string(b[since:])), "\n")
	return ": " + strings.Join(lines[max(0, len(lines)-4):], "; ") + "; see " + path
}
