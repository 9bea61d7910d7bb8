package qrs

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// setRetries says what is tried again: only what changes nothing on the server and may heal. resty
// heeds Retry-After only when it is given a function for it.
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
	c.rest.SetRetryCount(max(count, 0)).SetRetryWaitTime(pause).SetRetryMaxWaitTime(limit)
	c.rest.AddRetryCondition(c.worthRetry)
	c.rest.SetRetryAfter(func(_ *resty.Client, r *resty.Response) (time.Duration, error) {
		asked := retryAfter(r.Header(), time.Now())
		if asked > limit {
			// Coming back early would be rude, and waiting that long is the caller's choice.
			return 0, c.statusError(call{}, r.StatusCode(), r.Header(), r.Body())
		}
		return asked, nil // 0: the ordinary pause
	})
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
