package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A crawlSite is an API on a real catalog and a real queue, on which nobody works.
type crawlSite struct {
	*site
	db *postgres.DB
}

func newCrawlSite(t *testing.T) crawlSite {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t), MasterKey: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if err := scheduler.Migrate(t.Context(), db.Pool(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s, err := scheduler.New(scheduler.Deps{Pool: db.Pool(), Book: db})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"prod", "test"} {
		if err := db.AddConnection(t.Context(), catalog.Connection{Code: code, Name: code, Type: "qlik-sense"}); err != nil {
			t.Fatal(err)
		}
	}
	watch := db.WatchRuns()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		watch.Listen(ctx)
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return crawlSite{newSite(t, api.Deps{Crawls: s, CrawlStore: db, CrawlWatch: watch, Schedules: s}), db}
}

type pageOf[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

func TestCrawlIsStartedReadAndCancelled(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	status, head, body := s.send("POST", "/connections/prod/crawls", `{}`)
	first := decode[catalog.RunRow](t, body)
	if status != http.StatusAccepted || head.Get("Location") != fmt.Sprintf("/api/v1/crawls/%d", first.ID) {
		t.Fatalf("%d, Location %q: %s", status, head.Get("Location"), body)
	}
	if first.Mode != "full" || first.State != "queued" || first.Trigger != "api" || first.AskedBy != "root" {
		t.Errorf("the first crawl is %+v; want a full one that is queued, asked for by root", first)
	}
	status, head, body = s.send("POST", "/connections/prod/crawls", `{"mode":"delta"}`)
	problem := decode[api.Problem](t, body)
	if status != http.StatusConflict || head.Get("Location") != fmt.Sprintf("/api/v1/crawls/%d", first.ID) || len(problem.Conflicts) != 1 {
		t.Errorf("a second sweep: %d, Location %q: %s", status, head.Get("Location"), body)
	}
	status, _, body = s.send("POST", "/connections/prod/crawls", `{"apps":["a1"]}`)
	chosen := decode[catalog.RunRow](t, body)
	if status != http.StatusAccepted || chosen.Mode != "selected" || len(chosen.Apps) != 1 {
		t.Errorf("a selected crawl beside it: %d: %s", status, body)
	}
	_, _, body = s.get("/crawls?filter=connection:eq:prod&sort=id&limit=1")
	if page := decode[pageOf[catalog.RunRow]](t, body); len(page.Items) != 1 || page.Items[0].ID != first.ID || page.Next == "" {
		t.Errorf("the first page is %s", body)
	}
	status, _, body = s.send("DELETE", fmt.Sprintf("/crawls/%d", first.ID), "")
	if status != http.StatusNoContent {
		t.Fatalf("cancel: %d: %s", status, body)
	}
	_, _, body = s.get(fmt.Sprintf("/crawls/%d", first.ID))
	if row := decode[catalog.RunRow](t, body); row.State != "cancelled" || row.Error != "cancelled by root" || !row.Over() {
		t.Errorf("after the cancel: %s", body)
	}
	if status, _, _ = s.send("DELETE", fmt.Sprintf("/crawls/%d", first.ID), ""); status != http.StatusConflict {
		t.Errorf("a second cancel: %d", status)
	}
	if status, _, _ = s.send("POST", "/connections/prod/crawls", `{"mode":"full"}`); status != http.StatusAccepted {
		t.Errorf("a sweep after the cancelled one: %d", status)
	}
	status, _, body = s.get(fmt.Sprintf("/crawls/%d/outcomes?filter=change:eq:failed", first.ID))
	if page := decode[pageOf[catalog.OutcomeRow]](t, body); status != http.StatusOK || len(page.Items) != 0 {
		t.Errorf("outcomes: %d: %s", status, body)
	}
}

func TestCrawlsAreForThoseWhoMay(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	_, _, body := s.send("POST", "/connections/prod/crawls", `{}`)
	path := fmt.Sprintf("/crawls/%d", decode[catalog.RunRow](t, body).ID)
	viewer, stranger := someoneOn("eve", auth.Viewer, "prod"), someoneOn("bob", auth.IntegrationAdmin, "test")
	for _, c := range []struct {
		name         string
		who          auth.Principal
		method, path string
		want         int
	}{
		{"a viewer reads", viewer, "GET", path, 200},
		{"a viewer doesn't cancel", viewer, "DELETE", path, 403},
		{"a viewer doesn't start", viewer, "POST", "/connections/prod/crawls", 403},
		{"a viewer doesn't schedule", viewer, "PUT", "/connections/prod/schedule", 403},
		{"another connection's crawl isn't there", stranger, "GET", path, 404},
		{"nor its events", stranger, "GET", path + "/events", 404},
		{"nor its outcomes", stranger, "GET", path + "/outcomes", 404},
		{"nor can it be cancelled", stranger, "DELETE", path, 404},
		{"nobody", auth.Principal{}, "GET", path, 401},
		{"no such crawl", viewer, "GET", "/crawls/999", 404},
	} {
		body := ""
		switch c.method {
		case "POST":
			body = "{}"
		case "PUT":
			body = `{"cron":"@daily"}`
		}
		if status, _, answer := s.by(c.who).send(c.method, c.path, body); status != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, status, c.want, answer)
		}
	}
	_, _, list := s.by(stranger).get("/crawls")
	if page := decode[pageOf[catalog.RunRow]](t, list); len(page.Items) != 0 {
		t.Errorf("a stranger sees %s", list)
	}
}

func TestBadCrawlRequestsTellTheField(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	for _, c := range []struct{ body, pointer string }{
		{`{"mode":"half"}`, "/mode"},
		{`{"mode":"selected"}`, "/apps"},
		{`{"mode":"full","apps":["a"]}`, "/mode"},
		{`{"apps":["a"],"allow_mass_retire":true}`, "/allow_mass_retire"},
		{`{"moed":"full"}`, "/moed"},
	} {
		status, _, body := s.send("POST", "/connections/prod/crawls", c.body)
		p := decode[api.Problem](t, body)
		if status != 422 || len(p.Errors) == 0 || p.Errors[0].Pointer != c.pointer {
			t.Errorf("%s: %d: %s", c.body, status, body)
		}
	}
}

// An event of a stream, as a browser reads it.
type event struct{ id, name, data string }

func (s crawlSite) follow(t *testing.T, path, last string) (next func() event) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	who, err := json.Marshal(s.as)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Test-Principal", string(who))
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(res.Body)
	return func() event {
		var e event
		for lines.Scan() {
			key, value, _ := strings.Cut(lines.Text(), ": ")
			switch key {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				if e.data != "" {
					return e
				}
			}
		}
		return event{name: "closed"}
	}
}

func TestEventsSurviveAReconnect(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	_, _, body := s.send("POST", "/connections/prod/crawls", `{}`)
	run := decode[catalog.RunRow](t, body)
	path := fmt.Sprintf("/crawls/%d/events", run.ID)
	next := s.follow(t, path, "")
	e := next()
	if e.name != "crawl" || decode[catalog.RunRow](t, e.data).State != "queued" {
		t.Fatalf("the first event is %+v", e)
	}
	again := s.follow(t, path, e.id) // another client, which has seen this
	began := time.Now()
	if err := s.db.CancelRun(t.Context(), catalog.RunID(run.ID), "enough"); err != nil {
		t.Fatal(err)
	}
	for name, next := range map[string]func() event{"the first client": next, "the second": again} {
		if e := next(); e.name != "end" || decode[catalog.RunRow](t, e.data).State != "cancelled" {
			t.Errorf("%s got %+v", name, e)
		}
		if e := next(); e.name != "closed" {
			t.Errorf("%s got %+v after the end", name, e)
		}
	}
	if took := time.Since(began); took > 1500*time.Millisecond {
		t.Errorf("it took %s: nobody was told, they looked", took)
	}
	if e := s.follow(t, path, e.id)(); e.name != "end" {
		t.Errorf("a client that comes back late gets %+v", e)
	}
}

func TestEventsTellWhatBecomesOfEachApp(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	ctx := t.Context()
	run, err := s.db.StartRun(ctx, catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByAPI})
	if err != nil {
		t.Fatal(err)
	}
	note := func(app string, change catalog.Change, why error) {
		t.Helper()
		o := catalog.Outcome{Unit: catalog.Unit{Key: catalog.Key("prod/" + app), Name: strings.ToUpper(app)}, Change: change, Err: why}
		if err := s.db.Note(ctx, run, o); err != nil {
			t.Fatal(err)
		}
	}
	apps := func(next func() event, n int) (list []event, keys []string) {
		t.Helper()
		for len(list) < n {
			switch e := next(); e.name {
			case "app":
				list, keys = append(list, e), append(keys, string(decode[catalog.OutcomeRow](t, e.data).AppKey))
			case "closed", "end":
				t.Fatalf("%+v after %v", e, keys)
			}
		}
		return list, keys
	}
	note("a", catalog.Added, nil)
	path := fmt.Sprintf("/crawls/%d/events", run)
	next := s.follow(t, path, "")
	note("b", catalog.FailedUnit, &catalog.Error{Code: catalog.CodeTimeout, Err: errors.New("too slow"), Cure: "Wait."})
	seen, keys := apps(next, 2)
	if fmt.Sprint(keys) != "[prod/a prod/b]" {
		t.Fatalf("in the order in which they were stored: %v", keys)
	}
	failed := decode[catalog.OutcomeRow](t, seen[1].data)
	if failed.Name != "B" || failed.Change != "failed" || failed.ErrorCode != "timeout" || failed.Cure == "" {
		t.Errorf("the failed app is %+v", failed)
	}
	note("c", catalog.Unchanged, nil)
	if _, keys := apps(s.follow(t, path, seen[0].id), 2); fmt.Sprint(keys) != "[prod/b prod/c]" {
		t.Errorf("who comes back after a gets %v", keys)
	}
	if err := s.db.FinishRun(ctx, run, catalog.Done, catalog.Tally{}, ""); err != nil {
		t.Fatal(err)
	}
	// After the end all is told, too, and once more to those who ask again.
	late := s.follow(t, path, seen[1].id)
	if _, keys := apps(late, 1); keys[0] != "prod/c" {
		t.Errorf("who comes back late gets %v", keys)
	}
	if e := late(); e.name != "end" {
		t.Errorf("then comes %+v", e)
	}
	if e := s.follow(t, path+"?apps=false", "")(); e.name != "end" {
		t.Errorf("without apps the first event is %+v", e)
	}
}

func TestScheduleIsSetReadAndRemoved(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	if status, _, _ := s.get("/connections/prod/schedule"); status != 404 {
		t.Errorf("no schedule yet: %d", status)
	}
	status, _, body := s.send("PUT", "/connections/prod/schedule", `{"cron":"0 2 * * *","time_zone":"Europe/Paris","full_every":7}`)
	type schedule struct {
		NextRunAt time.Time   `json:"next_run_at"`
		NextRuns  []time.Time `json:"next_runs"`
		Enabled   bool        `json:"enabled"`
		Mode      string      `json:"mode"`
	}
	set := decode[schedule](t, body)
	if status != 200 || len(set.NextRuns) != 5 || !set.NextRunAt.Equal(set.NextRuns[0]) || !set.Enabled || set.Mode != "delta" {
		t.Fatalf("%d: %s", status, body)
	}
	conn, err := s.db.Connection(t.Context(), "prod")
	if err != nil || !conn.NextRunAt.Equal(set.NextRunAt) {
		t.Errorf("the connection is due at %v (%v), want %v", conn.NextRunAt, err, set.NextRunAt)
	}
	status, _, body = s.send("PUT", "/connections/prod/schedule", `{"cron":"0 2 * * *","enabled":false}`)
	if set := decode[schedule](t, body); status != 200 || !set.NextRunAt.IsZero() || len(set.NextRuns) != 5 {
		t.Errorf("a paused one: %d: %s", status, body)
	}
	status, _, body = s.send("PUT", "/connections/prod/schedule", `{"cron":"CRON_TZ=Europe/Berlin","time_zone":"Mars"}`)
	if p := decode[api.Problem](t, body); status != 422 || len(p.Errors) != 2 || p.Errors[0].Pointer != "/cron" || p.Errors[1].Pointer != "/time_zone" {
		t.Errorf("all faults at once: %d: %s", status, body)
	}
	if status, _, body = s.send("DELETE", "/connections/prod/schedule", ""); status != 204 {
		t.Errorf("remove: %d: %s", status, body)
	}
	if status, _, _ := s.get("/connections/prod/schedule"); status != 404 {
		t.Errorf("after its removal: %d", status)
	}
	if _, _, body := s.get("/schedule-presets"); !strings.Contains(body, "every minute") || !strings.Contains(body, "yearly") {
		t.Errorf("presets: %s", body)
	}
}

func TestAnEditOfAScheduleThatHasChangedSinceIsRefused(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	const path = "/connections/prod/schedule"
	if status, _, body := s.send("PUT", path, `{"cron":"0 1 * * *"}`, "If-Match", `"x.y"`); status != 412 {
		t.Errorf("in place of one that there isn't: %d: %s", status, body)
	}
	_, set, _ := s.send("PUT", path, `{"cron":"0 2 * * *"}`)
	_, read, _ := s.get(path)
	version, _, _ := strings.Cut(set.Get("ETag"), ".")
	if version == "" || !strings.HasPrefix(read.Get("ETag"), version+".") {
		t.Fatalf("set %q, read %q", set.Get("ETag"), read.Get("ETag"))
	}
	if status, _, _ := s.send("GET", path, "", "If-None-Match", read.Get("ETag")); status != 304 {
		t.Errorf("nothing is new: %d", status)
	}
	if status, _, body := s.send("PUT", path, `{"cron":"0 3 * * *"}`, "If-Match", read.Get("ETag")); status != 200 {
		t.Errorf("as it was read: %d: %s", status, body)
	}
	if status, _, body := s.send("PUT", path, `{"cron":"0 4 * * *"}`, "If-Match", read.Get("ETag")); status != 412 {
		t.Errorf("changed since: %d: %s", status, body)
	}
	was := catalog.Schedule{Cron: "0 2 * * *", TimeZone: "UTC", Mode: catalog.Delta, Enabled: true}
	if err := s.db.ReplaceSchedule(t.Context(), "prod", was, was); catalog.CodeOf(err) != catalog.CodeConflict {
		t.Errorf("the store, when two edit at once: %v", err)
	}
	if now, err := s.db.Schedule(t.Context(), "prod"); err != nil || now.Cron != "0 3 * * *" {
		t.Errorf("it is %+v now (%v)", now, err)
	}
}

func TestOutcomesTellHowManyRowsChanged(t *testing.T) {
	t.Parallel()
	s := newCrawlSite(t)
	app := func(id string, formulas ...string) *catalog.Snapshot {
		key := catalog.AppKey("prod", id)
		snap := &catalog.Snapshot{
			Unit: catalog.Unit{Key: key, Name: id}, Version: fmt.Sprint(formulas),
			Reports: []catalog.Report{{Key: key, Kind: catalog.ReportApp, Type: catalog.TypeApp, Name: id}},
		}
		for _, f := range formulas {
			name, formula, _ := strings.Cut(f, "=")
			snap.Fields = append(snap.Fields, catalog.ReportField{
				Key: key + catalog.Key("/"+name), Report: key, Type: catalog.Measure, Origin: catalog.OriginMaster, Name: name, Formula: formula,
			})
		}
		return snap
	}
	crawl := func(list ...*catalog.Snapshot) map[string]*catalog.RowChanges {
		id, err := s.db.StartRun(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
		must(t, err)
		for _, snap := range list {
			_, err := s.db.Save(t.Context(), id, snap, time.Now())
			must(t, err)
		}
		must(t, s.db.FinishRun(t.Context(), id, catalog.Done, catalog.Tally{}, ""))
		status, _, body := s.get(fmt.Sprintf("/crawls/%d/outcomes?fields=app_key,rows", id))
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		all := map[string]*catalog.RowChanges{}
		for _, o := range decode[pageOf[catalog.OutcomeRow]](t, body).Items {
			all[string(o.AppKey)] = o.Rows
		}
		return all
	}
	first := crawl(app("a", "m1=Sum(x)", "m2=Sum(y)", "m3=Sum(z)"), app("b", "m1=1"))
	if len(first) != 2 || first["prod/a"] != nil || first["prod/b"] != nil {
		t.Errorf("a first crawl tells %v", first)
	}
	second := crawl(app("a", "m1=Avg(x)", "m2=Avg(y)", "m4=1"), app("b", "m1=1"))
	want := catalog.RowChanges{Added: 1, Changed: 2, Retired: 1}
	if got := second["prod/a"]; got == nil || *got != want || second["prod/b"] != nil {
		t.Errorf("two changed, one new, one gone: %+v, of the other %+v", got, second["prod/b"])
	}
	third := crawl(app("a", "m1=Avg(x)", "m2=Avg(y)", "m3=Sum(z)", "m4=1"), app("b", "m1=1"))
	if got := third["prod/a"]; got == nil || *got != (catalog.RowChanges{Restored: 1}) {
		t.Errorf("one is back: %+v", got)
	}
}
