package qix_test

import (
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	q "github.com/qlikcrawler/qlikcrawler/connector/internal/qix/qixtest"
)

func TestTheEndOfASessionReachesEveryCall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		step  q.Step
		check func(t *testing.T, err error)
	}{
		{"dropped", q.Drop(), func(t *testing.T, err error) { as[*qix.PeerClosedError](t, err) }},
		{"closed", q.Close(1000, "done"), func(t *testing.T, err error) {
			if e := as[*qix.PeerClosedError](t, err); e.Code != 1000 || e.Text != "done" {
				t.Errorf("%+v", e)
			}
		}},
		{"closed in the middle of a frame", q.SendPartly(`{"id":1,"resu`), func(t *testing.T, err error) {
			as[*qix.PeerClosedError](t, err)
		}},
		{
			"pushed out", q.Notify("OnSessionTimedOut", map[string]string{"severity": "fatal", "message": "inactivity"}),
			wantPush("OnSessionTimedOut", "inactivity"),
		},
		{"told to log in", q.Send(`{"method":"OnAuthenticationInformation","params":{"mustAuthenticate":true}}`), func(t *testing.T, err error) {
			as[*qix.AuthError](t, err)
		}},
		{"unparsable frame", q.Send(`{"jsonrpc":"2.0","id":1,"resu`), func(t *testing.T, err error) {
			if e := as[*qix.FrameError](t, err); e.Start != `{"jsonrpc":"2.0","id":1,"resu` {
				t.Errorf("%+v", e)
			}
		}},
		{"refusal of an unreadable request", q.Send(`{"id":null,"error":{"code":-32700,"message":"Parse error"}}`), func(t *testing.T, err error) {
			if e := as[*qix.EngineError](t, err); e.Code != -32700 {
				t.Errorf("%+v", e)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := dial(t, qix.Dialer{Window: 2}, q.Script{
				q.Greet(), q.Expect("EngineVersion"), q.Expect("EngineVersion"), tt.step,
			})
			var replies []*qix.Reply[string]
			for range 5 { // two in the table, three in line
				replies = append(replies, s.EngineVersion(within(t)))
			}
			for _, r := range replies {
				tt.check(t, failure[*qix.ClosedError](t, r))
			}
			<-s.Done()
			tt.check(t, s.Err())
			failure[*qix.ClosedError](t, s.EngineVersion(within(t))) // later calls fail at once
			_, err := s.OpenDoc(within(t), "x", true)
			as[*qix.ClosedError](t, err)
			closeSession(t, s)
		})
	}
}

func TestCloseEndsWaitingCallsAndMayBeCalledTwice(t *testing.T) {
	t.Parallel()
	sent := make(chan struct{})
	s := dial(t, qix.Dialer{}, q.Script{q.Greet(), q.Expect("EngineVersion"), q.Tell(sent)})
	reply := s.EngineVersion(within(t))
	<-sent
	if s.Err() != nil {
		t.Errorf("error %v before the end", s.Err())
	}
	closeSession(t, s)
	closeSession(t, s)
	if e := failure[*qix.ClosedError](t, reply); e.Cause != nil || e.Error() != "engine session closed" {
		t.Errorf("error %v", e)
	}
	as[*qix.ClosedError](t, s.Err())
}

func TestCloseSaysGoodbye(t *testing.T) {
	t.Parallel()
	s := dial(t, qix.Dialer{}, q.Script{q.Greet(), q.ExpectClose(1000)})
	closeSession(t, s)
}

func TestAServersPingIsAnswered(t *testing.T) {
	t.Parallel()
	s := dial(t, qix.Dialer{}, q.Script{
		q.Greet(), q.Ping(), q.Expect("EngineVersion"), q.Reply(version("1")),
		q.Expect("EngineVersion"), q.Ponged(), q.Reply(version("2")),
	})
	answer(t, s.EngineVersion(within(t)))
	answer(t, s.EngineVersion(within(t)))
}

func TestAnErrorNeverShowsWhatARepliesResultHolds(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{"jsonrpc":"2.0","id":2,"result":{"qScript":"Password is hunter2`,
		`{"jsonrpc":"2.0","id":2,"result":{"qScript":"Password is hunter2"}}}`,
		`{"jsonrpc":"2.0","id":2,"result":{"qScript":"Password is hunter2\q"}}`,
		`{"jsonrpc":"2.0","id":2,"result":{"qScript" "Password is hunter2"}}`,
		`{"jsonrpc":"2.0","id":2,"result":{"qScript":["Password is hunter2"]}}`,
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			_, doc := open(t, q.Expect("GetScript"), q.Send(raw))
			_, err := doc.GetScript(within(t)).Get(within(t))
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestASilentPeerIsProbedWithCallsAndFinallyGivenUp(t *testing.T) {
	t.Parallel()
	t.Run("answers", func(t *testing.T) {
		t.Parallel()
		probed := make(chan struct{})
		meter := &qix.Meter{}
		s := dial(t, qix.Dialer{ProbeEvery: 10 * time.Millisecond, Meter: meter}, q.Script{
			q.Greet(), q.Expect("EngineVersion"), q.Reply(version("1")), q.Expect("EngineVersion"), q.Tell(probed),
			q.Serve(func(q.Request) any { return nil }),
		})
		<-probed
		if s.Err() != nil || meter.Counts().Probes < 2 || meter.Counts().Calls != 0 {
			t.Errorf("error %v, counts %+v", s.Err(), meter.Counts())
		}
	})
	t.Run("is dead", func(t *testing.T) {
		t.Parallel()
		s := dial(t, qix.Dialer{ProbeEvery: 10 * time.Millisecond, DeadAfter: 200 * time.Millisecond}, q.Script{
			q.Greet(), q.Hang(),
		})
		e := failure[*qix.ClosedError](t, s.EngineVersion(within(t)))
		if !strings.Contains(e.Error(), "nothing arrived for 200ms") {
			t.Errorf("error %v", e)
		}
	})
	t.Run("not wanted", func(t *testing.T) {
		t.Parallel()
		s := dial(t, qix.Dialer{ProbeEvery: -1, DeadAfter: -1}, q.Script{
			q.Greet(), q.Expect("EngineVersion"), q.Reply(version("1")),
		})
		answer(t, s.EngineVersion(within(t)))
	})
}
