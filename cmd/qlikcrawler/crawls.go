package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/crawler"
	"github.com/qlikcrawler/qlikcrawler/crawler/runlog"
)

// A crawlResult is what a crawl did, for people and for --json.
type crawlResult struct {
	Run        catalog.RunID   `json:"run"`
	Connection string          `json:"connection"`
	Mode       catalog.Mode    `json:"mode"`
	State      catalog.State   `json:"state"`
	Error      string          `json:"error,omitempty"`
	Seconds    float64         `json:"seconds"`
	Tally      catalog.Tally   `json:"tally"`
	Counts     catalog.Counts  `json:"counts"`
	Outcomes   []outcomeResult `json:"outcomes"`
}

// An outcomeResult is what became of one app: what changed, how long it took, and why it failed. Unchanged
// apps are left out; the tally counts them, and those of them that weren't opened as skipped. Rows is zero in a
// connection's first crawl, which has no history (catalog.change).
type outcomeResult struct {
	Key        catalog.Key        `json:"key"`
	Name       string             `json:"name,omitempty"`
	Change     catalog.Change     `json:"change"`
	Rows       catalog.RowChanges `json:"rows"`
	ErrorCode  catalog.Code       `json:"error_code,omitempty"`
	Error      string             `json:"error,omitempty"`
	Cure       string             `json:"cure,omitempty"`
	DurationMS int64              `json:"duration_ms"`
}

// crawlNow starts a run, crawls in this process, and writes down how it ended. When the run could not
// even start there is no result.
func (a *app) crawlNow(ctx context.Context, db *database, conn catalog.Connection, run catalog.Run) (*crawlResult, error) {
	source, err := sourceOf(conn)
	if err != nil {
		return nil, err
	}
	options, err := crawlOptions(conn)
	if err != nil {
		return nil, err
	}
	options.zone = a.quietZone(ctx, db, conn.Code)
	if end, quiet := options.quiet.Until(time.Now().In(options.zone)); quiet {
		return nil, errQuiet(conn.Code, end)
	}
	run.Mode, err = firstIsFull(ctx, db, run)
	if err != nil {
		return nil, err
	}
	if run.ID, err = db.StartRun(ctx, run); err != nil {
		return nil, err
	}
	began := time.Now()
	result := &crawlResult{Run: run.ID, Connection: conn.Code, Mode: run.Mode, Outcomes: []outcomeResult{}}
	tally, crawlErr := a.crawlWith(ctx, db, conn, run, source, options, result)
	result.Seconds, result.Tally = time.Since(began).Seconds(), tally
	result.State, result.Error = finishState(ctx, crawlErr)
	return result, errors.Join(crawlErr, a.finish(ctx, db, conn, result))
}

// finishTimeout is how long writing down the end of a run may take, also after a Ctrl-C.
const finishTimeout = 10 * time.Second

func (a *app) finish(ctx context.Context, db *database, conn catalog.Connection, r *crawlResult) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if err := db.FinishRun(ctx, r.Run, r.State, r.Tally, r.Error); err != nil {
		return fmt.Errorf("write down the end of run %d: %w", r.Run, err)
	}
	var err error
	if r.Counts, err = db.Counts(ctx, conn.Code); err != nil {
		return fmt.Errorf("count the rows of %s: %w", conn.Code, err)
	}
	return r.countChanges(ctx, db)
}

// countChanges tells each outcome how many of the app's rows changed.
func (r *crawlResult) countChanges(ctx context.Context, db *database) error {
	keys := make([]catalog.Key, len(r.Outcomes))
	for i, o := range r.Outcomes {
		keys[i] = o.Key
	}
	changes, err := db.RowChanges(ctx, r.Run, keys)
	if err != nil {
		return err
	}
	for i := range r.Outcomes {
		r.Outcomes[i].Rows = changes[r.Outcomes[i].Key]
	}
	return nil
}

// crawlWith opens the source, crawls, and logs out whatever happens.
func (a *app) crawlWith(ctx context.Context, db *database, conn catalog.Connection, run catalog.Run,
	source connector.Source, options runOptions, result *crawlResult,
) (catalog.Tally, error) {
	logs := runlog.NewDesk(db.DB, currentVersion().Version, a.log)
	defer logs.Close()
	log := logs.Open(run, conn)
	workers, err := a.lease(ctx, db, conn.Code, run.ID, options)
	if err != nil {
		return catalog.Tally{}, err
	}
	src, err := source.Open(ctx, connector.Env{Connection: conn, Secret: a.secretsOf(db, conn), Control: a.config.policy.Network.Control, Log: logs.Logger(conn.Code).With("connection", conn.Code)})
	if err != nil {
		return catalog.Tally{}, err
	}
	bar := newProgressBar(a.env.Stderr, conn.Code)
	c := crawler.Crawler{
		Store: db.DB, Workers: workers, MassRetireLimit: options.massRetireLimit(),
		Wait: a.pauseQuiet(conn.Code, options),
		Observe: func(e crawler.Event) {
			if e.Outcome != nil && e.Outcome.Change != catalog.Unchanged {
				result.Outcomes = append(result.Outcomes, outcomeOf(*e.Outcome))
			}
			log.Observe(e)
			bar.show(e)
		},
	}
	if options.AutoLineage {
		c.Lineage = options.lineage(db.DB)
	}
	tally, err := c.Crawl(ctx, run, src)
	bar.done()
	if closeErr := src.Close(); closeErr != nil {
		a.log.Warn("could not log out of Qlik: the session lasts until it idles out", "connection", conn.Code, "error", closeErr)
	}
	tally.Usage = src.Usage()
	noteRefusal(ctx, db, conn.Code, err, a.log)
	return tally, err
}

// leaseEvery is how often a crawl asks for a Qlik session while others have all that are allowed.
const leaseEvery = time.Second

// lease waits for a Qlik session among those that options.max_sessions allows over all processes, and says
// how many apps may be read at a time: what options.workers leaves beside them.
func (a *app) lease(ctx context.Context, db *database, code string, run catalog.RunID, options runOptions) (workers int, err error) {
	for told := false; ; told = true {
		workers, err = db.LeaseForRun(ctx, code, run, options.limit())
		if catalog.CodeOf(err) != catalog.CodeConflict {
			return workers, err
		}
		if !told {
			fmt.Fprintf(a.env.Stderr, "%s: waiting: other processes have all %d Qlik sessions that options.max_sessions allows\n", code, options.MaxSessions)
		}
		if err := sleep(ctx, leaseEvery); err != nil {
			return 0, err
		}
		if err := db.Progress(ctx, run, catalog.Tally{}); err != nil {
			return 0, err // it was cancelled
		}
	}
}

// pauseQuiet holds a crawl up while its connection has quiet hours.
func (a *app) pauseQuiet(code string, options runOptions) func(context.Context) error {
	return func(ctx context.Context) error {
		end, quiet := options.quiet.Until(time.Now().In(options.zone))
		if !quiet {
			return nil
		}
		fmt.Fprintf(a.env.Stderr, "%s: quiet hours until %s: the crawl pauses\n", code, end.Format("Mon 15:04 MST"))
		return sleep(ctx, time.Until(end))
	}
}

// sleep waits, or returns the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func outcomeOf(o catalog.Outcome) outcomeResult {
	r := outcomeResult{Key: o.Unit.Key, Name: o.Unit.Name, Change: o.Change, DurationMS: o.Duration.Milliseconds()}
	if o.Err != nil {
		r.ErrorCode, r.Error, r.Cure = catalog.CodeOf(o.Err), o.Err.Error(), catalog.CureOf(o.Err)
	}
	return r
}

// firstIsFull makes a delta of a connection that was never crawled whole a full crawl.
func firstIsFull(ctx context.Context, db *database, run catalog.Run) (catalog.Mode, error) {
	if run.Mode != catalog.Delta {
		return run.Mode, nil
	}
	conn, err := db.Connection(ctx, run.Connection)
	if err != nil {
		return "", err
	}
	if conn.LastSuccessAt.IsZero() {
		return catalog.Full, nil
	}
	return run.Mode, nil
}
