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
	start := -1
	for i, r := range text {
		if isWordRune(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			fn(newWord(text, start, i))
			start = -1
		}
	}
	if start >= 0 {
		fn(newWord(text, start, len(text)))
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
	from := start
	var before rune
	for i, r := range text[start:end] {
		if i > 0 && parted(before, r) {
			w.parts = append(w.parts, word{text: fold(text[from:start+i], longestWord), start: from, end: start + i})
			from = start + i
		}
		before = r
	}
	if from > start {
		w.parts = append(w.parts, word{text: fold(text[from:end], longestWord), start: from, end: end})
	}
	return w
}

// parted reports whether a new part of a word begins between two letters.
func parted(a, b rune) bool {
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
