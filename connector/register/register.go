// Package register keeps the connections of a team: it reads what people and programs write, checks it
// before it is saved, starts the first crawl, looks after everybody's health and takes away what is to go.
package register

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
	"github.com/qlikcrawler/qlikcrawler/connector/guard"
)

// Store is what the register needs of the catalog.
type Store interface {
	Connection(ctx context.Context, code string) (catalog.Connection, error)
	AddConnection(ctx context.Context, c catalog.Connection) error
	EditConnection(ctx context.Context, c catalog.Connection, drop []string) error
	Secret(ctx context.Context, code, path string) (string, error)

	BeginRemoval(ctx context.Context, code string) error
	Removals(ctx context.Context) ([]string, error)
	FinishRemoval(ctx context.Context, code string, progress func()) error
	RemoveSchedule(ctx context.Context, code string) error

	ClaimHealthChecks(ctx context.Context, every time.Duration, limit int) ([]catalog.Connection, error)
	SaveHealth(ctx context.Context, code string, revision int64, r catalog.HealthResult) error
}

// Deps are what New needs.
type Deps struct {
	Store   Store
	Sources connector.Sources
	Policy  guard.Policy          // of what comes through the API
	Resolve connector.ResolveFunc // reads references
	// CheckSchedule is document.Reader's.
	CheckSchedule func(*catalog.Schedule) catalog.FieldErrors
	Start         StartFunc        // starts a new connection's first crawl; nil: none is started
	Log           *slog.Logger     // nil: discard
	Now           func() time.Time // nil: time.Now
	Checks        int              // at a time; 0: 4
}

// StartFunc starts a crawl.
type StartFunc func(ctx context.Context, run catalog.Run) (catalog.RunID, error)

// A Register is safe for use by several goroutines.
type Register struct {
	Deps
	checking chan struct{} // holds one for each check under way
	memory   *memory
}

// New makes a register.
func New(d Deps) *Register {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Checks == 0 {
		d.Checks = 4
	}
	return &Register{Deps: d, checking: make(chan struct{}, d.Checks), memory: newMemory(d.Now)}
}

// Types describe the kinds of connections, with every key.
func (r *Register) Types() []catalog.ConnectionType { return document.Types(r.Sources) }

// Read gives a connection by its keys.
func (r *Register) Read(ctx context.Context, code string) (catalog.ConnectionDocument, error) {
	conn, err := r.Store.Connection(ctx, code)
	if err != nil {
		return catalog.ConnectionDocument{}, err
	}
	keys, err := document.Tree(conn)
	return catalog.ConnectionDocument{Connection: conn, Keys: keys}, err
}

// Create adds a connection, once its check has passed, and starts its first crawl. Errors are
// catalog.FieldErrors, CodeConflict where code or name is taken, or a *catalog.CheckFailed.
func (r *Register) Create(ctx context.Context, req catalog.SaveRequest) (catalog.SavedConnection, error) {
	conn, err := r.parse(req, catalog.Connection{})
	if err != nil || req.DryRun {
		return catalog.SavedConnection{}, err
	}
	if _, err := r.Store.Connection(ctx, conn.Code); err == nil {
		return catalog.SavedConnection{}, r.Store.AddConnection(ctx, conn) // which says that it is taken
	}
	steps, err := r.proven(ctx, conn, req)
	if err != nil {
		return catalog.SavedConnection{}, err
	}
	if err := r.Store.AddConnection(ctx, conn); err != nil {
		return catalog.SavedConnection{}, err
	}
	saved := catalog.SavedConnection{Check: steps}
	if r.Start != nil {
		saved.FirstRun, err = r.Start(ctx, catalog.Run{Connection: conn.Code, Mode: catalog.Full, Trigger: catalog.ByCreation})
		if err != nil { // the connection is there: a crawl can be started by hand
			r.Log.WarnContext(ctx, "the first crawl of a new connection could not be started", "connection", conn.Code, "error", err)
		}
	}
	saved.ConnectionDocument, err = r.Read(ctx, conn.Code)
	return saved, err
}

// attempts is how often an edit is made anew when another one came between, and nobody said of which
// revision it was made.
const attempts = 5

// Replace makes a connection what the keys say: what they leave out has its default, but secrets stay.
// Nothing is fetched. Where url, login, TLS or proxy change, a check has to pass first.
func (r *Register) Replace(ctx context.Context, code string, req catalog.SaveRequest) (catalog.SavedConnection, error) {
	return r.edit(ctx, code, req, func(map[string]any) (map[string]any, error) { return req.Keys, nil })
}

// Patch changes those keys of a connection that the merge patch (RFC 7396) has: null takes one away, a
// secret too.
func (r *Register) Patch(ctx context.Context, code string, req catalog.SaveRequest) (catalog.SavedConnection, error) {
	return r.edit(ctx, code, req, func(now map[string]any) (map[string]any, error) {
		return r.merged(now, req.Keys), nil
	})
}

func (r *Register) edit(ctx context.Context, code string, req catalog.SaveRequest, change func(map[string]any) (map[string]any, error)) (catalog.SavedConnection, error) {
	for n := 1; ; n++ {
		old, err := r.Store.Connection(ctx, code)
		if err != nil {
			return catalog.SavedConnection{}, err
		}
		if req.Revision != 0 && req.Revision != old.Revision {
			return catalog.SavedConnection{}, &catalog.Error{
				Code: catalog.CodeConflict, Op: "edit connection", Key: catalog.Key(code), Err: catalog.ErrChanged, Cure: "Read it again, and make the edit anew.",
			}
		}
		saved, err := r.editOnce(ctx, old, req, change)
		if errors.Is(err, catalog.ErrChanged) && req.Revision == 0 && n < attempts {
			continue
		}
		return saved, err
	}
}

func (r *Register) editOnce(ctx context.Context, old catalog.Connection, req catalog.SaveRequest, change func(map[string]any) (map[string]any, error)) (catalog.SavedConnection, error) {
	before, err := document.Tree(old)
	if err != nil {
		return catalog.SavedConnection{}, err
	}
	unscheduled := old.Schedule != nil && isNull(req.Keys, "schedule")
	if req.Keys, err = change(before); err != nil {
		return catalog.SavedConnection{}, err
	}
	conn, err := r.parse(req, old)
	if unscheduled && !req.MaySchedule {
		var errs catalog.FieldErrors
		errors.As(err, &errs)
		err = append(errs, errSchedule...)
	}
	if err != nil || req.DryRun {
		return catalog.SavedConnection{}, err
	}
	var steps []catalog.CheckStep
	if matters(conn, old) {
		if steps, err = r.proven(ctx, conn, req); err != nil {
			return catalog.SavedConnection{}, err
		}
	}
	var drop []string
	conn.Secrets, drop = document.Edit(conn, old)
	if err := r.Store.EditConnection(ctx, conn, drop); err != nil {
		return catalog.SavedConnection{}, err
	}
	if unscheduled {
		if err := r.Store.RemoveSchedule(ctx, conn.Code); err != nil {
			return catalog.SavedConnection{}, err
		}
	}
	doc, err := r.Read(ctx, conn.Code)
	return catalog.SavedConnection{ConnectionDocument: doc, Check: steps}, err
}

// parse makes a connection of keys, or says everything that is wrong with them.
func (r *Register) parse(req catalog.SaveRequest, old catalog.Connection) (catalog.Connection, error) {
	keys := req.Keys
	var before map[string]any
	if old.Code != "" {
		var err error
		if before, err = document.Tree(old); err != nil {
			return catalog.Connection{}, err
		}
		keys = withFixed(keys, old)
	}
	conn, errs := document.Reader{Sources: r.Sources, Old: old, NullForgets: true, CheckSchedule: r.CheckSchedule}.Read(keys)
	conn.Revision = old.Revision
	if old.Code != "" && conn.Code != "" && conn.Code != old.Code {
		errs.Add("code", "%s", codeStays(old.Code))
	}
	if source, ok := r.Sources.Find(conn.Type); ok {
		known := before
		if len(document.Redirected(old, keys, source)) > 0 {
			known = withoutSecrets(before, source) // a reference to what the editor may not read doesn't go along either
		}
		for _, e := range r.Policy.Check(keys, known, source) {
			// Whether a file may be named is no news of a key that takes none.
			told := func(f catalog.FieldError) bool { return f.Path == e.Path }
			if !slices.Contains(source.Files, e.Path) || !slices.ContainsFunc(errs, told) {
				errs = append(errs, e)
			}
		}
	}
	if !req.MayGrant && !reflect.DeepEqual(grants(keys), grants(before)) {
		errs = append(errs, catalog.FieldError{
			Path: "admins", Message: "may be changed by a security admin only: it gives people a role", Cure: "Leave it as it is, or ask a security admin.",
		})
	}
	switch {
	case conn.Schedule == nil:
	case old.Schedule != nil && sameSchedule(*conn.Schedule, *old.Schedule):
		conn.Schedule = nil // as before: its next crawl stays where it is
	case !req.MaySchedule:
		errs = append(errs, errSchedule...)
	}
	return conn, errs.OrNil()
}

// withoutSecrets is a tree without the references of its secrets.
func withoutSecrets(tree map[string]any, source connector.Source) map[string]any {
	return pruned(tree, "", source.Sent)
}

func pruned(tree map[string]any, at string, paths []string) map[string]any {
	out := make(map[string]any, len(tree))
	for k, v := range tree {
		if slices.Contains(paths, at+k) {
			continue
		}
		if inner, ok := v.(map[string]any); ok {
			v = pruned(inner, at+k+".", paths)
		}
		out[k] = v
	}
	return out
}

// errSchedule is for who may edit a connection, but not say when it is crawled.
var errSchedule = catalog.FieldErrors{{Path: "schedule", Message: "may be changed by an integration admin only", Cure: "Leave it as it is, or ask an integration admin."}}

func sameSchedule(a, b catalog.Schedule) bool {
	a.Next, b.Next = time.Time{}, time.Time{}
	return a == b
}

func isNull(keys map[string]any, key string) bool {
	x, given := keys[key]
	return given && x == nil
}

func codeStays(code string) string {
	return fmt.Sprintf("of a connection never changes: it is the first part of every key, and this one's is %s; add a second connection instead", code)
}

// withFixed fills in what an edit needn't repeat since it never changes.
func withFixed(keys map[string]any, old catalog.Connection) map[string]any {
	out := make(map[string]any, len(keys)+2)
	out["code"], out["type"] = old.Code, old.Type
	for k, v := range keys {
		out[k] = v
	}
	return out
}

// grants are the admins of a tree, without empty lists.
func grants(tree map[string]any) map[string]any {
	out := map[string]any{}
	admins, _ := tree["admins"].(map[string]any)
	for role, names := range admins {
		if list, ok := names.([]any); !ok || len(list) > 0 {
			out[role] = names
		}
	}
	return out
}

// merged is a merge patch applied (RFC 7396), but for the secrets: null stays, so that they are forgotten.
func (r *Register) merged(now, patch map[string]any) map[string]any {
	typ, _ := now["type"].(string)
	source, _ := r.Sources.Find(typ)
	secret := map[string]bool{}
	for _, path := range source.Secrets {
		secret[path] = true
	}
	return merge(now, patch, "", secret)
}

func merge(now, patch map[string]any, at string, secret map[string]bool) map[string]any {
	out := make(map[string]any, len(now)+len(patch))
	for k, v := range now {
		out[k] = v
	}
	for k, v := range patch {
		inner, isGroup := v.(map[string]any)
		switch {
		case v == nil && !secret[at+k]:
			delete(out, k)
		case isGroup:
			old, _ := out[k].(map[string]any)
			out[k] = merge(old, inner, at+k+".", secret)
		default:
			out[k] = v
		}
	}
	return out
}

// Remove begins to take a connection away, with everything that the catalog has of it. CodeConflict with
// a *catalog.InUse where something uses it.
func (r *Register) Remove(ctx context.Context, code string) error {
	return r.Store.BeginRemoval(ctx, code)
}

// FinishRemovals goes on with the removals that anybody began, until they are done.
func (r *Register) FinishRemovals(ctx context.Context) error {
	codes, err := r.Store.Removals(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, code := range codes {
		began := r.Now()
		if err := r.Store.FinishRemoval(ctx, code, nil); err != nil {
			errs = append(errs, fmt.Errorf("remove connection %s: %w", code, err))
			continue
		}
		r.Log.InfoContext(ctx, "connection removed", "connection", code, "took", r.Now().Sub(began).Round(time.Millisecond))
	}
	return errors.Join(errs...)
}
