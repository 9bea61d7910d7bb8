package qix_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	q "github.com/qlikcrawler/qlikcrawler/connector/internal/qix/qixtest"
)

func TestAFrameOf50MBArrivesWhole(t *testing.T) {
	t.Parallel()
	huge := `"` + strings.Repeat("0123456789", 5<<20) + `"`
	_, doc := open(t,
		q.Expect("GetAppProperties"), q.ReplyRaw(`"result":{"qProp":`+huge+`}`),
		q.Expect("GetScript"), q.Reply(map[string]string{"qScript": "small"}))
	if got := answer(t, doc.GetAppProperties(within(t))); string(got) != huge {
		t.Errorf("%d bytes, want %d", len(got), len(huge))
	}
	if got := answer(t, doc.GetScript(within(t))); got != "small" {
		t.Errorf("got %q", got)
	}
}

func TestAFrameAboveTheLimitEndsTheSession(t *testing.T) {
	t.Parallel()
	frame := func(size int) string {
		return `{"id":1,"result":"` + strings.Repeat("x", size-len(`{"id":1,"result":""}`)) + `"}`
	}
	const limit = 1 << 20
	t.Run("at the limit it is fine", func(t *testing.T) {
		t.Parallel()
		s := dial(t, qix.Dialer{MaxFrame: limit}, q.Script{q.Greet(), q.Expect("X"), q.Send(frame(limit))})
		answer(t, qix.Send[string](within(t), s, -1, "X"))
	})
	t.Run("above it isn't", func(t *testing.T) {
		t.Parallel()
		s := dial(t, qix.Dialer{MaxFrame: limit}, q.Script{q.Greet(), q.Expect("X"), q.SendTooMuch(frame(limit + 1))})
		e := failure[*qix.ClosedError](t, qix.Send[string](within(t), s, -1, "X"))
		if f := as[*qix.FrameError](t, e); !errors.Is(f, qix.ErrFrameTooLarge) || !strings.Contains(f.Error(), "1048576") {
			t.Errorf("error %v", f)
		}
	})
}

func TestTenThousandCallsInLineAreAllAnswered(t *testing.T) {
	t.Parallel()
	const calls = 10_000
	meter := &qix.Meter{}
	s := dial(t, qix.Dialer{Meter: meter}, q.Script{q.Greet(), q.Serve(func(r q.Request) any { return r.Params })})
	replies := make([]*qix.Reply[[]int], calls)
	ctx := within(t)
	for i := range replies {
		replies[i] = qix.Send[[]int](ctx, s, -1, "Echo", i)
	}
	for i, r := range replies {
		if got, err := r.Get(ctx); err != nil || len(got) != 1 || got[0] != i {
			t.Fatalf("call %d: got %v, %v", i, got, err)
		}
	}
	if got := meter.Counts(); got.Calls != calls {
		t.Errorf("counts %+v", got)
	}
}

func TestTheWindowHoldsCallsBackUntilOthersAreAnswered(t *testing.T) {
	t.Parallel()
	full := make(chan struct{})
	s := dial(t, qix.Dialer{Window: 2}, q.Script{
		q.Greet(), q.Expect("A"), q.Expect("B"), q.Tell(full), q.Quiet(), q.ReplyTo(1, 2), q.Expect("C"), q.ReplyTo(2, 3), q.ReplyTo(0, 1),
	})
	a, b, c := qix.Send[int](within(t), s, -1, "A"), qix.Send[int](within(t), s, -1, "B"), qix.Send[int](within(t), s, -1, "C")
	<-full
	if got := []int{answer(t, a), answer(t, b), answer(t, c)}; got[0] != 1 || got[1] != 2 || got[2] != 3 {
		t.Errorf("got %v", got)
	}
}

func TestManyGoroutinesShareASession(t *testing.T) {
	t.Parallel()
	s := dial(t, qix.Dialer{Window: 4}, q.Script{q.Greet(), q.Serve(func(r q.Request) any { return r.Params })})
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for i := range 100 {
				ctx, cancel := context.WithCancel(within(t))
				reply := qix.Send[[]int](ctx, s, -1, "Echo", g, i)
				if i%7 == 0 {
					cancel()
				}
				got, err := reply.Get(ctx)
				if err != nil && !errors.Is(err, context.Canceled) || err == nil && (got[0] != g || got[1] != i) {
					t.Errorf("call %d/%d: %v, %v", g, i, got, err)
				}
				cancel()
			}
		})
	}
	all.Wait()
}

func TestTheCallersOfADyingSessionAreAllFreed(t *testing.T) {
	t.Parallel()
	die := make(chan struct{})
	s := dial(t, qix.Dialer{Window: 4}, q.Script{q.Greet(), q.ExpectAny("Echo"), q.Await(die), q.Drop()})
	var all, sending sync.WaitGroup
	sending.Add(16)
	for range 16 {
		all.Go(func() {
			var replies []*qix.Reply[int]
			for range 100 {
				replies = append(replies, qix.Send[int](context.Background(), s, -1, "Echo"))
			}
			sending.Done()
			for _, r := range replies {
				failure[*qix.ClosedError](t, r)
			}
		})
	}
	sending.Wait()
	close(die)
	all.Wait()
}

// Not parallel: it counts goroutines.
func TestAnEndedSessionLeavesNoGoroutine(t *testing.T) {
	for name, end := range map[string]func(s *qix.Session){
		"closed":  func(s *qix.Session) { closeSession(t, s) },
		"dropped": func(s *qix.Session) { <-s.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Run("session", func(t *testing.T) {
				last := q.Serve(func(q.Request) any { return nil })
				if name == "dropped" {
					last = q.Script{q.Expect("EngineVersion"), q.Drop()}.AsStep()
				}
				peer := q.Start(t, q.Script{q.Greet(), last})
				s, err := qix.Dialer{}.Dial(within(t), peer.URL(), nil)
				if err != nil {
					t.Fatal(err)
				}
				reply := s.EngineVersion(within(t))
				end(s)
				_, _ = reply.Get(within(t)) // answered or not: it returns
			})
			goleak.VerifyNone(t, before)
		})
	}
}

func TestRawAnswersStayWhatTheyAreWhenLaterFramesArrive(t *testing.T) {
	t.Parallel()
	_, doc := open(t, q.Serve(func(r q.Request) any {
		return map[string]json.Number{"qProp": json.Number(strings.Repeat(strconv.FormatInt(r.ID%9+1, 10), 1000))}
	}))
	var got [][]byte
	for range 50 {
		got = append(got, answer(t, doc.GetAppProperties(within(t))))
	}
	for i, value := range got {
		if !bytes.Equal(value, bytes.Repeat(value[:1], 1000)) {
			t.Errorf("answer %d is mixed", i)
		}
	}
}
