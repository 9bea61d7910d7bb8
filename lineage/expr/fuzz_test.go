package expr

import (
	"strings"
	"testing"
	"time"
)

// seeds are what the fuzz targets start from.
func seeds(f *testing.F) {
	for _, c := range readCases {
		f.Add(c.in)
	}
	for _, s := range nasty {
		f.Add(s)
	}
}

// nasty are texts that have no end, or no sense.
var nasty = []string{
	"$(", "$($($(", "'$(", "[$(=\"", "$(v", "$(=", "$()", "$(=)", "$(())", "[", "\"", "'", "`", "[]", "\"\"", "''", "[]]", "{", "{<", "{<a=", "{<a={", "Sum({<a={\"=", "/*", "//",
	"a:://b", "$1$2", "@1:n@2:3T", "..", "1.e", "1e+", "{<<>>}", "Sum(TOTAL <", "Sum(TOTAL <>", "Aggr(", "Aggr(,)", "P(", "{<a=P(>}", "{<a=P(P(P(", "\xff\xfe", "a\x00b", "\uFEFFa", "((((", "))))", "----", "not not",
	"{<a=::b>}", "{<::b=1>}", "$(a(b,c)d)", "$(a$(b(c", "=\"=\"\"=x\"\"\"", "[=[=a]]]", "Sum({<a={\"=Sum({<b={\"\"=c\"\"}>} d)\"}>} e)",
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in string) {
		reparsed(t, in)
		Eval(must(Parse(in)), Env{})
	})
}

func FuzzRead(f *testing.F) {
	for _, c := range readCases {
		f.Add(c.in, "Sum($1)", "=$(v)")
	}
	for _, s := range nasty {
		f.Add("$(v) + w + $(w("+s+"))", s, "="+s)
	}
	f.Fuzz(func(t *testing.T, in, v, w string) {
		r := Read(in, Known{Variables: map[string]string{"v": v, "w": w, "F": "=v"}, Fields: map[string]bool{"F": true}})
		for _, ref := range r.References {
			if ref.From < 0 || ref.To < ref.From || ref.To > len(in) {
				t.Errorf("reference %v is not in the text of %d bytes", ref, len(in))
			}
		}
		for _, d := range r.Diagnostics {
			if d.From < 0 || d.From > len(in) || d.Line < 1 || d.Column < 1 {
				t.Errorf("diagnostic %v is not in the text", d)
			}
			d.Caret(in)
		}
		ReadDimension(in, Known{})
	})
}

func FuzzTokens(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in string) {
		var b strings.Builder
		for s := NewScanner(in, 0); ; {
			token := s.Next()
			if token.Kind == EOF {
				break
			}
			if len(token.Text) == 0 {
				t.Fatalf("an empty token at %d", token.From)
			}
			token.Value()
			b.WriteString(token.Text)
		}
		if b.String() != in {
			t.Errorf("%q is cut into %q", in, b.String())
		}
	})
}

// patience is far more than is needed: quadratic time would take minutes, a busy machine takes its time.
const patience = 40 * time.Second

func TestHostileTextsAreReadInLinearTime(t *testing.T) {
	t.Parallel()
	const n = 10_000
	for _, piece := range []string{
		"$(", "$(=", "'$(", "[$(", "(", "{", "{<a={", "Sum({<a={1> ", "not ", "-", "a ", "a + ", "a,", "f(", "[", "\"", "\"\"", "Sum(TOTAL <a, ", "TOTAL <", "{<a=P(", "if(a,b,", "$(v(", "$(v$(",
		"\"=", "/*", "a&", "'a'&", "::", "{<a=b,", "@1:", "Aggr(", "$(v)", "$(v1)", "[=", "\n$(v)", "$(=1)", "$(='a'&'b')",
	} {
		text := strings.Repeat(piece, n)
		start := time.Now()
		r := Read(text, Known{Variables: map[string]string{"v": "'x'", "v1": "Sum({<A={1}>} $(v))"}})
		if took := time.Since(start); took > patience {
			t.Errorf("%d times %q takes %s", n, piece, took)
		}
		if len(r.Diagnostics) > maxDiagnostics+5 {
			t.Errorf("%q: %d diagnostics", piece, len(r.Diagnostics))
		}
	}
}

func TestVariablesThatExplodeAreCutShort(t *testing.T) {
	t.Parallel()
	for name, definitions := range map[string][2]string{
		"text": {"$(NEXT) + $(NEXT)", "Sum(x)"}, "nothing": {"$(NEXT)$(NEXT)", ""}, "evaluated": {"=$(NEXT) + $(NEXT)", "=Sum(x)"},
		"bare": {"=NEXT + NEXT", "=Sum(x)"}, "arguments": {"$(NEXT($1 + $1))", "$1"},
	} {
		variables := map[string]string{}
		names := make([]string, 60)
		for i := range names {
			names[i] = "v" + strings.Repeat("i", i)
		}
		for i, v := range names {
			variables[v] = definitions[1]
			if i+1 < len(names) {
				variables[v] = strings.ReplaceAll(definitions[0], "NEXT", names[i+1])
			}
		}
		start := time.Now()
		r := Read("$(v(y))", Known{Variables: variables})
		if took := time.Since(start); took > patience {
			t.Errorf("%s: takes %s", name, took)
		}
		if len(r.Expanded) > 4*maxExpanded {
			t.Errorf("%s: %d bytes", name, len(r.Expanded))
		}
		if got := r.Names(ToVariable); len(got) < 15 {
			t.Errorf("%s: variables %v, want most of them", name, got)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	text := `Sum({<[Order Date]={">=$(vStart)<=$(vEnd)"}, Region=P({1<Product={'Shoe','Boot'}>} Region)>} TOTAL <Year, Month> If([Unit Price] > 10, Quantity * [Unit Price])) / Count(DISTINCT [Order ID])`
	known := Known{Variables: map[string]string{"vStart": "=Min([Order Date])", "vEnd": "2024-12-31"}}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Read(text, known)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "expressions/s")
}

func BenchmarkParse(b *testing.B) {
	text := "If(Match([Country], 'Sweden', 'Norway') > 0, Upper([City]) & ', ' & Date(Floor([Time Stamp]), 'YYYY-MM-DD'), Null()) & '|' & " + strings.Repeat("[Some Field] & ", 20) + "x"
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Parse(text)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "expressions/s")
}
