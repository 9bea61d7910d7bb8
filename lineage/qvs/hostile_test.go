package qvs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// Scripts that are made to take for ever end within seconds, and those that hit a limit say so.
func TestHostileScriptsAreBounded(t *testing.T) {
	t.Parallel()
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, strings.ReplaceAll(format, "#", "%[1]d"), i)
		}
		return b.String()
	}
	cases := []struct {
		name, script string
		limit        bool // a diagnostic of kind "limit" is due
	}{
		{"exponential expansion", "SET v0=xxxxxxxxxx;" + numbered(40, "SET w#=$(v#)$(v#);\nLET v#x=1;") + "SET a=bb;" + strings.Repeat("SET a=$(a)$(a);\n", 60), true},
		{"a variable that holds itself", "$(Must_Include=x.qvs);\nSET v=$(v)$(v);\nT: LOAD $(v) as a FROM x.qvd (qvd);", true},
		{"an endless loop", "LET i=0;\nDO WHILE i>=0\n i=i+1\nLOOP\nT: LOAD a FROM x.qvd (qvd);", true},
		{"a huge FOR", "FOR i=1 TO 1000000000\nFOR j=1 TO 1000000000\nLET x=i;\nNEXT\nNEXT", true},
		{"a sub that calls itself", "SUB a(x)\nCALL a(x);\nCALL a(x);\nEND SUB\nCALL a(1);", true},
		{"100,000 tables", numbered(100_000, "T#: LOAD a#, b# FROM x#.qvd (qvd);\n"), false},
		{"100,000 tables of one kind", numbered(100_000, "T#: NoConcatenate LOAD a, b FROM x#.qvd (qvd);\n"), false},
		{"100,000 concatenations", numbered(100_000, "T: LOAD a, b FROM x#.qvd (qvd);\n"), false},
		{"100,000 of one label", numbered(50_000, "T: LOAD a#, b FROM x#.qvd (qvd);\n"), false},
		{"a chain of residents", numbered(20_000, "T#: NoConcatenate LOAD *, a as c# FROM x#.qvd (qvd); U#: NoConcatenate LOAD a RESIDENT T#; CONCATENATE (T0) LOAD a RESIDENT U#;\n"), false},
		{"fields dropped from many tables", numbered(20_000, "T#: LOAD a, b# FROM x.qvd (qvd);\n") + numbered(20_000, "DROP FIELD a;\nRENAME FIELD b# TO c#;\n"), false},
		{"nested IFs", strings.Repeat("IF Peek('x')=1 THEN\n", 30_000) + "T: LOAD a FROM x.qvd (qvd);" + strings.Repeat("END IF\n", 30_000), true},
		{"undecided IFs", numbered(20_000, "T#: LOAD a# FROM x.qvd (qvd);\n") + numbered(5_000, "IF Peek('x')=1 THEN\nLET v#=1;\nELSE\nDROP TABLE T#;\nEND IF\n"), false},
		{"undecided IFs in each other", strings.Repeat("IF Peek('x')=1 THEN\nLET a=1;\nELSE\n", 400) + strings.Repeat("END IF\n", 400), false},
		{"open quotes", strings.Repeat("LOAD 'a FROM [b\n", 50_000), false},
		{"open expansions", strings.Repeat("$(", 200_000), false},
		{"open comments", strings.Repeat("/* a ", 200_000), false},
		{"parentheses", "LOAD " + strings.Repeat("(", 200_000) + " as x FROM y.qvd (qvd);", false},
		{"one long line", strings.Repeat("BAD x; ", 200_000), false},
		{"masks", strings.Repeat("LOAD a FROM lib://Q/*.qvd (qvd);\n", 20_000), false},
		{"preceding loads", strings.Repeat("LOAD *;\n", 100_000), true},
		{"missing THEN", strings.Repeat("IF a = 1\n", 20_000), false},
		{"dashes", "T: LOAD a" + strings.Repeat("--1", 100_000) + " as b FROM x.qvd (qvd);", false},
		{"many maps", numbered(5_000, "M#: MAPPING LOAD a, b FROM x#.qvd (qvd);\nMAP f# USING M#;\n") + numbered(2_000, "T#: NoConcatenate LOAD f1, f2, ApplyMap('none', x) as g FROM y.qvd (qvd);\n"), false},
		{"wide stars", numbered(3_000, "T: LOAD * FROM x#.qvd (qvd);\n") + numbered(300, "U#: NoConcatenate LOAD a#, b#, c# RESIDENT T;\n"), false},
		{"qualify", numbered(20_000, "QUALIFY f#;\n") + numbered(500, "Q#: LOAD a, b, c FROM x.qvd (qvd);\n"), false},
		{"wide tables", "T: LOAD " + numbered(20_000, "a#, ") + "z FROM x.qvd (qvd);\n" + strings.Repeat("LEFT JOIN (T) LOAD z, a1 FROM y.qvd (qvd);\n", 200), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			res := qvs.Run(c.script, qvs.Options{})
			if d := time.Since(start); d > 60*time.Second {
				t.Errorf("took %v", d)
			} else {
				t.Logf("%v for %d bytes, %d tables", d.Round(time.Millisecond), len(c.script), len(res.Tables))
			}
			if c.limit && !said(res, "limit") {
				t.Errorf("no diagnostic tells of a limit: %v", res.Diagnostics)
			}
		})
	}
}

func said(res *qvs.Result, kind string) bool {
	for _, d := range res.Diagnostics {
		if d.Kind == kind {
			return true
		}
	}
	return false
}
