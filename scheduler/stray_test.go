package scheduler_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

// A flakyBook is a catalog that is away for a few calls, and soon back.
type flakyBook struct {
	*postgres.DB
	finishes, ends atomic.Int32 // calls to come that find it away
}

var errAway = errors.New("the database is away")

func (b *flakyBook) FinishBatch(
	ctx context.Context, tx pgx.Tx, c catalog.Claim, worker string, more bool, l catalog.Limit,
) (*catalog.Batch, []int, bool, error) {
	if b.finishes.Add(-1) >= 0 {
		return nil, nil, false, errAway
	}
	return b.DB.FinishBatch(ctx, tx, c, worker, more, l)
}

func (b *flakyBook) EndRun(ctx context.Context, tx pgx.Tx, c catalog.Claim, state catalog.State, why string) error {
	if b.ends.Add(-1) >= 0 {
		return errAway
	}
	return b.DB.EndRun(ctx, tx, c, state, why)
}

// oneApp is a runner of a site with one app.
type oneApp struct {
	idle
	ended chan catalog.RunID
}

func (oneApp) Terms(context.Context, string) (scheduler.Terms, error) {
	return scheduler.Terms{Limit: limit}, nil
}

func (oneApp) Hold(string) func() { return func() {} }

func (oneApp) Draft(context.Context, catalog.SharedRun) (catalog.Draft, error) {
	return catalog.Draft{Units: []catalog.PackedUnit{{Key: "prod/a", Packed: []byte("x")}}}, nil
}

func (oneApp) Read(context.Context, catalog.Run, catalog.Batch, func() bool) (bool, error) {
	return true, nil
}

func (oneApp) Retire(context.Context, catalog.SharedRun) error { return nil }

func (oneApp) Usage(catalog.RunID) catalog.Usage { return catalog.Usage{} }

func (o oneApp) Ended(r catalog.Run) { o.ended <- r.ID }

func TestWhatCouldNotBeHandedBackIsTakenUpAgainByALivingProcess(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*flakyBook){
		"a batch is finished": func(b *flakyBook) { b.finishes.Store(1) },
		"a run is ended":      func(b *flakyBook) { b.ends.Store(2) }, // as done, and as failed
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			book := &flakyBook{DB: b.DB}
			away(book)
			ended := make(chan catalog.RunID, 10)
			s, err := scheduler.New(scheduler.Deps{
				Pool: b.Pool(), Book: book, Runner: oneApp{ended: ended}, Worker: "one",
				Pace: scheduler.Pace{Tick: 200 * time.Millisecond, Beat: 20 * time.Millisecond, Silence: 2 * time.Second},
			})
			b.must(err)
			run, err := s.Request(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByAPI})
			b.must(err)
			b.must(s.Start(t.Context()))
			defer func() { b.must(s.Stop(context.WithoutCancel(t.Context()))) }()
			select {
			case <-ended:
			case <-time.After(30 * time.Second):
				t.Fatal("the run never ends")
			}
			if now, err := b.Run(t.Context(), run.ID); err != nil || now.State != catalog.Done {
				t.Errorf("the run is %s, %v", now.State, err)
			}
		})
	}
}
