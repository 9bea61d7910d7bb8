package qliktest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// state gives the session state that the greeting named.
func (c *rawClient) state() string { return string(c.on.Params) }

const (
	created  = `{"qSessionState":"SESSION_CREATED"}`
	attached = `{"qSessionState":"SESSION_ATTACHED"}`
)

// facts C.1: the session key is user, app path and identity; the same key attaches.
func TestEngineSessionsByKey(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	for _, tt := range []struct {
		user       int
		path, want string
	}{
		{ann, "/app/engineData", created},
		{ann, "/app/engineData", attached},
		{bob, "/app/engineData", created},
		{ann, "/app/engineData/identity/x", created},
		{ann, "/app/engineData/identity/x", attached},
		{ann, "/app/" + salesID + "/identity/x", created},
		{ann, "/app/AAAAAAAA-0000-4000-8000-000000000001/identity/x", attached},
		{ann, "/app/" + salesID, created},
	} {
		if got := connect(t, s, site.Users[tt.user], tt.path).state(); got != tt.want {
			t.Errorf("%s as %d: %s, want %s", tt.path, tt.user, got, tt.want)
		}
	}
}

// facts C.1: attached sockets share the open app and session objects; handles are per socket.
func TestEngineSessionIsShared(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	one := connect(t, s, site.Users[ann], "/app/"+salesID+"/identity/x")
	doc := one.openDoc(salesID, true)
	one.handle(doc, "GetObject", `["shBase"]`)
	own := one.handle(doc, "CreateSessionObject", `[{"qInfo":{"qId":"so1","qType":"thing"},"x":1}]`)
	if doc != 1 || own != 3 {
		t.Errorf("handles %d and %d, want 1 and 3", doc, own)
	}

	two := connect(t, s, site.Users[ann], "/app/"+salesID+"/identity/x")
	h := two.handle(-1, "GetActiveDoc", `[]`)
	shared := two.handle(h, "GetObject", `["so1"]`)
	if h != 1 || shared != 2 {
		t.Errorf("handles of the second socket: %d and %d, want 1 and 2", h, shared)
	}
	if again := two.handle(h, "GetObject", `["so1"]`); again != shared {
		t.Errorf("the same object has handles %d and %d", shared, again)
	}
	two.do(shared, "GetLayout", `[]`, "qLayout")

	// close lists: on the reply, and on another socket's next one (facts C.3).
	if f := one.ask(doc, "DestroySessionObject", `["so1"]`); !slices.Equal(f.Close, []int{own}) || string(f.Result["qSuccess"]) != "true" {
		t.Errorf("DestroySessionObject: %s", f.raw)
	}
	if f := two.ask(h, "GetAllInfos", `[]`); !slices.Equal(f.Close, []int{shared}) {
		t.Errorf("the other socket isn't told: %s", f.raw)
	}
	two.fails(shared, "GetLayout", `[]`, -32602)
	same(t, "unknown session object", one.do(doc, "DestroySessionObject", `["so1"]`, "qSuccess"), `false`)
}

// facts C.1, C.4: one app in a session, in one mode; another app on a socket of an app fails.
func TestEngineOpensOneApp(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	c := connect(t, s, site.Users[ann], "/app/engineData")
	c.fails(-1, "GetActiveDoc", `[]`, 1007)
	c.openDoc(salesID, true)
	if f := c.fails(-1, "OpenDoc", fmt.Sprintf(`[%q,"","","",true]`, salesID), 1002); f.Error.Message != "App already open" {
		t.Errorf("second open: %s", f.raw)
	}
	c.fails(-1, "OpenDoc", `["aaaaaaaa-0000-4000-8000-000000000003"]`, 1002)
	if f := c.fails(-1, "OpenDoc", fmt.Sprintf(`[%q]`, salesID), 1009); f.Error.Message != "App already open in different mode" {
		t.Errorf("other mode: %s", f.raw)
	}
	other := connect(t, s, site.Users[ann], "/app/"+salesID+"/identity/y")
	other.fails(-1, "OpenDoc", `["aaaaaaaa-0000-4000-8000-000000000003"]`, 1003)
	other.openDoc("AAAAAAAA-0000-4000-8000-000000000001", false)
	if n := s.Counters(); n.OpensWithoutData != 1 || n.OpensWithData != 1 {
		t.Errorf("counted %d opens without and %d with data", n.OpensWithoutData, n.OpensWithData)
	}
}

// A fakeClock is a clock that tests set.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (f *fakeClock) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fakeClock) add(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// facts C.1: /ttl/ keeps a session for so many seconds after its socket; without it, half an hour.
func TestEngineSessionOutlivesItsSocket(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string
		after      time.Duration
		want       string
	}{
		{"within the ttl", "/ttl/10", 9 * time.Second, attached},
		{"after the ttl", "/ttl/10", 10 * time.Second, created},
		{"no ttl, soon", "", 29 * time.Minute, attached},
		{"no ttl, late", "", 31 * time.Minute, created},
		{"at once", "/ttl/0", 0, created},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			site, clock := engineSite(), &fakeClock{now: time.Now()}
			s := startSite(t, site, Options{Now: clock.Now})
			path := "/app/" + salesID + "/identity/x" + tt.path
			c := connect(t, s, site.Users[ann], path)
			c.openDoc(salesID, true)
			_ = c.ws.Close()
			waitFor(t, func() bool { return s.engine.sockets() == 0 })
			clock.add(tt.after)
			again := connect(t, s, site.Users[ann], path)
			if again.state() != tt.want {
				t.Fatalf("greeting %s, want %s", again.state(), tt.want)
			}
			if tt.want == attached {
				again.handle(-1, "GetActiveDoc", `[]`)
			} else {
				again.fails(-1, "GetActiveDoc", `[]`, 1007)
			}
		})
	}
}

// sockets is how many sockets are attached to sessions.
func (e *engine) sockets() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.sessions {
		n += s.sockets
	}
	return n
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatal("it didn't happen in time")
		}
	}
}

// facts C.2: through its own port the Engine pushes one frame only, and number 1 is the doc.
func TestEngineDirectSocketHasOneGreeting(t *testing.T) {
	t.Parallel()
	site := engineSite()
	c := connect(t, startSite(t, site, Options{}), site.Users[ann], "/app/")
	f := c.ask(-1, "GetDocList", `[]`)
	if f.Result["qDocList"] == nil {
		t.Errorf("second frame: %s", f.raw)
	}
	if h := c.openDoc(salesID, true); h != 1 {
		t.Errorf("doc has handle %d", h)
	}
}
