package expr

import "testing"

func TestEvalComputesWhatNeedsNoData(t *testing.T) {
	t.Parallel()
	variables := map[string]Value{"vPath": TextValue("lib://Q/"), "vN": TextValue("3"), "my var": TextValue("x"), "none": NullValue()}
	env := Env{Variable: func(name string) (Value, bool) {
		v, ok := variables[name]
		return v, ok
	}}
	for _, c := range []struct {
		in, want string // want "?" is not known, "NULL" is NULL
	}{
		{`'a' & 1`, "a1"},
		{`1+2*3`, "7"},
		{`(1+2)*3`, "9"},
		{`7/2`, "3.5"},
		{`10/3`, "3.3333333333333"},
		{`1/0`, "NULL"},
		{`'5'+1`, "6"},
		{`'x'+1`, "NULL"},
		{`'2024-01-31'+1`, "?"},
		{`vPath & 'orders.qvd'`, "lib://Q/orders.qvd"},
		{`"my var" & vN`, "x3"},
		{`[my var]`, "x"},
		{`vN + 1`, "4"},
		{`vMissing`, "?"},
		{`none & 'a'`, "a"},
		{`none + 1`, "NULL"},
		{`'it''s'`, "it's"},
		{`1 = 1`, "-1"},
		{`'A' = 'a'`, "-1"},
		{`'A' < 'b'`, "-1"},
		{`5 = '5'`, "-1"},
		{`'a' <> 'b'`, "-1"},
		{`none = none`, "0"},
		{`10 > 9`, "-1"},
		{`not 1 = 2`, "-1"},
		{`not (1 = 1)`, "0"},
		{`1=1 and 2=3`, "0"},
		{`1=2 and vMissing`, "0"},
		{`vMissing and 1=2`, "0"},
		{`vMissing or 1=1`, "-1"},
		{`vMissing and 1=1`, "?"},
		{`1 xor 1`, "0"},
		{`'Orders2024' like 'orders*'`, "-1"},
		{`'a' precedes 'b'`, "-1"},
		{`6 bitand 3`, "2"},
		{`1 << 4`, "16"},
		{`bitnot 0`, "-1"},
		{`If(vN > 2, 'big', 'small')`, "big"},
		{`If(0, 'x')`, "NULL"},
		{`If(1, 'a', Peek('x'))`, "a"},
		{`If(Peek('x'), 'a', 'b')`, "?"},
		{`Pick(2, 'a', 'b')`, "b"},
		{`Pick(9, 'a', 'b')`, "NULL"},
		{`Alt('x', 3)`, "3"},
		{`Coalesce(Null(), 'x')`, "x"},
		{`Replace('a.b.c', '.', '_')`, "a_b_c"},
		{`SubField('a|b|c', '|', 2)`, "b"},
		{`SubField('a|b|c', '|', -1)`, "c"},
		{`SubField('a|b|c', '|')`, "?"},
		{`Left('Größe', 3) & Right('abc', 2) & Mid('abcdef', 2, 3)`, "Gröbcbcd"},
		{`Mid('abc', 2)`, "bc"},
		{`Len('Größe')`, "5"},
		{`Upper('ab') & Lower('CD')`, "ABcd"},
		{`Trim('  a ')`, "a"},
		{`Capitalize('my little PONY')`, "My Little Pony"},
		{`'$' & Chr(40) & 'v)'`, "$(v)"},
		{`Ord('A')`, "65"},
		{`Index('abcabc', 'c', 2)`, "6"},
		{`Index('abc', 'z')`, "0"},
		{`Match('b', 'a', 'b')`, "2"},
		{`Match('B', 'a', 'b')`, "0"},
		{`MixMatch('B', 'a', 'b')`, "2"},
		{`WildMatch('Sales.qvd', '*.csv', '*.QVD')`, "2"},
		{`Num(7, '000')`, "007"},
		{`Num(1234567.891, '#,##0.00')`, "1,234,567.89"},
		{`Num(7, '# ##0 k€')`, "?"},
		{`Text(5)`, "5"},
		{`Floor(2.7) & Ceil(2.1) & Round(2.5)`, "233"},
		{`Floor(7, 5)`, "5"},
		{`Mod(-5, 3)`, "1"},
		{`Div(7.1, 2.3)`, "3"},
		{`IsNull(Null())`, "-1"},
		{`IsNull('')`, "0"},
		{`IsNum('12')`, "-1"},
		{`IsText('abc')`, "-1"},
		{`SubStringCount('a,b,c', ',')`, "2"},
		{`KeepChar('a1b2', '0123456789')`, "12"},
		{`PurgeChar('a1b2', '0123456789')`, "ab"},
		{`Repeat('ab', 3)`, "ababab"},
		{`Repeat('ab', 1000000000)`, "?"},
		{`TextBetween('a[b]c', '[', ']')`, "b"},
		{`True() & False()`, "-10"},
		{`MakeDate(2024, 2, 29)`, "2024-02-29"},
		{`Year(MakeDate(2024, 2, 29))`, "2024"},
		{`Date(MakeDate(2024, 2, 29), 'YYYYMMDD')`, "20240229"},
		{`Date(45351)`, "2024-02-29"},
		{`Date(Date#('20240229', 'YYYYMMDD'), 'DD.MM.YYYY')`, "29.02.2024"},
		{`Date(AddMonths(MakeDate(2024, 1, 31), 1), 'YYYYMMDD')`, "20240229"},
		{`Date(MonthStart(45351), 'DD/MM/YY')`, "01/02/24"},
		{`Today()`, "?"},
		{`Now()`, "?"},
		{`Peek('F')`, "?"},
		{`Sum(x)`, "?"},
		{`'a' & '$(v)'`, "?"},
		{`$(v)`, "?"},
		{`-(-3)`, "3"},
		{`RangeMax(1, 5, 3)`, "5"},
		{``, "?"},
	} {
		n, _ := Parse(c.in)
		v, known := Eval(n, env)
		got := v.Text
		switch {
		case !known:
			got = "?"
		case v.Null:
			got = "NULL"
		}
		if got != c.want {
			t.Errorf("%s = %s, want %s", c.in, got, c.want)
		}
	}
}
