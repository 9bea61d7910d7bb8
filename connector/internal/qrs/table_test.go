package qrs_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

func TestAppsComeCompleteInOrderAndOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 499, 500, 501, 502, 1_250, 1_501} {
		site := newSite(t)
		site.rows["app"] = apps(n)
		got, err := collect(site.client().Apps(t.Context(), ""))
		if err != nil {
			t.Fatal(err)
		}
		for i, app := range got {
			if app.ID != guid(i) {
				t.Fatalf("%d apps: number %d is %s", n, i, app.ID)
			}
		}
		if len(got) != n {
			t.Errorf("%d apps of %d", len(got), n)
		}
		if pages := map[int]int{0: 0, 1: 1, 499: 1, 500: 1, 501: 1, 502: 2, 1_250: 3, 1_501: 3}[n]; site.times("table") != pages || site.times("count") != 1 {
			t.Errorf("%d apps took %v", n, site.seen())
		}
	}
}

func TestAppHasAllThatTheRowHas(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app"] = []map[string]any{{
		"id": guid(1), "name": "Sales", "description": "d", "modifiedByUserName": `ACME\bob`, "published": true, "fileSize": 177005,
		"owner":       map[string]any{"id": guid(9), "userId": "ann", "userDirectory": "ACME", "name": "Ann"},
		"stream":      map[string]any{"id": guid(8), "name": "Finance"},
		"publishTime": "2024-05-02T10:00:00.13Z", "createdDate": "2024-05-01T10:00:00Z", "modifiedDate": "2024-05-03T10:00:00.1234567Z",
		"lastReloadTime": "1753-01-01T00:00:00.000Z", "thumbnail": "/appcontent/x.png", "savedInProductVersion": "12.2056.15",
		"migrationHash": "h", "dynamicColor": "hsla(1)", "availabilityStatus": 1, "sourceAppId": guid(0), "targetAppId": guid(0),
		"tag":                 []map[string]any{{"name": "red"}, {"name": "größe"}},
		"CustomPropertyValue": []map[string]any{{"value": "A", "definition": map[string]any{"name": "Dept"}}, {"value": "B", "definition": map[string]any{"name": "Dept"}}},
	}, {"id": guid(2), "name": "Mine", "owner": map[string]any{"id": guid(9)}, "stream": nil}}
	got, err := collect(site.client().Apps(t.Context(), ""))
	if err != nil {
		t.Fatal(err)
	}
	date := func(day, ns int) qrs.Time { return qrs.Time{Time: time.Date(2024, 5, day, 10, 0, 0, ns, time.UTC)} }
	want := []qrs.App{{
		ID: guid(1), Name: "Sales", Description: "d", ModifiedBy: `ACME\bob`, Published: true, FileSize: 177005,
		Owner:    qrs.Person{ID: guid(9), UserID: "ann", UserDirectory: "ACME", Name: "Ann"},
		StreamID: guid(8), StreamName: "Finance", PublishTime: date(2, 130e6), Created: date(1, 0), Modified: date(3, 123456700),
		Thumbnail: "/appcontent/x.png", SavedInProductVersion: "12.2056.15", MigrationHash: "h", DynamicColor: "hsla(1)",
		AvailabilityStatus: 1, SourceAppID: guid(0), TargetAppID: guid(0), Tags: []string{"red", "größe"},
		CustomProperties: []qrs.CustomProperty{{Name: "Dept", Value: "A"}, {Name: "Dept", Value: "B"}},
	}, {ID: guid(2), Name: "Mine", Owner: qrs.Person{ID: guid(9)}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a := got[0].Owner.Account(); a != `ACME\ann` {
		t.Errorf("account %s", a)
	}
}

// wantEachOnce makes sure that every app the site has now came, and came once.
func (s *strictSite) wantEachOnce(t *testing.T, got []qrs.App) {
	t.Helper()
	ids := map[string]int{}
	for _, app := range got {
		ids[app.ID]++
	}
	for _, row := range s.rows["app"] {
		if id := row["id"].(string); ids[id] != 1 {
			t.Errorf("%s came %d times", id, ids[id])
		}
	}
}

func TestListingIsReadAnewWhenItMovesMeanwhile(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app"] = apps(1_200)
	var once atomic.Bool
	site.before = func(_ http.ResponseWriter, r *http.Request, path string) bool {
		if strings.HasSuffix(path, "table") && once.CompareAndSwap(false, true) {
			site.mu.Lock() // the second half shifts: a row is deleted before the first page
			site.rows["app"] = site.rows["app"][1:]
			site.rows["app"] = append(site.rows["app"], map[string]any{"id": guid(5_000), "name": "new"}, map[string]any{"id": guid(5_001), "name": "new"})
			site.mu.Unlock()
		}
		return false
	}
	got, err := collect(site.client().Apps(t.Context(), ""))
	if err != nil {
		t.Fatal(err)
	}
	site.wantEachOnce(t, got)
}

// TestARowThatSlipsBetweenTwoPagesIsNotLost: one row goes and one comes, so that the total stays right
// while the rows behind move up by one, over the boundary of two pages.
func TestARowThatSlipsBetweenTwoPagesIsNotLost(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app"] = apps(600)
	first, done := make(chan struct{}), false
	site.before = func(w http.ResponseWriter, r *http.Request, path string) bool {
		switch {
		case !strings.HasSuffix(path, "table"):
		case r.URL.Query().Get("skip") == "0":
			site.table(w, r, "app")
			site.mu.Lock()
			if !done {
				done = true
				site.rows["app"] = append(slices.Clone(site.rows["app"][1:]), map[string]any{"id": guid(9_000), "name": "new"})
				close(first)
			}
			site.mu.Unlock()
			return true
		default:
			<-first
		}
		return false
	}
	got, err := collect(site.client().Apps(t.Context(), ""))
	if err != nil {
		t.Fatal(err)
	}
	site.wantEachOnce(t, got)
}

func TestAListingThatNeverAddsUpIsAnErrorAndNeverShort(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app"] = apps(700)
	site.before = func(w http.ResponseWriter, r *http.Request, path string) bool {
		if strings.HasSuffix(path, "count") {
			site.json(w, 200, map[string]any{"value": 900})
			return true
		}
		return false
	}
	_, err := collect(site.client().Apps(t.Context(), ""))
	if qrs.KindOf(err) != qrs.Changing || !strings.Contains(err.Error(), "counts 900 rows and gave 700; the listing was read 3 times") {
		t.Errorf("error %v", err)
	}
	if n := site.times("table"); n != 6 {
		t.Errorf("%d pages, not 3 times 2", n)
	}
}

func TestAServerThatCutsPagesShortIsReadWhole(t *testing.T) {
	t.Parallel()
	for _, n := range []int{730, 300} { // several pages, and what would be one
		site := newSite(t)
		site.rows["app"] = apps(n)
		site.before = func(_ http.ResponseWriter, r *http.Request, path string) bool {
			if q := r.URL.Query(); strings.HasSuffix(path, "table") && len(q.Get("take")) == 3 {
				q.Set("take", "100")
				r.URL.RawQuery = q.Encode()
			}
			return false
		}
		got, err := collect(site.client().Apps(t.Context(), ""))
		if err != nil || len(got) != n {
			t.Errorf("%d apps of %d, %v", len(got), n, err)
		}
	}
}

// TestALongPageThatIsTooSlowIsAskedInHalves: objects come a thousand at a time where the server can.
func TestALongPageThatIsTooSlowIsAskedInHalves(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for i := range 1_400 {
		site.rows["app/object"] = append(site.rows["app/object"], map[string]any{"id": guid(i), "objectType": "sheet"})
	}
	site.before = func(_ http.ResponseWriter, r *http.Request, path string) bool {
		if strings.HasSuffix(path, "table") && r.URL.Query().Get("take") == "1001" {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
			<-r.Context().Done()
			return true
		}
		return false
	}
	base, err := url.Parse(site.url)
	if err != nil {
		t.Fatal(err)
	}
	c := qrs.New(qrs.Config{Base: base, Timeout: 2 * time.Second, Retries: -1})
	got, err := collect(c.AppObjects(t.Context(), ""))
	if err != nil || len(got) != 1_400 {
		t.Errorf("%d objects, %v", len(got), err)
	}
}

func TestStoppingEarlyAsksForNoMore(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app"] = apps(5_000)
	for app, err := range site.client().Apps(t.Context(), "") {
		if err != nil || app.ID != guid(0) {
			t.Fatal(app.ID, err)
		}
		break
	}
	if n := site.times("table"); n > 6 {
		t.Errorf("%d pages for one app", n)
	}
}

func TestACancelledListingEndsWithTheContextsError(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app"] = apps(2_000)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range site.client().Apps(ctx, "") {
		if err != nil {
			last = err
			break
		}
		if n++; n == 10 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("error %v after %d", last, n)
	}
}

func TestOddTablesAreErrors(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"a column is missing": `{"columnNames":["id"],"rows":[["x"]]}`,
		"other columns":       strings.Replace(streamTable(t, `[]`), `"name"`, `"title"`, 1),
		"a short row":         streamTable(t, `["x"]`),
		"no row":              streamTable(t, `{}`),
		"a wrong type":        streamTable(t, `["x",5,null,null,null,null,null,null,null,null,null]`),
		"a bad date":          streamTable(t, `["x","n",null,null,null,null,null,"yesterday",null,null,null]`),
		"no id":               streamTable(t, `[null,"n",null,null,null,null,null,null,null,null,null]`),
		"cut off":             streamTable(t, `["x"`)[:200],
		"two documents":       streamTable(t, `["x","n",null,null,null,null,null,null,null,null,null]`) + "{}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			site.rows["stream"] = apps(1)
			site.before = func(w http.ResponseWriter, _ *http.Request, path string) bool {
				if !strings.HasSuffix(path, "table") {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(answer))
				return true
			}
			_, err := collect(site.client().Streams(t.Context()))
			if qrs.KindOf(err) != qrs.BadAnswer {
				t.Errorf("error %v", err)
			}
		})
	}
}

func streamTable(t *testing.T, row string) string {
	t.Helper()
	names, err := json.Marshal([]string{
		"id", "name", "ownerId", "ownerUserId", "ownerDirectory", "ownerName", "modifiedBy", "createdDate", "modifiedDate", "tags", "customProperties",
	})
	if err != nil {
		t.Fatal(err)
	}
	return `{"id":"t","type":"Stream","columnNames":` + string(names) + `,"rows":[` + row + `],"schemaPath":"Table"}`
}

func TestUsersAreAskedByIDInChunks(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	var ids []string
	for i := range 120 {
		ids = append(ids, guid(i), guid(i), "")
		site.rows["user"] = append(site.rows["user"], map[string]any{
			"id": guid(i), "userId": "u", "attributes": []any{map[string]any{"attributeType": "Group", "attributeValue": "g"}, map[string]any{"attributeType": "email", "attributeValue": "u@acme.test"}},
		})
	}
	got, err := collect(site.client().Users(t.Context(), append(ids, "x' or 1 eq 1")))
	if err != nil || len(got) != 120 || got[7].Email() != "u@acme.test" || site.times("user/full") != 2 {
		t.Errorf("%d users, %v, %v", len(got), err, site.seen())
	}
}

func TestDataConnectionsNeverAskForPasswords(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["dataconnection"] = []map[string]any{{"id": guid(1), "name": "Sales DB (acme_ann)", "connectionstring": "CUSTOM", "password": "hunter2"}}
	var body []byte
	site.before = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method == http.MethodPost {
			var raw json.RawMessage
			_ = json.NewDecoder(r.Body).Decode(&raw)
			body = raw
			r.Body = http.NoBody
			r.Body = readCloser{strings.NewReader(string(raw))}
		}
		return false
	}
	got, err := collect(site.client().DataConnections(t.Context()))
	if err != nil || len(got) != 1 || got[0].ConnectionString != "CUSTOM" {
		t.Fatal(got, err)
	}
	if strings.Contains(string(body), "password") {
		t.Errorf("asked for %s", body)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func TestAppObjectsAreFilteredByTheServer(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app/object"] = []map[string]any{
		{"id": guid(1), "engineObjectId": "abc", "objectType": "sheet", "app": map[string]any{"id": guid(7)}, "published": true, "approved": false, "size": -1, "contentHash": "h"},
		{"id": guid(2), "engineObjectId": "d", "objectType": "story"},
	}
	got, err := collect(site.client().AppObjects(t.Context(), "objectType eq 'sheet'"))
	want := []qrs.AppObject{{ID: guid(1), EngineObjectID: "abc", ObjectType: "sheet", AppID: guid(7), Published: true, Size: -1, ContentHash: "h"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestOneApp(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.rows["app"] = apps(3)
	if app, err := site.client().App(t.Context(), guid(2)); err != nil || app.Name != "App 2" {
		t.Errorf("%v, %v", app, err)
	}
	if _, err := site.client().App(t.Context(), guid(77)); qrs.KindOf(err) != qrs.NotFound {
		t.Errorf("unknown app: %v", err)
	}
}
