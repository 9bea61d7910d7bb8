package expr

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// num shows a number in a format, as far as the format is made of digits, a thousands separator and a
// decimal mark.
func num(_ *evaluator, a []Value) (Value, bool) {
	f, is, known := a[0].number()
	if !is {
		return NullValue(), known
	}
	if len(a) == 1 {
		return NumberValue(f), true
	}
	text, ok := formatNumber(f, a[1].Text)
	if !ok || len(a) > 2 {
		return unknown()
	}
	return Value{Number: f, IsNum: true, Text: text}, true
}

func formatNumber(f float64, format string) (string, bool) {
	if format == "" || strings.Trim(format, "0#.,") != "" || math.Abs(f) >= 1e15 {
		return "", false
	}
	whole, decimals := format, ""
	if i := strings.LastIndexByte(format, '.'); i >= 0 {
		whole, decimals = format[:i], format[i+1:]
	}
	if strings.ContainsAny(decimals, ",.") || strings.Contains(whole, ".") || len(decimals) > 15 {
		return "", false
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', len(decimals), 64)
	digits, fraction, _ := strings.Cut(s, ".")
	for optional := len(decimals) - len(strings.TrimRight(decimals, "#")); optional > 0 && strings.HasSuffix(fraction, "0"); optional-- {
		fraction = fraction[:len(fraction)-1]
	}
	if zeros := strings.Count(whole, "0"); len(digits) < zeros {
		digits = strings.Repeat("0", zeros-len(digits)) + digits
	}
	if strings.Contains(whole, ",") {
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
	}
	if fraction != "" {
		digits += "." + fraction
	}
	if f < 0 && strings.Trim(digits, "0.,") != "" {
		digits = "-" + digits
	}
	return digits, true
}

func numHash(_ *evaluator, a []Value) (Value, bool) {
	if a[0].IsNum {
		return a[0], true
	}
	return unknown()
}

// dayZero is the day with number 0.
func dayZero() time.Time { return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC) }

func timeOf(f float64) (time.Time, bool) {
	if math.Abs(f) > 3e6 {
		return time.Time{}, false
	}
	seconds := math.Round(f * 86400)
	return dayZero().Add(time.Duration(seconds) * time.Second), true
}

func numberOf(t time.Time) float64 {
	return float64(t.Unix()-dayZero().Unix()) / 86400
}

// dateFormat is the script's DateFormat, else the international one.
func (e *evaluator) dateFormat() string {
	if e.env.Variable != nil {
		if v, known := e.env.Variable("DateFormat"); known && v.Text != "" {
			return v.Text
		}
	}
	return "YYYY-MM-DD"
}

func (e *evaluator) dateValue(f float64, format string) (Value, bool) {
	t, ok := timeOf(f)
	if !ok || !e.spend(len(format)) {
		return unknown()
	}
	text, ok := formatDate(t, format)
	return Value{Number: f, IsNum: true, Text: text}, ok
}

// dateCodes are the parts of a date format and how Go writes them; longer ones first.
var dateCodes = []struct{ qlik, layout string }{
	{"YYYY", "2006"},
	{"YY", "06"},
	{"MMMM", "January"},
	{"MMM", "Jan"},
	{"MM", "01"},
	{"M", "1"},
	{"DD", "02"},
	{"D", "2"},
	{"hh", "15"},
	{"mm", "04"},
	{"ss", "05"},
}

// formatDate writes a date; ok is false for a format with parts that aren't known here.
func formatDate(t time.Time, format string) (text string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(format); {
		n := 0
		for _, c := range dateCodes {
			if strings.HasPrefix(format[i:], c.qlik) {
				b.WriteString(t.Format(c.layout))
				n = len(c.qlik)
				break
			}
		}
		if n == 0 {
			if c := format[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '[' {
				return "", false
			}
			b.WriteByte(format[i])
			n = 1
		}
		i += n
	}
	return b.String(), true
}

func date(e *evaluator, a []Value) (Value, bool) {
	f, is, known := a[0].number()
	if !is {
		return NullValue(), known
	}
	format := e.dateFormat()
	if len(a) == 2 {
		format = a[1].Text
	}
	return e.dateValue(f, format)
}

func dateHash(_ *evaluator, a []Value) (Value, bool) {
	layout := a[1].Text
	for _, c := range dateCodes {
		layout = strings.Replace(layout, c.qlik, c.layout, 1)
	}
	if strings.ContainsAny(strings.NewReplacer("January", "", "Jan", "").Replace(layout), "YMDhmsfT") {
		return unknown()
	}
	t, err := time.Parse(layout, a[0].Text)
	if err != nil {
		return unknown()
	}
	return Value{Number: numberOf(t), IsNum: true, Text: a[0].Text}, true
}

func makeDate(e *evaluator, a []Value) (Value, bool) {
	part := []int{0, 1, 1}
	for i, v := range a {
		if !v.IsNum {
			return NullValue(), true
		}
		part[i] = index(v)
	}
	if part[0] < 0 || part[0] > 9999 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 {
		return NullValue(), true
	}
	t := time.Date(part[0], time.Month(part[1]), part[2], 0, 0, 0, 0, time.UTC)
	return e.dateValue(numberOf(t), e.dateFormat())
}

func datePart(layout string) func(*evaluator, []Value) (Value, bool) {
	return func(_ *evaluator, a []Value) (Value, bool) {
		f, is, known := a[0].number()
		if !is {
			return NullValue(), known
		}
		t, ok := timeOf(f)
		if !ok {
			return unknown()
		}
		switch layout {
		case "YYYY":
			return NumberValue(float64(t.Year())), true
		case "MM":
			return Value{Number: float64(t.Month()), IsNum: true, Text: t.Format("Jan")}, true
		}
		return NumberValue(float64(t.Day())), true
	}
}

// addMonths keeps the day of the month, or takes the month's last day where it is shorter.
func addMonths(e *evaluator, a []Value) (Value, bool) {
	f, is, known := a[0].number()
	if !is || !a[1].IsNum || len(a) > 2 {
		return NullValue(), known && len(a) == 2
	}
	t, ok := timeOf(f)
	if !ok {
		return unknown()
	}
	months := index(a[1])
	if months < -12000 || months > 12000 {
		return unknown()
	}
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return e.dateValue(numberOf(first.AddDate(0, 0, min(t.Day(), last)-1)), e.dateFormat())
}

func startOf(year bool) func(*evaluator, []Value) (Value, bool) {
	return func(e *evaluator, a []Value) (Value, bool) {
		f, is, known := a[0].number()
		if !is {
			return NullValue(), known
		}
		t, ok := timeOf(f)
		if !ok {
			return unknown()
		}
		month := t.Month()
		if year {
			month = time.January
		}
		return e.dateValue(numberOf(time.Date(t.Year(), month, 1, 0, 0, 0, 0, time.UTC)), e.dateFormat())
	}
}
