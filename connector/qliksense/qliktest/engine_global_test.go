package qliktest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// facts C.4: the doc list has what the user may read, in the shape of a client-managed site.
func TestEngineDocList(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	for user, want := range map[int][]string{
		ann:  {"Sales", "Secret", "Old"},
		bob:  {"Sales", "Secret", "Old", "Bob's"},
		root: {"Sales", "Secret", "Old", "Bob's"},
	} {
		c := connect(t, s, site.Users[user], "/app/engineData")
		var docs []struct{ QDocName string }
		if err := json.Unmarshal(c.do(-1, "GetDocList", `[]`, "qDocList"), &docs); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range docs {
			names = append(names, d.QDocName)
		}
		if fmt.Sprint(names) != fmt.Sprint(want) {
			t.Errorf("user %d sees %q, want %q", user, names, want)
		}
	}
	c := connect(t, s, site.Users[bob], "/app/engineData/identity/z")
	var docs []json.RawMessage
	_ = json.Unmarshal(c.do(-1, "GetDocList", `{}`, "qDocList"), &docs)
	same(t, "published app of somebody else", docs[0], `{"qDocName":"Sales","qDocId":"`+salesID+`","qTitle":"Sales",
		"qFileTime":45357.4244484375,"qFileSize":123456,"qReadOnly":true,"qLastReloadTime":"2024-03-07T10:11:12.345Z",
		"qThumbnail":{"qUrl":"/appcontent/x.png"},"qMeta":{"createdDate":"2024-03-01T10:11:12.345Z",
		"modifiedDate":"2024-03-06T10:11:12.345Z","published":true,"publishTime":"2024-03-05T10:11:12.345Z",
		"privileges":["read"],"description":"What is sold","dynamicColor":"",
		"stream":{"id":"5f0f2d1c-0000-4000-8000-000000000001","name":"Everyone"},"create":[
		{"resource":"sheet","canCreate":true},{"resource":"bookmark","canCreate":true},{"resource":"snapshot","canCreate":true},
		{"resource":"story","canCreate":true},{"resource":"masterobject","canCreate":false},{"resource":"dimension","canCreate":false},
		{"resource":"measure","canCreate":false},{"resource":"variable","canCreate":false}]}}`)
	var personal struct {
		QMeta struct {
			Published   bool
			PublishTime string
		}
		QLastReloadTime *string
	}
	_ = json.Unmarshal(docs[3], &personal)
	if personal.QMeta.PublishTime != "1753-01-01T00:00:00.000Z" || personal.QLastReloadTime != nil {
		t.Errorf("personal app, never reloaded: %s", docs[3])
	}
}

// facts C.3, C.4, G 14, G 37: who may not open an app, and how that is said.
func TestEngineRefusesOpens(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	for _, tt := range []struct {
		name, app string
		user      int
		code      int
	}{
		{"unknown", "aaaaaaaa-0000-4000-8000-00000000ffff", ann, 1003},
		{"no read right on the Engine's port", "aaaaaaaa-0000-4000-8000-000000000004", ann, 1003},
		{"section access", "aaaaaaaa-0000-4000-8000-000000000002", bob, 4000},
		{"section access and administrator", "aaaaaaaa-0000-4000-8000-000000000002", root, 4000},
	} {
		c := connect(t, s, site.Users[tt.user], "/app/engineData/identity/"+fmt.Sprint(tt.code, tt.user))
		c.fails(-1, "OpenDoc", fmt.Sprintf(`[%q,"","","",true]`, tt.app), tt.code)
		c.fails(-1, "GetActiveDoc", `[]`, 1007)
	}
	connect(t, s, site.Users[ann], "/app/engineData").openDoc("aaaaaaaa-0000-4000-8000-000000000002", true)
	if n := s.Counters(); n.OpensWithoutData != 1 {
		t.Errorf("%d opens counted, want 1", n.OpensWithoutData)
	}
}

// facts G 38: an app of another version is migrated when it is opened; who may update it saves that.
func TestEngineMigratesOldApps(t *testing.T) {
	t.Parallel()
	const old = "aaaaaaaa-0000-4000-8000-000000000003"
	site, clock := engineSite(), &fakeClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	s := startSite(t, site, Options{Now: clock.Now})
	version := func(c *rawClient, doc int) (p struct{ QSavedInProductVersion, QMigrationHash, ModifiedDate string }) {
		_ = json.Unmarshal(c.do(doc, "GetAppProperties", `[]`, "qProp"), &p)
		return p
	}
	reader := connect(t, s, site.Users[bob], "/app/"+old)
	if p := version(reader, reader.openDoc(old, true)); p.QSavedInProductVersion != "12.20.0" || p.QMigrationHash != "h1" || p.ModifiedDate != "2024-03-02T10:11:12.345Z" {
		t.Errorf("a reader saved the migration: %+v", p)
	}
	owner := connect(t, s, site.Users[ann], "/app/"+old)
	if p := version(owner, owner.openDoc(old, true)); p.QSavedInProductVersion != "12.2056.15" || p.QMigrationHash != "h2" || p.ModifiedDate != "2026-01-02T03:04:05.000Z" {
		t.Errorf("the owner didn't save the migration: %+v", p)
	}
	connect(t, s, site.Users[bob], "/app/"+old+"/identity/2").openDoc(old, true)
	if n := s.Counters().Migrations; n != 2 {
		t.Errorf("%d migrations counted, want 2", n)
	}
}

// facts C.4: the minor calls of Global.
func TestEngineGlobalCalls(t *testing.T) {
	t.Parallel()
	site := engineSite()
	c := connect(t, startSite(t, site, Options{}), site.Users[bob], "/app/engineData")
	for _, tt := range []struct{ method, params, member, want string }{
		{"GetStreamList", `[]`, "qStreamList", `[{"qName":"Everyone","qId":"5f0f2d1c-0000-4000-8000-000000000001"}]`},
		{"GetConfiguration", `[]`, "qConfig", `{}`},
		{"GetProgress", `[1]`, "qProgressData", `{}`},
		{"AllowCreateApp", `[]`, "qReturn", `false`},
	} {
		same(t, tt.method, c.do(-1, tt.method, tt.params, tt.member), tt.want)
	}
	if h := c.do(-1, "GetBaseBNFHash", `["S"]`, "qBnfHash"); len(h) < 10 {
		t.Errorf("GetBaseBNFHash: %s", h)
	}
	for _, method := range []string{"CancelReload", "CancelRequest"} {
		if f := c.ask(-1, method, `[77]`); f.Error != nil {
			t.Errorf("%s: %s", method, f.raw)
		}
	}
	c.fails(-1, "GetFunctions", `[]`, -32601)
}
