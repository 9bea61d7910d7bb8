package qliktest

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
)

func TestMembersKeepOrderAndRepetition(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`: "", ` { } `: "", `[1]`: "", `"{}"`: "", `7`: "", ``: "",
		`{"a":1,"b":{"c":[1,{"d":"}"}]},"a":null}`:   `a=1 b={"c":[1,{"d":"}"}]} a=null `,
		"{ \"a\" : \"x\\\"y\\\\\" ,\n\t\"b\":true }": `a="x\"y\\" b=true `,
		`{"ä\u00e4\"":-1.5e3}`:                       `ää"=-1.5e3 `,
	} {
		got := ""
		for _, m := range membersOf(json.RawMessage(raw)) {
			got += fmt.Sprintf("%s=%s ", m.name, m.value)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	if got := fmt.Sprintf("%s", itemsOf(json.RawMessage(` [ 1 ,"]", [2,3],{"x":[ ]} , null ] `))); got != `[1 "]" [2,3] {"x":[ ]} null]` {
		t.Errorf("items: %s", got)
	}
}

func TestPointers(t *testing.T) {
	t.Parallel()
	doc := json.RawMessage(`{"a":{"b":[{"c":"x"},2]},"s/t":{"~":1}}`)
	for path, want := range map[string]string{
		"/a/b/0/c": `"x"`, "/a/b/1": "2", "/s~1t/~0": "1", "/a/b/2": "", "/a/b/x": "", "/no": "", "/a/b/1/c": "",
	} {
		if got := string(at(doc, path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// facts C.3: what is left out, and what never is.
func TestEncoderOmitsDefaultsOfStructuresOnly(t *testing.T) {
	t.Parallel()
	v := structure{
		{"f", false},
		{"n", 0},
		{"s", ""},
		{"l", list{}},
		{"o", structure{{"x", 0}}},
		{"gone", nil},
		{"null", null{}},
		{"d", document{{"f", false}, {"s", ""}, {"l", list{}}}},
		{"raw", json.RawMessage(`{ "a" : 0 }`)},
		{"nan", math.NaN()},
		{"inf", math.Inf(-1)},
		{"text", "a\"\\\r\n\t\x01<ä>"},
		{"names", []string{"x"}},
	}
	same(t, "short", render(v, false), `{"null":null,"d":{"f":false,"s":"","l":[]},"raw":{"a":0},"nan":"NaN","inf":"-Infinity",
		"text":"a\"\\\r\n\t\u0001<ä>","names":["x"]}`)
	same(t, "full", render(v, true), `{"f":false,"n":0,"s":"","l":[],"o":{"x":0},"null":null,"d":{"f":false,"s":"","l":[]},
		"raw":{"a":0},"nan":"NaN","inf":"-Infinity","text":"a\"\\\r\n\t\u0001<ä>","names":["x"]}`)
}
