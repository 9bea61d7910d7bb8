package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A CrawlWatch tells when a crawl may have changed. It may miss something: who watches looks by himself
// now and then.
type CrawlWatch interface {
	Watch(run catalog.RunID) (changed <-chan struct{}, stop func())
}

// How often a stream looks by itself, and says that it lives; how long one event may take to be sent.
const (
	lookEvery   = 2 * time.Second
	aliveEvery  = 15 * time.Second
	eventTime   = 10 * time.Second
	reconnectMS = 1000
)

type eventParams struct {
	ID          int64  `path:"id" minimum:"1" doc:"The crawl's number."`
	LastEventID string `header:"Last-Event-ID" maxLength:"32" doc:"The id of the last event that was received: what came after it follows at once."`
}

// crawlEvents registers the stream of a crawl's changes. An event is the crawl's state, not a message: it
// is read from the row, so that none can be lost, any process can send it, and a client that comes back
// gets what it missed in one.
func (a *API) crawlEvents() {
	register(a, op{
		ID: "follow-crawl", Method: http.MethodGet, Path: "/crawls/{id}/events", Summary: "Follow a crawl", Tag: "crawls",
		Role: auth.Viewer, ConnectionLater: true, Stream: true,
		Description: "Server-sent events. Each has the crawl as it is then, as `event: crawl` while it goes on and as `event: end`, the last one, " +
			"when it has ended; its id is the crawl's version. A client that reconnects with Last-Event-ID, to any process, goes on from there.",
	}, func(ctx context.Context, in *eventParams) (*huma.StreamResponse, error) {
		row, err := a.crawlFor(ctx, auth.Viewer, in.ID)
		if err != nil {
			return nil, err
		}
		last, err := strconv.ParseInt(in.LastEventID, 10, 64)
		if err != nil {
			last = -1
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { a.follow(hc, row, last) }}, nil
	})
	a.describeEvents()
}

// describeEvents tells the OpenAPI document what the stream is.
func (a *API) describeEvents() {
	get := a.huma.OpenAPI().Paths["/crawls/{id}/events"].Get
	get.Responses["200"] = &huma.Response{
		Description: "The crawl's changes, as they come.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}

// A stream sends events to one client.
type stream struct {
	w     http.ResponseWriter
	flush *http.ResponseController
}

func (s stream) send(text string) error {
	// A writer without deadlines is a test's.
	_ = s.flush.SetWriteDeadline(time.Now().Add(eventTime))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.flush.Flush()
}

func (s stream) crawl(row catalog.RunRow) error {
	name := "crawl"
	if row.Over() {
		name = "end"
	}
	data, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return s.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", row.Version, name, data))
}

// follow sends what changes until the crawl has ended, the client goes, or the service stops.
func (a *API) follow(hc huma.Context, row catalog.RunRow, last int64) {
	ctx := hc.Context()
	_, w := humago.Unwrap(hc)
	s := stream{w, http.NewResponseController(w)}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	changed, stop := a.watch(catalog.RunID(row.ID))
	defer stop()
	if err := s.send(fmt.Sprintf("retry: %d\n\n", reconnectMS)); err != nil {
		return
	}
	look, alive := time.NewTicker(lookEvery), time.NewTicker(aliveEvery)
	defer look.Stop()
	defer alive.Stop()
	for {
		fresh, err := a.CrawlStore.RunRow(ctx, catalog.RunID(row.ID))
		if err == nil && (fresh.Version > last || fresh.Over()) {
			if s.crawl(fresh) != nil || fresh.Over() {
				return
			}
			last = fresh.Version
		}
		if catalog.CodeOf(err) == catalog.CodeNotFound || !wait(ctx, s, changed, look.C, alive.C) {
			return
		}
	}
}

// wait returns true when it is time to look again.
func wait(ctx context.Context, s stream, changed <-chan struct{}, look, alive <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-changed:
			return true
		case <-look:
			return true
		case <-alive:
			if s.send(": alive\n\n") != nil {
				return false
			}
		}
	}
}

func (a *API) watch(run catalog.RunID) (<-chan struct{}, func()) {
	if a.CrawlWatch == nil {
		return nil, func() {}
	}
	return a.CrawlWatch.Watch(run)
}
