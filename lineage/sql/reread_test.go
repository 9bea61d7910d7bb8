package sql

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// reprint writes the tokens of a statement again, with another gap wherever there was one.
func reprint(text, gap string) string {
	toks, _, _ := lex(text)
	var b strings.Builder
	last := int32(0)
	for i, t := range toks {
		if i > 0 && t.off > last {
			b.WriteString(gap)
		}
		b.WriteString(text[t.off:t.end])
		last = t.end
	}
	return b.String()
}

// What is read doesn't depend on blanks, line ends and comments: a statement is printed from its tokens, and
// read again, with the same columns, tables and filters.
func FuzzReread(f *testing.F) {
	for _, s := range []string{
		"SELECT o.id, o.amount AS amt FROM orders o -- it's\nWHERE /* all */ o.status = 'A'",
		"WITH s AS (SELECT a, SUM(b) AS t FROM x GROUP BY a) SELECT a, t FROM s UNION ALL SELECT [c d], \"e\" FROM dbo.[T 1] WITH (NOLOCK)",
		"SELECT `a`.`b` FROM `p`.`d`.`t` AS a CROSS JOIN UNNEST(a.x) y",
		"SELECT e.n, d.n FROM emp@link e, dept d WHERE e.d = d.d(+)",
		"SQL SELECT \"id\", (SELECT \"x\" FROM \"l\" FK \"f\") FROM JSON (wrap on) \"root\" PK \"p\" WITH CONNECTION (URL \"https://x/y\")",
		"EXEC dbo.proc @a = 1, 'b'", "SELECT a[0], b:c.d::int, $1:x FROM @stage/path (FILE_FORMAT => 'f')", "SELECT TOP 10 * FROM a, b WHERE x = {d '2024-01-01'}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := Read(text)
		if slices.ContainsFunc(q.Diagnostics, func(d Diagnostic) bool { return strings.Contains(d.Why, "clos") }) {
			return // what isn't closed holds all gaps that follow; what closes nothing is no token
		}
		toks, _, _ := lex(text)
		if slices.ContainsFunc(toks, func(t token) bool { return t.kind == tOp && t.op == '[' }) {
			return // a subscript is told from a quoted name by the blanks around it
		}
		for _, gap := range []string{" ", "\r\n\t", " /* a comment */ "} {
			printed := reprint(text, gap)
			if diff := cmp.Diff(q, Read(printed), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Diagnostic{}, "Offset", "What"), cmp.FilterPath(isExpression, cmp.Ignore())); diff != "" {
				t.Errorf("%q and %q are read differently (-first +printed)\n%s", text, printed, diff)
			}
		}
	})
}

// isExpression: texts as written, with their blanks.
func isExpression(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && f.Name() == "Expression"
}
