// Package postgres keeps the catalog in a Postgres database, version 14 or later. It is the only
// package that speaks SQL.
//
// Private tables are in schema qlikcrawler, public views in schema catalog (contract §4). Open, then
// Migrate, gives a DB; a DB is a crawler.Store, and keeps connections, sealed secrets and runs.
//
// Who may write when is told by advisory locks, each named by a text:
//
//	owner/ID    held by the process of a run for as long as it lives
//	run/ID      shared by those who write for a run, exclusive to who claims or ends it
//	share/CODE  to who says which process works for a connection, and on what
//	batch/ID/N  shared by who writes for a batch of a shared run, exclusive to who claims or frees it
//	unit/KEY    to who writes or retires a unit
//	groups/CODE to who writes the groups of a connection
//	places/CODE to who writes the data connections of a connection
//	links       to who joins the lineage of all apps
//	sweep/CODE  to who starts a run of a connection, or begins to remove it
//
// They are taken in this order: sweep, run, share, batch, then unit, groups, places or links. Apart from these stand
// removal/CODE (who takes the rows of a connection away), governance/KEY (who says who answers for a thing), first user
// (who edits users) and schema (who makes it), each taken alone.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Config is what Open needs.
type Config struct {
	URL string // a Postgres URL or key=value string; all of libpq's usual keys
	// MasterKey seals secrets; 16 bytes or more. Without it connections can be read, but their
	// secrets can neither be stored nor opened.
	MasterKey []byte
	// Keys reads the master keys, in place of MasterKey, where they may change while the program runs:
	// it is called by Open, and again when a secret was sealed with a key that isn't known.
	Keys func() (Keys, error)
	Log  *slog.Logger // nil: discard
}

// A DB is the catalog. Its methods may be called from several goroutines.
type DB struct {
	pool *pgxpool.Pool
	keys *keyring
	log  *slog.Logger

	words   knownWords
	stats   wordStats
	tallies tallier

	mu     sync.Mutex
	owners map[catalog.RunID]*owner // runs that this DB started and hasn't finished
}

// minConns is the least that the pool may hold at a time, unless the URL says otherwise: the crawl's
// workers, its progress and a reader or two.
const minConns = 12

// Open connects to the database. It does not migrate it.
func Open(ctx context.Context, c Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, &catalog.Error{Code: catalog.CodeInvalid, Op: "read the database URL", Err: err}
	}
	if !strings.Contains(c.URL, "pool_max_conns") {
		pc.MaxConns = max(pc.MaxConns, minConns)
	}
	pc.ConnConfig.ConnectTimeout = orDefault(pc.ConnConfig.ConnectTimeout, 10*time.Second)
	params := pc.ConnConfig.RuntimeParams
	params["timezone"] = "UTC"
	if params["application_name"] == "" {
		params["application_name"] = "qlikcrawler"
	}
	keys, err := newKeyring(c)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fail("open the database", "", err)
	}
	db := &DB{pool: pool, keys: keys, log: c.Log, owners: map[catalog.RunID]*owner{}}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if err := db.checkServer(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// oldest is the first server version that the SQL here is written for.
const oldest = 140000

func (db *DB) checkServer(ctx context.Context) error {
	var have int
	err := db.pool.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&have)
	if err != nil {
		return notOpened(err)
	}
	if have < oldest {
		return &catalog.Error{
			Code: catalog.CodeInvalid, Op: "open the database",
			Err:  fmt.Errorf("the server is Postgres %d, too old", have/10000),
			Cure: "Use Postgres 14 or later.",
		}
	}
	return nil
}

// notOpened says what to do about a database that doesn't let us in.
func notOpened(err error) error {
	err = fail("open the database", "", err)
	var e *catalog.Error
	if errors.As(err, &e) && e.Cure == "" && (e.Code == catalog.CodeUnreachable || e.Code == catalog.CodeUnauthorized) {
		e.Cure = "Check host, port, database, user and password in QLIKCRAWLER_DATABASE_URL, and that the server runs and lets this machine in."
	}
	return err
}

// Close gives up the runs that weren't finished, which others may then take for interrupted, and
// closes all connections. It waits for calls in flight.
func (db *DB) Close() {
	db.mu.Lock()
	owners := db.owners
	db.owners = nil
	db.mu.Unlock()
	for _, o := range owners {
		o.release()
	}
	db.pool.Close()
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return fail("reach the database", "", db.pool.Ping(ctx))
}

// Pool is the connections, for what else speaks to this database: the queue.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// InTx runs fn in a transaction, for those who join rows of their own to the catalog's.
func (db *DB) InTx(ctx context.Context, fn func(pgx.Tx) error) error {
	return fail("write the database", "", db.inTx(ctx, fn))
}

// inTx runs fn in a transaction: committed when fn returns nil, rolled back when it returns an error
// or panics.
func (db *DB) inTx(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db.pool, fn)
}

// The locks of the package's comment; $1 is the name. All but ownLock are held until the
// transaction ends, ownLock until the session does.
const (
	lockExclusive = "select pg_advisory_xact_lock(hashtextextended('qlikcrawler/' || $1::text, 0))"
	lockShared    = "select pg_advisory_xact_lock_shared(hashtextextended('qlikcrawler/' || $1::text, 0))"
	lockIfFree    = "select pg_try_advisory_xact_lock(hashtextextended('qlikcrawler/' || $1::text, 0))"
	ownLock       = "select pg_advisory_lock(hashtextextended('qlikcrawler/' || $1::text, 0))"
)

func runLock(id catalog.RunID) string { return fmt.Sprintf("run/%d", id) }
func shareLock(code string) string    { return "share/" + code }

func batchLock(id catalog.RunID, n int) string { return fmt.Sprintf("batch/%d/%d", id, n) }
func ownerLock(id catalog.RunID) string        { return fmt.Sprintf("owner/%d", id) }

// fail puts an error of the database into the catalog's words. A *catalog.Error passes through.
func fail(op string, key catalog.Key, err error) error {
	var known *catalog.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &catalog.Error{Code: codeOf(err), Op: op, Key: key, Err: err}
}

func codeOf(err error) catalog.Code {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return catalog.CodeTimeout
	case errors.Is(err, pgx.ErrNoRows):
		return catalog.CodeNotFound
	case errors.As(err, &pg):
		return codeOfState(pg.Code)
	case errors.As(err, &connect), pgconn.SafeToRetry(err):
		return catalog.CodeUnreachable
	default:
		return catalog.CodeInternal
	}
}

// codeOfState sorts SQLSTATE classes (Postgres manual, appendix A).
func codeOfState(state string) catalog.Code {
	switch {
	case state == "57014": // statement_timeout
		return catalog.CodeTimeout
	case state == "42501": // no right
		return catalog.CodeForbidden
	case state[:2] == "08", state[:2] == "53", state[:2] == "57": // lost, overloaded, shutting down
		return catalog.CodeUnreachable
	case state[:2] == "28": // wrong user or password
		return catalog.CodeUnauthorized
	default:
		return catalog.CodeInternal
	}
}

// violates tells whether err breaks the unique index of that name.
func violates(err error, index string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505" && pg.ConstraintName == index
}
