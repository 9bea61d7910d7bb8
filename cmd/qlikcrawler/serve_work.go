package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel/trace"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

// workFlags say what this process works on.
func (f *serveFlags) workFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&f.noWork, "no-work", false, "no schedules and no crawls in this process")
	flags.StringVar(&f.auditFor, "audit-retention", "", "how long the audit log is kept, such as 730d (default forever)")
	flags.IntVar(&f.slots, "slots", scheduler.DefaultSlots, "apps that this process reads at a time, of all connections")
}

func (f *serveFlags) validateWork() error {
	switch {
	case f.noWeb && f.noWork:
		return wrongUse("--no-web and --no-work leave nothing to do")
	case f.slots < 1:
		return wrongUse("--slots %d: want 1 or more", f.slots)
	}
	_, err := f.auditRetention()
	return err
}

// leastAudit keeps a slip of the pen from emptying the audit log.
const leastAudit = 30 * 24 * time.Hour

// auditRetention is how long the audit log is kept; 0: for ever.
func (f *serveFlags) auditRetention() (time.Duration, error) {
	if f.auditFor == "" || f.auditFor == "forever" {
		return 0, nil
	}
	d, err := connector.ParseDuration(f.auditFor)
	if err != nil || d < leastAudit {
		return 0, wrongUse("--audit-retention %q: want forever, or 30d or more, such as 730d", f.auditFor)
	}
	return d, nil
}

// newScheduler makes what asks for crawls and, with a runner, works on them.
func (a *app) newScheduler(ctx context.Context, db *database, f serveFlags, m *metrics, t trace.Tracer) (*scheduler.Scheduler, *crawlRunner, error) {
	if err := scheduler.Migrate(ctx, db.Pool(), a.log); err != nil {
		return nil, nil, err
	}
	d := scheduler.Deps{Pool: db.Pool(), Book: db.DB, Worker: workerName(), Slots: f.slots, Pace: a.env.Pace, Now: a.env.Now, Log: a.log, Pruned: m.prunedRows}
	var err error
	if d.AuditFor, err = f.auditRetention(); err != nil {
		return nil, nil, err
	}
	var r *crawlRunner
	if !f.noWork {
		r = newRunner(a, db, d.Worker, m, t)
		d.Runner = r
	}
	s, err := scheduler.New(d)
	return s, r, err
}

// workerName names this process among all that share the work, also after it is gone.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // never fails
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), hex.EncodeToString(id))
}

// work is the part of the service that crawls, until ctx ends. Then it takes nothing new; what is being read
// is finished or handed back, and everything is logged out of Qlik.
func (a *app) work(ctx context.Context, s *scheduler.Scheduler, r *crawlRunner) error {
	if err := s.Start(ctx); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "working on crawls", "worker", s.Worker, "slots", s.Slots)
	<-ctx.Done()
	a.log.Info("stopping: no new work; what is being read is finished or handed back", "at_most", s.Pace.Grace)
	err := s.Stop(context.WithoutCancel(ctx))
	r.close()
	if err != nil {
		err = errors.Join(errors.New("some work could not be handed back; other processes go on with it in some minutes"), err)
	}
	return err
}
