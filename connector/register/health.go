package register

import (
	"context"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// lightLimit is how long a light check may take. The first request to a proxy that idled takes half a
// minute.
const lightLimit = 2 * time.Minute

// CheckHealth checks up to limit connections whose turn it is, one after the other, and stores what it
// found. Each connection's turn comes about every; over all processes, one takes it.
func (r *Register) CheckHealth(ctx context.Context, every time.Duration, limit int) error {
	due, err := r.Store.ClaimHealthChecks(ctx, every, limit)
	if err != nil {
		return err
	}
	for _, conn := range due {
		found := r.light(ctx, conn)
		if err := ctx.Err(); err != nil {
			return err // what it found is that the program ends
		}
		if err := r.Store.SaveHealth(ctx, conn.Code, conn.Revision, found); err != nil {
			return err
		}
	}
	return nil
}

// light goes as far as reading one thing from the site, and says why it couldn't.
func (r *Register) light(ctx context.Context, conn catalog.Connection) catalog.HealthResult {
	limited, cancel := context.WithTimeout(ctx, lightLimit)
	source, _ := r.Sources.Find(conn.Type)
	defer cancel()
	for step := range r.steps(limited, conn) {
		if step.Status == connector.StepFailed && onTheWay(step.Name) {
			t := told(step)
			return catalog.HealthResult{Reason: reason(t), Halt: r.lockable(conn) && refused([]catalog.CheckStep{t})}
		}
		if step.Name == source.LastLight {
			return catalog.HealthResult{}
		}
	}
	if limited.Err() != nil {
		return catalog.HealthResult{Reason: "The site didn't answer within " + lightLimit.String() + "."}
	}
	return catalog.HealthResult{}
}

// onTheWay tells whether a step has to succeed for the site to be in reach. That there are many sessions
// is no illness.
func onTheWay(step string) bool { return step != "session" && step != "identity" }

func reason(s catalog.CheckStep) string {
	if s.Cure == "" {
		return s.Title + ": " + s.Error
	}
	return s.Title + ": " + s.Error + " → " + s.Cure
}
