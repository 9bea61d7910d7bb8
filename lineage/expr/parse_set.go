package expr

import (
	"strings"
)

// braces reads a set in { }.
func (p *parser) braces() *Braces {
	open := p.tok()
	p.i++
	b := &Braces{Span: p.spanOf(open)}
	if !p.is("}") {
		b.X = p.setExpr()
	}
	for !p.accept("}") {
		t := p.tok()
		if t.Kind == EOF {
			p.fail(open, "this { is not closed")
			break
		}
		p.fail(t, "a } is missing before %s", describe(t))
		if p.startsOperand(t) && t.Text != "{" || t.Kind == Operator && (t.Text == ")" || t.Text == ",") {
			break // what follows is taken for the argument
		}
		p.i++
	}
	b.To = p.behind()
	return b
}

func isSetOperator(t Token) bool {
	return t.Kind == Operator && (t.Text == "+" || t.Text == "-" || t.Text == "*" || t.Text == "/")
}

func (p *parser) setExpr() Set {
	x := p.setOperand()
	o := &SetOperation{Operands: []Set{x}}
	for {
		t := p.tok()
		op := t.Text
		switch {
		case isSetOperator(t):
			p.i++
		case t.Kind == Expansion || isUnknown(x) && (t.Kind == Operator && (t.Text == "<" || t.Text == "(") || t.Kind == Ident):
			op = "" // the $(…) may bring the operator
		default:
			if len(o.Operators) == 0 {
				return x
			}
			o.Span = Span{o.Operands[0].Where().From, x.Where().To}
			return o
		}
		x = p.setOperand()
		o.Operands, o.Operators = append(o.Operands, x), append(o.Operators, op)
	}
}

func isUnknown(s Set) bool {
	e, ok := s.(*SetEntity)
	return ok && e.Kind == Unknown
}

func (p *parser) setOperand() Set {
	t := p.tok()
	e := &SetEntity{Span: p.spanOf(t)}
	switch {
	case t.Kind == Operator && t.Text == "(":
		return p.setParen(t)
	case t.Kind == Operator && (t.Text == "<" || t.Text == "<>"):
		p.modifier(e)
		return e
	case t.Kind == Number, t.Kind == Ident && isFixedSet(t.Text):
		e.Kind, e.Text = Fixed, t.Text
	case t.Kind == Ident:
		e.Kind, e.Name = Named, &Name{p.spanOf(t), t.Text, 0, p.dollars(t.Text, t.From)}
	case t.Kind == Field, t.Kind == String:
		e.Kind, e.Name = Named, p.quotedName(t)
	case t.Kind == Expansion:
		e.Kind, e.Dollar = Unknown, p.dollar(t)
	default:
		p.fail(t, "a set is missing before %s", describe(t))
		e.To = e.From
		return e
	}
	p.i++
	if p.is("<") || p.is("<>") {
		p.modifier(e)
	}
	return e
}

// isFixedSet tells whether a word is $, or a step of the selections' history: $1, $_1.
func isFixedSet(word string) bool {
	return word[0] == '$' && strings.Trim(strings.TrimPrefix(word[1:], "_"), "0123456789") == ""
}

func (p *parser) setParen(open Token) Set {
	if p.depth >= maxDepth {
		p.fail(open, "this is nested too deep")
		p.i++
		return &SetEntity{Span: p.spanOf(open)}
	}
	p.depth++
	defer func() { p.depth-- }()
	p.i++
	s := &SetParen{X: p.setExpr()}
	if !p.accept(")") {
		p.fail(open, "this parenthesis is not closed")
	}
	s.Span = Span{p.spanOf(open).From, p.behind()}
	return s
}

// modifier reads < selections >.
func (p *parser) modifier(e *SetEntity) {
	open := p.tok()
	e.Modified = true
	p.i++
	if open.Text == "<>" {
		e.To = p.behind()
		return
	}
	for {
		for p.accept(",") {
		}
		if p.takeGreater() {
			break
		}
		t := p.tok()
		if t.Kind == EOF || t.Kind == Operator && (t.Text == "}" || t.Text == ")") {
			p.fail(open, "this < is not closed")
			break
		}
		if !startsSelection(t) {
			p.fail(t, "%s is not expected in a set modifier", describe(t))
			p.i++
			continue
		}
		s := p.selection()
		e.Selections = append(e.Selections, s)
		if next := p.tok(); startsSelection(next) && next.Kind != Expansion && !selectsDollar(s) {
			p.fail(next, "a comma or > is missing before %s", describe(next))
			if after := p.ahead(1); after.Kind != Operator || !strings.HasSuffix(after.Text, "=") {
				break // an argument rather than a selection
			}
		}
	}
	e.To = p.behind()
}

func startsSelection(t Token) bool {
	return t.Kind == Ident || t.Kind == Field || t.Kind == Expansion || t.Kind == String || t.Kind == Number
}

func selectsDollar(s *Selection) bool {
	_, field := s.Field.(*Dollar)
	if s.Operator == "" {
		return field
	}
	f, ok := s.Elements.(*FieldElements)
	if !ok {
		return false
	}
	_, value := f.Field.(*Dollar)
	return value
}

func (p *parser) selection() *Selection {
	s := &Selection{}
	start := p.here()
	s.State, s.Field = p.stateField()
	switch t := p.tok(); {
	case t.Kind == Operator && (t.Text == "=" || len(t.Text) == 2 && t.Text[1] == '=' && strings.Contains("+-*/", t.Text[:1])):
		s.Operator = t.Text
		p.i++
	case t.Kind == Operator && (t.Text == "<=" || t.Text == "<>"):
		p.fail(t, "a field of a set modifier is set with =, += , -=, *= or /=, not with %s", t.Text)
		s.Operator = "="
		p.i++
	}
	if s.Operator != "" && p.startsElements() {
		s.Elements = p.elementExpr()
	}
	s.Span = Span{start, p.behind()}
	return s
}

// stateField reads a field, or State::Field.
func (p *parser) stateField() (state *Name, field Node) {
	if next := p.ahead(1); next.Kind == Operator && next.Text == "::" {
		t := p.tok()
		state = &Name{Span: p.spanOf(t), Value: t.Value()}
		if q := t.Quote(); q != 0 {
			state.Quote = q
		}
		p.i += 2
	}
	t := p.tok()
	next := p.ahead(1)
	switch {
	case t.Kind == Expansion:
		field = p.dollar(t)
	case t.Kind == Ident && next.Kind == Operator && next.Text == "(":
		p.fail(t, "a field belongs here, not a function")
		return state, p.unary()
	case t.Kind == Ident:
		field = &Name{p.spanOf(t), t.Text, 0, p.dollars(t.Text, t.From)}
	case t.Kind == Field, t.Kind == String:
		field = p.quotedName(t)
	case t.Kind == Number:
		p.fail(t, "a field belongs here, not a number")
		field = &Num{p.spanOf(t), t.Text}
	default:
		p.fail(t, "a field is missing before %s", describe(t))
		return state, &Broken{Span: Span{p.here(), p.here()}}
	}
	p.i++
	return state, field
}
