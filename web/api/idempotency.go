package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A CallStore keeps the answers of calls with an Idempotency-Key, for all processes.
type CallStore interface {
	BeginCall(ctx context.Context, call catalog.KeyedCall) (kept catalog.KeyedCall, began bool, err error)
	EndCall(ctx context.Context, call catalog.KeyedCall) error
}

const (
	keyHeader  = "Idempotency-Key"
	longestKey = 255
	// keptAnswer is the longest answer that is kept, in bytes.
	keptAnswer = 1 << 20
	// endTimeout is how long the keeping of an answer may take.
	endTimeout = 5 * time.Second
)

// keyParameter is what the OpenAPI document says of the header.
func keyParameter() *huma.Param {
	limit := longestKey
	return &huma.Param{
		Name: keyHeader, In: "header", Schema: &huma.Schema{Type: "string", MaxLength: &limit},
		Description: "Any text of the client's, such as a UUID. A call that is sent again with the key of one that was answered in the last 24 hours " +
			"is not made again: it gets the same answer, with Idempotency-Replayed: true. The same key with another request is refused.",
	}
}

// idempotent answers a call that was made before as it was answered then. Keys belong to the session or
// token that they came with. Failures that may pass (5xx, 401, 403, 408, 429) are not kept.
func (a *API) idempotent(o op) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		key, who := hc.Header(keyHeader), auth.From(hc.Context())
		if key == "" || !who.Known() || a.Calls == nil {
			next(hc)
			return
		}
		if len(key) > longestKey {
			next(withStrays(hc, catalog.FieldErrors{{In: "header", Path: keyHeader, Message: fmt.Sprintf("is longer than %d bytes", longestKey), Cure: "Send a UUID."}}))
			return
		}
		r, w := humago.Unwrap(hc)
		limit := o.MaxBody
		if limit == 0 {
			limit = maxBody
		}
		// A writer without deadlines is a test's.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(cmp.Or(o.Sending, defaultTimeout)))
		call, body, p := keyed(r, who, key, limit)
		if p == nil {
			p = a.beginCall(r, w, key, call)
		}
		if p != nil {
			if p != replayed {
				p.RequestID = RequestID(r.Context())
				a.write(hc, p)
			}
			return
		}
		r2 := r.WithContext(r.Context())
		r2.Body = io.NopCloser(bytes.NewReader(body))
		keep := &copier{answer: answer{ResponseWriter: w}, long: o.Unkept}
		defer func() { a.endCall(r, key, call, keep) }()
		next(humago.NewContext(hc.Operation(), r2, keep))
	}
}

// keyed reads the body and says what is asked, so that it can be compared.
func keyed(r *http.Request, who auth.Principal, key string, limit int64) (catalog.KeyedCall, []byte, *Problem) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return catalog.KeyedCall{}, nil, newProblem(http.StatusRequestTimeout, catalog.CodeTimeout, "The request's body took too long to come.", "Send it again.")
	case err != nil:
		return catalog.KeyedCall{}, nil, newProblem(http.StatusBadRequest, catalog.CodeInvalid, "The request's body broke off.", "Send it again.")
	case int64(len(body)) > limit:
		return catalog.KeyedCall{}, nil, newProblem(http.StatusRequestEntityTooLarge, catalog.CodeTooLarge,
			fmt.Sprintf("The request's body is longer than %d bytes.", limit), "Send less at a time.")
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), r.Header.Get("If-Match"))
	h.Write(body)
	sum := sha256.Sum256([]byte(key))
	return catalog.KeyedCall{Credential: who.Via(), Key: sum[:], Request: h.Sum(nil)}, body, nil
}

// replayed stands for an answer that was given already.
var replayed = &Problem{}

// beginCall begins a call, or answers it as it was answered before, or says why neither is possible.
func (a *API) beginCall(r *http.Request, w http.ResponseWriter, key string, call catalog.KeyedCall) *Problem {
	kept, began, err := a.Calls.BeginCall(r.Context(), call)
	switch {
	case err != nil:
		return a.problemOf(r.Context(), "begin a call with a key", err)
	case began:
		return nil
	case !bytes.Equal(kept.Request, call.Request):
		return newProblem(http.StatusUnprocessableEntity, catalog.CodeConflict,
			"This Idempotency-Key came with another request before.", "Use a key of its own for each request.")
	case kept.Status == 0:
		p := newProblem(http.StatusConflict, catalog.CodeConflict,
			"A call with this Idempotency-Key is being made.", "Send it again in a moment, to get that call's answer.")
		p.headers.Set("Retry-After", strconv.Itoa(1))
		return p
	}
	var given keptResponse
	if err := given.open(r, key, kept.Answer); err != nil {
		return newProblem(http.StatusConflict, catalog.CodeConflict,
			"The call was made before, and its answer wasn't kept.", "Read what it made.")
	}
	for name, values := range given.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(kept.Status)
	// A client that went away needs no answer.
	_, _ = w.Write(given.Body)
	return replayed
}

// endCall keeps a call's answer, or forgets the call if the same may end otherwise the next time.
func (a *API) endCall(r *http.Request, key string, call catalog.KeyedCall, given *copier) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), endTimeout)
	defer cancel()
	switch status := given.Status(); {
	case status >= http.StatusInternalServerError, status == http.StatusUnauthorized, status == http.StatusForbidden,
		status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		call.Status = 0
	default:
		call.Status = status
	}
	if call.Status != 0 && !given.long {
		kept := keptResponse{Header: http.Header{}, Body: given.copy.Bytes()}
		for _, name := range []string{"Content-Type", "Location", "Etag", "Link"} {
			if values := given.Header().Values(name); len(values) > 0 {
				kept.Header[name] = values
			}
		}
		var err error
		if call.Answer, err = kept.seal(r, key); err != nil {
			a.Log.ErrorContext(ctx, "an answer can't be kept", "error", err)
		}
	}
	if err := a.Calls.EndCall(ctx, call); err != nil {
		a.Log.ErrorContext(ctx, "an answer can't be kept", "request_id", RequestID(ctx), "error", err)
	}
}

// A copier keeps what it sends.
type copier struct {
	answer
	copy bytes.Buffer
	long bool // more than is kept, or nothing is to be kept
}

func (c *copier) Write(p []byte) (int, error) {
	if c.copy.Len()+len(p) > keptAnswer {
		c.long = true
	} else {
		c.copy.Write(p)
	}
	return c.answer.Write(p)
}

// A keptResponse is an answer as it is kept: sealed, since it may hold a new token. Only who has the same
// session or token and the same key can open it; the database has neither.
type keptResponse struct {
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

func (k keptResponse) seal(r *http.Request, key string) ([]byte, error) {
	aead, err := sealer(r, key)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(k)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, plain, nil), nil
}

func (k *keptResponse) open(r *http.Request, key string, sealed []byte) error {
	aead, err := sealer(r, key)
	if err != nil {
		return err
	}
	if len(sealed) < aead.NonceSize() {
		return errors.New("no answer was kept")
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, k)
}

func sealer(r *http.Request, key string) (cipher.AEAD, error) {
	sum := sha256.Sum256([]byte("answer\x00" + auth.CredentialOf(r) + "\x00" + key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
