package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestAConnectionIsProvenBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	wrong := o.keys("prod")
	wrong["jwt"] = map[string]any{"prefix": "nowhere", "token": o.info.Token}
	a := o.want(409, "POST", "/connections", wrong)
	if !strings.Contains(a.text, "step proxy") || !strings.Contains(a.body["cure"].(string), "save_anyway=true") {
		t.Errorf("a connection that doesn't work: %s", a.text)
	}
	nowhere := o.keys("prod")
	nowhere["url"] = "https://127.0.0.1:1"
	refused := o.keys("prod")
	refused["jwt"] = map[string]any{"prefix": o.info.Prefix, "token": o.info.Token + "x"}
	for want, keys := range map[string]map[string]any{"/url": nowhere, "/jwt": refused, "": wrong} {
		if a := o.want(409, "POST", "/connections", keys); a.pointers()[0] != want {
			t.Errorf("the fault is at %q, want %q: %s", a.pointers()[0], want, a.text)
		}
	}
	o.want(404, "GET", "/connections/prod", nil)
	o.want(201, "POST", "/connections?save_anyway=true", wrong)
	o.want(409, "PATCH", "/connections/prod", map[string]any{"tls": map[string]any{"server_name": "x"}})
	o.want(200, "PATCH", "/connections/prod", map[string]any{"jwt": map[string]any{"prefix": o.info.Prefix}})

	check := o.want(200, "POST", "/connections/check", o.keys("next"))
	if check.body["ok"] != true {
		t.Fatalf("the check: %s", check.text)
	}
	before := o.site.Counters().RequestTotal()
	o.want(201, "POST", "/connections", o.keys("next"))
	if o.site.Counters().RequestTotal() != before {
		t.Error("what a check proved is checked again")
	}
	// An edit that isn't saved is checked with the secret that is stored.
	edit := o.keys("next")
	delete(edit["jwt"].(map[string]any), "token")
	if c := o.want(200, "POST", "/connections/next/check", edit); c.body["ok"] != true {
		t.Errorf("with the stored secret: %s", c.text)
	}
	if c := o.want(200, "POST", "/connections/next/check", nil); c.body["ok"] != true {
		t.Errorf("as it is stored: %s", c.text)
	}
}

func TestACheckIsStreamedStepByStep(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	a := o.want(200, "POST", "/connections/check", o.keys("prod"), "Accept", "text/event-stream")
	if a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v", a.header)
	}
	events := strings.Split(strings.TrimSpace(a.text), "\n\n")
	for i, e := range events {
		name := "event: step\n"
		if i == len(events)-1 {
			name = "event: result\n"
		}
		if !strings.HasPrefix(e, name) {
			t.Errorf("event %d is %q", i, e)
		}
	}
	if len(events) < 10 || !strings.Contains(events[len(events)-1], `"ok":true`) {
		t.Errorf("%d events: %s", len(events), a.text)
	}
}

func TestACheckGoesToNoAddressThatIsDenied(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{"QLIKCRAWLER_DENY_NETWORKS": "loopback"})
	keys := o.keys("prod")
	u, err := url.Parse(o.site.URL)
	if err != nil {
		t.Fatal(err)
	}
	keys["url"] = "https://localhost:" + u.Port() // a name: what it resolves to counts
	a := o.want(200, "POST", "/connections/check", keys)
	if a.body["ok"] != false || !strings.Contains(a.text, "QLIKCRAWLER_ALLOW_NETWORKS") || o.site.Counters().RequestTotal() > 0 {
		t.Errorf("%s", a.text)
	}
	keys["url"] = "https://127.0.0.1:" + u.Port()
	if b := o.want(422, "POST", "/connections/check", keys); b.pointers()[0] != "/url" {
		t.Errorf("%s", b.text)
	}
}

func TestHealthIsCheckedLightly(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.want(201, "POST", "/connections?save_anyway=true", o.keys("prod"))
	check := func() map[string]any {
		t.Helper()
		if err := o.register.CheckHealth(t.Context(), time.Nanosecond, 10); err != nil {
			t.Fatal(err)
		}
		return o.want(200, "GET", "/connections/prod", nil).state()
	}
	if s := check(); s["health"] != "green" || s["checked_at"] == nil {
		t.Errorf("%v", s)
	}
	if c := o.site.Counters(); c.OpensWithoutData+c.OpensWithData > 0 || c.RequestTotal() > 20 || c.Logouts != c.Logins {
		t.Errorf("a light check cost %+v", c)
	}
	o.site.Fail("", qliktest.Unavailable)
	s := check()
	if s["health"] != "red" || s["health_reason"] == nil || s["check_halted"] != nil {
		t.Errorf("%v", s)
	}
	o.site.Heal("")
	if s = check(); s["health"] != "green" {
		t.Errorf("%v", s)
	}
}

// TestAWrongPasswordIsTriedOnce counts what would lock the account.
func TestAWrongPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	keys := o.keys("prod")
	keys["authentication"] = "windows"
	keys["windows"] = map[string]any{"prefix": o.info.WindowsPrefix, "user_directory": o.info.UserDirectory, "user_id": o.info.UserID, "password": "wrong"}
	delete(keys, "jwt")
	if a := o.want(200, "POST", "/connections/check", keys); a.body["ok"] != false || !strings.Contains(a.text, `"unauthorized"`) {
		t.Fatalf("%s", a.text)
	}
	tries := o.site.Counters().WrongPasswords
	o.want(409, "POST", "/connections", keys) // what the check found is remembered
	if got := o.site.Counters().WrongPasswords; got != tries {
		t.Errorf("saving tried the wrong password again: %d tries after %d", got, tries)
	}
	o.want(201, "POST", "/connections?save_anyway=true", keys)
	for range 4 {
		if err := o.register.CheckHealth(t.Context(), time.Nanosecond, 10); err != nil {
			t.Fatal(err)
		}
	}
	s := o.want(200, "GET", "/connections/prod", nil).state()
	if got := o.site.Counters().WrongPasswords; got != 2*tries || s["health"] != "red" || s["check_halted"] != true {
		t.Errorf("%d tries after four health checks, want %d; state %v", got, 2*tries, s)
	}
}
