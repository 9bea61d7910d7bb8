package expr

import "strings"

// primary reads one operand: what stands between operators.
func (p *parser) primary() Node {
	t := p.tok()
	next := p.ahead(1)
	call := next.Kind == Operator && next.Text == "("
	switch t.Kind {
	case Number:
		p.i++
		return &Num{p.spanOf(t), t.Text}
	case String:
		p.i++
		return &Str{p.spanOf(t), p.value(t), p.dollars(t.Text, t.From)}
	case Field:
		p.i++
		return p.quotedName(t)
	case Expansion:
		p.i++
		d := p.dollar(t)
		if call && next.From == t.End() {
			return p.call(t, d)
		}
		return d
	case Ident:
		switch {
		case isKeyword(t.Text):
			p.fail(t, "something is missing before %s", t.Text)
			p.i++
			return &Broken{Span: p.spanOf(t)}
		case call:
			p.i++
			return p.call(t, nil)
		}
		p.i++
		return p.bareName(t)
	case Operator:
		return p.punctuated(t)
	}
	p.fail(t, "an expression is missing before %s", describe(t))
	return &Broken{Span: p.spanOf(t)}
}

// punctuated reads an operand that starts with a mark.
func (p *parser) punctuated(t Token) Node {
	switch next := p.ahead(1); t.Text {
	case "(":
		return p.paren()
	case "{":
		set := p.braces()
		if !p.startsOperand(p.tok()) && !p.is("-") && !p.is("+") {
			p.fail(p.tok(), "a set needs an expression behind it, but here is %s", describe(p.tok()))
			return &Scoped{Span{set.From, set.To}, set, &Broken{Span: Span{set.To, set.To}}}
		}
		x := p.expr(0)
		return &Scoped{Span{set.From, x.Where().To}, set, x}
	case "*":
		if next.Kind == EOF || next.Kind == Operator && (next.Text == ")" || next.Text == ",") {
			p.i++
			return &Star{p.spanOf(t)}
		}
	}
	p.fail(t, "an expression is missing before %s", describe(t))
	at := Span{p.here(), p.here()}
	if t.Text != ")" && t.Text != "," && operatorRank(t.Text) < 0 {
		p.i++ // a mark that means nothing
		if p.startsOperand(p.tok()) {
			return p.unary()
		}
	}
	return &Broken{Span: at}
}

func (p *parser) paren() Node {
	open := p.tok()
	p.i++
	items := p.list(open)
	return &Paren{Span{p.spanOf(open).From, p.behind()}, items}
}

// list reads arguments up to the closing parenthesis, which it takes.
func (p *parser) list(open Token) []Node {
	var items []Node
	if p.accept(")") {
		return nil
	}
	for {
		if p.is(",") || p.is(")") {
			items = append(items, nil)
		} else {
			items = append(items, p.expr(0))
		}
		for !p.is(",") && !p.is(")") {
			t := p.tok()
			if t.Kind == EOF {
				p.fail(open, "this parenthesis is not closed")
				return items
			}
			p.fail(t, "%s is not expected here", describe(t))
			if !p.startsOperand(t) {
				p.i++
			}
			if t = p.tok(); p.startsOperand(t) {
				items = append(items, p.expr(0))
			}
		}
		if p.accept(")") {
			return items
		}
		p.i++ // the comma
	}
}

func (p *parser) call(name Token, dynamic *Dollar) Node {
	open := p.tok()
	p.i++
	c := &Call{Name: name.Text, NameSpan: p.spanOf(name), Dynamic: dynamic}
	p.prefix(c)
	c.Args = p.list(open)
	c.Span = Span{c.NameSpan.From, p.behind()}
	return c
}

func (p *parser) bareName(t Token) Node {
	if isParam(t.Text) {
		return &Param{p.spanOf(t), t.Text}
	}
	return &Name{p.spanOf(t), t.Text, 0, p.dollars(t.Text, t.From)}
}

func (p *parser) quotedName(t Token) *Name {
	return &Name{p.spanOf(t), p.value(t), t.Text[0], p.dollars(t.Text, t.From)}
}

// value is a quoted token's text; an unclosed quote is complained about.
func (p *parser) value(t Token) string {
	if t.Open {
		p.fail(t, "this %c is not closed", t.Text[0])
	}
	return t.Value()
}

// isParam tells whether a bare word is a parameter of a variable's definition.
func isParam(word string) bool {
	return len(word) > 1 && word[0] == '$' && strings.Trim(word[1:], "0123456789") == ""
}

// flat reads what is nested too deep: names and calls one after the other, without structure.
func (p *parser) flat() Node {
	start := p.tok()
	p.log.add(p.spanOf(start), "limit", "this is nested too deep; from here on only names are read")
	n := &Broken{Span: p.spanOf(start)}
	for depth := 0; ; p.i++ {
		t := p.tok()
		switch {
		case t.Kind == EOF, t.Kind == Operator && t.Text == ")" && depth == 0:
			n.To = p.behind()
			return n
		case t.Kind == Operator && t.Text == "(":
			depth++
		case t.Kind == Operator && t.Text == ")":
			depth--
		case t.Kind == Field:
			n.Parts = append(n.Parts, p.quotedName(t))
		case t.Kind == Ident && !isKeyword(t.Text):
			if next := p.ahead(1); next.Kind == Operator && next.Text == "(" {
				n.Parts = append(n.Parts, &Call{Span: p.spanOf(t), Name: t.Text, NameSpan: p.spanOf(t)})
			} else {
				n.Parts = append(n.Parts, p.bareName(t))
			}
		}
	}
}
