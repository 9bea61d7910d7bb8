package qix_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	q "github.com/qlikcrawler/qlikcrawler/connector/internal/qix/qixtest"
)

// version is a result of EngineVersion.
func version(v string) any {
	return map[string]any{"qVersion": map[string]string{"qComponentVersion": v}}
}

func TestRepliesOutOfOrderFindTheirCalls(t *testing.T) {
	t.Parallel()
	s := dial(t, qix.Dialer{}, q.Script{
		q.Greet(), q.Expect("EngineVersion"), q.Expect("EngineVersion"), q.Expect("EngineVersion"),
		q.ReplyTo(2, version("c")), q.ReplyTo(0, version("a")), q.ReplyTo(1, version("b")),
	})
	a, b, c := s.EngineVersion(within(t)), s.EngineVersion(within(t)), s.EngineVersion(within(t))
	if got := answer(t, a) + answer(t, b) + answer(t, c); got != "abc" {
		t.Errorf("got %q", got)
	}
	if got := answer(t, a); got != "a" {
		t.Errorf("a second Get gives %q", got)
	}
}

func TestWhatElseComesBetweenRequestAndReplyIsPassedOver(t *testing.T) {
	t.Parallel()
	tests := map[string]q.Step{
		"notification":           q.Notify("OnEngineEvent", map[string]any{"id": "x"}),
		"warning":                q.Notify("OnExcessLicenseAssignment", map[string]any{"severity": "warning"}),
		"reply to an unknown id": q.Send(`{"jsonrpc":"2.0","id":4711,"result":{"qVersion":{"qComponentVersion":"no"}}}`),
		"error to an unknown id": q.Send(`{"jsonrpc":"2.0","id":-5,"error":{"code":5}}`),
		"unknown members":        q.Send(`{"jsonrpc":"2.0","id":4711,"result":{},"change":[1,2],"close":[3],"suspend":[]}`),
		"white space":            q.Send(" \r\n{ \"id\" : 4711 , \"result\" : null }\t"),
		"greeting again":         q.Greet(),
	}
	for name, step := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dial(t, qix.Dialer{}, q.Script{q.Greet(), q.Expect("EngineVersion"), step, q.Reply(version("yes"))})
			if got := answer(t, s.EngineVersion(within(t))); got != "yes" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAReplyWithoutResultIsTheZeroValue(t *testing.T) {
	t.Parallel()
	for _, members := range []string{
		`"result":null`, `"change":[]`, `"result":{}`, `"result":{"qVersion":null}`, `"result":{"qVersion":{}}`,
		`"result":{"qVersion":{"qComponentVersion":null}}`, `"error":null,"result":{}`,
	} {
		t.Run(members, func(t *testing.T) {
			t.Parallel()
			s := dial(t, qix.Dialer{}, q.Script{q.Greet(), q.Expect("EngineVersion"), q.ReplyRaw(members)})
			if got := answer(t, s.EngineVersion(within(t))); got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
	t.Run("of OpenDoc it is no document", func(t *testing.T) {
		t.Parallel()
		s := dial(t, qix.Dialer{}, q.Script{q.Greet(), q.ExpectAny("OpenDoc"), q.ReplyRaw(`"result":null`)})
		_, err := s.OpenDoc(within(t), "x", true)
		as[*qix.NullHandleError](t, err)
	})
	t.Run("of a raw answer it is a null that decodes", func(t *testing.T) {
		t.Parallel()
		_, doc := open(t, q.ExpectAny("GetAppProperties"), q.ReplyRaw(`"result":null`))
		raw := answer(t, doc.GetAppProperties(within(t)))
		var into struct{ A int }
		if err := json.Unmarshal(raw, &into); err != nil || string(raw) != "null" {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

func TestRefusalsAreTyped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		members string
		want    qix.EngineError
		text    string
	}{
		{
			`"error":{"code":1007,"parameter":"No active document","message":"App invalid"}`,
			qix.EngineError{Code: 1007, Parameter: "No active document", Message: "App invalid", Method: "GetScript"},
			"GetScript: engine error 1007: App invalid (No active document)",
		},
		{`"error":{"code":5}`, qix.EngineError{Code: 5, Method: "GetScript"}, "GetScript: engine error 5"},
		{`"error":{"code":"5","parameter":7,"message":null}`, qix.EngineError{Code: 5, Parameter: "7", Method: "GetScript"}, "GetScript: engine error 5 (7)"},
		{`"error":{}`, qix.EngineError{Method: "GetScript"}, "GetScript: engine error 0"},
		{`"error":"no"`, qix.EngineError{Method: "GetScript", Message: `"no"`}, `GetScript: engine error 0: "no"`},
		{`"error":{"code":5},"result":{"qScript":"x"}`, qix.EngineError{Code: 5, Method: "GetScript"}, "GetScript: engine error 5"},
		{`"error":{"code":"zzz"}`, qix.EngineError{Method: "GetScript"}, "GetScript: engine error 0"},
		{`"error":{"code":1e300}`, qix.EngineError{Method: "GetScript"}, "GetScript: engine error 0"},
	}
	for _, tt := range tests {
		t.Run(tt.members, func(t *testing.T) {
			t.Parallel()
			_, doc := open(t, q.Expect("GetScript"), q.ReplyRaw(tt.members), q.Expect("GetAllInfos"), q.Reply(nil))
			e := failure[*qix.EngineError](t, doc.GetScript(within(t)))
			if diff := cmp.Diff(tt.want, *e); diff != "" {
				t.Error(diff)
			}
			if e.Error() != tt.text {
				t.Errorf("text %q, want %q", e, tt.text)
			}
			answer(t, doc.GetAllInfos(within(t))) // the session lives on
		})
	}
}

func TestAnAbortedCallIsRetriedThreeTimes(t *testing.T) {
	t.Parallel()
	abort := q.ReplyError(15, "", "Request aborted")
	expect := q.ExpectOn(1, "GetAllInfos")
	t.Run("until it succeeds", func(t *testing.T) {
		t.Parallel()
		_, doc := open(t, expect, abort, expect, abort, expect, abort, expect,
			q.Reply(map[string]any{"qInfos": []qix.Info{{ID: "a", Type: "sheet"}}}))
		if got := answer(t, doc.GetAllInfos(within(t))); len(got) != 1 || got[0].ID != "a" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("and not more", func(t *testing.T) {
		t.Parallel()
		_, doc := open(t, expect, abort, expect, abort, expect, abort, expect, abort)
		if e := failure[*qix.EngineError](t, doc.GetAllInfos(within(t))); e.Code != qix.CodeAborted {
			t.Errorf("error %v", e)
		}
	})
	t.Run("not when the caller is gone", func(t *testing.T) {
		t.Parallel()
		sent, gone := make(chan struct{}), make(chan struct{})
		s, doc := open(t, expect, q.Tell(sent), q.Await(gone), abort, q.ExpectCancel(1),
			q.Expect("EngineVersion"), q.Reply(version("1")))
		ctx, cancel := context.WithCancel(within(t))
		reply := doc.GetAllInfos(ctx)
		<-sent
		cancel()
		if _, err := reply.Get(within(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		close(gone)
		answer(t, s.EngineVersion(within(t)))
	})
}

func TestACallWhoseContextEndsWhileWaitingIsCancelledAndItsLateReplyDropped(t *testing.T) {
	t.Parallel()
	tests := map[string]func(ctx context.Context, s *qix.Session) *qix.Reply[string]{
		"the sender's context": func(ctx context.Context, s *qix.Session) *qix.Reply[string] {
			return s.EngineVersion(ctx)
		},
		"the waiter's context": func(_ context.Context, s *qix.Session) *qix.Reply[string] {
			return s.EngineVersion(context.Background())
		},
	}
	for name, send := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := make(chan struct{})
			s := dial(t, qix.Dialer{Window: 1}, q.Script{
				q.Greet(), q.Expect("EngineVersion"), q.Tell(sent), q.ExpectCancel(0),
				q.ReplyTo(0, version("late")), q.ReplyTo(1, nil), // the reply to the cancel
				q.Expect("EngineVersion"), q.Reply(version("next")),
			})
			ctx, cancel := context.WithCancel(within(t))
			reply := send(ctx, s)
			go func() {
				<-sent
				cancel()
			}()
			if _, err := reply.Get(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "EngineVersion") {
				t.Errorf("error %v", err)
			}
			if _, err := reply.Get(within(t)); !errors.Is(err, context.Canceled) {
				t.Errorf("a second Get gives %v", err)
			}
			if got := answer(t, s.EngineVersion(within(t))); got != "next" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestACallThatIsNeverSentNeedsNoCancel(t *testing.T) {
	t.Parallel()
	sent, gone := make(chan struct{}), make(chan struct{})
	s := dial(t, qix.Dialer{Window: 1}, q.Script{
		q.Greet(), q.Expect("EngineVersion"), q.Tell(sent), q.Await(gone), q.Reply(version("1")),
		q.Expect("EngineVersion"), q.Reply(version("3")),
	})
	first := s.EngineVersion(within(t))
	<-sent // the window is full
	ctx, cancel := context.WithCancel(within(t))
	second := s.EngineVersion(ctx)
	cancel()
	for _, r := range []*qix.Reply[string]{second, s.EngineVersion(ctx)} {
		if _, err := r.Get(within(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	third := s.EngineVersion(within(t))
	close(gone)
	if got := answer(t, first) + answer(t, third); got != "13" {
		t.Errorf("got %q", got)
	}
}

func TestAContextThatEndsWhileSendingFreesTheCallerThoughThePeerDoesNotRead(t *testing.T) {
	t.Parallel()
	s := dial(t, qix.Dialer{NetDial: narrow}, q.Script{q.Greet(), q.Hang()})
	ctx, cancel := context.WithCancel(within(t))
	huge := qix.Send[string](ctx, s, -1, "Big", strings.Repeat("x", 4<<20)) // more than the sockets hold
	behind := s.EngineVersion(ctx)
	cancel()
	for _, err := range []error{second(huge.Get(within(t))), second(behind.Get(within(t)))} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	closing := time.Now()
	closeSession(t, s)
	if took := time.Since(closing); took > 10*time.Second {
		t.Errorf("Close took %v", took)
	}
}

// narrow dials a connection that holds little of what isn't read.
func narrow(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
	}
	return conn, err
}

func second[T any](_ T, err error) error { return err }

func TestAPeerThatDoesNotReadEndsTheSessionInTime(t *testing.T) {
	t.Parallel()
	s := dial(t, qix.Dialer{WriteTimeout: 50 * time.Millisecond, NetDial: narrow}, q.Script{q.Greet(), q.Hang()})
	huge := qix.Send[string](within(t), s, -1, "Big", strings.Repeat("x", 4<<20))
	e := failure[*qix.ClosedError](t, huge)
	var timeout interface{ Timeout() bool }
	if !errors.As(e, &timeout) || !timeout.Timeout() {
		t.Errorf("cause %v", e.Cause)
	}
}

func TestAResultThatIsNoJSONEndsTheSessionAndOneOfAnotherShapeDoesNot(t *testing.T) {
	t.Parallel()
	t.Run("no JSON", func(t *testing.T) {
		t.Parallel()
		s, doc := open(t, q.Expect("GetScript"), q.ReplyRaw(`"result":{"qScript":[1 2]}`))
		failure[*qix.DecodeError](t, doc.GetScript(within(t)))
		<-s.Done()
		as[*qix.FrameError](t, s.Err())
	})
	t.Run("another shape: the rest is there", func(t *testing.T) {
		t.Parallel()
		_, doc := open(t,
			q.Expect("GetAllInfos"), q.ReplyRaw(`"result":{"qInfos":[{"qId":7,"qType":"sheet"},{"qId":"b","qType":"x"}]}`),
			q.Expect("GetScript"), q.ReplyRaw(`"result":[1]`), q.Expect("GetScript"), q.ReplyRaw(`"result":{"qScript":"x"}`))
		infos, err := doc.GetAllInfos(within(t)).Get(within(t))
		as[*qix.DecodeError](t, err)
		if diff := cmp.Diff([]qix.Info{{Type: "sheet"}, {ID: "b", Type: "x"}}, infos); diff != "" {
			t.Error(diff)
		}
		failure[*qix.DecodeError](t, doc.GetScript(within(t)))
		if got := answer(t, doc.GetScript(within(t))); got != "x" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a delta", func(t *testing.T) {
		t.Parallel()
		_, doc := open(t, q.Expect("GetScript"), q.ReplyRaw(`"result":{"qScript":[{"op":"add","path":"/","value":"x"}]},"delta":true`))
		failure[*qix.DecodeError](t, doc.GetScript(within(t)))
	})
}

func TestParametersThatDoNotEncodeFailTheCallAlone(t *testing.T) {
	t.Parallel()
	s := dial(t, qix.Dialer{}, q.Script{q.Greet(), q.Expect("A\"b", "<&>", 1.5), q.Reply("ok")})
	bad := qix.Send[string](within(t), s, -1, "X", math.NaN())
	if _, err := bad.Get(within(t)); err == nil || !strings.Contains(err.Error(), "parameters of X") {
		t.Errorf("error %v", err)
	}
	if got := answer(t, qix.Send[string](within(t), s, -1, "A\"b", "<&>", 1.5)); got != "ok" {
		t.Errorf("got %q", got)
	}
}
