package ui

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"
)

// functions are what templates call besides the language's own.
func (u *UI) functions() template.FuncMap {
	return template.FuncMap{
		"static": u.static.url,
		"when":   u.when,
		"number": number,
		"took":   took,
		"bytes":  byteSize,
		"link":   keyURL,
		"to":     pageFor,
		"words":  func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
		"query":  queryPart,
		"plural": plural,
		"short":  short,
		"lower":  strings.ToLower,
		"list":   func(items ...any) []any { return items },
		"dict":   dict,
		"plus":   func(a float64, b int) float64 { return a + float64(b) },
		"deref":  func(b *bool) bool { return b != nil && *b },
		"isfilter": func(list []listFilter, name string) bool {
			return slices.ContainsFunc(list, func(f listFilter) bool { return f.Name == name })
		},
		"has": func(list []string, x string) bool { return slices.Contains(list, x) },
	}
}

// queryPart is a text as a value in the query of an address. Its type keeps templates from escaping it again.
func queryPart(s string) template.URL { return template.URL(url.QueryEscape(s)) }

// when shows a time as how long ago it was; the page's script puts the reader's own zone into the title.
func (u *UI) when(t time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="none">never</span>`
	}
	// Nothing in it comes from outside.
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		t.UTC().Format(time.RFC3339), t.UTC().Format("2006-01-02 15:04:05 UTC"), ago(u.Now().Sub(t))))
}

// ago puts a duration into words; a negative one lies ahead.
func ago(d time.Duration) string {
	words, ahead := "", d < 0
	if ahead {
		d = -d
	}
	switch {
	case d < 45*time.Second:
		if ahead {
			return "in a moment"
		}
		return "just now"
	case d < 90*time.Minute:
		words = plural(int64((d+30*time.Second)/time.Minute), "minute")
	case d < 36*time.Hour:
		words = plural(int64((d+30*time.Minute)/time.Hour), "hour")
	case d < 60*24*time.Hour:
		words = plural(int64((d+12*time.Hour)/(24*time.Hour)), "day")
	case d < 730*24*time.Hour:
		words = plural(int64(d/(30*24*time.Hour)), "month")
	default:
		words = plural(int64(d/(365*24*time.Hour)), "year")
	}
	if ahead {
		return "in " + words
	}
	return words + " ago"
}

// number groups the digits of a whole number with thin spaces.
func number(v any) string {
	s := fmt.Sprint(v)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return sign + s
}

// plural says how many there are of something.
func plural(n any, one string) string {
	text := number(n)
	if text == "1" {
		return "1 " + one
	}
	if strings.HasSuffix(one, "y") && !strings.ContainsAny(one[len(one)-2:], "aeiou") {
		return text + " " + strings.TrimSuffix(one, "y") + "ies"
	}
	return text + " " + one + "s"
}

// took is how long something lasted.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Second:
		return number(d.Round(time.Millisecond).Milliseconds()) + "\u202fms"
	case d < time.Minute:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + "\u202fs"
	}
	d = d.Round(time.Second)
	text := fmt.Sprintf("%d\u202fmin %d\u202fs", int(d.Minutes())%60, int(d.Seconds())%60)
	if d >= time.Hour {
		text = fmt.Sprintf("%s\u202fh %d\u202fmin", number(int(d.Hours())), int(d.Minutes())%60)
	}
	return text
}

// byteSize is a number of bytes in the unit that fits.
func byteSize(n int64) string {
	f, unit := float64(n), 0
	for f >= 1000 && unit < 4 {
		f, unit = f/1000, unit+1
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") + "\u202f" + [...]string{"B", "kB", "MB", "GB", "TB"}[unit]
}

// short cuts a text to a number of characters.
func short(n int, s string) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// dict makes a map of names and values, for parts that take several.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d values make no pairs", len(pairs))
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}
