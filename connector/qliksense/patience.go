package qliksense

import (
	"context"
	"errors"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

// readPatiently reads what the Engine has of an app, when the gate lets it in, and again after a pause when
// the Engine was busy. An error means that nothing of it counts.
func (s *site) readPatiently(ctx context.Context, app *listedApp) (*qixmap.App, error) {
	key := catalog.AppKey(s.cfg.Code, app.row.ID)
	if app.outdated && !s.cfg.Options.MigrateApps {
		return nil, &catalog.Error{
			Code: catalog.CodeWouldMigrate, Op: "open app", Key: key, Err: errOutdated,
			Cure: "Open the app once in the hub, or set options.migrate_apps to true.",
		}
	}
	for try := 1; ; try++ {
		ticket, err := s.gate.enter(ctx)
		if err != nil {
			return nil, err
		}
		read, err := s.readApp(ctx, app, key)
		trouble := err
		if err == nil {
			trouble = busyIn(read)
		}
		s.gate.leave(ticket, trouble)
		if _, again := busy(trouble); !again || try >= s.gate.pace.tries || ctx.Err() != nil {
			return read, err
		}
	}
}

// readApp reads an app within options.app_timeout, anew when the connection breaks.
func (s *site) readApp(ctx context.Context, app *listedApp, key catalog.Key) (*qixmap.App, error) {
	ctx, cancel := s.withAppTimeout(ctx)
	defer cancel()
	for try := 0; ; try++ {
		var read *qixmap.App
		err := s.session.onApp(ctx, app.row.ID, func(engine *qix.Session) error {
			r := s.newReader(app, key)
			read = r.out
			defer func() { s.gate.answered(engine.Quickest()) }()
			return r.run(ctx, engine)
		})
		if err == nil {
			return read, nil
		}
		if ctx.Err() != nil {
			return nil, explain("read app", key, context.Cause(ctx))
		}
		err = explain("read app", key, err)
		if catalog.CodeOf(err) != catalog.CodeUnreachable || try+1 >= s.gate.pace.tries {
			return nil, err
		}
		if pause(ctx, s.gate.pace.backOff(s.gate.pace.appPause, 2*try), nil) != nil {
			return nil, err // the time is up: what broke is the better word
		}
	}
}

// withAppTimeout bounds what is done for one app; waiting at the gate doesn't count.
func (s *site) withAppTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := s.cfg.Options.AppTimeout
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w (%s)", errTimeout, limit))
}

// busyIn is the first refusal in an open app that says that the Engine is busy; nil for none.
func busyIn(r *qixmap.App) error {
	for _, objects := range [][]qixmap.Object{r.Sheets, r.Masters, r.Dimensions, r.Measures} {
		for _, o := range objects {
			if _, is := busy(o.Err); is {
				return o.Err
			}
		}
	}
	for _, g := range r.Gaps {
		if _, is := busy(g.Err); is {
			return g.Err
		}
	}
	return nil
}

// cause is the part of an error that doesn't name an app.
func cause(err error) error {
	var e *catalog.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}
