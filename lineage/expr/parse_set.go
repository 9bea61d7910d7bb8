package expr

import (
	"slices"
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

func (p *parser) startsElements() bool {
	t := p.tok()
	switch t.Kind {
	case Ident, Field, String, Number, Expansion:
		return true
	case Operator:
		return t.Text == "{" || t.Text == "(" || isSetOperator(t)
	}
	return false
}

func (p *parser) elementExpr() Elements {
	o := &ElementOperation{}
	start := p.here()
	if t := p.tok(); isSetOperator(t) {
		o.Sign = t.Text
		p.i++
	}
	for {
		o.Operands = append(o.Operands, p.elementOperand())
		t := p.tok()
		if !isSetOperator(t) {
			break
		}
		p.i++
		o.Operators = append(o.Operators, t.Text)
	}
	if len(o.Operands) == 1 && o.Sign == "" {
		return o.Operands[0]
	}
	o.Span = Span{start, p.behind()}
	return o
}

func (p *parser) elementOperand() Elements {
	t, next := p.tok(), p.ahead(1)
	start := p.here()
	switch {
	case t.Kind == Operator && t.Text == "{":
		return p.elementList()
	case t.Kind == Operator && t.Text == "(" && p.depth < maxDepth:
		p.depth++
		defer func() { p.depth-- }()
		p.i++
		e := &ElementParen{X: p.elementExpr()}
		if !p.accept(")") {
			p.fail(t, "this parenthesis is not closed")
		}
		e.Span = Span{start, p.behind()}
		return e
	case isPossible(t, next):
		return p.possible()
	case (t.Kind == Number || t.Kind == String) && (next.Kind != Operator || next.Text != "::"):
		p.fail(t, "values belong in { }")
		p.i++
		return &List{p.spanOf(t), []*Element{{Span: p.spanOf(t), Text: t.Text, Inner: p.dollars(t.Text, t.From)}}}
	case t.Kind == Operator:
		p.fail(t, "values are missing before %s", describe(t))
		if t.Text == "(" {
			p.i++
		}
		return &List{Span: Span{start, start}}
	}
	f := &FieldElements{}
	f.State, f.Field = p.stateField()
	f.Span = Span{start, p.behind()}
	return f
}

func isPossible(t, next Token) bool {
	return t.Kind == Ident && len(t.Text) == 1 && strings.Contains("pPeE", t.Text) && next.Kind == Operator && next.Text == "("
}

// possible reads P({set} field) and E({set} field).
func (p *parser) possible() Elements {
	name := p.tok()
	open := p.ahead(1)
	e := &PossibleElements{Excluded: strings.EqualFold(name.Text, "e")}
	p.i += 2
	if p.depth >= maxDepth {
		p.fail(name, "this is nested too deep")
		e.Span = p.spanOf(name)
		return e
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.is("{") {
		e.Set = p.braces()
	}
	if startsSelection(p.tok()) {
		_, e.Field = p.stateField()
	}
	for !p.accept(")") {
		t := p.tok()
		if t.Kind == EOF || t.Kind == Operator && (t.Text == "}" || t.Text[0] == '>') {
			p.fail(open, "this parenthesis is not closed")
			break
		}
		p.fail(t, "%s is not expected here", describe(t))
		p.i++
	}
	e.Span = Span{p.spanOf(name).From, p.behind()}
	return e
}

// elementList reads { value, 'value', "search", … }.
func (p *parser) elementList() Elements {
	open := p.tok()
	p.i++
	l := &List{Span: p.spanOf(open)}
	first := p.i
	for {
		if p.accept("}") {
			break
		}
		t := p.tok()
		if t.Kind == EOF || t.Kind == Operator && t.Text == ")" {
			p.fail(open, "this { is not closed")
			p.endList(l, first)
			break
		}
		if t.Kind == Operator && t.Text == "," {
			p.i++
			continue
		}
		l.Items = append(l.Items, p.element())
	}
	l.To = p.behind()
	return l
}

// endList ends a list that isn't closed before the first > in it, if there is one: {<Year={2024> Sales.
func (p *parser) endList(l *List, first int) {
	if p.retries >= maxUnclosed {
		return
	}
	for i := first; i < p.i; i++ {
		if t := p.toks[i]; t.Kind == Operator && t.Text == ">" && i > first {
			p.retries++
			p.i = i
			end := p.base + t.From
			l.Items = slices.DeleteFunc(l.Items, func(e *Element) bool { return e.From >= end })
			if last := len(l.Items) - 1; last >= 0 && l.Items[last].To > end {
				l.Items[last] = &Element{Span: Span{l.Items[last].From, end}}
			}
			return
		}
	}
}

// element reads one value: anything up to a comma or the end of the list.
func (p *parser) element() *Element {
	first := p.tok()
	e := &Element{Span: p.spanOf(first)}
	if isPossible(first, p.ahead(1)) {
		e.Func = p.possible()
		e.Span = e.Func.Where()
		return e
	}
	var text strings.Builder
	last := first.From
	for depth := 0; ; p.i++ {
		t := p.tok()
		if t.Kind == EOF {
			break
		}
		if t.Kind == Operator {
			if t.Text == "(" || t.Text == "{" {
				depth++
			} else if t.Text == "," && depth == 0 {
				break
			} else if t.Text == ")" || t.Text == "}" {
				if depth == 0 {
					break
				}
				depth--
			}
		}
		if t.From > last {
			text.WriteByte(' ')
		}
		last = t.End()
		text.WriteString(t.Text)
		p.elementToken(e, t)
		e.To = p.base + last
	}
	e.Text = text.String()
	return e
}

// elementToken looks for expressions inside one token of a value.
func (p *parser) elementToken(e *Element, t Token) {
	if t.Kind == String || t.Kind == Field {
		value := p.value(t)
		if q := t.Text[0]; q == '"' || q == '`' {
			e.Search = true
			trimmed := strings.TrimLeft(value, " \t\r\n")
			if e.Expr == nil && strings.HasPrefix(trimmed, "=") {
				at := p.base + t.From + 1 + len(value) - len(trimmed) + 1
				e.Expr = p.sub(trimmed[1:], at)
				return
			}
		}
	}
	e.Inner = append(e.Inner, p.dollars(t.Text, t.From)...)
}
