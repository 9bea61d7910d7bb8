package qliktest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// keysOf gives the members of the first object of a list, in the order in which they are sent.
func keysOf(t *testing.T, body string) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	var keys []string
	depth := 0
	for {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("no object in %.200s", body)
		}
		switch tok {
		case json.Delim('{'):
			depth++
		case json.Delim('}'):
			if depth--; depth == 0 {
				return keys
			}
		case json.Delim('['), json.Delim(']'):
		default:
			if depth == 1 {
				keys = append(keys, fmt.Sprint(tok))
				var skip json.RawMessage
				if err := d.Decode(&skip); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// facts B.2: exact members, condensed and full.
func TestMembersB2(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	for path, want := range map[string]string{
		"app": "id name appId publishTime published stream savedInProductVersion migrationHash availabilityStatus privileges",
		"app/full": "id createdDate modifiedDate modifiedByUserName customProperties owner name appId sourceAppId targetAppId " +
			"publishTime published tags description stream fileSize lastReloadTime thumbnail savedInProductVersion migrationHash " +
			"dynamicColor availabilityStatus lastDataDistribution staticByteSize privileges schemaPath",
		"app/object/full": "id createdDate modifiedDate modifiedByUserName owner engineObjectType description attributes objectType " +
			"publishTime published approved tags sourceObject draftObject name app appObjectBlobId engineObjectId contentHash size " +
			"privileges schemaPath",
		"stream":      "id name privileges",
		"stream/full": "id createdDate modifiedDate modifiedByUserName customProperties owner name tags privileges schemaPath",
		"tag/full":    "id createdDate modifiedDate modifiedByUserName name privileges schemaPath",
		"user/full": "id createdDate modifiedDate modifiedByUserName customProperties userId userDirectory userDirectoryConnectorName " +
			"name roles attributes inactive removedExternally blacklisted deleteProhibited tags privileges schemaPath",
		"custompropertydefinition/full": "id createdDate modifiedDate modifiedByUserName name valueType choiceValues objectTypes " +
			"description privileges schemaPath",
		"dataconnection/full": "id createdDate modifiedDate modifiedByUserName customProperties owner name connectionstring type " +
			"engineObjectId username password logOn architecture tags privileges schemaPath",
		"reloadtask/full": "id createdDate modifiedDate modifiedByUserName customProperties name app taskType enabled " +
			"taskSessionTimeout maxRetries isManuallyTriggered isPartialReload timeToLive preloadNodes tags operational privileges schemaPath",
		"executionresult/full": "id createdDate modifiedDate modifiedByUserName taskID executionID appID executingNodeID " +
			"executingNodeName status startTime stopTime duration fileReferenceID scriptLogAvailable details scriptLogLocation " +
			"scriptLogSize privileges schemaPath",
	} {
		r := b.must(200, "/qrs/"+path)
		if diff := cmp.Diff(strings.Fields(want), keysOf(t, r.body)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
		if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
			t.Errorf("%s: type %s", path, got)
		}
	}
}

// facts B.2: what an app's members hold.
func TestAppB2(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	var app struct {
		Owner            struct{ UserID, UserDirectory, Name string }
		Stream           *struct{ ID, Name string }
		Tags             []struct{ Name string }
		CustomProperties []struct {
			Value      string
			Definition struct {
				Name, ValueType string
				ChoiceValues    []string
			}
			SchemaPath string
		}
		AppID, SourceAppID, ModifiedDate, PublishTime, LastReloadTime, SchemaPath string
		Published                                                                 bool
		FileSize, StaticByteSize, AvailabilityStatus                              int
		Privileges                                                                []string
	}
	b := direct(t, s, "")
	b.decode("/QRS/App/"+strings.ToUpper(c.sales.ID), &app) // letter case: facts B.1
	if app.Owner.UserID != "ann" || app.Stream == nil || app.Stream.Name != "Everyone" || len(app.Tags) != 2 || app.SchemaPath != "App" ||
		app.AppID != "" || app.SourceAppID != nilGUID || !app.Published || app.FileSize != 1000 || app.StaticByteSize != 900 || app.AvailabilityStatus != 1 {
		t.Errorf("sales: %+v", app)
	}
	if p := app.CustomProperties; len(p) != 2 || p[0].Definition.Name != "Department" || p[1].Value != "HR" ||
		p[0].SchemaPath != "CustomPropertyValue" || len(p[0].Definition.ChoiceValues) != 2 {
		t.Errorf("custom properties: %+v", p)
	}
	b.decode("/qrs/app/"+c.draft.ID, &app)
	if app.Stream != nil || app.Published || app.PublishTime != "1753-01-01T00:00:00.000Z" || app.LastReloadTime != "1753-01-01T00:00:00.000Z" {
		t.Errorf("draft: %+v", app)
	}
}

// facts B.1: dates are UTC with a varying fraction; null dates are of 1753.
func TestDatesB1(t *testing.T) {
	t.Parallel()
	day := time.Date(2019, 2, 15, 15, 46, 20, 0, time.FixedZone("", 3600))
	for want, d := range map[string]date{
		"2019-02-15T14:46:20.000Z":     {Time: day},
		"2019-02-15T14:46:20.997Z":     {Time: day.Add(997 * time.Millisecond)},
		"2019-02-15T14:46:20.23Z":      {Time: day.Add(230 * time.Millisecond)},
		"2019-02-15T14:46:20.0012345Z": {Time: day.Add(1234567 * time.Nanosecond)},
		"1753-01-01T00:00:00.000Z":     {},
		"1753-01-01T00:00:00Z":         {bare: true},
	} {
		if got := d.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// facts B.2, C.5: rows of app objects; ids of QRS and Engine differ; states of sheets; the script's row.
func TestAppObjectsB2(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	type object struct {
		ID, EngineObjectID, ObjectType, Name, Description, Attributes, PublishTime, ContentHash, SchemaPath string
		Published, Approved                                                                                 bool
		Size                                                                                                int
		App                                                                                                 struct{ ID string }
		Owner                                                                                               struct{ UserID string }
	}
	list := func(user *User) map[string]object {
		var all []object
		direct(t, s, "UserDirectory=ACME; UserId="+user.Name).decode("/qrs/app/object/full?filter="+query1("app.id eq "+c.sales.ID), &all)
		by := map[string]object{}
		for _, o := range all {
			by[o.EngineObjectID] = o
		}
		return by
	}
	all := list(c.admin)
	if _, ok := all["v2"]; ok || len(all) != 6 {
		t.Errorf("administrator sees %d rows: %+v", len(all), all)
	}
	base := all[c.sheet]
	if base.ID != guidOf(51) || base.ObjectType != "sheet" || base.Name != "Base" || base.Description != "about shBase" || !base.Published ||
		!base.Approved || base.Size != -1 || base.App.ID != c.sales.ID || base.SchemaPath != "App.Object" || base.Owner.UserID != "ann" || base.ContentHash == "" {
		t.Errorf("base sheet %+v", base)
	}
	if o := all[c.community]; !o.Published || o.Approved {
		t.Errorf("community sheet %+v", o)
	}
	if o := all[c.secret]; o.Published || o.PublishTime != "1753-01-01T00:00:00Z" {
		t.Errorf("private sheet %+v", o)
	}
	text, err := base64.StdEncoding.DecodeString(base.Attributes)
	if want := fmt.Sprintf(`{"Type":"GenericAppObjectEntry","Format":"gzjson","Title":"","ParentId":"shBase","IsTemporary":false,"ContentHash":%q}`, base.ContentHash); err != nil || string(text) != want {
		t.Errorf("attributes %s, want %s", text, want)
	}
	script := all["qvapp_appscript"]
	text, _ = base64.StdEncoding.DecodeString(script.Attributes)
	if script.ObjectType != "app_appscript" || !strings.Contains(string(text), `"Type":"AppScriptObject"`) {
		t.Errorf("script %+v %s", script, text)
	}
	for user, hidden := range map[*User][]string{c.ann: {c.secret}, c.bob: {"qvapp_appscript"}} {
		seen := list(user)
		for id := range all {
			if _, ok := seen[id]; ok == slices.Contains(hidden, id) {
				t.Errorf("%s sees %s: %t", user.Name, id, ok)
			}
		}
	}
	direct(t, s, "").must(200, "/qrs/app/object/"+guidOf(53))
	direct(t, s, "UserDirectory=ACME; UserId=ann").must(404, "/qrs/app/object/"+guidOf(53))
}

// facts B.1: what may not be read is absent, from lists, counts and by id; never 403.
func TestUnreadableThingsAreAbsentB1(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	bob := as(t, s, c.bob).login()
	for path, want := range map[string][]string{
		"app": {"Sales"}, "stream": {"Everyone"}, "user": {"Bob"}, "dataconnection": {}, "reloadtask": {}, "executionresult": {},
		"tag": {"gold", "silver"}, "custompropertydefinition": {"Department"},
	} {
		if diff := cmp.Diff(want, bob.names("/qrs/"+path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
		if got := bob.must(200, "/qrs/"+path+"/count").body; got != fmt.Sprintf(`{"value":%d}`, len(want)) {
			t.Errorf("%s/count: %s", path, got)
		}
	}
	bob.must(404, "/qrs/app/"+c.margin.ID)
	bob.must(404, "/qrs/app/"+guidOf(999))
	bob.must(404, "/qrs/stream/"+c.finance.ID)
}

// facts B.2: the hub list has what is published in the user's streams and his own work.
func TestHublistB2(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	for user, want := range map[*User][]string{
		c.admin: {"Sales", "Margin"}, c.ann: {"Sales", "Margin", "Draft 'A'"}, c.bob: {"Sales"},
	} {
		b := as(t, s, user).login()
		for _, path := range []string{"/qrs/app/hublist", "/qrs/app/hublist/full"} {
			if diff := cmp.Diff(want, b.names(path)); diff != "" {
				t.Errorf("%s %s: %s", user.Name, path, diff)
			}
		}
	}
}

// facts B.1: privileges are null unless asked for.
func TestPrivilegesB1(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann).login()
	privileges := func(path string) map[string][]string {
		var apps []struct {
			Name       string
			Privileges []string
		}
		b.decode(path, &apps)
		by := map[string][]string{}
		for _, a := range apps {
			by[a.Name] = a.Privileges
		}
		return by
	}
	if got := privileges("/qrs/app"); got["Sales"] != nil {
		t.Errorf("unasked: %v", got)
	}
	got := privileges("/qrs/app?privileges=true")
	if !slices.Contains(got["Sales"], "update") || !slices.Equal(got["Margin"], []string{"read"}) {
		t.Errorf("asked: %v", got)
	}
}

// facts B.1, B.3: lists can be ordered, upwards only.
func TestOrderB3(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	for by, want := range map[string][]string{
		"name":         {"Draft 'A'", "Margin", "Sales"},
		"modifiedDate": {"Margin", "Draft 'A'", "Sales"},
		"FILESIZE":     {"Sales", "Margin", "Draft 'A'"},
		"stream.name":  {"Draft 'A'", "Sales", "Margin"},
	} {
		for _, name := range []string{"orderby", "orderBy"} {
			if diff := cmp.Diff(want, b.names("/qrs/app?"+name+"="+by)); diff != "" {
				t.Errorf("%s=%s: %s", name, by, diff)
			}
		}
	}
	b.must(400, "/qrs/app?orderby=nosuch")
}

// facts B.1: /full may be cut without a word; count and table are not.
func TestRecordLimitB1(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{MaxRecordLimit: 2})
	b := direct(t, s, "")
	for _, path := range []string{"/qrs/app", "/qrs/app/full"} {
		if got := b.names(path); len(got) != 2 {
			t.Errorf("%s: %q, want two", path, got)
		}
	}
	if got := b.must(200, "/qrs/app/count").body; got != `{"value":3}` {
		t.Errorf("count %s", got)
	}
	if got := b.page("app", "skip=0&take=100", `{"columns":[{"name":"n","columnType":"Property","definition":"name"}]}`); len(got.Rows) != 3 {
		t.Errorf("table %v", got.Rows)
	}
}

// facts B.2: about.
func TestAboutB2(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	want := `{"buildVersion":"31.62.0.0","buildDate":"5/8/2026 10:00:00 AM","databaseProvider":"Devart.Data.PostgreSql",` +
		`"nodeType":1,"sharedPersistence":true,"requiresBootstrap":false,"singleNodeOnly":false,"schemaPath":"About"}`
	if got := direct(t, s, "").must(200, "/qrs/about").body; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// facts B.2: a task carries its last execution, an execution its times and status.
func TestTasksB2(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := direct(t, s, "")
	var tasks []struct {
		ID          string
		App         struct{ ID string }
		Operational struct {
			LastExecutionResult struct {
				Status, Duration    int
				StartTime, StopTime string
			}
			NextExecution string
		}
	}
	b.decode("/qrs/reloadtask/full", &tasks)
	if x := tasks[0]; x.App.ID != c.sales.ID || x.Operational.LastExecutionResult.Status != 8 || x.Operational.LastExecutionResult.Duration != 1500 ||
		x.Operational.NextExecution != "1753-01-01T00:00:00.000Z" {
		t.Errorf("%+v", x)
	}
	if x := tasks[1].Operational.LastExecutionResult; x.Status != 0 || x.StartTime != "1753-01-01T00:00:00.000Z" {
		t.Errorf("a task that never ran: %+v", x)
	}
	var runs []struct{ TaskID, AppID string }
	b.decode("/qrs/executionresult/full", &runs)
	if len(runs) != 1 || runs[0].TaskID != tasks[0].ID || runs[0].AppID != c.sales.ID {
		t.Errorf("%+v", runs)
	}
	direct(t, s, "").must(200, "/qrs/executionresult/"+guidOf(72))
}

// The site is for reading: other verbs are refused with text, unknown paths are 404.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := direct(t, s, "")
	for _, call := range [][2]string{{"POST", "/qrs/app"}, {"PUT", "/qrs/app/" + c.sales.ID}, {"DELETE", "/qrs/app/" + c.sales.ID}, {"POST", "/qrs/tag"}} {
		r := b.do(call[0], call[1], "{}")
		if r.status != http.StatusForbidden || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s %s: %d %s", call[0], call[1], r.status, r.header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/qrs", "/qrs/nosuch", "/qrs/app/x", "/qrs/app/full/x", "/qrs/about/x", "/other"} {
		b.must(404, path)
	}
}
