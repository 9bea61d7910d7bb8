package expr

import (
	"math"
	"strconv"
	"strings"
)

// A Value is what an expression yields: a text, a number with a text (Qlik's dual), or NULL.
type Value struct {
	Null   bool
	Number float64
	IsNum  bool
	Text   string // of a number too: as it is shown
}

// NullValue is NULL.
func NullValue() Value { return Value{Null: true} }

// NumberValue is a number, shown as Qlik shows one without a format: with up to 14 digits.
func NumberValue(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return NullValue()
	}
	return Value{Number: f, IsNum: true, Text: strconv.FormatFloat(f, 'G', 14, 64)}.short()
}

// short shows whole numbers without an exponent where 14 digits suffice.
func (v Value) short() Value {
	if v.Number == math.Trunc(v.Number) && math.Abs(v.Number) < 1e14 {
		v.Text = strconv.FormatFloat(v.Number, 'f', 0, 64)
		if v.Number == 0 {
			v.Text = "0" // not -0
		}
	}
	return v
}

// TextValue is a text; one that looks like a number can be counted with, as in Qlik.
func TextValue(s string) Value {
	v := Value{Text: s}
	if f, ok := parseNumber(s); ok {
		v.Number, v.IsNum = f, true
	}
	return v
}

// BoolValue is -1 for true and 0 for false.
func BoolValue(b bool) Value {
	if b {
		return NumberValue(-1)
	}
	return NumberValue(0)
}

// True tells whether a condition with this value holds.
func (v Value) True() bool { return !v.Null && v.IsNum && v.Number != 0 }

// String is the text, "" for NULL.
func (v Value) String() string { return v.Text }

func parseNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || strings.Trim(s, "0123456789.eE+-") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// number is the value to count with. known is false for a text that may be a date in some format.
func (v Value) number() (f float64, isNumber, known bool) {
	if v.IsNum || v.Null {
		return v.Number, v.IsNum, true
	}
	return 0, false, !strings.ContainsAny(v.Text, "0123456789")
}

// like tells whether text fits a pattern with * and ?, without regard to case.
func like(text, pattern string) bool { return Fits(strings.ToLower(text), strings.ToLower(pattern)) }

// Fits tells whether text fits a pattern with * and ?, with regard to case.
func Fits(text, pattern string) bool {
	t, p := []rune(text), []rune(pattern)
	i, j, star, mark := 0, 0, -1, 0
	for i < len(t) {
		switch {
		case j < len(p) && p[j] == '*':
			star, mark = j, i
			j++
		case j < len(p) && (p[j] == '?' || p[j] == t[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j] == '*' {
		j++
	}
	return j == len(p)
}
