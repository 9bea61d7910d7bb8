package qix

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// frames are messages as servers send them, and worse.
var frames = []string{
	`{"jsonrpc":"2.0","id":7,"result":{"qReturn":{"qType":"Doc","qHandle":1,"qGenericId":"x"}},"change":[1]}`,
	`{"jsonrpc":"2.0","id":7,"result":{"qReturn":{"qType":null,"qHandle":null}}}`,
	`{"jsonrpc":"2.0","id":7,"error":{"code":1007,"parameter":"No active document","message":"App invalid"}}`,
	`{"jsonrpc":"2.0","id":7,"result":{"qLayout":{"qNum":"NaN","title":"a","title":"b"}},"delta":true}`,
	`{"jsonrpc":"2.0","method":"OnConnected","params":{"qSessionState":"SESSION_CREATED"}}`,
	`{"method":"OnAuthenticationInformation","params":{"mustAuthenticate":true,"loginUri":"https://h/"}}`,
	`{"method":"OnSessionTimedOut","params":{"severity":"fatal"}}`,
	`{"id":7,"result":{"qPropEntry":{"qProperty":{},"qChildren":[{"qProperty":{"a":[1,{"b":"\"}"}]}}]}}}`,
	`{"id":7,"\u0072esult":"\\\"","result":"\\"}`,
	`{}`, `[]`, ``, ` `, `null`, `"`, `{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":tru}`, `{"id":7,"result":[1 2]}`,
	`{"id":7,"result":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	`{"id":99999999999999999999}`, `{"id":"7","result":1}`, `{"method":5}`, "{\"id\":7,\"result\":\"\xff\xfe\"}", "\x00\x01",
}

// FuzzReceive gives a session with one call in flight whatever a peer may send. It never panics, and
// a message ends the call, ends the session with an error, or leaves both as they are.
func FuzzReceive(f *testing.F) {
	for _, frame := range frames {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := still(1)
		d := &Doc{Handle: Handle{ID: 1, session: s}}
		tree, handle, list := d.ObjectTree(t.Context(), "x"), d.GetObject(t.Context(), "x"), d.GetAllInfos(t.Context())
		for i, c := range []*call{tree.call, handle.call, list.call} {
			s.queue, c.id = nil, 7
			s.pending = map[int64]*call{7: c}
			if err := s.receive(data); err != nil {
				if err.Error() == "" {
					t.Error("an error without text")
				}
				c.finish(nil, err)
			}
			if !c.finished() {
				continue
			}
			switch i {
			case 0:
				_, _ = tree.Get(t.Context())
			case 1:
				_, _ = handle.Get(t.Context())
			case 2:
				_, _ = list.Get(t.Context())
			}
		}
	})
}

// FuzzMembers holds the scanner against the standard library: what that takes for an object, the
// scanner takes apart into the same members; what the scanner refuses is no JSON object.
func FuzzMembers(f *testing.F) {
	for _, frame := range frames {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(data, &want)
		got := map[string]json.RawMessage{}
		err := members(data, func(key, value []byte) error {
			got[string(key)] = value
			return nil
		})
		if wantErr != nil || want == nil || !utf8.Valid(data) {
			return // nothing is promised but to return
		}
		if err != nil {
			t.Fatalf("%v, but it is an object", err)
		}
		for key, value := range want {
			if string(got[key]) != string(value) {
				t.Errorf("%q: %q, want %q", key, got[key], value)
			}
		}
	})
}

// FuzzTree holds the tree reader against the standard library in the same way.
func FuzzTree(f *testing.F) {
	for _, tree := range []string{
		`{}`, `null`, `{"qProperty":{"a":[1,{"b":"\"}"}]},"qChildren":[{"qProperty":1},{},null,{"qChildren":[]}]}`,
		`{"qChildren":null,"qEmbeddedSnapshotRef":{"x":[{}]}}`, `{"qChildren":{}}`, `{"qChildren":[1]}`, `{"qChildren":[{"qProperty":1},{"qProperty":2}],"qChildren":[{}]}`,
		strings.Repeat(`{"qChildren":[`, 2000) + strings.Repeat(`]}`, 2000),
	} {
		f.Add([]byte(tree))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		type plain struct {
			Property json.RawMessage `json:"qProperty"`
			Children []plain         `json:"qChildren"`
		}
		got, err := decodeTree(data)
		if !json.Valid(data) || !utf8.Valid(data) || bytes.Count(data, []byte("qChildren")) > 1 || bytes.Count(data, []byte("qProperty")) > 1 {
			return // what std does with duplicates and other letter case isn't what we promise
		}
		var want plain
		if json.Unmarshal(data, &want) != nil || err != nil {
			return
		}
		if want.Property == nil {
			want.Property = json.RawMessage("null")
		}
		if string(got.Property) != string(want.Property) || len(got.Children) != len(want.Children) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}
