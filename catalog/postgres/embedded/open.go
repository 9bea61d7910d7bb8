//go:build linux || darwin

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	pollEvery      = 20 * time.Millisecond
	serverPatience = 10 * time.Second // how long a stopping RoleServer waits for joined commands
)

// errLater says that the folder's owner is starting or stopping: the same step may work soon.
var errLater = errors.New("the owner is starting or stopping the server")

// open becomes the folder's owner or joins the owner's server, whichever is possible first.
func open(ctx context.Context, cfg Config, in places) (*Server, error) {
	f, err := openFolder(cfg.Dir)
	if err != nil {
		return nil, err
	}
	told := false
	for {
		lock, err := f.tryLock("owner.lock", exclusive)
		if err != nil {
			return nil, err
		}
		if lock != nil {
			return own(ctx, cfg, in, f, lock)
		}
		s, err := join(ctx, cfg.Role, f)
		if !errors.Is(err, errLater) {
			return s, err
		}
		if !told {
			cfg.Log.Info("waiting for the embedded Postgres of another process", "folder", f.dir, "pid", f.readOwner().PID)
			told = true
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return nil, fmt.Errorf("wait for the embedded Postgres in %s, which process %d holds: %w", f.dir, f.readOwner().PID, err)
		}
	}
}

// join connects to the server of the folder's owner. errLater means: not now.
func join(ctx context.Context, role Role, f *folder) (*Server, error) {
	ready, err := f.held("ready.lock")
	if err != nil {
		return nil, err
	}
	if !ready {
		return nil, errLater
	}
	if role == RoleServer {
		if who := f.readOwner(); who.Role == RoleServer.String() {
			return nil, fmt.Errorf("the embedded Postgres in %s belongs to a running server, process %d: "+
				"stop that first, or choose another folder with QLIKCRAWLER_DATA_DIR", f.dir, who.PID)
		}
		return nil, errLater
	}
	return joinCommand(ctx, f)
}

// joinCommand registers as a user of the server before it looks at the server: the owner that takes
// users.lock knows that nobody is between the two.
func joinCommand(ctx context.Context, f *folder) (*Server, error) {
	using, err := f.tryLock("users.lock", shared)
	if err != nil {
		return nil, err
	}
	if using == nil {
		return nil, errLater
	}
	ready, err := f.held("ready.lock")
	socketDir := f.readOwner().Socket
	if err == nil && (!ready || ping(ctx, socketDir, databaseName) != nil) {
		err = errLater
	}
	if err != nil {
		return nil, errors.Join(err, using.release())
	}
	return &Server{socketDir: socketDir, joined: true, stop: func(context.Context) error { return using.release() }}, nil
}

// owner is the process that started the folder's server.
type owner struct {
	folder *folder
	role   Role
	log    *slog.Logger
	lock   *lock // owner.lock
	ready  *lock // ready.lock
	server *process
}

// own starts the server as its owner. The lock is released when that fails.
func own(ctx context.Context, cfg Config, in places, f *folder, l *lock) (*Server, error) {
	o := &owner{folder: f, role: cfg.Role, log: cfg.Log, lock: l}
	socketDir, err := o.start(ctx, cfg, in)
	if err != nil {
		return nil, errors.Join(err, o.stop())
	}
	go o.watch()
	return &Server{socketDir: socketDir, stop: o.close}, nil
}

// watch tells of a server that ends before it is told to. It ends with the server.
func (o *owner) watch() {
	<-o.server.exited
	if !o.server.stopping.Load() {
		o.log.Error("the embedded Postgres has ended unexpectedly: start again, the data is recovered then",
			"folder", o.folder.dir, "cause", fmt.Sprint(o.server.err))
	}
}

// start brings the server up, from nothing if need be, and returns its socket's folder.
func (o *owner) start(ctx context.Context, cfg Config, in places) (string, error) {
	acc, err := o.folder.account()
	if err != nil {
		return "", err
	}
	if err := o.folder.prepare(acc); err != nil {
		return "", err
	}
	socketDir, err := o.folder.socketDir(acc)
	if err != nil {
		return "", err
	}
	if err := o.folder.writeOwner(o.lock, o.role, socketDir); err != nil {
		return "", err
	}
	bin, err := o.folder.binaries(ctx, cfg, in, acc)
	if err != nil {
		return "", err
	}
	if err := o.folder.reapOrphans(ctx, socketDir, cfg.Log); err != nil {
		return "", err
	}
	if err := o.folder.initialize(ctx, bin, acc, cfg.ForTests); err != nil {
		return "", err
	}
	if o.server, err = o.folder.startServer(ctx, bin, acc, socketDir, cfg.ForTests); err != nil {
		return "", err
	}
	if err := createDatabase(ctx, socketDir); err != nil {
		return "", err
	}
	o.ready, err = o.folder.waitLock("ready.lock", exclusive)
	return socketDir, err
}

// close is the owner's Server.Close.
func (o *owner) close(ctx context.Context) error {
	users, err := o.waitForUsers(ctx)
	return errors.Join(err, o.stop(), users.release())
}

// waitForUsers returns the lock that keeps commands from joining, or nil when some are still at
// work and the time is up.
func (o *owner) waitForUsers(ctx context.Context) (*lock, error) {
	if o.role == RoleServer {
		limited, cancel := context.WithTimeout(ctx, serverPatience)
		defer cancel()
		ctx = limited
	}
	for told := false; ; told = true {
		users, err := o.folder.tryLock("users.lock", exclusive)
		if users != nil || err != nil {
			return users, err
		}
		if !told {
			o.log.Info("waiting for other commands that use the embedded Postgres", "folder", o.folder.dir)
		}
		if sleep(ctx, pollEvery) != nil {
			o.log.Warn("stopping the embedded Postgres under other commands", "folder", o.folder.dir)
			return nil, nil
		}
	}
}

// stop ends the server, if it was started, and gives the folder free.
func (o *owner) stop() error {
	err := o.ready.release()
	if o.server != nil {
		err = errors.Join(err, o.server.stop())
	}
	return errors.Join(err, o.lock.release())
}

// createDatabase creates the catalog's database on the first start.
func createDatabase(ctx context.Context, socketDir string) error {
	conn, err := pgx.Connect(ctx, connString(socketDir, "postgres"))
	if err != nil {
		return fmt.Errorf("connect to the embedded Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", databaseName).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "create database "+databaseName)
	}
	if err != nil {
		return fmt.Errorf("create the database %s: %w", databaseName, err)
	}
	return nil
}

// ping tells whether the server takes connections to the database.
func ping(ctx context.Context, socketDir, database string) error {
	conn, err := pgx.Connect(ctx, connString(socketDir, database))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// sleep waits for d, or returns why it did not.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
