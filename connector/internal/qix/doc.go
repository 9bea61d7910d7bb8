// Package qix speaks to the Qlik Engine: JSON-RPC over one WebSocket (facts C).
//
// A [Dialer] opens a [Session] and waits for the Engine's greeting. [Send] and the methods of
// [Session], [Doc] and [Handle] put a request on its way and return a [Reply] at once, so that a
// caller can have many requests in flight and pay the latency once; [Reply.Get] waits for the
// answer and decodes it in the caller's goroutine.
//
// Two goroutines serve a session. The reader looks up the reply's number in the table of pending
// calls and hands the bytes over; the writer is the only one that writes requests. Whichever ends
// first ends the other: the session then has one terminal error, which every waiting and every
// later call returns as a [ClosedError].
//
// The package knows the wire only. It doesn't log, doesn't log in (URL, cookies and Origin come
// from the caller), doesn't know what an app means to a catalog, and never asks for deltas, sends
// WebSocket pings or offers compression (facts C.2, C.3).
package qix
