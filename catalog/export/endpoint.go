package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// An Endpoint takes events of OpenLineage over HTTP, as Marquez does at /api/v1/lineage and DataHub at
// /openapi/openlineage/api/v1/lineage.
type Endpoint struct {
	URL    *url.URL
	Token  string                                     // sent as a bearer token; "": none
	Client *http.Client                               // nil: one that times out after 30 s
	Wait   func(context.Context, time.Duration) error // nil: waits; tests don't
}

const (
	defaultPath   = "/api/v1/lineage"
	attempts      = 6
	firstPause    = time.Second
	longestPause  = 2 * time.Minute
	answerTimeout = 30 * time.Second
	maxAnswer     = 1 << 12 // bytes of an answer that are read
)

// ParseEndpoint reads the address of an endpoint. One without a path gets that of OpenLineage's own API.
func ParseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &catalog.Error{
			Code: catalog.CodeInvalid, Op: "read the address of the endpoint", Err: errors.New("this is no http or https address"),
			Cure: "Write it as http://marquez.example.com:5000.",
		}
	}
	if u.User != nil {
		return nil, &catalog.Error{
			Code: catalog.CodeInvalid, Op: "read the address of the endpoint", Err: errors.New("it holds a user or a password"),
			Cure: "Give a token, see --token.",
		}
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = defaultPath
	}
	return u, nil
}

// Send delivers one event. It tries again, with growing pauses or the one that the endpoint asks for, when
// the endpoint can't be reached, is busy or fails; it gives up after six attempts, and at once when the
// endpoint refuses the event or the token.
func (e *Endpoint) Send(ctx context.Context, event []byte) error {
	pause := firstPause
	for n := 1; ; n++ {
		retry, after, err := e.post(ctx, event)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !retry || n == attempts {
			return e.failed(err, n)
		}
		wait := pause/2 + rand.N(pause/2+1)
		if after > 0 {
			wait = min(after, longestPause)
		}
		pause = min(2*pause, longestPause)
		if err := e.wait(ctx, wait); err != nil {
			return err
		}
	}
}

func (e *Endpoint) wait(ctx context.Context, d time.Duration) error {
	if e.Wait != nil {
		return e.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A refusal is an answer that isn't "taken".
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string {
	s := fmt.Sprintf("the endpoint answered %d %s", r.status, http.StatusText(r.status))
	if r.text != "" {
		s += ": " + r.text
	}
	return s
}

// post sends an event once. retry says whether another attempt makes sense, after how long the endpoint
// asks to wait.
func (e *Endpoint) post(ctx context.Context, event []byte) (retry bool, after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL.String(), bytes.NewReader(event))
	if err != nil {
		return false, 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if e.Token != "" {
		req.Header.Set("Authorization", "Bearer "+e.Token)
	}
	resp, err := e.client().Do(req)
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err // without the address, which may hold a key
		}
		return true, 0, err
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode/100 == 2 {
		return false, 0, nil
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		retry = true
	default:
		retry = resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
	}
	return retry, retryAfter(resp.Header.Get("Retry-After"), time.Now()), &refusal{resp.StatusCode, e.shown(body)}
}

// client doesn't follow redirects: they would turn a POST into a GET.
func (e *Endpoint) client() *http.Client {
	c := http.Client{Timeout: answerTimeout}
	if e.Client != nil {
		c = *e.Client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// shown is as much of an answer as an error may tell: one line, without the token.
func (e *Endpoint) shown(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " ")
	if e.Token != "" {
		text = strings.ReplaceAll(text, e.Token, catalog.Masked)
	}
	if text = catalog.Mask(text); len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return text
}

// retryAfter reads the header of the same name: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return time.Duration(min(n, 3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// failed says what went wrong, and what to do.
func (e *Endpoint) failed(err error, tried int) error {
	out := &catalog.Error{Code: catalog.CodeUnreachable, Op: "send lineage to " + e.URL.Host, Err: err, Cure: "Check the address, and whether the endpoint is up."}
	if tried > 1 {
		out.Err = fmt.Errorf("%d attempts: %w", tried, err)
	}
	var r *refusal
	if !errors.As(err, &r) {
		return out
	}
	switch {
	case r.status == http.StatusUnauthorized:
		out.Code, out.Cure = catalog.CodeUnauthorized, "Give a token that the endpoint takes, see --token."
	case r.status == http.StatusForbidden:
		out.Code, out.Cure = catalog.CodeForbidden, "Give the token's owner the right to write lineage."
	case r.status == http.StatusNotFound, r.status == http.StatusMethodNotAllowed, r.status/100 == 3:
		out.Code, out.Cure = catalog.CodeNotFound, "Give the whole address, such as http://HOST:5000/api/v1/lineage or https://HOST/openapi/openlineage/api/v1/lineage."
	case r.status == http.StatusTooManyRequests:
		out.Code, out.Cure = catalog.CodeThrottled, "Try again later."
	case r.status/100 == 4:
		out.Code, out.Cure = catalog.CodeInvalid, "The endpoint doesn't take events of OpenLineage 2-0-2: check its version."
	}
	return out
}
