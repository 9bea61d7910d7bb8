package sql

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tEnd    tokenKind = iota
	tName             // bare; may hold $(…); begins with @ for variables, stages and database links
	tQuoted           // "x", `x`, [x]
	tString           // 'x', q'[x]', $$x$$
	tNumber
	tOp // token.op
)

// Operators of more than one character, in token.op; the others are their character.
const (
	opCast    byte = 1 // ::
	opNamed   byte = 2 // =>, :=
	opArrow   byte = 3 // ->, ->>
	opCompare byte = 4 // <=, <>, !=, ||, …
)

// A token is a piece of the text. Its text is looked at only when it is needed.
type token struct {
	off, end int32
	pair     int32 // of an opening parenthesis or brace: the index of the closing one, or of the end
	kind     tokenKind
	op       byte
	word     word // of a tName, or noWord
}

// A lexer splits SQL of any dialect into tokens.
type lexer struct {
	text   string
	pos    int
	toks   []token
	open   []int32 // indexes of parentheses that aren't closed
	ticks  bool    // the text quotes names with back-ticks, so that "x" is a string and \' an escape
	broken []Diagnostic
}

// lex returns the tokens of a text, closed by a tEnd.
func lex(text string) ([]token, []Diagnostic, bool) {
	l := &lexer{text: text, toks: make([]token, 0, len(text)/4+24)}
	l.ticks = strings.IndexByte(text, '`') >= 0
	for l.next() {
	}
	if len(l.open) > 0 {
		i := l.toks[l.open[0]].off
		l.broken = append(l.broken, Diagnostic{int(i), text[i : i+1], "The parenthesis isn't closed."})
	}
	for _, i := range l.open {
		l.toks[i].pair = int32(len(l.toks))
	}
	l.toks = append(l.toks, token{off: int32(len(text)), end: int32(len(text))})
	return l.toks, l.broken, l.ticks
}

func (l *lexer) at(i int) byte {
	if i < len(l.text) {
		return l.text[i]
	}
	return 0
}

func (l *lexer) add(kind tokenKind, end int, op byte) {
	l.toks = append(l.toks, token{off: int32(l.pos), end: int32(end), kind: kind, op: op})
	l.pos = end
}

// next reads one token or skips one blank or comment.
func (l *lexer) next() bool {
	if l.pos >= len(l.text) {
		return false
	}
	c := l.text[l.pos]
	switch {
	case isSpace(c) || c == 0:
		l.pos++
	case c >= utf8.RuneSelf && l.blank():
	case l.comment(c):
	case c == '\'':
		l.add(tString, l.quote(l.pos+1, '\'', l.ticks), 0)
	case c == '"' && l.ticks:
		l.add(tString, l.quote(l.pos+1, '"', true), 0)
	case c == '"' || c == '`':
		l.add(tQuoted, l.quote(l.pos+1, c, false), 0)
	case c == '[' && !l.subscript():
		l.add(tQuoted, l.quote(l.pos+1, ']', false), 0)
	case c >= '0' && c <= '9' || c == '.' && isDigit(l.at(l.pos+1)) && !l.glued():
		l.number()
	case c == '$' && l.at(l.pos+1) == '$':
		l.dollars()
	case isNameByte(c) || c == '@' && (isNameByte(l.at(l.pos+1)) || l.at(l.pos+1) == '@' || l.at(l.pos+1) == '~' || l.at(l.pos+1) == '%'):
		l.name()
	default:
		l.operator(c)
	}
	return true
}

// blank skips a no-break space, an ideographic space or a byte order mark.
func (l *lexer) blank() bool {
	for _, s := range [...]string{"\u00a0", "\ufeff", "\u3000", "\u200b"} {
		if strings.HasPrefix(l.text[l.pos:], s) {
			l.pos += len(s)
			return true
		}
	}
	return false
}

// subscript says whether the [ at the position is one of an array or a path, not a name's quote: an array
// of several values, or glued to an operand and holding a number, a string or OFFSET(…).
func (l *lexer) subscript() bool {
	rest := l.text[l.pos+1:]
	n := strings.IndexByte(rest, ']')
	if n <= 0 {
		return n == 0
	}
	rest = strings.TrimSpace(rest[:n])
	if rest == "" {
		return false
	}
	if rest[0] == '\'' || strings.HasPrefix(rest, "$('") {
		return true
	}
	if strings.IndexByte(rest, ',') > 0 && strings.Trim(rest, "0123456789.,+- \t\r\n") == "" {
		return true
	}
	return l.glued() && (isDigit(rest[0]) || rest[0] == '-' || upperPrefix(rest, "OFFSET(") ||
		upperPrefix(rest, "ORDINAL(") || upperPrefix(rest, "SAFE_"))
}

// glued says whether the token before ends right here and is an operand.
func (l *lexer) glued() bool {
	if len(l.toks) == 0 {
		return false
	}
	t := l.toks[len(l.toks)-1]
	if int(t.end) != l.pos {
		return false
	}
	return t.kind == tQuoted || t.kind == tName && (t.word == noWord || t.word == wFn) || t.kind == tOp && (t.op == ')' || t.op == ']')
}

func upperPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9' ||
		c == '$' || c == '#' || c >= utf8.RuneSelf
}

// number reads a number. Letters glued to digits make a name of it (MySQL, SAP, Hive: 2024_sales).
func (l *lexer) number() {
	i := l.pos
	for i < len(l.text) && (isDigit(l.text[i]) || l.text[i] == '.') {
		i++
	}
	c := lower(l.at(i))
	if c == 'e' && (isDigit(l.at(i+1)) || (l.at(i+1) == '-' || l.at(i+1) == '+') && isDigit(l.at(i+2))) {
		for i += 2; i < len(l.text) && isDigit(l.text[i]); i++ {
		}
	}
	if c == 'x' && i == l.pos+1 {
		for i++; i < len(l.text) && isNameByte(l.text[i]); i++ {
		}
		l.add(tNumber, i, 0)
		return
	}
	if isNameByte(l.at(i)) && strings.IndexByte(l.text[l.pos:i], '.') < 0 {
		l.name()
		return
	}
	for i < len(l.text) && isNameByte(l.text[i]) && l.text[i] < utf8.RuneSelf {
		i++
	}
	l.add(tNumber, i, 0)
}

// name reads a bare name, with what is left of dollar expansion in it, or a string with a prefix (N'…').
func (l *lexer) name() {
	i := l.pos
	for l.at(i) == '@' || i > l.pos && i < l.pos+2 && (l.at(i) == '~' || l.at(i) == '%') {
		i++
	}
	ascii := true
	for i < len(l.text) {
		c := l.text[i]
		if !isNameByte(c) {
			break
		}
		if c >= utf8.RuneSelf {
			if blankAt(l.text[i:]) {
				break
			}
			ascii = false
		}
		if c == '$' && l.at(i+1) == '(' {
			i = l.expansion(i + 1)
			ascii = false
			continue
		}
		i++
	}
	if l.at(i) == '\'' && i-l.pos <= 2 && l.prefixed(i) {
		return
	}
	start := l.pos
	l.add(tName, i, 0)
	if ascii {
		l.toks[len(l.toks)-1].word = wordOf(l.text[start:i])
	}
}

func blankAt(s string) bool {
	return strings.HasPrefix(s, "\u00a0") || strings.HasPrefix(s, "\ufeff") ||
		strings.HasPrefix(s, "\u3000") || strings.HasPrefix(s, "\u200b")
}

// expansion returns the end of $(…), whose parenthesis is at i.
func (l *lexer) expansion(i int) int {
	depth := 0
	for ; i < len(l.text); i++ {
		switch l.text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\n', ';':
			return i
		}
	}
	return i
}

// operator reads an operator and pairs parentheses and braces.
func (l *lexer) operator(c byte) {
	next := l.at(l.pos + 1)
	switch {
	case c == ':' && next == ':':
		l.add(tOp, l.pos+2, opCast)
	case c == '=' && next == '>', c == ':' && next == '=':
		l.add(tOp, l.pos+2, opNamed)
	case c == '-' && next == '>':
		n := 2
		if l.at(l.pos+2) == '>' {
			n = 3
		}
		l.add(tOp, l.pos+n, opArrow)
	case strings.IndexByte("<>!|^", c) >= 0 && (next == '=' || next == '>' || next == '|'):
		l.add(tOp, l.pos+2, opCompare)
	case c == '(' || c == '{':
		l.open = append(l.open, int32(len(l.toks)))
		l.add(tOp, l.pos+1, c)
	case c == ')' || c == '}':
		l.closing(c)
	default:
		l.add(tOp, l.pos+1, c)
	}
}

// closing pairs a closing parenthesis. One that closes nothing is left out, one of the wrong kind closes
// those that were opened since.
func (l *lexer) closing(c byte) {
	opening := byte('(')
	if c == '}' {
		opening = '{'
	}
	k := len(l.open) - 1
	for k >= 0 && l.toks[l.open[k]].op != opening && k > len(l.open)-4 {
		k--
	}
	if k < 0 || l.toks[l.open[k]].op != opening {
		if len(l.broken) < maxDiagnostics {
			l.broken = append(l.broken, Diagnostic{l.pos, string(rune(c)), "It closes nothing."})
		}
		l.pos++
		return
	}
	for _, i := range l.open[k:] {
		l.toks[i].pair = int32(len(l.toks))
	}
	l.open = l.open[:k]
	l.add(tOp, l.pos+1, c)
}
