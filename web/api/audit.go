package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// An AuditStore keeps the audit log.
type AuditStore interface {
	AddAudit(ctx context.Context, e catalog.AuditEntry) error
	Audit(ctx context.Context, q catalog.Query) (catalog.Page[catalog.AuditEntry], error)
}

// A trail is what a handler adds to the audit row of its call.
type trail struct {
	mu         sync.Mutex
	words      []string
	user       string
	connection string
}

type trailKey struct{}

// annotate adds words to the audit row of a call: what was changed, never a secret.
func annotate(ctx context.Context, words string) {
	if t, ok := ctx.Value(trailKey{}).(*trail); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.words = append(t.words, words)
	}
}

// aboutConnection says which connection a call was about, where its path doesn't.
func aboutConnection(ctx context.Context, code string) {
	if t, ok := ctx.Value(trailKey{}).(*trail); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.connection = code
	}
}

// byUser says who made a call that came without a credential: a login.
func byUser(ctx context.Context, name string) {
	if t, ok := ctx.Value(trailKey{}).(*trail); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.user = name
	}
}

// auditTimeout is how long the writing of an audit row may take after its call has ended.
const auditTimeout = 5 * time.Second

// audited writes a row for a call that may change something, whatever comes of it. Calls of nobody are
// left out, but for logins: anybody could fill the log with them.
func (a *API) audited(o op) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		t := &trail{}
		t.connection, _ = connectionOf(hc, o)
		seen := &answer{ResponseWriter: w}
		ctx := context.WithValue(r.Context(), trailKey{}, t)
		defer func() {
			// A panic goes on to whoever answers it with a 500.
			a.writeAudit(ctx, o, r, t, seen.Status())
		}()
		next(humago.NewContext(hc.Operation(), r.WithContext(ctx), seen))
	}
}

func (a *API) writeAudit(ctx context.Context, o op, r *http.Request, t *trail, status int) {
	who := auth.From(ctx)
	t.mu.Lock()
	entry := catalog.AuditEntry{
		User: who.Name(), Via: who.Via(), Address: auth.Address(ctx), Action: o.ID, Method: r.Method, Path: r.URL.Path,
		Connection: t.connection, Status: int64(status), RequestID: RequestID(ctx), Detail: strings.Join(t.words, "; "),
	}
	if t.user != "" {
		entry.User = t.user
	}
	t.mu.Unlock()
	if entry.User == "" || a.Audit == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	if err := a.Audit.AddAudit(ctx, entry); err != nil {
		a.Log.ErrorContext(ctx, "the audit log could not be written", "entry", entry, "error", err)
	}
}

// An answer remembers its status.
type answer struct {
	http.ResponseWriter
	status int
}

// Status is the answer's status; 500 if the handler gave none.
func (a *answer) Status() int {
	if a.status == 0 {
		return http.StatusInternalServerError
	}
	return a.status
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what is below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what is written so far.
func (a *answer) Flush() {
	// What can't be flushed is sent when the answer ends.
	_ = http.NewResponseController(a.ResponseWriter).Flush()
}
