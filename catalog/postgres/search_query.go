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

// How far words are taken for beginnings.
type openness int

const (
	whole    openness = iota // not at all
	lastOpen                 // the last one, which may still be being typed
	allOpen
)

// A try is a way to look: what is found so counts as a match of that kind.
type try struct {
	match catalog.Match
	open  openness
}

// tries are made in this order, until a page is full. Whole words come first: they are quickly found however
// common they are.
var tries = []try{
	{catalog.MatchName, whole},
	{catalog.MatchPrefix, allOpen},
	{catalog.MatchWords, whole},
	{catalog.MatchWords, lastOpen},
	{catalog.MatchWords, allOpen},
	{catalog.MatchText, whole},
	{catalog.MatchText, lastOpen},
	{catalog.MatchText, allOpen},
	{catalog.MatchNear, whole},
}

// opens reports whether the n-th word is taken for a beginning.
func (t try) opens(n, of int) bool { return t.open == allOpen || t.open == lastOpen && n == of-1 }

// term makes terms of the n-th word.
func (t try) term(n, of int, mark string) func(string) string {
	if t.opens(n, of) {
		return func(s string) string { return prefixed(mark, s) }
	}
	return func(s string) string { return lexeme(mark, s) }
}

// A clause is what must hold of a row, as a tsquery, and the lexemes any of which makes it hold, as far as
// its share of the rows is concerned.
type clause struct {
	query   string
	lexemes []openLexeme
}

type openLexeme struct {
	text string
	open bool // lexemes that begin so, too
}

// tier gives the clauses of a way to be found, one for each word, or for the whole; none if the question
// can't be found in this way.
func (q *question) tier(t try) []clause {
	if len(q.words) == 0 {
		if t.match == catalog.MatchText && t.open == whole && q.text == "" {
			return []clause{{query: q.filter}}
		}
		return nil
	}
	switch t.match {
	case catalog.MatchName:
		return []clause{{lexeme(markName, q.text), []openLexeme{{markName + q.text, false}}}}
	case catalog.MatchPrefix:
		if utf8.RuneCountInString(q.text) < shortestPrefix {
			return nil
		}
		return []clause{{prefixed(markName, q.text), []openLexeme{{markName + q.text, true}}}}
	}
	if t.match == catalog.MatchNear && len(q.instead) == 0 {
		return nil
	}
	clauses := make([]clause, len(q.words))
	for i, w := range q.words {
		clauses[i] = q.wordClause(t, i, w)
	}
	return clauses
}

// wordClause is that of the n-th word.
func (q *question) wordClause(t try, n int, w word) clause {
	open := t.opens(n, len(q.words)) && utf8.RuneCountInString(w.text) >= shortestPrefix
	c := clause{lexemes: []openLexeme{{markTitle + w.text, open}}}
	if t.match == catalog.MatchWords {
		c.query = wordTerm(w, t.term(n, len(q.words), markTitle))
		return c
	}
	c.query = wordTerm(w, t.anywhere(n, len(q.words)))
	c.lexemes = append(c.lexemes, openLexeme{w.text, open})
	if t.match == catalog.MatchNear {
		any := []string{c.query}
		for _, other := range q.instead[w.text] {
			any = append(any, lexeme(markTitle, other), lexeme("", other))
			c.lexemes = append(c.lexemes, openLexeme{markTitle + other, false}, openLexeme{other, false})
		}
		c.query = "(" + strings.Join(any, " | ") + ")"
	}
	return c
}

// queryOf is the tsquery of some clauses and what must hold besides; "" for no clauses.
func (q *question) queryOf(tier []clause) string {
	if len(tier) == 0 {
		return ""
	}
	terms := each(tier, func(c clause) string { return c.query })
	if len(q.words) > 0 {
		terms = append(terms, q.filter)
	}
	return and(terms...)
}

// anywhere makes terms of a word in the name or in another text.
func (t try) anywhere(n, of int) func(string) string {
	title, text := t.term(n, of, markTitle), t.term(n, of, "")
	return func(s string) string { return "(" + title(s) + " | " + text(s) + ")" }
}

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

// A classPlace is what people call a class, and what it weighs among equals: less is more.
type classPlace struct {
	class  class
	kind   string
	weight int
}

var classPlaces = []classPlace{
	{classApp, "app", 0},
	{classStream, "stream", 1},
	{classSheet, "sheet", 2},
	{classPersonal, "personal", 3},
	{classMeasure, "measure", 4},
	{classDimension, "dimension", 5},
	{classObject, "master_object", 6},
	{classVariable, "variable", 7},
	{classTable, "table", 8},
	{classField, "field", 9},
	{classCell, "cell", 10},
	{classMeasure + inline, "measure", 11},
	{classDimension + inline, "dimension", 12},
	{classScript, "script", 13},
}

// placeOfClass finds a class.
func placeOfClass(c class) classPlace {
	return classPlaces[slices.IndexFunc(classPlaces, func(p classPlace) bool { return p.class == c })]
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

// A shelf is a part of the catalog that is looked through by itself, so that its rows don't take the room of
// others'.
type shelf struct {
	table   int
	where   string // the rows, as the index has it
	class   string // SQL of a row's class
	classes []class
	stage   int // shelves of a later one are looked through when a page isn't full without them; all in them weighs more
}

// fieldClass is the class of a report field t.
const fieldClass = "replace(lower(t.type), ' ', '_') || case when t.origin = 'inline' then '" + inline + "' else '' end"

// lastStage is the greatest of shelves.
const lastStage = 3

var shelves = []shelf{
	{reports, "t.kind <> 'cell' and t.kind = 'app'", "'app'", []class{classApp}, 0},
	{groups, "true", "t.kind", []class{classStream, classPersonal}, 0},
	{reports, "t.kind <> 'cell' and t.kind = 'sheet'", "'sheet'", []class{classSheet}, 0},
	{fields, "t.origin <> 'inline'", fieldClass, []class{classMeasure, classDimension, classObject, classVariable}, 1},
	{modelTables, "true", "'table'", []class{classTable}, 2},
	{modelFields, "true", "'field'", []class{classField}, 2},
	{reports, "t.kind = 'cell'", "'cell'", []class{classCell}, 3},
	{fields, "t.origin = 'inline'", fieldClass, []class{classMeasure + inline, classDimension + inline}, 3},
	{sources, "true", "'script'", []class{classScript}, 3},
}

// shelvesOf gives the shelves that have things of some kinds, and the tsquery that keeps to these kinds
// where a shelf has others too.
func shelvesOf(kinds []string) (list []shelf, only string) {
	if len(kinds) == 0 {
		return shelves, ""
	}
	var terms []string
	for _, s := range shelves {
		wanted := false
		for _, c := range s.classes {
			if slices.Contains(kinds, placeOfClass(c).kind) {
				wanted = true
				terms = append(terms, lexeme(markClass, string(c)))
			}
		}
		if wanted {
			list = append(list, s)
		}
	}
	return list, or(terms)
}
