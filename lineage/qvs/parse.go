package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// A parser reads one statement after expansion.
type parser struct {
	t    text
	sc   expr.Scanner
	toks []expr.Token // read so far, without blanks and comments
	i    int

	keyword string // word(0) of the token known-1, which is asked for again and again
	known   int

	open int // where an expression begins whose parenthesis is never closed, from 1; 0: nowhere
}

func newParser(t text) *parser { return &parser{t: t, sc: *expr.NewScanner(t.s, 0)} }

// peek is the token n places ahead.
func (p *parser) peek(n int) expr.Token {
	for p.i+n >= len(p.toks) {
		if k := len(p.toks); k > 0 && p.toks[k-1].Kind == expr.EOF {
			return p.toks[k-1]
		}
		tok := p.sc.Next()
		if tok.Kind != expr.Space && tok.Kind != expr.Comment {
			p.toks = append(p.toks, tok)
		}
	}
	return p.toks[p.i+n]
}

func (p *parser) tok() expr.Token { return p.peek(0) }

func (p *parser) next() expr.Token {
	tok := p.peek(0)
	if tok.Kind != expr.EOF {
		p.i++
	}
	return tok
}

func (p *parser) end() bool { return p.tok().Kind == expr.EOF }

// seek goes on at an offset of the text.
func (p *parser) seek(offset int) {
	p.toks, p.known = p.toks[:p.i], 0
	p.sc = *expr.NewScanner(p.t.s, offset)
}

// word is the token n places ahead in upper case if it is a bare word, else "".
func (p *parser) word(n int) string {
	if n == 0 && p.known == p.i+1 {
		return p.keyword
	}
	w := ""
	if tok := p.peek(n); tok.Kind == expr.Ident {
		w = upperWord(tok.Text)
	}
	if n == 0 {
		p.keyword, p.known = w, p.i+1
	}
	return w
}

// is tells whether the next tokens are these words.
func (p *parser) is(words ...string) bool {
	for n, w := range words {
		if p.word(n) != w {
			return false
		}
	}
	return true
}

// accept goes over the words if they are next.
func (p *parser) accept(words ...string) bool {
	if !p.is(words...) {
		return false
	}
	p.i += len(words)
	return true
}

func (p *parser) op(s string) bool {
	tok := p.tok()
	return tok.Kind == expr.Operator && tok.Text == s
}

func (p *parser) acceptOp(s string) bool {
	if p.op(s) {
		p.i++
		return true
	}
	return false
}

// isNameToken: what a table or field may be written as.
func isNameToken(tok expr.Token) bool {
	switch tok.Kind {
	case expr.Ident, expr.Field, expr.String, expr.Number, expr.Expansion:
		return true
	}
	return false
}

// name reads a name in any form.
func (p *parser) name() (string, bool) {
	if !isNameToken(p.tok()) {
		return "", false
	}
	return p.next().Value(), true
}

// names reads a list of names up to the end or a word that stops it. A * is a name here.
func (p *parser) names(stops ...string) []string {
	var list []string
	for !p.end() {
		if p.stop(stops) && len(list) > 0 && !p.afterComma() {
			return list
		}
		switch tok := p.tok(); {
		case isNameToken(tok):
			list = append(list, p.longName(stops))
		case tok.Text == "*" || tok.Text == "?":
			list = append(list, p.longName(stops))
		case tok.Text == "(" || tok.Text == ")":
			return list
		default:
			p.i++
		}
	}
	return list
}

func (p *parser) stop(stops []string) bool {
	w := p.word(0)
	for _, s := range stops {
		if w == s {
			return true
		}
	}
	return false
}

func (p *parser) afterComma() bool {
	return p.i > 0 && p.toks[p.i-1].Kind == expr.Operator && p.toks[p.i-1].Text == ","
}

// longName reads a name up to the comma: unquoted ones may hold blanks, dashes and wildcards by mistake or not.
func (p *parser) longName(stops []string) string {
	first := p.next()
	last := first
	for !p.end() && !p.op(",") && !p.op("(") && !p.op(")") && !p.stop(stops) {
		last = p.next()
	}
	if last.From == first.From {
		return first.Value()
	}
	return trim(p.t.s[first.From:last.End()])
}

// parens reads ( … ) as a list of token lists between commas; ok is false if there is no parenthesis.
func (p *parser) parens() (args [][]expr.Token, ok bool) {
	if !p.op("(") {
		return nil, false
	}
	p.i++
	start, depth := p.i, 0
	for !p.end() {
		tok := p.tok()
		if tok.Kind == expr.Operator {
			switch tok.Text {
			case "(":
				depth++
			case ")":
				if depth == 0 {
					if p.i > start || len(args) > 0 {
						args = append(args, p.toks[start:p.i:p.i])
					}
					p.i++
					return args, true
				}
				depth--
			case ",":
				if depth == 0 {
					args = append(args, p.toks[start:p.i:p.i])
					start = p.i + 1
				}
			}
		}
		p.i++
	}
	if p.i > start {
		args = append(args, p.toks[start:p.i:p.i])
	}
	return args, true
}

// textOf is what tokens say: the value of a single one, else the text as written.
func (p *parser) textOf(toks []expr.Token) string {
	switch len(toks) {
	case 0:
		return ""
	case 1:
		return toks[0].Value()
	}
	return trim(p.t.s[toks[0].From:toks[len(toks)-1].End()])
}

func (p *parser) textsOf(args [][]expr.Token) []string {
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = p.textOf(a)
	}
	return list
}

// rest is the text from the next token on.
func (p *parser) rest() string {
	tok := p.tok()
	if tok.Kind == expr.EOF {
		return ""
	}
	return trim(p.t.s[tok.From:])
}

// isOperator tells whether a token joins two operands, so that an operand must follow.
func isOperator(tok expr.Token) bool {
	switch tok.Kind {
	case expr.Operator:
		return tok.Text != ")" && tok.Text != "*)" && tok.Text != "}"
	case expr.Ident:
		if len(tok.Text) > 8 {
			return false
		}
		switch strings.ToLower(tok.Text) {
		case "and", "or", "xor", "not", "like", "bitand", "bitor", "bitxor", "bitnot", "follows", "precedes":
			return true
		}
	}
	return false
}

// expression reads tokens up to a comma or a clause's keyword outside of parentheses.
func (p *parser) expression(commas bool, stop func(*parser) bool) []expr.Token {
	start, depth, operand := p.i, 0, true // operand: one is expected
	for !p.end() {
		tok := p.tok()
		if depth == 0 {
			if commas && tok.Kind == expr.Operator && tok.Text == "," {
				break
			}
			if !operand && tok.Kind == expr.Ident && stop(p) {
				break
			}
		}
		if tok.Kind == expr.Operator {
			switch tok.Text {
			case "(", "{":
				depth++
			case ")", "}":
				if depth--; depth < 0 {
					depth = 0
				}
			}
		}
		operand = isOperator(tok) && (!operand || tok.Text != "*" || p.i > start)
		p.i++
	}
	if depth > 0 && p.open == 0 && p.i > start {
		p.open = p.toks[start].From + 1
	}
	return p.toks[start:p.i:p.i]
}
