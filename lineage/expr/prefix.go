package expr

import (
	"slices"
	"strings"
)

// prefix reads DISTINCT, ALL, TOTAL <a, b> and sets, in any order.
func (p *parser) prefix(c *Call) {
	for {
		t := p.tok()
		if t.Kind == Operator && t.Text == "{" {
			c.Prefix.Sets = append(c.Prefix.Sets, p.braces())
			c.Prefix.order = append(c.Prefix.order, "{")
			continue
		}
		if t.Kind != Ident || !p.isPrefixWord(c.Name, t) {
			return
		}
		p.i++
		c.Prefix.order = append(c.Prefix.order, strings.ToUpper(t.Text))
		switch strings.ToLower(t.Text) {
		case "distinct":
			c.Prefix.Distinct = true
		case "nodistinct":
			c.Prefix.NoDistinct = true
		case "all":
			c.Prefix.All = true
		case "total":
			c.Prefix.Total = true
			if p.listOfTotal() > 0 {
				c.Prefix.TotalBy = append(c.Prefix.TotalBy, p.totalBy()...)
			}
		}
	}
}

// isPrefixWord tells a prefix from a field of that name by what follows: Sum(Total) and Sum(Total + 1)
// mean a field.
func (p *parser) isPrefixWord(function string, t Token) bool {
	word := strings.ToLower(t.Text)
	switch word {
	case "distinct", "nodistinct", "all", "total":
	default:
		return false
	}
	next := p.ahead(1)
	switch next.Kind {
	case Ident:
		return !isKeyword(next.Text) || strings.EqualFold(next.Text, "not") || strings.EqualFold(next.Text, "bitnot")
	case Number, String, Field, Expansion:
		return true
	case Operator:
		switch next.Text {
		case "(", "{":
			return true
		case "-", "+":
			return word == "distinct" || word == "nodistinct"
		case "*":
			after := p.ahead(2)
			return after.Kind == Operator && after.Text == ")"
		case ")":
			return word == "total" && countsCells(function)
		case "<", "<>":
			p.i++
			n := p.listOfTotal()
			p.i--
			return word == "total" && n > 0
		}
	}
	return false
}

// countsCells tells whether TOTAL may be a function's only argument.
func countsCells(function string) bool {
	switch strings.ToLower(function) {
	case "rowno", "columnno", "noofrows", "noofcolumns":
		return true
	}
	return false
}

// listOfTotal is the number of tokens of the <a, b> that comes next, else 0.
func (p *parser) listOfTotal() int {
	if p.is("<>") {
		return 1
	}
	if !p.is("<") {
		return 0
	}
	for n := 1; ; n++ {
		t := p.ahead(n)
		switch {
		case t.Kind == Ident && !isKeyword(t.Text), t.Kind == Field, t.Kind == Expansion:
		case t.Kind == Operator && t.Text == ",":
		case t.Kind == Operator && t.Text[0] == '>' && n > 1:
			return n + 1
		default:
			return 0
		}
	}
}

func (p *parser) totalBy() []Node {
	list := []Node{}
	if p.accept("<>") {
		return list
	}
	for p.i++; ; {
		t := p.tok()
		switch {
		case t.Kind == Operator && t.Text == ",":
			p.i++
		case t.Kind == Operator:
			p.takeGreater()
			return list
		case t.Kind == Field:
			list = append(list, p.quotedName(t))
			p.i++
		case t.Kind == Expansion:
			list = append(list, p.dollar(t))
			p.i++
		default:
			list = append(list, p.bareName(t))
			p.i++
		}
	}
}

// takeGreater takes a >, also off a longer operator: the >= of {<F=>=…} is two tokens here.
func (p *parser) takeGreater() bool {
	t := p.tok()
	if t.Kind != Operator || t.Text[0] != '>' {
		return false
	}
	if len(t.Text) == 1 {
		p.i++
		return true
	}
	t.Text, t.From = t.Text[1:], t.From+1
	p.toks = slices.Clone(p.toks) // the caller keeps its own
	p.toks[p.i] = t
	return true
}

// dollar makes a node of a token $(…).
func (p *parser) dollar(t Token) *Dollar {
	d := &Dollar{Span: p.spanOf(t), Text: t.Text}
	inner := t.Text[2 : len(t.Text)-1]
	body := strings.TrimLeft(inner, " \t\r\n")
	base := d.From + 2 + len(inner) - len(body)
	lower := strings.ToLower(body[:min(len(body), 16)])
	switch {
	case strings.HasPrefix(body, "="):
		d.Body, d.Format = p.computed(body[1:], base+1)
		return d
	case strings.HasPrefix(lower, "include"), strings.HasPrefix(lower, "must_include"):
		if strings.Contains(body, "=") {
			return d
		}
	}
	name, args := body, ""
	if at := parameters(body); at >= 0 {
		name, args = body[:at], body[at:]
	}
	d.More = p.dollars(name, base-p.base)
	if len(d.More) == 0 {
		d.Name = variableName(name)
	}
	if args != "" && p.nested < maxNested {
		q := &parser{toks: Tokens(args), base: base + len(name), end: len(args), nested: p.nested + 1, log: p.log}
		open := q.tok()
		q.i++
		d.Args = q.list(open)
	}
	return d
}

// computed parses the inside of $(=…), which may end in a format: $(=Max(Day), 'YYYY-MM-DD').
func (p *parser) computed(text string, base int) (body, format Node) {
	if p.nested >= maxNested {
		p.log.add(Span{base, base + len(text)}, "limit", "this is nested too deep to be read")
		return &Broken{Span: Span{base, base + len(text)}}, nil
	}
	q := &parser{toks: Tokens(text), base: base, end: len(text), nested: p.nested + 1, log: p.log}
	if q.tok().Kind == EOF {
		return q.top(), nil
	}
	body = q.expr(0)
	if q.accept(",") {
		return body, q.top()
	}
	if q.tok().Kind == EOF {
		return body, nil
	}
	q.i = 0
	return q.top(), nil
}

// parameters is the offset of the parenthesis of v(a,b), -1 if there is none. Those of $(…) in the name
// don't count.
func parameters(body string) int {
	s := Scanner{text: body}
	for i := 0; i < len(body); i++ {
		if n := s.expansionAt(i); n > 0 {
			i += n - 1
		} else if body[i] == '(' {
			return i
		}
	}
	return -1
}

// variableName is the name in $(name): without blanks around it, the # of $(#v), and quotes.
func variableName(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimSpace(strings.TrimPrefix(s, "#"))
	if t := (&Scanner{text: s}).Next(); t.Quote() != 0 && !t.Open && t.End() == len(s) {
		return t.Value()
	}
	return s
}

// dollars finds the $(…) inside of a token's text, which starts at an offset.
func (p *parser) dollars(text string, from int) []*Dollar {
	if !strings.Contains(text, "$(") {
		return nil
	}
	var list []*Dollar
	s := Scanner{text: text}
	for i := 0; i < len(text); i++ {
		if n := s.expansionAt(i); n > 0 {
			list = append(list, p.dollar(Token{Kind: Expansion, Text: text[i : i+n], From: from + i}))
			i += n - 1
		}
	}
	return list
}
