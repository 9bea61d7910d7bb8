package postgres

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words are what texts and questions are both cut into, so that they meet. A word is a run of letters and
// digits, in lower case. One that is written as several, such as "SalesAmount" or "Sales2024", is there
// whole and in parts.

// longestWord is how many bytes of a word count.
const longestWord = 64

// A word is a piece of a text.
type word struct {
	text       string // in lower case, no longer than longestWord
	start, end int    // in the text it was cut from, in bytes
	parts      []word // of a word that is written as several; else none
}

// cut calls fn with the words of a text, in order.
func cut(text string, fn func(word)) {
	runs(text, func(start, end int) { fn(newWord(text, start, end)) })
}

// runs calls fn with where the words of a text are, in order.
func runs(text string, fn func(start, end int)) {
	start := -1
	for i, r := range text {
		if isWordRune(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			fn(start, i)
			start = -1
		}
	}
	if start >= 0 {
		fn(start, len(text))
	}
}

// parts calls fn with where the parts of a word are that is written as several, in order; not for any other.
func parts(written string, fn func(start, end int)) {
	from := 0
	var before rune
	for i, r := range written {
		if i > 0 && parted(before, r) {
			fn(from, i)
			from = i
		}
		before = r
	}
	if from > 0 {
		fn(from, len(written))
	}
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func newWord(text string, start, end int) word {
	w := word{text: fold(text[start:end], longestWord), start: start, end: end}
	parts(text[start:end], func(from, to int) {
		from, to = start+from, start+to
		w.parts = append(w.parts, word{text: fold(text[from:to], longestWord), start: from, end: to})
	})
	return w
}

// parted reports whether a new part of a word begins between two letters.
func parted(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return 'a' <= a && a <= 'z' && 'A' <= b && b <= 'Z' || ('0' <= a && a <= '9') != ('0' <= b && b <= '9')
	}
	return unicode.IsLower(a) && unicode.IsUpper(b) || unicode.IsDigit(a) != unicode.IsDigit(b)
}

// fold is a text in lower case, cut to a number of bytes between two letters.
func fold(s string, limit int) string {
	s = strings.ToLower(s)
	if len(s) > limit {
		for !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit]
	}
	return s
}

// appendFolded appends what fold gives.
func appendFolded(to []byte, s string, limit int) []byte {
	if len(s) > limit {
		return append(to, fold(s, limit)...)
	}
	begin := len(to)
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return append(to[:begin], fold(s, limit)...)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

// forms are a word and what is left of it without one of its letters.
func forms(w string) []string {
	runes := []rune(w)
	all := make([]string, 1, len(runes)+1)
	all[0] = w
	for i := range runes {
		if i > 0 && runes[i] == runes[i-1] {
			continue // the same form once more
		}
		all = append(all, string(runes[:i])+string(runes[i+1:]))
	}
	return all
}

// misspellable reports whether a word is worth being found by a misspelling of it: of some length, and
// made of letters.
func misspellable(w string) bool {
	n := utf8.RuneCountInString(w)
	return n >= shortestMisspelt && n <= 24 && strings.IndexFunc(w, unicode.IsDigit) < 0
}

// shortestMisspelt is how many letters a word has at least that is looked for with a slip in it.
const shortestMisspelt = 4

// near reports whether two words are at most one slip apart: a letter too many or too few, another letter,
// or two letters that changed places.
func near(a, b string) bool {
	x, y := []rune(a), []rune(b)
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	switch {
	case len(x) <= 1 && len(y) <= 1:
		return true
	case len(x) == 2 && len(y) == 2:
		return x[0] == y[1] && x[1] == y[0]
	default:
		return false
	}
}
