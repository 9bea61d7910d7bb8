package qvs

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatementsEndWhereQlikEndsThem(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, script string
		want         []string
	}{
		{"semicolons", "a b; c d;", []string{"a b", "c d"}},
		{"quotes", "LOAD 'a;b', [c;d], \"e;f\", `g;h` FROM x; z 1", []string{"LOAD 'a;b', [c;d], \"e;f\", `g;h` FROM x", "z 1"}},
		{"doubled quotes", "LOAD 'it''s;', [a]];b] FROM x;y 1;", []string{"LOAD 'it''s;', [a]];b] FROM x", "y 1"}},
		{"comments", "// a; b\nLOAD /* ; ' */ x FROM y; /* z; */", []string{"LOAD /* ; ' */ x FROM y"}},
		{"a URL is no comment", "LOAD x FROM lib://a/b; y 1;", []string{"LOAD x FROM lib://a/b", "y 1"}},
		{"a mask is no comment", "LOAD x FROM lib://a/*.qvd; y 1; /* c */", []string{"LOAD x FROM lib://a/*.qvd", "y 1"}},
		{"REM and TRACE end at the next semicolon", "REM it's; TRACE don't 'x; y 1;", []string{"REM it's", "TRACE don't 'x", "y 1"}},
		{"SET keeps quoted semicolons, and lone quotes", "SET a='x;y'; SET b=it's; SET c=1;", []string{"SET a='x;y'", "SET b=it's", "SET c=1"}},
		{"control statements end with the line", "IF a THEN\nx 1;\nEND IF\nCALL f(1,\n2)\ny 1;", []string{"IF a THEN", "x 1", "END IF", "CALL f(1,\n2)", "y 1"}},
		{"IF in one line", "IF a = 'THEN' THEN x 1; ELSE y 1; ENDIF;", []string{"IF a = 'THEN' THEN", "x 1", "ELSE", "y 1", "ENDIF"}},
		{"an assignment ends with the line", "i = i + 1\nx 1;", []string{"i = i + 1", "x 1"}},
		{"LET ends with the semicolon", "LET i = i +\n1;x 1;", []string{"LET i = i +\n1", "x 1"}},
		{"labels", "Case:\nLOAD a FROM b;\n[Next]: LOAD c FROM d;", []string{"Case:\nLOAD a FROM b", "[Next]: LOAD c FROM d"}},
		{"includes need no semicolon", "$(Include=a.qvs)\n$(must_include=[b c.qvs]);x 1;", []string{"$(Include=a.qvs)", "$(must_include=[b c.qvs])", "x 1"}},
		{"inline data", "LOAD * INLINE [\na;b'c\n]; x 1;", []string{"LOAD * INLINE [\na;b'c\n]", "x 1"}},
		{"SQL comments hold quotes", "SQL SELECT a -- don't\nFROM t; x 1;", []string{"SQL SELECT a -- don't\nFROM t", "x 1"}},
		{"an open quote ends with its statement", "LOAD 'a FROM b; x 1;", []string{"LOAD 'a FROM b", "x 1"}},
		{"blanks of all kinds", "\uFEFFLOAD\u00A0a FROM b;\u00A0\r\nx 1;", []string{"LOAD\u00A0a FROM b", "x 1"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, statements(c.script)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func statements(s string) []string {
	var out []string
	for _, r := range splitAll(s) {
		out = append(out, trim(s[r.start:r.end]))
	}
	return out
}

// What was split and printed splits into the same statements again.
func FuzzSplit(f *testing.F) {
	f.Add("T: LOAD 'a;b', [c]] FROM x; // d\nIF a THEN\nSET x='y;z';\nEND IF")
	f.Add("$(Include=a)\nREM ';\nTRACE /* ; CALL f(a,\n b)\nx = 1\ny: SQL SELECT -- '\n 1;")
	f.Add("/* open ; LOAD [ ' \" ` ; $( ; ELSE ELSE IF")
	f.Fuzz(func(t *testing.T, script string) {
		last := 0
		for _, r := range splitAll(script) {
			if r.start < last || r.end < r.start || r.end > len(script) {
				t.Fatalf("statement %+v of %q is out of order", r, script)
			}
			last = r.end
		}
		if strings.Contains(script, "/*") || strings.ContainsAny(script, "'\"`[]") {
			return // what is never closed reaches to the text's end, which printing moves
		}
		once := statements(script)
		printed := strings.Join(once, "\n;\n") + "\n;"
		again := statements(printed)
		if !slices.Equal(once, again) {
			t.Errorf("%q splits into %q, and printed into %q", script, once, again)
		}
	})
}

func FuzzPositions(f *testing.F) {
	f.Add("a\r\nbö\tc\n///$tab X\nd")
	f.Fuzz(func(t *testing.T, s string) {
		src := newSource(s)
		last := Pos{Line: 1}
		for i := 0; i <= len(s); i += 1 + len(s)/500 {
			p := src.at(i)
			if p.Line < last.Line || p.Line == last.Line && p.Column < last.Column {
				t.Fatalf("%q: the place of %d, %+v, is before the one before it, %+v", s, i, p, last)
			}
			last = p
		}
	})
}
