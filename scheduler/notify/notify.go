// Package notify tells people and programs what crawls did: by mail, and by signed webhooks.
//
// What is to be told is written into an outbox of the catalog when a run is over, so that nothing is lost
// when a process dies. Any number of processes may deliver: each notification is taken by one. It is sent
// at least once, always with the same id, by which a receiver knows a repetition.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Outbox is what Sender needs of the catalog.
type Outbox interface {
	QueueNotifications(ctx context.Context, wanted func(catalog.Connection) (catalog.Notify, error)) (int, error)
	ClaimNotifications(ctx context.Context, limit int, lease time.Duration) ([]catalog.Notification, error)
	NotificationSent(ctx context.Context, id string) error
	NotificationFailed(ctx context.Context, id, why string, retry time.Duration) error
}

// Deps are what a Sender needs.
type Deps struct {
	Outbox Outbox
	Wanted func(catalog.Connection) (catalog.Notify, error) // who wants to know
	Mail   *Mailer                                          // nil: mail isn't set up
	Hooks  *Hooks
	Log    *slog.Logger
}

// A Sender delivers notifications.
type Sender struct{ Deps }

// New makes a Sender.
func New(d Deps) *Sender { return &Sender{d} }

const (
	batch     = 8
	sendLimit = time.Minute     // of one attempt
	lease     = 5 * time.Minute // longer than an attempt: nobody else sends meanwhile
)

// Deliver writes down what the finished runs have to tell, and sends what is due, some at a time, until
// nothing is. That something can't be sent is no error: it is tried again later.
func (s *Sender) Deliver(ctx context.Context) error {
	if _, err := s.Outbox.QueueNotifications(ctx, s.Wanted); err != nil {
		return err
	}
	for {
		due, err := s.Outbox.ClaimNotifications(ctx, batch, lease)
		if err != nil || len(due) == 0 {
			return err
		}
		errs := make([]error, len(due))
		var all sync.WaitGroup
		for i, n := range due {
			all.Go(func() { errs[i] = s.deliver(ctx, n) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

// A refusal is a failure that will not pass, or not so soon.
type refusal struct {
	err   error
	after time.Duration // try again after this; 0: never
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// waits are the times between attempts.
var waits = []time.Duration{
	30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour,
}

// retryIn says when a notification is tried again after an attempt failed; 0: never.
func retryIn(attempts int, err error) time.Duration {
	var r *refusal
	refused := errors.As(err, &r)
	if attempts > len(waits) || refused && r.after == 0 {
		return 0
	}
	wait := waits[max(attempts, 1)-1]
	if refused {
		wait = max(wait, r.after)
	}
	return wait
}

// deliver sends one notification and settles it. Its error is that of the outbox.
func (s *Sender) deliver(ctx context.Context, n catalog.Notification) error {
	limited, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	err := s.send(limited, n)
	if ctx.Err() != nil && err != nil {
		return ctx.Err() // the program ends: the lease does, too
	}
	if err == nil {
		s.Log.InfoContext(ctx, "notification sent", "connection", n.Connection, "run", n.Run, "channel", n.Channel, "id", n.ID, "attempts", n.Attempts)
		return s.Outbox.NotificationSent(context.WithoutCancel(ctx), n.ID)
	}
	retry := retryIn(n.Attempts, err)
	log := s.Log.WarnContext
	if retry == 0 {
		log = s.Log.ErrorContext
	}
	log(ctx, "notification not sent", "connection", n.Connection, "run", n.Run, "channel", n.Channel, "id", n.ID, "attempts", n.Attempts, "again_in", retry, "error", err)
	return s.Outbox.NotificationFailed(ctx, n.ID, err.Error(), retry)
}

func (s *Sender) send(ctx context.Context, n catalog.Notification) error {
	switch n.Channel {
	case catalog.ByEmail:
		if s.Mail == nil {
			return errors.New("mail is not set up: set QLIKCRAWLER_SMTP_URL")
		}
		return s.Mail.Send(ctx, n)
	case catalog.ByWebhook:
		if s.Hooks == nil {
			return errors.New("webhooks are not set up")
		}
		return s.Hooks.Send(ctx, n)
	default:
		return &refusal{err: fmt.Errorf("there is no channel %q", n.Channel)}
	}
}
