package expr

import (
	"fmt"
	"strings"
)

const (
	maxDepth  = 1000 // parentheses, signs and sets in each other
	maxNested = 20   // expressions inside the tokens of another: $(=…), "=…"
)

// Parse makes a tree of one expression; a leading = is dropped. Expressions of load scripts are given as
// they are after dollar expansion; a $( ) that is left is a [Dollar]. The tree is never nil; what couldn't
// be read is in the diagnostics.
func Parse(text string) (Node, []Diagnostic) {
	p := &parser{toks: Tokens(text), end: len(text), log: &log{}}
	n := p.top()
	return n, p.log.placed(text)
}

// ParseTokens is Parse for tokens that were cut before, without blanks and comments; they stay as they are. Spans are those of
// the tokens; lines and columns of the diagnostics are 0.
func ParseTokens(toks []Token) (Node, []Diagnostic) {
	p := &parser{toks: toks, log: &log{}}
	if n := len(toks); n > 0 {
		p.end = toks[n-1].End()
	}
	n := p.top()
	return n, p.log.list
}

// A log collects diagnostics, one for a place.
type log struct{ list []Diagnostic }

func (l *log) add(s Span, kind, message string) {
	if len(l.list) >= maxDiagnostics {
		return
	}
	for _, d := range l.list {
		if d.From == s.From && d.Kind == kind {
			return
		}
	}
	l.list = append(l.list, Diagnostic{Span: s, Kind: kind, Message: message})
}

func (l *log) placed(text string) []Diagnostic {
	for i := range l.list {
		l.list[i].Line, l.list[i].Column = Place(text, l.list[i].From)
	}
	return l.list
}

type parser struct {
	toks    []Token
	i       int
	base    int // added to the tokens' offsets
	end     int // of the text, for what is missing there
	depth   int
	nested  int
	log     *log
	retries int // how often a list that isn't closed was cut short
}

// sub parses a text inside of a token, as an expression of its own.
func (p *parser) sub(text string, base int) Node {
	if p.nested >= maxNested {
		p.log.add(Span{base, base + len(text)}, "limit", "this is nested too deep to be read")
		return &Broken{Span: Span{base, base + len(text)}}
	}
	q := &parser{toks: Tokens(text), base: base, end: len(text), nested: p.nested + 1, log: p.log}
	return q.top()
}

func (p *parser) tok() Token {
	if p.i < len(p.toks) {
		return p.toks[p.i]
	}
	return Token{Kind: EOF, From: p.end}
}

func (p *parser) ahead(n int) Token {
	if p.i+n < len(p.toks) {
		return p.toks[p.i+n]
	}
	return Token{Kind: EOF, From: p.end}
}

func (p *parser) spanOf(t Token) Span { return Span{p.base + t.From, p.base + t.End()} }

func (p *parser) here() int { return p.base + p.tok().From }

// behind is the offset behind the last token that was taken.
func (p *parser) behind() int {
	if p.i == 0 {
		return p.here()
	}
	return p.base + p.toks[p.i-1].End()
}

func (p *parser) is(op string) bool {
	t := p.tok()
	return t.Kind == Operator && t.Text == op
}

func (p *parser) accept(op string) bool {
	if p.is(op) {
		p.i++
		return true
	}
	return false
}

func (p *parser) fail(t Token, format string, args ...any) {
	p.log.add(p.spanOf(t), "syntax", fmt.Sprintf(format, args...))
}

// describe names a token in a message.
func describe(t Token) string {
	if t.Kind == EOF {
		return "the end"
	}
	text := t.Text
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "…"
	}
	return text
}

// top reads a whole text.
func (p *parser) top() Node {
	p.accept("=")
	start := p.here()
	if p.tok().Kind == EOF {
		return &Broken{Span: Span{start, start}}
	}
	n := p.expr(0)
	if p.tok().Kind == EOF {
		return n
	}
	parts := []Node{n}
	for p.tok().Kind != EOF {
		p.fail(p.tok(), "%s is not expected here", describe(p.tok()))
		if !p.startsOperand(p.tok()) {
			p.i++
		}
		if p.tok().Kind != EOF {
			parts = append(parts, p.expr(0))
		}
	}
	return &Broken{Span: Span{start, p.behind()}, Parts: parts}
}

// The ranks of operators, from the loosest.
const (
	rankOr = iota
	rankAnd
	rankNot
	rankRelation
	rankBit
	rankConcat
	rankSum
	rankProduct
	rankBeside // no operator
)

func operatorRank(op string) int {
	switch op {
	case "or", "xor":
		return rankOr
	case "and":
		return rankAnd
	case "=", "<>", "<", ">", "<=", ">=", "like", "precedes", "follows":
		return rankRelation
	case "bitand", "bitor", "bitxor", "<<", ">>":
		return rankBit
	case "&":
		return rankConcat
	case "+", "-":
		return rankSum
	case "*", "/":
		return rankProduct
	}
	return -1
}

// isKeyword tells whether a bare word is an operator.
func isKeyword(word string) bool {
	switch len(word) {
	case 2, 3, 4, 5, 6, 7, 8:
	default:
		return false
	}
	switch w := strings.ToLower(word); w {
	case "not", "bitnot":
		return true
	default:
		return (w[0] >= 'a' && w[0] <= 'z') && operatorRank(w) >= 0
	}
}

// operator is the binary operator that comes next, with its rank; rank -1 if there is none.
func (p *parser) operator() (op string, rank int) {
	t := p.tok()
	switch t.Kind {
	case Operator:
		return t.Text, operatorRank(t.Text)
	case Ident:
		if isKeyword(t.Text) {
			op = strings.ToLower(t.Text)
			return op, operatorRank(op)
		}
	}
	return "", -1
}

// expr reads operands joined by operators of at least this rank.
func (p *parser) expr(least int) Node {
	x := p.unary()
	rankOfX := -1
	for {
		op, rank := p.operator()
		if rank < 0 && p.beside(x, least) {
			op, rank = "", rankBeside
		}
		if rank < 0 || rank < least {
			return x
		}
		if op != "" {
			p.i++
		}
		y := p.expr(rank + 1)
		if o, ok := x.(*Operation); ok && rankOfX == rank {
			o.Operands, o.Operators = append(o.Operands, y), append(o.Operators, op)
			o.To = y.Where().To
			continue
		}
		x = &Operation{Span{x.Where().From, y.Where().To}, []Node{x, y}, []string{op}}
		rankOfX = rank
	}
}

// beside tells whether an operand follows without an operator. That is fine next to a $(…), which may
// bring the operator.
func (p *parser) beside(x Node, least int) bool {
	t := p.tok()
	if least > rankBeside || !p.startsOperand(t) {
		return false
	}
	if t.Kind != Expansion && !endsInDollar(x) {
		p.fail(t, "an operator is missing before %s", describe(t))
	}
	return true
}

func endsInDollar(x Node) bool {
	switch x := x.(type) {
	case *Dollar:
		return true
	case *Operation:
		return endsInDollar(x.Operands[len(x.Operands)-1])
	case *Unary:
		return endsInDollar(x.X)
	}
	return false
}

func (p *parser) startsOperand(t Token) bool {
	switch t.Kind {
	case Ident:
		return !isKeyword(t.Text) || strings.EqualFold(t.Text, "not") || strings.EqualFold(t.Text, "bitnot")
	case Number, String, Field, Expansion:
		return true
	case Operator:
		return t.Text == "(" || t.Text == "{"
	}
	return false
}

func (p *parser) unary() Node {
	if p.depth >= maxDepth {
		return p.flat()
	}
	p.depth++
	defer func() { p.depth-- }()
	t := p.tok()
	op := ""
	switch {
	case t.Kind == Operator && (t.Text == "-" || t.Text == "+"):
		op = t.Text
	case t.Kind == Ident && strings.EqualFold(t.Text, "not"), t.Kind == Ident && strings.EqualFold(t.Text, "bitnot"):
		op = strings.ToLower(t.Text)
	default:
		return p.primary()
	}
	p.i++
	var x Node
	if op == "not" {
		x = p.expr(rankNot)
	} else {
		x = p.unary()
	}
	return &Unary{Span{p.spanOf(t).From, x.Where().To}, op, x}
}
