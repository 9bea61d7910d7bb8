package register

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// checkLimit is how long one check may take in all; each step has a limit of its own.
const checkLimit = 4 * time.Minute

// Check goes to the site of a connection step by step, as connector.Checker says. code and keys say
// which: keys alone are a connection that isn't saved, code alone is one that is, and both are one as
// an edit would make it. The sequence ends early when ctx does. CodeThrottled: enough checks are under way.
func (r *Register) Check(ctx context.Context, code string, req catalog.SaveRequest) (iter.Seq[catalog.CheckStep], error) {
	conn, err := r.subject(ctx, code, req)
	if err != nil || req.DryRun {
		return nil, err
	}
	select {
	case r.checking <- struct{}{}:
	default:
		return nil, &catalog.Error{
			Code: catalog.CodeThrottled, Op: "check connection", Key: catalog.Key(conn.Code), Err: errors.New("several checks are under way"),
			Cure: "Try again when one of them has ended.",
		}
	}
	return r.watched(ctx, conn), nil
}

// watched are the steps of a check whose turn has come. What they say is remembered.
func (r *Register) watched(ctx context.Context, conn catalog.Connection) iter.Seq[catalog.CheckStep] {
	return func(yield func(catalog.CheckStep) bool) {
		defer func() { <-r.checking }()
		limited, cancel := context.WithTimeout(ctx, checkLimit)
		defer cancel()
		var steps []catalog.CheckStep
		for step := range r.steps(limited, conn) {
			told := told(step)
			steps = append(steps, told)
			if !yield(told) {
				return
			}
		}
		if limited.Err() == nil {
			r.memory.keep(fingerprint(r.memory.salt, conn), steps, r.lockable(conn))
		}
	}
}

// subject is the connection that a check is about.
func (r *Register) subject(ctx context.Context, code string, req catalog.SaveRequest) (catalog.Connection, error) {
	if code == "" {
		return r.parse(req, catalog.Connection{})
	}
	conn, err := r.Store.Connection(ctx, code)
	if err != nil || req.Keys == nil {
		return conn, err
	}
	return r.parse(req, conn)
}

// steps are those of the source's check. A connection that can't even be opened has one step, which failed.
func (r *Register) steps(ctx context.Context, conn catalog.Connection) iter.Seq[connector.Step] {
	return func(yield func(connector.Step) bool) {
		checker, err := r.open(ctx, conn)
		if err != nil {
			yield(connector.Step{Name: "settings", Title: "Read the settings", Status: connector.StepFailed, Err: err})
			return
		}
		defer func() {
			if err := checker.Close(); err != nil {
				r.Log.Warn("could not log out of Qlik: the session lasts until it idles out", "connection", conn.Code, "error", err)
			}
		}()
		for step := range checker.Check(ctx) {
			if !yield(step) {
				return
			}
		}
	}
}

func (r *Register) open(ctx context.Context, conn catalog.Connection) (connector.Checker, error) {
	source, ok := r.Sources.Find(conn.Type)
	if !ok {
		return nil, fmt.Errorf("connection %s is of type %q, which this version doesn't read", conn.Code, conn.Type)
	}
	src, err := source.Open(ctx, connector.Env{
		Connection: conn, Secret: Secrets(r.Store, r.Resolve, conn), Control: r.Policy.Network.Control, Log: r.Log.With("connection", conn.Code), Now: r.Now,
	})
	if err != nil {
		return nil, err
	}
	checker, ok := src.(connector.Checker)
	if !ok {
		return nil, fmt.Errorf("sources of type %s can't be checked: %w", conn.Type, src.Close())
	}
	return checker, nil
}

func (r *Register) lockable(conn catalog.Connection) bool {
	source, ok := r.Sources.Find(conn.Type)
	return ok && source.Lockable(conn)
}

// A SecretStore opens sealed secrets.
type SecretStore interface {
	Secret(ctx context.Context, code, path string) (string, error)
}

// Secrets gives a function that resolves the secrets of a connection when they are needed: those that it
// brings, those that the store has sealed (which have no value in it), and what its references point to.
// A nil store has none.
func Secrets(store SecretStore, resolve connector.ResolveFunc, conn catalog.Connection) func(context.Context, string) (string, error) {
	references := connector.SecretsOf(conn, resolve)
	return func(ctx context.Context, path string) (string, error) {
		if s, sealed := conn.Secrets[path]; sealed && store != nil && s.Reveal() == "" {
			return store.Secret(ctx, conn.Code, path)
		}
		return references(ctx, path)
	}
}

func told(s connector.Step) catalog.CheckStep {
	t := catalog.CheckStep{Name: s.Name, Title: s.Title, Status: string(s.Status), Detail: s.Detail, DurationMS: s.Took.Milliseconds()}
	if s.Err != nil {
		t.ErrorCode, t.Error, t.Cure, t.Key = catalog.CodeOf(s.Err), s.Err.Error(), catalog.CureOf(s.Err), s.Key
	}
	return t
}

func failed(steps []catalog.CheckStep) bool {
	return len(steps) == 0 || slices.ContainsFunc(steps, func(s catalog.CheckStep) bool { return s.Status == string(connector.StepFailed) })
}

// proven makes sure that a connection works before it is saved: by a check that passed lately, or by one
// now. A login that was refused a moment ago isn't tried again: an account would lock.
func (r *Register) proven(ctx context.Context, conn catalog.Connection, req catalog.SaveRequest) ([]catalog.CheckStep, error) {
	if req.Anyway {
		return nil, nil
	}
	steps, known := r.memory.recall(fingerprint(r.memory.salt, conn))
	if !known {
		seq, err := r.checkOf(ctx, conn)
		if err != nil {
			return nil, err
		}
		steps = slices.Collect(seq)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if failed(steps) {
		return nil, &catalog.Error{
			Code: catalog.CodeConflict, Op: "save connection", Key: catalog.Key(conn.Code), Err: &catalog.CheckFailed{Steps: steps},
			Cure: "Change what the step says, or save it all the same with save_anyway=true.",
		}
	}
	return steps, nil
}

// checkOf is Check of a connection that has been read; it waits for its turn.
func (r *Register) checkOf(ctx context.Context, conn catalog.Connection) (iter.Seq[catalog.CheckStep], error) {
	select {
	case r.checking <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return r.watched(ctx, conn), nil
}

// unproven are the keys of the settings that a check says nothing about.
var unproven = []string{"link_url", "options", "retention", "admins", "notify"}

// essence is what a check proves: the address and the way in, or whatever else a source has in their place.
func essence(conn catalog.Connection) map[string]any {
	var settings map[string]any
	if json.Unmarshal(conn.Settings, &settings) != nil {
		return nil
	}
	out := map[string]any{"type": conn.Type, "url": conn.URL}
	for k, x := range settings {
		if !slices.Contains(unproven, k) {
			out[k] = x
		}
	}
	return out
}

// matters tells whether an edit changes what a check proves.
func matters(conn, old catalog.Connection) bool {
	for path, s := range conn.Secrets {
		if _, had := old.Secrets[path]; !had || s.Reveal() != "" {
			return true
		}
	}
	for path := range old.Secrets {
		if _, has := conn.Secrets[path]; !has {
			return true
		}
	}
	now, _ := json.Marshal(essence(conn))
	before, _ := json.Marshal(essence(old))
	return string(now) != string(before)
}

// fingerprint tells two connections apart by what a check proves, secrets included.
func fingerprint(salt []byte, conn catalog.Connection) [sha256.Size]byte {
	secrets := map[string]string{}
	for path, s := range conn.Secrets {
		secrets[path] = s.Reveal()
		if s.Reveal() == "" {
			secrets[path] = fmt.Sprintf("stored of %s at %d", conn.Code, conn.Revision)
		}
	}
	doc, _ := json.Marshal([]any{essence(conn), slices.Sorted(maps.Keys(secrets)), secrets}) // texts and maps of them
	return sha256.Sum256(append(slices.Clone(salt), doc...))
}

// How long a check's outcome counts.
const (
	passedFor  = time.Hour
	refusedFor = 10 * time.Minute // a refused login
	mostKept   = 1000
)

// A memory remembers the outcomes of checks, without what was checked.
type memory struct {
	salt []byte
	now  func() time.Time

	mu   sync.Mutex
	kept map[[sha256.Size]byte]outcome
}

type outcome struct {
	until time.Time
	steps []catalog.CheckStep
}

func newMemory(now func() time.Time) *memory {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	return &memory{salt: salt, now: now, kept: map[[sha256.Size]byte]outcome{}}
}

// keep remembers a check that passed, or whose login was refused where that may lock the account. Other
// faults may have been mended by the time that somebody saves.
func (m *memory) keep(of [sha256.Size]byte, steps []catalog.CheckStep, lockable bool) {
	lasts := passedFor
	if failed(steps) {
		lasts = 0
		if lockable && refused(steps) {
			lasts = refusedFor
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, of)
	if lasts == 0 {
		return
	}
	maps.DeleteFunc(m.kept, func(_ [sha256.Size]byte, o outcome) bool { return m.now().After(o.until) })
	if len(m.kept) < mostKept {
		m.kept[of] = outcome{m.now().Add(lasts), steps}
	}
}

// refused tells whether the site refused the login.
func refused(steps []catalog.CheckStep) bool {
	return slices.ContainsFunc(steps, func(s catalog.CheckStep) bool {
		return s.Status == string(connector.StepFailed) && s.Name == "login" && s.ErrorCode == catalog.CodeUnauthorized
	})
}

func (m *memory) recall(of [sha256.Size]byte) ([]catalog.CheckStep, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.kept[of]
	return o.steps, ok && m.now().Before(o.until)
}
