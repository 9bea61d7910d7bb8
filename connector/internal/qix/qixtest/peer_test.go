package qixtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// A recorder takes down what a peer says to its test.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Failed() bool     { r.mu.Lock(); defer r.mu.Unlock(); return len(r.failures) > 0 }
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// play runs a script against a client and returns what the peer complained about.
func play(t *testing.T, script Script, client func(ws *websocket.Conn)) []string {
	t.Helper()
	r := &recorder{TB: t}
	peer := Start(r, script)
	ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), peer.URL(), nil)
	if err == nil {
		client(ws)
		_ = ws.Close() // the peer may have closed already
	}
	for _, f := range r.cleanups {
		f()
	}
	return r.failures
}

func say(t *testing.T, messages ...string) func(*websocket.Conn) {
	return func(ws *websocket.Conn) {
		for _, m := range messages {
			if err := ws.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
				t.Error(err)
			}
		}
	}
}

// A scene is what a script says of a client.
type scene struct {
	name   string
	script Script
	client func(*websocket.Conn)
	want   string // a part of the complaints; "": there are none
}

// wantComplaints plays scenes, at the same time.
func wantComplaints(t *testing.T, scenes []scene) {
	t.Helper()
	for _, tt := range scenes {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(play(t, tt.script, tt.client), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("complaints %q, want %q", got, tt.want)
			}
		})
	}
}

func TestThePeerFailsTheTestOfAClientThatDoesOtherwise(t *testing.T) {
	t.Parallel()
	const ok = `{"jsonrpc":"2.0","id":1,"handle":-1,"method":"A","params":[1,"x"]}`
	wantComplaints(t, []scene{
		{"as expected", Script{Expect("A", 1, "x")}, say(t, ok), ""},
		{"on its handle", Script{ExpectOn(-1, "A")}, say(t, ok), ""},
		{"other method", Script{ExpectAny("B")}, say(t, ok), `A[1,"x"], want B`},
		{"other parameters", Script{Expect("A", 1)}, say(t, ok), `A with [1,"x"], want [1]`},
		{"other handle", Script{ExpectOn(5, "A")}, say(t, ok), "on handle -1, want 5"},
		{"too much", Script{Greet()}, say(t, ok), "unexpected A"},
		{"nothing", Script{ExpectAny("A")}, say(t), "waiting for A"},
		{"a number again", Script{ExpectAny("A"), ExpectAny("A")}, say(t, ok, ok), "used number 1 again"},
		{"a delta", Script{ExpectAny("A")}, say(t, `{"jsonrpc":"2.0","id":1,"handle":-1,"method":"A","params":[],"delta":false}`), "wrong request"},
		{"no version", Script{ExpectAny("A")}, say(t, `{"id":1,"handle":-1,"method":"A","params":[]}`), "wrong request"},
		{"garbage", Script{ExpectAny("A")}, say(t, `garbage`), "the client sent"},
		{"a ping", Script{ExpectAny("A")}, func(ws *websocket.Conn) {
			if err := ws.WriteMessage(websocket.PingMessage, nil); err != nil {
				t.Error(err)
			}
		}, "ping"},
		{"not quiet", Script{ExpectAny("A"), Tell(make(chan struct{})), Quiet()}, say(t, ok, ok), "isn't quiet"},
	})
}

func TestAClientMayHangUpInTheMiddleOnlyWhereTheScriptSaysSo(t *testing.T) {
	t.Parallel()
	const ok = `{"jsonrpc":"2.0","id":1,"handle":-1,"method":"A","params":[]}`
	huge := strings.Repeat("x", 64<<20) // more than the sockets hold
	hangUp := func(ws *websocket.Conn) {
		if _, _, err := ws.NextReader(); err != nil {
			t.Error(err)
		}
	}
	wantComplaints(t, []scene{
		{"too much", Script{SendTooMuch(huge)}, hangUp, ""},
		{"too much, and the client goes on", Script{SendTooMuch("x")}, say(t, ok), "unexpected A"},
		{"a message like any other", Script{Send(huge)}, hangUp, "step 0"},
		{"a refusal's body", Script{Refuse(400, nil, huge)}, hangUp, ""},
	})
}

func TestThePeerFailsTheTestWhenConnectionsAndScriptsDoNotMatch(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	peer := Start(r)
	if _, _, err := websocket.DefaultDialer.DialContext(t.Context(), peer.URL(), nil); err == nil {
		t.Error("connected without a script")
	}
	for _, f := range r.cleanups {
		f()
	}
	if got := strings.Join(r.failures, "\n"); !strings.Contains(got, "no script") {
		t.Errorf("complaints %q", got)
	}
	r = &recorder{TB: t}
	Start(r, Script{})
	r.Errorf("failed before")
	for _, f := range r.cleanups {
		f()
	}
	if got := strings.Join(r.failures, "\n"); !strings.Contains(got, "1 weren't begun") {
		t.Errorf("complaints %q", got)
	}
}

func TestRepliesAreWhatAnEngineSends(t *testing.T) {
	t.Parallel()
	script := Script{
		GreetAs("CORP", "jdoe"), ExpectAny("A"), ExpectAny("B"), Reply(Doc("x")), ReplyTo(0, NullHandle()), ReplyError(5, "p", "m"), ReplyRaw(`"result":null`),
	}
	want := []string{
		`{"jsonrpc":"2.0","method":"OnAuthenticationInformation","params":{"userId":"jdoe","userDirectory":"CORP","logoutUri":"https://h/qps/user","mustAuthenticate":false}}`,
		`{"jsonrpc":"2.0","method":"OnConnected","params":{"qSessionState":"SESSION_CREATED"}}`,
		`{"jsonrpc":"2.0","id":8,"result":{"qReturn":{"qType":"Doc","qHandle":1,"qGenericId":"x"}}}`,
		`{"jsonrpc":"2.0","id":7,"result":{"qReturn":{"qType":null,"qHandle":null}}}`,
		`{"jsonrpc":"2.0","id":8,"error":{"code":5,"parameter":"p","message":"m"}}`,
		`{"jsonrpc":"2.0","id":8,"result":null}`,
	}
	complaints := play(t, script, func(ws *websocket.Conn) {
		say(t, `{"jsonrpc":"2.0","id":7,"handle":-1,"method":"A","params":[]}`, `{"jsonrpc":"2.0","id":8,"handle":1,"method":"B","params":[]}`)(ws)
		for _, w := range want {
			var got, wanted any
			if err := ws.ReadJSON(&got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(w), &wanted); err != nil {
				t.Fatal(err)
			}
			if g, w := fmt.Sprint(got), fmt.Sprint(wanted); g != w {
				t.Errorf("got %s, want %s", g, w)
			}
		}
	})
	if len(complaints) > 0 {
		t.Error(complaints)
	}
}
