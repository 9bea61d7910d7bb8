package qrs

import (
	"encoding/json"
	"strings"
	"testing"
)

// scanned reports whether a text is one JSON value for the scanner.
func scanned(text []byte) bool {
	s := scanner{b: text}
	_, err := s.value()
	return err == nil && s.peek() == 0 && s.i == len(text)
}

func TestTheScannerTakesJSONAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`null`, ` [ ] `, `{}`, `[1,-0,0.5e+7,1E2]`, `{"a" : [true,false,null], "ü\u00e4\n" : {"b":"\\"}}`, `"\ud83d"`, `{"a":1,"a":2}`,
		``, ` `, `[`, `]`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`, `"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", `01`, `1.`, `.5`, `-`, `1e`, `+1`,
		`nul`, `truefalse`, `[1 2]`, `{"a":1 "b":2}`, `1 2`, `'a'`, "\x00", `[1]` + "\x00", "\ufeff1",
	} {
		if got, want := scanned([]byte(text)), json.Valid([]byte(text)); got != want {
			t.Errorf("%q: %v, and encoding/json says %v", text, got, want)
		}
	}
	if scanned([]byte(strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000))) {
		t.Error("lists in lists have no end")
	}
}

// FuzzScanner holds the scanner against encoding/json: both take the same, and a text means the same.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{`{"rows":[["a",1,true,null]]}`, `"\ud800\u00e4"`, "\"\xff\"", `[-1.5e3,{"x":[]}]`, `"a\/b"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := scanned(text), json.Valid(text); got != want && len(text) < deepest {
			t.Fatalf("%q: %v, and encoding/json says %v", text, got, want)
		}
		if !json.Valid(text) {
			return
		}
		s := scanner{b: text}
		raw, err := s.value()
		if err != nil {
			return // too deep
		}
		same(t, raw, new(string), new(string))
		same(t, raw, new(int64), new(int64))
		same(t, raw, new(bool), new(bool))
	})
}

// same checks that fill does what json.Unmarshal does.
func same[T comparable](t *testing.T, raw []byte, ours, theirs *T) {
	t.Helper()
	got, want := fill(raw, ours), json.Unmarshal(raw, theirs)
	if (got == nil) != (want == nil) || got == nil && *ours != *theirs {
		t.Fatalf("%q: %v and %v, encoding/json says %v and %v", raw, *ours, got, *theirs, want)
	}
}
