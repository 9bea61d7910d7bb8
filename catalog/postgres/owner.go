package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// An owner shows others that the process of a run lives: it holds an advisory lock on a connection of
// its own, which the server gives up when the process dies, however it dies. Heartbeats go through
// this connection, so that it is never idle for long and its loss is noticed.
type owner struct {
	run    catalog.RunID
	config *pgx.ConnConfig

	mu   sync.Mutex
	conn *pgx.Conn
}

// newOwner is an owner without a connection.
func (db *DB) newOwner() *owner {
	o := &owner{config: db.pool.Config().ConnConfig.Copy()}
	// A server can't see that a machine has lost its power: let it ask. (Ignored on private sockets.)
	o.config.RuntimeParams["tcp_keepalives_idle"] = "20"
	o.config.RuntimeParams["tcp_keepalives_interval"] = "10"
	o.config.RuntimeParams["tcp_keepalives_count"] = "3"
	return o
}

// dial makes the connection.
func (o *owner) dial(ctx context.Context) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conn, err = pgx.ConnectConfig(ctx, o.config)
	return err
}

// own takes the lock of a run that nobody else can know yet, on the connection that was made.
func (o *owner) own(ctx context.Context, id catalog.RunID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.run = id
	_, err := o.conn.Exec(ctx, ownLock, ownerLock(id))
	return err
}

// connect makes a lost connection anew and takes the lock. It waits for it: nobody but this run's own lost
// connection can still hold it.
func (o *owner) connect(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, o.config)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, ownLock, ownerLock(o.run)); err != nil {
		closeSoon(conn)
		return err
	}
	o.conn = conn
	return nil
}

// beatTimeout bounds one heartbeat, a new connection included.
const beatTimeout = 15 * time.Second

// beat runs one statement on the owner's connection, making it again if it was lost. An ended ctx
// doesn't interrupt it, for that would break the connection and give up the run.
func (o *owner) beat(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), beatTimeout)
	defer cancel()
	o.mu.Lock()
	defer o.mu.Unlock()
	for again := true; ; again = false {
		if o.conn == nil || o.conn.IsClosed() {
			if err := o.connect(ctx); err != nil {
				return 0, err
			}
		}
		tag, err := o.conn.Exec(ctx, sql, args...)
		if err == nil || !again || !o.conn.IsClosed() {
			return tag.RowsAffected(), err
		}
	}
}

// release gives the lock up. It may be called twice.
func (o *owner) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn != nil {
		closeSoon(o.conn)
		o.conn = nil
	}
}

// closeSoon closes a connection whatever became of the caller's context.
func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the server frees the lock either way
}

// keep remembers a run's owner; false after Close.
func (db *DB) keep(o *owner) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.owners == nil {
		return false
	}
	db.owners[o.run] = o
	return true
}

func (db *DB) disown(id catalog.RunID) {
	db.mu.Lock()
	o := db.owners[id]
	delete(db.owners, id)
	db.mu.Unlock()
	if o != nil {
		o.release()
	}
}

// Progress stores how far a run is, and that it is alive. CodeConflict if it isn't running any more.
func (db *DB) Progress(ctx context.Context, id catalog.RunID, tally catalog.Tally) error {
	const sql = `update qlikcrawler.crawl_run set tally = $2, heartbeat_at = clock_timestamp()
		where id = $1 and state = 'running'`
	counts, err := jsonOf(tally)
	if err != nil {
		return fail("note the progress of run", runKey(id), err)
	}
	db.mu.Lock()
	o := db.owners[id]
	db.mu.Unlock()
	var n int64
	if o != nil {
		n, err = o.beat(ctx, sql, id, counts)
	} else { // another process owns it
		tag, e := db.pool.Exec(ctx, sql, id, counts)
		n, err = tag.RowsAffected(), e
	}
	if err == nil && n == 0 {
		err = notRunning(id)
	}
	return fail("note the progress of run", runKey(id), err)
}
