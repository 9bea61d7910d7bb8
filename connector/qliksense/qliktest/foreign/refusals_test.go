package foreign_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// A refused call, as enigma.js reports it; OK if it was not refused.
type refused struct {
	OK                 bool
	Code               int
	Message, Parameter string
}

// enigma.js's own code for a null handle (facts G 27).
const objectNotFound = -2

func TestEnigmaJSIsRefused(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	admin := site.Users[0]
	var got struct {
		Expired, ForeignKey            int
		CrossSite                      map[string]int
		NoDocYet, OpenAgain, OtherMode refused
		Missing                        map[string]refused
		Attached                       string
		NullHandle, ByName             object
		WrongHandle, NoMethod          struct{ Error refused }
		UnknownApp, SessionLimit       []string
	}
	run(t, srv, "refusals.mjs", task{
		"app":      find(t, site, "Sales Overview 📈").ID,
		"expired":  srv.Token(admin, qliktest.TokenOptions{Lifetime: -time.Hour}),
		"wrongKey": srv.Token(admin, qliktest.TokenOptions{WrongKey: true}),
	}, &got)

	if got.Expired != 401 || got.ForeignKey != 401 {
		t.Errorf("expired token: %d, foreign key: %d, want 401 (facts A.5)", got.Expired, got.ForeignKey)
	}
	crossSite := map[string]int{"good": 101, "noToken": 403, "tokenInHeader": 403, "wrongToken": 403, "noOrigin": 403, "foreignOrigin": 403}
	if d := cmp.Diff(crossSite, got.CrossSite); d != "" {
		t.Errorf("upgrades (facts A.7, A.8): %s", d)
	}
	for what, tc := range map[string]struct {
		got  refused
		code int
	}{
		"GetActiveDoc without a doc": {got.NoDocYet, 1007}, "OpenDoc twice": {got.OpenAgain, 1002}, "OpenDoc with data on a session without": {got.OtherMode, 1009},
		"an unknown handle": {got.WrongHandle.Error, -32602}, "an unknown method": {got.NoMethod.Error, -32601},
	} {
		if tc.got.Code != tc.code {
			t.Errorf("%s: %+v, want code %d (facts C.3)", what, tc.got, tc.code)
		}
	}
	for call, r := range got.Missing {
		if r.OK || r.Code != objectNotFound {
			t.Errorf("%s of an unknown id: %+v, want a null handle (facts C.5)", call, r)
		}
	}
	for _, reply := range []object{got.NullHandle, got.ByName} {
		result, _ := reply["result"].(object)
		value, there := result["qReturn"].(object)
		if !there || reply["error"] != nil || value["qHandle"] != nil || value["qType"] != nil {
			t.Errorf("GetObject of an unknown id: %v, want a null handle without an error (facts C.5)", reply)
		}
	}
	if got.Attached != "SESSION_ATTACHED" {
		t.Errorf("the second socket of a session is greeted with %s", got.Attached)
	}
	if !slices.Contains(got.UnknownApp, "OnNoEngineAvailable") || !slices.Contains(got.SessionLimit, "OnMaxParallelSessionsExceeded") {
		t.Errorf("unknown app: %v; sixth session: %v (facts C.2)", got.UnknownApp, got.SessionLimit)
	}
}

func TestEnigmaJSWithoutRights(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	reader := site.FindUser("ALPINA", "kenji.sato")
	app := find(t, site, "Sales Overview 📈")
	var got struct {
		Script, Lineage, Connections, SectionAccess refused
		Sheets, Docs                                []string
	}
	run(t, srv, "rights.mjs", task{"app": app.ID, "sectionApp": find(t, site, "Headcount").ID, "token": srv.Token(reader)}, &got)

	for what, r := range map[string]refused{"GetScript": got.Script, "GetLineage": got.Lineage, "GetConnections": got.Connections} {
		if r.Code != 5 || r.Message != "Access denied" {
			t.Errorf("%s without the right to reload: %+v (facts C.6)", what, r)
		}
	}
	if got.SectionAccess.Code != 4000 {
		t.Errorf("section access: %+v, want 4000 (facts C.3)", got.SectionAccess)
	}
	var sheets, docs []string
	for _, it := range visible(site, reader, app, app.Content().Objects) {
		if id, typ := it.Tree.Info(); typ == "sheet" {
			sheets = append(sheets, id)
		}
	}
	for _, a := range site.Apps {
		if site.Can(reader, qliktest.Read, a) {
			docs = append(docs, a.ID)
		}
	}
	if len(sheets) != 4 || len(docs) == 0 || len(docs) == len(site.Apps) {
		t.Fatalf("the test proves nothing: the reader sees %d sheets and %d apps", len(sheets), len(docs))
	}
	sameSet(t, "sheets that the reader sees", sheets, got.Sheets)
	sameSet(t, "apps that the reader sees", docs, got.Docs)
}
