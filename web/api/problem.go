package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A Problem is the answer to a call that failed: RFC 9457 with a code and a cure.
type Problem struct {
	Type      string         `json:"type" doc:"A page about this kind of problem." example:"/api/v1/#problem-not_found"`
	Title     string         `json:"title" doc:"The HTTP status in words."`
	Status    int            `json:"status" doc:"The HTTP status."`
	Code      catalog.Code   `json:"code" doc:"The kind of failure, for programs." example:"not_found"`
	Detail    string         `json:"detail" doc:"What failed and why, for people."`
	Cure      string         `json:"cure,omitempty" doc:"What to do about it."`
	RequestID string         `json:"request_id,omitempty" doc:"What the service's log knows this call by."`
	Errors    []FieldProblem `json:"errors,omitempty" doc:"All the fields that are wrong."`
	Conflicts []string       `json:"conflicts,omitempty" doc:"What stands in the way: the running crawl, the users of a connection."`

	headers http.Header
}

// A FieldProblem is one thing wrong with one field.
type FieldProblem struct {
	In      string `json:"in" enum:"body,query,path,header" doc:"Where the field is."`
	Pointer string `json:"pointer" doc:"A JSON pointer to it; empty: the whole." example:"/options/workers"`
	Detail  string `json:"detail" doc:"What is wrong."`
	Cure    string `json:"cure,omitempty" doc:"What to do about it."`
}

func (p *Problem) Error() string           { return p.Detail }
func (p *Problem) GetStatus() int          { return p.Status }
func (p *Problem) GetHeaders() http.Header { return p.headers }
func (p *Problem) ContentType(ct string) string {
	return strings.Replace(ct, "/json", "/problem+json", 1)
}

// statusOf is the one table from our codes to HTTP's. What a source refuses us is not what we refuse
// the caller: its unauthorized is a bad gateway, not a 401.
func statusOf(c catalog.Code) int {
	switch c {
	case catalog.CodeInvalid:
		return http.StatusUnprocessableEntity
	case catalog.CodeNotFound:
		return http.StatusNotFound
	case catalog.CodeConflict, catalog.CodeWouldMigrate:
		return http.StatusConflict
	case catalog.CodeForbidden, catalog.CodeSectionAccess:
		return http.StatusForbidden
	case catalog.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case catalog.CodeUnauthorized, catalog.CodeUnreadable:
		return http.StatusBadGateway
	case catalog.CodeUnreachable, catalog.CodeThrottled, catalog.CodeSessionLimit:
		return http.StatusServiceUnavailable
	case catalog.CodeTimeout:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// tells reports whether errors of a code are written for whoever asked. Others may name hosts, files
// or tables of ours: of them only the operation and the cure are told, and the log has the rest.
func tells(c catalog.Code) bool {
	switch c {
	case catalog.CodeInvalid, catalog.CodeNotFound, catalog.CodeConflict, catalog.CodeWouldMigrate,
		catalog.CodeSectionAccess, catalog.CodeTooLarge, catalog.CodeSessionLimit:
		return true
	default:
		return false
	}
}

func newProblem(status int, code catalog.Code, detail, cure string) *Problem {
	return &Problem{
		Type: Prefix + "/#problem-" + string(code), Title: http.StatusText(status), Status: status,
		Code: code, Detail: detail, Cure: cure, headers: http.Header{},
	}
}

// problemOf puts a handler's error into a problem; what the caller isn't told is logged.
func (a *API) problemOf(ctx context.Context, operation string, err error) *Problem {
	var p *Problem
	var fields catalog.FieldErrors
	var refused *auth.Refusal
	id := RequestID(ctx)
	switch {
	case errors.As(err, &p):
	case errors.As(err, &refused):
		p = newProblem(http.StatusForbidden, catalog.CodeForbidden, refused.Reason, catalog.CureOf(err))
	case errors.As(err, &fields):
		p = newProblem(http.StatusUnprocessableEntity, catalog.CodeInvalid, "The request has "+faults(len(fields))+".", "")
		for _, f := range fields {
			p.Errors = append(p.Errors, fieldProblem(f))
		}
	default:
		p = a.told(ctx, operation, err)
	}
	p.RequestID = id
	return p
}

// told is the problem of an error that is not about fields.
func (a *API) told(ctx context.Context, operation string, err error) *Problem {
	code := catalog.CodeOf(err)
	if code == catalog.CodeInternal && errors.Is(err, context.Canceled) {
		// The client went away, or the service stops: nobody reads this answer as a fault of ours.
		return newProblem(http.StatusServiceUnavailable, catalog.CodeUnreachable, "The call was given up before it ended.", "Try again.")
	}
	status := statusOf(code)
	detail := err.Error()
	if !tells(code) {
		a.Log.ErrorContext(ctx, "a call failed", "operation", operation, "request_id", RequestID(ctx), "code", code, "error", err)
		detail = hidden(err, code)
	}
	p := newProblem(status, code, detail, catalog.CureOf(err))
	if status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout {
		p.headers.Set("Retry-After", strconv.Itoa(retryAfter))
	}
	return p
}

// retryAfter is how many seconds a client should wait after a failure that may pass.
const retryAfter = 5

// hidden is what is told of an error whose text isn't.
func hidden(err error, code catalog.Code) string {
	var known *catalog.Error
	if code != catalog.CodeInternal && errors.As(err, &known) && known.Op != "" {
		return known.Op + ": " + strings.ReplaceAll(string(code), "_", " ") + "; the log has more under this request's id"
	}
	return "Something failed inside; the log has it under this request's id."
}

func faults(n int) string {
	if n == 1 {
		return "one fault"
	}
	return fmt.Sprintf("%d faults", n)
}

func fieldProblem(f catalog.FieldError) FieldProblem {
	in := f.In
	if in == "" {
		in = "body"
	}
	p := FieldProblem{In: in, Pointer: f.Pointer(), Detail: f.Message, Cure: f.Cure}
	if p.Cure == "" {
		p.Cure = "Change it as it says there; " + Prefix + "/openapi.json describes it."
	}
	return p
}

// conflict is a 409 that lists what stands in the way.
func conflict(detail, cure string, with ...string) *Problem {
	p := newProblem(http.StatusConflict, catalog.CodeConflict, detail, cure)
	p.Conflicts = with
	return p
}

func unauthorized() *Problem {
	p := newProblem(http.StatusUnauthorized, catalog.CodeUnauthorized, "This needs a login or an API token, and the request has none that is valid.",
		"Log in with POST "+Prefix+"/session, or send an API token: Authorization: Bearer TOKEN.")
	p.headers.Set("WWW-Authenticate", `Bearer realm="qlikcrawler"`)
	return p
}

func forbidden(need auth.Role) *Problem {
	return newProblem(http.StatusForbidden, catalog.CodeForbidden, fmt.Sprintf("This needs the role %s.", need),
		fmt.Sprintf("Ask a security admin for one of the roles %s; a token has at most its own role.", sortedRoles(need)))
}

// invalidRequest is what huma and the operation's input found wrong with a request. hc may be nil.
func invalidRequest(hc huma.Context, status int, message string, errs []error) *Problem {
	var id string
	if hc != nil {
		id = RequestID(hc.Context())
	}
	code := catalog.CodeInvalid
	switch status {
	case http.StatusRequestEntityTooLarge:
		code = catalog.CodeTooLarge
	case http.StatusRequestTimeout:
		code = catalog.CodeTimeout
	case http.StatusInternalServerError:
		return withID(newProblem(status, catalog.CodeInternal, "Something failed inside; the log has it under this request's id.", ""), id)
	}
	p := newProblem(status, code, strings.ToUpper(message[:min(1, len(message))])+message[min(1, len(message)):]+".", curesOfStatus[status])
	p.Errors = reported(hc, errs)
	if message == "request body is required" {
		p.Errors = append([]FieldProblem{missingBody()}, p.Errors...)
	}
	if len(p.Errors) > 0 && code == catalog.CodeInvalid {
		p.Detail = "The request has " + faults(len(p.Errors)) + "."
	}
	return withID(p, id)
}

// curesOfStatus are what to do about a request that wasn't read to its end.
var curesOfStatus = map[int]string{
	http.StatusRequestEntityTooLarge: "Send less at a time.",
	http.StatusRequestTimeout:        "Send it again, on a faster way.",
	http.StatusUnsupportedMediaType:  "Send JSON, with Content-Type: application/json.",
	http.StatusNotAcceptable:         "Accept application/json.",
}

func withID(p *Problem, id string) *Problem {
	p.RequestID = id
	return p
}

type requestIDKey struct{}

// WithRequestID puts the id of a request into its context.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id of the request that a context belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
