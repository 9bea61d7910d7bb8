package sql

import (
	"strings"
	"unicode/utf8"
)

// comment skips -- and // to the end of the line, and /* */. The engine strips // itself, but not after a
// colon.
func (l *lexer) comment(c byte) bool {
	rest := l.text[l.pos:]
	switch {
	case len(rest) < 2:
		return false
	case c == '-' && rest[1] == '-', c == '/' && rest[1] == '/' && (l.pos == 0 || l.text[l.pos-1] != ':'):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			l.pos += n + 1
		} else {
			l.pos = len(l.text)
		}
		return true
	case c == '/' && rest[1] == '*':
		if n := strings.Index(rest[2:], "*/"); n >= 0 {
			l.pos += n + 4
		} else {
			l.broken = append(l.broken, Diagnostic{l.pos, "/*", "The comment isn't closed."})
			l.pos = len(l.text)
		}
		return true
	}
	return false
}

// quote returns the end of a quoted token whose content begins at i. Doubled quotes stand for one.
func (l *lexer) quote(i int, closing byte, escapes bool) int {
	begin := i
	for i < len(l.text) {
		n := strings.IndexByte(l.text[i:], closing)
		if n < 0 {
			break
		}
		j := i + n
		if escapes && backslashes(l.text[begin:j])%2 == 1 {
			i = j + 1
			continue
		}
		if l.at(j+1) != closing {
			return j + 1
		}
		i = j + 2
	}
	l.broken = append(l.broken, Diagnostic{l.pos, l.text[l.pos : l.pos+1], "The quote isn't closed."})
	return len(l.text)
}

// backslashes counts those at the end of s.
func backslashes(s string) int {
	n := 0
	for n < len(s) && s[len(s)-1-n] == '\\' {
		n++
	}
	return n
}

// prefixed reads a string with a prefix of letters, whose quote is at i: N'…', E'…', Oracle's q'[…]'.
func (l *lexer) prefixed(i int) bool {
	prefix := l.text[l.pos:i]
	last := lower(prefix[len(prefix)-1])
	if len(prefix) == 2 && lower(prefix[0]) != 'n' && last != '&' {
		return false
	}
	switch last {
	case 'q':
		if end := l.oracleQuote(i + 1); end > 0 {
			l.add(tString, end, 0)
			return true
		}
		return false
	case 'e', 'r':
		l.add(tString, l.quote(i+1, '\'', last == 'e'), 0)
		return true
	case 'n', 'x', 'b', 'u':
		l.add(tString, l.quote(i+1, '\'', l.ticks), 0)
		return true
	}
	return false
}

// oracleQuote returns the end of q'[…]', whose bracket is at i, or 0.
func (l *lexer) oracleQuote(i int) int {
	closing := l.at(i)
	switch closing {
	case '[':
		closing = ']'
	case '(':
		closing = ')'
	case '{':
		closing = '}'
	case '<':
		closing = '>'
	case 0, ' ', '\n':
		return 0
	}
	if n := strings.Index(l.text[i+1:], string(rune(closing))+"'"); n >= 0 && closing < utf8.RuneSelf {
		return i + 1 + n + 2
	}
	return 0
}

// dollars reads PostgreSQL's $$…$$.
func (l *lexer) dollars() {
	if n := strings.Index(l.text[l.pos+2:], "$$"); n >= 0 {
		l.add(tString, l.pos+n+4, 0)
		return
	}
	l.add(tOp, l.pos+2, '$')
}
