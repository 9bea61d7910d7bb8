package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
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
	LastEventID string `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last event that was received: what came after it follows at once."`
	Apps        bool   `query:"apps" default:"true" doc:"Tell what becomes of each app, too."`
}

// A place is how far a client has read: the version of the crawl, and the mark behind the last outcome. It
// is the id of an event.
type place struct{ version, mark int64 }

// placeOf reads the id of an event; what is none is the beginning.
func placeOf(id string) place {
	p := place{version: -1}
	version, mark, _ := strings.Cut(id, "-")
	if v, err := strconv.ParseInt(version, 10, 64); err == nil && v >= 0 {
		p.version = v
		if m, err := strconv.ParseInt(mark, 10, 64); err == nil && m >= 0 {
			p.mark = m
		}
	}
	return p
}

func (p place) String() string { return fmt.Sprintf("%d-%d", max(p.version, 0), p.mark) }

// crawlEvents registers the stream of a crawl's changes. An event is read from the database, not a message:
// none can be lost, any process can send it, and a client that comes back gets what it missed, of the crawl's
// state in one event.
func (a *API) crawlEvents() {
	register(a, op{
		ID: "follow-crawl", Method: http.MethodGet, Path: "/crawls/{id}/events", Summary: "Follow a crawl", Tag: "crawls",
		Role: auth.Viewer, ConnectionLater: true, Stream: true,
		Description: "Server-sent events. `event: crawl` has the crawl as it is then, while it goes on; `event: app` what became of one app, soon after that is known, " +
			"from the crawl's beginning, in the order in which it was stored; `event: end`, the last one, the crawl when it has ended. " +
			"A client that reconnects with Last-Event-ID, to any process, goes on from there; the last few apps may come twice.",
	}, func(ctx context.Context, in *eventParams) (*huma.StreamResponse, error) {
		row, err := a.crawlFor(ctx, auth.Viewer, in.ID)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { a.follow(hc, row, placeOf(in.LastEventID), in.Apps) }}, nil
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

// event sends one event. at is the place behind it.
func (s stream) event(name string, at place, what any) error {
	data, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return s.send(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", at, name, data))
}

// follow sends what changes until the crawl has ended, the client goes, or the service stops.
func (a *API) follow(hc huma.Context, row catalog.RunRow, at place, apps bool) {
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
		over, err := a.news(ctx, s, catalog.RunID(row.ID), &at, apps)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errGone) {
			a.Log.WarnContext(ctx, "could not look what a crawl's followers are to be told; it is tried again", "run", row.ID, "error", err)
		}
		if over || errors.Is(err, errGone) || catalog.CodeOf(err) == catalog.CodeNotFound || !wait(ctx, s, changed, look.C, alive.C) {
			return
		}
	}
}

// errGone says that the client doesn't take events any more.
var errGone = errors.New("the client has gone")

// news sends what there is after a place, which moves on. over: the crawl has ended, and all is sent.
func (a *API) news(ctx context.Context, s stream, id catalog.RunID, at *place, apps bool) (over bool, err error) {
	row, err := a.CrawlStore.RunRow(ctx, id)
	if err != nil {
		return false, err
	}
	if apps {
		if err := a.outcomeNews(ctx, s, id, at, row.Over()); err != nil {
			return false, err
		}
	}
	if row.Version <= at.version && !row.Over() {
		return false, nil
	}
	at.version = max(at.version, row.Version)
	name := "crawl"
	if row.Over() {
		name = "end"
	}
	if s.event(name, *at, row) != nil {
		return false, errGone
	}
	return row.Over(), nil
}

// outcomeNews sends what became of apps. Of several that were stored at once, only behind the last is a place
// to go on from.
func (a *API) outcomeNews(ctx context.Context, s stream, id catalog.RunID, at *place, over bool) error {
	for {
		list, err := a.CrawlStore.OutcomesSince(ctx, id, at.mark, over)
		if err != nil || len(list) == 0 {
			return err
		}
		for i, o := range list {
			if i == len(list)-1 || list[i+1].Mark > o.Mark {
				at.mark = o.Mark
			}
			if s.event("app", *at, o.OutcomeRow) != nil {
				return errGone
			}
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
