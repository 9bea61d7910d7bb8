package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/qlikcrawler/qlikcrawler/web"
)

// shutdownTimeout is how long requests that are under way may take after a Ctrl-C.
const shutdownTimeout = 5 * time.Second

// serveSummary serves the health check and the summary page until ctx ends.
func (a *app) serveSummary(ctx context.Context, db *database, addr string, w io.Writer) error {
	l, err := a.listen(ctx, addr)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: web.New(web.Deps{Catalog: db.DB, Log: a.log}), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	fmt.Fprintf(w, "  summary page:      http://%s/  (Ctrl-C ends)\n", l.Addr())
	select {
	case err := <-failed:
		return fmt.Errorf("serve the summary page: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop the summary page: %w", err)
	}
	return nil
}
