package expr

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summary writes what a reading refers to in one line: "f: Sales, Year; a: Sum".
func summary(r Reading) string {
	var parts []string
	for _, t := range []struct {
		letter string
		target Target
	}{{"f", ToField}, {"v", ToVariable}, {"fn", ToFunction}, {"a", ToAggregation}, {"s", ToState}, {"m", ToMeasure}, {"d", ToDimension}, {"l", ToLabel}} {
		if names := r.Names(t.target); len(names) > 0 {
			parts = append(parts, t.letter+": "+strings.Join(names, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// readCases were worked out by hand.
var readCases = []struct{ in, want string }{
	// Names, quotes, literals.
	{`Sales`, `f: Sales`},
	{`[Order ID]`, `f: Order ID`},
	{`"Order ID"`, `f: Order ID`},
	{"`Order ID`", `f: Order ID`},
	{`'Order ID'`, ``},
	{`[a]]b]`, `f: a]b`},
	{`"say ""hi"""`, `f: say "hi"`},
	{`'it''s [x]'`, ``},
	{`'[not a field]' & [a 'field']`, `f: a 'field'`},
	{`Sum([// no comment])`, `f: // no comment; a: Sum`},
	{`[lib://x] & y`, `f: lib://x, y`},
	{`%Key & _x & @y & #z & a.b & Größe & Год`, `f: #z, %Key, @y, Größe, _x, a.b, Год`},
	{`1e5 + 1.5 + .5 + 2`, ``},
	{`1e3x`, `f: 1e3x`},
	{`2nd_Half`, `f: 2nd_Half`},
	{`null`, `f: null`},
	{`Null()`, `fn: Null`},
	{`True() and not False()`, `fn: False, True`},
	{`Year`, `f: Year`},
	{`Year(Date)`, `f: Date; fn: Year`},
	{`year (Date)`, `f: Date; fn: Year`},
	{`DATE#(d, 'YYYYMMDD')`, `f: d; fn: Date#`},
	{`Num#(n) + Timestamp#(t) + Money#(m)`, `f: m, n, t; fn: Money#, Num#, Timestamp#`},
	{`a like 'x*' or b precedes c and not (d follows e) xor f bitand g`, `f: a, b, c, d, e, f, g`},
	{`a<=b`, `f: a, b`},
	{`-a*+b`, `f: a, b`},
	{`a&b&'&'`, `f: a, b`},
	{`Plugin.Score(a, 'x')`, `f: a; fn: Plugin.Score`},
	{`e() + Pi()`, `fn: Pi, e`},
	{``, ``},
	{`=`, ``},
	{`= Sum( x )`, `f: x; a: Sum`},

	// Comments.
	{"Sum(a) // + Sum(b)\n+ Sum(c)", `f: a, c; a: Sum`},
	{`Sum(/* [b] */ a) /* ' */ + c`, `f: a, c; a: Sum`},
	{"Sum({<Year={2024} /* this , year */, // that\n Month={1}>} x)", `f: Month, Year, x; a: Sum`},
	{`'http://x' & y`, `f: y`},
	{`/* $(v) */ a`, `f: a`},

	// Aggregations and their prefixes.
	{`Count(*)`, `a: Count`},
	{`Count(1)`, `a: Count`},
	{`count(distinct x)`, `f: x; a: Count`},
	{`Sum(Total)`, `f: Total; a: Sum`},
	{`Sum(Total + 1)`, `f: Total; a: Sum`},
	{`Sum(TOTAL x)`, `f: x; a: Sum`},
	{`Sum(TOTAL <A, [B c]> x)`, `f: A, B c, x; a: Sum`},
	{`Sum(TOTAL<A>x)`, `f: A, x; a: Sum`},
	{`Sum(Total < 5)`, `f: Total; a: Sum`},
	{`Sum(TOTAL <A> {<B={1}>} DISTINCT x)`, `f: A, B, x; a: Sum`},
	{`Sum({<B={1}>} TOTAL <A> x)`, `f: A, B, x; a: Sum`},
	{`Sum(DISTINCT {1} ALL x)`, `f: x; a: Sum`},
	{`Count(DISTINCT(x))`, `f: x; a: Count`},
	{`FirstSortedValue(DISTINCT TOTAL <A> v, -w)`, `f: A, v, w; a: FirstSortedValue`},
	{`Concat(DISTINCT x, ', ', sort)`, `f: sort, x; a: Concat`},
	{`Aggr(Sum(x), A, [B])`, `f: A, B, x; fn: Aggr; a: Sum`},
	{`Max(Aggr(NODISTINCT Count(x), (A, (NUMERIC, DESCENDING)), B))`, `f: A, B, x; fn: Aggr; a: Count, Max`},
	{`Aggr(Only({<A={1}>} B), (C, TEXT))`, `f: A, B, C; fn: Aggr; a: Only`},
	{`Above(TOTAL Sum(x), 1, 3)`, `f: x; fn: Above; a: Sum`},
	{`RangeSum(Above(Sum(x), 0, RowNo(TOTAL)))`, `f: x; fn: Above, RangeSum, RowNo; a: Sum`},
	{`Rank(TOTAL Sum(x), 4)`, `f: x; fn: Rank; a: Sum`},
	{`NoOfRows(TOTAL) - RowNo()`, `fn: NoOfRows, RowNo`},
	{`linest_m(y, x) + ttest1w_conf(w, v) + stdev(s)`, `f: s, v, w, x, y; a: LinEst_M, StDev, TTest1w_conf`},
	{`GetFieldSelections([My Field], ', ', 5)`, `f: My Field; fn: GetFieldSelections`},
	{`If(GetSelectedCount(A) = 1, Only(A), 'many')`, `f: A; fn: GetSelectedCount, If; a: Only`},
	{`Pick(Dimensionality(), a, b)`, `f: a, b; fn: Dimensionality, Pick`},
	{`FieldValue('Country', 1)`, `fn: FieldValue`},
	{`If(a, , b)`, `f: a, b; fn: If`},
	{`ValueList('a', 'b')`, `fn: ValueList`},

	// Sets.
	{`Sum({1} x)`, `f: x; a: Sum`},
	{`Sum({$} x) + Sum({$1} x) + Sum({$_1} x)`, `f: x; a: Sum`},
	{`Sum({BM01} x)`, `f: x; a: Sum; s: BM01`},
	{`Sum({[My State]} x)`, `f: x; a: Sum; s: My State`},
	{`Sum({} x)`, `f: x; a: Sum`},
	{`Sum({<>} x)`, `f: x; a: Sum`},
	{`Sum({$<>} x)`, `f: x; a: Sum`},
	{`Sum({1-$} x)`, `f: x; a: Sum`},
	{`Sum({$*BM01} x)`, `f: x; a: Sum; s: BM01`},
	{`Sum({(1-$)*[S 1]/S2<A={1}>+<B={2}>} x)`, `f: A, B, x; a: Sum; s: S 1, S2`},
	{`Sum({<F=>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F=, G=>} x)`, `f: F, G, x; a: Sum`},
	{`Sum({<F-={}>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F-={'a'}, G+={b}, H*={"c*"}, I/={d}>} x)`, `f: F, G, H, I, x; a: Sum`},
	{`Sum({<F=G>} x)`, `f: F, G, x; a: Sum`},
	{`Sum({<F=-{'a'}>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F=G-{'a'}>} x)`, `f: F, G, x; a: Sum`},
	{`Sum({<F={a}*{b}+(G-{c})>} x)`, `f: F, G, x; a: Sum`},
	{`Sum({<F={North America, 2024-01-01, -1, [b c], "d*", 'e'}>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F={">=100<=200"}>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F={"=Sum(y)>3"}>} x)`, `f: F, x, y; a: Sum`},
	{`Sum({<F={"= Sum({<G={'q'}>} y) > Avg(z)"}>} x)`, `f: F, G, x, y, z; a: Avg, Sum`},
	{`Sum({<F={'=Sum(y)>3'}>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F={[=Sum(y)>3]}>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F={"=Len([a b])=Len(""c d"")"}>} x)`, `f: F, a b, c d, x; fn: Len; a: Sum`},
	{`Sum({<F={"*=*"}>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F={a}>*<G={b}>} x)`, `f: F, G, x; a: Sum`},
	{`Sum({<F={a}>+1<G={b}>-$<H={c}>} x)`, `f: F, G, H, x; a: Sum`},
	{`Sum({<F=P()>} x)`, `f: F, x; a: Sum`},
	{`Sum({<F=P(G)>} x)`, `f: F, G, x; a: Sum`},
	{`Sum({<F=E({1<G={'Shoe'}>} H)>} x)`, `f: F, G, H, x; a: Sum`},
	{`Sum({<F=P({<G=P({<H=>} I)>} J)-E({S1})>} x)`, `f: F, G, H, I, J, x; a: Sum; s: S1`},
	{`Sum({<F=P({<G=>})>} x)`, `f: F, G, x; a: Sum`},
	{`Sum({<F=S2::G, H=$::H, I=1::I>} x)`, `f: F, G, H, I, x; a: Sum; s: S2`},
	{`Sum({[S 2]<F=[S 3]::[G h]>} x)`, `f: F, G h, x; a: Sum; s: S 2, S 3`},
	{`{<Year={2024}>} Sum(x)/Count(y)`, `f: Year, x, y; a: Count, Sum`},
	{`Sum(x) + {<Year={2024}>} Sum({<A={1}>} y)`, `f: A, Year, x, y; a: Sum`},
	{`Sum({<[a]]b]={1}>} [Total [EUR]]])`, `f: Total [EUR], a]b; a: Sum`},
	{`Sum({<"F g"={1}, [x>y]={2}, "{z}"={3}>} x)`, `f: F g, x, x>y, {z}; a: Sum`},
	{`Count({<A={1}>} DISTINCT [B])`, `f: A, B; a: Count`},
	{`Sum({<Date={">=01/02/2024<15/02/2024"}>}x)`, `f: Date, x; a: Sum`},

	// Dollars without definitions.
	{`$(v)`, `v: v`},
	{`$( v )`, `v: v`},
	{`$(#v) + $([my v])`, `v: my v, v`},
	{`Sum($(vField))`, `v: vField; a: Sum`},
	{`Sum([$(vField)])`, `v: vField; a: Sum`},
	{`Sum([Sales $(vYear)])`, `f: Sales $(vYear); v: vYear; a: Sum`},
	{`Sum($(vSet) x)`, `f: x; v: vSet; a: Sum`},
	{`Sum({$(vSet)} x)`, `f: x; v: vSet; a: Sum`},
	{`Sum({<$(vA)>} x)`, `f: x; v: vA; a: Sum`},
	{`Sum({<$(vA), B={1} $(vC)>} x)`, `f: B, x; v: vA, vC; a: Sum`},
	{`Sum({<$(vF)={1}, [$(vG)]={$(vH)}, I={"$(vJ)"}>} x)`, `f: I, x; v: vF, vG, vH, vJ; a: Sum`},
	{`Sum({$(vS)<A=$(vT)>} x)`, `f: A, x; v: vS, vT; a: Sum`},
	{`Sum({<A={">=$(=Max(B))"}>} x)`, `f: A, B, x; a: Max, Sum`},
	{`Sum({<A={$(=Max({1<C={1}>} B)-1)}>} x)`, `f: A, B, C, x; a: Max, Sum`},
	{`Sum({<A={"$(=Only({<B={"q"}>} C))"}>} x)`, `f: A, B, C, x; a: Only, Sum`},
	{`Sum({<A={'$(=Date(Max(B), 'YYYY'))'}>} x)`, `f: A, B, x; fn: Date; a: Max, Sum`},
	{`Sum({<A={"$(=Max(B), 'YYYY')"}>} x)`, `f: A, B, x; a: Max, Sum`},
	{`Sum({<A={$(=$(v))}>} x)`, `f: A, x; v: v; a: Sum`},
	{`$(vGrowth(Sales, 2024))`, `f: Sales; v: vGrowth`},
	{`$(v$(i))`, `v: i`},
	{`$(=$(a)&$(b(c)))`, `f: c; v: a, b`},
	{`$(v)(x)`, `f: x; v: v`},
	{`Sum(TOTAL <$(vDims)> x)`, `f: x; v: vDims; a: Sum`},
	{`Sum({<F={$1}>} $2) / $0`, `f: F; a: Sum`},
	{`'$(v)' & "a$(w)"`, `f: a$(w); v: v, w`},
	{`If($(v) > 0 $(w), a)`, `f: a; v: v, w; fn: If`},
	{`$(=If(a=1,'Sales','Cost'))`, `f: a; fn: If`},
	{`Sum([$(=Only(F))])`, `f: F; a: Only, Sum`},
	{`[=Year(Date)]`, `f: Date; fn: Year`},
}

func TestReadFindsWhatAnExpressionRefersTo(t *testing.T) {
	t.Parallel()
	for _, c := range readCases {
		r := Read(c.in, Known{})
		if got := summary(r); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
		for _, d := range r.Diagnostics {
			if d.Kind != "function" {
				t.Errorf("%s: %s", c.in, d)
			}
		}
	}
}

func TestReadResolvesNamesByWhatTheAppHas(t *testing.T) {
	t.Parallel()
	names := func(list ...string) map[string]bool {
		m := map[string]bool{}
		for _, n := range list {
			m[n] = true
		}
		return m
	}
	for _, c := range []struct {
		in    string
		known Known
		want  string
	}{
		{`vX + Sales`, Known{VariableNames: names("vX")}, `f: Sales; v: vX`},
		{`vX`, Known{VariableNames: names("vX"), Fields: names("vX")}, `f: vX`},
		{`vx`, Known{VariableNames: names("vX")}, `f: vx`},
		{`[vX]`, Known{VariableNames: names("vX")}, `v: vX`},
		{`'vX'`, Known{VariableNames: names("vX")}, ``},
		{`Sum({<vX={1}>} TOTAL <vX> vX)`, Known{VariableNames: names("vX")}, `f: vX; v: vX; a: Sum`},
		{`[Total Sales] / Sum(Cost)`, Known{Measures: names("Total Sales")}, `f: Cost; a: Sum; m: Total Sales`},
		{`Sum(Sales) / Sales`, Known{Measures: names("Sales")}, `f: Sales; a: Sum; m: Sales`},
		{`Max(Aggr(Sales, Region))`, Known{Measures: names("Sales"), Dimensions: names("Region")}, `fn: Aggr; a: Max; m: Sales; d: Region`},
		{`{<Year={2024}>} [Total Sales]`, Known{Measures: names("Total Sales")}, `f: Year; m: Total Sales`},
		{`Margin / [Other Column]`, Known{Labels: names("Other Column"), Fields: names("Margin")}, `f: Margin; l: Other Column`},
		{`$(vX)`, Known{Variables: map[string]string{"vX": "Sum(Sales)"}}, `f: Sales; v: vX; a: Sum`},
		{`vX`, Known{Variables: map[string]string{"vX": "Sum(Sales)"}}, `v: vX`},
		{`vX`, Known{Variables: map[string]string{"vX": "=Sum(Sales)"}}, `f: Sales; v: vX; a: Sum`},
		{`$(vX)`, Known{Variables: map[string]string{"vX": "=Sum(Sales)*$(vY)", "vY": "Rate"}}, `f: Rate, Sales; v: vX, vY; a: Sum`},
		{`Sum($(vA) $(vB))`, Known{Variables: map[string]string{"vA": "{<Year={$(vY)}>}", "vB": "Sales", "vY": "2024"}}, `f: Sales, Year; v: vA, vB, vY; a: Sum`},
		{`Sum([$(=vF)])`, Known{Variables: map[string]string{"vF": "Sales"}}, `f: Sales; v: vF; a: Sum`},
		{`Sum([$(='Sa' & Lower('LES'))])`, Known{}, `f: Sales; fn: Lower; a: Sum`},
		{`$(vSum(Sales, Cost))`, Known{Variables: map[string]string{"vSum": "Sum($1) / Sum($2) + $0 + $3"}}, `f: Cost, Sales; v: vSum; a: Sum`},
		{`$(vSum(If(a, b), [c,d]))`, Known{Variables: map[string]string{"vSum": "Sum($1) - $2"}}, `f: a, b, c,d; v: vSum; fn: If; a: Sum`},
		{`$(v$(i))`, Known{Variables: map[string]string{"i": "1", "v1": "Sum(x)"}}, `f: x; v: i, v1; a: Sum`},
		{`$(a)`, Known{Variables: map[string]string{"a": "$(b)", "b": "$(a) + c"}}, `f: c; v: a, b`},
		{`$(a)`, Known{Variables: map[string]string{"a": "=$(b)", "b": "=$(a) + c"}}, `f: c; v: a, b`},
		{`$(set) x)`, Known{Variables: map[string]string{"set": "Sum({<A={1}>}"}}, `f: A, x; v: set; a: Sum`},
		{`$(v)`, Known{Variables: map[string]string{"v": "Sum(x) // all"}}, `f: x; v: v; a: Sum`},
	} {
		r := Read(c.in, c.known)
		if got := summary(r); got != c.want {
			t.Errorf("%s\n got %s\nwant %s\nexpanded %s", c.in, got, c.want, r.Expanded)
		}
	}
}

func TestReadTellsHowAReferenceIsUsedAndByWhichVariablesItComes(t *testing.T) {
	t.Parallel()
	known := Known{Variables: map[string]string{"vSet": "{<Year={$(vYear)}>}", "vYear": "=Max(Period)", "vMargin": "{<A={1}>} Sum(Margin)"}}
	var got []string
	for _, r := range Read("Sum($(vSet) TOTAL <Region> If(Flag=1, Sales))\n + $(vMargin) + Aggr(x, Dim)", known).References {
		got = append(got, strings.TrimSpace(strings.Join([]string{string(r.Target), r.Name, string(r.Role), strings.Join(r.Via, ">")}, " ")))
	}
	want := []string{
		"aggregation Sum value", "field Region grouping", "function If value", "field Flag condition", "field Sales value",
		"variable vSet filter", "field Year filter vSet", "variable vYear filter vSet", "aggregation Max filter vSet>vYear", "field Period filter vSet>vYear",
		"variable vMargin value", "field A filter vMargin", "aggregation Sum value vMargin", "field Margin value vMargin",
		"function Aggr value", "field x value", "field Dim grouping",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("references (-want +got)\n%s", diff)
	}
}

func TestReferencesHaveTheirPlaceInTheText(t *testing.T) {
	t.Parallel()
	text := "Sum(Größe)\n + [b c] + $(v) + Sum({<d={\"=Max(e)\"}>} f)"
	want := map[string]string{"Größe": "1:5", "b c": "2:4", "v": "2:12", "x": "2:12", "d": "2:25", "e": "2:34", "f": "2:41"}
	for _, r := range Read(text, Known{Variables: map[string]string{"v": "  x"}}).References {
		line, column := Place(text, r.From)
		if line != r.Line || column != r.Column {
			t.Errorf("%s is at %d:%d, and its offset at %d:%d", r.Name, r.Line, r.Column, line, column)
		}
		if w, ok := want[r.Name]; ok && w != (Diagnostic{Line: r.Line, Column: r.Column}).String()[:len(w)] {
			t.Errorf("%s is at %d:%d, want %s", r.Name, r.Line, r.Column, w)
		}
	}
}

func TestADimensionIsAFieldsNameOrAnExpression(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Sheet Modified Year-Month": "f: Sheet Modified Year-Month",
		"[Order Number]":            "f: Order Number",
		"Amount (EUR)":              "f: Amount (EUR)",
		"=Year(Date)":               "f: Date; fn: Year",
		"Year(Date)":                "f: Date; fn: Year",
		"$(vDim)":                   "v: vDim",
		"[$(vDim)]":                 "v: vDim",
		"Region":                    "f: Region",
		"":                          "",
	} {
		if got := summary(ReadDimension(in, Known{})); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
