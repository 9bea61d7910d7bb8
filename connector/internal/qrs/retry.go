package qrs

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// setRetries says what is tried again: only what changes nothing on the server and may heal. resty heeds
// Retry-After only when it is given a function for it, and asks it for the ordinary pauses too.
func (c *Client) setRetries() {
	count, pause, limit := c.cfg.Retries, c.cfg.RetryPause, c.cfg.RetryLimit
	if count == 0 {
		count = 3
	}
	if pause == 0 {
		pause = 300 * time.Millisecond
	}
	if limit == 0 {
		limit = 15 * time.Second
	}
	c.rest.SetRetryCount(max(count, 0)).SetRetryWaitTime(pause / 2).SetRetryMaxWaitTime(maxAsked)
	c.rest.AddRetryCondition(c.worthRetry)
	c.rest.SetRetryAfter(func(_ *resty.Client, r *resty.Response) (time.Duration, error) {
		asked := retryAfter(r.Header(), time.Now())
		if asked == 0 {
			return backOff(pause, limit, r.Request.Attempt), nil
		}
		if asked > maxAsked {
			// Coming back early would be rude, and waiting that long is the caller's choice.
			return 0, c.statusError(call{}, r.StatusCode(), r.Header(), r.Body())
		}
		return asked, nil
	})
}

// maxAsked is the longest pause that a server gets when it asks for one (Retry-After).
const maxAsked = 2 * time.Minute

// backOff is the pause before attempt+1: doubling up to limit, with half of it left to chance, so that
// requests that failed together don't come back together.
func backOff(pause, limit time.Duration, attempt int) time.Duration {
	full := limit
	if n := attempt - 1; n < 16 {
		full = min(pause<<max(n, 0), limit)
	}
	return full/2 + rand.N(full/2+1)
}

// worthRetry reports whether the same request may succeed a little later.
func (c *Client) worthRetry(r *resty.Response, err error) bool {
	if r == nil || r.Request == nil {
		return false
	}
	repeatable := r.Request.Method == http.MethodGet ||
		r.Request.Method == http.MethodPost && strings.Contains(r.Request.URL, "/table")
	if !repeatable {
		return false
	}
	if err != nil {
		return !permanent(err) && !errors.Is(err, resty.ErrResponseBodyTooLarge)
	}
	if r.StatusCode() < 429 {
		return false
	}
	kind := c.statusError(call{}, r.StatusCode(), r.Header(), r.Body()).Kind
	return kind == Throttled || kind == Unavailable
}
