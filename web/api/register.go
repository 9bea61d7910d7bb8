package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// An op describes an operation. The package's comment says what its fields make the platform do.
type op struct {
	ID, Method, Path string // "start-crawl", "POST", "/connections/{code}/crawls"; the path is below Prefix
	Summary          string // a few words
	Description      string // sentences, if the summary leaves something open
	Tag              string // the resource

	Role            auth.Role // auth.Anyone: no login needed
	ConnectionParam string    // the path parameter that is a connection's code
	KeyParam        string    // the query parameter that is a catalog key, which begins with a code
	ConnectionLater bool      // the handler calls allow

	Status  int                  // of success; 0: 200 with a body, 204 without
	MaxBody int64                // bytes; 0: 1 MB
	Timeout time.Duration        // 0: defaultTimeout
	Sending time.Duration        // how long the client may take to send the body; 0: defaultTimeout
	Stream  bool                 // the answer may take any time
	List    catalog.ListName     // of a list: which one of
	Queries catalog.QueryChecker // these
	Unkept  bool                 // the answer is given once, and not kept for a repetition of the call

	OwnFaults bool // the input finds all that is wrong with the body, types included

	one     string // of a keyed list: what one of its things is called
	listing *listing
}

const (
	defaultTimeout = 30 * time.Second
	maxBody        = 1 << 20
)

// register adds an operation to the API.
func register[I, O any](a *API, o op, handle func(context.Context, *I) (*O, error)) {
	operation := a.operation(o)
	huma.Register(a.huma, operation, func(ctx context.Context, in *I) (*O, error) {
		if found := strays(ctx); len(found) > 0 {
			return nil, a.problemOf(ctx, o.ID, found)
		}
		ctx, cancel := a.limited(ctx, o)
		defer cancel()
		bodyIsRead(ctx)
		asked := &later{}
		ctx = context.WithValue(ctx, laterKey{}, asked)
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.problemOf(ctx, o.ID, err)
		}
		if o.ConnectionLater && !asked.done.Load() {
			return nil, a.problemOf(ctx, o.ID, errNotAsked)
		}
		return out, tagged(ctx, out)
	})
	a.sound(o, reflect.TypeFor[I](), reflect.TypeFor[O]())
	a.tellConditions(o, reflect.TypeFor[O]())
}

// limited gives a handler its time.
func (a *API) limited(ctx context.Context, o op) (context.Context, context.CancelFunc) {
	switch {
	case o.Stream:
		// The stream is written after the handler has returned: its own context ends with the request.
		return ctx, func() {}
	case o.Timeout > 0:
		return context.WithTimeout(ctx, o.Timeout)
	default:
		return context.WithTimeout(ctx, defaultTimeout)
	}
}

// writeGrace is how long the sending of an answer may take besides the making of it.
const writeGrace = 30 * time.Second

// timed sets how long the answer may take to be sent: the server itself sets no limit, for the sake of
// streams. A stream ends when the service stops.
func (a *API) timed(o op) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		if !o.Stream {
			limit := writeGrace + max(o.Timeout, defaultTimeout)
			// A writer without deadlines is a test's.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
			ctx := withCondition(context.WithValue(r.Context(), writerKey{}, w), r)
			next(humago.NewContext(hc.Operation(), r.WithContext(ctx), w))
			return
		}
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), writerKey{}, w))
		defer cancel()
		go func() {
			select {
			case <-a.Stopping:
				cancel()
			case <-ctx.Done():
			}
		}()
		next(humago.NewContext(hc.Operation(), r.WithContext(ctx), w))
	}
}

type writerKey struct{}

// bodyIsRead lifts the deadline that the reading of the body had. It is one of the connection, and when it
// passes net/http takes the client for gone: a call that takes longer would be given up.
func bodyIsRead(ctx context.Context) {
	if w, ok := ctx.Value(writerKey{}).(http.ResponseWriter); ok {
		// A writer without deadlines is a test's.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
}

// operation is what huma is to know of o.
func (a *API) operation(o op) huma.Operation {
	h := huma.Operation{
		OperationID: o.ID, Method: o.Method, Path: o.Path, Summary: o.Summary, Description: o.Description,
		Tags: []string{o.Tag}, DefaultStatus: o.Status, MaxBodyBytes: o.MaxBody, BodyReadTimeout: cmp.Or(o.Sending, defaultTimeout),
		Extensions:  map[string]any{"x-role": "anyone"},
		Security:    []map[string][]string{},
		Middlewares: huma.Middlewares{a.timed(o), a.authorize(o), lookForStrays},
		Responses:   map[string]*huma.Response{},
		Metadata:    map[string]any{metaAPI: a},

		SkipValidateBody: o.OwnFaults,
	}
	if o.Method != http.MethodGet {
		h.Middlewares = huma.Middlewares{a.timed(o), a.audited(o), a.authorize(o), a.idempotent(o), lookForStrays}
		if o.Role != auth.Anyone {
			h.Parameters = append(h.Parameters, keyParameter())
		}
	}
	if o.listing != nil {
		h.Metadata[metaList] = o.listing
	}
	if h.MaxBodyBytes == 0 {
		h.MaxBodyBytes = maxBody
	}
	if o.Role != auth.Anyone {
		h.Extensions["x-role"] = string(o.Role)
		h.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
	}
	switch {
	case o.ConnectionParam != "":
		h.Extensions["x-connection"] = "path:" + o.ConnectionParam
	case o.KeyParam != "":
		h.Extensions["x-connection"] = "query:" + o.KeyParam
	case o.ConnectionLater:
		h.Extensions["x-connection"] = "resource"
	}
	return h
}

// authorize is the one place where an operation's role is enforced.
func (a *API) authorize(o op) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if p := refusal(ctx, o); p != nil {
			p.RequestID = RequestID(ctx.Context())
			a.write(ctx, p)
			return
		}
		next(ctx)
	}
}

// refusal says why the principal may not do o, or nil if it may.
func refusal(ctx huma.Context, o op) *Problem {
	if o.Role == auth.Anyone {
		return nil
	}
	who := auth.From(ctx.Context())
	if !who.Known() {
		return unauthorized()
	}
	if code, named := connectionOf(ctx, o); named {
		return refusalOn(who, o.Role, code)
	}
	var may bool
	switch {
	case o.ConnectionLater, o.KeyParam != "":
		may = who.MaySomewhere(o.Role)
	case o.Role == auth.SecurityAdmin, o.Role == auth.Admin:
		may = who.MayAll(o.Role)
	default:
		may = who.MayItself(o.Role) || o.Role == auth.Viewer && who.MaySomewhere(o.Role)
	}
	if !may {
		return forbidden(o.Role)
	}
	return nil
}

// refusalOn says why the principal may not do what needs a role on a connection. One that it may not
// see doesn't exist for it.
func refusalOn(who auth.Principal, need auth.Role, code string) *Problem {
	switch {
	case !who.Scope().Allows(code):
		return unknownConnection(code)
	case !who.MayOn(need, code):
		return forbidden(need)
	default:
		return nil
	}
}

// connectionOf finds the code of the connection that a request is about.
func connectionOf(ctx huma.Context, o op) (code string, named bool) {
	switch {
	case o.ConnectionParam != "":
		return ctx.Param(o.ConnectionParam), true
	case o.KeyParam != "":
		// Which key has no connection of its own (a shared dataset) the handler's query scopes.
		key := ctx.Query(o.KeyParam)
		if key == "" || strings.HasPrefix(key, "dataset:") {
			return "", false
		}
		code, _, _ = strings.Cut(key, "/")
		if decoded, err := url.PathUnescape(code); err == nil {
			code = decoded
		}
		return code, true
	default:
		return "", false
	}
}

// A later remembers that a handler has asked allow.
type later struct{ done atomic.Bool }

type laterKey struct{}

var errNotAsked = &catalog.Error{Code: catalog.CodeInternal, Op: "authorize", Key: "a handler answered without asking allow"}

// allow is for handlers with op.ConnectionLater: it returns the problem to return if the principal may
// not do what needs that role on the connection, whose existence it hides from those who may not see it.
func allow(ctx context.Context, need auth.Role, connection string) error {
	allowed(ctx)
	if p := refusalOn(auth.From(ctx), need, connection); p != nil {
		return p
	}
	return nil
}

// allowed notes that a handler with op.ConnectionLater has looked after the rights.
func allowed(ctx context.Context) {
	if l, ok := ctx.Value(laterKey{}).(*later); ok {
		l.done.Store(true)
	}
}

// write answers with a problem from a middleware.
func (a *API) write(ctx huma.Context, p *Problem) {
	for name, values := range p.headers {
		for _, v := range values {
			ctx.AppendHeader(name, v)
		}
	}
	ctx.SetHeader("Content-Type", "application/problem+json")
	ctx.SetStatus(p.Status)
	if err := a.huma.Marshal(ctx.BodyWriter(), "application/json", p); err != nil {
		a.Log.Debug("a problem could not be sent", "error", err)
	}
}

// sortedRoles is the roles that include one, for messages.
func sortedRoles(need auth.Role) string {
	var names []string
	for _, r := range catalog.Roles {
		if r.Includes(need) {
			names = append(names, string(r))
		}
	}
	return strings.Join(slices.Compact(names), ", ")
}
