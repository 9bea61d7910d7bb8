package expr

import (
	"slices"
	"strings"
)

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
