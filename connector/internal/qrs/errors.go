package qrs

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Kind is why a call failed, as far as the status and the text tell.
type Kind string

// The kinds of failure. The texts are those of facts A.2, A.5, A.9 and B.1.
const (
	Network          Kind = "network"           // no answer: see Err
	NotQlik          Kind = "not qlik"          // an answer that no Qlik server gives
	WrongPrefix      Kind = "wrong prefix"      // 400 with a page: no such virtual proxy, or not linked
	SessionEnded     Kind = "session ended"     // 401, a redirect to the login, or 500 "Authentication error"
	Xsrf             Kind = "xsrf"              // the xrfkey pair was refused
	Inactive         Kind = "inactive account"  // 403 "Your account is inactive"
	Forbidden        Kind = "forbidden"         // any other 403
	NotFound         Kind = "not found"         // 404 and 410
	BadFilter        Kind = "bad filter"        // 400 "Cannot parse the expression"
	MissingParameter Kind = "missing parameter" // 400 "Missing parameter value(s)"
	BadRequest       Kind = "bad request"       // any other 4xx
	Throttled        Kind = "throttled"         // 429, or 503 with Retry-After
	Unavailable      Kind = "unavailable"       // 5xx
	BadAnswer        Kind = "bad answer"        // a good status, but not what was expected
	Changing         Kind = "changing"          // the totals never agreed
)

// An Error says which call failed and why. It holds no query and no header, so no filter and no secret.
type Error struct {
	Op         string // "list apps"
	Method     string
	Path       string // under the base address, without query
	Status     int    // 0: no answer
	Text       string // the first words of the answer
	Location   string // where a redirect led, without query
	Kind       Kind
	RetryAfter time.Duration // what a Throttled one asked for; 0: it didn't say
	Err        error         // the cause, if there is one
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s", e.Op, e.Method, e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Location != "" {
		b.WriteString(" to " + e.Location)
	}
	if e.Text != "" {
		b.WriteString(": " + e.Text)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf finds the kind in a chain of errors; "" for none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// statusError makes an error of an answer that isn't 2xx.
func (c *Client) statusError(k call, status int, header http.Header, body []byte) *Error {
	e := c.failed(k, status, "", nil)
	e.Text = c.firstWords(body)
	e.Location = place(header.Get("Location"))
	e.RetryAfter = retryAfter(header, time.Now())
	e.Kind = kindOf(k, e, isPage(header, body))
	if e.Kind == WrongPrefix {
		e.Text = "the proxy answered with a page" // 88 kB of it (facts A.5)
	}
	return e
}

// kindOf is the one place where a status and a text become a kind.
func kindOf(k call, e *Error, page bool) Kind {
	has := func(text string) bool { return strings.Contains(strings.ToLower(e.Text), text) }
	switch s := e.Status; {
	case has("xsrf prevention check failed"):
		return Xsrf
	case s == 401, s >= 300 && s < 400, s == 500 && has("authentication error"), s == 403 && k.login:
		return SessionEnded
	case s == 403 && has("account is inactive"):
		return Inactive
	case s == 403:
		return Forbidden
	case s == 404 || s == 410:
		return NotFound
	case s == 400 && has("cannot parse the expression"):
		return BadFilter
	case s == 400 && has("missing parameter value"):
		return MissingParameter
	case s == 400 && page:
		return WrongPrefix
	case s == 429, s == 503 && e.RetryAfter > 0:
		return Throttled
	case s >= 500:
		return Unavailable
	default:
		return BadRequest
	}
}

// networkError makes an error of a call that got no answer. An ended context stays recognizable, and
// the address, which holds the query, stays out.
func (c *Client) networkError(ctx context.Context, k call, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", k.op, context.Cause(ctx))
	}
	var throttled *Error
	if errors.As(err, &throttled) {
		throttled.Op, throttled.Method, throttled.Path = k.op, k.verb(), k.path
		return throttled
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if strings.HasPrefix(err.Error(), "failed to parse Location header") { // its text has the whole address
		return c.failed(k, 0, BadAnswer, errors.New("the server leads to something that is no address"))
	}
	return c.failed(k, 0, Network, err)
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style)\b.*?</(script|style)>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// firstWords is what an error body says, in one short line without markup. Secrets are hidden before
// anything is cut: half a secret is none that Hide would find.
func (c *Client) firstWords(body []byte) string {
	body = []byte(c.cfg.Hide(string(body)))
	if len(body) > 8<<10 {
		body = body[:8<<10]
	}
	text := html.UnescapeString(tags.ReplaceAllString(strings.ToValidUTF8(string(body), "?"), " "))
	text = strings.Trim(spaces.ReplaceAllString(text, " "), ` "`)
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return text
}

func isPage(header http.Header, body []byte) bool {
	start := strings.ToLower(strings.TrimSpace(string(body[:min(len(body), 100)])))
	return strings.Contains(header.Get("Content-Type"), "text/html") ||
		strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// place is an address without its query, which may hold a ticket.
func place(location string) string {
	u, err := url.Parse(location)
	if err != nil || location == "" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// retryAfter reads the header in both its forms; 0 when it isn't there.
func retryAfter(header http.Header, now time.Time) time.Duration {
	v := header.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
