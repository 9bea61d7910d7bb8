package qliktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// facts C.3, G 37: refusals of an open, by fault.
func TestEngineOpenFaults(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	for f, code := range map[Fault]int{
		AccessDenied4000: 4000, AccessDenied5: 5, NotFound: 1003, Corrupt: 11, TooLarge: 1015, OtherMode: 1009,
		MigrationFailed: 1012, ReloadRunning: 11000, ConnectFailed: 1008, StoreMissing: 9003,
	} {
		s.Fail(salesID, f)
		c := connect(t, s, site.Users[ann], "/app/"+salesID+"/identity/"+string(f))
		c.fails(-1, "OpenDoc", fmt.Sprintf(`[%q,"","","",true]`, salesID), code)
		s.Heal(salesID)
		c.openDoc(salesID, true)
	}
}

// faulty opens Sales and then lets a fault happen to it; h is the handle of the base sheet.
func faulty(t *testing.T, f Fault, o Options) (s *Server, c *rawClient, doc, h int) {
	t.Helper()
	site := engineSite()
	s = startSite(t, site, o)
	c = connect(t, s, site.Users[ann], "/app/"+salesID)
	doc = c.openDoc(salesID, true)
	h = c.handle(doc, "GetObject", `["shBase"]`)
	s.Fail(salesID, f)
	return s, c, doc, h
}

// read gives the next frame as it is, or the error of the socket.
func (c *rawClient) read() ([]byte, error) {
	_ = c.ws.SetReadDeadline(time.Now().Add(patience))
	_, b, err := c.ws.ReadMessage()
	return b, err
}

func TestEngineFrameFaults(t *testing.T) {
	t.Parallel()
	for f, check := range map[Fault]func(b []byte, err error) bool{
		GarbageFrame:        func(b []byte, err error) bool { return err == nil && !json.Valid(b) },
		TruncatedFrame:      func(b []byte, err error) bool { return err == nil && b[0] == '{' && !json.Valid(b) },
		HugeFrame:           func(b []byte, err error) bool { return err == nil && len(b) > 64<<20 && b[len(b)-1] == '}' },
		NullResult:          func(b []byte, err error) bool { return string(b) == `{"jsonrpc":"2.0","id":3,"result":null}` },
		DropInTheMiddle:     func(_ []byte, err error) bool { return err != nil },
		DropInTheMiddleOnce: func(_ []byte, err error) bool { return err != nil },
		DuplicateKeys: func(b []byte, err error) bool {
			return err == nil && json.Valid(b) && bytes.Count(b, []byte(`"title":"Überblick`)) == 2
		},
		AbortedOnce:      func(b []byte, err error) bool { return bytes.Contains(b, []byte(`"code":15,`)) },
		ObjectUnreadable: func(b []byte, err error) bool { return bytes.Contains(b, []byte(`"code":5,`)) },
		UnknownPush:      func(b []byte, err error) bool { return bytes.Contains(b, []byte(`"method":"OnNobodyKnowsThis"`)) },
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			_, c, _, h := faulty(t, f, Options{})
			c.send(h, "GetFullPropertyTree", `[]`)
			if b, err := c.read(); !check(b, err) {
				t.Errorf("%.300q %v", b, err)
			}
			if f == AbortedOnce {
				c.do(h, "GetFullPropertyTree", `[]`, "qPropEntry")
			}
			if f == UnknownPush {
				if got := c.next(); got.Result["qPropEntry"] == nil {
					t.Errorf("after the notification: %s", got.raw)
				}
			}
		})
	}
}

// Only the first sheet is unreadable; the others and their layouts are as ever.
func TestEngineOneObjectIsUnreadable(t *testing.T) {
	t.Parallel()
	_, c, doc, h := faulty(t, ObjectUnreadable, Options{})
	c.fails(h, "GetProperties", `[]`, 5)
	c.do(h, "GetLayout", `[]`, "qLayout")
	other := c.handle(doc, "GetObject", `["shCommunity"]`)
	c.do(other, "GetFullPropertyTree", `[]`, "qPropEntry")
}

// facts C.6: script, lineage and connections may be denied one by one.
func TestEngineDenialFaults(t *testing.T) {
	t.Parallel()
	for f, methods := range map[Fault][]string{
		ScriptDenied: {"GetScript", "GetScriptEx"}, LineageDenied: {"GetLineage"}, ConnectionsDenied: {"GetConnections"},
	} {
		_, c, doc, _ := faulty(t, f, Options{})
		for _, m := range methods {
			c.fails(doc, m, `[]`, 5)
		}
		c.do(doc, "GetAllInfos", `[]`, "qInfos")
	}
}

// Numbers that are measured come as text (facts C.3).
func TestEngineNaNFault(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	s.Fail(salesID, NotANumber)
	c := connect(t, s, site.Users[ann], "/app/"+salesID)
	doc := c.openDoc(salesID, false)
	f := c.ask(doc, "GetTablesAndKeys", fmt.Sprintf(tablesAndKeys, false))
	same(t, "density", at(f.Result["qtr"], "/0/qFields/0/qInformationDensity"), `"NaN"`)
}

// A hung call is answered only when it is canceled; others are answered meanwhile.
func TestEngineHangs(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	s.Fail("", HangAtOpen)
	c := connect(t, s, site.Users[ann], "/app/"+salesID)
	open := c.send(-1, "OpenDoc", fmt.Sprintf(`[%q,"","","",true]`, salesID))
	c.do(-1, "EngineVersion", `[]`, "qVersion")
	c.send(-1, "CancelRequest", fmt.Sprintf(`[%d]`, open))
	if f := c.next(); *f.ID != open || f.Error == nil || f.Error.Code != 15 {
		t.Errorf("canceled open: %s", f.raw)
	}
	c.next()
	s.Heal("")
	doc := c.openDoc(salesID, true)
	h := c.handle(doc, "GetObject", `["shBase"]`)
	s.Fail(salesID, HangInTheMiddle)
	c.send(h, "GetFullPropertyTree", `[]`)
	c.do(-1, "EngineVersion", `[]`, "qVersion")
}

func TestEngineDropsAtOpen(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	s.Fail(salesID, DropAtOpenOnce)
	open := fmt.Sprintf(`[%q,"","","",true]`, salesID)
	c := connect(t, s, site.Users[ann], "/app/"+salesID+"/identity/1/ttl/0")
	c.send(-1, "OpenDoc", open)
	if b, err := c.read(); err == nil {
		t.Errorf("the socket lives: %s", b)
	}
	connect(t, s, site.Users[ann], "/app/"+salesID+"/identity/2").openDoc(salesID, true)
	s.Fail("", DropAtOpen)
	for i := range 2 {
		c := connect(t, s, site.Users[ann], fmt.Sprintf("/app/%s/identity/%d/ttl/0", salesID, 10+i))
		c.send(-1, "OpenDoc", open)
		if b, err := c.read(); err == nil {
			t.Errorf("the socket lives: %s", b)
		}
	}
}

// A late reply comes after those that were asked for later (facts C.3, G 48); so does a slow open, though
// that holds up the rest.
func TestEngineIsLate(t *testing.T) {
	t.Parallel()
	_, c, doc, h := faulty(t, LateReply, Options{SlowBy: 200 * time.Millisecond})
	late := c.send(h, "GetFullPropertyTree", `[]`)
	soon := c.send(doc, "GetAllInfos", `[]`)
	if f := c.next(); *f.ID != soon {
		t.Errorf("first reply: %.100s", f.raw)
	}
	if f := c.next(); *f.ID != late {
		t.Errorf("second reply: %.100s", f.raw)
	}

	site := engineSite()
	s := startSite(t, site, Options{SlowBy: 100 * time.Millisecond})
	s.Fail(salesID, SlowOpen)
	start := time.Now()
	connect(t, s, site.Users[ann], "/app/"+salesID).openDoc(salesID, true)
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("a slow open took %v", took)
	}
}

// Every fault of the list is one that the Engine or the network face knows; names are unique.
func TestFaultNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[Fault]bool{}
	for _, f := range Faults() {
		if seen[f] || f == "" || strings.ContainsAny(string(f), " _") {
			t.Errorf("fault %q", f)
		}
		seen[f] = true
	}
}
