package postgres

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A question is the words of a search, and what must hold besides.
type question struct {
	text    string // the whole, folded
	words   []word
	instead map[string][]string // words that one may have been meant by
	filter  string              // a tsquery; "" for none
}

func newQuestion(text string) question {
	q := question{text: fold(strings.Join(strings.Fields(text), " "), longestName)}
	cut(text, func(w word) {
		if len(q.words) < mostAsked {
			q.words = append(q.words, w)
		}
	})
	return q
}

// mostAsked is how many words of a question count.
const mostAsked = 12

// Words shorter than this are looked for as whole words: too many begin like them.
const shortestPrefix = 3

// lexeme is a term of a tsquery.
func lexeme(mark, term string) string {
	return "'" + lexemeEscaper.Replace(mark+term) + "'"
}

func prefixed(mark, term string) string {
	if utf8.RuneCountInString(term) < shortestPrefix {
		return lexeme(mark, term)
	}
	return lexeme(mark, term) + ":*"
}

// tier is the tsquery of a way to be found; "" if the question can't be found in this way.
func (q *question) tier(m catalog.Match) string {
	if len(q.words) == 0 {
		if m == catalog.MatchText && q.text == "" {
			return q.filter
		}
		return ""
	}
	var terms []string
	switch m {
	case catalog.MatchName:
		terms = append(terms, lexeme(markName, q.text))
	case catalog.MatchPrefix:
		if utf8.RuneCountInString(q.text) < shortestPrefix {
			return ""
		}
		terms = append(terms, prefixed(markName, q.text))
	case catalog.MatchWords:
		for _, w := range q.words {
			terms = append(terms, wordTerm(w, func(s string) string { return prefixed(markTitle, s) }))
		}
	case catalog.MatchText:
		for _, w := range q.words {
			terms = append(terms, wordTerm(w, anywhere))
		}
	case catalog.MatchNear:
		if len(q.instead) == 0 {
			return ""
		}
		for _, w := range q.words {
			any := []string{wordTerm(w, anywhere)}
			for _, other := range q.instead[w.text] {
				any = append(any, lexeme(markTitle, other), lexeme("", other))
			}
			terms = append(terms, "("+strings.Join(any, " | ")+")")
		}
	}
	return and(append(terms, q.filter)...)
}

func anywhere(s string) string { return "(" + prefixed(markTitle, s) + " | " + prefixed("", s) + ")" }

// wordTerm finds a word as it was written, or all its parts.
func wordTerm(w word, term func(string) string) string {
	if len(w.parts) == 0 {
		return term(w.text)
	}
	parts := make([]string, len(w.parts))
	for i, p := range w.parts {
		parts[i] = term(p.text)
	}
	return "(" + term(w.text) + " | (" + strings.Join(parts, " & ") + "))"
}

func and(terms ...string) string {
	return strings.Join(slices.DeleteFunc(terms, func(t string) bool { return t == "" }), " & ")
}

// or joins terms; nothing is none of them.
func or(terms []string) string {
	if len(terms) == 0 {
		return "'" + markClass + "nothing'"
	}
	return "(" + strings.Join(terms, " | ") + ")"
}

// ofTypes gives the terms of type columns.
func ofTypes(types []string) []string {
	var terms []string
	for _, t := range types {
		switch t {
		case catalog.GroupType:
			terms = append(terms, lexeme(markClass, string(classStream)), lexeme(markClass, string(classPersonal)))
		case catalog.TypeApp:
			terms = append(terms, lexeme(markClass, string(classApp)))
		case catalog.TypeSheet:
			terms = append(terms, lexeme(markClass, string(classSheet)))
		case catalog.TypeScript:
			terms = append(terms, lexeme(markClass, string(classScript)))
		case string(catalog.Measure), string(catalog.Dimension), string(catalog.MasterObject), string(catalog.Variable):
			for _, c := range classesOf(strings.ReplaceAll(strings.ToLower(t), " ", "_")) {
				terms = append(terms, lexeme(markClass, string(c.class)))
			}
		default:
			terms = append(terms, lexeme(markType, t))
		}
	}
	return terms
}

// A classPlace is where the rows of a class stand, and what it weighs among equals: less is more.
type classPlace struct {
	class  class
	kind   string // as people call it
	table  int
	weight int
}

var classPlaces = []classPlace{
	{classApp, "app", reports, 0},
	{classStream, "stream", groups, 1},
	{classPersonal, "personal", groups, 9},
	{classSheet, "sheet", reports, 2},
	{classMeasure, "measure", fields, 3},
	{classDimension, "dimension", fields, 4},
	{classObject, "master_object", fields, 5},
	{classVariable, "variable", fields, 6},
	{classTable, "table", modelTables, 7},
	{classField, "field", modelFields, 8},
	{classCell, "cell", reports, 10},
	{classMeasure + inline, "measure", fields, 11},
	{classDimension + inline, "dimension", fields, 12},
	{classScript, "script", sources, 13},
}

// classesOf gives the classes that people call so.
func classesOf(kind string) []classPlace {
	var found []classPlace
	for _, p := range classPlaces {
		if p.kind == kind {
			found = append(found, p)
		}
	}
	return found
}
