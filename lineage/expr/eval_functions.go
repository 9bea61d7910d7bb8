package expr

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An evalFunction computes a call whose arguments are all known.
type evalFunction struct {
	min, max int
	run      func(e *evaluator, a []Value) (Value, bool)
}

const anyNumber = 1 << 20

// evalFunctions are the functions that Eval computes, by their names in lower case. If, Pick, Alt and
// Coalesce are in choice.
var evalFunctions = map[string]evalFunction{
	"null":  {0, 0, func(*evaluator, []Value) (Value, bool) { return NullValue(), true }},
	"true":  {0, 0, func(*evaluator, []Value) (Value, bool) { return BoolValue(true), true }},
	"false": {0, 0, func(*evaluator, []Value) (Value, bool) { return BoolValue(false), true }},
	"pi":    {0, 0, func(*evaluator, []Value) (Value, bool) { return NumberValue(math.Pi), true }},
	"e":     {0, 0, func(*evaluator, []Value) (Value, bool) { return NumberValue(math.E), true }},

	"isnull":      {1, 1, func(_ *evaluator, a []Value) (Value, bool) { return BoolValue(a[0].Null), true }},
	"isnum":       {1, 1, func(_ *evaluator, a []Value) (Value, bool) { return isNumber(a[0], true) }},
	"istext":      {1, 1, func(_ *evaluator, a []Value) (Value, bool) { return isNumber(a[0], false) }},
	"emptyisnull": {1, 1, emptyIsNull},
	"text":        {1, 1, func(_ *evaluator, a []Value) (Value, bool) { a[0].IsNum, a[0].Number = false, 0; return a[0], true }},
	"dual":        {2, 2, dual},

	"upper":      {1, 1, texts(strings.ToUpper)},
	"lower":      {1, 1, texts(strings.ToLower)},
	"trim":       {1, 1, texts(strings.TrimSpace)},
	"ltrim":      {1, 1, texts(func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) })},
	"rtrim":      {1, 1, texts(func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) })},
	"capitalize": {1, 1, texts(capitalize)},
	"len": {1, 1, func(_ *evaluator, a []Value) (Value, bool) {
		return NumberValue(float64(utf8.RuneCountInString(a[0].Text))), true
	}},
	"left": {2, 2, func(e *evaluator, a []Value) (Value, bool) { return e.slice(a[0], 0, index(a[1])) }},
	"right": {2, 2, func(e *evaluator, a []Value) (Value, bool) {
		n := utf8.RuneCountInString(a[0].Text)
		return e.slice(a[0], n-index(a[1]), n)
	}},
	"mid":         {2, 3, mid},
	"chr":         {1, 1, func(e *evaluator, a []Value) (Value, bool) { return e.text(string(rune(index(a[0])))) }},
	"ord":         {1, 1, ord},
	"replace":     {3, 3, replace},
	"repeat":      {2, 2, repeat},
	"subfield":    {3, 3, subField},
	"index":       {2, 3, indexOf},
	"textbetween": {3, 4, textBetween},
	"findoneof": {2, 2, func(_ *evaluator, a []Value) (Value, bool) {
		return NumberValue(float64(runeIndex(a[0].Text, strings.IndexAny(a[0].Text, a[1].Text)) + 1)), true
	}},
	"substringcount": {2, 2, subStringCount},
	"keepchar":       {2, 2, func(e *evaluator, a []Value) (Value, bool) { return e.chars(a, true) }},
	"purgechar":      {2, 2, func(e *evaluator, a []Value) (Value, bool) { return e.chars(a, false) }},

	"match":     {2, anyNumber, matching(func(a, b string) bool { return a == b })},
	"mixmatch":  {2, anyNumber, matching(strings.EqualFold)},
	"wildmatch": {2, anyNumber, matching(like)},

	"abs":   {1, 1, numbers(math.Abs)},
	"fabs":  {1, 1, numbers(math.Abs)},
	"sqrt":  {1, 1, numbers(math.Sqrt)},
	"exp":   {1, 1, numbers(math.Exp)},
	"log":   {1, 1, numbers(math.Log)},
	"log10": {1, 1, numbers(math.Log10)},
	"sign":  {1, 1, numbers(func(f float64) float64 { return float64(compareFloats(f, 0)) })},
	"frac":  {1, 1, numbers(func(f float64) float64 { return f - math.Floor(f) })},
	"even":  {1, 1, numbers(func(f float64) float64 { return -float64(1 - int64(math.Abs(clamp(f)))%2) })},
	"odd":   {1, 1, numbers(func(f float64) float64 { return -float64(int64(math.Abs(clamp(f))) % 2) })},
	"pow":   {2, 2, numbers2(math.Pow)},
	"mod":   {2, 2, numbers2(modulo)},
	"div":   {2, 2, numbers2(func(f, g float64) float64 { return math.Trunc(f / g) })},
	"fmod":  {2, 2, numbers2(math.Mod)},
	"floor": {1, 3, steps(math.Floor)},
	"ceil":  {1, 3, steps(math.Ceil)},
	"round": {1, 3, steps(func(f float64) float64 { return math.Floor(f + 0.5) })},

	"rangesum": {1, anyNumber, rangeOf(func(sum, f float64) float64 { return sum + f })},
	"rangemin": {1, anyNumber, rangeOf(math.Min)},
	"rangemax": {1, anyNumber, rangeOf(math.Max)},

	"num":        {1, 4, num},
	"num#":       {1, 4, numHash},
	"makedate":   {1, 3, makeDate},
	"date":       {1, 2, date},
	"date#":      {2, 2, dateHash},
	"year":       {1, 1, datePart("YYYY")},
	"month":      {1, 1, datePart("MM")},
	"day":        {1, 1, datePart("DD")},
	"addmonths":  {2, 3, addMonths},
	"monthstart": {1, 1, startOf(false)},
	"yearstart":  {1, 1, startOf(true)},
}

func isNumber(v Value, want bool) (Value, bool) {
	_, is, known := v.number()
	return BoolValue(is == want && !v.Null), known
}

func emptyIsNull(_ *evaluator, a []Value) (Value, bool) {
	if a[0].Text == "" {
		return NullValue(), true
	}
	return a[0], true
}

func dual(_ *evaluator, a []Value) (Value, bool) {
	return Value{Number: a[1].Number, IsNum: a[1].IsNum, Text: a[0].Text}, true
}

func texts(f func(string) string) func(*evaluator, []Value) (Value, bool) {
	return func(e *evaluator, a []Value) (Value, bool) {
		if a[0].Null {
			return NullValue(), true
		}
		return e.text(f(a[0].Text))
	}
}

func capitalize(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		first := start
		start = unicode.IsSpace(r)
		if first {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
}

// index is a value as a position or a length.
func index(v Value) int { return int(clamp(v.Number)) }

// slice is the characters from, to (the latter not included).
func (e *evaluator) slice(v Value, from, to int) (Value, bool) {
	if v.Null {
		return v, true
	}
	r := []rune(v.Text)
	from, to = max(0, min(from, len(r))), max(0, min(to, len(r)))
	if from >= to {
		return e.text("")
	}
	return e.text(string(r[from:to]))
}

func mid(e *evaluator, a []Value) (Value, bool) {
	start, length := index(a[1])-1, 1<<30
	if len(a) == 3 {
		length = index(a[2])
	}
	return e.slice(a[0], start, start+length)
}

func ord(_ *evaluator, a []Value) (Value, bool) {
	for _, r := range a[0].Text {
		return NumberValue(float64(r)), true
	}
	return NullValue(), true
}

func replace(e *evaluator, a []Value) (Value, bool) {
	if a[0].Null || a[1].Text == "" {
		return a[0], true
	}
	if n := strings.Count(a[0].Text, a[1].Text); !e.spend(n * len(a[2].Text)) {
		return unknown()
	}
	return e.text(strings.ReplaceAll(a[0].Text, a[1].Text, a[2].Text))
}

func repeat(e *evaluator, a []Value) (Value, bool) {
	n := max(0, index(a[1]))
	if n > 0 && len(a[0].Text) > e.budget/n {
		return unknown()
	}
	return e.text(strings.Repeat(a[0].Text, n))
}

func subField(e *evaluator, a []Value) (Value, bool) {
	if a[0].Null {
		return a[0], true
	}
	var parts []string
	if a[1].Text == "" {
		parts = []string{a[0].Text}
	} else {
		parts = strings.Split(a[0].Text, a[1].Text)
	}
	n := index(a[2])
	if n < 0 {
		n += len(parts) + 1
	}
	if n < 1 || n > len(parts) {
		return NullValue(), true
	}
	return e.text(parts[n-1])
}

// runeIndex turns an offset in bytes into one in characters; -1 stays.
func runeIndex(s string, i int) int {
	if i < 0 {
		return i
	}
	return utf8.RuneCountInString(s[:i])
}

func indexOf(_ *evaluator, a []Value) (Value, bool) {
	n := 1
	if len(a) == 3 {
		n = index(a[2])
	}
	return NumberValue(float64(runeIndex(a[0].Text, occurrence(a[0].Text, a[1].Text, n)) + 1)), true
}

// occurrence is the offset of the n-th sub in s, from the end for a negative n; -1 if there is none.
func occurrence(s, sub string, n int) int {
	if sub == "" || n == 0 {
		return -1
	}
	var found []int
	for at := 0; ; {
		i := strings.Index(s[at:], sub)
		if i < 0 {
			break
		}
		found = append(found, at+i)
		_, width := utf8.DecodeRuneInString(s[at+i:])
		at += i + width
	}
	if n < 0 {
		n += len(found) + 1
	}
	if n < 1 || n > len(found) {
		return -1
	}
	return found[n-1]
}

func textBetween(e *evaluator, a []Value) (Value, bool) {
	n := 1
	if len(a) == 4 {
		n = index(a[3])
	}
	i := occurrence(a[0].Text, a[1].Text, n)
	if i < 0 {
		return NullValue(), true
	}
	rest := a[0].Text[i+len(a[1].Text):]
	j := strings.Index(rest, a[2].Text)
	if j < 0 {
		return NullValue(), true
	}
	return e.text(rest[:j])
}

func subStringCount(_ *evaluator, a []Value) (Value, bool) {
	if a[1].Text == "" {
		return NumberValue(0), true
	}
	return NumberValue(float64(strings.Count(a[0].Text, a[1].Text))), true
}

func (e *evaluator) chars(a []Value, keep bool) (Value, bool) {
	if a[0].Null {
		return a[0], true
	}
	set := make(map[rune]bool, len(a[1].Text))
	for _, r := range a[1].Text {
		set[r] = true
	}
	return e.text(strings.Map(func(r rune) rune {
		if set[r] == keep {
			return r
		}
		return -1
	}, a[0].Text))
}

func matching(same func(a, b string) bool) func(*evaluator, []Value) (Value, bool) {
	return func(e *evaluator, a []Value) (Value, bool) {
		for i, v := range a[1:] {
			if a[0].Null || v.Null {
				continue
			}
			if a[0].IsNum && v.IsNum && a[0].Number == v.Number || same(a[0].Text, v.Text) {
				return NumberValue(float64(i + 1)), true
			}
		}
		return NumberValue(0), e.spend(len(a))
	}
}

func compareFloats(f, g float64) int {
	switch {
	case f < g:
		return -1
	case f > g:
		return 1
	}
	return 0
}

// numbers computes a function of one number; what is no number gives NULL.
func numbers(f func(float64) float64) func(*evaluator, []Value) (Value, bool) {
	return func(_ *evaluator, a []Value) (Value, bool) {
		x, is, known := a[0].number()
		if !is {
			return NullValue(), known
		}
		return NumberValue(f(x)), true
	}
}

func numbers2(f func(x, y float64) float64) func(*evaluator, []Value) (Value, bool) {
	return func(_ *evaluator, a []Value) (Value, bool) {
		x, isX, knownX := a[0].number()
		y, isY, knownY := a[1].number()
		if !isX || !isY {
			return NullValue(), knownX && knownY
		}
		return NumberValue(f(x, y)), true
	}
}

// modulo is Qlik's Mod: of whole numbers, never negative.
func modulo(f, g float64) float64 {
	if f != math.Trunc(f) || g != math.Trunc(g) || g <= 0 {
		return math.NaN()
	}
	m := math.Mod(f, g)
	if m < 0 {
		m += g
	}
	return m
}

// steps computes Floor, Ceil and Round with their step and offset.
func steps(f func(float64) float64) func(*evaluator, []Value) (Value, bool) {
	return func(_ *evaluator, a []Value) (Value, bool) {
		x, is, known := a[0].number()
		if !is {
			return NullValue(), known
		}
		step, offset := 1.0, 0.0
		if len(a) > 1 {
			step = a[1].Number
		}
		if len(a) > 2 {
			offset = a[2].Number
		}
		if step == 0 {
			return NullValue(), true
		}
		return NumberValue(f((x-offset)/step)*step + offset), true
	}
}

func rangeOf(f func(x, y float64) float64) func(*evaluator, []Value) (Value, bool) {
	return func(_ *evaluator, a []Value) (Value, bool) {
		var result Value
		for _, v := range a {
			x, is, known := v.number()
			switch {
			case !known:
				return unknown()
			case !is:
			case !result.IsNum:
				result = NumberValue(x)
			default:
				result = NumberValue(f(result.Number, x))
			}
		}
		if !result.IsNum {
			return NumberValue(0), true
		}
		return result, true
	}
}
