package qvs

import (
	"fmt"
	"strings"
	"testing"
)

// What hostile scripts may cost is counted, whatever the machine does meanwhile.
func TestHostileScriptsCostNoMoreThanTheirLimits(t *testing.T) {
	t.Parallel()
	var doubling strings.Builder
	for i := range 100 {
		fmt.Fprintf(&doubling, "SET d%d = $(d%d)$(d%d)x;\nLET e%d = '$(d%d)';\n", i+1, i, i, i, i)
	}
	for name, script := range map[string]string{
		"expansion":       "SET d0 = 0123456789;\n" + doubling.String() + strings.Repeat("T: LOAD $(d30) AS a FROM x.qvd (qvd);\n", 200),
		"nested calls":    "SUB a(x)\nCALL a(x)\nCALL a(x)\nEND SUB\nCALL a(1)\n",
		"endless loops":   strings.Repeat("DO WHILE 1=1\nLET x = 1;\nT: LOAD a FROM x.qvd (qvd);\nLOOP\n", 30),
		"loops in loops":  strings.Repeat("FOR i = 1 TO 100000\n", 8) + "LET x = $(i);\n" + strings.Repeat("NEXT\n", 8),
		"undecided":       strings.Repeat("T: LOAD a FROM x.qvd (qvd);\n", 50) + strings.Repeat("IF Peek('x') = 1 THEN\nLET v = 1;\nELSE\nLET v = 2;\nEND IF\n", 5000),
		"much to say":     strings.Repeat("NONSENSE;\n", 50_000),
		"long statements": strings.Repeat("T: LOAD "+strings.Repeat("a + ", 20_000)+"a AS b FROM x.qvd (qvd);\n", 60),
		"text that grows": "LET x = 'abcdefghij';\nDO WHILE 1=1\nLET x = x & x & '$(x)';\nLOOP\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(script, Options{MaxStatements: 5000})
			longest := 0
			for _, v := range r.st.vars {
				longest = max(longest, len(v.text))
			}
			for _, c := range []struct {
				what      string
				got, most int
			}{
				{"bytes expanded", r.expanded, maxExpandedTotal + 2*maxExpanded},
				{"statements in loops", r.loopedAll, loopsTogether*5000 + 2*maxCalls + 10},
				{"symbols copied", r.forked, maxForked + 20_000},
				{"bytes of statements kept", r.kept, maxKept + maxStatement},
				{"diagnostics", len(r.res.Diagnostics), maxMessages},
				{"bytes of a variable", longest, maxExpanded + 1<<20},
			} {
				if c.got > c.most {
					t.Errorf("%s: %d, more than %d", c.what, c.got, c.most)
				}
			}
		})
	}
}
