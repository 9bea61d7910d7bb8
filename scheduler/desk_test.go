package scheduler_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

// A bench is a catalog with connections "prod" and "test", and a queue. Its clock stands where the test puts it.
type bench struct {
	*postgres.DB
	t   *testing.T
	url string
	mu  sync.Mutex
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, url: pgtest.URL(t), now: time.Now()}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: b.url, MasterKey: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	b.DB = db
	b.must(scheduler.Migrate(t.Context(), db.Pool(), slog.New(slog.DiscardHandler)))
	for _, code := range []string{"prod", "test"} {
		b.must(db.AddConnection(t.Context(), catalog.Connection{Code: code, Name: code, Type: "qlik-sense"}))
	}
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) later(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// scheduler gives a scheduler of a process of that name. Nothing runs by itself: the test ticks.
func (b *bench) scheduler(name string) *scheduler.Scheduler {
	b.t.Helper()
	s, err := scheduler.New(scheduler.Deps{Pool: b.Pool(), Book: b.DB, Runner: idle{}, Worker: name, Now: b.clock})
	b.must(err)
	return s
}

// idle is a runner without work.
type idle struct{ scheduler.Runner }

func (idle) Terms(context.Context, string) (scheduler.Terms, error) { return scheduler.Terms{}, nil }

func (b *bench) number(sql string, args ...any) int {
	b.t.Helper()
	var n int
	b.must(b.Pool().QueryRow(b.t.Context(), sql, args...).Scan(&n))
	return n
}

var limit = catalog.Limit{Workers: 4, Sessions: 2}

// running opens a shared run and plans it for a process: so many units, one a batch.
func (b *bench) running(s *scheduler.Scheduler, worker string, units int) catalog.RunID {
	b.t.Helper()
	run, err := s.Request(b.t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByAPI})
	b.must(err)
	c := b.claimRun(run.ID, worker)
	d := catalog.Draft{}
	for i := range units {
		d.Units = append(d.Units, catalog.PackedUnit{Key: catalog.AppKey("prod", string(rune('a'+i))), Name: "App " + string(rune('A'+i)), Packed: []byte("x")})
	}
	b.must(b.InTx(b.t.Context(), func(tx pgx.Tx) error {
		_, err := b.PlanRun(b.t.Context(), tx, c.Claim, d, 1, limit)
		return err
	}))
	return run.ID
}

func (b *bench) claimRun(id catalog.RunID, worker string) catalog.SharedRun {
	b.t.Helper()
	var c catalog.SharedRun
	b.must(b.InTx(b.t.Context(), func(tx pgx.Tx) error {
		var turn catalog.Turn
		var err error
		c, turn, err = b.ClaimRun(b.t.Context(), tx, id, worker, limit)
		if turn != catalog.Yours {
			b.t.Errorf("the run isn't %s's: %v", worker, turn)
		}
		return err
	}))
	return c
}

func (b *bench) claim(id catalog.RunID, worker string, l catalog.Limit) (catalog.Batch, catalog.Turn) {
	b.t.Helper()
	var batch catalog.Batch
	var turn catalog.Turn
	b.must(b.InTx(b.t.Context(), func(tx pgx.Tx) error {
		var err error
		batch, turn, err = b.ClaimBatch(b.t.Context(), tx, id, 0, worker, l)
		return err
	}))
	return batch, turn
}

func (b *bench) save(c catalog.Claim, unit catalog.Key) error {
	_, err := b.As(c).Save(b.t.Context(), c.Run, &catalog.Snapshot{Unit: catalog.Unit{Key: unit, Name: "A"}, Version: "1"}, time.Now())
	return err
}
