package expr

import (
	"fmt"
	"strings"
	"testing"
)

func TestAPrintedExpressionIsCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"=Sum([Net Amount])/Count(DISTINCT [Order ID])": "Sum([Net Amount]) / Count(DISTINCT [Order ID])",
		`Sum( {<[a]]b]={1}>} [Total [EUR]]])`:           `Sum({<[a]]b]={1}>} [Total [EUR]]])`,
		`sum(total<A>{1}x)`:                             `sum(TOTAL <A> {1} x)`,
		`not a=b AND - c`:                               `not a = b and -c`,
		`If(a,,b)`:                                      `If(a, , b)`,
		`Sum({<F = - {a b , 'c'} >} x)`:                 `Sum({<F=-{a b, 'c'}>} x)`,
	} {
		n, ds := Parse(in)
		if len(ds) > 0 {
			t.Errorf("%s: %v", in, ds)
		}
		if got := n.String(); got != want {
			t.Errorf("%s prints as %s, want %s", in, got, want)
		}
	}
}

// shape writes a tree with its structure shown and without places.
func shape(n Node) string {
	var b strings.Builder
	var write func(Node)
	write = func(n Node) {
		b.WriteString(strings.TrimPrefix(fmt.Sprintf("%T", n), "*expr.") + "(")
		children := Children(n)
		if len(children) == 0 {
			b.WriteString(n.String())
		}
		for _, c := range children {
			write(c)
			b.WriteByte(' ')
		}
		b.WriteByte(')')
	}
	write(n)
	return b.String()
}

// reparsed checks that a tree without diagnostics prints as a text with the same tree.
func reparsed(t *testing.T, in string) {
	t.Helper()
	n, ds := Parse(in)
	if len(ds) > 0 {
		return
	}
	text := n.String()
	again, ds := Parse(text)
	if len(ds) > 0 {
		t.Errorf("%q prints as %q, which is refused: %v", in, text, ds)
		return
	}
	if a, b := shape(n), shape(again); a != b || again.String() != text {
		t.Errorf("%q prints as %q, which is read otherwise:\n%s\n%s", in, text, a, b)
	}
}

func TestAPrintedExpressionIsReadAsItself(t *testing.T) {
	t.Parallel()
	for _, c := range readCases {
		reparsed(t, c.in)
	}
}

func TestOperatorsBindAsInQlik(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a + b * c - d":     "(a + (b * c) - d)",
		"a & b + c = d":     "((a & (b + c)) = d)",
		"not a = b and c":   "((not (a = b)) and c)",
		"a or b and c":      "(a or (b and c))",
		"-a * b":            "((-a) * b)",
		"a bitand b & c":    "(a bitand (b & c))",
		"a = b like c":      "(a = b like c)",
		"(a + b) * c":       "(((a + b)) * c)",
		"a or not b or c":   "(a or (not b) or c)",
		"a < b and c >= d":  "((a < b) and (c >= d))",
		"bitnot a << b + c": "((bitnot a) << (b + c))",
	} {
		n, _ := Parse(in)
		if got := grouped(n); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}

func grouped(n Node) string {
	switch n := n.(type) {
	case *Operation:
		s := grouped(n.Operands[0])
		for i, op := range n.Operators {
			s += " " + op + " " + grouped(n.Operands[i+1])
		}
		return "(" + s + ")"
	case *Unary:
		if n.Operator == "-" {
			return "(-" + grouped(n.X) + ")"
		}
		return "(" + n.Operator + " " + grouped(n.X) + ")"
	case *Paren:
		return "(" + grouped(n.Items[0]) + ")"
	}
	return n.String()
}

func TestWhatIsWrongIsToldWithItsPlaceAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, where, want string }{
		{`Sum(Sales`, "1:4", "f: Sales; a: Sum"},
		{`Sum(Sales)) + Count(x)`, "1:11", "f: Sales, x; a: Count, Sum"},
		{`Sum({<Year={2024> Sales) + y`, "1:12", "f: Sales, Year, y; a: Sum"},
		{`Sum({<Year={2024}> Sales) + y`, "1:20", "f: Sales, Year, y; a: Sum"},
		{`Sum({<Year={2024} Sales) + y`, "1:19", "f: Sales, Year, y; a: Sum"},
		{`Sum({<Year=2024>} Sales)`, "1:12", "f: Sales, Year; a: Sum"},
		{`Sum({<Year='2024'>} Sales)`, "1:12", "f: Sales, Year; a: Sum"},
		{`Sum({<Year(Date)={2024}>} Sales)`, "1:7", "f: Date, Sales; fn: Year; a: Sum"},
		{`Sum({<Year={2024}>})`, "", "f: Year; a: Sum"},
		{`Sum(a) Sum(b)`, "1:8", "f: a, b; a: Sum"},
		{"Sum(a)\n  + * c", "2:5", "f: a, c; a: Sum"},
		{`If(a = , b)`, "1:8", "f: a, b; fn: If"},
		{`a == b`, "1:4", "f: a, b"},
		{`a + 'b`, "1:5", "f: a"},
		{`a + [b c`, "1:5", "f: a, b c"},
		{`a, b`, "1:2", "f: a, b"},
		{`a + $(v + b`, "1:5", "f: a, b, v"},
		{`Sum({<A={1}, >} x)`, "", "f: A, x; a: Sum"},
		{`Sum({<A={1}>}} x)`, "1:14", "f: A, x; a: Sum"},
		{`Sum({A={1}} x)`, "1:7", ""},
		{`)`, "1:1", ""},
		{`and b`, "1:1", "f: b"},
		{`a ? b`, "1:3", "f: a, b"},
		{`Sum(x) // $(`, "", "f: x; a: Sum"},
		{`{<A={1}>}`, "1:10", "f: A"},
		{`Foo(x)`, "1:1", "f: x; fn: Foo"},
	} {
		r := Read(c.in, Known{})
		where := ""
		if len(r.Diagnostics) > 0 {
			where = strings.SplitN(r.Diagnostics[0].String(), ": ", 2)[0]
		}
		if where != c.where {
			t.Errorf("%s: diagnostics %v, want the first one at %q", c.in, r.Diagnostics, c.where)
		}
		if got := summary(r); got != c.want && c.want != "" {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestACaretStandsBelowThePlace(t *testing.T) {
	t.Parallel()
	text := "Sum(Größe)\r\n\t+ 'ü' Sum(b)\r\n"
	r := Read(text, Known{})
	if len(r.Diagnostics) != 1 {
		t.Fatalf("diagnostics %v, want one", r.Diagnostics)
	}
	if got, want := r.Diagnostics[0].Caret(text), "\t+ 'ü' Sum(b)\n\t      ^"; got != want {
		t.Errorf("caret\n%s\nwant\n%s", got, want)
	}
}

func TestTokensPutTogetherAreTheText(t *testing.T) {
	t.Parallel()
	for _, c := range readCases {
		var b strings.Builder
		for s := NewScanner(c.in, 0); ; {
			token := s.Next()
			if token.Kind == EOF {
				break
			}
			if token.From != b.Len() {
				t.Errorf("%s: token %q says it is at %d, it is at %d", c.in, token.Text, token.From, b.Len())
			}
			b.WriteString(token.Text)
		}
		if b.String() != c.in {
			t.Errorf("%q is cut into %q", c.in, b.String())
		}
	}
}

func TestQuoteMakesANameThatIsReadAsThatName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Sales": "Sales", "Order ID": "[Order ID]", "a]b": "[a]]b]", "and": "[and]", "1a": "1a", "12": "[12]", "": "[]", "Größe": "Größe", "a-b": "[a-b]",
	} {
		got := Quote(name)
		if got != want {
			t.Errorf("%q is quoted as %s, want %s", name, got, want)
		}
		if n, ok := must(Parse(got)).(*Name); !ok || n.Value != name {
			t.Errorf("%s is read as %v, want the name %q", got, n, name)
		}
	}
}

func must(n Node, _ []Diagnostic) Node { return n }
