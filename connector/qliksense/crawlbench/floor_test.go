package crawlbench

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// What the floor client does as the crawler does it.
const (
	socketWindow = 512 // calls in flight on a socket
	pagesAhead   = 4   // pages of a listing asked at a time
)

// A floor is the least that a client can do to get what a crawl gets: the same REST requests, the same
// sockets through the same code (package qix), the same frames, each sent as soon as the answer that it
// needs is there, as many apps at a time. It throws every answer away as it came, and stores nothing.
type floor struct {
	*recording
	site   *url.URL
	prefix string
	bearer string
	secure *tls.Config
	rest   *http.Client
	engine qix.Meter
	memory qix.Buffers

	requests, bytes, numbers atomic.Int64
}

// A floorReport is what a run of the floor client took.
type floorReport struct {
	Wall, CPU                       time.Duration
	Requests, Calls, Sockets, Bytes int64
}

// runFloor gets all that a crawl gets, workers apps at a time.
func runFloor(tb testing.TB, ctx context.Context, r *recording, site qliktest.Info, workers int) floorReport {
	tb.Helper()
	f, err := newFloor(tb, r, site)
	if err != nil {
		tb.Fatal(err)
	}
	began, cpu := time.Now(), cpuTime()
	if err := f.run(ctx, workers); err != nil {
		tb.Fatalf("floor client: %v", err)
	}
	engine := f.engine.Counts()
	return floorReport{
		Wall: time.Since(began), CPU: cpuTime() - cpu, Requests: f.requests.Load(),
		Calls: engine.Calls, Sockets: engine.Sockets, Bytes: f.bytes.Load() + engine.BytesIn,
	}
}

func newFloor(tb testing.TB, r *recording, site qliktest.Info) (*floor, error) {
	tb.Helper()
	base, err := url.Parse(site.URL)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	f := &floor{recording: r, site: base, prefix: site.Prefix, bearer: "Bearer " + site.Token, secure: trusting(tb, site.CAFile)}
	f.rest = &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: f.secure, MaxIdleConnsPerHost: 16}}
	return f, nil
}

func (f *floor) run(ctx context.Context, workers int) error {
	defer f.rest.CloseIdleConnections()
	if _, err := f.send(ctx, f.login); err != nil {
		return err
	}
	if err := f.list(ctx); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i := range f.apps {
		g.Go(func() error { return f.app(gctx, &f.apps[i]) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	_, err := f.send(ctx, f.logout)
	return err
}

// list sends the requests of the listing: pages of the same table some at a time, all else in turn.
func (f *floor) list(ctx context.Context) error {
	for rest := f.listing; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[0].method == http.MethodPost && table(rest[n]) == table(rest[0]) {
			n++
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(pagesAhead)
		for _, c := range rest[:n] {
			g.Go(func() error { _, err := f.send(gctx, c); return err })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// table is what a request for a page lists.
func table(c restCall) string {
	path, _, _ := strings.Cut(c.target, "?")
	return c.method + path
}

// app reads one app on a socket of its own, and beside it what REST has of the app.
func (f *floor) app(ctx context.Context, a *recordedApp) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, c := range a.rest {
		g.Go(func() error { _, err := f.send(gctx, c); return err })
	}
	g.Go(func() error { return f.open(gctx, a) })
	return g.Wait()
}

func (f *floor) open(ctx context.Context, a *recordedApp) error {
	reply, err := f.send(ctx, f.token)
	if err != nil {
		return err
	}
	address := url.URL{
		Scheme: "wss", Host: f.site.Host, Path: fmt.Sprintf("/%s/app/%s/identity/floor-%d/ttl/5", f.prefix, a.id, f.numbers.Add(1)),
		RawQuery: url.Values{"qlik-csrf-token": reply["Qlik-Csrf-Token"]}.Encode(),
	}
	header := http.Header{"Origin": {f.site.Scheme + "://" + f.site.Host}}
	for _, c := range f.rest.Jar.Cookies(f.site) {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	socket, err := qix.Dialer{TLS: f.secure, Meter: &f.engine, Buffers: &f.memory, Window: socketWindow}.Dial(ctx, address.String(), header)
	if err != nil {
		return err
	}
	defer socket.Close()
	return replay(ctx, socket, a.frames)
}

// replay sends each call as soon as the answer that it waits for is there.
func replay(ctx context.Context, socket *qix.Session, frames []frame) error {
	replies := make([]*qix.Reply[json.RawMessage], len(frames))
	for i, c := range frames {
		if c.after >= 0 {
			if _, err := replies[c.after].Get(ctx); err != nil {
				return err
			}
		}
		replies[i] = qix.Send[json.RawMessage](ctx, socket, c.handle, c.method, c.params...)
	}
	for i, r := range replies {
		if _, err := r.Get(ctx); err != nil {
			return fmt.Errorf("call %d: %w", i, err)
		}
	}
	return nil
}

// send sends a REST request, reads its answer to the end, and gives its header.
func (f *floor) send(ctx context.Context, c restCall) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, f.site.Scheme+"://"+f.site.Host+c.target, strings.NewReader(string(c.body)))
	if err != nil {
		return nil, err
	}
	if len(c.body) == 0 {
		req.Body = nil
	}
	_, query, _ := strings.Cut(c.target, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{"X-Qlik-Xrfkey": values["xrfkey"], "Accept": {"application/json"}, "User-Agent": {"floor (Windows)"}}
	if c.kind != "" {
		req.Header.Set("Content-Type", c.kind)
	}
	if len(f.rest.Jar.Cookies(f.site)) == 0 {
		req.Header.Set("Authorization", f.bearer)
	}
	f.requests.Add(1)
	resp, err := f.rest.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	f.bytes.Add(n)
	if err == nil && resp.StatusCode > 299 {
		err = fmt.Errorf("%s %s: status %d", c.method, c.target, resp.StatusCode)
	}
	return resp.Header, err
}
