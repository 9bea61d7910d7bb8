// Package connector is the contract between the crawler and a source such as Qlik Sense.
//
// A connector lists and fetches. It decides nothing, stores nothing and has no goroutines of its own
// outside a call; the crawler pulls.
package connector

import (
	"context"
	"iter"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Connector reads the metadata of one site. Its methods may be called from several goroutines.
type Connector interface {
	// Groups and Units list everything the account may see, without duplicates. An error is the
	// last pair of the sequence, and its value is zero. A sequence that ends without an error is
	// complete: only then may the crawler retire what wasn't in it. Stopping early is free.
	// Groups are the streams and the personal groups; a parent comes before its children.
	Groups(ctx context.Context) iter.Seq2[catalog.ReportGroup, error]
	Units(ctx context.Context) iter.Seq2[Listed, error]

	// Fetch reads one unit that Units listed. An error with CodeNotFound means that it went away
	// since. What the source refuses (the whole app too) is a Gap in a snapshot made of what the
	// listing knows. A cancelled ctx ends it with the ctx's error within a second.
	Fetch(ctx context.Context, l Listed) (*catalog.Snapshot, error)

	// Usage is what was asked of the source so far, the logout included after Close.
	Usage() catalog.Usage

	// Close logs out and frees what is open. It may be called twice, and it has its own short
	// deadline: it works after the crawl's context has ended.
	Close() error
}

// A DataConnectionLister is a Connector that can tell what load scripts connect with, so that lineage finds
// the servers and folders behind their names.
type DataConnectionLister interface {
	// DataConnections lists those that the account may see, without users and passwords. An error with
	// CodeForbidden says that it may see none.
	DataConnections(ctx context.Context) ([]catalog.DataConnection, error)
}

// Listed is what the listing tells of a unit: cheap, and enough to decide whether to fetch it.
type Listed struct {
	Unit    catalog.Unit
	Version string        // opaque; equal strings mean that there is nothing to fetch
	Groups  []catalog.Key // the groups it is in: its stream or its owner's personal group, and its app group
	Source  any           // the connector's own; nobody else looks into it
}

// A Packer is a Connector whose listing another process can go on from. Every source should be one: a
// crawl is shared by processes only if its source is.
type Packer interface {
	// Pack makes bytes of what Fetch must know of a listed unit. They hold no secret, and no more than
	// the listing said of this one unit.
	Pack(l Listed) ([]byte, error)
	// Unpack makes of them, in any connector of the same connection, what Fetch takes.
	Unpack(packed []byte) (Listed, error)
}

// DialFunc opens a network connection.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Env is all that a source gets from outside.
type Env struct {
	Connection catalog.Connection
	// Secret resolves a secret by its path ("jwt.token"): the sealed value, or what a reference
	// points to. It is asked when the secret is needed; the value isn't kept longer than that.
	Secret func(ctx context.Context, path string) (string, error)
	Dial   DialFunc // nil: direct
	// Control sees each address before a direct connection to it is made, and may refuse it (net.Dialer's
	// field of that name). nil: all are allowed.
	Control func(network, address string, c syscall.RawConn) error
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
	// Answered hears of each request to the source as it is answered: of what kind it was ("rest",
	// "engine"), and how that ended ("200", "ok", "no_answer"). Of each there are few values. It is called
	// from many goroutines, and must be quick; nil: nobody listens.
	Answered func(kind, status string)
}

// A Source is a kind of connector.
type Source struct {
	Type, Title string
	// Local tells that the source has no address: its connections have no url.
	Local bool
	// Validate tells everything that is wrong with a connection's settings, without any network call.
	Validate func(catalog.Connection) FieldErrors
	// Open makes a connector. It does no network call; the first use logs in.
	Open func(ctx context.Context, env Env) (Connector, error)
	// Locks tells whether a refused login of the connection counts towards the lockout of an account: then it
	// isn't tried again by itself. nil: it never does.
	Locks func(catalog.Connection) bool
	// LastLight is the last step of a check that costs the site little: regular checks of a connection's health
	// end with it. "": all steps do.
	LastLight string
	// Template is a commented connection file (YAML).
	Template string
	// Fields describe the keys that are the source's own, in the template's order.
	Fields []catalog.Field
	// Secrets are the paths of the keys whose values are secrets ("jwt.token"), Files those whose
	// values name a local file or folder, or a list of them ("tls.ca_file"): relative ones are meant from the
	// connection file's folder.
	Secrets, Files []string
	// Sent are those of the secrets that go to a server, or that a login there is made with. Server are the
	// keys that say, beside url, which server that is, and switches that end making sure of it: an edit that
	// changes one of them must give the secrets again.
	Sent, Server []string
}

// Lockable tells whether a refused login of the connection may lock an account.
func (s Source) Lockable(c catalog.Connection) bool { return s.Locks != nil && s.Locks(c) }

// Sources are written out in cmd: no registry.
type Sources []Source

// Find looks a source up by type.
func (s Sources) Find(typ string) (Source, bool) {
	for _, x := range s {
		if x.Type == typ {
			return x, true
		}
	}
	return Source{}, false
}

// Collect reads a sequence to its end, or to its error.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
