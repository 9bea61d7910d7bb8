package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a token is.
type Kind uint8

// The kinds of tokens.
const (
	EOF       Kind = iota
	Ident          // a bare name, a keyword, a function's name; may hold $(…)
	Number         // 12, 1.5, .5, 1e5
	String         // '…'
	Field          // "…", […] or `…`
	Operator       // an operator or a punctuation mark; also any character that means nothing to Qlik
	Expansion      // $(…) that stands alone
	Comment        // // … or /* … */
	Space          // blanks and line ends
)

// A Token is a piece of text. The tokens of a text, put together again, are the text.
type Token struct {
	Kind Kind
	Text string // as written, quotes included
	From int    // offset in bytes
	Open bool   // a quote, comment or $( that the text ends without closing
}

// End is the offset behind the token.
func (t Token) End() int { return t.From + len(t.Text) }

// Quote is the opening quote of a String or Field, else 0.
func (t Token) Quote() byte {
	if t.Kind == String || t.Kind == Field {
		return t.Text[0]
	}
	return 0
}

// Value is the text without its quotes; doubled closing quotes are single again.
func (t Token) Value() string {
	if q := t.Quote(); q != 0 {
		return unquote(t.Text, q, t.Open)
	}
	return t.Text
}

func unquote(raw string, quote byte, open bool) string {
	end := closing(quote)
	body := raw[1:]
	if !open {
		body = body[:len(body)-1]
	}
	if strings.IndexByte(body, end) < 0 {
		return body
	}
	var b strings.Builder
	s := Scanner{text: body}
	for i := 0; i < len(body); i++ {
		if n := s.expansionAt(i); n > 0 {
			b.WriteString(body[i : i+n])
			i += n - 1
			continue
		}
		b.WriteByte(body[i])
		if body[i] == end && i+1 < len(body) && body[i+1] == end {
			i++
		}
	}
	return b.String()
}

// Quote writes a name so that it is read as that name again: bare where that is possible, else in brackets.
func Quote(name string) string {
	if isBareName(name) {
		return name
	}
	return "[" + strings.ReplaceAll(name, "]", "]]") + "]"
}

func isBareName(name string) bool {
	if name == "" || isKeyword(name) {
		return false
	}
	s := Scanner{text: name}
	t := s.Next()
	return t.Kind == Ident && len(t.Text) == len(name)
}

// A Scanner cuts a text into tokens. An unclosed quote ends with the text. A $( counts up to its matching
// parenthesis, inside quotes as well, since Qlik expands before it reads anything else.
type Scanner struct {
	text   string
	pos    int
	failed int // how often a $( had no end; keeps time linear
}

// NewScanner makes a scanner that starts at an offset of text.
func NewScanner(text string, from int) *Scanner { return &Scanner{text: text, pos: from} }

// Tokens cuts text whole, but for blanks and comments.
func Tokens(text string) []Token {
	s := Scanner{text: text}
	list := make([]Token, 0, len(text)/4+2)
	for {
		t := s.Next()
		if t.Kind == EOF {
			return list
		}
		if t.Kind != Space && t.Kind != Comment {
			list = append(list, t)
		}
	}
}

// Next is the next token; at the end of the text, and ever after, one of kind EOF.
func (s *Scanner) Next() Token {
	start := s.pos
	if start >= len(s.text) {
		return Token{Kind: EOF, From: len(s.text)}
	}
	kind, end, open := s.classify(start)
	s.pos = end
	return Token{Kind: kind, Text: s.text[start:end], From: start, Open: open}
}

func (s *Scanner) classify(i int) (Kind, int, bool) {
	t, c := s.text, s.text[i]
	if n := s.expansionAt(i); n > 0 {
		return s.expansion(i, n)
	}
	switch {
	case blankAt(t, i) > 0:
		return Space, skipBlanks(t, i), false
	case c == '\'':
		end, open := s.quotedEnd(i)
		return String, end, open
	case c == '"' || c == '[' || c == '`':
		end, open := s.quotedEnd(i)
		return Field, end, open
	case commentAt(t, i):
		end, open := commentEnd(t, i)
		return Comment, end, open
	case c >= '0' && c <= '9' || c == '.' && i+1 < len(t) && isDigit(t[i+1]):
		return s.number(i)
	case c == '$' && strings.HasPrefix(t[i:], "$("):
		return Operator, i + 2, true // nothing closes it
	case nameAt(t, i) > 0:
		return Ident, s.name(i), false
	}
	return Operator, i + operatorLen(t[i:]), false
}

// number reads digits; digits that run into letters are a name (2nd_Quarter).
func (s *Scanner) number(i int) (Kind, int, bool) {
	t, j := s.text, i
	for j < len(t) && isDigit(t[j]) {
		j++
	}
	if j < len(t) && t[j] == '.' {
		for j++; j < len(t) && isDigit(t[j]); {
			j++
		}
	}
	if k := exponentEnd(t, j); k > j {
		j = k
	}
	if j < len(t) && t[j] != '.' && t[j] != '$' && nameAt(t, j) > 0 {
		return Ident, s.name(j), false
	}
	return Number, j, false
}

func exponentEnd(t string, i int) int {
	if i >= len(t) || t[i] != 'e' && t[i] != 'E' {
		return i
	}
	j := i + 1
	if j < len(t) && (t[j] == '+' || t[j] == '-') {
		j++
	}
	k := j
	for k < len(t) && isDigit(t[k]) {
		k++
	}
	if k == j {
		return i
	}
	return k
}

// expansion reads $(…), which is part of a name when letters follow it.
func (s *Scanner) expansion(i, length int) (Kind, int, bool) {
	j := i + length
	if j < len(s.text) && nameAt(s.text, j) > 0 && s.text[j] != '.' {
		return Ident, s.name(j), false
	}
	return Expansion, j, false
}

// name reads on to the end of a bare name.
func (s *Scanner) name(i int) int {
	t := s.text
	j := i
	for j < len(t) {
		if n := s.expansionAt(j); n > 0 {
			j += n
		} else if n := nameAt(t, j); n > 0 {
			j += n
		} else if t[j] == ':' && isColumnRange(t, i, j) {
			j++
		} else {
			break
		}
	}
	return j
}

// isColumnRange tells whether the colon at j belongs to a column of a fixed record: @5:10, @5:n.
func isColumnRange(t string, i, j int) bool {
	if t[i] != '@' || j == i+1 || j+1 >= len(t) || !isDigit(t[j+1]) && t[j+1] != 'n' {
		return false
	}
	return strings.Trim(t[i+1:j], "0123456789") == ""
}

// nameAt is the length of the character at i if it may stand in a bare name, else 0.
func nameAt(t string, i int) int {
	c := t[i]
	switch {
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c):
		return 1
	case c == '_' || c == '.' || c == '#' || c == '%' || c == '@':
		return 1
	case c == '$':
		if i+1 < len(t) && t[i+1] == '(' {
			return 0
		}
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	r, n := utf8.DecodeRuneInString(t[i:])
	if unicode.IsSpace(r) || r == '\uFEFF' {
		return 0
	}
	return n
}

// blankAt is the length of the blank at i, else 0. A byte order mark counts as one.
func blankAt(t string, i int) int {
	switch c := t[i]; {
	case c == ' ' || c >= '\t' && c <= '\r':
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	r, n := utf8.DecodeRuneInString(t[i:])
	if unicode.IsSpace(r) || r == '\uFEFF' {
		return n
	}
	return 0
}

func skipBlanks(t string, i int) int {
	for i < len(t) {
		n := blankAt(t, i)
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// commentAt tells whether a comment starts at i. The slashes of "http://" start none.
func commentAt(t string, i int) bool {
	if t[i] != '/' || i+1 >= len(t) {
		return false
	}
	return t[i+1] == '*' || t[i+1] == '/' && (i == 0 || t[i-1] != ':')
}

func commentEnd(t string, i int) (end int, open bool) {
	if t[i+1] == '/' {
		if n := strings.IndexAny(t[i:], "\r\n"); n >= 0 {
			return i + n, false
		}
		return len(t), false
	}
	if n := strings.Index(t[i+2:], "*/"); n >= 0 {
		return i + 2 + n + 2, false
	}
	return len(t), true
}

func closing(quote byte) byte {
	if quote == '[' {
		return ']'
	}
	return quote
}

// quotedEnd is the offset behind the quoted text that starts at i.
func (s *Scanner) quotedEnd(i int) (end int, open bool) {
	t := s.text
	stop := closing(t[i])
	for j := i + 1; j < len(t); j++ {
		switch {
		case t[j] == stop:
			if j+1 < len(t) && t[j+1] == stop {
				j++
				continue
			}
			return j + 1, false
		case t[j] == '$':
			if n := s.expansionAt(j); n > 0 {
				j += n - 1
			}
		}
	}
	return len(t), true
}

func operatorLen(t string) int {
	if len(t) >= 2 {
		switch t[:2] {
		case "<=", ">=", "<>", "<<", ">>", "::", "+=", "-=", "*=", "/=":
			return 2
		}
	}
	return 1
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
