package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// errHalted keeps schedules from trying a login that was refused: an account would lock.
func errHalted(code string) error {
	return &catalog.Error{
		Code: catalog.CodeUnauthorized, Op: "crawl", Key: catalog.Key(code),
		Err:  errors.New("the login was refused with these settings, and a schedule doesn't try it again"),
		Cure: "Correct the connection's login, or start a crawl by hand once the account is in order.",
	}
}

// refusalTimeout bounds noting a refused login.
const refusalTimeout = 5 * time.Second

// noteRefusal remembers that a site refused the login of a connection whose account may lock, so that neither health checks nor
// schedules try it again until the settings change or a crawl succeeds.
func noteRefusal(ctx context.Context, db *database, code string, err error, log *slog.Logger) {
	if catalog.CodeOf(err) != catalog.CodeUnauthorized {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTimeout)
	defer cancel()
	conn, readErr := db.Connection(ctx, code)
	if source, ok := sources().Find(conn.Type); readErr == nil && (!ok || !source.Lockable(conn)) {
		return
	}
	if readErr == nil {
		readErr = db.SaveHealth(ctx, code, conn.Revision, catalog.HealthResult{Reason: reasonOf(err), Halt: true})
	}
	if readErr != nil {
		log.WarnContext(ctx, "could not note that a login was refused", "connection", code, "error", readErr)
	}
}

func reasonOf(err error) string {
	if cure := catalog.CureOf(err); cure != "" {
		return err.Error() + " → " + cure
	}
	return err.Error()
}

func (r *crawlRunner) noteRefusal(ctx context.Context, code string, err error) {
	noteRefusal(ctx, r.db, code, err, r.app.log)
}
