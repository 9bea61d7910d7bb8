package qvs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// generatedScripts is how many scripts each test makes.
const generatedScripts = 1500

// wanted is what units have to give together.
func wanted(units []unit) (exact, prefixes []string) {
	for _, u := range units {
		for _, w := range u.want {
			if p, ok := strings.CutPrefix(w, "?"); ok {
				prefixes = append(prefixes, p)
				continue
			}
			exact = append(exact, w)
		}
	}
	slices.Sort(exact)
	return exact, prefixes
}

// checkUnits compares what a script gave with what its units have to give, and returns its diagnostics.
func checkUnits(t *testing.T, script string, res *qvs.Result, units []unit) {
	t.Helper()
	exact, prefixes := wanted(units)
	var got []string
	for _, line := range show(res) {
		if line[0] == '$' || line[0] == '!' || strings.HasPrefix(line, "unresolved ") || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(line, p) }) {
			continue
		}
		got = append(got, line)
	}
	if diff := cmp.Diff(exact, got); diff != "" {
		t.Errorf("(-want +got)\n%s\n%v\n%s", diff, res.Diagnostics, script)
	}
}

func (g *generator) units(n int) []unit {
	list := make([]unit, n)
	for i := range list {
		list[i] = g.unit()
	}
	return list
}

func TestGeneratedScriptsGiveWhatTheirPartsGive(t *testing.T) {
	t.Parallel()
	styles := []style{{}, {crlf: true}, {bom: true}, {crlf: true, bom: true}, {comments: true}, {comments: true, crlf: true, bom: true}}
	for seed := range uint64(generatedScripts) {
		units := newGenerator(seed).units(8)
		var plain []qvs.Diagnostic
		for i, st := range styles {
			script, _ := newGenerator(seed).write(units, st)
			res := qvs.Run(script, qvs.Options{})
			checkUnits(t, script, res, units)
			if i == 0 {
				plain = res.Diagnostics
			} else if diff := cmp.Diff(plain, res.Diagnostics); diff != "" && !st.comments {
				t.Errorf("%+v: diagnostics differ (-plain +got)\n%s", st, diff)
			}
			for _, d := range res.Diagnostics {
				t.Errorf("nothing is wrong in this script: %+v", d)
			}
			if t.Failed() {
				t.Fatalf("seed %d, %+v", seed, st)
			}
		}
	}
}

// broken are statements that can't be read or can't run.
var broken = []string{
	"NONSENSE 1 2 3;", "STORE Nothing;", "STORE NoSuchTable INTO [lib://Con/no.qvd] (qvd);", "DROP TABLE NoSuchTable;", "DROP 5;", "RENAME x;", "END IF;", "NEXT;",
	"ELSE", "LOOP;", "END SUB;", "CASE 1;", "IF 1=1; TRACE x; END IF;", "LEFT JOIN;", "[a label]:;", "RENAME TABLE USING NoSuchMap;",
	"Bad: LOAD ((a, b FROM [lib://Con/no.qvd] (qvd);", "Bad: LOAD a FROM;", "NoConcatenate 17;", "= 5;", ") ( ];", "Load;", "FOR i IN 1;\nNEXT;", "EXIT;", "))) 'x' ((;",
	"Bad: LOAD If(a, {<b=} FROM [lib://Con/no.qvd] (qvd);", "Mapping;", "SQL SELECT a FROM ((t WHERE;", "CALL NoSuchSub(1, 2);", "DROP;", "STORE;", "12 monkeys;",
}

func TestOneBrokenStatementIsOneDiagnosticAndTheOthersAreRead(t *testing.T) {
	t.Parallel()
	for seed := range uint64(generatedScripts) {
		g := newGenerator(seed)
		before, after := g.units(3), g.units(3)
		what := broken[int(seed)%len(broken)]
		all := slices.Concat(before, []unit{{text: what}}, after)
		script, lines := g.write(all, style{comments: seed%3 == 0})
		res := qvs.Run(script, qvs.Options{})
		ignoreBroken(res)
		checkUnits(t, script, res, all)
		at := lines[len(before)]
		if len(res.Diagnostics) == 0 {
			t.Errorf("nothing is said of %q:\n%s", what, script)
		}
		for _, d := range res.Diagnostics {
			if d.At.Line < at[0] || d.At.Line > at[1] {
				t.Errorf("%q stands in lines %v, but it is said: %+v\n%s", what, at, d, script)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// ignoreBroken takes away what a broken statement gave in spite of all.
func ignoreBroken(res *qvs.Result) {
	res.Tables = slices.DeleteFunc(res.Tables, func(table *qvs.Table) bool {
		return table.Name == "Bad" || slices.ContainsFunc(table.Sources, func(o qvs.Object) bool { return o.Name == "t" || strings.Contains(o.Name, "no.qvd") })
	})
	res.Stores = slices.DeleteFunc(res.Stores, func(s qvs.Store) bool { return strings.Contains(s.Target, "no.qvd") })
}

func TestFieldsOfGeneratedScriptsStandWhereTheyAreSaidTo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(generatedScripts) {
		g := newGenerator(seed)
		script, lines := g.write(g.units(8), style{comments: true, crlf: seed%2 == 0, bom: seed%3 == 0})
		text := strings.Split(strings.TrimPrefix(strings.ReplaceAll(script, "\r\n", "\n"), "\uFEFF"), "\n")
		if last := lines[len(lines)-1][1]; last+1 != len(text) {
			t.Fatalf("the generator counts %d lines of %d", last, len(text))
		}
		for _, table := range qvs.Run(script, qvs.Options{}).Tables {
			if slices.ContainsFunc(table.Sources, func(o qvs.Object) bool { return o.Kind == qvs.DB }) {
				continue // columns of SQL text stand where that begins
			}
			for _, f := range table.Fields {
				words := strings.Fields(f.Expression)
				if len(words) == 0 || strings.Contains(script, "$(") && strings.Contains(table.Name, "T") && !strings.Contains(script, f.Expression) {
					continue // of a star, or made by an expansion
				}
				if f.At.Line < 1 || f.At.Line > len(text) {
					t.Fatalf("seed %d: %s.%s stands at %+v of %d lines", seed, table.Name, f.Name, f.At, len(text))
				}
				first := words[0]
				line := []rune(text[f.At.Line-1])
				if f.At.Column < 1 || f.At.Column > len(line) || !strings.HasPrefix(string(line[f.At.Column-1:]), first) {
					t.Fatalf("seed %d: %s.%s is said to stand at %+v, where %q is, not %q", seed, table.Name, f.Name, f.At, string(line), first)
				}
			}
		}
	}
}

// hostile are parts that would run for ever, or fill all memory, if nothing bounded them.
var hostile = []string{
	"DO WHILE 1=1\nLET vEndless = 1;\nLOOP\n", "FOR i = 1 TO 1000000000\nFOR j = 1 TO 1000000000\nNEXT\nNEXT\n", "SUB Again(x)\nCALL Again(x)\nCALL Again(x)\nEND SUB\nCALL Again(1)\n",
	"SET vBoom = ab;\n" + strings.Repeat("SET vBoom = $(vBoom)$(vBoom);\n", 40), "SET vSelf = $(vSelf)x;\nSET vSelf = $(vSelf)$(vSelf);\n",
	strings.Repeat("IF Peek('x') = 1 THEN\n", 700) + "LET vDeep = 1;\n" + strings.Repeat("END IF\n", 700), "LET vLong = Repeat('x', 1000000000);\n",
	strings.Repeat("IF Peek('x') = 1 THEN\nLET vUndecided = 1;\nEND IF\n", 300),
}

func TestWhatIsAroundAHostilePartIsRead(t *testing.T) {
	t.Parallel()
	for i, h := range hostile {
		for seed := range uint64(4) {
			g := newGenerator(seed*100 + uint64(i))
			all := slices.Concat(g.units(4), []unit{{text: h}}, g.units(4))
			script, _ := g.write(all, style{})
			res := qvs.Run(script, qvs.Options{MaxStatements: 2000})
			checkUnits(t, script[:min(len(script), 4000)], res, all)
			if t.Failed() {
				t.Fatalf("part %d, seed %d", i, seed)
			}
		}
	}
}

func TestAHundredThousandStatementsAreReadExactly(t *testing.T) {
	t.Parallel()
	g := newGenerator(1)
	all := g.units(45_000)
	script, _ := g.write(all, style{})
	if n := strings.Count(script, ";"); n < 100_000 {
		t.Fatalf("only %d statements", n)
	}
	checkUnits(t, "", qvs.Run(script, qvs.Options{}), all)
}

// Scripts that are cut anywhere, or have parts in them twice, or bytes that are wrong.
func TestDamagedScriptsAreReadWithoutAPanic(t *testing.T) {
	t.Parallel()
	for seed := range uint64(generatedScripts) {
		g := newGenerator(seed)
		script, _ := g.write(g.units(6), style{comments: seed%2 == 0, crlf: seed%3 == 0})
		for range 4 {
			a, b := g.IntN(len(script)+1), g.IntN(len(script)+1)
			damaged := script[:a] + g.pick("", "'", "]", "[", "/*", "$(", "(", ";", "\xff", "\"", "\x00") + script[b:]
			res := qvs.Run(damaged, qvs.Options{MaxStatements: 500})
			lines := strings.Count(damaged, "\n") + strings.Count(damaged, "\r") + 1
			for _, d := range res.Diagnostics {
				if d.At.Line < 1 || d.At.Line > lines || d.At.Column < 1 || d.Why == "" {
					t.Fatalf("seed %d: %+v stands nowhere in\n%s", seed, d, damaged)
				}
			}
		}
	}
}
