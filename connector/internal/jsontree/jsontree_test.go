package jsontree

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSONKeepsOrderAndDuplicates(t *testing.T) {
	t.Parallel()
	v := js(t, ` { 'z' : 1 , 'a' : [ true , null , 'x' ] , 'z' : 2.5e1 } `)
	var names []string
	for _, m := range v.Members {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"z", "a", "z"}, names); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if n := v.Get("z").Num(); n == nil || *n != 25 {
		t.Errorf("of two members of a name the last counts: %v", n)
	}
}

func TestJSONReadsWhatItIsNotAsAbsent(t *testing.T) {
	t.Parallel()
	v := js(t, `{'nan':'NaN','text':'x','list':[1,'a',null,'b'],'yes':true,'n':7}`)
	if v.Get("nan").Num() != nil || v.Get("text", "deeper").Kind != Absent || v.Get("n").Str() != "" || v.Get("text").Truth() {
		t.Error("a value of another type was read")
	}
	if got := v.Get("list").Strs(); !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("strings %v", got)
	}
	if v.Get("n").Count() != 7 || !v.Get("yes").Truth() {
		t.Error("a value wasn't read")
	}
}

func TestBrokenJSONIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "{", "[", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{,}`, `[1,]`, `[1 2]`, `"a`, `"\`, `"\x"`, "\"\n\"", "tru", "nul", "-", "01", "1.",
		"{}x", "[]]", `{a:1}`, `{"a" 1}`, "\xff", strings.Repeat("[", 10*maxDepth),
	} {
		if v, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.20q was read as %v", text, v.Plain())
		}
	}
}

// FuzzJSON compares with encoding/json: both take the same texts, and read the same values from them.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e3,true,false,null,"x\u0041\n\ud83d\ude00"],"b":{}}`, `"\ud800"`, "\"\xff\"", `[[],[[]],{"":""}]`, `"a\u0000b"`, `1`, `{"a":1,"a":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := Parse(raw)
		if valid := json.Valid(raw); valid != (err == nil) {
			if valid && strings.Contains(err.Error(), "too deep") {
				return
			}
			t.Fatalf("valid is %v, error is %v", valid, err)
		}
		if err != nil {
			return
		}
		var want any
		if json.Unmarshal(raw, &want) != nil {
			return // a number too large for it
		}
		if got := lossless(v); !cmp.Equal(withoutNUL(want), got) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

// withoutNUL is a value with its texts as the catalog keeps them.
func withoutNUL(v any) any {
	switch v := v.(type) {
	case string:
		return withoutNULs(v)
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
	case map[string]any:
		all := map[string]any{}
		for k := range v {
			all[withoutNULs(k)] = withoutNUL(v[k])
		}
		return all
	}
	return v
}

// lossless is a value as encoding/json gives it, but for NUL.
func lossless(v Value) any {
	switch v.Kind {
	case Array:
		all := []any{}
		for _, item := range v.Items {
			all = append(all, lossless(item))
		}
		return all
	case Object:
		all := map[string]any{}
		for _, m := range v.Members {
			all[m.Name] = lossless(m.Value)
		}
		return all
	case Number:
		n := v.Num()
		if n == nil {
			return math.NaN()
		}
		return *n
	default:
		return v.Plain()
	}
}

func withoutNULs(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

// js is a value written with single quotes.
func js(t testing.TB, text string) Value {
	t.Helper()
	v, err := Parse([]byte(strings.ReplaceAll(text, "'", `"`)))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}
