package qix

import (
	"sync/atomic"
	"time"
)

// A Meter counts what sessions cost. Many sessions may share one. The zero value is ready.
type Meter struct {
	sockets, calls, retries, cancels, probes, opens, opensWithData, framesIn, bytesIn, bytesOut, busy atomic.Int64

	// Answered hears of each answer to a call; code is the Engine's error, 0 for none. Set before the first
	// session, or nil.
	Answered func(code int)
}

func (m *Meter) answered(code int) {
	if m.Answered != nil {
		m.Answered(code)
	}
}

// Counts is what a Meter has counted so far.
type Counts struct {
	Sockets       int64 // sessions that were greeted
	Calls         int64 // requests sent, retries included; not cancels and probes
	Retries       int64 // requests sent again after error 15
	Cancels       int64 // CancelRequests sent
	Probes        int64 // EngineVersion sent into silence
	Opens         int64 // calls of OpenDoc
	OpensWithData int64 // those of them that asked for the data
	FramesIn      int64 // messages received
	BytesIn       int64 // bytes of messages received, as the WebSocket carries them inside its frames
	BytesOut      int64 // bytes of messages sent, likewise

	Busy time.Duration // while calls were unanswered, of all sessions together
}

// Counts reads the counters. Safe at any time, from any goroutine.
func (m *Meter) Counts() Counts {
	if m == nil {
		return Counts{}
	}
	return Counts{
		Sockets: m.sockets.Load(), Calls: m.calls.Load(), Retries: m.retries.Load(),
		Cancels: m.cancels.Load(), Probes: m.probes.Load(),
		Opens: m.opens.Load(), OpensWithData: m.opensWithData.Load(),
		FramesIn: m.framesIn.Load(), BytesIn: m.bytesIn.Load(), BytesOut: m.bytesOut.Load(), Busy: time.Duration(m.busy.Load()),
	}
}
