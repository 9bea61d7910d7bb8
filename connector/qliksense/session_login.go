package qliksense

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// A flight is one login for all who wait for it.
type flight struct {
	done   chan struct{} // closed when number and err are set
	number uint64
	err    error
}

// firstTimeout is what the first request of a session gets: a proxy that was idle for long takes 15 to
// 21 seconds for it, and the Repository 15 more (facts A.5).
const firstTimeout = 90 * time.Second

// Re-logins in a row before it is taken for a fight with another program over the account (facts G 7).
const (
	manyLogins = 5
	withinThis = time.Minute
)

// login gives the number of the session in force, after logging in if there is none or if it is the one
// that ended. Any number of callers share one login; each waits no longer than its own ctx.
func (s *session) login(ctx context.Context, ended uint64) (uint64, error) {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return 0, errClosed
	case s.refused != nil:
		defer s.mu.Unlock()
		return 0, s.refused
	case s.number != 0 && s.number != ended:
		defer s.mu.Unlock()
		return s.number, nil
	}
	f, err := s.joinFlight()
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	select {
	case <-f.done:
		return f.number, f.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// joinFlight gives the login in progress, or starts one. The lock is held.
func (s *session) joinFlight() (*flight, error) {
	if s.flight != nil {
		return s.flight, nil
	}
	now := s.now()
	s.recent = slices.DeleteFunc(s.recent, func(t time.Time) bool { return now.Sub(t) > withinThis })
	if len(s.recent) >= manyLogins {
		s.refused = &catalog.Error{
			Code: catalog.CodeUnauthorized, Op: "log in", Err: errors.New("the session was ended again and again, right after each login"),
			Cure: "Use an account of its own: another program seems to log this one out.",
		}
		return nil, s.refused
	}
	s.recent = append(s.recent, now)
	s.number = 0
	s.flight = &flight{done: make(chan struct{})}
	f := s.flight
	s.flights.Go(func() { s.fly(f) })
	return f, nil
}

// fly logs in, whoever still waits for it: a caller that gave up doesn't fail the others.
func (s *session) fly(f *flight) {
	ctx, cancel := context.WithTimeout(s.life, 2*firstTimeout)
	defer cancel()
	err := s.logIn(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.last++
		s.number = s.last
		f.number = s.number
		s.log.Debug("logged in to Qlik", "login", s.cfg.Login, "session", f.number)
	} else {
		f.err = err
		if !catalog.CodeOf(err).Transient() && s.life.Err() == nil {
			s.refused = err // asking again would only count as further failed logins
		}
	}
	s.flight = nil
	close(f.done)
}

// logIn starts a session.
func (s *session) logIn(ctx context.Context) error {
	s.jar.dropSession()
	enter := s.enter
	if s.cfg.Login == loginWindows {
		enter = s.enterWindows
	}
	if err := enter(ctx); err != nil {
		return err
	}
	if s.cfg.Login != loginCertificate && !s.jar.hasSession() {
		return &catalog.Error{
			Code: catalog.CodeUnauthorized, Op: "log in", Err: errors.New("the server answered but set no session cookie"),
			Cure: "Check that url leads to the Qlik Sense proxy, and that nothing between takes cookies out.",
		}
	}
	return nil
}

// enter logs in with one small request that carries who we are.
func (s *session) enter(ctx context.Context) error {
	e, err := s.newEntry(ctx)
	if err != nil {
		return err
	}
	cfg := s.restConfig(e.header, e.secrets, nil)
	cfg.Timeout = firstTimeout
	cfg.Retries = 1
	if _, err := qrs.New(cfg).About(ctx); err != nil {
		if s.speaksTLS(ctx, err) {
			return &catalog.Error{
				Code: catalog.CodeInvalid, Op: "log in", Err: said(s.cfg.Base.Host+" speaks TLS, and url says http://", err),
				Cure: "Write url with https://, or with the port that serves http.",
			}
		}
		return s.explainLogin(e, err)
	}
	return nil
}
