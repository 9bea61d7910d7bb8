package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// A remote is a running server, asked over its API.
type remote struct {
	base   string // with /api/v1
	token  string
	client *http.Client
}

// newRemote checks what the command line says of a server. The token may be in QLIKCRAWLER_TOKEN, where
// other users of the machine don't see it.
func newRemote(server, token string, getenv func(string) string) (*remote, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, wrongUse("--server %q: want an address such as https://qlikcrawler.example.com", server)
	}
	if token == "" {
		token = getenv("QLIKCRAWLER_TOKEN")
	}
	if token == "" {
		return nil, wrongUse("--server needs an API token: give --token, or set QLIKCRAWLER_TOKEN")
	}
	return &remote{base: strings.TrimSuffix(u.String(), "/") + "/api/v1", token: token, client: &http.Client{}}, nil
}

// askTime bounds one call; a stream has no bound.
const askTime = 60 * time.Second

// do makes a call. What the server refuses is a *catalog.Error with its code and cure.
func (r *remote) do(ctx context.Context, method, path string, body any, header http.Header) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, content)
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, &catalog.Error{Code: catalog.CodeUnreachable, Op: "ask the server", Err: err, Cure: "Check the address of --server, and that the server runs."}
	}
	if res.StatusCode >= http.StatusBadRequest {
		defer res.Body.Close()
		return nil, problemOf(res)
	}
	return res, nil
}

// mostProblem bounds what is read of an answer that isn't what was asked for.
const mostProblem = 64 << 10

// problemOf reads why the server refused (RFC 9457).
func problemOf(res *http.Response) error {
	var p struct {
		Code, Detail, Cure string
		Errors             []struct{ Pointer, Detail string }
	}
	e := &catalog.Error{Code: catalog.CodeInternal, Op: "ask the server"}
	if err := json.NewDecoder(io.LimitReader(res.Body, mostProblem)).Decode(&p); err != nil || p.Detail == "" {
		e.Err = fmt.Errorf("it answered %s", res.Status)
		e.Cure = "Check the address of --server: is it qlikcrawler's?"
		return e
	}
	words := p.Detail
	for _, x := range p.Errors {
		words += "\n" + strings.Trim(x.Pointer+": "+x.Detail, ": ")
	}
	if at := res.Header.Get("Location"); at != "" {
		words += " (" + at + ")"
	}
	e.Code, e.Cure, e.Err = catalog.Code(p.Code), p.Cure, errors.New(words)
	return e
}

// get reads a JSON answer.
func (r *remote) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	res, err := r.do(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}

// start asks for a crawl. The call may be repeated: the server starts one crawl for it.
func (r *remote) start(ctx context.Context, run catalog.Run) (catalog.RunRow, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	body := map[string]any{"trigger": run.Trigger}
	switch {
	case run.Mode != catalog.Selected:
		body["mode"] = run.Mode
	default:
		body["apps"], body["groups"] = run.Apps, run.Groups
	}
	if run.AllowMassRetire {
		body["allow_mass_retire"] = true
	}
	for _, list := range []string{"apps", "groups"} {
		if n, ok := body[list].([]string); ok && len(n) == 0 {
			delete(body, list)
		}
		if n, ok := body[list].([]catalog.Key); ok && len(n) == 0 {
			delete(body, list)
		}
	}
	var row catalog.RunRow
	res, err := r.do(ctx, http.MethodPost, "/connections/"+url.PathEscape(run.Connection)+"/crawls", body, http.Header{"Idempotency-Key": {rand.Text()}})
	if err != nil {
		return row, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&row); err != nil {
		return row, fmt.Errorf("read the server's answer: %w", err)
	}
	return row, nil
}

// How long the server may be away while a crawl is followed, and how often it is tried meanwhile.
const (
	awayTime   = 2 * time.Minute
	reconnects = 2 * time.Second
)

// follow tells of each change of a crawl until it has ended. A connection that breaks is made again, to
// whichever process answers; what was missed comes then.
func (r *remote) follow(ctx context.Context, row catalog.RunRow, tell func(catalog.RunRow)) (catalog.RunRow, error) {
	last := int64(-1)
	heard := time.Now()
	for {
		err := r.events(ctx, row.ID, last, func() { heard = time.Now() }, func(now catalog.RunRow) {
			row, last = now, now.Version
			tell(now)
		})
		switch code := catalog.CodeOf(err); {
		case row.Over():
			return row, nil
		case ctx.Err() != nil:
			return row, context.Cause(ctx)
		case err != nil && code != catalog.CodeUnreachable && code != catalog.CodeInternal && code != catalog.CodeThrottled:
			return row, err
		case time.Since(heard) > awayTime:
			return row, fmt.Errorf("crawl %d goes on, but the server doesn't answer any more: %w", row.ID, err)
		}
		if err := sleep(ctx, reconnects); err != nil {
			return row, err
		}
	}
}

// mostEvent bounds one event.
const mostEvent = 1 << 20

// events reads one stream of a crawl's changes to its end. alive hears of whatever the server says: a crawl that
// waits for its turn has no change for long.
func (r *remote) events(ctx context.Context, id, last int64, alive func(), tell func(catalog.RunRow)) error {
	header := http.Header{"Accept": {"text/event-stream"}}
	if last >= 0 {
		header.Set("Last-Event-ID", strconv.FormatInt(last, 10))
	}
	res, err := r.do(ctx, http.MethodGet, fmt.Sprintf("/crawls/%d/events?apps=false", id), nil, header)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, mostEvent)
	alive()
	for lines.Scan() {
		alive()
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var row catalog.RunRow
		if err := json.Unmarshal([]byte(data), &row); err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		tell(row)
	}
	return lines.Err()
}

// outcomes gives what became of the apps of a crawl, but for the unchanged ones.
func (r *remote) outcomes(ctx context.Context, id int64) ([]outcomeResult, error) {
	all := []outcomeResult{}
	for cursor := ""; ; {
		var page struct {
			Items []catalog.OutcomeRow `json:"items"`
			Next  string               `json:"next"`
		}
		query := url.Values{"limit": {"1000"}, "filter": {"change:ne:unchanged"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		if err := r.get(ctx, fmt.Sprintf("/crawls/%d/outcomes?%s", id, query.Encode()), &page); err != nil {
			return nil, err
		}
		for _, o := range page.Items {
			result := outcomeResult{
				Key: o.AppKey, Name: o.Name, Change: catalog.Change(o.Change), ErrorCode: catalog.Code(o.ErrorCode),
				Error: o.Error, Cure: o.Cure, DurationMS: o.DurationMS,
			}
			if o.Rows != nil {
				result.Rows = *o.Rows
			}
			all = append(all, result)
		}
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// crawlThere asks a server for a crawl, follows it as one in this process is followed, and gives the same
// result. Ctrl-C ends the following; the crawl goes on.
func (a *app) crawlThere(ctx context.Context, r *remote, run catalog.Run) (*crawlResult, error) {
	row, err := r.start(ctx, run)
	if err != nil {
		return nil, err
	}
	bar := newProgressBar(a.env.Stderr, run.Connection)
	waiting := false
	end, err := r.follow(ctx, row, func(now catalog.RunRow) {
		if now.State == string(catalog.Queued) && !waiting {
			waiting = true
			fmt.Fprintf(a.env.Stderr, "%s: crawl %d waits for its turn\n", run.Connection, now.ID)
		}
		if now.State == string(catalog.Running) {
			bar.show(crawler.Event{Stage: crawler.Stage(now.Stage), Tally: now.Tally})
		}
	})
	bar.done()
	if err != nil {
		if ctx.Err() != nil {
			fmt.Fprintf(a.env.Stderr, "crawl %d goes on on the server\n", row.ID)
		}
		return nil, err
	}
	result := &crawlResult{
		Run: catalog.RunID(end.ID), Connection: end.Connection, Mode: catalog.Mode(end.Mode), State: catalog.State(end.State),
		Error: end.Error, Tally: end.Tally, Seconds: end.FinishedAt.Sub(end.AskedAt).Seconds(),
	}
	if result.Outcomes, err = r.outcomes(ctx, end.ID); err != nil {
		return nil, err
	}
	var conn struct {
		State struct {
			Counts catalog.Counts `json:"counts"`
		} `json:"state"`
	}
	if err := r.get(ctx, "/connections/"+url.PathEscape(end.Connection), &conn); err != nil {
		return nil, err
	}
	result.Counts = conn.State.Counts
	if result.State != catalog.Done {
		err = fmt.Errorf("crawl %d %s: %s", end.ID, end.State, end.Error)
	}
	return result, err
}
