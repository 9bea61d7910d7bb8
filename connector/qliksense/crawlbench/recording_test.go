package crawlbench

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"

	"golang.org/x/sync/errgroup"
)

// A frame is an Engine call, to be sent when the answer to another has come: the one that made its
// handle, or the one that named the id that it asks for.
type frame struct {
	handle int
	method string
	params []any // each a json.RawMessage
	after  int   // index of the call whose answer it needs; -1: none
	stage  int   // 1 for a call that needs no answer; else one more than that call
}

// A recording is all that a full crawl of a site sends.
type recording struct {
	login   restCall
	listing []restCall
	token   restCall // a CSRF token for a socket
	logout  restCall

	apps []recordedApp
}

// A recordedApp is what reading one app sends.
type recordedApp struct {
	id     string
	rest   []restCall // but for the token
	frames []frame
}

// stages is how many dependent round trips an app's Engine calls take.
func (a recordedApp) stages() (n int) {
	for _, f := range a.frames {
		n = max(n, f.stage)
	}
	return n
}

// record reads every app of a site once through a relay.
func record(tb testing.TB, site qliktest.Info) *recording {
	tb.Helper()
	ctx := within(tb)
	r, through := startRelay(tb, site)
	conn, err := newConnection("recorded", through)
	if err != nil {
		tb.Fatal(err)
	}
	src, err := openConnector(ctx, conn, nil)
	if err != nil {
		tb.Fatal(err)
	}
	readAll(tb, ctx, src)
	if err := src.Close(); err != nil {
		tb.Fatal(err)
	}
	return r.recording()
}

// readAll reads all that a source has, as a crawl does.
func readAll(tb testing.TB, ctx context.Context, src connector.Connector) {
	tb.Helper()
	if _, err := connector.Collect(src.Groups(ctx)); err != nil {
		tb.Fatal(err)
	}
	listed, err := connector.Collect(src.Units(ctx))
	if err != nil {
		tb.Fatal(err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, l := range listed {
		g.Go(func() error {
			s, err := src.Fetch(gctx, l)
			if err == nil && len(s.Gaps) > 0 {
				err = &catalog.Error{Code: catalog.CodeInternal, Op: "record", Key: l.Unit.Key, Err: s.Gaps[0].Err}
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		tb.Fatal(err)
	}
	if c, ok := src.(connector.DataConnectionLister); ok { // for lineage
		if _, err := c.DataConnections(ctx); err != nil {
			tb.Fatal(err)
		}
	}
}

// recording sorts what went through the relay.
func (r *relay) recording() *recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &recording{}
	beside := map[string][]restCall{}
	for _, c := range r.rest {
		path, _, _ := strings.Cut(c.target, "?")
		switch id := appOf(path); {
		case id != "":
			beside[id] = append(beside[id], c)
		case strings.HasSuffix(path, "/qrs/about"):
			out.login = c
		case strings.HasSuffix(path, "/qps/csrftoken"):
			out.token = c
		case strings.HasSuffix(path, "/qps/user"):
			out.logout = c
		default:
			out.listing = append(out.listing, c)
		}
	}
	for _, s := range r.sockets {
		id := appOf(s.path)
		out.apps = append(out.apps, recordedApp{id: id, rest: beside[id], frames: s.frames(r.tb)})
	}
	slices.SortFunc(out.apps, func(a, b recordedApp) int { return strings.Compare(a.id, b.id) })
	return out
}

// frames finds out what each call had to wait for, and puts the calls in the order in which they can be
// sent soonest. Calls that make handles stay in their order, so that the Engine gives the same numbers.
func (s *socketLog) frames(tb testing.TB) []frame {
	tb.Helper()
	answers := s.answers(tb)
	var all []frame
	makers := map[int]int{} // by handle, the call that made it
	var results [][]byte
	for _, message := range s.sent {
		var c struct {
			ID     int64             `json:"id"`
			Handle int               `json:"handle"`
			Method string            `json:"method"`
			Params []json.RawMessage `json:"params"`
		}
		if err := json.Unmarshal(message, &c); err != nil {
			tb.Fatal(err)
		}
		f := frame{handle: c.Handle, method: c.Method, after: -1, stage: 1}
		for _, p := range c.Params {
			f.params = append(f.params, p)
		}
		if maker, ok := makers[c.Handle]; ok {
			f.follow(maker, all)
		}
		for _, p := range c.Params {
			f.follow(namedBy(p, results, all), all)
		}
		if made := handleOf(answers[c.ID]); made > 0 {
			makers[made] = len(all)
		}
		all, results = append(all, f), append(results, answers[c.ID])
	}
	return inStages(all)
}

// answers are the results by the id of their call.
func (s *socketLog) answers(tb testing.TB) map[int64][]byte {
	tb.Helper()
	all := map[int64][]byte{}
	for _, message := range s.got {
		var a struct {
			ID     int64           `json:"id"`
			Result json.RawMessage `json:"result"`
		}
		if err := json.Unmarshal(message, &a); err != nil {
			tb.Fatal(err)
		}
		all[a.ID] = a.Result
	}
	return all
}

// follow makes a call wait for another if that comes later than the one it waits for.
func (f *frame) follow(other int, all []frame) {
	if other >= 0 && all[other].stage >= f.stage {
		f.after, f.stage = other, all[other].stage+1
	}
}

// namedBy is the call whose answer was the first to hold a parameter, if that is a text; else -1.
func namedBy(param json.RawMessage, results [][]byte, all []frame) int {
	first := -1
	if len(param) < 3 || param[0] != '"' {
		return first
	}
	for i, result := range results {
		if bytes.Contains(result, param) && (first < 0 || all[i].stage < all[first].stage) {
			first = i
		}
	}
	return first
}

// handleOf is the handle that a result holds; 0 for none.
func handleOf(result []byte) int {
	var r struct {
		Return struct {
			Handle int `json:"qHandle"`
		} `json:"qReturn"`
	}
	if json.Unmarshal(result, &r) != nil {
		return 0
	}
	return r.Return.Handle
}

// inStages sorts calls by stage, and within one by what they wait for.
func inStages(all []frame) []frame {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return all[a].stage - all[b].stage })
	place := make([]int, len(all))
	out := make([]frame, len(all))
	for now, before := range order {
		place[before], out[now] = now, all[before]
	}
	for i := range out {
		if out[i].after >= 0 {
			out[i].after = place[out[i].after]
		}
	}
	return out
}

// writeCertificate puts a certificate into a file.
func writeCertificate(tb testing.TB, c *x509.Certificate) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "relay.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
