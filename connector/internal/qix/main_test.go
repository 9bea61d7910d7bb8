package qix_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix/qixtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// within is a context that ends soon enough for a test to fail rather than hang.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// dial opens a session with a peer that runs script; it is closed when the test ends.
func dial(t testing.TB, d qix.Dialer, script qixtest.Script) *qix.Session {
	t.Helper()
	s, err := d.Dial(within(t), qixtest.Start(t, script).URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSession(t, s) })
	return s
}

func closeSession(t testing.TB, s *qix.Session) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// open is dial and OpenDoc without data; script is what comes after.
func open(t testing.TB, script ...qixtest.Step) (*qix.Session, *qix.Doc) {
	t.Helper()
	opening := qixtest.Script{
		qixtest.Greet(),
		qixtest.Expect("OpenDoc", "an-app", "", "", "", true), qixtest.Reply(qixtest.Doc("an-app")),
	}
	s := dial(t, qix.Dialer{}, append(opening, script...))
	doc, err := s.OpenDoc(within(t), "an-app", true)
	if err != nil {
		t.Fatal(err)
	}
	return s, doc
}

// answer is the result of a call that must succeed.
func answer[T any](t testing.TB, reply *qix.Reply[T]) T {
	t.Helper()
	value, err := reply.Get(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// failure is the error of a call that must fail with an error of type E.
func failure[E error, T any](t testing.TB, reply *qix.Reply[T]) E {
	t.Helper()
	_, err := reply.Get(within(t))
	return as[E](t, err)
}

func as[E error](t testing.TB, err error) E {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Fatalf("error %v (%T), want a %T", err, err, want)
	}
	return want
}
