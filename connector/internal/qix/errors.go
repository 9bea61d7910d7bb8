package qix

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Codes of the Engine that callers tell apart (facts C.3).
const (
	CodeInvalidParams   = -32602 // wrong or closed handle
	CodeMethodNotFound  = -32601 // the Engine is older than the method
	CodeTooLarge        = -32604
	CodeNotFound        = 2
	CodeAccessDenied    = 5
	CodeOutOfMemory     = 6
	CodeCorrupt         = 11
	CodeAborted         = 15 // retried by this package
	CodeAlreadyOpen     = 1002
	CodeAppNotFound     = 1003
	CodeAppInvalid      = 1007
	CodeOpenedOtherwise = 1009 // open in the other mode, with or without data
	CodeAppTooLarge     = 1015
	CodeUserDenied      = 4000 // section access or app right refuses the user
	CodeReloading       = 11000
)

// An EngineError is the Engine's refusal of one call. The session lives on.
type EngineError struct {
	Code      int
	Parameter string
	Message   string
	Method    string // the call that was refused
}

func (e *EngineError) Error() string {
	var b strings.Builder
	if e.Method != "" {
		b.WriteString(e.Method + ": ")
	}
	b.WriteString("engine error " + strconv.Itoa(e.Code))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Parameter != "" {
		b.WriteString(" (" + e.Parameter + ")")
	}
	return b.String()
}

// A PushError is a message with which the proxy or the Engine ended the session, such as
// OnMaxParallelSessionsExceeded (facts C.2). For a session state that is a refusal, Method is
// OnConnected and Message the state.
type PushError struct {
	Method  string
	Message string // may be empty
}

func (e *PushError) Error() string {
	if e.Message == "" {
		return "server pushed " + e.Method
	}
	return "server pushed " + e.Method + ": " + e.Message
}

// A HandshakeError says why no session came about on the way to the greeting.
type HandshakeError struct {
	// Status is the HTTP status of the answer to the upgrade: 0 if there was no answer, 101 if the
	// upgrade was accepted but no greeting came, or the session ended right after it.
	Status   int
	Body     string // the first 200 bytes of the answer
	Location string // where a redirect leads, without its query
	// Err is the cause when there is one: of the network or TLS, os.ErrDeadlineExceeded when one
	// of the Dialer's limits passed, a *PeerClosedError when the server hung up ungreeted.
	Err error
}

func (e *HandshakeError) Error() string {
	text := "engine handshake"
	switch {
	case e.Status == 101:
		text += ": accepted, but no session came about"
	case e.Status != 0:
		text += ": HTTP " + strconv.Itoa(e.Status)
	}
	if e.Location != "" {
		text += " to " + e.Location
	}
	if e.Body != "" {
		text += fmt.Sprintf(": %q", e.Body)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *HandshakeError) Unwrap() error { return e.Err }

// An AuthError says that the proxy doesn't know the user: the socket was accepted and greeted with
// mustAuthenticate (facts C.2).
type AuthError struct {
	LoginURI string // as sent; its query may hold a one-time target id, so Error leaves it out
}

func (e *AuthError) Error() string {
	if e.LoginURI == "" {
		return "engine session: must authenticate"
	}
	return "engine session: must authenticate at " + withoutQuery(e.LoginURI)
}

// ErrFrameTooLarge is why a FrameError came about when the message exceeds Dialer.MaxFrame.
var ErrFrameTooLarge = errors.New("larger than the limit")

// A FrameError is a message from the server that can't be understood; it ends the session.
type FrameError struct {
	Size  int64  // bytes of the message, as far as known
	Start string // the first 200 bytes, cut where a result begins
	Err   error
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("frame of %d bytes that starts with %q: %v", e.Size, e.Start, e.Err)
}

func (e *FrameError) Unwrap() error { return e.Err }

// A PeerClosedError says that the other side ended the connection. Code is the WebSocket close
// code, 1006 when it hung up without one.
type PeerClosedError struct {
	Code int
	Text string
}

func (e *PeerClosedError) Error() string {
	text := "closed by the server with code " + strconv.Itoa(e.Code)
	if e.Text != "" {
		text += fmt.Sprintf(" %q", e.Text)
	}
	return text
}

// A ClosedError is the terminal error of a session, given to every call that waits and every call
// made later. Cause is nil after Close; else a *PushError, *FrameError, *PeerClosedError,
// *EngineError or an error of the network.
type ClosedError struct {
	Cause error
}

func (e *ClosedError) Error() string {
	if e.Cause == nil {
		return "engine session closed"
	}
	return "engine session closed: " + e.Cause.Error()
}

func (e *ClosedError) Unwrap() error { return e.Cause }

// A NullHandleError says that a thing was to be used that the Engine answered with a null handle,
// which is how it says that an id is unknown or forbidden (facts C.5).
type NullHandleError struct {
	Method string // the call that needs the handle
}

func (e *NullHandleError) Error() string { return e.Method + ": no such object (null handle)" }

// A DecodeError is an answer of a shape that this client doesn't expect. The value that comes
// with it holds what could be read.
type DecodeError struct {
	Method string
	Err    error
}

func (e *DecodeError) Error() string { return e.Method + ": unexpected answer: " + e.Err.Error() }

func (e *DecodeError) Unwrap() error { return e.Err }

// withoutQuery is uri as an error may show it: tickets and tokens travel in the query.
func withoutQuery(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "(unreadable address)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
