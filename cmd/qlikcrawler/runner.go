package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
	"github.com/qlikcrawler/qlikcrawler/crawler"
	"github.com/qlikcrawler/qlikcrawler/crawler/runlog"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

// A crawlRunner does for the scheduler what `crawl` does in one process: it is where runs, connections, their
// secrets, their sources and the crawler meet.
type crawlRunner struct {
	app     *app
	db      *database
	worker  string // names this process
	sources *sourcePool
	logs    *runlog.Desk
	metrics *metrics
	tracer  trace.Tracer

	mu    sync.Mutex
	parts map[catalog.RunID]*runPart
}

// A runPart is what this process does in one run.
type runPart struct {
	code  string              // the connection
	part  *crawler.Part       // nil with src
	src   connector.Connector // nil: it was logged out
	since catalog.Usage       // of the source, when this process joined
	past  catalog.Usage       // of sources that it had before this one
}

var _ scheduler.Runner = (*crawlRunner)(nil)

func newRunner(a *app, db *database, worker string, m *metrics, t trace.Tracer) *crawlRunner {
	r := &crawlRunner{app: a, db: db, worker: worker, metrics: m, tracer: t, parts: map[catalog.RunID]*runPart{}}
	r.logs = runlog.NewDesk(db.DB, currentVersion().Version, a.log)
	r.sources = newSourcePool(r.open, r.closed, a.log)
	return r
}

// open opens the source of a connection, its settings checked anew.
func (r *crawlRunner) open(ctx context.Context, conn catalog.Connection) (connector.Connector, error) {
	source, err := sourceOf(conn)
	if err != nil {
		return nil, err
	}
	return source.Open(ctx, connector.Env{
		Connection: conn, Secret: r.app.secretsOf(r.db, conn), Control: r.app.config.policy.Network.Control, Log: r.logs.Logger(conn.Code).With("connection", conn.Code),
		Answered: r.metrics.answering(conn.Code),
	})
}

// knownSource finds the source of a connection.
func knownSource(conn catalog.Connection) (connector.Source, error) {
	source, ok := sources().Find(conn.Type)
	if !ok {
		return source, fmt.Errorf("connection %s is of type %q, which this version doesn't read", conn.Code, conn.Type)
	}
	return source, nil
}

// sourceOf finds the source of a connection and lets it check the settings.
func sourceOf(conn catalog.Connection) (connector.Source, error) {
	source, err := knownSource(conn)
	if err != nil {
		return source, err
	}
	if errs := source.Validate(conn); len(errs) > 0 {
		return source, fmt.Errorf("connection %s:\n%w", conn.Code, errs)
	}
	return source, nil
}

// leaseTimeout bounds one attempt to give up a Qlik session's place.
const leaseTimeout = 5 * time.Second

// closed gives up what goes with a source that was logged out. While the database is away the session's place
// stays: this process lives, so that nobody else gets it before it is given up.
func (r *crawlRunner) closed(code string) error {
	var runs []catalog.RunID
	r.mu.Lock()
	for run, p := range r.parts {
		if p.code != code {
			continue
		}
		if p.src != nil {
			p.past, p.src, p.part = p.usage(), nil, nil
			r.logs.End(run) // opened again by who goes on with it
		}
		runs = append(runs, run)
	}
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), leaseTimeout)
	defer cancel()
	if err := r.db.ReleaseLease(ctx, code, r.worker); err != nil {
		r.app.log.Warn("could not give up the session's place; it is tried again", "connection", code, "error", err)
		return err
	}
	r.endedElsewhere(ctx, runs)
	return nil
}

// endedElsewhere forgets the runs that another process has ended. One that still goes on is looked at when the next
// source of its connection is logged out.
func (r *crawlRunner) endedElsewhere(ctx context.Context, runs []catalog.RunID) {
	for _, id := range runs {
		run, err := r.db.Run(ctx, id)
		if catalog.CodeOf(err) == catalog.CodeNotFound || err == nil && run.State != catalog.Running && run.State != catalog.Queued {
			run.ID = id
			r.Ended(run)
		}
	}
}

// Terms says how a connection may be worked on at present.
func (r *crawlRunner) Terms(ctx context.Context, code string) (scheduler.Terms, error) {
	conn, err := r.db.Connection(ctx, code)
	if err != nil {
		return scheduler.Terms{}, err
	}
	options, err := crawlOptions(conn)
	if err != nil {
		return scheduler.Terms{}, err
	}
	t := scheduler.Terms{Limit: options.limit(), Quiet: options.quiet, Zone: r.app.quietZone(ctx, r.db, code)}
	t.Retention, err = document.RetentionOf(conn)
	return t, err
}

// quietZone is where a connection's quiet hours are: its schedule's time zone, else this machine's.
func (a *app) quietZone(ctx context.Context, db *database, code string) *time.Location {
	if s, err := db.Schedule(ctx, code); err == nil {
		if zone, err := time.LoadLocation(s.TimeZone); err == nil {
			return zone
		}
	}
	return time.Local
}

// Hold keeps the source of a connection, once it is open.
func (r *crawlRunner) Hold(code string) func() { return r.sources.hold(code) }

// Draft lists the source and plans the run.
func (r *crawlRunner) Draft(ctx context.Context, run catalog.SharedRun) (draft catalog.Draft, err error) {
	ctx, end := stage(ctx, r.tracer, "list and plan", run.Details)
	defer func() { end(err) }()
	part, err := r.join(ctx, run.Details)
	if err != nil {
		return catalog.Draft{}, err
	}
	draft, err = part.Draft(ctx, r.db.As(run.Claim))
	r.noteRefusal(ctx, run.Details.Connection, err)
	return draft, err
}

// Read reads the units of a batch.
func (r *crawlRunner) Read(ctx context.Context, run catalog.Run, b catalog.Batch, goOn func() bool) (all bool, err error) {
	ctx, end := stage(ctx, r.tracer, "read apps", run)
	defer func() { end(err) }()
	part, err := r.join(ctx, run)
	if err != nil {
		return false, err
	}
	store := r.db.As(b.Claim)
	read, err := part.Read(ctx, store, b.Units, goOn)
	r.noteLineage(ctx, run, store, read.Lineage)
	r.noteRefusal(ctx, run.Connection, err)
	return read.All, err
}

// Retire retires what the plan said, and builds the lineage of what changed. It asks nothing of the site.
func (r *crawlRunner) Retire(ctx context.Context, run catalog.SharedRun) (err error) {
	ctx, end := stage(ctx, r.tracer, "retire and build lineage", run.Details)
	defer func() { end(err) }()
	store := r.db.As(run.Claim)
	c := crawler.Crawler{Store: store}
	if conn, err := r.db.Connection(ctx, run.Details.Connection); err == nil { // if it can't be read, only the log is missing
		c.Observe = r.logs.Open(run.Details, conn).Observe
	}
	if err := c.Retire(ctx, run.Details, run.Retire); err != nil {
		return err
	}
	if err := r.lineage(ctx, run.Details, store); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.app.log.ErrorContext(ctx, "lineage could not be built; `qlikcrawler lineage build` tries again", "connection", run.Details.Connection, "run", run.Run, "error", err)
	}
	return nil
}

// lineage builds the lineage of what a run changed, unless the connection says otherwise, and notes in the run how
// much. Its error is logged and costs no crawl: the next one makes up for it.
func (r *crawlRunner) lineage(ctx context.Context, run catalog.Run, store *postgres.Writer) error {
	conn, err := r.db.Connection(ctx, run.Connection)
	if err != nil {
		return err
	}
	options, err := crawlOptions(conn)
	if err != nil || !options.AutoLineage {
		return err
	}
	made, err := options.lineage(store).Build(ctx, run.ID, run.Connection, false)
	r.noteLineage(ctx, run, store, made)
	return err
}

// noteLineage notes in a run how much lineage was made. What was made before a stop or a failure was made: whoever goes on makes
// the rest.
func (r *crawlRunner) noteLineage(ctx context.Context, run catalog.Run, store *postgres.Writer, made catalog.LineageTally) {
	if made == (catalog.LineageTally{}) {
		return
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTimeout)
	defer cancel()
	if err := store.NoteLineage(last, made); err != nil {
		r.app.log.WarnContext(ctx, "the crawl's tally won't tell all of its lineage", "connection", run.Connection, "run", run.ID, "error", err)
	}
}

// BuildLineage makes the lineage of all of a connection's apps from what is stored. No source is contacted.
func (r *crawlRunner) BuildLineage(ctx context.Context, code string) (err error) {
	ctx, end := stage(ctx, r.tracer, "build lineage", catalog.Run{Connection: code})
	defer func() { end(err) }()
	conn, err := r.db.Connection(ctx, code)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return nil // it was removed meanwhile
	}
	if err != nil {
		return err
	}
	options, err := crawlOptions(conn)
	if err != nil {
		return err
	}
	tally, err := options.lineage(r.db.DB).Build(ctx, 0, code, true)
	if err != nil {
		return err
	}
	r.app.log.InfoContext(ctx, "lineage built", "connection", code, "apps", tally.Apps, "columns", tally.Columns, "untraced", tally.Unresolved)
	return nil
}

// join gives this process's part of a run.
func (r *crawlRunner) join(ctx context.Context, run catalog.Run) (*crawler.Part, error) {
	conn, err := r.db.Connection(ctx, run.Connection)
	if err != nil {
		return nil, err
	}
	options, err := crawlOptions(conn)
	if err != nil {
		return nil, err
	}
	if conn.CheckHalted && run.Trigger == catalog.BySchedule {
		return nil, errHalted(conn.Code)
	}
	log := r.logs.Open(run, conn)
	src, err := r.sources.get(ctx, conn)
	if err != nil {
		r.noteRefusal(ctx, conn.Code, err)
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.parts[run.ID]
	if p != nil && p.src == src {
		return p.part, nil
	}
	fresh := &runPart{code: run.Connection, src: src, since: src.Usage()}
	if p != nil {
		fresh.past = p.usage()
	}
	c := crawler.Crawler{Store: r.db.DB, MassRetireLimit: options.massRetireLimit(), Observe: r.metrics.observing(run.Connection, log.Observe)}
	if options.AutoLineage {
		c.Lineage = options.lineage(r.db.DB)
	}
	if fresh.part, err = c.Part(run, src); err != nil {
		return nil, err
	}
	r.parts[run.ID] = fresh
	return fresh.part, nil
}

// usage is what the run has cost this process. A source that several runs of a connection use at a time
// counts for each of them.
func (p *runPart) usage() catalog.Usage {
	if p.src == nil {
		return p.past
	}
	return p.past.Plus(p.src.Usage().Minus(p.since))
}

// Usage is what a run has cost this process.
func (r *crawlRunner) Usage(run catalog.RunID) catalog.Usage {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.parts[run]; p != nil {
		return p.usage()
	}
	return catalog.Usage{}
}

// Ended forgets a run.
func (r *crawlRunner) Ended(run catalog.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.parts[run.ID]; p != nil {
		run.Connection = p.code // a run that is no more has none
		r.metrics.ended(run, p.usage())
	}
	delete(r.parts, run.ID)
	r.logs.End(run.ID)
}

// close logs out of everything.
func (r *crawlRunner) close() {
	r.sources.close()
	r.logs.Close()
}

// errQuiet says that a connection's quiet hours keep a crawl from being started.
func errQuiet(code string, end time.Time) error {
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: "start a crawl of", Key: catalog.Key(code),
		Err:  errors.New("the connection has quiet hours until " + end.Format("Mon 15:04 MST")),
		Cure: "Wait until then, or change options.quiet_hours.",
	}
}
