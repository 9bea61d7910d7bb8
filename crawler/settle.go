package crawler

import (
	"context"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A settling stores what the listing says of groups and data connections, while the first units are being read. A
// nil one is over.
type settling struct {
	over chan struct{} // closed when it is
	err  error         // set before
}

// settleMeanwhile begins to store a listing. If that fails, the context that it returns ends with the reason: a
// unit must not be stored before what it is in.
func (c *Crawler) settleMeanwhile(
	ctx context.Context, run catalog.Run, src connector.Connector, groups []catalog.ReportGroup,
) (context.Context, *settling) {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &settling{over: make(chan struct{})}
	go func() {
		defer close(s.over)
		if s.err = c.settle(ctx, run, src, groups); s.err != nil {
			cancel(s.err)
		}
	}()
	return ctx, s
}

// wait waits until the listing is stored.
func (s *settling) wait(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case <-s.over:
		return s.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end waits whatever happens, and gives what went wrong.
func (s *settling) end() error {
	<-s.over
	return s.err
}

// settle stores what the listing says of groups and data connections.
func (c *Crawler) settle(ctx context.Context, run catalog.Run, src connector.Connector, groups []catalog.ReportGroup) error {
	if err := c.Store.SaveGroups(ctx, run.ID, groups); err != nil {
		return fmt.Errorf("save report groups: %w", err)
	}
	if store, ok := c.Store.(LineageStore); ok {
		if err := SaveDataConnections(ctx, store, run.ID, src); err != nil {
			return fmt.Errorf("save data connections: %w", err)
		}
	}
	return nil
}
