// Package scheduler sees to it that crawls happen: those that people ask for, and those whose time has
// come, on any number of processes.
//
// The row of a run is the truth; River, the queue, is a courier that tells some process that there is
// something to do. A process that is told asks the catalog what it may claim, works under that claim
// and says every second that it lives. What a dead process had claimed, others go on with. Nothing here
// depends on what the queue remembers: a job that is lost is queued again, one that comes twice finds
// nothing to do.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Runner does the work of a run: the crawler, and the sources that it reads. Its methods are called
// from several goroutines.
type Runner interface {
	// Terms says how a connection may be worked on at present.
	Terms(ctx context.Context, code string) (Terms, error)
	// Hold keeps the source of a connection, once it is open, until release; then it may be logged out,
	// and its lease given up.
	Hold(code string) (release func())

	Draft(ctx context.Context, run catalog.SharedRun) (catalog.Draft, error)
	// Read reads the units of a batch while goOn says so, and tells whether all were read.
	Read(ctx context.Context, run catalog.Run, b catalog.Batch, goOn func() bool) (all bool, err error)
	// Retire does what comes after reading.
	Retire(ctx context.Context, run catalog.SharedRun) error

	// Usage is what a run has cost this process.
	Usage(run catalog.RunID) catalog.Usage
	// BuildLineage makes the lineage of all of a connection's apps from what is stored.
	BuildLineage(ctx context.Context, code string) error
	// Ended says that a run has ended, as far as this process knows.
	Ended(run catalog.Run)
}

// Terms are how a connection may be worked on.
type Terms struct {
	catalog.Limit
	Quiet     catalog.QuietHours
	Zone      *time.Location // of Quiet
	Retention catalog.Retention
}

func (t Terms) quiet(now time.Time) (end time.Time, is bool) {
	if t.Zone != nil {
		now = now.In(t.Zone)
	}
	return t.Quiet.Until(now)
}

// A Pace says how often things happen. Zero values are the usual ones.
type Pace struct {
	Tick    time.Duration // between two looks at the schedules and at what is dead: 15 seconds
	Beat    time.Duration // between two signs of life: a second
	Silence time.Duration // after which a process is taken for dead: 45 seconds
	Slice   time.Duration // for which a worker stays with a run before others have a chance: a minute
	Grace   time.Duration // for what is being read when Stop is called: 30 seconds
	Prune   time.Duration // between two looks for what is too old: an hour
}

func (p Pace) orUsual() Pace {
	for _, x := range []struct {
		to    *time.Duration
		usual time.Duration
	}{
		{&p.Tick, 15 * time.Second},
		{&p.Beat, time.Second},
		{&p.Silence, 45 * time.Second},
		{&p.Slice, time.Minute},
		{&p.Grace, 30 * time.Second},
		{&p.Prune, time.Hour},
	} {
		if *x.to <= 0 {
			*x.to = x.usual
		}
	}
	return p
}

// Deps are what a Scheduler needs.
type Deps struct {
	Pool   *pgxpool.Pool // of the catalog's database
	Book   Book
	Runner Runner // nil: this process only asks others
	Worker string // names this process; unique
	Slots  int    // apps that this process reads at a time; 0: DefaultSlots
	Pace   Pace
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger

	AuditFor time.Duration                  // how long rows of the audit log are kept; 0: for ever
	Pruned   func(table string, rows int64) // hears of rows that were deleted since they were too old; may be nil
}

// DefaultSlots is how many apps a process reads at a time unless told otherwise.
const DefaultSlots = 16

// A Scheduler asks for crawls and, once started, works on them.
type Scheduler struct {
	Deps
	queue *river.Client[pgx.Tx]

	stopping chan struct{} // closed when nothing new may be begun
	stopOnce sync.Once
	ended    context.CancelFunc // of the ticker and the beats
	done     sync.WaitGroup

	mu     sync.Mutex
	claims map[catalog.Claim]context.CancelCauseFunc
}

// New makes a scheduler. Migrate must have been called on its database before it is used.
func New(d Deps) (*Scheduler, error) {
	d.Pace = d.Pace.orUsual()
	if d.Slots <= 0 {
		d.Slots = DefaultSlots
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Scheduler{Deps: d, stopping: make(chan struct{}), claims: map[catalog.Claim]context.CancelCauseFunc{}}
	var err error
	if s.queue, err = s.newQueue(); err != nil {
		return nil, fmt.Errorf("prepare the queue: %w", err)
	}
	return s, nil
}

// Start begins to work: it takes what is queued, looks for what is due now and every quarter of a minute, and says
// that it lives. It returns when that runs. Stop must be called.
func (s *Scheduler) Start(ctx context.Context) error {
	if s.Runner == nil {
		return errors.New("a scheduler without a runner can't work")
	}
	base := context.WithoutCancel(ctx) // work ends by Stop, in order
	if err := s.queue.Start(base); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	life, cancel := context.WithCancel(base)
	s.ended = cancel
	s.done.Go(func() { s.beats(life) })
	s.done.Go(func() { s.ticks(life) })
	s.done.Go(func() { s.prunes(life) })
	return nil
}

// Stop takes nothing new, and lets what is being read be finished or, when the grace is over or ctx ends,
// handed back. It returns when nothing of the scheduler runs any more. It may be called twice.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() { close(s.stopping) })
	if s.ended == nil {
		return nil
	}
	soft, cancel := context.WithTimeout(ctx, s.Pace.Grace)
	defer cancel()
	err := s.queue.Stop(soft)
	if err != nil { // what still runs is cancelled, and hands back what it has
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBackTime)
		defer cancel()
		err = s.queue.StopAndCancel(hard)
	}
	s.ended()
	s.done.Wait()
	if err != nil {
		return fmt.Errorf("stop the workers: %w", err)
	}
	return nil
}

// handBackTime is how long a worker may take to hand back what it has when it is told to end at once.
const handBackTime = 10 * time.Second

// going reports whether something new may be begun.
func (s *Scheduler) going() bool {
	select {
	case <-s.stopping:
		return false
	default:
		return true
	}
}

// Request asks for a crawl, on whichever process has time. CodeConflict, with a *catalog.InFlight, if a
// sweep stands in its way.
func (s *Scheduler) Request(ctx context.Context, r catalog.Run) (catalog.Run, error) {
	err := s.Book.InTx(ctx, func(tx pgx.Tx) error {
		var err error
		r, err = s.open(ctx, tx, r)
		return err
	})
	return r, err
}

// open stores a run and queues it.
func (s *Scheduler) open(ctx context.Context, tx pgx.Tx, r catalog.Run) (catalog.Run, error) {
	r, err := s.Book.OpenRun(ctx, tx, r)
	if err != nil {
		return r, err
	}
	return r, s.enqueue(ctx, tx, CrawlArgs{Run: r.ID})
}

// Cancel ends a run; who works on it notices within two seconds.
func (s *Scheduler) Cancel(ctx context.Context, id catalog.RunID, why string) error {
	return s.Book.CancelRun(ctx, id, why)
}

// BuildLineage asks for a connection's lineage to be made anew from what is stored, on whichever process has
// time. Asking again while that waits or runs changes nothing. CodeNotFound: there is no such connection.
func (s *Scheduler) BuildLineage(ctx context.Context, code string) error {
	if _, err := s.Book.Connection(ctx, code); err != nil {
		return err
	}
	if _, err := s.queue.Insert(ctx, LineageArgs{Connection: code}, nil); err != nil {
		return fmt.Errorf("queue the lineage of %s: %w", code, err)
	}
	return nil
}

// SetSchedule gives a connection a schedule, and says when it is due. What is wrong with it comes as
// catalog.FieldErrors.
func (s *Scheduler) SetSchedule(ctx context.Context, code string, x catalog.Schedule) (catalog.Schedule, error) {
	if wrong := CheckSchedule(&x, s.Now()); wrong != nil {
		return x, wrong
	}
	return x, s.Book.SetSchedule(ctx, code, x)
}

// ReplaceSchedule is SetSchedule if the connection still has the schedule was; else CodeConflict.
func (s *Scheduler) ReplaceSchedule(ctx context.Context, code string, was, x catalog.Schedule) (catalog.Schedule, error) {
	if wrong := CheckSchedule(&x, s.Now()); wrong != nil {
		return x, wrong
	}
	return x, s.Book.ReplaceSchedule(ctx, code, was, x)
}

// CheckSchedule tells everything that is wrong with a schedule.
func (s *Scheduler) CheckSchedule(x catalog.Schedule) catalog.FieldErrors {
	return CheckSchedule(&x, s.Now())
}

// Schedule gives a connection's schedule, or CodeNotFound.
func (s *Scheduler) Schedule(ctx context.Context, code string) (catalog.Schedule, error) {
	return s.Book.Schedule(ctx, code)
}

// RemoveSchedule takes a connection's schedule away; it may have none.
func (s *Scheduler) RemoveSchedule(ctx context.Context, code string) error {
	return s.Book.RemoveSchedule(ctx, code)
}

// NextRuns are the next moments of a schedule, were it enabled.
func (s *Scheduler) NextRuns(x catalog.Schedule, n int) []time.Time { return NextRuns(x, s.Now(), n) }

// Presets are offered wherever a schedule is edited.
func (s *Scheduler) Presets() []catalog.SchedulePreset { return Presets() }
