package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

var _ crawler.Store = (*postgres.DB)(nil)

const masterKey = "0123456789abcdef0123456789abcdef"

// A bench is a migrated database of a test's own, with one connection "prod".
type bench struct {
	*postgres.DB
	sql *pgxpool.Pool
	url string
	t   testing.TB
}

func setup(t testing.TB) *bench {
	t.Helper()
	b := &bench{url: pgtest.URL(t), t: t}
	b.DB = open(t, b.url)
	pool, err := pgxpool.New(t.Context(), b.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b.sql = pool
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "prod", Name: "Prod", Type: "qlik-sense"}))
	return b
}

func open(t testing.TB, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, MasterKey: []byte(masterKey)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// start starts a full crawl of prod.
func (b *bench) start() catalog.RunID {
	b.t.Helper()
	id, err := b.StartRun(b.t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
	b.must(err)
	return id
}

func (b *bench) done(run catalog.RunID) {
	b.t.Helper()
	b.must(b.FinishRun(b.t.Context(), run, catalog.Done, catalog.Tally{}, ""))
}

// save saves a snapshot and expects that outcome.
func (b *bench) save(run catalog.RunID, s *catalog.Snapshot, want catalog.Change) catalog.Outcome {
	b.t.Helper()
	o, err := b.Save(b.t.Context(), run, s, time.Now())
	b.must(err)
	if o.Change != want {
		b.t.Fatalf("the outcome is %s, want %s", o.Change, want)
	}
	return o
}

// crawl is a whole full crawl in which these snapshots are saved.
func (b *bench) crawl(list ...*catalog.Snapshot) catalog.RunID {
	b.t.Helper()
	run := b.start()
	for _, s := range list {
		_, err := b.Save(b.t.Context(), run, s, time.Now())
		b.must(err)
	}
	b.done(run)
	return run
}

// column gives the first column of a query's rows as text.
func (b *bench) column(sql string, args ...any) []string {
	b.t.Helper()
	rows, err := b.sql.Query(b.t.Context(), sql, args...)
	b.must(err)
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		v, err := rows.Values()
		b.must(err)
		s, _ := v[0].(string)
		out = append(out, s)
	}
	b.must(rows.Err())
	return out
}

func wantCode(t testing.TB, err error, want catalog.Code) {
	t.Helper()
	if got := catalog.CodeOf(err); got != want {
		t.Fatalf("the code is %q (%v), want %q", got, err, want)
	}
}

func background() context.Context { return context.Background() }
