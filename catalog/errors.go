package catalog

import (
	"context"
	"errors"
	"strings"
)

// Code is a kind of failure: the error_code column, and what the CLI and the API decide on.
type Code string

// The closed set of codes (contract §4).
const (
	CodeInvalid       Code = "invalid"
	CodeNotFound      Code = "not_found"
	CodeConflict      Code = "conflict"
	CodeUnauthorized  Code = "unauthorized"
	CodeForbidden     Code = "forbidden"
	CodeSectionAccess Code = "section_access"
	CodeWouldMigrate  Code = "would_migrate"
	CodeSessionLimit  Code = "session_limit"
	CodeUnreachable   Code = "unreachable"
	CodeThrottled     Code = "throttled"
	CodeTimeout       Code = "timeout"
	CodeTooLarge      Code = "too_large"
	CodeUnreadable    Code = "unreadable"
	CodeInternal      Code = "internal"
)

// Codes are all codes, in the contract's order.
var Codes = []Code{
	CodeInvalid, CodeNotFound, CodeConflict, CodeUnauthorized, CodeForbidden, CodeSectionAccess, CodeWouldMigrate,
	CodeSessionLimit, CodeUnreachable, CodeThrottled, CodeTimeout, CodeTooLarge, CodeUnreadable, CodeInternal,
}

// Transient reports whether the same call may succeed a little later.
func (c Code) Transient() bool {
	return c == CodeUnreachable || c == CodeThrottled || c == CodeTimeout
}

// An Error says what was done, to what, why it failed and what to do about it. It never holds a secret.
type Error struct {
	Code Code
	Op   string // "open app"
	Key  Key    // the subject, if it has a key
	Err  error  // the cause
	Cure string // a sentence for the person who can change something; may be empty
}

func (e *Error) Error() string {
	var parts []string
	if op := strings.TrimSpace(e.Op + " " + string(e.Key)); op != "" {
		parts = append(parts, op)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	} else {
		parts = append(parts, strings.ReplaceAll(string(e.Code), "_", " "))
	}
	return strings.Join(parts, ": ")
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf finds the code in a chain of errors. An ended context is a timeout when its deadline passed;
// what nobody classified is internal; nil has no code.
func CodeOf(err error) Code {
	var e *Error
	var fields FieldErrors
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.As(err, &fields):
		return CodeInvalid
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	default:
		return CodeInternal
	}
}

// CureOf finds the first cure in a chain of errors.
func CureOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Cure != "" {
			return e.Cure
		}
		err = e.Err
	}
	return ""
}
